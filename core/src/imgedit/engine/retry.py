"""How long to wait before a repeat, and whether there may be one."""

from __future__ import annotations

import random
from typing import Final

from ..errors import ImgEditError, RateLimited

TRIES: Final = {"submit": 3, "poll": 8}
"""How often one exchange is tried at most, by purpose; others 4 times."""

LONGEST: Final = 60.0
"""Seconds; when a vendor asks for a longer pause, its error is raised instead."""


def may_repeat(error: ImgEditError, *, spends: bool) -> bool:
    """A repeat is decided on the mapped error, never on a status alone."""
    return error.retryable and (not spends or error.charged == "no")


def pause(attempt: int, retry_after: float | None) -> float | None:
    """Seconds before try number `attempt` + 1; None = too long to wait for.

    Full jitter below a bound that doubles; a vendor's `retry_after` is kept to.
    """
    if retry_after is not None:
        if retry_after > LONGEST:
            return None
        return retry_after + random.uniform(0, 0.1)  # noqa: S311  # jitter, not a secret
    return random.uniform(0.1, min(30.0, 0.5 * 2.0**attempt))  # noqa: S311  # likewise


class RepeatBudget:
    """Stops repeats when most requests of a client fail: then they only make it worse.

    500 tokens; a repeat takes 14, after a rate limit 5. What the last repeat took comes back when
    it succeeds, and 1 for each request that succeeds at once.
    """

    MOST: Final = 500

    def __init__(self) -> None:
        self.tokens = self.MOST
        self._taken = 1

    def take(self, error: ImgEditError) -> bool:
        """Whether there are tokens for a repeat after this error; they are gone then."""
        price = 5 if isinstance(error, RateLimited) else 14
        if self.tokens < price:
            return False
        self.tokens -= price
        self._taken = price
        return True

    def give_back(self, *, repeated: bool) -> None:
        """A request succeeded."""
        self.tokens = min(self.MOST, self.tokens + (self._taken if repeated else 1))
