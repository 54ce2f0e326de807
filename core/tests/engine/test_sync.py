"""`SyncClient`: whatever happens on its loop or in its callers, nobody waits for ever."""

from __future__ import annotations

import asyncio
import signal
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import imgedit
from imgedit.engine.journal import MemoryJournal
from imgedit.testing.pictures import png
from imgedit.testing.server import Answer, ScriptedServer


@pytest.mark.parametrize("kind", (SystemExit, KeyboardInterrupt))
@pytest.mark.parametrize("way", ("edit", "submit"))
def test_a_callback_that_ends_the_program_does_not_end_the_loop(
    acme: Any, server: ScriptedServer, source: Path, kind: type[BaseException], way: str
) -> None:
    def leave(event: imgedit.Event) -> None:
        if event.kind == "sending":
            raise kind

    with imgedit.SyncClient() as client:
        if way == "edit":
            result = client.edit(source, "x", provider="acme", on_event=leave)
        else:
            result = client.submit(source, "x", provider="acme", on_event=leave).result()
        assert result.image.read() == png()
    assert server.count("POST", "/edit") == 1


def test_what_ends_the_program_in_a_task_reaches_who_waits() -> None:
    async def leave() -> None:
        raise SystemExit(3)

    async def begin() -> asyncio.Task[None]:
        return asyncio.create_task(leave())

    async def wait(task: asyncio.Task[None]) -> None:
        await asyncio.wait([task])
        task.result()

    with imgedit.SyncClient() as client:
        task = client._run(begin())
        with pytest.raises(SystemExit):
            client._run(wait(task))
        assert client.unfinished() == []


class Watched(MemoryJournal):
    """Notes which threads call it."""

    def __init__(self) -> None:
        self.threads: set[str] = set()
        super().__init__()

    def __getattribute__(self, name: str) -> Any:
        if not name.startswith("_") and name != "threads":
            self.threads.add(threading.current_thread().name)
        return super().__getattribute__(name)


def test_a_journal_is_used_by_one_thread(acme: Any, source: Path) -> None:
    journal = Watched()
    seen: list[Any] = []

    def ask(event: imgedit.Event) -> None:
        seen.append(client.spend())

    with imgedit.SyncClient(journal=journal) as client:
        journal.threads.clear()
        client.edit(source, "x", provider="acme", on_event=ask)
        assert (client.jobs(), client.unfinished(), client.driven()) == ([], [], {})
        assert client.prune(timedelta(0)) == []
        assert (len(client.spend()), client.budgets()) == (1, [])
        for ask_for in (client.job, lambda name: client.settle(name, charged=True)):
            with pytest.raises(imgedit.JournalError):
                ask_for("01JOB")
    assert seen
    assert journal.threads == {"imgedit"}


def test_a_job_that_was_canceled_says_how_to_go_on(
    acme: Any, server: ScriptedServer, source: Path
) -> None:
    server.on("GET", "/jobs/7", Answer(fault="hang"))
    with imgedit.SyncClient() as client:
        job = client.submit(source, "x", provider="acme")
        for event in job.events():
            if event.kind == "accepted":
                break
        text = job.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            job.result()
        assert text is not None
        assert caught.value.job == text  # type: ignore[attr-defined]  # put there by the engine


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="only POSIX can wake a thread")
@pytest.mark.parametrize("index", (0, 2))
def test_ctrl_c_carries_the_job_that_was_waited_for(
    acme: Any, server: ScriptedServer, source: Path, index: int
) -> None:
    def press() -> None:
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    server.on("GET", "/jobs/7", Answer(fault="hang"))
    presser = threading.Timer(0.3, press)
    with imgedit.SyncClient() as client:
        jobs = [client.submit(source, f"x{number}", provider="acme") for number in range(3)]
        for job in jobs:
            for event in job.events():
                if event.kind == "accepted":
                    break
        presser.start()
        with pytest.raises(KeyboardInterrupt) as caught:
            jobs[index].result()
        presser.join()
        stopped: Any = caught.value
        assert (stopped.job_id, stopped.charged) == (jobs[index].id, "yes")
        for job in jobs:
            text = job.cancel()
            assert text is not None
            assert job.id in text
        assert stopped.job == jobs[index].cancel()
