"""What the journal costs an edit that one request answers: commits, and CPU."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Any

from attrs import asdict, evolve, frozen

import imgedit
from imgedit.engine.record import JobRecord, new_id
from imgedit.engine.store import dumps
from imgedit.journal import SqliteJournal
from imgedit.testing.acme import KEY, MANIFEST, make
from imgedit.testing.pictures import png
from imgedit.testing.server import Answer, ScriptedServer

MOST_COMMITS = 4
MOST_MS = 0.5


@frozen(kw_only=True)
class Cost:
    """Of one edit: the most commits, and the milliseconds of CPU in the median.

    `own`: what the journal does, its records stored one after another. `inside`: the same amid an
    edit, whose other data has taken the processor's caches meanwhile. `bare`: as many commits there
    by SQLite alone, each of one row with a text as long as a job's.
    """

    edits: int
    commits: int
    own: float
    inside: float
    bare: float = 0.0

    def __str__(self) -> str:
        return (
            f"{self.edits} edits: at most {self.commits} commits each (allowed {MOST_COMMITS}), "
            f"in the median {self.inside:.2f} ms of CPU inside an edit (goal {MOST_MS}), where "
            f"SQLite's bare commits take {self.bare:.2f}; {self.own:.2f} when nothing else is done"
        )


def cost(folder: Path, edits: int = 1000) -> Cost:
    """Edit in a process of its own, with a journal and a budget in that folder."""
    for name in ("ours", "bare"):
        (folder / name).mkdir()
    ours = _edited(folder / "ours", edits, "Measured")
    return evolve(ours, bare=_edited(folder / "bare", edits, "Bare").bare)


def _edited(folder: Path, edits: int, journal: str) -> Cost:
    with ScriptedServer() as server:
        server.on("POST", "/edit", Answer.json({"urls": [f"{server.url}/out.png"]}))
        server.on("GET", "/out.png", Answer.picture(png()))
        done = subprocess.run(
            [sys.executable, "-m", "money.cost", str(folder), str(edits), journal],
            env={
                **os.environ,
                "PYTHONPATH": str(Path(__file__).parents[1]),
                "IMGEDIT_HOME": str(folder),
                "IMGEDIT_ACME_BASE_URL": server.url,
                "ACME_API_KEY": KEY,
            },
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            timeout=600,
        )
    return Cost(**json.loads(done.stdout))


class Measured(SqliteJournal):
    """Adds up what its transactions take."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.saved: list[tuple[JobRecord, dict[str, Any]]] = []
        self.seconds = self.bare = 0.0

    def save(self, record: JobRecord, **options: Any) -> None:
        begun = time.thread_time()
        super().save(record, **options)
        self.seconds += time.thread_time() - begun
        self.saved.append((record, options))  # each is a transaction


class Bare(Measured):
    """Lets SQLite commit one row before each of them, and adds up what that takes instead."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.rows = sqlite3.connect(path.with_name("bare.sqlite3"), isolation_level=None)
        for statement in (
            "PRAGMA journal_mode = WAL",
            "PRAGMA synchronous = FULL",
            "CREATE TABLE rows (id TEXT PRIMARY KEY, text TEXT)",
        ):
            self.rows.execute(statement)

    def save(self, record: JobRecord, **options: Any) -> None:
        text = dumps(record)
        begun = time.thread_time()
        self.rows.execute("BEGIN IMMEDIATE")
        self.rows.execute("INSERT OR REPLACE INTO rows VALUES (?, ?)", (record.id, text))
        self.rows.execute("COMMIT")
        self.bare += time.thread_time() - begun
        super().save(record, **options)


_JOURNALS = {"Measured": Measured, "Bare": Bare}


def _measured(folder: Path, edits: int, journal: type[Measured]) -> Cost:
    @imgedit.hookimpl
    def build_request(job: imgedit.Job) -> imgedit.HttpRequest:
        return imgedit.HttpRequest(
            method="POST", url="/edit", purpose="submit", body=imgedit.Json(job.wire())
        )

    source = folder / "photo.png"
    source.write_bytes(png())
    kept = journal(folder / "journal.sqlite3")
    commits: list[int] = []
    inside: list[float] = []
    bare: list[float] = []
    own: list[float] = []

    async def work() -> None:
        budget = imgedit.Budget(amount="1000000 USD", per="day")
        async with imgedit.Client(journal=kept, budgets=[budget]) as client:
            for number in range(edits):
                kept.saved, kept.seconds, kept.bare = [], 0.0, 0.0
                await client.edit(source, "x", provider="acme", out=folder / f"{number}.png")
                commits.append(len(kept.saved))
                inside.append(kept.seconds)
                bare.append(kept.bare)
            saved = list(kept.saved)
            for _ in range(edits):
                name, kept.seconds = new_id(), 0.0
                for record, options in saved:
                    kept.save(record.with_job(id=name), **options)
                own.append(kept.seconds)

    imgedit.register("acme", make(build_request=build_request), MANIFEST)
    asyncio.run(work())
    return Cost(
        edits=edits,
        commits=max(commits),
        own=median(own) * 1000,
        inside=median(inside) * 1000,
        bare=median(bare) * 1000,
    )


if __name__ == "__main__":
    print(
        json.dumps(asdict(_measured(Path(sys.argv[1]), int(sys.argv[2]), _JOURNALS[sys.argv[3]])))
    )
