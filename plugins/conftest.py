"""What the tests of every vendor's plugin use: imgedit in the kit's sandbox."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import imgedit
from imgedit.testing import Ran, Sandbox, instant_waits, png


@pytest.fixture
def command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """The command line, with a home of this test's own."""
    return Sandbox(tmp_path, monkeypatch)


@pytest.fixture
def quick() -> Iterator[list[float]]:
    """Waits inside this process take no time; their lengths are noted."""
    with instant_waits() as waits:
        yield waits


@pytest.fixture
def call(command_line: Sandbox, quick: list[float]) -> Callable[..., Ran]:
    """`imgedit ... --json` in this process, for what is tested many times."""
    return command_line.call


@pytest.fixture
def edit(command_line: Sandbox, quick: list[float]) -> Callable[..., imgedit.EditResult]:
    """One edit with a client and a journal."""
    return command_line.edit


@pytest.fixture
def resume(command_line: Sandbox, quick: list[float]) -> Callable[[str], imgedit.EditResult]:
    """Go on with a job of that journal."""
    return command_line.resume


@pytest.fixture
def client(tmp_path: Path, quick: list[float]) -> Iterator[imgedit.SyncClient]:
    """A client with a journal of its own."""
    with imgedit.SyncClient(journal=tmp_path / "jobs.sqlite3") as client:
        yield client


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """The picture to edit."""
    path = tmp_path / "photo.png"
    path.write_bytes(png(color=(0, 0, 200)))
    return path


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """Another picture."""
    path = tmp_path / "other.png"
    path.write_bytes(png(color=(0, 200, 0)))
    return path
