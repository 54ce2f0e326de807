"""A journal of an older imgedit is brought up to date when it is opened."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from imgedit import Budget, BudgetExceeded, Facts
from imgedit.engine.store import dumps
from imgedit.journal import SqliteJournal
from imgedit.journal.schema import APPLICATION
from imgedit.ledger import Purse

MakeRecord = Any

# As the first imgedit made it; written down here, so that it stays what it was.
_FIRST = f"""
CREATE TABLE jobs (
    id TEXT PRIMARY KEY NOT NULL, status TEXT NOT NULL, finished INTEGER NOT NULL,
    provider TEXT NOT NULL, model TEXT NOT NULL, label TEXT, vendor_ids TEXT,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL, record TEXT NOT NULL
);
CREATE INDEX jobs_unfinished ON jobs (id) WHERE finished = 0;
CREATE INDEX jobs_taken ON jobs (provider, vendor_ids) WHERE vendor_ids IS NOT NULL;
PRAGMA application_id = {APPLICATION};
PRAGMA user_version = 1;
"""


@pytest.fixture
def first(path: Path) -> Callable[..., Path]:
    def make(*records: Any, text: str | None = None) -> Path:
        path.parent.mkdir()
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(_FIRST)
            for record in records:
                job = record.job
                row = (
                    record.id, job.status, record.finished, job.provider, job.model.id,
                    job.request.label, None, record.created_at.isoformat(),
                    record.updated_at.isoformat(), text or dumps(record),
                )  # fmt: skip
                connection.execute(f"INSERT INTO jobs VALUES ({','.join('?' * 10)})", row)
            connection.commit()
        return path

    return make


def test_jobs_stay_and_enter_the_ledger(first: Any, make_record: MakeRecord) -> None:
    open_one = make_record(status="accepted", charged="yes", label="shoes")
    paid = make_record(status="failed", charged="yes", facts=Facts(cost="0.03"))
    free = make_record(status="failed")
    path = first(open_one, paid, free)
    for _ in range(2):
        with closing(SqliteJournal(path)) as journal:
            assert journal.load(open_one.id) == open_one
            rows = {entry.job_id: entry for entry in journal.entries()}
            assert rows[open_one.id].reserved == Decimal("0.04")
            assert rows[paid.id].charge == Decimal("0.03")
            assert rows[free.id].charge == 0
            assert rows[free.id].day == free.created_at.date().isoformat()
            with pytest.raises(BudgetExceeded, match=r"0\.03 are left"):
                journal.save(make_record(), purse=Purse(budgets=[Budget(amount="0.10 USD")]))
    with closing(SqliteJournal(path)) as journal:
        assert journal.hold(open_one.id) == open_one
        journal.save(evolve(open_one.with_job(status="failed"), charged="no"))
        journal.save(make_record(), purse=Purse(budgets=[Budget(amount="0.10 USD")]))


def test_a_job_that_cannot_be_read_stops_nothing(first: Any, make_record: MakeRecord) -> None:
    path = first(make_record(), text="{}")
    with closing(SqliteJournal(path)) as journal:
        assert list(journal.entries()) == []


def test_one_that_is_interrupted_is_done_again(
    first: Any, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = make_record()
    path = first(record)

    def fail(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("imgedit.journal.schema.write_entry", fail)
        with pytest.raises(KeyboardInterrupt):
            SqliteJournal(path)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
        assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() < (5,)
    with closing(SqliteJournal(path)) as journal:
        assert [entry.job_id for entry in journal.entries()] == [record.id]


def test_an_older_one_is_also_ours_alone(first: Any, make_record: MakeRecord) -> None:
    path = first(make_record())
    journals = [SqliteJournal(path) for _ in range(3)]
    for journal in journals:
        assert len(list(journal.entries())) == 1
        journal.close()
