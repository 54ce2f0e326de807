"""When to ask again for a job that is not done."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from .places import first_wait

if TYPE_CHECKING:
    from ..contract.exchange import HttpResponse
    from .read import Manifest

SCHEDULE = (1.0, 2.0, 3.0, 5.0, 8.0)
DEADLINE = 600.0


def poll_seconds(
    manifest: Manifest,
    waits: int,
    response: HttpResponse | None = None,
    now: float | None = None,
) -> float:
    """Seconds until the next poll, after `waits` waits; the last of the schedule repeats.

    What the vendor's answer says (`poll.after`) comes first.
    """
    after = manifest.poll.get("after")
    if response is not None and after:
        places = [after] if isinstance(after, str) else after
        told = first_wait(response, places, time.time() if now is None else now)
        if told is not None:
            return told
    schedule = manifest.poll.get("seconds") or SCHEDULE
    return float(schedule[min(waits, len(schedule) - 1)])


def deadline_seconds(manifest: Manifest) -> float:
    """How long an edit may take in all, when the user names nothing."""
    return float(manifest.poll.get("deadline", DEADLINE))
