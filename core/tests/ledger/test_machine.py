"""Any order of what can happen to jobs, on disk, with two journals that share the file.

Whatever happens: what is reserved and spent stays within the cap, nothing that was sent is sent
again, and a job is held by one of the two at most.
"""

from __future__ import annotations

import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule
from ledger_records import make_record, quote

from imgedit import Budget, BudgetExceeded, JournalError
from imgedit.engine.record import JobRecord
from imgedit.journal import SqliteJournal
from imgedit.ledger import Purse

CAP = Decimal("1.00")
CENTS = st.integers(0, 60)


def money(cents: int) -> str:
    return f"{cents / 100:.2f}"


class Ledger(RuleBasedStateMachine):
    jobs = Bundle("jobs")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "jobs.db"
        self.purse = Purse(budgets=[Budget(amount=f"{CAP} USD", per="day")])
        self.spent: dict[str, Decimal] = {}
        self.bounds: dict[str, Decimal] = {}
        self.sends: dict[str, int] = {}
        self.drivers: dict[str, int] = {}

    @initialize()
    def open(self) -> None:
        self.journals = [SqliteJournal(self.path), SqliteJournal(self.path)]

    def teardown(self) -> None:
        for journal in getattr(self, "journals", ()):
            journal.close()
        self.folder.cleanup()

    def save(self, who: int, record: JobRecord) -> bool:
        driver = self.drivers.get(record.id)
        try:
            self.journals[who].save(record, purse=self.purse)
        except BudgetExceeded:
            assert record.id not in self.bounds, "only a new job can be too much"
            return False
        except JournalError:
            assert driver not in (None, who) or record.job.status in ("sent", "planned")
            return False
        assert driver in (None, who), "two drove it"
        if record.finished:
            self.drivers.pop(record.id, None)
        else:
            self.drivers[record.id] = who
        return True

    def stored(self, job: str) -> JobRecord:
        return self.journals[0].load(job)

    @rule(target=jobs, who=st.integers(0, 1), least=CENTS, more=CENTS, sent=st.booleans())
    def begin(self, who: int, least: int, more: int, sent: bool) -> str:
        record = make_record(quote(money(least), money(least + more)))
        if sent:
            record = make_record(record.quote, id=record.id, status="sent", charged="unknown")
        if self.save(who, record):
            self.bounds[record.id] = Decimal(money(least + more))
            self.sends[record.id] = int(sent)
        return record.id

    @rule(job=jobs, who=st.integers(0, 1))
    def send(self, job: str, who: int) -> None:
        if job not in self.bounds:
            return
        before = self.stored(job)
        record = make_record(before.quote, id=job, status="sent", charged="unknown")
        if self.save(who, record):
            assert before.job.status == "planned", "it was sent from another state"
            self.sends[job] += 1

    @rule(
        job=jobs,
        who=st.integers(0, 1),
        status=st.sampled_from(("planned", "accepted", "unknown", "failed", "canceled")),
        charged=st.sampled_from(("yes", "no", "unknown")),
        share=st.none() | st.floats(0, 1),
    )
    def hear(self, job: str, who: int, status: Any, charged: Any, share: float | None) -> None:
        if job not in self.bounds:
            return
        before = self.stored(job)
        if before.job.status not in ("sent", "accepted", "unknown"):
            return
        cost = None if share is None else str(round(self.bounds[job] * Decimal(share), 4))
        charged = "no" if status == "planned" else "yes" if status == "accepted" else charged
        cost = cost if charged == "yes" else None
        record = make_record(before.quote, id=job, status=status, charged=charged, cost=cost)
        if self.save(who, record) and status == "planned":
            self.sends[job] = 0  # it is known that the vendor did not take it

    @rule(job=jobs, who=st.integers(0, 1))
    def hold(self, job: str, who: int) -> None:
        driver = self.drivers.get(job)
        try:
            found = self.journals[who].hold(job)
        except JournalError:
            assert driver is not None, "nobody drives it, and it is refused"
            return
        assert driver is None, "it is driven, and was given away"
        if found is not None:
            self.drivers[job] = who

    @rule(job=jobs, who=st.integers(0, 1))
    def release(self, job: str, who: int) -> None:
        self.journals[who].release(job)
        if self.drivers.get(job) == who:
            del self.drivers[job]

    @rule(who=st.integers(0, 1))
    def restart(self, who: int) -> None:
        self.journals[who].close()
        self.journals[who] = SqliteJournal(self.path)
        self.drivers = {job: driver for job, driver in self.drivers.items() if driver != who}

    @invariant()
    def within_the_cap(self) -> None:
        if not hasattr(self, "journals"):
            return
        entries = list(self.journals[0].entries())
        assert {entry.job_id for entry in entries} == set(self.bounds)
        reserved = sum((entry.reserved for entry in entries), Decimal(0))
        spent = sum((entry.charge or 0 for entry in entries if not entry.open), Decimal(0))
        assert reserved + spent <= sum((entry.counted for entry in entries), Decimal(0)) <= CAP
        (budget,) = self.purse.budgets
        total = sum((value for *_, value in self.journals[1].totals(budget, "")), Decimal(0))
        assert total == sum((entry.counted for entry in entries), Decimal(0))

    @invariant()
    def sent_once(self) -> None:
        assert all(count <= 1 for count in self.sends.values())


Ledger.TestCase.settings = settings(
    max_examples=60,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.timeout(240)
class TestLedger(Ledger.TestCase):
    pass
