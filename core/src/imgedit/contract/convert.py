"""Converters that several values share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def as_tuple(values: Iterable[Any]) -> tuple[Any, ...]:
    """Any iterable as a tuple; a text is refused, its letters are never what was meant."""
    if isinstance(values, str):
        raise ValueError("a list of texts is expected, not a text")
    return tuple(values)
