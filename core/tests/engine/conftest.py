"""The acme provider on a loopback server, and clients for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import imgedit
from imgedit.discovery import registry
from imgedit.testing.acme import KEY, MANIFEST, make
from imgedit.testing.pictures import png
from imgedit.testing.server import Answer, ScriptedServer
from imgedit.testing.waits import instant_waits


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    """A server on which the happy way is scripted: upload, create, one poll, download."""
    with ScriptedServer() as server:
        server.on("POST", "/upload", Answer.json({"handle": "h1"}), Answer.json({"handle": "h2"}))
        server.on("POST", "/edit", Answer.json({"id": "7"}))
        done = {"id": "7", "urls": [f"{server.url}/out.png"], "cost": "0.04"}
        server.on("GET", "/jobs/7", Answer.json({"id": "7"}), Answer.json(done))
        server.on("GET", "/out.png", Answer.picture(png()))
        yield server


@pytest.fixture
def acme(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Register the acme provider; call it again with a manifest or hooks to replace it."""
    monkeypatch.setenv("IMGEDIT_ACME_BASE_URL", server.url)
    monkeypatch.setenv("ACME_API_KEY", KEY)
    known = registry()
    before = dict(known._entries)

    def use(manifest: dict[str, Any] | None = None, **hooks: Any) -> None:
        imgedit.register("acme", make(**hooks), {**MANIFEST, **(manifest or {})})

    use()
    yield use
    known._entries.clear()
    known._entries.update(before)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A photograph."""
    path = tmp_path / "photo.png"
    path.write_bytes(png(color=(0, 0, 200)))
    return path


@pytest.fixture(autouse=True)
def quick() -> Iterator[list[float]]:
    """Waits take no time; their lengths are noted."""
    with instant_waits() as waits:
        yield waits


@pytest.fixture
def edit() -> Callable[..., imgedit.EditResult]:
    """One edit with a client of its own; `journal`, `keys` and `budgets` go to the client."""

    def one(image: Any, prompt: str = "make it so", **keywords: Any) -> imgedit.EditResult:
        facts = {
            name: keywords.pop(name) for name in ("journal", "keys", "budgets") if name in keywords
        }

        async def run() -> imgedit.EditResult:
            async with imgedit.Client(**facts) as client:
                return await client.edit(image, prompt, provider="acme", **keywords)

        return asyncio.run(run())

    return one


@pytest.fixture
def resume() -> Callable[..., imgedit.EditResult]:
    """Go on with a job in a client of its own."""

    def one(job: Any, **facts: Any) -> imgedit.EditResult:
        async def run() -> imgedit.EditResult:
            async with imgedit.Client(**facts) as client:
                return await client.resume(job)

        return asyncio.run(run())

    return one


@pytest.fixture(params=("memory", "sqlite"))
def journal(request: Any, tmp_path: Path) -> Path | None:
    """None, or the file of a journal."""
    return None if request.param == "memory" else tmp_path / "jobs.sqlite3"
