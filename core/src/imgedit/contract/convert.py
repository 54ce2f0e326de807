"""Converters that several values share."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

_MOST_DIGITS = 30


def as_tuple(values: Iterable[Any]) -> tuple[Any, ...]:
    """Any iterable as a tuple; a text is refused, its letters are never what was meant."""
    if isinstance(values, str):
        raise ValueError("a list of texts is expected, not a text")
    return tuple(values)


def json_number(value: Decimal) -> int | float | str:
    """A vendor's number as JSON takes it; as a text where it would have countless digits."""
    if not value.is_finite() or value.adjusted() > _MOST_DIGITS:
        return str(value)
    return int(value) if value == value.to_integral_value() else float(value)
