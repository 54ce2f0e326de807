"""The journal as one SQLite file with one row per job."""

from __future__ import annotations

import json
import os
import sqlite3
import time
import weakref
from collections.abc import Iterable, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

from ..engine.record import JobRecord
from ..engine.store import dumps, loads
from ..errors import JournalError
from .place import keep_to_ourselves, private_file, private_folder
from .trouble import in_plain_words

VERSION = 1
"""Of the tables; a file with a higher one belongs to a newer imgedit."""

_APPLICATION = 0x696D6764  # "imgd": tells our files from other programs' databases

_TABLES = f"""
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
CREATE INDEX jobs_taken ON jobs (provider, vendor_ids) WHERE vendor_ids IS NOT NULL;
PRAGMA application_id = {_APPLICATION};
PRAGMA user_version = {VERSION};
"""

# A job whose submit left is "planned" again only when that submit cannot cost anything more.
_SAVE = """
INSERT INTO jobs (id, status, finished, provider, model, label, vendor_ids,
                  created_at, updated_at, record)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET
    status = excluded.status,
    finished = excluded.finished,
    provider = excluded.provider,
    model = excluded.model,
    label = excluded.label,
    vendor_ids = excluded.vendor_ids,
    updated_at = excluded.updated_at,
    record = excluded.record
WHERE jobs.status = 'planned' OR excluded.status <> 'planned' OR ?
"""

_BEGINS = "SELECT id, record FROM jobs WHERE id >= ? AND id < ? ORDER BY id LIMIT 4"
_UNFINISHED = "SELECT id, record FROM jobs WHERE finished = 0 ORDER BY id"
_RECENT = "SELECT id, record FROM jobs ORDER BY id DESC LIMIT ?"
_TAKEN = "SELECT DISTINCT vendor_ids FROM jobs WHERE provider = ? AND vendor_ids IS NOT NULL"


class SqliteJournal:
    """Keeps jobs in a file, so that they outlive the process and the power.

    The file is 0600 and folders that are made for it 0700; one process after another, or
    several at once, may use it. Calls may come from any thread, one at a time.

    Args:
        path: the file; it is made when it is not there.
        spool: the folder for pictures; None = `<path>.spool`. Made when first asked for.
        patience: seconds to wait for another process that holds the file.

    Raises:
        JournalError: from every method; the sentence says what is wrong with the file.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        spool: str | os.PathLike[str] | None = None,
        patience: float = 10.0,
    ) -> None:
        self.path = _absolute(path)
        own = self.path.with_name(self.path.name + ".spool")
        self._spool = own if spool is None else _absolute(spool)
        self._patience = patience
        self._lock = Lock()
        private_folder(self.path.parent, "the journal")
        private_file(self.path)
        with in_plain_words(self.path, patience):
            self._connection = sqlite3.connect(
                self.path, timeout=patience, isolation_level=None, check_same_thread=False
            )
            # A client that is dropped without being closed leaves no open file behind.
            self._close = weakref.finalize(self, self._connection.close)
            try:
                self._prepare()
            except BaseException:
                self._close()
                raise
        keep_to_ourselves(self.path)

    def __repr__(self) -> str:
        return f"SqliteJournal({str(self.path)!r})"

    @property
    def spool(self) -> Path | None:
        """The folder for pictures, 0700; it exists when this returns."""
        private_folder(self._spool, "pictures")
        return self._spool

    def save(self, record: JobRecord) -> None:
        """Store a job, new or known, in one transaction; it is on the disk when this returns.

        Raises:
            JournalError: it cannot be stored, or a job that was sent would become "planned"
                again although its submit may have been charged. The stored row is as before.
        """
        job = record.job
        try:
            text = _storable(dumps(record))
        except Exception as error:
            raise JournalError(
                f"job {record.id} cannot be stored: {type(error).__name__}", job_id=record.id
            ) from error
        ids = [str(one) for one in job.facts.vendor_ids.values()]
        repeatable = record.charged == "no" or record.idempotency_key is not None
        row = (
            record.id,
            job.status,
            record.finished,
            job.provider,
            _storable(job.model.id),
            None if job.request.label is None else _storable(job.request.label),
            json.dumps(ids) if ids else None,
            record.created_at.isoformat(),
            record.updated_at.isoformat(),
            text,
            repeatable,
        )
        try:
            with self._lock, in_plain_words(self.path, self._patience):
                changed = self._connection.execute(_SAVE, row).rowcount
        except JournalError as error:
            # What cannot be stored as sent is not sent; everything else happened already.
            error.charged = "no" if job.status == "sent" else record.charged
            error.job_id = record.id
            raise
        if not changed:
            raise JournalError(
                f"job {record.id} was sent already and is not sent again",
                hint=f"`imgedit jobs resume {record.id}` finds out what became of it.",
                charged=record.charged,
                job_id=record.id,
            )

    def load(self, job_id: str) -> JobRecord:
        """The job with this id, or with the only id that begins so (in any case of letters).

        Raises:
            JournalError: there is none, or more than one, or it cannot be read.
        """
        rows: list[tuple[str, str]] = []
        for begin in dict.fromkeys((job_id, job_id.upper())) if job_id else ():
            begin = _storable(begin)
            rows = self._rows(_BEGINS, (begin, begin + "\U0010ffff"))
            rows = [row for row in rows if row[0] == begin] or rows
            if rows:
                break
        if not rows:
            raise JournalError(
                f"there is no job {job_id!r} in the journal {self.path}",
                hint="`imgedit jobs` lists them.",
            )
        if len(rows) > 1:
            some = ", ".join(row[0] for row in rows[:3]) + (", ..." if len(rows) > 3 else "")
            raise JournalError(
                f"several jobs begin with {job_id!r}: {some}", hint="Give more of the id."
            )
        return self._record(rows[0])

    def unfinished(self) -> Iterable[JobRecord]:
        """Jobs that can go on by themselves, oldest first (not failed, canceled or complete)."""
        return [self._record(row) for row in self._rows(_UNFINISHED)]

    def recent(self, limit: int = 50) -> Iterable[JobRecord]:
        """The newest jobs, newest first."""
        return [self._record(row) for row in self._rows(_RECENT, (max(limit, 0),))]

    def taken(self, provider: str) -> frozenset[str]:
        """The vendor ids that jobs of this provider hold."""
        rows = self._rows(_TAKEN, (provider,))
        return frozenset(one for row in rows for one in json.loads(row[0]))

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        with self._lock, in_plain_words(self.path, self._patience):
            self._close()

    def _rows(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        with self._lock, in_plain_words(self.path, self._patience):
            return self._connection.execute(query, values).fetchall()

    def _record(self, row: tuple[str, str]) -> JobRecord:
        job_id, text = row
        try:
            return loads(text)
        except JournalError as error:
            raise JournalError(
                f"job {job_id} in the journal {self.path} cannot be read: {error.message}",
                hint=error.hint,
                job_id=job_id,
            ) from None

    def _prepare(self) -> None:
        """Make the tables, or see that they are ours, and that the file can be written."""
        run = self._connection.execute
        self._recognize()
        self._write_ahead()
        run("PRAGMA synchronous = FULL")
        run("BEGIN IMMEDIATE")
        if self._recognize() == 0:
            for statement in _TABLES.split(";"):
                run(statement)
            run("COMMIT")
        else:
            # SQLite opens a read-only file without a word; only a change tells.
            run(f"PRAGMA user_version = {VERSION}")
            run("ROLLBACK")

    def _recognize(self) -> int:
        """The version of the tables, 0 = there are none yet."""
        query = (
            "SELECT user_version, application_id, (SELECT count(*) FROM sqlite_master) "
            "FROM pragma_user_version, pragma_application_id"
        )
        ((version, application, tables),) = self._connection.execute(query)
        if application != _APPLICATION and (tables or application):
            raise JournalError(
                f"the file {self.path} is a database of another program",
                hint="Choose another place for the journal.",
            )
        if version > VERSION:
            raise JournalError(
                f"the journal {self.path} was written by a newer imgedit "
                f"(version {version} of its tables; this one knows {VERSION})",
                hint="Update imgedit, or choose another place for the journal.",
            )
        return int(version)

    def _write_ahead(self) -> None:
        """Turn write-ahead logging on: it is a property of the file, kept from then on."""
        deadline = time.monotonic() + self._patience
        while True:
            try:
                self._connection.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                # SQLite does not wait for this lock by itself when several start at once.
                busy = (error.sqlite_errorcode & 0xFF) == sqlite3.SQLITE_BUSY
                if not busy or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)


def _absolute(path: str | os.PathLike[str]) -> Path:
    return Path(os.path.expanduser(path)).absolute()


def _storable(text: str) -> str:
    """Text that SQLite takes: names of files may hold lone surrogates.

    Inside JSON what stands for them is JSON's own escape.
    """
    return text.encode("utf-8", "backslashreplace").decode()
