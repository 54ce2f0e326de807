"""The command line in this process, with the provider acme on a server of this machine."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import imgedit
from imgedit.cli import main
from imgedit.discovery import registry
from imgedit.testing.acme import KEY, MANIFEST, make
from imgedit.testing.pictures import png
from imgedit.testing.server import ScriptedServer

CANARY = "canary"


class Ran(NamedTuple):
    """What a command did."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document of stdout."""
        found: dict[str, Any] = json.loads(self.out)
        return found


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """A server on which nothing is scripted."""
    with ScriptedServer() as server:
        yield server


@pytest.fixture
def acme(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Register acme; call it again with a manifest or hooks to replace it. There is no key."""
    monkeypatch.setenv("IMGEDIT_ACME_BASE_URL", server.url)
    monkeypatch.delenv("ACME_API_KEY", raising=False)
    known = registry()
    before = dict(known._entries)
    known._entries.clear()

    def use(manifest: dict[str, Any] | None = None, **hooks: Any) -> None:
        imgedit.register("acme", make(**hooks), {**MANIFEST, **(manifest or {})})

    use()
    yield use
    known._entries.clear()
    known._entries.update(before)


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> str:
    """The key of acme, in the environment."""
    monkeypatch.setenv("ACME_API_KEY", KEY)
    return KEY


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A picture."""
    path = tmp_path / "photo.png"
    path.write_bytes(png())
    return path


@pytest.fixture
def call(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> Callable[..., Ran]:
    """Run a command; `stdin` is what it can read. No canary is ever in what it prints."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str | Path, stdin: str = "") -> Ran:
        capfd.readouterr()
        file = tmp_path / "stdin"
        file.write_text(stdin)
        with file.open() as opened:
            monkeypatch.setattr(sys, "stdin", opened)
            code = main([str(argument) for argument in arguments])
        ran = Ran(code, *capfd.readouterr())
        assert CANARY not in ran.out + ran.err
        return ran

    return call
