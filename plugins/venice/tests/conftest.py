"""Pictures, a job, and a server on this machine that Venice is taken to be."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import imgedit
from imgedit import EditRequest, ImageSource, Job
from imgedit.cli import main
from imgedit.discovery import Provider, registry
from imgedit.testing.server import Answer, ScriptedServer

KEY = "canary-7d1f02c4"


def _png(red: int, width: int = 320, height: int = 240) -> bytes:
    """A PNG of one colour with a little noise, large enough for Venice."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    rows = b"".join(
        b"\0" + bytes((red, y & 255, x * 7 & 255)[c] for x in range(width) for c in range(3))
        for y in range(height)
    )
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", head),
            chunk(b"IDAT", zlib.compress(rows)),
            chunk(b"IEND", b""),
        )
    )


@pytest.fixture(scope="session")
def picture() -> Callable[..., bytes]:
    """Makes PNG bytes; the first argument, 0 to 255, makes another picture."""
    return _png


@pytest.fixture(scope="session")
def result() -> bytes:
    """The bytes that the server answers with."""
    return _png(200)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A picture to edit, in a file."""
    path = tmp_path / "photo.png"
    path.write_bytes(_png(20))
    return path


@pytest.fixture(scope="session")
def venice() -> Provider:
    """The installed provider, as the core has it."""
    return registry().provider("venice")


@pytest.fixture
def make_job(venice: Provider) -> Callable[..., Job]:
    """A planned job; keywords are fields of the request."""

    def make(image: Any = None, **fields: Any) -> Job:
        source = ImageSource.of(_png(20) if image is None else image)
        request = EditRequest(image=source, prompt="remove the tree", **fields)
        model = venice.manifest.pick(request.model).model
        return Job(id="01JOB", provider="venice", request=request, model=model)

    return make


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    """Venice, as far as this process and its children can tell."""
    with ScriptedServer() as server:
        monkeypatch.setenv("IMGEDIT_VENICE_BASE_URL", f"{server.url}/api/v1")
        monkeypatch.setenv("VENICE_API_KEY", KEY)
        yield server
        assert server.unexpected == []


@pytest.fixture
def good(result: bytes) -> Callable[..., Answer]:
    """A good answer; the argument is further headers."""

    def answer(headers: dict[str, str] | None = None, **facts: Any) -> Answer:
        usual = {
            "CF-RAY": "8f0c-FRA",
            "x-venice-model-id": "firered-image-edit",
            "x-venice-balance-usd": "9.99",
            "x-venice-is-content-violation": "false",
        }
        return Answer.picture(result, headers={**usual, **(headers or {})}, **facts)

    return answer


@pytest.fixture
def client(tmp_path: Path) -> Iterator[imgedit.SyncClient]:
    """A client with a journal."""
    with imgedit.SyncClient(journal=tmp_path / "jobs.sqlite") as client:
        yield client


class Ran(NamedTuple):
    """What the command line did."""

    exit: int
    out: Any
    err: str

    @property
    def error(self) -> dict[str, Any]:
        """The error of its JSON document."""
        return dict(self.out["error"])


def _ran(code: int, out: str, err: str) -> Ran:
    assert KEY not in out + err
    try:
        document = json.loads(out)
    except ValueError:
        pytest.fail(f"no JSON document on stdout:\n{out}\n{err}")
    return Ran(code, document, err)


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Ran]:
    """Runs `imgedit ... --json` in a process of its own, in the test's folder."""

    def run(*arguments: str | Path) -> Ran:
        done = subprocess.run(
            [sys.executable, "-m", "imgedit", *map(str, arguments), "--json"],
            cwd=tmp_path,
            env=dict(os.environ),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return _ran(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Ran]:
    """The same in this process, for what is tested many times."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str | Path) -> Ran:
        capsys.readouterr()
        code = main([*map(str, arguments), "--json"])
        return _ran(code, *capsys.readouterr())

    return call
