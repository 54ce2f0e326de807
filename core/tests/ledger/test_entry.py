"""The ledger's row follows from the job's record."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve
from ledger_records import make_record, quote

from imgedit.ledger import Entry, entry_of

BOUNDED = quote("0.02", "0.08")


def row(record: Any, before: Entry | None = None) -> Entry:
    return entry_of(record, before, at="2026-11-20T12:00:00+00:00", day="2026-11-20")


def figures(entry: Entry) -> tuple[str, str | None, str | None, str, bool]:
    charge = None if entry.charge is None else str(entry.charge)
    return str(entry.reserved), charge, entry.source, str(entry.counted), entry.open


@pytest.mark.parametrize(
    ("status", "charged", "cost", "expected"),
    (
        ("planned", "no", None, ("0.08", None, None, "0.08", True)),
        ("sent", "unknown", None, ("0.08", None, None, "0.08", True)),
        ("unknown", "unknown", None, ("0.08", None, None, "0.08", True)),
        ("accepted", "yes", None, ("0.08", "0.02", "quote", "0.08", True)),
        ("accepted", "yes", "0.05", ("0.08", "0.05", "vendor", "0.08", True)),
        ("accepted", "yes", "0.09", ("0.09", "0.09", "vendor", "0.09", True)),
        ("done", "yes", "0.05", ("0", "0.05", "vendor", "0.05", False)),
        ("done", "yes", "0.09", ("0", "0.09", "vendor", "0.09", False)),
        ("done", "yes", None, ("0", "0.02", "quote", "0.08", False)),
        ("done", "yes", "0", ("0", "0", "vendor", "0", False)),
        ("failed", "no", None, ("0", "0", None, "0", False)),
        ("failed", "no", "0.05", ("0", "0", None, "0", False)),
        ("failed", "yes", "0.05", ("0", "0.05", "vendor", "0.05", False)),
        ("failed", "yes", None, ("0", "0.02", "quote", "0.08", False)),
        ("failed", "unknown", None, ("0.08", None, None, "0.08", True)),
        ("canceled", "no", None, ("0", "0", None, "0", False)),
    ),
)
def test_the_figures(status: str, charged: str, cost: str | None, expected: Any) -> None:
    assert figures(row(make_record(BOUNDED, status=status, charged=charged, cost=cost))) == expected


def test_a_price_without_bound_counts_with_what_is_known_of_it() -> None:
    assert figures(row(make_record(quote("50", None)))) == ("50", None, None, "50", True)
    assert figures(row(make_record(quote(None, None)))) == ("0", None, None, "0", True)
    done = make_record(quote(None, None), status="done", charged="yes")
    assert figures(row(done)) == ("0", None, None, "0", False)


def test_a_bound_counts_where_neither_price_nor_charge_is_known() -> None:
    bounded = quote(None, "0.50")
    assert figures(row(make_record(bounded))) == ("0.50", None, None, "0.50", True)
    done = make_record(bounded, status="done", charged="yes")
    assert figures(row(done)) == ("0", None, None, "0.50", False)
    told = make_record(bounded, status="done", charged="yes", cost="0.20")
    assert figures(row(told)) == ("0", "0.20", "vendor", "0.20", False)


def test_a_price_in_another_unit_than_the_charge_goes_on_counting() -> None:
    """Else an edit of 0.04 USD whose vendor says "4 credits" would leave a budget in USD."""
    price = evolve(BOUNDED, unit="EUR")
    asked = make_record(price, unit="USD", status="done", charged="yes", cost="4")
    assert figures(row(asked)) == ("0", "0.02", "quote", "0.08", False)
    assert row(asked).unit == "EUR"


def test_what_a_vendor_gives_back_is_a_refund() -> None:
    accepted = make_record(BOUNDED, status="accepted", charged="yes", cost="0.08")
    before = row(accepted)
    refunded = row(make_record(BOUNDED, id=accepted.id, status="failed", cost="0.08"), before)
    assert (refunded.charge, refunded.refunded) == (0, Decimal("0.08"))
    partly = row(
        make_record(BOUNDED, id=accepted.id, status="done", charged="yes", cost="0.03"), before
    )
    assert (partly.charge, partly.refunded) == (Decimal("0.03"), Decimal("0.05"))
    again = row(
        make_record(BOUNDED, id=accepted.id, status="done", charged="yes", cost="0.03"), partly
    )
    assert again == partly


def test_a_better_figure_is_no_refund() -> None:
    before = row(make_record(quote("0.05", "0.05"), status="accepted", charged="yes"))
    known = make_record(quote("0.05", "0.05"), status="done", charged="yes", cost="0.04")
    assert row(known, before).refunded == 0
    failed = make_record(quote("0.05", "0.05"), status="failed")
    assert row(failed, before).refunded == 0  # the vendor never said that it charged anything
    never = row(make_record(status="unknown", charged="unknown"))
    assert row(make_record(status="canceled"), never).refunded == 0


def test_the_moment_and_the_day_are_those_of_the_first_time() -> None:
    record = make_record(status="sent", charged="unknown")
    first = row(record)
    later = entry_of(
        record.with_job(status="accepted"), first, at="2026-11-21T00:00:01+00:00", day="2026-11-21"
    )
    assert (later.at, later.day) == (first.at, first.day)
