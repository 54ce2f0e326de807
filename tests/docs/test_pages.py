"""Every block of code in the documentation is run, or is an excerpt of a file that is tested."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from pages import DOCS, ROOT, Block, blocks

from imgedit.testing.pictures import png

# These have a test of their own for all that they show.
OWN = {
    "hooks.md": "test_hooks.py",
    "manifest.md": "test_manifest.py",
    "recipes.md": "test_recipes.py",
}
PAGES = sorted(path.name for path in DOCS.glob("*.md"))
BLOCKS = [block for page in PAGES if page not in OWN for block in blocks(page)]
LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)")

# Runs the blocks of a page one after another, as one module; `await` may stand anywhere.
RUNNER = """
import ast, asyncio, inspect, json, sys
names = {"__name__": "page"}
for line, code in json.load(sys.stdin):
    made = compile("\\n" * (line - 1) + code, sys.argv[1], "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    if made.co_flags & inspect.CO_COROUTINE:
        asyncio.run(eval(made, names))
    else:
        exec(made, names)
"""


def ids(block: Block) -> str:
    return f"{Path(block.page).stem}:{block.line}"


@pytest.mark.parametrize("block", BLOCKS, ids=ids)
def test_a_block_is_tested(block: Block) -> None:
    match block.verb:
        case "from":
            text = (ROOT / block.what).read_text(encoding="utf-8")
            assert block.code.strip("\n") in text, f"it is not in {block.what} as it is here"
        case "tested":
            test = (ROOT / block.what).read_text(encoding="utf-8")
            assert f'"{Path(block.page).name}"' in test, f"{block.what} does not read this page"
        case "file" | "":
            assert block.language in ("python", "text"), "say which file or test it comes from"
        case other:
            pytest.fail(f"what is {other!r}?")


@pytest.mark.parametrize(
    "page",
    tuple(
        page
        for page in PAGES
        if any(b.page == f"docs/{page}" and b.language == "python" and not b.verb for b in BLOCKS)
    ),
)
def test_the_python_of_a_page_runs(page: str, tmp_path: Path) -> None:
    import json

    (tmp_path / "photo.png").write_bytes(png())
    code = []
    for block in blocks(page):
        if block.verb == "file":
            (tmp_path / block.what).write_text(block.code, encoding="utf-8")
        elif block.language == "python" and not block.verb:
            code.append((block.line, block.code))
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", RUNNER, f"docs/{page}"],
        input=json.dumps(code),
        cwd=tmp_path,
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_pages_with_a_test_of_their_own_have_it() -> None:
    for page, test in OWN.items():
        assert page in (Path(__file__).parent / test).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", (*PAGES, "../CONTRIBUTING.md", "../SECURITY.md"))
def test_links_lead_somewhere(page: str) -> None:
    path = DOCS / page
    for target in LINK.findall(path.read_text(encoding="utf-8")):
        place, _, anchor = target.partition("#")
        if "://" in target:
            continue
        found = path.parent / place if place else path
        assert found.exists(), target
        if anchor and found.suffix == ".md":
            assert anchor in anchors(found), target


def anchors(path: Path) -> set[str]:
    text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.M | re.S)
    titles = re.findall(r"^#+ (.+)$", text, flags=re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}
