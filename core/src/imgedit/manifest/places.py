"""Places in an answer: JSON pointers and headers, first hit wins."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

from ..contract.money import exactly, to_amount

if TYPE_CHECKING:
    from ..contract.exchange import HttpResponse


class _Missing:
    """Stands for a value that is not there; null is there."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()


def look(value: Any, pointer: str) -> Any:
    """The value at a JSON pointer, MISSING when there is none."""
    if not pointer:
        return value
    for token in pointer.removeprefix("/").split("/"):
        name = token.replace("~1", "/").replace("~0", "~")
        if isinstance(value, Mapping) and name in value:
            value = value[name]
        elif isinstance(value, list) and name.isascii() and name.isdecimal() and len(name) <= 9:
            index = int(name)
            if index >= len(value):
                return MISSING
            value = value[index]
        else:
            return MISSING
    return value


def body_of(response: HttpResponse) -> Any:
    """The answer's JSON, MISSING when it is none."""
    try:
        return response.json()
    except (ValueError, RecursionError):
        return MISSING


def first_text(response: HttpResponse, places: Iterable[str]) -> str | None:
    """The first non-empty text or number at one of the places, as text."""
    for place in places:
        value = _value(response, place)
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, Decimal):
            value = f"{value:f}" if abs(value.adjusted()) < 50 else str(value)
        if isinstance(value, int) and abs(value) >= 10**60:
            continue  # longer than any code; Python refuses to print the really long ones
        if isinstance(value, str | int) and str(value).strip():
            return str(value).strip()
    return None


def _value(response: HttpResponse, place: str) -> Any:
    if place.startswith("header:"):
        return response.header(place.removeprefix("header:").strip())
    return look(body_of(response), place)


def first_wait(response: HttpResponse, places: Iterable[str], now: float) -> float | None:
    """Seconds to wait from the first place that tells, never below 0.

    A place is a number of seconds or a date; `|ms`, `|unix` and `|unix_ms` after it say that it
    is milliseconds, or a moment in seconds or milliseconds since 1970. Moments are compared with
    the answer's own Date header, else with `now`: a wrong clock here does not matter then.
    """
    for place in places:
        where, _, kind = place.partition("|")
        value = _value(response, where)
        if value is None or isinstance(value, bool) or value is MISSING:
            continue
        seconds = _seconds(value, kind, response, now)
        if seconds is not None:
            return max(0.0, seconds)
    return None


def _seconds(value: Any, kind: str, response: HttpResponse, now: float) -> float | None:
    number = _number(value)
    if number is None:
        if kind or not isinstance(value, str):
            return None
        moment = _moment(value)
        return None if moment is None else moment - _clock(response, now)
    match kind:
        case "ms":
            return number / 1000
        case "unix":
            return number - _clock(response, now)
        case "unix_ms":
            return number / 1000 - _clock(response, now)
        case _:
            return number


def _number(value: Any) -> float | None:
    if isinstance(value, str) and len(value) > 40:
        return None
    try:
        number = float(Decimal(value.strip() if isinstance(value, str) else value))
    except (InvalidOperation, ValueError, TypeError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _clock(response: HttpResponse, now: float) -> float:
    date = response.header("date")
    moment = _moment(date) if date else None
    return now if moment is None else moment


def _moment(text: str) -> float | None:
    """An HTTP date or an ISO date with a zone as seconds since 1970."""
    if len(text) > 100:
        return None
    from datetime import UTC, datetime
    from email.utils import parsedate_to_datetime

    try:
        found = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        try:
            found = datetime.fromisoformat(text.strip())
        except ValueError:
            return None
    if found.tzinfo is None:
        found = found.replace(tzinfo=UTC)
    try:
        return found.timestamp()
    except (ValueError, OverflowError):
        return None


@exactly
def amount_at(value: Any, scale: str | None = None) -> Decimal | None:
    """A number or decimal text as an amount, times `scale`; None when it is none."""
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        return None
    if isinstance(value, str) and len(value) > 60:
        return None
    try:
        amount = to_amount(value.strip() if isinstance(value, str) else value)
        return amount if amount is None or scale is None else to_amount(amount * Decimal(scale))
    except ValueError:
        return None
