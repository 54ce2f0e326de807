"""`SyncClient`: whatever happens on its loop or in its callers, nobody waits for ever."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import imgedit
from imgedit.engine.journal import MemoryJournal
from imgedit.sync import SyncEditJob
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


class Patient(threading.Thread):
    """Somebody who waits in another thread; `came` is what it comes to."""

    def __init__(self, ask: Callable[[], Any]) -> None:
        super().__init__(daemon=True)
        self._ask = ask
        self.came: list[Any] = []

    def run(self) -> None:
        try:
            self.came.append(self._ask())
        except BaseException as error:
            self.came.append(error)


@pytest.mark.parametrize("durable", (True, False))
@pytest.mark.parametrize("way", ("edit", "result", "events"))
def test_the_end_of_a_client_stops_what_runs_in_it(
    acme: Any, server: ScriptedServer, source: Path, tmp_path: Path, durable: bool, way: str
) -> None:
    """Who waits in another thread gets the job, which is paid, and can go on with it."""
    paid = threading.Event()

    def note(event: imgedit.Event) -> None:
        if event.kind == "accepted":
            paid.set()

    def ask() -> Any:
        if way == "edit":
            return client.edit(source, "x", provider="acme", on_event=note)
        job = client.submit(source, "x", provider="acme", on_event=note)
        if way == "events":
            assert "accepted" in [event.kind for event in job.events()]
        return job.result()

    server.on("GET", "/jobs/7", Answer(fault="hang"))
    journal = tmp_path / "jobs.sqlite3" if durable else None
    with imgedit.SyncClient(journal=journal) as client:
        waits = Patient(ask)
        waits.start()
        assert paid.wait(10)
    waits.join(10)
    (stopped,) = waits.came
    assert type(stopped) is asyncio.CancelledError
    said: Any = stopped
    assert said.charged == "yes"
    done = {"id": "7", "urls": [f"{server.url}/out.png"], "cost": "0.04"}
    server.on("GET", "/jobs/7", Answer.json(done))
    with imgedit.SyncClient(journal=journal) as client:
        result = client.resume(said.job_id if durable else said.job)
        assert result.image.read() == png()
    assert server.count("POST", "/edit") == 1


def test_whoever_asks_as_a_client_ends_is_answered() -> None:
    def ask() -> None:
        while True:
            client.spend()

    for _ in range(20):
        with imgedit.SyncClient() as client:
            askers = [Patient(ask) for _ in range(3)]
            for asker in askers:
                asker.start()
        for asker in askers:
            asker.join(10)
            assert isinstance(asker.came[0], imgedit.UsageError | asyncio.CancelledError)


def test_a_client_that_is_closed_twice_at_a_time_is_closed_once() -> None:
    for _ in range(5):
        client = imgedit.SyncClient()
        closers = [Patient(client.close) for _ in range(3)]
        for closer in closers:
            closer.start()
        for closer in closers:
            closer.join(10)
        assert [closer.came for closer in closers] == [[None]] * 3


class Ending(MemoryJournal):
    """Does something as the client ends, on its loop."""

    def __init__(self, act: Callable[[], Any]) -> None:
        self._act = act
        super().__init__()

    def close(self) -> None:
        self._act()
        super().close()


def test_a_client_that_ends_cannot_be_closed_on_its_own_loop() -> None:
    def again() -> None:
        with pytest.raises(imgedit.UsageError, match="callback"):
            client.close()

    client = imgedit.SyncClient(journal=Ending(again))
    closer = Patient(client.close)
    closer.start()
    closer.join(10)
    assert closer.came == [None]


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="only POSIX can wake a thread")
def test_a_handler_of_a_signal_closes_a_client_that_is_closing() -> None:
    entered = threading.Event()

    def ring(*_: object) -> None:
        entered.set()
        client.close()

    def act() -> None:
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGUSR1)
        assert entered.wait(10)

    client = imgedit.SyncClient(journal=Ending(act))
    before = signal.signal(signal.SIGUSR1, ring)
    try:
        client.close()
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert client._loop.is_closed()


def test_a_job_outlives_its_client_as_far_as_it_came(
    acme: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    """A client that is closed cannot be asked; the job knows its end, and nothing costs nothing."""
    with imgedit.SyncClient() as client:
        good = client.submit(source, "x", provider="acme", out=tmp_path / "out.png")
        good.result()
        server.on("GET", "/jobs/7", Answer(fault="hang"))
        server.on("POST", "/edit", Answer.json({"id": "8"}))
        server.on("GET", "/jobs/8", Answer(fault="hang"))
        stopped = client.submit(source, "y", provider="acme")
        begun = next(event for event in stopped.events() if event.kind == "accepted")
    assert good.result().image.read() == png()
    assert good.cancel() is None
    assert [event.kind for event in good.events()][-1] == "done"
    assert begun in list(stopped.events())
    text = stopped.cancel()
    assert text is not None
    with pytest.raises(asyncio.CancelledError) as caught:
        stopped.result()
    error: Any = caught.value
    assert (error.job, error.job_id, error.charged) == (text, stopped.id, "yes")


def test_a_callback_that_asks_for_its_job_learns_that_its_money_is_not_known(
    acme: Any, source: Path
) -> None:
    refused: list[imgedit.UsageError] = []
    begun = threading.Event()

    def ask(event: imgedit.Event) -> None:
        if event.kind == "accepted":
            assert begun.wait(10)
            for way in (job.result, job.cancel, lambda: list(job.events())):
                with pytest.raises(imgedit.UsageError, match="callback") as caught:
                    way()
                refused.append(caught.value)

    with imgedit.SyncClient() as client:
        job = client.submit(source, "x", provider="acme", on_event=ask)
        begun.set()
        assert job.result().image.read() == png()
    assert [(error.charged, error.job_id) for error in refused] == [("unknown", job.id)] * 3


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


class TooLong(Exception):
    """What a task queue raises in a task, from a handler of signals."""


def _waits(frame: FrameType | None) -> bool:
    """Whether a thread waits for the result of an edit."""
    names = []
    while frame is not None:
        names.append(frame.f_code.co_qualname)
        frame = frame.f_back
    whole = {"SyncClient.edit", "SyncEditJob.result"}.intersection(names)
    return names[0] == "Condition.wait" and bool(whole)


@pytest.fixture
def alarm() -> Iterator[Callable[[BaseException], None]]:
    """Raise something in the main thread, from a handler of a signal."""
    given: list[BaseException] = []

    def ring(*_: object) -> None:
        raise given[0]

    def arrange(error: BaseException) -> None:
        given.append(error)
        main = threading.main_thread().ident or 0
        while not _waits(
            sys._current_frames()[main]
        ):  # between two calls of ours nobody catches it
            time.sleep(0.001)
        signal.pthread_kill(main, signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, ring)
    yield arrange
    signal.signal(signal.SIGUSR1, before)


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="only POSIX can wake a thread")
@pytest.mark.parametrize("kind", (TooLong, SystemExit))
@pytest.mark.parametrize("way", ("edit", "submit"))
def test_what_is_raised_in_who_waits_carries_the_job(
    acme: Any, server: ScriptedServer, source: Path, alarm: Any, kind: type[BaseException], way: str
) -> None:
    begun: list[str] = []

    def note(event: imgedit.Event) -> None:
        if event.kind == "accepted":
            begun.append(str(event.job_id))
            alarm(kind("your task ran too long"))

    server.on("GET", "/jobs/7", Answer(fault="hang"))
    with imgedit.SyncClient() as client:
        ways = {
            "edit": lambda: client.edit(source, "x", provider="acme", on_event=note),
            "submit": lambda: client.submit(source, "x", provider="acme", on_event=note).result(),
        }
        with pytest.raises(kind) as caught:
            ways[way]()
        stopped: Any = caught.value
        assert stopped.args == ("your task ran too long",)
        assert (stopped.job_id, stopped.charged) == (begun[0], "yes")
        assert "client.resume" in stopped.__notes__[0]
        done = {"id": "7", "urls": [f"{server.url}/out.png"], "cost": "0.04"}
        server.on("GET", "/jobs/7", Answer.json(done))
        assert client.resume(stopped.job).image.read() == png()
    assert server.count("POST", "/edit") == 1


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="only POSIX can wake a thread")
def test_what_is_raised_in_one_caller_leaves_the_others_alone(
    acme: Any, server: ScriptedServer, source: Path, alarm: Any
) -> None:
    hung = threading.Event()

    def note(event: imgedit.Event) -> None:
        if event.kind == "accepted":
            hung.set()

    def ring(event: imgedit.Event) -> None:
        if event.kind == "accepted":
            alarm(TooLong())

    server.on("GET", "/jobs/7", Answer(fault="hang"))
    with imgedit.SyncClient() as client:
        other = client.submit(source, "x", provider="acme", on_event=note)
        assert hung.wait(10)
        with pytest.raises(TooLong):
            client.edit(source, "y", provider="acme", on_event=ring)
        assert not other._job.task.done()
        assert other.cancel() is not None


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="only POSIX can wake a thread")
@pytest.mark.parametrize("kind", (TooLong, KeyboardInterrupt))
@pytest.mark.parametrize("way", ("edit", "submit"))
@pytest.mark.parametrize(("cost", "charged"), (("0.04", "yes"), ("0", "no")))
def test_what_is_raised_as_an_edit_ends_carries_its_result(
    acme: Any, server: ScriptedServer, source: Path, alarm: Any, kind: type[BaseException],
    way: str, cost: str, charged: str,
) -> None:  # fmt: skip
    """It is paid, or was free, and nothing else has it."""
    answer = {"id": "7", "urls": [f"{server.url}/out.png"], "cost": cost}
    server.on("GET", "/jobs/7", Answer.json(answer))

    def ring(event: imgedit.Event) -> None:
        if event.kind == "done":
            waiting: Any = client._loop._ready  # type: ignore[attr-defined]  # what comes next
            before = len(waiting)
            alarm(kind())
            while len(waiting) == before:
                pause.wait(0.01)

    pause = threading.Event()
    with imgedit.SyncClient() as client:
        ways = {
            "edit": lambda: client.edit(source, "x", provider="acme", on_event=ring),
            "submit": lambda: client.submit(source, "x", provider="acme", on_event=ring).result(),
        }
        with pytest.raises(kind) as caught:
            ways[way]()
        stopped: Any = caught.value
        assert stopped.result.image.read() == png()
        assert (stopped.charged, stopped.job_id) == (charged, stopped.result.job_id)
        assert "error.result" in stopped.__notes__[0]


def test_a_callback_cannot_wait_for_its_own_client(acme: Any, source: Path) -> None:
    refused: list[imgedit.UsageError] = []

    def again(event: imgedit.Event) -> None:
        for ask in (
            lambda: client.edit(source, "x", provider="acme"),
            lambda: client.resume(str(event.job_id)),
            client.close,
        ):
            with pytest.raises(imgedit.UsageError, match="callback") as caught:
                ask()
            refused.append(caught.value)

    with imgedit.SyncClient() as client:
        client.edit(source, "x", provider="acme", on_event=again)
    assert [error.charged for error in refused[:3]] == ["no", "unknown", "no"]


def _in_a_child(client: imgedit.SyncClient, job: SyncEditJob, source: Path, told: Any) -> None:
    for ask in (
        job.result,
        lambda: client.edit(source, "x", provider="acme"),
        lambda: client.resume("01JOB"),
        lambda: client.settle("01JOB", charged=False),
        client.spend,
    ):
        try:
            ask()
        except imgedit.UsageError as error:
            told.put((error.message, error.charged))
    client.close()
    told.put((imgedit.edit(source, "y", provider="acme").image.size, "yes"))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only POSIX forks")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_makes_a_client_of_its_own(
    acme: Any, server: ScriptedServer, source: Path
) -> None:
    imgedit.edit(source, "x", provider="acme")
    kind = multiprocessing.get_context("fork")
    told = kind.SimpleQueue()
    with imgedit.SyncClient() as client:
        client.edit(source, "x", provider="acme")
        server.on("POST", "/edit", Answer.json({"id": "8"}), Answer.json({"id": "7"}))
        server.on("GET", "/jobs/8", Answer(fault="hang"))
        job = client.submit(source, "x", provider="acme")
        assert any(event.kind == "accepted" for event in job.events())
        child = kind.Process(target=_in_a_child, args=(client, job, source, told))
        child.start()
        child.join(30)
        if child.exitcode is None:
            child.kill()
        assert child.exitcode == 0
        assert client.spend()  # the child closed nothing here
    said = [told.get() for _ in range(6)]
    assert all("another process" in message for message, _ in said[:5])
    assert [charged for _, charged in said[:5]] == ["unknown", "no", "unknown", "unknown", "no"]
    assert said[5] == (len(png()), "yes")
    assert server.count("POST", "/edit") == 4


def test_what_is_canceled_before_it_began_says_so_as_any_other(acme: Any, source: Path) -> None:
    entered, leave = threading.Event(), threading.Event()
    ended: list[BaseException] = []

    def busy() -> None:
        entered.set()
        leave.wait(10)

    def everything() -> set[Any]:
        return asyncio.all_tasks() - {asyncio.current_task()}

    def ask() -> None:
        try:
            client.edit(source, "x", provider="acme")
        except BaseException as error:
            ended.append(error)

    with imgedit.SyncClient() as client:
        waiting: Any = client._loop._ready  # type: ignore[attr-defined]  # what comes next there
        client._loop.call_soon_threadsafe(busy)
        assert entered.wait(10)
        threads = [threading.Thread(target=client._stop, args=(everything,))]
        threads.append(threading.Thread(target=ask))
        for thread in threads:
            before = len(waiting)
            thread.start()
            while len(waiting) == before:
                leave.wait(0.01)
        leave.set()
        for thread in threads:
            thread.join(10)
    assert type(ended[0]) is asyncio.CancelledError
