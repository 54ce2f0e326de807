"""The command line as a user has it: a process, a folder of their own, the provider `local`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest
from jsonschema import Draft202012Validator
from PIL import Image

SCHEMAS = Path(__file__).parents[2] / "schemas"


def validate(document: dict[str, Any], name: str) -> None:
    schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator(schema).validate(document)


@attrs.frozen
class Shell:
    """A folder in which commands run; `home` holds their journal and spool."""

    folder: Path
    home: Path

    def environ(self, **changes: str) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("IMGEDIT_") and not name.endswith("_API_KEY")
        }
        for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS"):
            kept.pop(name, None)
        return {**kept, "IMGEDIT_HOME": str(self.home), "IMGEDIT_PLUGINS": "local", **changes}

    def start(self, *arguments: str | Path, **options: Any) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "imgedit", *map(str, arguments)],
            cwd=self.folder,
            env=self.environ(**options.pop("env", {})),
            stdout=options.pop("stdout", subprocess.PIPE),
            stderr=options.pop("stderr", subprocess.PIPE),
            text=True,
            **options,
        )

    def __call__(
        self, *arguments: str | Path, code: int = 0, **options: Any
    ) -> subprocess.CompletedProcess[str]:
        process = self.start(*arguments, **options)
        out, err = process.communicate(timeout=90)
        assert process.returncode == code, f"exit {process.returncode}\n{out}\n{err}"
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def json(self, *arguments: str | Path, code: int = 0, **options: Any) -> dict[str, Any]:
        """The one document on stdout; nothing stands on stderr."""
        done = self(*arguments, "--json", code=code, **options)
        document: dict[str, Any] = json.loads(done.stdout)
        assert done.stderr == ""
        return document

    def error(self, *arguments: str | Path, code: int, **options: Any) -> dict[str, Any]:
        """The error in that document, which the published schema describes."""
        document = self.json(*arguments, code=code, **options)
        validate(document, "error")
        error: dict[str, Any] = document["error"]
        return error

    def names(self) -> set[str]:
        """Every file and folder here, hidden ones too."""
        return {str(path.relative_to(self.folder)) for path in self.folder.rglob("*")}

    def spooled(self) -> list[Path]:
        """What is left in the spool."""
        return [path for path in (self.home / "spool").rglob("*") if path.is_file()]


@pytest.fixture
def imgedit(tmp_path: Path) -> Shell:
    (tmp_path / "folder").mkdir()
    return Shell(tmp_path / "folder", tmp_path / "home")


@pytest.fixture
def photo(imgedit: Shell) -> Path:
    """A small picture with something to see in it, by a relative name."""
    gradient = Image.linear_gradient("L").resize((96, 64))
    Image.merge("RGB", (gradient, gradient.rotate(180), gradient)).save(
        imgedit.folder / "photo.png"
    )
    return Path("photo.png")


@pytest.fixture(scope="session")
def large_photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture whose edit takes some seconds."""
    path = tmp_path_factory.mktemp("large") / "large.jpg"
    Image.linear_gradient("L").resize((5000, 5000)).convert("RGB").save(path)
    return path


@pytest.fixture
def working(imgedit: Shell, large_photo: Path) -> Callable[..., subprocess.Popen[str]]:
    """`working(*options)`: an edit of the large picture to out.png whose worker has begun."""

    def begin(*options: str, **more: Any) -> subprocess.Popen[str]:
        arguments = ("edit", large_photo, "blur, make it warmer", "-o", "out.png", "--verbose")
        process = imgedit.start(*arguments, *options, **more)
        assert process.stderr is not None
        for line in process.stderr:
            if "working on this machine" in line:
                return process
        raise AssertionError(f"it ended early with {process.wait()}")

    return begin
