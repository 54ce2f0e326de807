"""The files of a new plugin project, rendered from `templates/` and written."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Iterable, Mapping
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ..errors import OutputError, UsageError
from .answers import Description

if TYPE_CHECKING:
    from jinja2 import Environment

# Template → where it goes, below the project's folder.
_FILES: Final = {
    "pyproject.toml.jinja": "pyproject.toml",
    "README.md.jinja": "README.md",
    "ci.yml.jinja": ".github/workflows/ci.yml",
    "gitignore.jinja": ".gitignore",
    "provider.json.jinja": "src/{package}/provider.json",
    "provider.py.jinja": "src/{package}/__init__.py",
    "kit.py.jinja": "tests/test_kit.py",
}
_LINE: Final = 100


def render(description: Description) -> dict[str, bytes]:
    """The project's files: path below its folder, with "/" → content.

    Raises:
        UsageError: Jinja2 is not installed.
    """
    environment = _environment()
    facts: dict[str, Any] = {
        **{name: getattr(description, name) for name in ("name", "title", "base_url", "unit")},
        **{name: getattr(description, name) for name in ("auth", "picture", "answer")},
        "distribution": description.distribution,
        "package": description.package,
        "imports": import_line(_imports(description)),
    }
    files = {}
    for template, path in _FILES.items():
        text = environment.get_template(template).render(facts)
        files[path.format(package=description.package)] = text.encode()
    files["LICENSE"] = (_templates() / "LICENSE").read_bytes()
    files[f"src/{description.package}/py.typed"] = b""
    for name, content in _recorded(description).items():
        files[f"tests/data/{name}"] = content
    return dict(sorted(files.items()))


def check_new(folder: Path) -> None:
    """Look whether a folder can be made here.

    Raises:
        UsageError: something of that name exists.
    """
    if folder.exists() or folder.is_symlink():
        raise UsageError(
            f"{folder} exists, and nothing is overwritten",
            hint="Give another folder with --out.",
        )


def write(files: Mapping[str, bytes], folder: Path) -> None:
    """Write a project's files into a folder that is made for them.

    Raises:
        UsageError: something of that name exists; nothing is changed.
        OutputError: it cannot be written; nothing is left behind.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir()
    except FileExistsError:
        check_new(folder)
        raise UsageError(f"{folder} cannot be made: a file is in the way") from None
    except OSError as error:
        raise OutputError(f"{folder} cannot be made: {error.strerror}") from None
    try:
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    except BaseException as error:
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, OSError):
            raise OutputError(f"{folder} cannot be written: {error.strerror}") from None
        raise


def import_line(names: Iterable[str]) -> str:
    """The import of these names of imgedit, as formatters want it."""
    ordered = sorted(names, key=lambda name: (name[0].islower(), name.lower()))
    line = f"from imgedit import {', '.join(ordered)}"
    if len(line) <= _LINE:
        return line
    return "\n".join(["from imgedit import (", *(f"    {name}," for name in ordered), ")"])


def _environment() -> Environment:
    try:
        from jinja2 import Environment, FunctionLoader, StrictUndefined
    except ModuleNotFoundError:
        raise UsageError(
            "new-provider needs Jinja2, which is not installed",
            hint="Run: pip install 'imgedit-core[new]'",
        ) from None
    environment = Environment(
        loader=FunctionLoader(lambda name: (_templates() / name).read_text(encoding="utf-8")),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701  # no page of the web; what comes in is checked
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["json"] = lambda value: json.dumps(value, ensure_ascii=False)
    return environment


def _templates() -> Any:
    return resources.files(__package__) / "templates"


def _imports(description: Description) -> set[str]:
    """What the provider's module needs of imgedit."""
    names = {"Done", "HttpRequest", "HttpResponse", "Job", "Output", "hookimpl"}
    names |= {
        "url": {"EditRequest", "Json", "Model", "Problem"},
        "data-uri": {"DataURI", "Json"},
        "base64": {"Base64", "Json"},
        "multipart": {"FilePart", "Multipart"},
        "upload": {"FilePart", "Json", "Multipart", "Next"},
    }[description.picture]
    if description.answer == "job":
        names |= {"Facts", "Wait"}
    return names


def _recorded(description: Description) -> dict[str, bytes]:
    """The vendor's answers as its author told them, for the tests."""
    from ..testing.pictures import png

    picture = png(96, 64, (40, 160, 90))
    urls = [{"url": f"https://files.{description.name}.example/1.png"}]
    files: dict[str, Any] = {"error.json": {"error": {"code": "any", "message": "The reason."}}}
    if description.picture == "upload":
        files["upload.json"] = {"file_id": "file-1"}
    match description.answer:
        case "urls":
            files["submit.json"] = {"images": urls}
        case "base64":
            files["submit.json"] = {"images": [{"base64": base64.b64encode(picture).decode()}]}
        case "job":
            files["submit.json"] = {"id": "job-1", "status": "queued"}
            files["running.json"] = {"id": "job-1", "status": "running"}
            files["done.json"] = {"id": "job-1", "status": "done", "images": urls}
            files["failed.json"] = {"id": "job-1", "status": "failed", **files["error.json"]}
    found = {name: (json.dumps(body, indent=2) + "\n").encode() for name, body in files.items()}
    if description.answer == "picture":
        found["submit.png"] = picture
    return found
