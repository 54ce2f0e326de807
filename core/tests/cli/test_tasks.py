"""Ctrl-C while a coroutine runs."""

from __future__ import annotations

import asyncio
import signal
import threading

import pytest

from imgedit.cli.exits import Interrupted
from imgedit.cli.screen import Watch
from imgedit.cli.tasks import run_task


def test_it_waits_until_the_loop_comes_round(caplog):
    """What is just arriving is handed on first: a future that was canceled takes no result."""
    arrived = []

    async def work():
        loop = asyncio.get_running_loop()
        data = loop.create_future()

        def arrives():
            assert not data.done()
            signal.raise_signal(signal.SIGINT)
            data.set_result("data")
            arrived.append("data")

        loop.call_soon(arrives)
        await data
        await asyncio.sleep(60)

    with pytest.raises(Interrupted):
        run_task(work(), Watch())
    assert arrived == ["data"]
    assert caplog.records == []
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_second_one_does_not_wait():
    reached = []

    async def work():
        try:
            signal.raise_signal(signal.SIGINT)
            await asyncio.sleep(60)
        finally:
            reached.append("cleaning up")
            signal.raise_signal(signal.SIGINT)
            reached.append("cleaned up")

    with pytest.raises(Interrupted):
        run_task(work(), Watch())
    assert reached == ["cleaning up"]


def test_what_the_error_says_of_the_job():
    async def work():
        try:
            signal.raise_signal(signal.SIGINT)
            await asyncio.sleep(60)
        except asyncio.CancelledError as stopped:
            stopped.charged, stopped.job_id, stopped.stored = "yes", "01JOB", True
            raise

    with pytest.raises(Interrupted) as caught:
        run_task(work(), Watch())
    assert (caught.value.charged, caught.value.job_id) == ("yes", "01JOB")
    assert caught.value.hint == "Go on with: imgedit jobs resume 01JOB"


def test_a_handler_of_the_calling_program_stays_in_force():
    heard = []
    before = signal.signal(signal.SIGINT, lambda *_: heard.append("its own"))
    try:

        async def work():
            signal.raise_signal(signal.SIGINT)
            return "done"

        assert run_task(work(), Watch()) == "done"
    finally:
        signal.signal(signal.SIGINT, before)
    assert heard == ["its own"]


def test_on_another_thread_nothing_is_installed():
    async def work():
        return signal.getsignal(signal.SIGINT)

    found = []
    thread = threading.Thread(target=lambda: found.append(run_task(work(), Watch())))
    thread.start()
    thread.join(20)
    assert found == [signal.default_int_handler]


@pytest.mark.parametrize(("charged", "hint"), (("yes", "Look in your account"), ("no", "Run it")))
def test_without_a_journal_no_job_goes_on_by_its_id(charged, hint):
    async def work():
        try:
            signal.raise_signal(signal.SIGINT)
            await asyncio.sleep(60)
        except asyncio.CancelledError as stopped:
            stopped.charged, stopped.job_id, stopped.stored = charged, "01JOB", True
            raise

    watch = Watch()
    watch.durable = False
    with pytest.raises(Interrupted) as caught:
        run_task(work(), watch)
    assert caught.value.hint.startswith(hint)
