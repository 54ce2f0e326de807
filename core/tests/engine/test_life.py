"""A client from first to last: in one event loop, and nothing is sent once it is closed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

import imgedit
from imgedit.testing.server import Answer, ScriptedServer

Ask = Callable[[imgedit.Client], Awaitable[Any]]


@pytest.fixture(params=(False, True), ids=("memory", "journal"))
def client(request: pytest.FixtureRequest, tmp_path: Path) -> imgedit.Client:
    return imgedit.Client(journal=tmp_path / "jobs.sqlite3" if request.param else None)


@pytest.fixture
def asks(server: ScriptedServer, source: Path) -> dict[str, Ask]:
    """What goes to the vendor, or may."""
    return {
        "edit": lambda client: client.edit(source, "x", provider="acme"),
        "submit": lambda client: client.submit(source, "x", provider="acme"),
        "resume": lambda client: client.resume("01JOB"),
        "live_models": lambda client: client.live_models("acme"),
        "balance": lambda client: client.balance("acme"),
    }


async def job_of(client: imgedit.Client, source: Path, server: ScriptedServer) -> str:
    """The JSON of a job that is paid for and goes on."""
    server.on("GET", "/jobs/7", Answer(fault="hang"))
    job = await client.submit(source, "x", provider="acme")
    async for event in job.events():
        if event.kind == "accepted":
            break
    return str(await job.cancel())


def test_a_closed_client_sends_nothing(
    acme: Any, server: ScriptedServer, source: Path, client: imgedit.Client, asks: dict[str, Ask]
) -> None:
    async def run() -> None:
        text = await job_of(client, source, server)
        await client.close()
        before = len(server.requests)
        for name, ask in asks.items():
            with pytest.raises(imgedit.UsageError, match="client is closed") as caught:
                await ask(client)
            assert caught.value.charged == ("unknown" if name == "resume" else "no")
        with pytest.raises(imgedit.UsageError, match="client is closed") as caught:
            await client.resume(text)
        assert (caught.value.charged, caught.value.job) == ("yes", text)
        assert len(server.requests) == before

    asyncio.run(run())


def test_what_waits_for_its_turn_when_a_client_is_closed_is_not_sent(
    acme: Any, server: ScriptedServer, source: Path
) -> None:
    server.on("GET", "/jobs/7", Answer(fault="hang"))

    async def run() -> None:
        client = imgedit.Client(concurrency=1)
        first = await client.submit(source, "x", provider="acme")
        async for event in first.events():
            if event.kind == "accepted":
                break
        second = await client.submit(source, "y", provider="acme")
        third = asyncio.create_task(client.edit(source, "z", provider="acme"))
        await asyncio.sleep(0)
        await client.close()
        await first.cancel()
        for waited in (second.result(), third):
            with pytest.raises(imgedit.UsageError, match="client is closed"):
                await waited

    asyncio.run(run())
    assert server.count("POST", "/edit") == 1


def test_a_client_belongs_to_one_event_loop(
    acme: Any, server: ScriptedServer, source: Path, client: imgedit.Client, asks: dict[str, Ask]
) -> None:
    first = asyncio.new_event_loop()
    first.run_until_complete(client.edit(source, "x", provider="acme"))
    before, jobs = len(server.requests), len(client.jobs())
    for name, ask in asks.items():
        with pytest.raises(imgedit.UsageError, match="another event loop") as caught:
            asyncio.run(ask(client))  # type: ignore[arg-type]  # a coroutine
        assert caught.value.charged == ("unknown" if name == "resume" else "no")
    assert len(server.requests) == before
    assert len(client.jobs()) == jobs
    assert client.unfinished() == []
    assert len(client.spend()) == 1
    first.run_until_complete(client.close())
    first.close()


def test_the_jobs_of_a_task_group_are_unfinished(
    acme: Any, server: ScriptedServer, source: Path, client: imgedit.Client
) -> None:
    server.on("GET", "/jobs/7", Answer(fault="hang"))

    class Sibling(Exception):
        pass

    async def run() -> None:
        accepted = asyncio.Event()

        def note(event: imgedit.Event) -> None:
            if event.kind == "accepted":
                accepted.set()

        async def fail() -> None:
            await accepted.wait()
            raise Sibling

        async def both() -> None:
            async with asyncio.TaskGroup() as group:
                group.create_task(client.edit(source, "x", provider="acme", on_event=note))
                group.create_task(fail())

        async with client:
            with pytest.raises(ExceptionGroup):
                await both()
            (job,) = client.unfinished()
            assert (job.job.status, job.charged) == ("accepted", "yes")
            done = {"id": "7", "urls": [f"{server.url}/out.png"]}
            server.on("GET", "/jobs/7", Answer.json(done))
            await client.resume(job)

    asyncio.run(run())
    assert server.count("POST", "/edit") == 1
