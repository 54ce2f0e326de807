"""Waits that take no time, for tests of retries, polls and limits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..engine import waits


@contextmanager
def instant_waits() -> Iterator[list[float]]:
    """Every wait of imgedit in this process returns at once; gives the list of their seconds.

    Pauses before a repeat, between polls and for a limit of requests are skipped. Deadlines and
    time-outs of exchanges are not: they run on the real clock.
    """
    skipped = waits.Skipped()
    waits.skip(skipped)
    try:
        yield skipped.seconds
    finally:
        waits.wait_again(skipped)
