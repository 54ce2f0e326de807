"""What edits at the same time share: a job, so many at once, so many in a time, repeats."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

import imgedit
from imgedit import errors
from imgedit.engine.journal import MemoryJournal
from imgedit.journal import SqliteJournal
from imgedit.testing.pictures import png
from imgedit.testing.server import Answer, ScriptedServer
from imgedit.testing.waits import instant_waits

from .clients import (
    client,
    direct,
    entries,
    limited,
    run,
)


def test_two_clients_resume_one_job(
    acme: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    path = tmp_path / "jobs.sqlite3"
    busy, done = Answer.json({"id": "7"}), Answer.json({"id": "7", "urls": [f"{server.url}/o.png"]})
    server.on("GET", "/jobs/7", evolve(busy, fault="drop_after_body"))
    server.on("GET", "/o.png", Answer.picture(png()))

    async def work() -> None:
        async with client(path) as one:
            with pytest.raises(errors.NetworkError) as caught:
                await one.edit(source, "make it so", provider="acme")
        job = caught.value.job_id or ""
        server.on("GET", "/jobs/7", evolve(done, delay=0.5))
        async with client(path) as one, client(path) as other:
            driving = asyncio.create_task(one.resume(job))
            await asyncio.sleep(0.2)
            assert dict(other.driven()) == {job: "this process"}
            with pytest.raises(errors.JournalError, match=f"drives job {job}"):
                await other.resume(job)
            with pytest.raises(errors.JournalError, match=f"drives job {job}"):
                await one.resume(job)
            with pytest.raises(errors.JournalError, match=f"drives job {job}"):
                other.settle(job, charged=True)
            first = await driving
            assert other.driven() == {}
            assert (await other.resume(job)).job_id == first.job_id

    run(work())
    assert server.count("POST", "/edit") == 1
    assert server.count("GET", "/o.png") == 1


def test_a_job_that_another_finished_meanwhile_is_not_driven_again(
    acme: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    path = tmp_path / "jobs.sqlite3"
    server.on("GET", "/jobs/7", Answer(status=500))

    async def work() -> None:
        async with client(path) as one:
            with pytest.raises(errors.ProviderUnavailable) as caught:
                await one.edit(source, "make it so", provider="acme")
        stale = caught.value.job or ""
        done = {"id": "7", "urls": [f"{server.url}/out.png"]}
        server.on("GET", "/jobs/7", Answer.json(done))
        async with client(path) as one:
            await one.resume(caught.value.job_id or "")
            await one.resume(stale)

    run(work())
    assert server.count("GET", "/out.png") == 1


def test_so_many_edits_run_at_once(
    acme: Any, server: ScriptedServer, source: Path, journal: Path | None
) -> None:
    hooks = direct(server)
    acme(**hooks)
    running, most = 0, 0

    def build_request(job: imgedit.Job) -> imgedit.HttpRequest:
        nonlocal running, most
        running += 1
        most = max(most, running)
        body = imgedit.Json(job.wire())
        return imgedit.HttpRequest(method="POST", url="/edit", purpose="submit", body=body)

    def parse_response(job: imgedit.Job, response: imgedit.HttpResponse) -> imgedit.Done:
        nonlocal running
        running -= 1
        assert response.picture is not None
        return imgedit.Done([imgedit.Output(image=response.picture)])

    acme(
        build_request=imgedit.hookimpl(build_request),
        parse_response=imgedit.hookimpl(parse_response),
    )

    async def work() -> None:
        async with client(journal, limited(concurrency=2)) as one:
            await asyncio.gather(*(one.edit(source, "x", provider="acme") for _ in range(7)))

    run(work())
    assert most == 2


def test_a_journal_that_is_locked_when_a_job_ends_keeps_no_place(
    acme: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    path = tmp_path / "jobs.sqlite3"

    class Locked(SqliteJournal):
        def leave(self, job_id: str) -> None:
            with closing(sqlite3.connect(path, isolation_level=None)) as lock:
                lock.execute("BEGIN IMMEDIATE")
                super().leave(job_id)

    async def work() -> None:
        async with client(Locked(path, patience=0), limited(concurrency=1)) as one:
            gone = Answer(status=404)
            server.on("GET", "/out.png", gone, gone, Answer.picture(png()))
            with pytest.raises(errors.DownloadFailed) as caught:
                await one.edit(source, "x", provider="acme")
            assert (await one.resume(caught.value.job_id)).image.size == len(png())
            await one.edit(source, "y", provider="acme", deadline=2)

    run(work())


def test_a_turn_may_be_long_in_coming(acme: Any, server: ScriptedServer, source: Path) -> None:
    class Busy(MemoryJournal):
        """Others run all the time, for 10 minutes and more."""

        asked = 0

        def enter(self, provider: str, job_id: str, limit: int) -> bool:
            self.asked += 1
            return self.asked > 2000 and super().enter(provider, job_id, limit)

    acme(**direct(server))
    journal = Busy()

    async def work() -> None:
        async with client(journal, limited(concurrency=2)) as one:
            await one.edit(source, "x", provider="acme")

    run(work())
    assert journal.asked == 2001


def test_so_many_edits_in_a_time(
    acme: Any, server: ScriptedServer, source: Path, journal: Path | None
) -> None:
    acme(**direct(server))
    events: list[imgedit.Event] = []

    async def work() -> None:
        async with client(journal, limited(limit=6.0, burst=3)) as one:
            for _ in range(4):
                await one.edit(source, "x", provider="acme", on_event=events.append)

    with instant_waits() as waits:
        run(work())
    assert sum(waits) == pytest.approx(6, abs=0.5), "three at once, then one every 6 s"
    assert [event.seconds for event in events if event.kind == "waiting"] == [
        pytest.approx(6, abs=0.5)
    ]
    assert server.connections == 4


def test_an_edit_that_is_late_does_not_wait_on_an_open_connection(
    acme: Any, server: ScriptedServer, source: Path
) -> None:
    class Uneven(MemoryJournal):
        """An edit whose connection took longer to stand was sent just before this one."""

        waits = [0.4, 5.0]

        def turn(self, provider: str, interval: float, burst: int, clock: Any) -> float:
            if provider == "acme sends" and self.waits:
                return self.waits.pop(0)
            return super().turn(provider, interval, burst, clock)

    acme(**direct(server))
    events: list[imgedit.Event] = []

    async def work() -> None:
        async with client(Uneven(), limited(limit=6.0)) as one:
            result = await one.edit(source, "x", provider="acme", on_event=events.append)
            assert result.attempts == 1

    with instant_waits() as waits:
        run(work())
    assert waits[:2] == [0.4, 5.0]
    assert next(event.seconds for event in events if event.kind == "waiting") == 5.0
    assert (server.connections, server.count("POST", "/edit")) == (2, 1)
    assert [request.connection for request in server.requests] == [2]


def test_a_limit_that_leaves_no_time(
    acme: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    acme(**direct(server))

    async def work() -> None:
        async with client(tmp_path / "jobs.db", limited(limit=3600.0)) as one:
            await one.edit(source, "x", provider="acme")
            with pytest.raises(errors.DeadlineExceeded) as caught:
                await one.edit(source, "x", provider="acme", deadline=0.3)
            assert caught.value.charged == "no"

    run(work())
    assert server.count("POST", "/edit") == 1


@pytest.mark.parametrize(("limit", "submits"), ((600.0, 1), (3.0, 3)))
def test_a_repeat_whose_turn_is_far_off_is_none(
    acme: Any, server: ScriptedServer, source: Path, tmp_path: Path, limit: float, submits: int
) -> None:
    acme(**direct(server))
    server.on("POST", "/edit", Answer(status=503))

    async def work() -> None:
        async with client(tmp_path / "jobs.db", limited(limit=limit)) as one:
            with pytest.raises(errors.ProviderUnavailable) as caught:
                await one.edit(source, "x", provider="acme")
            assert (caught.value.charged, caught.value.job) == ("no", None)

    with instant_waits() as waits:
        run(work())
    assert server.count("POST", "/edit") == submits
    assert all(wait < 60 for wait in waits)
    assert [(entry.state, entry.reserved) for entry in entries(tmp_path / "jobs.db")] == [
        ("failed", False)
    ]


def test_when_most_requests_fail_repeats_end(
    acme: Any, server: ScriptedServer, source: Path
) -> None:
    server.on("POST", "/upload", Answer(status=503))

    async def work() -> None:
        async with client() as one:
            for _ in range(20):
                with pytest.raises(errors.ProviderUnavailable) as caught:
                    await one.edit(source, "x", provider="acme")
            assert "not tried once more" in caught.value.__notes__[0]

    with instant_waits():
        run(work())
    repeats = 500 // 14
    assert server.count("POST", "/upload") == 20 + repeats


def test_repeats_that_help_cost_nothing() -> None:
    from imgedit.engine.retry import RepeatBudget

    budget = RepeatBudget()
    for _ in range(1000):
        assert budget.take(errors.RateLimited("slow down"))
        budget.give_back(repeated=True)
    assert budget.tokens == budget.MOST
    assert all(budget.take(errors.RateLimited("slow down")) for _ in range(100))
    assert not budget.take(errors.RateLimited("slow down"))
    for _ in range(5):
        budget.give_back(repeated=False)
    assert budget.take(errors.RateLimited("slow down"))


def test_waits_are_instant_only_inside(acme: Any, server: ScriptedServer, source: Path) -> None:
    slow_down = Answer(status=429, headers={"Retry-After": "9"})
    server.on("POST", "/edit", slow_down, Answer.json({"id": "7"}))

    async def work() -> None:
        async with client() as one:
            await one.edit(source, "x", provider="acme")

    begun = time.monotonic()
    with instant_waits() as waits:
        run(work())
    assert time.monotonic() - begun < 8
    assert max(waits) == pytest.approx(9, abs=0.2)
