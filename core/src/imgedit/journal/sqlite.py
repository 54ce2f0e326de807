"""The journal as one SQLite file with one row per job."""

from __future__ import annotations

import json
import os
import sqlite3
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any

from attrs import evolve

from ..engine.journal import LEASE, enters, may_follow, next_turn, sent_already
from ..engine.record import JobRecord, now
from ..engine.store import dumps, loads
from ..errors import JournalError
from ..ledger import Budget, Entry, Purse, entry_of
from ..ledger.budgets import Total
from .owner import Owner, this_process
from .place import keep_to_ourselves, private_file, private_folder
from .rows import add_to_total, read_entry, storable, totals, write_entry
from .schema import APPLICATION, VERSION, bring_up
from .trouble import in_plain_words

_SAVE = """
INSERT INTO jobs (id, status, finished, provider, model, label, vendor_ids,
                  created_at, updated_at, record, owner, fence, expires)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET
    status = excluded.status,
    finished = excluded.finished,
    provider = excluded.provider,
    model = excluded.model,
    label = excluded.label,
    vendor_ids = excluded.vendor_ids,
    updated_at = excluded.updated_at,
    record = excluded.record,
    owner = excluded.owner,
    fence = excluded.fence,
    expires = excluded.expires
"""

_KNOWN = """
SELECT jobs.status, jobs.owner, jobs.fence, jobs.expires, ledger.*
FROM (SELECT ? AS wanted) LEFT JOIN jobs ON jobs.id = wanted
    LEFT JOIN ledger ON ledger.job_id = wanted
"""
_LEASE = "SELECT record, owner, fence, expires FROM jobs WHERE id = ?"
_TAKE = "UPDATE jobs SET owner = ?, fence = ?, expires = ? WHERE id = ?"
_RELEASE = "UPDATE jobs SET owner = NULL, expires = 0 WHERE id = ? AND owner = ? AND fence = ?"
_RELEASE_ALL = "UPDATE jobs SET owner = NULL, expires = 0 WHERE owner = ?"
_RENEW = "UPDATE jobs SET expires = ? WHERE id = ? AND owner = ? AND fence = ?"
_DRIVEN = "SELECT id, owner, expires FROM jobs WHERE finished = 0 AND owner IS NOT NULL"
_BEGINS = "SELECT id, record FROM jobs WHERE id >= ? AND id < ? ORDER BY id LIMIT 4"
_UNFINISHED = "SELECT id, record FROM jobs WHERE finished = 0 ORDER BY id"
_RECENT = "SELECT id, record FROM jobs ORDER BY id DESC LIMIT ?"
_TAKEN = "SELECT DISTINCT vendor_ids FROM jobs WHERE provider = ? AND vendor_ids IS NOT NULL"
_ENTRIES = "SELECT * FROM ledger WHERE at >= ? ORDER BY at, job_id"
_OLD = """
SELECT id FROM jobs LEFT JOIN ledger ON job_id = id
WHERE finished = 1 AND updated_at < ? AND NOT ifnull(open, 0) AND owner IS NULL
"""


class SqliteJournal:
    """Keeps jobs in a file, so that they outlive the process and the power.

    The file is 0600 and folders that are made for it 0700; one process after another, or
    several at once, may use it. Calls may come from any thread, one at a time.

    Args:
        path: the file; it is made when it is not there.
        spool: the folder for pictures; None = `<path>.spool`. Made when first asked for.
        patience: seconds to wait for another process that holds the file.
        keep_prompts: False takes prompts, descriptions and the vendor's last answer out of jobs
            that are finished.

    Raises:
        JournalError: from every method; the sentence says what is wrong with the file.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        spool: str | os.PathLike[str] | None = None,
        patience: float = 10.0,
        keep_prompts: bool = True,
    ) -> None:
        self.path = _absolute(path)
        own = self.path.with_name(self.path.name + ".spool")
        self._spool = own if spool is None else _absolute(spool)
        self._patience = patience
        self._keep_prompts = keep_prompts
        self._lock = Lock()
        self._owner = this_process()
        self._name = str(self._owner)
        self._held: dict[str, int] = {}
        self._running: set[str] = set()
        private_folder(self.path.parent, "the journal")
        private_file(self.path)
        with in_plain_words(self.path, patience):
            self._connection = sqlite3.connect(
                self.path, timeout=patience, isolation_level=None, check_same_thread=False
            )
            # A client that is dropped without being closed leaves no open file behind.
            self._close = weakref.finalize(self, _end, self._connection, self._owner)
            try:
                self._prepare()
            except BaseException:
                self._close()
                raise
        self._owner.open()
        keep_to_ourselves(self.path)

    def __repr__(self) -> str:
        return f"SqliteJournal({str(self.path)!r})"

    @property
    def spool(self) -> Path | None:
        """The folder for pictures, 0700; it exists when this returns."""
        private_folder(self._spool, "pictures")
        return self._spool

    # -- jobs

    def save(self, record: JobRecord, *, purse: Purse | None = None) -> None:
        """Store a job and its row in the ledger, in one transaction; it is on the disk afterwards.

        Raises:
            JournalError: it cannot be stored, somebody else drives it, or a job that was sent
                would be sent again although its submit may have been charged. What is stored
                is as before.
            BudgetExceeded: it does not fit into a budget of `purse`; nothing is stored.
        """
        job = record.job
        kept = record if self._keep_prompts or not record.finished else _without_prompts(record)
        try:
            text = storable(dumps(kept))
        except Exception as error:
            raise JournalError(
                f"job {record.id} cannot be stored: {type(error).__name__}", job_id=record.id
            ) from error
        ids = [str(one) for one in job.facts.vendor_ids.values()]
        try:
            with self._transaction() as run:
                known = run(_KNOWN, (record.id,)).fetchone()
                status, owner, stored_fence, expires = known[:4]
                before = None if known[4] is None else read_entry(known[4:])
                fence = self._fence(record, status, owner, stored_fence, expires)
                if not may_follow(status, record):
                    raise sent_already(record)
                label = self._enter(record, before, purse or Purse())
                over = record.finished
                row = (
                    record.id,
                    job.status,
                    over,
                    job.provider,
                    storable(job.model.id),
                    label,
                    json.dumps(ids) if ids else None,
                    record.created_at.isoformat(),
                    record.updated_at.isoformat(),
                    text,
                    None if over else self._name,
                    fence,
                    0 if over else time.time() + LEASE,
                )
                run(_SAVE, row)
        except JournalError as error:
            # What cannot be stored as sent is not sent; everything else happened already.
            error.charged = "no" if job.status == "sent" else record.charged
            error.job_id = record.id
            raise
        if over:
            self._held.pop(record.id, None)
        else:
            self._held[record.id] = fence

    def _fence(
        self,
        record: JobRecord,
        status: str | None,
        owner: str | None,
        fence: int | None,
        expires: float,
    ) -> int:
        """The number under which this journal holds the job from now on.

        Raises:
            JournalError: somebody else drives it, or has driven it since.
        """
        if fence is None:
            return 1
        mine = self._held.get(record.id)
        if mine == fence:
            return fence
        if self._lives(owner, expires):
            raise _driven(record.id, Owner.read(owner or ""))
        # Somebody drove it while this process slept. News of the vendor's answer still count.
        news = status in ("sent", "unknown") and record.job.status in ("accepted", "done")
        if mine is not None and not news:
            raise JournalError(
                f"job {record.id} was taken over by another process",
                hint=f"See what became of it: imgedit jobs show {record.id}",
            )
        return fence + 1

    def _enter(self, record: JobRecord, before: Entry | None, purse: Purse) -> str | None:
        """Write the job's row in the ledger; the label as it is stored."""
        moment = now()
        entry = entry_of(record, before, at=moment.isoformat(), day=purse.day(moment))
        label = None if entry.label is None else storable(entry.label)
        if enters(record, entry, before):
            purse.check(entry, before, self._totals)
        entry = evolve(entry, label=label, model=storable(entry.model))
        if entry == before:
            return label
        write_entry(self._connection, entry, before)
        if before is not None and before.bucket != entry.bucket:
            add_to_total(self._connection, before.bucket, -before.counted)
            before = None
        gone = 0 if before is None else before.counted
        add_to_total(self._connection, entry.bucket, entry.counted - gone)
        return label

    def _totals(self, budget: Budget, window: str) -> list[Total]:
        return totals(self._connection, budget, window)

    def load(self, job_id: str) -> JobRecord:
        """The job with this id, or with the only id that begins so (in any case of letters).

        Raises:
            JournalError: there is none, or more than one, or it cannot be read.
        """
        rows: list[tuple[str, str]] = []
        for begin in dict.fromkeys((job_id, job_id.upper())) if job_id else ():
            begin = storable(begin)
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

    # -- who drives a job

    def hold(self, job_id: str) -> JobRecord | None:
        """Take a job to drive it, and the job as it is now; None = it is not stored.

        A job whose process has ended, or has given no sign of life for a minute, is taken over.

        Raises:
            JournalError: another process drives it, or another task of this one.
        """
        with self._transaction() as run:
            row = run(_LEASE, (storable(job_id),)).fetchone()
            if row is None:
                return None
            text, owner, fence, expires = row
            if self._held.get(job_id) == fence or self._lives(owner, expires):
                raise _driven(job_id, Owner.read(owner))
            run(_TAKE, (self._name, fence + 1, time.time() + LEASE, job_id))
        self._held[job_id] = fence + 1
        return self._record((job_id, text))

    def release(self, job_id: str) -> None:
        """Give a job back; does nothing when it is not held."""
        fence = self._held.pop(job_id, None)
        if fence is not None:
            with self._writing():
                self._connection.execute(_RELEASE, (job_id, self._name, fence))

    def renew(self) -> None:
        """A sign of life for every job that is held."""
        if not self._held and not self._running:
            return
        ends, owner = time.time() + LEASE, self._name
        with self._transaction() as run:
            for job_id, fence in self._held.items():
                run(_RENEW, (ends, job_id, owner, fence))
            run("UPDATE slots SET expires = ? WHERE owner = ?", (ends, owner))

    def driven(self) -> Mapping[str, str]:
        """Jobs that others drive now, each with words for who does."""
        return {
            job_id: _who(Owner.read(owner))
            for job_id, owner, expires in self._rows(_DRIVEN)
            if job_id not in self._held and self._lives(owner, expires)
        }

    def _lives(self, owner: str | None, expires: float) -> bool:
        return owner is not None and expires > time.time() and not Owner.read(owner).is_gone()

    # -- how many at once, and how fast

    def enter(self, provider: str, job_id: str, limit: int) -> bool:
        """Whether a job may run beside those of the same provider; it then counts until `leave`."""
        with self._transaction() as run:
            query = "SELECT job_id, owner, expires FROM slots WHERE provider = ? AND job_id <> ?"
            living = 0
            for other, owner, expires in run(query, (provider, job_id)).fetchall():
                if self._lives(owner, expires):
                    living += 1
                else:
                    run("DELETE FROM slots WHERE job_id = ?", (other,))
            if living >= limit:
                return False
            run(
                "INSERT OR REPLACE INTO slots (job_id, provider, owner, expires) "
                "VALUES (?, ?, ?, ?)",
                (job_id, provider, self._name, time.time() + LEASE),
            )
        self._running.add(job_id)
        return True

    def leave(self, job_id: str) -> None:
        """The job does not run any more."""
        if job_id in self._running:
            self._running.discard(job_id)
            with self._writing():
                self._connection.execute("DELETE FROM slots WHERE job_id = ?", (job_id,))

    def turn(self, provider: str, interval: float, burst: int, clock: Callable[[], float]) -> float:
        """Take a turn, or tell how long to wait; shared by all processes with this journal."""
        with self._transaction() as run:
            row = run("SELECT due FROM turns WHERE provider = ?", (provider,)).fetchone()
            wait, due = next_turn(row[0] if row else 0.0, interval, burst, clock())
            if not wait:
                run("INSERT OR REPLACE INTO turns (provider, due) VALUES (?, ?)", (provider, due))
        return wait

    # -- money and age

    def entries(self, since: datetime | None = None) -> Iterable[Entry]:
        """The ledger's rows, oldest first."""
        begin = "" if since is None else since.astimezone(UTC).isoformat()
        return [read_entry(row) for row in self._rows(_ENTRIES, (begin,))]

    def prune(self, before: datetime) -> list[str]:
        """Forget finished jobs that were not touched since; their rows in the ledger stay."""
        with self._transaction() as run:
            old = [row[0] for row in run(_OLD, (before.astimezone(UTC).isoformat(),))]
            for job_id in old:
                run("DELETE FROM jobs WHERE id = ?", (job_id,))
        return old

    def close(self) -> None:
        """Give back what is held and close the file; a second call does nothing."""
        with self._lock, in_plain_words(self.path, self._patience):
            if self._close.alive and (self._held or self._running):
                with suppress(sqlite3.Error):  # then it ends by itself, with this process
                    self._connection.execute(_RELEASE_ALL, (self._name,))
                    self._connection.execute("DELETE FROM slots WHERE owner = ?", (self._name,))
            self._held.clear()
            self._running.clear()
            self._close()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._lock, in_plain_words(self.path, self._patience):
            yield

    @contextmanager
    def _transaction(self) -> Iterator[Any]:
        """`execute`, in a transaction that nobody else writes beside; it is undone by any error."""
        with self._writing():
            run = self._connection.execute
            run("BEGIN IMMEDIATE")
            try:
                yield run
                run("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    with suppress(sqlite3.Error):
                        run("ROLLBACK")
                raise

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
        if not self._keep_prompts:
            run("PRAGMA secure_delete = ON")
        run("BEGIN IMMEDIATE")
        version = self._recognize()
        bring_up(self._connection, version)
        run("ROLLBACK" if version == VERSION else "COMMIT")

    def _recognize(self) -> int:
        """The version of the tables, 0 = there are none yet."""
        query = (
            "SELECT user_version, application_id, (SELECT count(*) FROM sqlite_master) "
            "FROM pragma_user_version, pragma_application_id"
        )
        ((version, application, tables),) = self._connection.execute(query)
        if application != APPLICATION and (tables or application):
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


def _end(connection: sqlite3.Connection, owner: Owner) -> None:
    owner.close()
    connection.close()


def _who(owner: Owner) -> str:
    return f"process {owner.pid}" if owner.pid != os.getpid() else "this process"


def _driven(job_id: str, owner: Owner) -> JournalError:
    who = "this process" if owner.pid == os.getpid() else f"another process (pid {owner.pid})"
    return JournalError(
        f"{who} drives job {job_id} at this moment",
        hint=f"Wait for it, or see how far it is: imgedit jobs show {job_id}",
        job_id=job_id,
    )


def _without_prompts(record: JobRecord) -> JobRecord:
    """A finished job without what the user wrote, and without the answer, which may repeat it."""
    request = record.job.request
    references = [evolve(one, description=None) for one in request.references]
    request = evolve(request, prompt="", references=references)
    return evolve(record.with_job(request=request), raw=None)
