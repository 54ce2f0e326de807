"""The tables of a journal: every step from an empty file to the present version, in order."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC

from attrs import evolve

from ..engine.store import loads
from ..errors import JournalError
from ..ledger import Entry, entry_of
from .rows import amounts, count, fixed, storable

APPLICATION = 0x696D6764  # "imgd": tells our files from other programs' databases

_JOBS = """
CREATE TABLE jobs (
    id TEXT PRIMARY KEY NOT NULL,
    status TEXT NOT NULL,
    finished INTEGER NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    label TEXT,
    vendor_ids TEXT,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    record TEXT NOT NULL
);
CREATE INDEX jobs_unfinished ON jobs (id) WHERE finished = 0;
CREATE INDEX jobs_taken ON jobs (provider, vendor_ids) WHERE vendor_ids IS NOT NULL
"""

# Amounts are decimal texts: SQLite's own numbers would round them.
_LEDGER = """
ALTER TABLE jobs ADD COLUMN owner TEXT;
ALTER TABLE jobs ADD COLUMN fence INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN expires REAL NOT NULL DEFAULT 0;
CREATE TABLE ledger (
    job_id TEXT PRIMARY KEY NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    label TEXT,
    unit TEXT NOT NULL,
    quoted TEXT,
    at_most TEXT,
    reserved TEXT NOT NULL,
    charge TEXT,
    charge_source TEXT,
    refunded TEXT NOT NULL,
    counted TEXT NOT NULL,
    at TEXT NOT NULL,
    day TEXT NOT NULL,
    state TEXT NOT NULL,
    open INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE totals (
    day TEXT NOT NULL,
    provider TEXT NOT NULL,
    label TEXT NOT NULL,
    unit TEXT NOT NULL,
    counted TEXT NOT NULL,
    PRIMARY KEY (day, provider, label, unit)
) WITHOUT ROWID;
CREATE TABLE slots (
    job_id TEXT PRIMARY KEY NOT NULL,
    provider TEXT NOT NULL,
    owner TEXT NOT NULL,
    expires REAL NOT NULL
);
CREATE TABLE turns (provider TEXT PRIMARY KEY NOT NULL, due REAL NOT NULL)
"""

_ENTER = "INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

# Jobs of before have no fingerprint: their pictures as they were given are not known any more.
_SAME = """
ALTER TABLE jobs ADD COLUMN fingerprint TEXT;
CREATE INDEX jobs_same ON jobs (fingerprint, id)
    WHERE status = 'done' AND finished = 1 AND fingerprint IS NOT NULL
"""

# One row per job, with its entry, is one page to write where two were. The record is last: what
# comes before it is read without it. What the ledger keeps are jobs that were forgotten.
_IN_ONE = """
ALTER TABLE jobs RENAME TO jobs_before;
CREATE TABLE jobs (
    id TEXT PRIMARY KEY NOT NULL,
    status TEXT NOT NULL,
    finished INTEGER NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    label TEXT,
    vendor_ids TEXT,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    owner TEXT,
    fence INTEGER NOT NULL,
    expires REAL NOT NULL,
    fingerprint TEXT,
    unit TEXT,
    quoted TEXT,
    at_most TEXT,
    reserved TEXT,
    charge TEXT,
    charge_source TEXT,
    refunded TEXT,
    counted TEXT,
    at TEXT,
    day TEXT,
    open INTEGER,
    record TEXT NOT NULL
);
INSERT INTO jobs
SELECT old.id, old.status, old.finished, old.provider, old.model, old.label, old.vendor_ids,
    old.created_at, old.updated_at, old.owner, old.fence, old.expires, old.fingerprint, unit,
    quoted, at_most, reserved, charge, charge_source, refunded, counted, at, day, open, old.record
FROM jobs_before AS old LEFT JOIN ledger ON job_id = old.id ORDER BY old.id;
DELETE FROM ledger WHERE job_id IN (SELECT id FROM jobs);
DROP TABLE jobs_before;
CREATE INDEX jobs_unfinished ON jobs (id) WHERE finished = 0;
CREATE INDEX jobs_taken ON jobs (provider, vendor_ids) WHERE vendor_ids IS NOT NULL;
CREATE INDEX jobs_same ON jobs (fingerprint, id)
    WHERE status = 'done' AND finished = 1 AND fingerprint IS NOT NULL;
CREATE VIEW entries AS
SELECT * FROM ledger
UNION ALL
SELECT id, provider, model, label, unit, quoted, at_most, reserved, charge, charge_source, refunded,
    counted, at, day, status, open
FROM jobs WHERE unit IS NOT NULL
"""

# Whether the same edit is bought already is asked before each.
_GOING_ON = """
DROP INDEX jobs_unfinished;
CREATE INDEX jobs_unfinished ON jobs (fingerprint, id) WHERE finished = 0
"""


def _first(connection: sqlite3.Connection) -> None:
    _run(connection, _JOBS)
    connection.execute(f"PRAGMA application_id = {APPLICATION}")


def _with_ledger(connection: sqlite3.Connection) -> None:
    _run(connection, _LEDGER)
    for (text,) in connection.execute("SELECT record FROM jobs ORDER BY id").fetchall():
        try:
            record = loads(text)
        except JournalError:
            continue  # it is named when somebody asks for it
        moment = record.created_at.astimezone(UTC)
        at, day = moment.isoformat(), moment.date().isoformat()
        entry = entry_of(record, None, at=at, day=day)
        model, label = storable(entry.model), entry.label and storable(entry.label)
        entry = evolve(entry, model=model, label=label)
        _enter(connection, entry)
        count(connection, entry)


def _enter(connection: sqlite3.Connection, entry: Entry) -> None:
    names = (entry.job_id, entry.provider, entry.model, entry.label)
    unit, quoted, at_most, at, day = fixed(entry)
    *spent, is_open = amounts(entry)
    row = (*names, unit, quoted, at_most, *spent, at, day, entry.state, is_open)
    connection.execute(_ENTER, row)


def _with_fingerprints(connection: sqlite3.Connection) -> None:
    _run(connection, _SAME)


def _in_one(connection: sqlite3.Connection) -> None:
    _run(connection, _IN_ONE)


def _going_on(connection: sqlite3.Connection) -> None:
    _run(connection, _GOING_ON)


_STEPS: tuple[Callable[[sqlite3.Connection], None], ...] = (
    _first,
    _with_ledger,
    _with_fingerprints,
    _in_one,
    _going_on,
)

VERSION = len(_STEPS)
"""Of the tables; a file with a higher one belongs to a newer imgedit."""


def bring_up(connection: sqlite3.Connection, version: int) -> None:
    """Take the tables from a version to the present one, inside the caller's transaction."""
    for step in _STEPS[version:]:
        step(connection)
    # SQLite opens a read-only file without a word; only a change tells.
    connection.execute(f"PRAGMA user_version = {VERSION}")


def _run(connection: sqlite3.Connection, statements: str) -> None:
    for statement in statements.split(";"):
        connection.execute(statement)
