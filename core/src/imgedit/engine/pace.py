"""How many jobs of one provider run at once, and how fast edits are sent: shared by processes."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from . import retry, waits

if TYPE_CHECKING:
    from ..errors import ProviderError
    from .run import Run

_LONGEST = 0.5

_PATIENCE = 1.0
"""Seconds that a connection is kept waiting before anything is sent over it."""

_LATE = 0.5
"""Seconds that edits may be late on their way to the vendor. Where they follow one another faster,
one place of a burst is left for those, so that no second there holds more than limit + burst."""


class TooEarly(Exception):
    """The edit must not be sent yet; it was not, and its connection is closed."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"it must wait {seconds:g} s")
        self.seconds = seconds


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


async def turn(run: Run, after: ProviderError | None = None) -> None:
    """Wait until one more edit may be sent to the provider, before it is connected to.

    `after` is the error that a repeat follows: what is to be said when its turn is far off.

    Raises:
        DeadlineExceeded: the time given ran out before.
        ProviderError: `after`.
    """
    told = False
    while wait := _take(run, run.provider.name):
        if after is not None and (wait > retry.LONGEST or wait >= run.left):
            raise after
        if not told:
            _tell(run, wait)
        told = True
        await _rest(run, wait)


async def gate(run: Run) -> None:
    """As `turn`, in the moment of sending: connections may have taken unevenly long to stand.

    What comes here had its turn, so that hardly anything waits, and nothing for long: who waits on
    an open connection may find it closed by the vendor when the edit is sent.

    Raises:
        TooEarly: it would have to wait longer than that.
        DeadlineExceeded: the time given ran out before.
    """
    patience = _PATIENCE
    while wait := _take(run, f"{run.provider.name} sends"):
        patience -= wait
        if patience < 0:
            raise TooEarly(wait)
        await _rest(run, wait)


async def later(run: Run, early: TooEarly) -> None:
    """Wait as long as the gate said, without a connection, and for a new turn.

    Raises:
        DeadlineExceeded: the time given ran out before.
    """
    _tell(run, early.seconds)
    await _rest(run, early.seconds)
    await turn(run)


def _take(run: Run, name: str) -> float:
    settings = run.runtime.config.of(run.provider.name)
    limit, burst = settings.limit, settings.burst
    if limit is None:
        return 0.0
    if limit < _LATE:
        burst = max(1, burst - 1)
    return run.runtime.journal.turn(name, limit, burst, waits.moment)


def _tell(run: Run, seconds: float) -> None:
    run.emit("waiting", "the limit of edits is reached", seconds=seconds)


async def _rest(run: Run, seconds: float) -> None:
    left = run.left
    await run.runtime.sleep(max(0.0, min(seconds, left)))
    if seconds >= left:
        raise run.too_late()
