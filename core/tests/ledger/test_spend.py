"""Reports of the ledger."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from ledger_records import make_record, quote

import imgedit
from imgedit import Budget, Money, UsageError
from imgedit.engine.journal import MemoryJournal
from imgedit.ledger import Purse
from imgedit.ledger.spend import spend, what_is_left

CREDITS = quote("10", "10", "other:credits")


@pytest.fixture
def journal() -> MemoryJournal:
    journal = MemoryJournal()
    for record in (
        make_record(status="failed", charged="yes", cost="0.05", label="a"),
        make_record(status="failed", charged="yes", label="a"),
        make_record(status="failed"),
        make_record(status="unknown", charged="unknown", label="b"),
        make_record(CREDITS, provider="other", status="failed", charged="yes", cost="9"),
    ):
        journal.save(record)
    refunded = make_record(CREDITS, provider="other", status="accepted", charged="yes", cost="10")
    journal.save(refunded)
    journal.save(make_record(CREDITS, provider="other", id=refunded.id, status="failed"))
    return journal


def test_units_are_never_added_up(journal: MemoryJournal) -> None:
    dollars, credits = spend(journal.entries())
    assert dollars.row() == {
        "key": None,
        "unit": "USD",
        "jobs": 4,
        "quoted": "0.08",
        "charged": "0.09",
        "assumed": "0.04",
        "refunded": "0",
        "reserved": "0.04",
        "drift": "0.01",
        "unknown": 1,
    }
    assert (credits.unit, credits.charged, credits.refunded) == ("other:credits", 9, 10)
    assert credits.drift == -1


def test_a_charge_of_nothing_is_drift_too() -> None:
    journal = MemoryJournal()
    journal.save(make_record(status="failed", charged="yes", cost="0"))
    journal.save(make_record(status="failed", charged="no"))
    (row,) = spend(journal.entries())
    assert (row.quoted, row.charged, row.drift) == (Decimal("0.04"), 0, Decimal("-0.04"))


def test_a_charge_that_nobody_knows_is_counted_as_unknown() -> None:
    journal = MemoryJournal()
    for status in ("sent", "unknown", "accepted", "failed"):
        journal.save(make_record(status=status, charged="unknown"))
    journal.save(make_record(quote(None, None), status="failed", charged="yes"))
    for status, charged in (("planned", "no"), ("accepted", "yes"), ("failed", "no")):
        journal.save(make_record(status=status, charged=charged))
    (row,) = spend(journal.entries())
    assert (row.jobs, row.unknown) == (8, 5)


def test_what_is_left_counts_jobs_whose_rows_are_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imgedit.engine.journal._MOST_ENTRIES", 1)
    journal = MemoryJournal()
    for _ in range(3):
        journal.save(make_record(status="failed", charged="yes"))
    assert len(list(journal.entries())) == 1
    (left,) = what_is_left(Purse(budgets=[Budget(amount="1 USD")]), journal.totals, "")
    assert (left.counted, left.left) == (Decimal("0.12"), Decimal("0.88"))


@pytest.mark.parametrize(
    ("by", "keys"),
    (
        ("provider", ["acme", "other"]),
        ("model", ["acme one", "other one"]),
        ("label", ["", "", "a", "b"]),
    ),
)
def test_groups(journal: MemoryJournal, by: str, keys: list[str]) -> None:
    assert [row.key for row in spend(journal.entries(), by)] == keys


def test_days_and_months(journal: MemoryJournal) -> None:
    (day, *_) = spend(journal.entries(), "day")
    (month, *_) = spend(journal.entries(), "month")
    assert day.key is not None
    assert day.key[:7] == month.key


def test_other_groups_are_refused(journal: MemoryJournal) -> None:
    with pytest.raises(UsageError, match="provider, model, label, day, month"):
        spend(journal.entries(), "week")


def test_what_is_left_of_budgets(journal: MemoryJournal) -> None:
    budgets = [Budget(amount="1 USD"), Budget(amount="1 USD", label="a"), Budget(amount="0 USD")]
    rates = {("other", "other:credits"): Money("0.01", "USD")}
    left = what_is_left(Purse(budgets=budgets, rates=rates), journal.totals, "2026-11-20")
    assert [(one.counted, one.left) for one in left] == [
        (Decimal("0.22"), Decimal("0.78")),
        (Decimal("0.09"), Decimal("0.91")),
        (Decimal("0.22"), 0),
    ]
    assert left[1].row() == {
        "amount": "1",
        "unit": "USD",
        "per": "total",
        "provider": None,
        "label": "a",
        "counted": "0.09",
        "left": "0.91",
        "not_counted": [],
    }


def test_what_budgets_do_not_count_is_told(journal: MemoryJournal) -> None:
    budgets = [Budget(amount="1 USD"), Budget(amount="9 other:credits")]
    dollars, credits = what_is_left(Purse(budgets=budgets), journal.totals, "2026-11-20")
    assert (dollars.counted, list(map(str, dollars.not_counted))) == (
        Decimal("0.13"), ["9 credits"],
    )  # fmt: skip
    assert credits.row()["not_counted"] == [{"amount": "0.13", "unit": "USD"}]


def test_a_day_is_no_moment() -> None:
    since: Any = date(2026, 1, 31)
    with imgedit.SyncClient() as client, pytest.raises(UsageError, match="since is a datetime"):
        client.spend(since=since)
