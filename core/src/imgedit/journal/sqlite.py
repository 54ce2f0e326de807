"""The journal as one SQLite file with one row per job."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from ..engine import ways
from ..engine.record import JobRecord, may_mean_id
from ..engine.rules import over_already
from ..engine.store import loads
from ..errors import JournalError
from ..ledger import Budget, Entry
from ..ledger.budgets import Total
from .database import absolute
from .place import private_folder
from .rows import read_entry, storable, totals
from .saving import Saving

_BEGINS = "SELECT id, record FROM jobs WHERE id >= ? AND id < ? ORDER BY id LIMIT 4"
_FORGOTTEN = "SELECT * FROM ledger WHERE job_id IN (?, ?)"
# Else it takes the index that has the order, and looks at every job.
_UNFINISHED = """
SELECT id, record FROM jobs INDEXED BY jobs_unfinished WHERE finished = 0 ORDER BY id
"""
_RECENT = "SELECT id, record FROM jobs ORDER BY id DESC LIMIT ?"
_TAKEN = "SELECT DISTINCT vendor_ids FROM jobs WHERE provider = ? AND vendor_ids IS NOT NULL"
_LOST = """
SELECT id, record, created_at FROM jobs
WHERE finished = 0 AND provider = ? AND vendor_ids IS NULL
    AND status IN ('sent', 'unknown', 'accepted')
"""
_SAME = """
SELECT record FROM (
    SELECT record FROM jobs WHERE fingerprint = ?1 AND status = 'done' AND finished = 1
    ORDER BY id DESC LIMIT 5
) UNION ALL SELECT record FROM (
    SELECT record FROM jobs WHERE fingerprint = ?1 AND status <> 'planned' AND finished = 0
    ORDER BY id DESC LIMIT 5
)
"""
_ENTRIES = "SELECT * FROM entries WHERE at >= ? ORDER BY at, job_id"
_OLD = """
SELECT id FROM jobs
WHERE finished = 1 AND updated_at < ? AND NOT ifnull(open, 0) AND owner IS NULL
"""
_MOST = (1 << 63) - 1  # a larger number is none for SQLite
_KEEP = "INSERT INTO ledger SELECT * FROM entries WHERE job_id = ?"


class SqliteJournal(Saving):
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
        super().__init__(path, patience=patience, keep_prompts=keep_prompts)
        own = self.path.with_name(self.path.name + ".spool")
        self._spool = own if spool is None else absolute(spool)

    def __repr__(self) -> str:
        return f"SqliteJournal({str(self.path)!r})"

    @property
    def spool(self) -> Path | None:
        """The folder for pictures, 0700; it exists when this returns."""
        private_folder(self._spool, "pictures")
        return self._spool

    # -- jobs

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
            names = (storable(job_id), storable(job_id.upper()))
            with self._lock, self._alone():
                for row in self._connection.execute(_FORGOTTEN, names).fetchall():
                    raise over_already(read_entry(row))
            raise JournalError(
                f"there is no job {job_id!r} in the journal {self.path}",
                hint=f"`{ways.jobs(self.way)}` lists them.",
                # Another journal may have it.
                charged="unknown" if may_mean_id(job_id) else "no",
            )
        if len(rows) > 1:
            some = ", ".join(row[0] for row in rows[:3]) + (", ..." if len(rows) > 3 else "")
            raise JournalError(
                f"several jobs begin with {job_id!r}: {some}",
                hint="Give more of the id.",
                charged="unknown",
            )
        return self._record(rows[0])

    def unfinished(self, unreadable: list[JournalError] | None = None) -> Iterable[JobRecord]:
        """Jobs that can go on by themselves, oldest first (not failed, canceled or complete)."""
        return self._records(self._rows(_UNFINISHED), unreadable)

    def recent(
        self, limit: int = 50, unreadable: list[JournalError] | None = None
    ) -> Iterable[JobRecord]:
        """The newest jobs, newest first."""
        limit = min(max(limit, 0), _MOST)
        return self._records(self._rows(_RECENT, (limit,)), unreadable)

    def _records(
        self, rows: list[tuple[str, str]], unreadable: list[JournalError] | None
    ) -> list[JobRecord]:
        records = []
        for row in rows:
            try:
                records.append(self._record(row))
            except JournalError as error:
                if unreadable is None:
                    raise
                unreadable.append(error)
        return records

    def taken(self, provider: str) -> frozenset[str]:
        """The vendor ids that jobs of this provider hold."""
        rows = self._rows(_TAKEN, (provider,))
        return frozenset(one for row in rows for one in json.loads(row[0]))

    def lost(self, provider: str) -> Mapping[str, datetime]:
        """When the jobs left that are sent, unknown or accepted, and have no vendor id.

        Of one that cannot be read it is told when it was begun: soon after that it left.
        """
        found: dict[str, datetime] = {}
        for job_id, text, begun in self._rows(_LOST, (provider,)):
            try:
                left = self._record((job_id, text)).job.sent_at
            except JournalError:
                with suppress(ValueError):
                    found[job_id] = datetime.fromisoformat(begun)
            else:
                if left is not None:
                    found[job_id] = left
        return found

    def find(self, fingerprint: str) -> Iterable[JobRecord]:
        """The newest few jobs with this fingerprint; those whose pictures came are first."""
        found = []
        for (text,) in self._rows(_SAME, (fingerprint,)):
            with suppress(JournalError):  # it is named when somebody asks for it
                found.append(loads(text))
        return found

    # -- money and age

    def totals(self, budget: Budget, window: str) -> Sequence[Total]:
        """What is counted in a budget's scope, in the window whose days begin so."""
        with self._lock, self._alone():
            return totals(self._connection, budget, window)

    def entries(self, since: datetime | None = None) -> Iterable[Entry]:
        """The ledger's rows, oldest first."""
        begin = "" if since is None else since.astimezone(UTC).isoformat()
        with self._lock, self._alone():
            rows = self._connection.execute(_ENTRIES, (begin,)).fetchall()
            return [read_entry(row) for row in rows]

    def prune(self, before: datetime) -> list[str]:
        """Forget finished jobs that were not touched since; their rows in the ledger stay."""
        with self._lock, self._transaction() as run:
            old = [row[0] for row in run(_OLD, (before.astimezone(UTC).isoformat(),))]
            for job_id in old:
                run(_KEEP, (job_id,))
                run("DELETE FROM jobs WHERE id = ?", (job_id,))
        return old
