"""Budgets and the ledger around real edits, at a vendor that counts."""

from __future__ import annotations

import asyncio
import re
from decimal import Context, Decimal, Inexact, Rounded, localcontext
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

import imgedit
from imgedit import Budget, errors
from imgedit.config import Config
from imgedit.config.load import ProviderConfig
from imgedit.discovery import registry
from imgedit.engine.record import JobRecord
from imgedit.journal import SqliteJournal, job_row
from imgedit.testing.acme import MANIFEST, make
from imgedit.testing.server import Answer, ScriptedServer

from .clients import (
    client,
    direct,
    entries,
    run,
)


@pytest.mark.parametrize("way", ("direct", "uploads"))
def test_an_edit_over_the_budget_sends_nothing(
    acme: Any, server: ScriptedServer, source: Path, journal: Path | None, way: str
) -> None:
    acme(**(direct(server) if way == "direct" else {}))

    async def work() -> None:
        async with client(journal, budgets=[Budget(amount="0.08 USD", per="day")]) as one:
            results = await asyncio.gather(
                *(one.edit(source, "make it so", provider="acme") for _ in range(5)),
                return_exceptions=True,
            )
            refused = [error for error in results if isinstance(error, errors.BudgetExceeded)]
            assert {error.job_id for error in refused} == {None}, "they are in no journal"
            assert len(refused) == 3
            assert {error.charged for error in refused} == {"no"}
            assert "0.00 are left of the budget of 0.08 USD per day" in str(refused[0])
            (left,) = one.budgets()
            assert left.left == 0

    run(work())
    assert server.count("POST", "/edit") == 2
    assert server.count("POST", "/upload") == (0 if way == "direct" else 2)


def test_a_late_edit_that_no_budget_has_room_for_is_no_job(
    acme: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    """There is nothing that could go on."""
    path = tmp_path / "jobs.sqlite3"

    async def work() -> errors.DeadlineExceeded:
        async with client(path, budgets=[Budget(amount="0.05 USD")]) as one:
            await one.edit(source, "make it so", provider="acme")
            with pytest.raises(errors.DeadlineExceeded) as caught:
                await one.edit(source, "make it so", provider="acme", deadline=1e-6)
            return caught.value

    late = run(work())
    assert (late.charged, late.job, late.job_id, late.hint) == ("no", None, None, None)
    assert not late.only_here
    assert len(entries(path)) == 1
    assert server.count("POST", "/edit") == 1


def test_a_price_that_rose_since_is_paid_within_the_limits_only(
    acme: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    """Of a job that was cut off before it was sent; it waits for limits that allow it."""
    path = tmp_path / "jobs.sqlite3"
    server.on("GET", "/jobs/7", Answer.json({"urls": [f"{server.url}/out.png"]}))

    async def begun(**keywords: Any) -> str:
        acme()
        server.on("POST", "/upload", Answer(fault="hang"), Answer.json({"handle": "h1"}))
        async with client(path) as one:
            with pytest.raises(errors.DeadlineExceeded) as caught:
                await one.edit(source, "x", provider="acme", deadline=0.3, **keywords)
        return str(caught.value.job_id)

    def rises(**price: str) -> None:
        acme({"models": [{"id": "one", "price": price}]})

    async def resume(job: str, amount: str = "1 USD") -> imgedit.EditResult:
        async with client(path, budgets=[Budget(amount=amount)]) as one:
            return await one.resume(job)

    async def go() -> None:
        limited, in_budget, unknown, bought = [
            await begun(**keywords) for keywords in ({"max_cost": "0.05 USD"}, {}, {}, {})
        ]
        rises(amounts="0.40")
        with pytest.raises(errors.BudgetExceeded, match="the limit is") as over:
            await resume(limited)
        assert (over.value.charged, over.value.job is None) == ("no", False)
        assert f'client.resume("{limited}")' in (over.value.hint or "")
        with pytest.raises(errors.BudgetExceeded, match="it may cost"):
            await resume(in_budget, "0.30 USD")
        rises(unknown="not published")
        with pytest.raises(errors.BudgetExceeded, match="the price is unknown"):
            await resume(unknown)
        assert server.count("POST", "/edit") == 0
        assert [entry.counted for entry in entries(path)] == [Decimal("0.04")] * 4
        rises(amounts="0.40")
        result = await resume(bought)
        assert result.quote is not None
        assert result.quote.at_most == Decimal("0.40")
        assert server.count("POST", "/edit") == 1
        assert entries(path)[-1].counted == Decimal("0.40")
        await resume(in_budget)
        assert server.count("POST", "/edit") == 2

    run(go())


@pytest.mark.parametrize(
    "budgets", ("5 USD", ["5 USD"], Budget(amount="5 USD"), 5, [None]), ids=repr
)
def test_what_is_no_list_of_budgets_is_refused_at_once(budgets: Any) -> None:
    with pytest.raises(errors.UsageError, match="budgets are a list of Budget") as caught:
        imgedit.Client(budgets=budgets)
    assert 'budgets=[Budget(amount="5 USD", per="day")]' in str(caught.value)


def test_what_failed_unpaid_is_free_again(
    acme: Any, server: ScriptedServer, source: Path, journal: Path | None
) -> None:
    server.on("POST", "/edit", Answer(status=400), Answer(status=402), Answer.json({"id": "7"}))

    async def work() -> None:
        async with client(journal, budgets=[Budget(amount="0.04 USD")]) as one:
            for kind in (errors.InvalidRequest, errors.InsufficientCredits):
                with pytest.raises(kind):
                    await one.edit(source, "make it so", provider="acme")
            await one.edit(source, "make it so", provider="acme")
            with pytest.raises(errors.BudgetExceeded):
                await one.edit(source, "make it so", provider="acme")
            (spend,) = one.spend(by="provider")
            assert (spend.key, spend.jobs, spend.charged) == ("acme", 3, Decimal("0.04"))

    run(work())


def test_an_unknown_outcome_stays_reserved_until_it_is_settled(
    acme: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    server.on("POST", "/edit", Answer(fault="drop_after_body"), Answer.json({"id": "7"}))
    path = tmp_path / "jobs.sqlite3"

    async def work() -> None:
        async with client(path, budgets=[Budget(amount="0.04 USD")]) as one:
            with pytest.raises(errors.OutcomeUnknown) as caught:
                await one.edit(source, "make it so", provider="acme")
            job = caught.value.job_id or ""
            with pytest.raises(errors.BudgetExceeded):
                await one.edit(source, "make it so", provider="acme")
            with pytest.raises(
                errors.OutcomeUnknown, match=re.escape(f'client.settle("{job}", charged=True)')
            ):
                await one.resume(job)
            for charged, cost, said in (
                (True, "1 EUR", "charges USD, not EUR"),
                (True, "much", "is not an amount of money"),
                (False, "1 USD", "has no cost"),
            ):
                with pytest.raises(errors.UsageError, match=said) as refused:
                    one.settle(job[:20], charged=charged, cost=cost)
                assert (refused.value.charged, refused.value.job_id) == ("unknown", job)
            record = one.settle(job[:20].lower(), charged=False)
            assert (record.job.status, record.charged) == ("canceled", "no")
            with pytest.raises(errors.UsageError, match="nothing to settle"):
                one.settle(job, charged=True)
            await one.edit(source, "make it so", provider="acme")
            with pytest.raises(errors.OutcomeUnknown, match="was canceled before"):
                await one.resume(job)

    run(work())
    assert server.count("POST", "/edit") == 2


def test_a_failed_job_that_may_be_charged_is_to_be_settled(
    acme: Any, server: ScriptedServer, source: Path, journal: Path | None
) -> None:
    perhaps = {"code": ["perhaps"], "is": "JobFailed", "charged": "unknown"}
    acme({"errors": {**MANIFEST["errors"], "rows": [perhaps, *MANIFEST["errors"]["rows"]]}})
    server.on("GET", "/jobs/7", Answer.json({"code": "perhaps", "state": "failed"}))

    async def work() -> None:
        async with client(journal) as one:
            with pytest.raises(errors.JobFailed) as caught:
                await one.edit(source, "make it so", provider="acme")
            job, look = caught.value.job_id or "", "Look in your account at the provider"
            assert (caught.value.charged, [row.unknown for row in one.spend()]) == ("unknown", [1])
            if journal is None:
                assert caught.value.hint == f"{look} whether it was charged."
                return
            assert f'{look} whether it was charged, then say so: client.settle("{job}"' in str(
                caught.value
            )
            with pytest.raises(errors.JobFailed, match=re.escape(f'client.settle("{job}"')):
                await one.resume(job)
            one.settle(job, charged=False)
            assert [row.unknown for row in one.spend()] == [0]

    run(work())


def test_settled_as_charged(
    acme: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    server.on("POST", "/edit", Answer(fault="drop_after_body"))
    path = tmp_path / "jobs.sqlite3"

    async def work() -> None:
        async with client(path) as one:
            with pytest.raises(errors.OutcomeUnknown) as caught:
                await one.edit(source, "make it so", provider="acme")
            assert [row.unknown for row in one.spend()] == [1]
            one.settle(caught.value.job_id or "", charged=True, cost="0.05 USD")
            (row,) = one.spend()
            assert (row.charged, row.drift, row.unknown) == (Decimal("0.05"), Decimal("0.01"), 0)

    run(work())


def test_a_refund_is_recorded(
    acme: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    def charging(job: imgedit.Job, response: imgedit.HttpResponse) -> Any:
        if response.purpose == "submit":
            facts = imgedit.Facts(vendor_ids={"id": "7"}, cost="0.06")
            return imgedit.Wait({"id": "7"}, facts=facts)
        return imgedit.Next(job.uploaded(job.to_upload[0], "h"))

    acme(parse_response=imgedit.hookimpl(charging, specname="parse_response"))
    server.on("GET", "/jobs/7", Answer.json({"state": "failed"}))
    path = tmp_path / "jobs.sqlite3"

    async def work() -> None:
        async with client(path) as one:
            with pytest.raises(errors.JobFailed):
                await one.edit(source, "make it so", provider="acme")
            (row,) = one.spend()
            assert (row.charged, row.refunded, row.reserved) == (0, Decimal("0.06"), 0)
            (record,) = one.jobs()
            assert (record.charged, record.cost, job_row(record)["cost"]) == ("no", None, None)

    run(work())


def test_a_rate_of_the_configuration_makes_a_budget_in_money_hold_for_credits(
    acme: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    acme({"unit": "acme:credits", "models": [{"id": "one", "price": {"amounts": "4"}}]})
    server.on("GET", "/jobs/7", Answer.json({"id": "7", "urls": [f"{server.url}/out.png"]}))
    home = Config(
        budgets=(Budget(amount="0.05 USD"),), providers={"acme": ProviderConfig(rate="0.01 USD")}
    )

    async def edits(config: Config) -> list[Any]:
        async with client(tmp_path / "jobs.sqlite3") as one:
            one.runtime.config = config
            one.runtime._budgets = config.budgets
            return [
                await asyncio.gather(
                    one.edit(source, "make it so", provider="acme"), return_exceptions=True
                )
                for _ in range(2)
            ]

    (first,), (second,) = run(edits(home))
    assert isinstance(first, imgedit.EditResult)
    assert isinstance(second, errors.BudgetExceeded)
    ((third,), _) = run(edits(evolve(home, providers={})))
    assert isinstance(third, errors.BudgetExceeded)
    assert "no rate to USD was chosen" in third.message


@pytest.mark.parametrize("rate", ("pro", "0.01 USD"))
def test_a_budget_remembers_what_was_spent_without_the_plugin(
    acme: Any, server: ScriptedServer, source: Path, tmp_path: Path, rate: str
) -> None:
    rates = [{"to": "USD", "amount": "0.01", "name": "pro"}]
    models = [{"id": "one", "price": {"amounts": "4"}}]
    acme({"unit": "acme:credits", "rates": rates, "models": models})
    server.on("GET", "/jobs/7", Answer.json({"id": "7", "urls": [f"{server.url}/out.png"]}))
    imgedit.register("beta", make("beta"), {**MANIFEST, "name": "beta", "title": "Beta"})
    config = Config(providers={"acme": ProviderConfig(rate=rate)})
    budget = Budget(amount="0.07 USD")

    async def work() -> None:
        async with client(tmp_path / "jobs.db", config, budgets=[budget]) as one:
            await one.edit(source, "make it so", provider="acme")
        del registry()._entries["acme"]
        async with client(tmp_path / "jobs.db", config, budgets=[budget]) as one:
            with pytest.raises(errors.BudgetExceeded) as caught:
                await one.edit(source, "make it so", provider="beta")
            (left,) = one.budgets()
        if rate == "pro":
            assert 'the rate "pro" cannot be read: no provider' in caught.value.message
            assert (left.counted, left.not_counted) == (0, (imgedit.Money(4, "acme:credits"),))
        else:
            assert "0.03 are left" in caught.value.message
            assert (left.counted, left.not_counted) == (Decimal("0.04"), ())

    run(work())
    assert server.count("POST", "/edit") == 1


def test_a_rate_is_that_of_one_provider(acme: Any, server: ScriptedServer, source: Path) -> None:
    imgedit.register("beta", make("beta"), {**MANIFEST, "name": "beta", "title": "Beta"})
    rates = {"acme": ProviderConfig(rate="0.9 EUR"), "beta": ProviderConfig(rate="0.1 EUR")}

    async def work() -> None:
        budgets = [Budget(amount="0.04 EUR", provider="acme")]
        async with client(config=Config(providers=rates), budgets=budgets) as one:
            await one.edit(source, "make it so", provider="acme")
            with pytest.raises(errors.BudgetExceeded, match=r"cost 0\.036 EUR, and 0\.004 are"):
                await one.edit(source, "make it so", provider="acme")
            assert [left.counted for left in one.budgets()] == [Decimal("0.036")]

    run(work())


@pytest.mark.parametrize(
    "context", (Context(prec=2), Context(prec=2, traps=[Inexact, Rounded])), ids=("short", "traps")
)
def test_money_is_exact_whatever_the_application_made_of_decimal(
    acme: Any, server: ScriptedServer, source: Path, journal: Path | None, context: Context
) -> None:
    models = [{"id": "one", "price": {"amounts": "0.123", "scale": "1.01"}}]
    told = {"at": "/cost", "scale": "0.01"}
    acme({"models": models, "errors": {**MANIFEST["errors"], "cost": told}})
    billed = {"code": "moderated", "state": "failed", "cost": "12.3456789"}
    server.on("POST", "/edit", Answer.json(billed))
    config = Config(providers={"acme": ProviderConfig(rate="0.907 EUR")})
    price, cost = Decimal("0.12423"), Decimal("0.123456789")

    async def work() -> None:
        async with client(journal, config, budgets=[Budget(amount="0.2 USD")]) as one:
            offer = (await one.quote(source, "x", provider="acme")).quotes[0]
            assert (offer.quote.amount, offer.also.amount) == (price, Decimal("0.11267661"))
            for limit in ("0.1242 USD", "0.1126 EUR"):
                with pytest.raises(errors.BudgetExceeded, match="the limit is"):
                    await one.edit(source, "x", provider="acme", max_cost=limit)
            with pytest.raises(errors.ContentRejected) as caught:
                await one.edit(source, "x", provider="acme", max_cost="0.1127 EUR")
            assert caught.value.cost == imgedit.Money(cost, "USD")
            assert one.spend()[0].drift == Decimal("-0.000773211")
            assert one.budgets()[0].left == Decimal("0.076543211")

    with localcontext(context):
        run(work())


class Counting(SqliteJournal):
    """Counts its commits."""

    commits = 0

    def save(self, record: JobRecord, **options: Any) -> None:
        self._connection.set_trace_callback(self._trace)
        super().save(record, **options)

    def _trace(self, statement: str) -> None:
        self.commits += statement == "COMMIT"


@pytest.mark.parametrize(("answer", "most"), (("picture", 3), ("url", 3), ("url and id", 4)))
def test_a_synchronous_edit_takes_four_commits_at_most(
    acme: Any, server: ScriptedServer, source: Path, tmp_path: Path, answer: str, most: int
) -> None:
    """What they cost in CPU is printed by `make bench-money`."""
    acme(**direct(server))
    if answer != "picture":
        told = {"urls": [f"{server.url}/out.png"], "cost": "0.04"}
        server.on("POST", "/edit", Answer.json(told | ({"id": "7"} if "id" in answer else {})))
    kept = Counting(tmp_path / "jobs.sqlite3")

    async def work() -> None:
        async with client(kept, budgets=[Budget(amount="100 USD", per="day")]) as one:
            for number in range(3):
                kept.commits = 0
                await one.edit(source, "x", provider="acme", out=tmp_path / f"{number}.png")
                assert kept.commits == most

    run(work())
