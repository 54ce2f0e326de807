"""What is forgotten leaves its row in the ledger, and is counted once when it comes back."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from imgedit import Budget, BudgetExceeded, Facts
from imgedit.engine.record import now
from imgedit.journal import SqliteJournal
from imgedit.ledger import Purse

MakeRecord = Any


@pytest.fixture
def later() -> Any:
    return now() + timedelta(days=1)


def table(path: Path, name: str) -> list[Any]:
    with closing(sqlite3.connect(path)) as other:
        return other.execute(f"SELECT * FROM {name}").fetchall()


def test_the_ledger_stays_as_it_was(
    journal: SqliteJournal, path: Path, make_record: MakeRecord, later: Any
) -> None:
    paid = make_record(status="failed", charged="yes", label="x", facts=Facts(cost="0.03"))
    open_one = make_record(status="failed", charged="unknown")
    running = make_record(status="accepted", charged="yes")
    for record in (paid, open_one, running):
        journal.save(record)
    before, counted = list(journal.entries()), table(path, "totals")
    assert journal.prune(later) == [paid.id]
    assert list(journal.entries()) == before
    assert table(path, "totals") == counted
    assert [row[0] for row in table(path, "ledger")] == [paid.id]
    assert journal.prune(later) == []


def test_one_that_cannot_be_read_can_be_forgotten(
    journal: SqliteJournal, path: Path, make_record: MakeRecord, later: Any
) -> None:
    odd = make_record(status="failed")
    journal.save(odd)
    with closing(sqlite3.connect(path)) as other:
        other.execute("UPDATE jobs SET record = '{}', unit = NULL")
        other.commit()
    assert journal.prune(later) == [odd.id]
    assert list(journal.entries()) == []


def test_one_that_comes_back_is_counted_once(
    journal: SqliteJournal, path: Path, make_record: MakeRecord, later: Any
) -> None:
    """Somebody resumes the JSON of an error after the job was forgotten."""
    record = make_record(status="accepted", charged="yes")
    over = evolve(record.with_job(status="failed", facts=Facts(cost="0.03")), charged="yes")
    journal.save(over)
    assert journal.prune(later) == [record.id]
    assert journal.hold(record.id) is None
    journal.save(record)
    (entry,) = journal.entries()
    assert (entry.job_id, entry.open, entry.counted) == (record.id, True, Decimal("0.04"))
    assert table(path, "ledger") == []
    journal.save(over)
    (entry,) = journal.entries()
    assert (entry.charge, entry.counted) == (Decimal("0.03"), Decimal("0.03"))
    with pytest.raises(BudgetExceeded, match=r"0\.03 are left"):
        journal.save(make_record(), purse=Purse(budgets=[Budget(amount="0.06 USD")]))
