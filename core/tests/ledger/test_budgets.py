"""Whether a job fits into a budget, the same in memory and on disk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from decimal import Context, localcontext
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from attrs import evolve
from ledger_records import make_record, quote

from imgedit import Budget, BudgetExceeded, JournalError, Money, UsageError
from imgedit.engine.journal import Journal, MemoryJournal
from imgedit.journal import SqliteJournal
from imgedit.ledger import Purse
from imgedit.ledger.spend import spend, what_is_left


@pytest.fixture(params=("memory", "sqlite"))
def journal(request: Any, tmp_path: Path) -> Iterator[Journal]:
    made = MemoryJournal() if request.param == "memory" else SqliteJournal(tmp_path / "jobs.db")
    with closing(made):
        yield made


def purse(*budgets: Budget, **facts: Any) -> Purse:
    return Purse(budgets=budgets, **facts)


def refused(journal: Journal, record: Any, with_purse: Purse) -> BudgetExceeded:
    before = [entry.job_id for entry in journal.entries()]
    with pytest.raises(BudgetExceeded) as caught:
        journal.save(record, purse=with_purse)
    assert caught.value.charged == "no"
    assert caught.value.hint
    assert [entry.job_id for entry in journal.entries()] == before, "nothing was stored"
    assert record.id not in {one.id for one in journal.unfinished()}
    return caught.value


def test_what_is_reserved_counts_and_what_is_released_does_not(journal: Journal) -> None:
    limit = purse(Budget(amount="0.10 USD"))
    first, second = make_record(quote("0.02", "0.06")), make_record(quote("0.04", "0.04"))
    journal.save(first, purse=limit)
    journal.save(second, purse=limit)
    error = refused(journal, make_record(quote("0.01", "0.01")), limit)
    assert "it may cost 0.01 USD, and 0.00 are left of the budget of 0.10 USD in all" in str(error)
    assert "in Python: client.spend()" in str(error), "the command line may have another journal"
    journal.save(first.with_job(status="failed"), purse=limit)
    journal.save(make_record(quote("0.05", "0.06")), purse=limit)


def test_the_charge_replaces_what_was_reserved(journal: Journal) -> None:
    limit = purse(Budget(amount="0.10 USD"))
    record = make_record(quote("0.02", "0.09"))
    journal.save(record, purse=limit)
    refused(journal, make_record(quote("0.04", "0.04")), limit)
    journal.save(
        make_record(
            quote("0.02", "0.09"), id=record.id, status="failed", charged="yes", cost="0.03"
        ),
        purse=limit,
    )
    journal.save(make_record(quote("0.07", "0.07")), purse=limit)


def test_a_charge_that_is_only_assumed_counts_with_its_upper_bound(journal: Journal) -> None:
    limit = purse(Budget(amount="0.10 USD"))
    journal.save(make_record(quote("0.02", "0.09"), status="failed", charged="yes"), purse=limit)
    refused(journal, make_record(quote("0.02", "0.02")), limit)


def test_what_was_sent_is_stored_whatever_the_budget_says(journal: Journal) -> None:
    tight = purse(Budget(amount="0 USD"))
    for status in ("accepted", "unknown"):
        journal.save(make_record(status=status, charged="yes"), purse=tight)
    assert len(list(journal.unfinished())) == 2


def test_a_resumed_job_is_not_asked_for_its_budget_again(journal: Journal) -> None:
    record = make_record()
    journal.save(record, purse=purse(Budget(amount="0.04 USD")))
    less = purse(Budget(amount="0.01 USD"))
    journal.save(record.with_job(status="sent"), purse=less)


def test_a_job_that_became_dearer_is_told_its_whole_price(journal: Journal) -> None:
    limit = purse(Budget(amount="0.05 USD"))
    record = make_record(quote("0.04", "0.04"))
    journal.save(record, purse=limit)
    dearer = make_record(quote("0.06", "0.06"), id=record.id)
    error = refused_again(journal, dearer, limit)
    assert "it may cost 0.06 USD, and 0.05 are left of the budget of 0.05 USD" in error.message
    journal.save(make_record(quote("0.05", "0.05"), id=record.id), purse=limit)


def test_what_a_job_reserved_does_not_end_an_allowed_unknown_of_its_own(journal: Journal) -> None:
    limit = purse(Budget(amount="0.05 USD", allow_unknown=True))
    record = make_record(quote("0.04", None))
    journal.save(record, purse=limit)
    journal.save(make_record(quote("0.05", None), id=record.id), purse=limit)
    journal.save(make_record(quote("0.04", None), id=record.id), purse=limit)
    journal.save(make_record(quote("0.01", "0.01")), purse=limit)
    error = refused_again(journal, make_record(quote("0.06", None), id=record.id), limit)
    assert "it may cost 0.06 USD, and 0.04 are left" in error.message


def refused_again(journal: Journal, record: Any, with_purse: Purse) -> BudgetExceeded:
    """The error for a job that is planned already; its row stays."""
    before = list(journal.entries())
    with pytest.raises(BudgetExceeded) as caught:
        journal.save(record, purse=with_purse)
    assert list(journal.entries()) == before
    return caught.value


def test_scopes(journal: Journal) -> None:
    limit = purse(
        Budget(amount="0.04 USD", provider="acme"), Budget(amount="0.04 USD", label="shoes")
    )
    journal.save(make_record(), purse=limit)
    refused(journal, make_record(), limit)
    journal.save(make_record(provider="other"), purse=limit)
    journal.save(make_record(provider="other", label="shoes"), purse=limit)
    error = refused(journal, make_record(provider="third", label="shoes"), limit)
    assert "for the label 'shoes'" in error.message
    journal.save(make_record(provider="third"), purse=limit)


def test_the_scope_of_jobs_without_a_label(journal: Journal) -> None:
    limit = purse(Budget(amount="0.04 USD", label=""))
    journal.save(make_record(), purse=limit)
    error = refused(journal, make_record(), limit)
    assert "for jobs without a label" in error.message
    journal.save(make_record(label="shoes"), purse=limit)
    (left,) = what_is_left(limit, journal.totals, "")
    assert str(left.counted) == "0.04"


def test_nothing_is_nothing_in_every_unit(journal: Journal) -> None:
    limit = purse(Budget(amount="0 EUR"))
    journal.save(make_record(quote("0", "0")), purse=limit)
    journal.save(make_record(quote("0", "0", "acme:credits")), purse=limit)


def test_who_bills_what_was_to_be_free_is_believed_until_the_budget_is_overrun(
    journal: Journal,
) -> None:
    limit = purse(Budget(amount="0.08 USD"))
    free = quote("0", "0")
    for _ in range(2):
        journal.save(make_record(free, status="done", charged="yes", cost="0.04"), purse=limit)
        journal.save(make_record(free), purse=limit)
    journal.save(make_record(free, status="done", charged="yes", cost="0.04"), purse=limit)
    error = refused(journal, make_record(free), limit)
    assert "acme charged" in error.message
    journal.save(make_record(free, provider="other"), purse=limit)


@pytest.mark.parametrize(
    ("price", "said"),
    (
        (quote(None, None), "the price is unknown"),
        (quote("0.02", None), "the price is 0.02 USD or more"),
        (quote("5", "5", "acme:credits"), "the price is in acme:credits, no rate to USD"),
        (quote("5", None, "acme:credits"), "the price is 5 acme:credits or more"),
    ),
    ids=str,
)
def test_what_cannot_be_compared_is_refused_unless_allowed(
    journal: Journal, price: Any, said: str
) -> None:
    error = refused(journal, make_record(price), purse(Budget(amount="100 USD")))
    assert said in error.message
    assert "allow_unknown = true" in str(error)
    journal.save(make_record(price), purse=purse(Budget(amount="100 USD", allow_unknown=True)))


def test_what_is_known_of_an_allowed_unknown_counts(journal: Journal) -> None:
    limit = purse(Budget(amount="0.05 USD", allow_unknown=True))
    journal.save(make_record(quote("0.04", None)), purse=limit)
    refused(journal, make_record(quote("0.04", None)), limit)


@pytest.mark.parametrize(
    "price", (quote(None, None), quote("5", "5", "acme:credits")), ids=("unknown", "no rate")
)
def test_what_is_spent_ends_it_whatever_is_not_known(journal: Journal, price: Any) -> None:
    """Else a vendor whose prices are unknown could charge for ever what it says afterwards."""
    limit = purse(Budget(amount="0.10 USD", allow_unknown=True))
    unit = price.unit
    charged = {"status": "failed", "charged": "yes"}
    journal.save(make_record(quote("0.09", "0.09"), **charged, cost="0.09"), purse=limit)
    waits = make_record(price)
    journal.save(waits, purse=limit)
    journal.save(make_record(quote("0.01", "0.01"), **charged, cost="0.01"), purse=limit)
    error = refused(journal, make_record(price), limit)
    assert "nothing is left of the budget of 0.10 USD in all" in error.message
    assert unit in error.message or "unknown" in error.message
    journal.save(waits.with_job(status="sent"), purse=limit)  # it was let through before
    journal.save(make_record(quote("0", "0")), purse=limit)


def test_a_bound_counts_once_the_charge_is_not_known(journal: Journal) -> None:
    limit = purse(Budget(amount="1 USD"))
    for _ in range(2):
        record = make_record(quote(None, "0.5"), status="failed", charged="yes")
        journal.save(record, purse=limit)
    error = refused(journal, make_record(quote(None, "0.5")), limit)
    assert "it may cost 0.5 USD, and 0.0 are left" in error.message


def test_a_rate_that_was_chosen_makes_units_comparable(journal: Journal) -> None:
    rates = {("acme", "acme:credits"): Money("0.01", "USD")}
    limit = purse(Budget(amount="0.10 USD"), rates=rates)
    journal.save(make_record(quote("6", "6", "acme:credits")), purse=limit)
    journal.save(make_record(quote("0.04", "0.04")), purse=limit)
    refused(journal, make_record(quote("1", "1", "acme:credits")), limit)


def test_each_provider_counts_at_its_own_rate(journal: Journal) -> None:
    rates = {("acme", "USD"): Money("0.9", "EUR"), ("beta", "USD"): Money("0.1", "EUR")}
    limit = purse(Budget(amount="0.045 EUR"), rates=rates)
    journal.save(make_record(provider="acme"), purse=limit)
    journal.save(make_record(provider="beta"), purse=limit)
    error = refused(journal, make_record(provider="acme"), limit)
    assert "it may cost 0.036 EUR, and 0.005 are left" in error.message
    journal.save(make_record(provider="beta"), purse=limit)
    error = refused(journal, make_record(provider="third"), limit)
    assert "no rate to EUR" in error.message


def test_a_rate_of_ones_own_needs_no_unit(journal: Journal) -> None:
    """Nobody tells in what a provider charges whose plugin is not there."""
    limit = purse(Budget(amount="0.10 USD"), rates={("acme", None): Money("0.01", "USD")})
    journal.save(make_record(quote("6", "6", "acme:credits")), purse=limit)
    journal.save(make_record(quote("0.01", "0.01")), purse=limit)
    error = refused(journal, make_record(provider="beta"), limit)
    assert "and 0.03 are left" in error.message


def test_what_was_spent_at_a_rate_that_cannot_be_read_is_not_forgotten(journal: Journal) -> None:
    budget = Budget(amount="1 USD")
    blind = {"unread": {"acme": "acme is not installed"}}
    journal.save(make_record(), purse=purse(budget, **blind))  # it charges in USD: no rate needed
    journal.save(make_record(provider="beta"), purse=purse(budget, **blind))
    rates = {("acme", "acme:credits"): Money("0.01", "USD")}
    spent = make_record(quote("5", "5", "acme:credits"), label="shoes")
    journal.save(spent, purse=purse(budget, rates=rates))
    error = refused(journal, make_record(provider="beta"), purse(budget, **blind))
    assert "5 acme:credits of acme count towards the budget of 1 USD in all" in error.message
    assert "acme is not installed" in error.message
    assert "under [providers.acme]" in str(error)
    others = (evolve(budget, provider="beta"), evolve(budget, label="hats"))
    for other in (*others, evolve(budget, allow_unknown=True)):
        record = make_record(provider="beta", label="hats")
        journal.save(record, purse=purse(other, **blind))
    journal.save(spent.with_job(status="failed"))
    journal.save(make_record(provider="beta"), purse=purse(budget, **blind))


def test_sums_are_exact_whatever_the_application_made_of_decimal(journal: Journal) -> None:
    with localcontext(Context(prec=2)):
        limit = purse(Budget(amount="1.05 USD"))
        for _ in range(26):
            journal.save(make_record(), purse=limit)
        error = refused(journal, make_record(), limit)
        assert "it may cost 0.04 USD, and 0.01 are left" in error.message
        (left,) = what_is_left(limit, journal.totals, "")
        assert str(left.left) == "0.01"
        (row,) = spend(journal.entries())
        assert str(row.reserved) == "1.04"


def test_credits_against_a_budget_in_credits(journal: Journal) -> None:
    limit = purse(Budget(amount="10 acme:credits", provider="acme"))
    journal.save(make_record(quote("10", "10", "acme:credits")), purse=limit)
    refused(journal, make_record(quote("1", "1", "acme:credits")), limit)


def test_a_day_begins_where_the_user_says(journal: Journal, monkeypatch: Any) -> None:
    moments = {
        "before": datetime(2026, 11, 30, 22, 30, tzinfo=UTC),
        "after": datetime(2026, 11, 30, 23, 30, tzinfo=UTC),
        "next": datetime(2026, 12, 1, 0, 30, tzinfo=UTC),
    }
    clock = "before"
    monkeypatch.setattr("imgedit.engine.rules.now", lambda: moments[clock])
    berlin = {"zone": ZoneInfo("Europe/Berlin")}
    for per in ("day", "month"):
        label = {"label": per}
        limit = Budget(amount="0.04 USD", per=per, **label)
        clock = "before"
        journal.save(make_record(**label), purse=purse(limit, **berlin))
        refused(journal, make_record(**label), purse(limit, **berlin))
        clock = "after"  # it is December in Berlin, and November in London
        refused(journal, make_record(**label), purse(limit))
        journal.save(make_record(**label), purse=purse(limit, **berlin))
        clock = "next"
        refused(journal, make_record(**label), purse(limit, **berlin))


@pytest.mark.parametrize(
    ("facts", "said"),
    (
        ({"amount": "5"}, "is not an amount of money"),
        ({"amount": "-5 USD"}, "is not an amount of money"),
        ({"amount": "5 USD per day"}, "is not an amount of money"),
        ({"amount": "5 USD", "per": "week"}, "per day, month or total"),
    ),
)
def test_a_budget_that_cannot_be_read(facts: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Budget(**facts)


def test_memory_keeps_the_rows_of_the_last_jobs_that_ended(monkeypatch: Any) -> None:
    monkeypatch.setattr("imgedit.engine.journal._MOST_ENTRIES", 2)
    journal, limit = MemoryJournal(), purse(Budget(amount="1 USD"))
    jobs = [make_record(status="accepted", charged="yes") for _ in range(4)]
    for one in jobs[:2]:
        journal.save(one.with_job(status="failed"), purse=limit)
    journal.save(jobs[0], purse=limit)  # somebody resumes what an error carried
    for one in (*jobs[2:], jobs[0]):
        journal.save(one.with_job(status="failed"), purse=limit)
    assert {entry.job_id for entry in journal.entries()} == {jobs[3].id, jobs[0].id}
    with pytest.raises(JournalError, match="is over"):
        journal.save(evolve(jobs[0].with_job(status="planned"), charged="no"), purse=limit)
    error = refused(journal, make_record(quote("0.85", "0.85")), limit)
    assert "0.84 are left" in error.message, "each of the four counts, and once"
