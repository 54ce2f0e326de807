"""Single values of Depicta's answers; a strange one beside a paid picture must not lose it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from imgedit import Facts, HttpResponse, UnexpectedResponse


def text(response: HttpResponse, pointer: str) -> str:
    """The text that has to be there.

    Raises:
        UnexpectedResponse: it is not.
    """
    value = response.at(pointer)
    if not isinstance(value, str) or not value:
        raise UnexpectedResponse(f"{pointer} is missing from Depicta's answer")
    return value


def amount(value: Any) -> Decimal | None:
    """An amount of money ("0.045000"), or None when it is none."""
    try:
        return Facts(cost=value).cost
    except ValueError:
        return None


def moment(value: Any) -> datetime | None:
    """An ISO 8601 time (without a zone it is UTC), or None when it is none."""
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
