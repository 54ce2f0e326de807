"""Running a coroutine so that Ctrl-C says what became of the job."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from ..errors import Charged, ImgEditError
from .exits import Interrupted
from .failure import known
from .keeping import KEEP, without_journal
from .screen import Watch

T = TypeVar("T")

_LOOK = "Look in your account at the provider before you run it again."


def run_task(task: Coroutine[Any, Any, T], watch: Watch) -> T:
    """Run to the end.

    Raises:
        Interrupted: Ctrl-C was pressed; it names the job, the money and the next command.
        ImgEditError: as the coroutine; what helps in Python alone is not advised.
    """
    stopped: list[BaseException] = []
    ours = (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )

    async def watched() -> T:
        with _cancelled_between_steps(ours):
            try:
                return await task
            except asyncio.CancelledError as error:
                stopped.append(error)
                raise

    try:
        return asyncio.run(watched())
    except (KeyboardInterrupt, asyncio.CancelledError) as error:
        raise interrupted(stopped[0] if stopped else error, watch) from None
    except ImgEditError as error:
        if error.job is not None and not watch.durable:
            without_journal(error)
        raise


@contextmanager
def _cancelled_between_steps(ours: bool) -> Iterator[None]:
    """Ctrl-C cancels this task when the loop comes round; a second one stops at once.

    The handler of `asyncio.run` cancels wherever the loop happens to be, also in the middle of
    handing on what has just arrived, which then fails with a traceback on stderr.
    """
    if not ours:  # ignored, or the program that calls us has a handler of its own
        yield
        return
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None  # a coroutine runs in one
    pressed = False

    def press(*_: object) -> None:
        nonlocal pressed
        if pressed:
            raise KeyboardInterrupt
        pressed = True
        loop.call_soon_threadsafe(task.cancel)

    before = signal.signal(signal.SIGINT, press)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def interrupted(error: BaseException, watch: Watch) -> Interrupted:
    """What is said of Ctrl-C: what the engine put on the error, else what is stored of the job."""
    job_id: str | None
    charged: Charged
    if hasattr(error, "charged"):
        job_id, charged = error.job_id, error.charged  # type: ignore[attr-defined]  # `Run.tag`
    else:
        job_id, charged = known(watch)
    job = getattr(error, "job", None)
    stopped = Interrupted(
        f"interrupted: job {job_id}" if job_id else "interrupted",
        hint=_LOOK if job is None else KEEP,
        charged=charged,
        job_id=job_id,
        job=job,
    )
    if getattr(error, "stored", watch.spending) and watch.durable:
        stopped.hint = f"Go on with: imgedit jobs resume {job_id or ''}".rstrip()
    else:
        without_journal(stopped)
    return stopped
