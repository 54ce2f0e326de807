"""What the site adds to the pages in docs/: one page for each hook, and the files of the repository
that belong to the documentation (CONTRIBUTING.md, the README of each plugin ...).

mkdocs runs it (`hooks` in mkdocs.yml). The pages in docs/ are written to be read in the repository,
too, with links to the files there; here each link is led to the page that the site has for it.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parent.parent

# File of the repository → page of the site.
EXTRA = {
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "SECURITY.md": "security.md",
    "README.md": "start.md",
    "schemas/README.md": "schemas.md",
    "examples/imgedit-acme/README.md": "acme.md",
    "examples/imgedit-acme/API.md": "acme-api.md",
    "examples/imgedit-policy/README.md": "policy.md",
    "examples/imgedit-contactsheet/README.md": "contactsheet.md",
    **{
        str(readme.relative_to(ROOT)): f"providers/{readme.parent.name}.md"
        for readme in sorted(ROOT.glob("plugins/*/README.md"))
    },
}
HOOKS_PAGE = "docs/hooks.md"
_LINK = re.compile(r"(!?\[[^\]]+\])\(([^)\s]+)\)")


def hook_sections() -> tuple[str, dict[str, str]]:
    """The introduction of docs/hooks.md, and hook → its section."""
    text = (ROOT / HOOKS_PAGE).read_text(encoding="utf-8")
    introduction, *sections = re.split(r"^## ", text, flags=re.MULTILINE)
    return introduction, {part.split("\n", 1)[0]: part for part in sections}


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Name the added pages in the navigation."""
    assert config.nav is not None
    hooks = [f"hooks/{name}.md" for name in hook_sections()[1]]
    for section in config.nav:
        pages = section.get("Write a provider") if isinstance(section, dict) else None
        if pages is not None:
            place = pages.index({"Hooks": "hooks.md"})
            pages[place] = {"Hooks": ["hooks.md", *hooks]}
            pages += [{"The tutorial's vendor": "acme-api.md"}, {"Its provider": "acme.md"}]
            pages += [{"An add-on": "policy.md"}, {"A command": "contactsheet.md"}]
        uses = section.get("Use imgedit") if isinstance(section, dict) else None
        if uses is not None:  # a new page needs no line in mkdocs.yml
            named = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
            found = sorted(path.name for path in (ROOT / "docs").glob("*.md"))
            uses += [page for page in found if page not in named]
    providers = [page for page in EXTRA.values() if page.startswith("providers/")]
    config.nav += [
        {"Providers": providers},
        {"Project": ["contributing.md", "changelog.md", "schemas.md"]},
    ]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are no files in docs/."""
    for source, page in EXTRA.items():
        text = (ROOT / source).read_text(encoding="utf-8")
        files.append(File.generated(config, page, content=text))
    introduction, sections = hook_sections()
    for name, section in sections.items():
        files.append(File.generated(config, f"hooks/{name}.md", content=f"# {section}"))
    rows = "\n".join(
        f"| [{name}](hooks/{name}.md) | {section.split('```')[2].strip().splitlines()[0]} |"
        for name, section in sections.items()
    )
    table = f"## All hooks\n\n| hook | does |\n| --- | --- |\n{rows}\n"
    whole = files.get_file_from_path("hooks.md")
    assert whole is not None
    files.remove(whole)
    files.append(File.generated(config, "hooks.md", content=introduction + table))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Lead links to where the site has what they name; what it has not becomes plain text."""
    here = page.file.src_uri
    source = {site: path for path, site in EXTRA.items()}.get(here, f"docs/{here}")
    if here.startswith("hooks/"):
        return markdown

    def led(match: re.Match[str]) -> str:
        text, target = match[1], match[2]
        path, _, anchor = target.partition("#")
        if "://" in target or target.startswith("mailto:") or not path:
            return match[0]
        if here == "hooks.md" and path.startswith("hooks/"):
            return match[0]
        found = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
        if found == HOOKS_PAGE and anchor in hook_sections()[1]:
            found, anchor = f"docs/hooks/{anchor}.md", ""
        if found in EXTRA:
            place = EXTRA[found]
        elif found.startswith("docs/"):
            place = found.removeprefix("docs/")
        elif (ROOT / found).exists():
            return text.strip("[]")
        else:
            raise ValueError(f"{source}: the link to {target} leads nowhere")
        relative = posixpath.relpath(place, posixpath.dirname(here) or ".")
        return f"{text}({relative}{'#' + anchor if anchor else ''})"

    return _outside_code(markdown, led)


def _outside_code(markdown: str, change: Any) -> str:
    """Replace links everywhere but in blocks of code."""
    parts = re.split(r"(^```.*?^```)", markdown, flags=re.MULTILINE | re.DOTALL)
    parts[::2] = [_LINK.sub(change, part) for part in parts[::2]]
    return "".join(parts)
