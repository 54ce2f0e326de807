"""Budgets, limits and the journal around real edits, at a vendor that counts."""

from __future__ import annotations

import asyncio
import errno
import os
import re
import sqlite3
import subprocess
import sys
import threading
import time
from base64 import b64encode
from contextlib import closing, suppress
from datetime import timedelta
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
from imgedit.engine import room
from imgedit.engine.journal import MemoryJournal
from imgedit.engine.record import JobRecord, new_id
from imgedit.engine.room import EACH, Room
from imgedit.journal import SqliteJournal, job_row
from imgedit.ledger import Entry
from imgedit.testing.acme import MANIFEST, make
from imgedit.testing.pictures import png
from imgedit.testing.server import Answer, ScriptedServer
from imgedit.testing.waits import instant_waits


@pytest.fixture(params=("memory", "sqlite"))
def journal(request: Any, tmp_path: Path) -> Path | None:
    return None if request.param == "memory" else tmp_path / "jobs.sqlite3"


def direct(server: ScriptedServer) -> dict[str, Any]:
    """Hooks and answers for an edit in one exchange, with the picture in the answer."""
    server.on("POST", "/edit", Answer.picture(png()))

    @imgedit.hookimpl
    def build_request(job: imgedit.Job) -> imgedit.HttpRequest:
        body = imgedit.Json(job.wire())
        return imgedit.HttpRequest(method="POST", url="/edit", purpose="submit", body=body)

    return {"build_request": build_request}


def run(work: Any) -> Any:
    return asyncio.run(work)


def client(journal: Any = None, config: Config | None = None, **facts: Any) -> imgedit.Client:
    made = imgedit.Client(journal=journal, **facts)
    if config is not None:
        made.runtime.config = config
    return made


def entries(path: Path) -> list[Entry]:
    with closing(SqliteJournal(path)) as kept:
        return list(kept.entries())


# -- budgets


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


# -- who drives a job


def test_two_clients_resume_one_job(
    acme: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    path = tmp_path / "jobs.sqlite3"
    busy, done = Answer.json({"id": "7"}), Answer.json({"id": "7", "urls": [f"{server.url}/o.png"]})
    server.on("GET", "/jobs/7", evolve(busy, fault="drop_after_body"))
    server.on("GET", "/o.png", Answer.picture(png()))

    async def work() -> None:
        async with client(path) as one:
            with pytest.raises(errors.NetworkError) as caught:
                await one.edit(source, "make it so", provider="acme")
        job = caught.value.job_id or ""
        server.on("GET", "/jobs/7", evolve(done, delay=0.5))
        async with client(path) as one, client(path) as other:
            driving = asyncio.create_task(one.resume(job))
            await asyncio.sleep(0.2)
            assert dict(other.driven()) == {job: "this process"}
            with pytest.raises(errors.JournalError, match=f"drives job {job}"):
                await other.resume(job)
            with pytest.raises(errors.JournalError, match=f"drives job {job}"):
                await one.resume(job)
            with pytest.raises(errors.JournalError, match=f"drives job {job}"):
                other.settle(job, charged=True)
            first = await driving
            assert other.driven() == {}
            assert (await other.resume(job)).job_id == first.job_id

    run(work())
    assert server.count("POST", "/edit") == 1
    assert server.count("GET", "/o.png") == 1


def test_a_job_that_another_finished_meanwhile_is_not_driven_again(
    acme: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    path = tmp_path / "jobs.sqlite3"
    server.on("GET", "/jobs/7", Answer(status=500))

    async def work() -> None:
        async with client(path) as one:
            with pytest.raises(errors.ProviderUnavailable) as caught:
                await one.edit(source, "make it so", provider="acme")
        stale = caught.value.job or ""
        done = {"id": "7", "urls": [f"{server.url}/out.png"]}
        server.on("GET", "/jobs/7", Answer.json(done))
        async with client(path) as one:
            await one.resume(caught.value.job_id or "")
            await one.resume(stale)

    run(work())
    assert server.count("GET", "/out.png") == 1


# -- limits


def limited(**settings: Any) -> Config:
    return Config(providers={"acme": ProviderConfig(**settings)})


def test_so_many_edits_run_at_once(
    acme: Any, server: ScriptedServer, source: Path, journal: Path | None
) -> None:
    hooks = direct(server)
    acme(**hooks)
    running, most = 0, 0

    def build_request(job: imgedit.Job) -> imgedit.HttpRequest:
        nonlocal running, most
        running += 1
        most = max(most, running)
        body = imgedit.Json(job.wire())
        return imgedit.HttpRequest(method="POST", url="/edit", purpose="submit", body=body)

    def parse_response(job: imgedit.Job, response: imgedit.HttpResponse) -> imgedit.Done:
        nonlocal running
        running -= 1
        assert response.picture is not None
        return imgedit.Done([imgedit.Output(image=response.picture)])

    acme(
        build_request=imgedit.hookimpl(build_request),
        parse_response=imgedit.hookimpl(parse_response),
    )

    async def work() -> None:
        async with client(journal, limited(concurrency=2)) as one:
            await asyncio.gather(*(one.edit(source, "x", provider="acme") for _ in range(7)))

    run(work())
    assert most == 2


def test_a_journal_that_is_locked_when_a_job_ends_keeps_no_place(
    acme: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    path = tmp_path / "jobs.sqlite3"

    class Locked(SqliteJournal):
        def leave(self, job_id: str) -> None:
            with closing(sqlite3.connect(path, isolation_level=None)) as lock:
                lock.execute("BEGIN IMMEDIATE")
                super().leave(job_id)

    async def work() -> None:
        async with client(Locked(path, patience=0), limited(concurrency=1)) as one:
            gone = Answer(status=404)
            server.on("GET", "/out.png", gone, gone, Answer.picture(png()))
            with pytest.raises(errors.DownloadFailed) as caught:
                await one.edit(source, "x", provider="acme")
            assert (await one.resume(caught.value.job_id)).image.size == len(png())
            await one.edit(source, "y", provider="acme", deadline=2)

    run(work())


def test_a_turn_may_be_long_in_coming(acme: Any, server: ScriptedServer, source: Path) -> None:
    class Busy(MemoryJournal):
        """Others run all the time, for 10 minutes and more."""

        asked = 0

        def enter(self, provider: str, job_id: str, limit: int) -> bool:
            self.asked += 1
            return self.asked > 2000 and super().enter(provider, job_id, limit)

    acme(**direct(server))
    journal = Busy()

    async def work() -> None:
        async with client(journal, limited(concurrency=2)) as one:
            await one.edit(source, "x", provider="acme")

    run(work())
    assert journal.asked == 2001


def test_so_many_edits_in_a_time(
    acme: Any, server: ScriptedServer, source: Path, journal: Path | None
) -> None:
    acme(**direct(server))
    events: list[imgedit.Event] = []

    async def work() -> None:
        async with client(journal, limited(limit=6.0, burst=3)) as one:
            for _ in range(4):
                await one.edit(source, "x", provider="acme", on_event=events.append)

    with instant_waits() as waits:
        run(work())
    assert sum(waits) == pytest.approx(6, abs=0.5), "three at once, then one every 6 s"
    assert [event.seconds for event in events if event.kind == "waiting"] == [
        pytest.approx(6, abs=0.5)
    ]
    assert server.connections == 4


def test_an_edit_that_is_late_does_not_wait_on_an_open_connection(
    acme: Any, server: ScriptedServer, source: Path
) -> None:
    class Uneven(MemoryJournal):
        """An edit whose connection took longer to stand was sent just before this one."""

        waits = [0.4, 5.0]

        def turn(self, provider: str, interval: float, burst: int, clock: Any) -> float:
            if provider == "acme sends" and self.waits:
                return self.waits.pop(0)
            return super().turn(provider, interval, burst, clock)

    acme(**direct(server))
    events: list[imgedit.Event] = []

    async def work() -> None:
        async with client(Uneven(), limited(limit=6.0)) as one:
            result = await one.edit(source, "x", provider="acme", on_event=events.append)
            assert result.attempts == 1

    with instant_waits() as waits:
        run(work())
    assert waits[:2] == [0.4, 5.0]
    assert next(event.seconds for event in events if event.kind == "waiting") == 5.0
    assert (server.connections, server.count("POST", "/edit")) == (2, 1)
    assert [request.connection for request in server.requests] == [2]


def test_a_limit_that_leaves_no_time(
    acme: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    acme(**direct(server))

    async def work() -> None:
        async with client(tmp_path / "jobs.db", limited(limit=3600.0)) as one:
            await one.edit(source, "x", provider="acme")
            with pytest.raises(errors.DeadlineExceeded) as caught:
                await one.edit(source, "x", provider="acme", deadline=0.3)
            assert caught.value.charged == "no"

    run(work())
    assert server.count("POST", "/edit") == 1


@pytest.mark.parametrize(("limit", "submits"), ((600.0, 1), (3.0, 3)))
def test_a_repeat_whose_turn_is_far_off_is_none(
    acme: Any, server: ScriptedServer, source: Path, tmp_path: Path, limit: float, submits: int
) -> None:
    acme(**direct(server))
    server.on("POST", "/edit", Answer(status=503))

    async def work() -> None:
        async with client(tmp_path / "jobs.db", limited(limit=limit)) as one:
            with pytest.raises(errors.ProviderUnavailable) as caught:
                await one.edit(source, "x", provider="acme")
            assert (caught.value.charged, caught.value.job) == ("no", None)

    with instant_waits() as waits:
        run(work())
    assert server.count("POST", "/edit") == submits
    assert all(wait < 60 for wait in waits)
    assert [(entry.state, entry.reserved) for entry in entries(tmp_path / "jobs.db")] == [
        ("failed", False)
    ]


def test_when_most_requests_fail_repeats_end(
    acme: Any, server: ScriptedServer, source: Path
) -> None:
    server.on("POST", "/upload", Answer(status=503))

    async def work() -> None:
        async with client() as one:
            for _ in range(20):
                with pytest.raises(errors.ProviderUnavailable) as caught:
                    await one.edit(source, "x", provider="acme")
            assert "not tried once more" in caught.value.__notes__[0]

    with instant_waits():
        run(work())
    repeats = 500 // 14
    assert server.count("POST", "/upload") == 20 + repeats


def test_repeats_that_help_cost_nothing() -> None:
    from imgedit.engine.retry import RepeatBudget

    budget = RepeatBudget()
    for _ in range(1000):
        assert budget.take(errors.RateLimited("slow down"))
        budget.give_back(repeated=True)
    assert budget.tokens == budget.MOST
    assert all(budget.take(errors.RateLimited("slow down")) for _ in range(100))
    assert not budget.take(errors.RateLimited("slow down"))
    for _ in range(5):
        budget.give_back(repeated=False)
    assert budget.take(errors.RateLimited("slow down"))


def test_waits_are_instant_only_inside(acme: Any, server: ScriptedServer, source: Path) -> None:
    slow_down = Answer(status=429, headers={"Retry-After": "9"})
    server.on("POST", "/edit", slow_down, Answer.json({"id": "7"}))

    async def work() -> None:
        async with client() as one:
            await one.edit(source, "x", provider="acme")

    begun = time.monotonic()
    with instant_waits() as waits:
        run(work())
    assert time.monotonic() - begun < 8
    assert max(waits) == pytest.approx(9, abs=0.2)


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


# -- the journal


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


def test_a_full_disk_fails_before_paying(
    acme: Any, server: ScriptedServer, source: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    acme(**direct(server))

    def full(*_: Any) -> None:
        raise OSError(28, os.strerror(28))

    async def work() -> None:
        async with client(tmp_path / "jobs.sqlite3") as one:
            with monkeypatch.context() as patch:
                patch.setattr(os, "posix_fallocate", full)
                with pytest.raises(errors.JournalError, match="no room for the answer") as caught:
                    await one.edit(source, "x", provider="acme")
                error = caught.value
                assert (error.charged, error.job, error.retryable) == ("no", None, True)
            assert server.count("POST", "/edit") == 0
            await one.edit(source, "x", provider="acme")

    run(work())
    assert rooms() == 0, "it is given back"


def small_disk(monkeypatch: Any) -> None:
    """A disk with room for one answer."""
    take = room._take

    def small(file: Any, size: int) -> None:
        if rooms():
            raise OSError(28, os.strerror(28))
        take(file, size)

    monkeypatch.setattr(room, "_take", small)


def test_edits_at_once_wait_for_the_room_that_others_hold(
    acme: Any, server: ScriptedServer, source: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    acme(**direct(server))
    small_disk(monkeypatch)
    seen: list[imgedit.Event] = []

    async def work() -> None:
        async with client(tmp_path / "jobs.sqlite3") as one:
            edits = (
                one.edit(source, f"{number}", provider="acme", on_event=seen.append)
                for number in range(4)
            )
            await asyncio.gather(*edits)

    run(work())
    assert server.count("POST", "/edit") == 4
    assert rooms() == 0
    waiting = [event.job_id for event in seen if event.kind == "waiting"]
    assert len(waiting) == len(set(waiting)) == 3, "each is told once"
    sent = [event.job_id for event in seen if event.kind in ("sending", "accepted")]
    assert sent[::2] == sent[1::2], "one is sent when the answer before is stored"


@pytest.mark.parametrize("kind", ("picture", "json"))
def test_the_room_is_held_while_the_answer_arrives(
    acme: Any, server: ScriptedServer, source: Path, tmp_path: Path, monkeypatch: Any, kind: str
) -> None:
    """Its head is there at once, and its body takes longer than the other edit may."""
    acme(**direct(server))
    small_disk(monkeypatch)
    answer = Answer.picture(png()) if kind == "picture" else Answer.json({"id": "7"})
    server.on("POST", "/edit", evolve(answer, fault="hang_inside"))

    async def work() -> None:
        async with client(tmp_path / "jobs.sqlite3") as one:
            first = asyncio.create_task(one.edit(source, "x", provider="acme"))
            while not rooms():
                await asyncio.sleep(0.01)
            with pytest.raises(errors.DeadlineExceeded):
                await one.edit(source, "y", provider="acme", deadline=0.4)
            first.cancel()
            with suppress(asyncio.CancelledError):
                await first

    run(work())
    assert server.count("POST", "/edit") == 1
    assert rooms() == 0


@pytest.mark.parametrize(("free", "submits"), ((40 << 20, 4), (8 << 20, 0)))
def test_without_a_journal_the_temporary_folder_has_room_first(
    acme: Any, server: ScriptedServer, source: Path, monkeypatch: Any, free: int, submits: int
) -> None:
    acme(**direct(server))
    disk = room.shutil.disk_usage("/")
    monkeypatch.setattr(room.shutil, "disk_usage", lambda _: disk._replace(free=free))
    seen: list[imgedit.Event] = []

    async def work() -> list[Any]:
        async with client(None) as one:
            edits = (
                one.edit(source, f"{number}", n=2, provider="acme", on_event=seen.append)
                for number in range(4)
            )
            return await asyncio.gather(*edits, return_exceptions=True)

    ended = run(work())
    assert server.count("POST", "/edit") == submits
    sent = [event.job_id for event in seen if event.kind in ("sending", "accepted")]
    assert sent[::2] == sent[1::2], "one is sent when the answer before has its place"
    if not submits:
        for error in ended:
            assert isinstance(error, errors.JournalError)
            assert (error.charged, error.job, error.retryable) == ("no", None, True)


def test_a_picture_that_arrives_is_written_into_its_room(tmp_path: Path) -> None:
    """So nobody else, in this process or another, can take what it needs."""
    held = Room(tmp_path, 1)
    written = 0
    for size in (1000, 5 << 20, 20 << 20):
        held.make_way(size)
        written += size
        (left,) = (size for size in map(size_of, range(256)) if 1 << 20 < size < EACH)
        assert EACH - written - (2 << 20) <= left < EACH - written, "and a little for names"
    held.make_way(EACH)
    held.give_back()
    held.make_way(1)


def test_who_waits_for_room_keeps_the_deadline(
    acme: Any, server: ScriptedServer, source: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    acme(**direct(server))
    small_disk(monkeypatch)
    late = threading.Event()

    def answer(_: Any) -> Answer:
        late.wait(10)
        return Answer.picture(png())

    server.on("POST", "/edit", answer)

    async def work() -> None:
        async with client(tmp_path / "jobs.sqlite3") as one:
            first = asyncio.create_task(one.edit(source, "x", provider="acme"))
            while not rooms():
                await asyncio.sleep(0.01)
            with pytest.raises(errors.DeadlineExceeded) as caught:
                await one.edit(source, "y", provider="acme", deadline=0.2)
            assert caught.value.charged == "no"
            late.set()
            await first

    run(work())
    assert server.count("POST", "/edit") == 1


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="it is written there")
@pytest.mark.parametrize("trouble", (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS))
def test_where_the_system_cannot_take_room_it_is_written(
    tmp_path: Path, monkeypatch: Any, trouble: int
) -> None:
    def cannot(*_: Any) -> None:
        raise OSError(trouble, os.strerror(trouble))

    monkeypatch.setattr(os, "posix_fallocate", cannot)
    held = Room(tmp_path, 1)
    assert rooms() == 1
    held.give_back()


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit")
def test_a_limit_on_the_size_of_files_is_no_full_disk(tmp_path: Path) -> None:
    code = f"""
import resource
from pathlib import Path
from imgedit.engine.room import Room
from imgedit.errors import JournalError
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    Room(Path({str(tmp_path)!r}), 1)
except JournalError as error:
    print(error)
"""
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert "File too large" in ran.stdout
    assert "Raise the limit on the size of files (ulimit -f)." in ran.stdout


def rooms() -> int:
    """The rooms that this process holds: they are files without a name."""
    return sum(size_of(number) == EACH for number in range(256))


def size_of(number: int) -> int:
    """Bytes of an open file."""
    with suppress(OSError):
        return os.fstat(number).st_size
    return 0


def test_the_room_is_given_back_before_the_answer_needs_it(
    acme: Any, server: ScriptedServer, source: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    acme(**direct(server))
    seen: list[int] = []

    def answer(_: Any) -> Answer:
        seen.append(rooms())
        return Answer.picture(png())

    server.on("POST", "/edit", answer)

    async def work() -> None:
        async with client(tmp_path / "jobs.sqlite3") as one:
            await one.edit(source, "x", provider="acme")

    run(work())
    assert seen == [1], "held while the vendor works"
    assert rooms() == 0


def test_whoever_is_killed_leaves_no_room(tmp_path: Path) -> None:
    code = f"""
import os
from pathlib import Path
from imgedit.engine.room import Room
room = Room(Path({str(tmp_path)!r}), 1)
os._exit(9)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 9
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("trouble", ("newer", "corrupt", "scrap"))
def test_a_journal_that_cannot_be_used_spends_nothing(
    acme: Any, server: ScriptedServer, source: Path, tmp_path: Path, trouble: str
) -> None:
    path = tmp_path / "jobs.sqlite3"
    SqliteJournal(path).close()
    if trouble == "newer":
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA user_version = 99")
    elif trouble == "corrupt":
        content = path.read_bytes()
        path.write_bytes(content[:4096] + os.urandom(len(content) - 4096))
    else:
        path.write_bytes(b"no database " * 1000)

    async def work() -> None:
        async with client(path) as one:
            await one.edit(source, "x", provider="acme")

    with pytest.raises(errors.JournalError) as caught:
        run(work())
    assert caught.value.charged == "no"
    assert server.count("POST", "/edit") == 0


def test_prompts_can_be_kept_out(
    acme: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    path = tmp_path / "jobs.sqlite3"
    prompt = "a very private canary prompt"
    answer = {"id": "7", "urls": [f"{server.url}/out.png"], "revised_prompt": prompt}
    server.on("GET", "/jobs/7", Answer.json(answer))

    async def work() -> None:
        async with client(SqliteJournal(path, keep_prompts=False)) as one:
            result = await one.edit(source, prompt, provider="acme", out=tmp_path / "out.png")
            assert result.raw["revised_prompt"] == prompt
        async with client(path) as one:
            assert one.job(result.job_id).job.request.prompt == ""
            assert (await one.resume(result.job_id)).job_id == result.job_id

    run(work())
    for file in tmp_path.rglob("*"):
        if file.is_file():
            assert prompt.encode() not in file.read_bytes(), file


@pytest.mark.parametrize(
    ("status", "answer"),
    ((200, {"state": "failed", "code": "moderated"}), (400, {"code": "moderated"}), (500, {})),
    ids=("failed", "refused", "unknown"),
)
def test_prompts_are_kept_out_of_jobs_that_failed(
    acme: Any, server: ScriptedServer, source: Path, tmp_path: Path, status: int, answer: Any
) -> None:
    """The answer may repeat them."""
    path = tmp_path / "jobs.sqlite3"
    prompt = "a very private canary prompt"
    server.on("POST", "/edit", Answer.json({**answer, "said": prompt}, status=status))

    async def work() -> None:
        async with client(SqliteJournal(path, keep_prompts=False)) as one:
            with pytest.raises(errors.ImgEditError) as caught:
                await one.edit(source, prompt, provider="acme")
            if status == 500:
                one.settle(caught.value.job_id, charged=False)
            assert one.job(caught.value.job_id).finished

    run(work())
    for file in tmp_path.glob("jobs.sqlite3*"):
        if file.is_file():
            content = file.read_bytes()
            assert prompt.encode() not in content, file
            for begin in ("", " ", "  "):  # base64 takes three bytes at a time
                assert b64encode((begin + prompt).encode())[4:-4] not in content, file


def test_pruning_forgets_jobs_and_pictures_but_no_money(
    acme: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    path = tmp_path / "jobs.sqlite3"
    server.on("GET", "/jobs/7", Answer.json({"id": "7", "urls": [f"{server.url}/out.png"]}))

    async def work() -> None:
        async with client(path) as one:
            done = await one.edit(source, "x", provider="acme")
            server.on("POST", "/edit", Answer(fault="drop_after_body"))
            with pytest.raises(errors.OutcomeUnknown) as caught:
                await one.edit(source, "x", provider="acme")
            spool = one.runtime.spool
            never_stored = spool / new_id()
            never_stored.mkdir()
            for folder in spool.iterdir():
                os.utime(folder, (0, 0))
            assert done.image.path.exists()
            assert one.prune(timedelta(days=1)) == []
            assert not never_stored.exists()
            assert one.prune(timedelta(0)) == [done.job_id]
            assert not done.image.path.exists()
            assert [record.id for record in one.jobs()] == [caught.value.job_id]
            assert len(one.spend(by="day")) == 1
        assert {entry.job_id for entry in entries(path)} == {done.job_id, caught.value.job_id}

    run(work())
