"""The ledger in SQLite: rows written, read and added up, inside the caller's transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from ..contract.money import plain
from ..ledger import Entry
from ..ledger.budgets import Budget, Total

_WRITE = "INSERT OR REPLACE INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_CHANGE = """
UPDATE ledger SET reserved = ?, charge = ?, charge_source = ?, refunded = ?, counted = ?,
    state = ?, open = ?
WHERE job_id = ?
"""
_ADD = """
INSERT INTO totals (day, provider, label, unit, counted) VALUES (?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET counted = excluded.counted
"""
_TOTAL = "SELECT counted FROM totals WHERE day = ? AND provider = ? AND label = ? AND unit = ?"


def write_entry(connection: sqlite3.Connection, entry: Entry, before: Entry | None = None) -> None:
    """Store a job's row; `before` is the row until now."""
    if before is not None and _fixed(before) == _fixed(entry):
        changed = (
            plain(entry.reserved),
            _text(entry.charge),
            entry.source,
            plain(entry.refunded),
            plain(entry.counted),
            entry.state,
            entry.open,
            entry.job_id,
        )
        connection.execute(_CHANGE, changed)
        return
    row = (
        entry.job_id,
        entry.provider,
        entry.model,
        entry.label,
        entry.unit,
        _text(entry.quoted),
        _text(entry.at_most),
        plain(entry.reserved),
        _text(entry.charge),
        entry.source,
        plain(entry.refunded),
        plain(entry.counted),
        entry.at,
        entry.day,
        entry.state,
        entry.open,
    )
    connection.execute(_WRITE, row)


def _fixed(entry: Entry) -> tuple[Any, ...]:
    """What hardly ever changes; to leave it alone touches fewer pages of the file."""
    return (*entry.bucket, entry.model, entry.quoted, entry.at_most)


def read_entry(row: Sequence[Any]) -> Entry:
    """A row of the table."""
    return Entry(
        job_id=row[0],
        provider=row[1],
        model=row[2],
        label=row[3],
        unit=row[4],
        quoted=_amount(row[5]),
        at_most=_amount(row[6]),
        reserved=Decimal(row[7]),
        charge=_amount(row[8]),
        source=row[9],
        refunded=Decimal(row[10]),
        counted=Decimal(row[11]),
        at=row[12],
        day=row[13],
        state=row[14],
        open=bool(row[15]),
    )


def add_to_total(
    connection: sqlite3.Connection, bucket: tuple[str, str, str, str], amount: Decimal
) -> None:
    """Let a running total grow or shrink."""
    if amount:
        found = connection.execute(_TOTAL, bucket).fetchone()
        total = amount + (Decimal(found[0]) if found else 0)
        connection.execute(_ADD, (*bucket, plain(total)))


def totals(connection: sqlite3.Connection, budget: Budget, window: str) -> list[Total]:
    """What is counted in a budget's scope, in the window whose days begin so."""
    query, values = "SELECT unit, counted FROM totals WHERE day >= ? AND day < ?", [window]
    values.append(window + "\U0010ffff")
    if budget.provider is not None:
        query, values = query + " AND provider = ?", [*values, budget.provider]
    if budget.label is not None:
        query, values = query + " AND label = ?", [*values, budget.label]
    return [(unit, Decimal(counted)) for unit, counted in connection.execute(query, values)]


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else plain(amount)


def _amount(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def storable(text: str) -> str:
    """Text that SQLite takes: names of files may hold lone surrogates.

    Inside JSON what stands for them is JSON's own escape.
    """
    return text.encode("utf-8", "backslashreplace").decode()
