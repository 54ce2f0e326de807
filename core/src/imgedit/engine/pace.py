"""How many jobs of one provider run at once, and how fast edits are sent: shared by processes."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from . import waits

if TYPE_CHECKING:
    from .run import Run

_LONGEST = 0.5


async def enter(run: Run) -> None:
    """Wait until the job may run beside the others of its provider.

    Raises:
        DeadlineExceeded: the time given ran out before.
    """
    limit = run.runtime.config.of(run.provider.name).concurrency
    if limit is None:
        return
    attempt = 0
    while not run.runtime.journal.enter(run.provider.name, run.record.id, limit):
        if attempt == 0:
            run.emit("waiting", f"{limit} jobs of {run.provider.name} are running already")
        attempt += 1
        await _rest(run, min(_LONGEST, 0.01 * 2.0**attempt) * random.uniform(0.5, 1.0))  # noqa: S311  # jitter, not a secret


async def turn(run: Run) -> None:
    """Wait until one more edit may be sent to the provider.

    Raises:
        DeadlineExceeded: the time given ran out before.
    """
    settings = run.runtime.config.of(run.provider.name)
    if settings.limit is None:
        return
    first = True
    journal, name = run.runtime.journal, run.provider.name
    while wait := journal.turn(name, settings.limit, settings.burst, waits.moment()):
        if first:
            run.emit("waiting", "the limit of edits is reached", seconds=wait)
        first = False
        await _rest(run, wait)


async def _rest(run: Run, seconds: float) -> None:
    await run.runtime.sleep(max(0.0, min(seconds, run.left)))
    run.check_time()
