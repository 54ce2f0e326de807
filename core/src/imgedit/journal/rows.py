"""The ledger in SQLite: entries as columns, and added up inside the caller's transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from ..contract.money import plain
from ..ledger import Entry
from ..ledger.budgets import Budget, Total

_ADD = """
INSERT INTO totals (day, provider, label, unit, counted) VALUES (?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET counted = excluded.counted
"""
_TOTAL = "SELECT counted FROM totals WHERE day = ? AND provider = ? AND label = ? AND unit = ?"
_TOTALS = """
SELECT provider, unit, counted FROM totals
WHERE day >= ?1 AND day < ?2 AND (?3 IS NULL OR provider = ?3) AND (?4 IS NULL OR label = ?4)
"""

Fixed = tuple[str, str | None, str | None, str, str]
"""Of an entry: unit, quoted, at most, moment and day, which hardly ever change."""

Amounts = tuple[str, str | None, str | None, str, str, bool]
"""Of an entry: reserved, charge, its source, refunded, counted and whether it is open."""


def fixed(entry: Entry) -> Fixed:
    """As they are stored."""
    return entry.unit, _text(entry.quoted), _text(entry.at_most), entry.at, entry.day


def amounts(entry: Entry) -> Amounts:
    """As they are stored."""
    return (
        plain(entry.reserved),
        _text(entry.charge),
        entry.source,
        plain(entry.refunded),
        plain(entry.counted),
        entry.open,
    )


def read_entry(row: Sequence[Any]) -> Entry:
    """A row of the view `entries`; raises sqlite3.Error when an amount is none."""
    return Entry(
        job_id=row[0],
        provider=row[1],
        model=row[2],
        label=row[3],
        unit=row[4],
        quoted=_amount(row[5]),
        at_most=_amount(row[6]),
        reserved=_number(row[7]),
        charge=_amount(row[8]),
        source=row[9],
        refunded=_number(row[10]),
        counted=_number(row[11]),
        at=row[12],
        day=row[13],
        state=row[14],
        open=bool(row[15]),
    )


def count(connection: sqlite3.Connection, entry: Entry, before: Entry | None = None) -> None:
    """Let the running totals follow an entry; `before` is what it was until now."""
    if before is not None and before.bucket != entry.bucket:
        _add(connection, before.bucket, -before.counted)
        before = None
    _add(connection, entry.bucket, entry.counted - (0 if before is None else before.counted))


def _add(
    connection: sqlite3.Connection, bucket: tuple[str, str, str, str], amount: Decimal
) -> None:
    if amount:
        found = connection.execute(_TOTAL, bucket).fetchone()
        total = amount + (_number(found[0]) if found else 0)
        connection.execute(_ADD, (*bucket, plain(total)))


def totals(connection: sqlite3.Connection, budget: Budget, window: str) -> list[Total]:
    """What is counted in a budget's scope, in the window whose days begin so."""
    values = (window, window + "\U0010ffff", budget.provider, budget.label)
    rows = connection.execute(_TOTALS, values)
    return [(provider, unit, _number(counted)) for provider, unit, counted in rows]


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else plain(amount)


def _amount(text: str | None) -> Decimal | None:
    return None if text is None else _number(text)


def _number(text: str) -> Decimal:
    """What `plain` wrote; an error of SQLite's kind where something else stands, as of it."""
    try:
        value = Decimal(text)
    except (ArithmeticError, TypeError, ValueError):
        value = Decimal("NaN")
    if not value.is_finite():
        raise sqlite3.DataError(f"{text!r} is no amount")
    return value


def storable(text: str) -> str:
    """Text that SQLite takes: names of files may hold lone surrogates.

    Inside JSON what stands for them is JSON's own escape.
    """
    return text.encode("utf-8", "backslashreplace").decode()
