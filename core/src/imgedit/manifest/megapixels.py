"""How many megapixels a request makes, for prices `per` megapixel."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from ..contract.model import Model
from .keys import KINDS, UNKNOWN, places
from .wire import document_values, look_up

MEGAPIXEL = 1_000_000
_SIZE = re.compile(r"(\d{1,6})[x×](\d{1,6})", re.ASCII)


def megapixels(
    document: Mapping[str, Any], model: Model, of: Sequence[str]
) -> tuple[int, int | None, str | None]:
    """The least and the most megapixels, rounded up, and why they differ.

    `of` names the fields whose product is the number of pixels: sides, pixel counts, texts such
    as "1024x768", or the fields of a `wire` table that leads to a width and a height.
    """
    size = _from_table(document, model, of)
    if size is not None:
        return _round_up(size), _round_up(size), None
    low = high = Decimal(1)
    bounded = bool(of)
    unknown = None if of else "the size of the result is not known"
    for key in of:
        value = _value(document, model, key)
        if value is not None:
            low, high = low * value, high * value
            continue
        unknown = f"{key.replace('.', ' ')} is not known"
        least, most = _limits(model, key)
        low *= least
        if most is None:
            bounded = False
        else:
            high *= most
    return _round_up(low), _round_up(high) if bounded else None, unknown


def _round_up(pixels: Decimal) -> int:
    return max(1, math.ceil(pixels / MEGAPIXEL))


def _value(document: Mapping[str, Any], model: Model, key: str) -> Decimal | None:
    found = [value for _, value in places(document, key)]
    if not found:
        fragment = model.limits.get(key)
        found = [fragment["default"]] if fragment and "default" in fragment else []
    if not found or found[0] is UNKNOWN:
        return None
    value = found[0]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Decimal(value)
    match = _SIZE.fullmatch(value) if isinstance(value, str) else None
    return Decimal(match[1]) * Decimal(match[2]) if match else None


def _limits(model: Model, key: str) -> tuple[Decimal, Decimal | None]:
    """The bounds that the limits set for a field that is not known."""
    kind, _, name = key.partition(".")
    least, most = Decimal(1), None
    for one in (f"picture.{name}", key) if kind in KINDS else (key,):
        fragment = model.limits.get(one) or {}
        if isinstance(fragment.get("minimum"), int | float):
            least = Decimal(fragment["minimum"])
        if isinstance(fragment.get("maximum"), int | float):
            most = Decimal(fragment["maximum"])
    return least, most


def _from_table(document: Mapping[str, Any], model: Model, of: Sequence[str]) -> Decimal | None:
    for spec in model.wire.values():
        if isinstance(spec, Mapping) and set(spec.get("by", ())) == set(of) and of:
            entry = look_up(spec, document_values(document))
            if isinstance(entry, Mapping) and {"width", "height"} <= entry.keys():
                return Decimal(entry["width"]) * Decimal(entry["height"])
    return None
