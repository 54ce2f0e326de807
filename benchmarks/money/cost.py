"""What the journal costs an edit that one request answers: commits, and CPU."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from attrs import asdict, frozen

import imgedit
from imgedit.engine.record import JobRecord, new_id
from imgedit.journal import SqliteJournal
from imgedit.testing.acme import KEY, MANIFEST, make
from imgedit.testing.pictures import png
from imgedit.testing.server import Answer, ScriptedServer

MOST_COMMITS = 4
MOST_MS = 0.5


@frozen(kw_only=True)
class Cost:
    """Of one edit: the most commits, and milliseconds of CPU.

    `alone` is the least when the same records are stored one after another, which is the journal's
    own work; `inside` is the least between everything else that an edit does, whose data has taken
    the processor's caches meanwhile.
    """

    edits: int
    commits: int
    alone: float
    inside: float

    def __str__(self) -> str:
        return (
            f"{self.edits} edits: at most {self.commits} commits each (allowed {MOST_COMMITS}), "
            f"{self.inside:.2f} ms of CPU inside an edit (goal {MOST_MS}), "
            f"{self.alone:.2f} when nothing else is done"
        )


def cost(folder: Path, edits: int = 300) -> Cost:
    """Edit in a process of its own, with a journal and a budget in that folder."""
    with ScriptedServer() as server:
        server.on("POST", "/edit", Answer.json({"urls": [f"{server.url}/out.png"]}))
        server.on("GET", "/out.png", Answer.picture(png()))
        done = subprocess.run(
            [sys.executable, "-m", "money.cost", str(folder), str(edits)],
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


def _measured(folder: Path, edits: int) -> Cost:
    class Measured(SqliteJournal):
        def __init__(self, path: Path) -> None:
            super().__init__(path)
            self.saved: list[tuple[JobRecord, dict[str, Any]]] = []
            self.seconds = 0.0

        def save(self, record: JobRecord, **options: Any) -> None:
            begun = time.thread_time()
            super().save(record, **options)
            self.seconds += time.thread_time() - begun
            self.saved.append((record, options))  # each is a transaction

    @imgedit.hookimpl
    def build_request(job: imgedit.Job) -> imgedit.HttpRequest:
        return imgedit.HttpRequest(
            method="POST", url="/edit", purpose="submit", body=imgedit.Json(job.wire())
        )

    source = folder / "photo.png"
    source.write_bytes(png())
    kept = Measured(folder / "journal.sqlite3")
    commits: list[int] = []
    inside: list[float] = []
    alone: list[float] = []

    async def work() -> None:
        budget = imgedit.Budget(amount="1000000 USD", per="day")
        async with imgedit.Client(journal=kept, budgets=[budget]) as client:
            for number in range(edits):
                kept.saved, kept.seconds = [], 0.0
                await client.edit(source, "x", provider="acme", out=folder / f"{number}.png")
                commits.append(len(kept.saved))
                inside.append(kept.seconds)
            saved = list(kept.saved)
            for _ in range(edits):
                name, kept.seconds = new_id(), 0.0
                for record, options in saved:
                    kept.save(record.with_job(id=name), **options)
                alone.append(kept.seconds)

    imgedit.register("acme", make(build_request=build_request), MANIFEST)
    asyncio.run(work())
    return Cost(
        edits=edits,
        commits=max(commits),
        alone=min(alone) * 1000,
        inside=min(inside) * 1000,
    )


if __name__ == "__main__":
    print(json.dumps(asdict(_measured(Path(sys.argv[1]), int(sys.argv[2])))))
