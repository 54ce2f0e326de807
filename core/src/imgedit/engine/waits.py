"""Waiting, and the clock that goes with it; tests make every wait instant."""

from __future__ import annotations

import asyncio
import time

from attrs import define, field


@define
class Skipped:
    """Waits that are not waited for: how long each would have been."""

    seconds: list[float] = field(factory=list)


_skipping: list[Skipped] = []
_lead = 0.0


async def sleep(seconds: float) -> None:
    """Wait, unless waits are instant."""
    global _lead
    if not _skipping:
        await asyncio.sleep(seconds)
        return
    _skipping[-1].seconds.append(seconds)
    _lead += max(seconds, 0.0)
    await asyncio.sleep(0)


def moment() -> float:
    """The time in seconds; waits that were skipped count as waited for."""
    return time.time() + _lead


def skip(waits: Skipped) -> None:
    """Make waits instant, and note them there, until `wait_again`."""
    _skipping.append(waits)


def wait_again(waits: Skipped) -> None:
    """Undo `skip`."""
    global _lead
    _skipping.remove(waits)
    if not _skipping:
        _lead = 0.0
