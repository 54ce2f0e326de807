"""What tests of several files do with clients, and with journals after them."""

from __future__ import annotations

import asyncio
import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import imgedit
from imgedit import HttpRequest, Next, hookimpl
from imgedit.config import Config, ProviderConfig
from imgedit.journal import SqliteJournal
from imgedit.ledger import Entry
from imgedit.testing.acme import build_request
from imgedit.testing.pictures import png
from imgedit.testing.server import Answer, ScriptedServer


def direct(server: ScriptedServer) -> dict[str, Any]:
    """Hooks and answers for an edit in one exchange, with the picture in the answer."""
    server.on("POST", "/edit", Answer.picture(png()))

    @imgedit.hookimpl
    def build_request(job: imgedit.Job) -> imgedit.HttpRequest:
        body = imgedit.Json(job.wire())
        return imgedit.HttpRequest(method="POST", url="/edit", purpose="submit", body=body)

    return {"build_request": build_request}


def unplugged(server: ScriptedServer, folder: Path) -> Path:
    """A new folder, which is gone when the paid picture has been fetched."""
    folder.mkdir()

    def unplug(_: Any) -> Answer:
        shutil.rmtree(folder)
        return Answer.picture(png())

    server.on("GET", "/out.png", unplug)
    return folder


def run(work: Any) -> Any:
    return asyncio.run(work)


def client(journal: Any = None, config: Config | None = None, **facts: Any) -> imgedit.Client:
    made = imgedit.Client(journal=journal, **facts)
    if config is not None:
        made.runtime.config = config
    return made


def entries(path: Path) -> list[Entry]:
    with closing(SqliteJournal(path)) as kept:
        return list(kept.entries())


def limited(**settings: Any) -> Config:
    return Config(providers={"acme": ProviderConfig(**settings)})


class Cut(BaseException):
    """The power fails."""


def cut_off(source: Path, journal: Any, **keywords: Any) -> None:
    async def run() -> None:
        async with imgedit.Client(journal=journal) as client:
            with pytest.raises(Cut):
                await client.edit(source, "make it so", provider="acme", **keywords)

    asyncio.run(run())


def stored_charge(path: Path) -> tuple[str, str]:
    """Of the newest job: where it stands, and what is known of its money."""
    with closing(SqliteJournal(path)) as journal:
        (record,) = journal.recent(1)
    return record.job.status, record.charged


def stored_error(path: Path) -> Any:
    """The type of the error that is stored with the newest job."""
    with closing(SqliteJournal(path)) as journal:
        (record,) = journal.recent(1)
    return record.error and record.error["type"]


@hookimpl
def by_list(job: imgedit.Job, response: imgedit.HttpResponse | None) -> Next:
    """The vendor lists its jobs."""
    return Next({**job.state, "settle": True})


@hookimpl
def build_with_list(job: imgedit.Job) -> HttpRequest:
    if job.state.get("settle"):
        return HttpRequest(method="GET", url="/jobs", purpose="settle")
    return build_request(job)  # type: ignore[no-any-return]  # a marked function
