"""What ends a child, and that nothing of it is left behind."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
import time

import pytest

from imgedit.worker import LocalWorker, WorkerFailed

JOBS = "acme_jobs:"
posix = pytest.mark.skipif(os.name != "posix", reason="signals")
linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the address space")


def run(worker, name, to="/", /, **arguments):
    return asyncio.run(worker.run(JOBS + name, arguments, to))


def failure(worker, name, to="/", /, **arguments):
    with pytest.raises(WorkerFailed) as caught:
        run(worker, name, to, **arguments)
    return caught.value


def test_a_child_that_exits_is_replaced(worker):
    error = failure(worker, "say_and_die")
    assert error.kind == "exited"
    assert str(error) == "The worker process ended with exit code 7 in acme_jobs:say_and_die."
    assert error.trace == "the last words\n"
    assert run(worker, "echo", value=1) == 1


def test_the_tail_holds_nothing_of_earlier_jobs(worker):
    assert run(worker, "flood", megabytes=1) == "done"
    assert failure(worker, "say_and_die").trace.strip("x") == "the last words\n"


@posix
@pytest.mark.parametrize("name", ("SIGKILL", "SIGTERM", "SIGABRT"))
def test_a_signal_is_named(worker, name):
    error = failure(worker, "kill_self", number=int(signal.Signals[name]))
    assert error.kind == "killed"
    assert f"killed ({name}) in acme_jobs:kill_self" in str(error)
    assert run(worker, "echo", value=1) == 1


@posix
def test_sigkill_hints_at_memory(worker):
    error = failure(worker, "kill_self", number=9)
    assert "ran out of memory" in str(error)


@posix
def test_the_kernel_s_own_count_tells_why(worker):
    """A child that is killed while the kernel's count of such ends rises was short of memory."""
    run(worker, "pid")
    worker._jobs._child._kills = -1
    error = failure(worker, "kill_self", number=9)
    assert error.kind == "memory"
    assert "ran out of memory (the system ended it)" in str(error)


@posix
def test_a_crash_leaves_a_trace(worker):
    error = failure(worker, "crash")
    assert (error.kind, "SIGSEGV" in str(error)) == ("killed", True)
    assert "in crash" in error.trace


@posix
def test_a_child_killed_between_jobs_is_replaced_silently(worker, wait_until_gone):
    pid = run(worker, "pid")
    os.kill(pid, signal.SIGKILL)
    # Wait until it has ended, and leave its exit status to the worker.
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert run(worker, "pid") != pid
    wait_until_gone(pid)


@linux
def test_memory_is_limited_and_said_so(wait_until_gone):
    worker = LocalWorker(memory_limit=512 * 1024 * 1024)
    pid = run(worker, "pid")
    error = failure(worker, "eat", megabytes=2048)
    assert error.kind == "memory"
    assert str(error) == "acme_jobs:eat ran out of memory."
    wait_until_gone(pid)
    assert run(worker, "eat", megabytes=1) == 1024 * 1024
    asyncio.run(worker.close())


@linux
def test_without_a_limit_there_is_none(worker):
    unlimited = LocalWorker(memory_limit=None)
    assert run(unlimited, "eat", megabytes=64) == 64 * 1024 * 1024
    asyncio.run(unlimited.close())


@linux
def test_too_little_memory_to_start_with():
    worker = LocalWorker(memory_limit=8 * 1024 * 1024)
    error = failure(worker, "pid")
    assert error.kind == "start"
    assert "could not be started" in str(error)
    assert error.trace
    asyncio.run(worker.close())


def test_a_start_that_fails_says_why(worker, monkeypatch):
    monkeypatch.setenv("PYTHONHOME", "/not/there")
    error = failure(worker, "pid")
    assert error.kind == "start"
    assert "No module named 'encodings'" in str(error)
    assert "-P -m imgedit._worker" in str(error)


def test_a_missing_interpreter_is_a_failure_to_start(worker, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    error = failure(worker, "pid")
    assert (error.kind, "could not be started" in str(error)) == ("start", True)


def test_a_frozen_application_is_not_started_again(worker, monkeypatch):
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert "there is none" in str(failure(worker, "pid"))


def test_cancelling_kills_the_child_at_once(worker, tmp_path, wait_for_text):
    async def cancel():
        task = asyncio.create_task(worker.run(JOBS + "sleep", {"seconds": 60}, tmp_path))
        pid = int(await asyncio.to_thread(wait_for_text, tmp_path / "pid"))
        began = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        took = time.monotonic() - began
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
        return pid, took, await worker.run(JOBS + "pid", {}, "/")

    pid, took, new = asyncio.run(cancel())
    assert took < 1
    assert new != pid


def test_cancelling_before_the_child_is_ready(worker):
    async def cancel():
        task = asyncio.create_task(worker.run(JOBS + "pid", {}, "/"))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return await worker.run(JOBS + "echo", {"value": 1}, "/")

    assert asyncio.run(cancel()) == 1


def test_cancelling_a_job_that_waits_leaves_the_child_alone(worker, tmp_path, wait_for_text):
    async def cancel():
        first = asyncio.create_task(worker.run(JOBS + "sleep", {"seconds": 0.4}, tmp_path))
        await asyncio.to_thread(wait_for_text, tmp_path / "pid")
        second = asyncio.create_task(worker.run(JOBS + "remember", {"name": "never"}, "/"))
        await asyncio.sleep(0.05)
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        assert await first == "slept"
        return await worker.run(JOBS + "remember", {"name": "only"}, "/")

    assert asyncio.run(cancel()) == ["only"]


def test_a_time_limit_around_it_works(worker, tmp_path):
    async def limited():
        async with asyncio.timeout(0.3):
            await worker.run(JOBS + "sleep", {"seconds": 60}, tmp_path)

    with pytest.raises(TimeoutError):
        asyncio.run(limited())
    assert run(worker, "echo", value=1) == 1


@posix
def test_what_the_function_started_goes_with_it(worker, tmp_path, wait_for_text):
    os.mkfifo(tmp_path / "alive")
    alive = os.open(tmp_path / "alive", os.O_RDONLY | os.O_NONBLOCK)

    async def cancel():
        job = worker.run(JOBS + "sleep_with_company", {"seconds": 60}, tmp_path)
        task = asyncio.create_task(job)
        await asyncio.to_thread(wait_for_text, tmp_path / "pid")
        with pytest.raises(BlockingIOError):
            os.read(alive, 1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())
    os.set_blocking(alive, True)
    assert os.read(alive, 1) == b""  # no process holds the other end any more
    os.close(alive)


def test_kill_stops_a_job_and_leaves_the_worker_usable(worker, tmp_path, wait_for_text):
    async def kill():
        task = asyncio.create_task(worker.run(JOBS + "sleep", {"seconds": 60}, tmp_path))
        await asyncio.to_thread(wait_for_text, tmp_path / "pid")
        worker.kill()
        with pytest.raises(WorkerFailed, match="was stopped in acme_jobs:sleep") as caught:
            await task
        assert caught.value.kind == "killed"
        before = await worker.run(JOBS + "pid", {}, "/")
        worker.kill()
        return before, await worker.run(JOBS + "pid", {}, "/")

    before, after = asyncio.run(kill())
    assert before != after


def test_kill_without_a_child_does_nothing(worker):
    worker.kill()
    assert run(worker, "echo", value=1) == 1


def test_close_ends_an_idle_child_in_good_order(tmp_path):
    async def close():
        worker = LocalWorker()
        pid = await worker.run(JOBS + "pid", {}, "/")
        await worker.run(JOBS + "leave_a_wish", {}, tmp_path)
        await worker.close()
        return pid

    pid = asyncio.run(close())
    assert (tmp_path / "wish").read_text() == "fulfilled"
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_close_stops_what_runs_and_what_waits(tmp_path, wait_for_text):
    async def close():
        worker = LocalWorker()
        first = asyncio.create_task(worker.run(JOBS + "sleep", {"seconds": 60}, tmp_path))
        second = asyncio.create_task(worker.run(JOBS + "pid", {}, "/"))
        pid = int(await asyncio.to_thread(wait_for_text, tmp_path / "pid"))
        await worker.close()
        return pid, await asyncio.gather(first, second, return_exceptions=True)

    pid, results = asyncio.run(close())
    assert [result.kind for result in results] == ["killed", "killed"]
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_child_that_will_not_end_is_killed():
    async def close():
        worker = LocalWorker()
        pid = await worker.run(JOBS + "leave_a_thread", {}, "/")
        await worker.close()
        return pid

    pid = asyncio.run(close())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@posix
def test_a_fork_that_outlives_the_child_does_not_hold_the_answer(worker):
    began = time.monotonic()
    error = failure(worker, "leave_a_fork")
    assert (error.kind, "exit code 5" in str(error)) == ("exited", True)
    assert time.monotonic() - began < 5


@posix
@pytest.mark.parametrize("data", (b"\xff\xff\xff\xff", b"\0\0\0\1{"), ids=("long", "not JSON"))
def test_a_broken_answer_costs_the_child(worker, data):
    error = failure(worker, "garble", data=list(data))
    assert (error.kind, "is not JSON" in str(error)) == ("answer", True)
    assert run(worker, "echo", value=1) == 1


def test_a_forgotten_worker_takes_its_child_along(wait_until_gone):
    worker = LocalWorker()
    pid = run(worker, "pid")
    thread = worker._jobs._thread
    del worker
    gc.collect()
    wait_until_gone(pid)
    thread.join(5)
    assert not thread.is_alive()
