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
        seconds = min(_LONGEST, 0.01 * 2.0 ** min(attempt, 10))  # who waits long overflows else
        await _rest(run, seconds * random.uniform(0.5, 1.0))  # noqa: S311  # jitter, not a secret


async def turn(run: Run) -> None:
    """Wait until one more edit may be sent to the provider, before it is connected to.

    Raises:
        DeadlineExceeded: the time given ran out before.
    """
    burst = run.runtime.config.of(run.provider.name).burst
    await _turn(run, run.provider.name, burst, "the limit of edits is reached")


async def gate(run: Run) -> None:
    """As `turn`, in the moment of sending: connections may have taken unevenly long to stand.

    What comes here had its turn, so that hardly anything waits, and not for long. One place of a
    burst is left for those that are late on their way to the vendor.
    """
    burst = run.runtime.config.of(run.provider.name).burst
    await _turn(run, f"{run.provider.name} sends", max(1, burst - 1), None)


async def _turn(run: Run, name: str, burst: int, text: str | None) -> None:
    limit = run.runtime.config.of(run.provider.name).limit
    if limit is None:
        return
    journal = run.runtime.journal
    while wait := journal.turn(name, limit, burst, waits.moment):
        if text is not None:
            run.emit("waiting", text, seconds=wait)
        text = None
        await _rest(run, wait)


async def _rest(run: Run, seconds: float) -> None:
    left = run.left
    await run.runtime.sleep(max(0.0, min(seconds, left)))
    if seconds >= left:
        raise run.too_late()
