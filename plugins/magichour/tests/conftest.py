"""A Magic Hour on loopback, clients for it, and the real command line."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

import imgedit
from imgedit.discovery import Provider, registry
from imgedit.testing.pictures import png
from imgedit.testing.server import Answer, Received, ScriptedServer

KEY = "mhk_live_canary4711"
ID = "cuid-example"
CREATE = "/v1/ai-image-editor"
SLOTS = "/v1/files/upload-urls"
PROJECT = f"/v1/image-projects/{ID}"


class MagicHour(ScriptedServer):
    """A server on which one good edit is scripted; each step may be scripted anew."""

    def __enter__(self) -> MagicHour:
        super().__enter__()
        self.slots_given = 0
        self.on("POST", SLOTS, self.slots)
        self.on("PUT", "/api-assets/*", Answer())
        self.on("POST", CREATE, self.created())
        self.on("GET", PROJECT, self.project("rendering"), self.project("complete"))
        self.on("GET", "/out/*", Answer.picture(png()))
        return self

    def slots(self, request: Received) -> Answer:
        """A place for each item, in order; the signature must arrive byte for byte."""
        items = []
        for item in request.json()["items"]:
            self.slots_given += 1
            path = f"api-assets/{self.slots_given}/image.{item['extension']}"
            items.append(
                {
                    "upload_url": f"{self.url}/{path}?X-Sig=a%2Fb%3D%3D&X-Date=2026%3A11",
                    "expires_at": "2026-11-21T00:00:00Z",
                    "file_path": path,
                }
            )
        return Answer.json({"items": items})

    @staticmethod
    def created(**facts: Any) -> Answer:
        """The answer to a create."""
        return Answer.json({"id": ID, "credits_charged": 50, "frame_cost": 50}, **facts)

    def project(self, status: str, outputs: Sequence[str] = ("1.png",), **changes: Any) -> Answer:
        """The answer to a poll, all of it; a complete one names `outputs`."""
        files = outputs if status == "complete" else ()
        expires = "2026-11-22T00:00:00.000Z"
        value = {
            "id": ID,
            "name": "Ai Image Editor - 2026",
            "status": status,
            "image_count": 1,
            "type": "AI_IMAGE_EDITOR",
            "created_at": "2026-11-21T00:00:00.000Z",
            "enabled": True,
            "credits_charged": 50,
            "total_frame_cost": 50,
            "downloads": [
                {"url": f"{self.url}/out/{name}", "expires_at": expires} for name in files
            ],
            "error": None,
        }
        return Answer.json({**value, **changes})

    def failed(self, code: str | None, text: str = "it went wrong", **changes: Any) -> Answer:
        """A poll of an edit that failed and was refunded."""
        error = None if code is None else {"code": code, "message": text}
        facts = {"error": error, "credits_charged": 0, **changes}
        return self.project(facts.pop("status", "error"), **facts)

    @property
    def creates(self) -> int:
        """How many creates arrived."""
        return self.count("POST", CREATE)

    def wait_for(self, method: str, path: str, count: int = 1) -> None:
        """Until that many such requests have arrived."""
        ends = time.monotonic() + 20
        while self.count(method, path) < count:
            assert time.monotonic() < ends, [f"{r.method} {r.target}" for r in self.requests]
            time.sleep(0.01)


@pytest.fixture
def vendor(monkeypatch: pytest.MonkeyPatch) -> Iterator[MagicHour]:
    """The server, with the key and the base URL in the environment."""
    with MagicHour() as server:
        monkeypatch.setenv("IMGEDIT_MAGICHOUR_BASE_URL", server.url)
        monkeypatch.setenv("MAGIC_HOUR_API_KEY", KEY)
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
    return registry().provider("magichour")


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


@pytest.fixture
def edit(tmp_path: Path, quick: list[float]) -> Callable[..., imgedit.EditResult]:
    """One edit with a client and a journal."""

    def one(image: Any, prompt: str = "make it so", **keywords: Any) -> imgedit.EditResult:
        async def run() -> imgedit.EditResult:
            async with imgedit.Client(journal=tmp_path / "jobs.sqlite3") as client:
                keywords.setdefault("out", tmp_path / "out.png")
                return await client.edit(image, prompt, provider="magichour", **keywords)

        return asyncio.run(run())

    return one


@pytest.fixture
def resume(tmp_path: Path, quick: list[float]) -> Callable[[str], imgedit.EditResult]:
    """Go on with a job of that journal."""

    def one(job: str) -> imgedit.EditResult:
        async def run() -> imgedit.EditResult:
            async with imgedit.Client(journal=tmp_path / "jobs.sqlite3") as client:
                return await client.resume(job)

        return asyncio.run(run())

    return one


@frozen
class Ran:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one document on stdout."""
        return json.loads(self.out)


@frozen
class CommandLine:
    """`python -m imgedit` in a folder, as a user has it; nothing of it is replaced."""

    folder: Path

    def start(self, *arguments: str | Path) -> subprocess.Popen[str]:
        """Start a command and return at once."""
        return subprocess.Popen(
            [sys.executable, "-m", "imgedit", *map(str, arguments)],
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
        assert KEY not in out + err
        return Ran(process.returncode, out, err)

    def jobs(self) -> list[dict[str, Any]]:
        """What `imgedit jobs` lists."""
        listed = self.run("jobs", "--json")
        assert listed.code == 0, listed.err
        rows: list[dict[str, Any]] = listed.json["jobs"]
        return rows


@pytest.fixture
def command_line(tmp_path: Path) -> CommandLine:
    """The command line, with a home of this test's own."""
    return CommandLine(tmp_path)
