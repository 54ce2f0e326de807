"""The grammar of amounts: "50", "50+", "4..16", "~0.048", null."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Final, NamedTuple

from ..contract.money import Basis
from .fault import ManifestError

_GRAMMAR = re.compile(
    r"(?P<estimate>~)?(?P<low>\d+(?:\.\d+)?)(?:(?P<more>\+)|\.\.(?P<high>\d+(?:\.\d+)?))?",
    re.ASCII,
)


class Bounds(NamedTuple):
    """The least and the most of an amount; `low` None = unknown, `high` None = no upper bound."""

    low: Decimal | None
    high: Decimal | None
    estimate: bool = False

    @property
    def basis(self) -> Basis:
        """Unknown, else estimate, else exact when both bounds are one, else at_least."""
        if self.low is None:
            return "unknown"
        if self.estimate:
            return "estimate"
        return "exact" if self.low == self.high else "at_least"

    def plus(self, other: Bounds) -> Bounds:
        """The sum; unknown and unbounded are contagious."""
        if self.low is None or other.low is None:
            return UNKNOWN_PRICE
        high = None if self.high is None or other.high is None else self.high + other.high
        return Bounds(self.low + other.low, high, self.estimate or other.estimate)

    def times(self, low: Decimal | int, high: Decimal | int | None = None) -> Bounds:
        """Multiplied by a factor between `low` and `high` (None = exactly `low`)."""
        if self.low is None:
            return self
        top = None if self.high is None else self.high * (low if high is None else high)
        return Bounds(self.low * low, top, self.estimate)

    def unlimited(self) -> Bounds:
        """The same without an upper bound."""
        return self._replace(high=None) if self.low != 0 or self.high != 0 else self


UNKNOWN_PRICE: Final = Bounds(None, None)
NOTHING: Final = Bounds(Decimal(0), Decimal(0))


@lru_cache(maxsize=4096)
def parse_bounds(text: str | None) -> Bounds:
    """Read an amount of a price table.

    Raises:
        ManifestError: it is not one.
    """
    if text is None:
        return UNKNOWN_PRICE
    match = _GRAMMAR.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ManifestError(f'{text!r} is not an amount such as "50", "50+", "4..16" or "~0.048"')
    low = Decimal(match["low"])
    if match["estimate"]:
        if match["more"] or match["high"]:
            raise ManifestError(f'"~" does not go with ".." or "+" in {text!r}')
        return Bounds(low, None, True)
    if match["more"]:
        return Bounds(low, None)
    high = Decimal(match["high"]) if match["high"] else low
    if high < low:
        raise ManifestError(f"the upper bound of {text!r} is below its lower bound")
    return Bounds(low, high)


def widest(all_bounds: Sequence[Bounds]) -> Bounds:
    """The range over several amounts; one unknown makes it unknown."""
    if not all_bounds or any(bounds.low is None for bounds in all_bounds):
        return UNKNOWN_PRICE
    highs = [bounds.high for bounds in all_bounds]
    high = None if None in highs else max(value for value in highs if value is not None)
    low = min(bounds.low for bounds in all_bounds if bounds.low is not None)
    return Bounds(low, high, any(bounds.estimate for bounds in all_bounds))
