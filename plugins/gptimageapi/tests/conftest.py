"""A gptimageapi.dev on loopback, a client for it, and the real command line."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

import imgedit
from imgedit import EditRequest, ImageSource, Job
from imgedit.cli import main
from imgedit.discovery import Provider, registry
from imgedit.testing.pictures import png
from imgedit.testing.server import Answer, Received, ScriptedServer

KEY = "canary-c2a95e13"
EDIT = "/v1/images/edit"


class Vendor(ScriptedServer):
    """A server on which one good edit is scripted; the answers may be scripted anew."""

    def __enter__(self) -> Vendor:
        super().__enter__()
        self.on("POST", EDIT, self.good())
        self.on("GET", "/results/*", self.picture)
        return self

    @staticmethod
    def picture(request: Received) -> Answer:
        """A picture of its own for each number."""
        number = int(request.path.rpartition("/")[2].partition(".")[0])
        return Answer.picture(png(color=(number, 0, 0)))

    def good(self, pictures: int = 1, *, fault: Any = None) -> Answer:
        """The answer to an edit."""
        images = [{"url": f"{self.url}/results/{number + 1}.png"} for number in range(pictures)]
        return Answer.json({"code": 0, "message": "ok", "data": {"images": images}}, fault=fault)

    @property
    def submits(self) -> int:
        """How often an edit arrived."""
        return self.count("POST", EDIT)

    def wait_for(self, method: str, path: str = "*") -> None:
        """Until such a request has arrived."""
        ends = time.monotonic() + 30
        while self.count(method, path) == 0:
            assert time.monotonic() < ends
            time.sleep(0.01)


@pytest.fixture
def vendor(monkeypatch: pytest.MonkeyPatch) -> Iterator[Vendor]:
    """The server, as far as this process and its children can tell the vendor."""
    with Vendor() as server:
        monkeypatch.setenv("IMGEDIT_GPTIMAGEAPI_BASE_URL", server.url)
        monkeypatch.setenv("GPTIMAGEAPI_API_KEY", KEY)
        yield server
        assert server.unexpected == []


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Waits inside this process take no time; their lengths are noted."""
    from imgedit.engine.runtime import Runtime

    waits: list[float] = []

    async def sleep(_self: Runtime, seconds: float) -> None:
        waits.append(seconds)
        await asyncio.sleep(0)

    monkeypatch.setattr(Runtime, "sleep", sleep)
    return waits


@pytest.fixture
def provider() -> Provider:
    """The installed provider, as the core sees it."""
    return registry().provider("gptimageapi")


@pytest.fixture
def make_job(provider: Provider) -> Callable[..., Job]:
    """A planned job; keywords are fields of the request."""

    def make(image: Any = None, **fields: Any) -> Job:
        source = ImageSource.of(png() if image is None else image)
        asked = {"prompt": "remove the tree", **fields}
        request = EditRequest(image=source, **asked)
        model = provider.manifest.pick(request.model).model
        return Job(id="01JOB", provider="gptimageapi", request=request, model=model)

    return make


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """The picture to edit."""
    path = tmp_path / "photo.png"
    path.write_bytes(png(color=(0, 0, 200)))
    return path


@pytest.fixture
def client(tmp_path: Path, quick: list[float]) -> Iterator[imgedit.SyncClient]:
    """A client with a journal."""
    with imgedit.SyncClient(journal=tmp_path / "jobs.sqlite3") as client:
        yield client


@frozen
class Ran:
    """A command that has ended."""

    exit: int
    out: Any
    err: str

    @property
    def error(self) -> dict[str, Any]:
        """The error of its JSON document."""
        return dict(self.out["error"])


def ran(code: int, out: str, err: str) -> Ran:
    assert KEY not in out + err
    return Ran(code, json.loads(out), err)


@pytest.fixture
def call(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    quick: list[float],
) -> Callable[..., Ran]:
    """`imgedit ... --json` in this process, in the test's folder."""
    monkeypatch.chdir(tmp_path)

    def one(*arguments: str | Path) -> Ran:
        capsys.readouterr()
        code = main([*map(str, arguments), "--json"])
        return ran(code, *capsys.readouterr())

    return one


@frozen
class CommandLine:
    """`python -m imgedit` in a folder, as a user has it; nothing of it is replaced."""

    folder: Path

    def start(self, *arguments: str | Path) -> subprocess.Popen[str]:
        """Start a command and return at once."""
        return subprocess.Popen(
            [sys.executable, "-m", "imgedit", *map(str, arguments), "--json"],
            cwd=self.folder,
            env=dict(os.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str | Path) -> Ran:
        """Run a command to its end."""
        with self.start(*arguments) as process:
            out, err = process.communicate(timeout=50)
        return ran(process.returncode, out, err)


@pytest.fixture
def command_line(tmp_path: Path) -> CommandLine:
    """The command line, with a home of this test's own."""
    return CommandLine(tmp_path)
