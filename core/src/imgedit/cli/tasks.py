"""Running a coroutine so that Ctrl-C says what became of the job."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from ..errors import Charged
from .exits import Interrupted
from .screen import Watch

T = TypeVar("T")


def run_task(task: Coroutine[Any, Any, T], watch: Watch) -> T:
    """Run to the end.

    Raises:
        Interrupted: Ctrl-C was pressed; it names the job, the money and the next command.
    """
    stopped: list[BaseException] = []

    async def watched() -> T:
        try:
            return await task
        except asyncio.CancelledError as error:
            stopped.append(error)
            raise

    try:
        return asyncio.run(watched())
    except (KeyboardInterrupt, asyncio.CancelledError) as error:
        raise _interrupted(stopped[0] if stopped else error, watch) from None


def _interrupted(error: BaseException, watch: Watch) -> Interrupted:
    charged: Charged = getattr(error, "charged", "unknown" if watch.spending else "no")
    job_id: str | None = getattr(error, "job_id", watch.job_id)
    stored = getattr(error, "stored", job_id is not None and watch.spending)
    if job_id is not None and stored:
        hint = f"Go on with: imgedit jobs resume {job_id}"
    elif charged == "no":
        hint = "Run it again when you like."
    else:
        hint = "Look in your account at the provider before you run it again."
    name = f": job {job_id}" if job_id else ""
    return Interrupted(
        f"interrupted{name}",
        hint=hint,
        charged=charged,
        job_id=job_id,
        job=getattr(error, "job", None),
    )
