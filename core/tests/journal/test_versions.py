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

from imgedit import Budget, BudgetExceeded, Done, Facts, HttpResponse, JournalError, Output
from imgedit.engine.record import SavedFile
from imgedit.engine.store import dumps, loads
from imgedit.journal import SqliteJournal
from imgedit.journal.rows import storable
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

# What the second one made of it.
_SECOND = """
ALTER TABLE jobs ADD COLUMN owner TEXT;
ALTER TABLE jobs ADD COLUMN fence INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN expires REAL NOT NULL DEFAULT 0;
CREATE TABLE ledger (
    job_id TEXT PRIMARY KEY NOT NULL, provider TEXT NOT NULL, model TEXT NOT NULL, label TEXT,
    unit TEXT NOT NULL, quoted TEXT, at_most TEXT, reserved TEXT NOT NULL, charge TEXT,
    charge_source TEXT, refunded TEXT NOT NULL, counted TEXT NOT NULL, at TEXT NOT NULL,
    day TEXT NOT NULL, state TEXT NOT NULL, open INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE totals (
    day TEXT NOT NULL, provider TEXT NOT NULL, label TEXT NOT NULL, unit TEXT NOT NULL,
    counted TEXT NOT NULL, PRIMARY KEY (day, provider, label, unit)
) WITHOUT ROWID;
CREATE TABLE slots (
    job_id TEXT PRIMARY KEY NOT NULL, provider TEXT NOT NULL, owner TEXT NOT NULL,
    expires REAL NOT NULL
);
CREATE TABLE turns (provider TEXT PRIMARY KEY NOT NULL, due REAL NOT NULL);
INSERT INTO ledger SELECT id, provider, model, label, 'USD', '0.04', '0.04', '0', '0.03',
    'vendor', '0', '0.03', created_at, substr(created_at, 1, 10), status, 0 FROM jobs;
PRAGMA user_version = 2;
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
                    job.request.label and storable(job.request.label), None,
                    record.created_at.isoformat(), record.updated_at.isoformat(),
                    text or dumps(record),
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


def test_a_label_that_is_no_utf8(first: Any, make_record: MakeRecord) -> None:
    record = make_record(label="shoes-\udcff", status="accepted", charged="yes")
    with closing(SqliteJournal(first(record))) as journal:
        assert journal.load(record.id) == record
        assert journal.hold(record.id) == record
        journal.save(record.with_job(status="failed"))
        (entry,) = journal.entries()
        assert (entry.label, entry.state) == (r"shoes-\udcff", "failed")


def test_one_that_is_interrupted_is_done_again(
    first: Any, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = make_record()
    path = first(record)

    def fail(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("imgedit.journal.schema.count", fail)
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


def test_the_second_one_gets_fingerprints(first: Any, make_record: MakeRecord) -> None:
    old = make_record(status="failed", charged="yes", facts=Facts(cost="0.03"))
    path = first(old)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(_SECOND)
    new = evolve(finished(make_record()), fingerprint="f1")
    for _ in range(2):
        with closing(SqliteJournal(path)) as journal:
            assert journal.load(old.id) == old
            rows = {entry.job_id: entry for entry in journal.entries()}
            assert rows[old.id].charge == Decimal("0.03")
            journal.save(new)
            assert list(journal.find("f1")) == [new]
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (5,)


@pytest.mark.parametrize("schema", (1, 2))
def test_a_stored_job_of_an_older_one_is_read(make_record: MakeRecord, schema: int) -> None:
    record = evolve(make_record(status="accepted"), charged="yes")
    text = dumps(record).replace('{"schema":3,', f'{{"schema":{schema},', 1)
    text = text.replace('"charged":"yes"', '"charged":"yes","answer":{"status":200,"body":"e30="}')
    assert loads(text) == evolve(record, answer=HttpResponse(status=200, body=b"{}"))


def test_a_stored_job_of_a_newer_one_is_not_guessed(make_record: MakeRecord) -> None:
    """Its answer may lie elsewhere: to go on without it loses what was paid."""
    text = dumps(make_record()).replace('{"schema":3,', '{"schema":4,', 1)
    with pytest.raises(JournalError, match="another version"):
        loads(text)


def finished(record: Any) -> Any:
    saved = SavedFile(
        index=0, path="/out.png", media_type="image/png", width=1, height=1, size=9, sha256="ab"
    )
    done = Done([Output(url="https://pictures.acme.example/1")])
    return evolve(record.with_job(status="done", done=done), charged="yes", files=(saved,))
