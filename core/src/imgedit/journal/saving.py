"""One job written: its row, its entry in the ledger and the totals, in one transaction."""

from __future__ import annotations

import json
import time
from typing import Any

from attrs import evolve, frozen

from ..contract.job import Status
from ..contract.money import exactly
from ..engine import ways
from ..engine.record import JobRecord
from ..engine.rules import LEASE, enters, may_follow, over_already, row_of, sent_already
from ..engine.store import dumps, dumps_since
from ..errors import Charged, JournalError
from ..ledger import Budget, Entry, Purse
from ..ledger.budgets import Total
from .leases import Leases, driven_by
from .owner import Owner
from .prompts import without_prompts
from .rows import amounts, count, fixed, read_entry, storable, totals

_INSERT = """
INSERT INTO jobs (status, updated_at, record, expires, reserved, charge, charge_source, refunded,
                  counted, open, id, provider, model, label, vendor_ids, unit, quoted, at_most,
                  at, day, created_at, finished, owner, fence, fingerprint)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO
"""
_NEW = _INSERT + "NOTHING"
_SAVE = (
    _INSERT
    + """UPDATE SET
    status = excluded.status,
    updated_at = excluded.updated_at,
    record = excluded.record,
    expires = excluded.expires,
    reserved = excluded.reserved,
    charge = excluded.charge,
    charge_source = excluded.charge_source,
    refunded = excluded.refunded,
    counted = excluded.counted,
    open = excluded.open,
    provider = excluded.provider,
    model = excluded.model,
    label = excluded.label,
    vendor_ids = excluded.vendor_ids,
    unit = excluded.unit,
    quoted = excluded.quoted,
    at_most = excluded.at_most,
    at = excluded.at,
    day = excluded.day,
    finished = excluded.finished,
    owner = excluded.owner,
    fence = excluded.fence
"""
)

# What an index covers is left alone while it stays the same: fewer pages are written.
_GOES_ON = """
UPDATE jobs SET status = ?, updated_at = ?, record = ?, expires = ?, reserved = ?, charge = ?,
    charge_source = ?, refunded = ?, counted = ?, open = ?
WHERE id = ? AND fence = ?
"""
_ENDS = """
UPDATE jobs SET status = ?, updated_at = ?, record = ?, expires = ?, reserved = ?, charge = ?,
    charge_source = ?, refunded = ?, counted = ?, open = ?, finished = 1, owner = NULL
WHERE id = ? AND fence = ?
"""
_KNOWN = """
SELECT status, owner, fence, expires, id, provider, model, label, unit, quoted, at_most, reserved,
    charge, charge_source, refunded, counted, at, day, status, open
FROM jobs WHERE id = ?1
UNION ALL SELECT NULL, NULL, NULL, NULL, * FROM ledger WHERE job_id = ?1
"""
# What is read and written only once an answer is there: damage is to be met before it is paid.
_LATER = """
SELECT 1 FROM ledger WHERE job_id = ?
UNION ALL SELECT 1 FROM jobs INDEXED BY jobs_taken WHERE provider = ? AND vendor_ids IS NOT NULL
LIMIT 2
"""

_Often = tuple[Status, str, str, float]
"""The status, when it changed, the record's text, and when the lease ends."""

_Rarely = tuple[Any, ...]
"""What rarely changes: provider, model, label, vendor ids, and what is fixed of the entry."""


@frozen
class _Stored:
    """A job as it is stored; `rarely` is None where nobody looked.

    Of a job that was `forgotten` only its row in the ledger is left.
    """

    fence: int
    status: Status | None
    entry: Entry | None
    rarely: _Rarely | None
    forgotten: bool = False


_NOTHING = _Stored(1, None, None, None)


class Saving(Leases):
    """Stores jobs in the file of a journal.

    Args:
        keep_prompts: as of `SqliteJournal`.
    """

    def __init__(self, *arguments: Any, keep_prompts: bool, **options: Any) -> None:
        super().__init__(*arguments, wipe=not keep_prompts, **options)
        self.keep_prompts = keep_prompts
        self._first: dict[str, tuple[JobRecord, str]] = {}  # what was stored first, and its text
        self._last: dict[str, _Stored] = {}
        self._sound = False  # whether `_LATER` was looked at: once is enough, it costs

    def save(self, record: JobRecord, *, purse: Purse | None = None) -> None:
        """Store a job and its row in the ledger, in one transaction; it is on the disk afterwards.

        Raises:
            JournalError: it cannot be stored, somebody else drives it, or a job that was sent
                would be sent again although its submit may have been charged. What is stored
                is as before.
            BudgetExceeded: it does not fit into a budget of `purse`; nothing is stored.
        """
        kept = record if self.keep_prompts or not record.finished else without_prompts(record)
        first = self._first.get(record.id) if kept is record else None
        try:
            text = dumps(kept) if first is None else dumps_since(kept, *first)
        except Exception as error:
            raise JournalError(
                f"job {record.id} cannot be stored: {type(error).__name__}", job_id=record.id
            ) from error
        try:
            with self._lock, self._transaction() as run:
                if not self._sound and record.job.status in ("planned", "sent"):
                    run(_LATER, (record.id, storable(record.job.provider))).fetchall()
                    self._sound = True
                stored = self._write(run, record, text, purse)
        except JournalError as error:
            if not error.charge_is_said:
                # What cannot be stored as sent is not sent; everything else happened already.
                error.charged = "no" if record.job.status == "sent" else record.charged
            error.job_id = record.id
            raise
        self._absent.discard(record.id)
        if record.finished:
            self._held.pop(record.id, None)
            self._forget(record.id)
        else:
            self._first.setdefault(record.id, (record, text))
            self._held[record.id] = stored.fence
            self._last[record.id] = stored

    def _write(self, run: Any, record: JobRecord, text: str, purse: Purse | None) -> _Stored:
        """Write the row of a job; what is stored then."""
        last = self._last.get(record.id)
        over = record.finished
        expires = 0 if over else time.time() + LEASE
        often = (record.job.status, record.updated_at.isoformat(), text, expires)
        if last is not None:
            entry = self._entry(record, last, purse)
            # While its fence is ours, nobody changed what this journal stored last.
            if _rarely(record, entry) == last.rarely:
                values = (*often, *amounts(entry), record.id, last.fence)
                if run(_ENDS if over else _GOES_ON, values).rowcount:
                    self._count(record, entry, last.entry, purse)
                    return _Stored(last.fence, record.job.status, entry, last.rarely)

        known = last is not None or record.id in self._held or record.id in self._absent
        return self._put(run, record, often, self._stored(run, record) if known else None, purse)

    def _put(
        self, run: Any, record: JobRecord, often: _Often, last: _Stored | None, purse: Purse | None
    ) -> _Stored:
        """Write the whole row; `last` None = there is none as far as this journal knows."""
        statement, last = (_NEW, _NOTHING) if last is None else (_SAVE, last)
        over = record.finished
        entry = self._entry(record, last, purse)
        model, label = storable(entry.model), entry.label and storable(entry.label)
        if (model, label) != (entry.model, entry.label):
            entry = evolve(entry, model=model, label=label)
        ids = [str(one) for one in record.job.facts.vendor_ids.values()]
        names = (record.id, entry.provider, model, label, json.dumps(ids) if ids else None)
        owner, begun = None if over else self._name, record.created_at.isoformat()
        rest = (*fixed(entry), begun, over, owner, last.fence, record.fingerprint)
        if not run(statement, (*often, *amounts(entry), *names, *rest)).rowcount:
            return self._put(run, record, often, self._stored(run, record), purse)
        if last.forgotten:  # from now on its row is the whole job again
            run("DELETE FROM ledger WHERE job_id = ?", (record.id,))
        self._count(record, entry, last.entry, purse)
        return _Stored(last.fence, record.job.status, entry, _rarely(record, entry))

    def release(self, job_id: str) -> None:
        """Give a job back; does nothing when it is not held."""
        self._forget(job_id)
        super().release(job_id)

    def _forget(self, job_id: str) -> None:
        self._first.pop(job_id, None)
        self._last.pop(job_id, None)

    def _stored(self, run: Any, record: JobRecord) -> _Stored:
        """What is stored of a job, with the fence under which this journal holds it from now on.

        Raises:
            JournalError: somebody else drives it, or has driven it since.
        """
        found = run(_KNOWN, (record.id,)).fetchone()
        if found is None:
            return _NOTHING
        status, owner, fence, expires, *entry = found
        before = None if entry[4] is None else read_entry(entry)
        if fence is None:
            state = None if before is None else before.state
            return _Stored(1, state, before, None, forgotten=True)
        mine = self._held.get(record.id)
        if mine != fence:
            # Somebody took it while this process slept. News of the vendor's answer still count:
            # who has the job then is refused from now on.
            news = status in ("sent", "unknown") and record.job.status in ("accepted", "done")
            if mine is None or not news:
                if self._lives(owner, expires):
                    who = Owner.read(owner or "")
                    raise driven_by(record.id, who, self._charged(record), self.way)
                if mine is not None:
                    raise JournalError(
                        f"job {record.id} was taken over by another process",
                        hint=f"See what became of it: {ways.show(self.way, record.id)}",
                        charged=self._charged(record),
                    )
            fence += 1
        return _Stored(fence, status, before, None)

    def _entry(self, record: JobRecord, last: _Stored, purse: Purse | None) -> Entry:
        """The job's entry from now on.

        Raises:
            JournalError: what is stored does not allow the job to become this.
        """
        if not may_follow(last.status, record):
            if last.forgotten and last.entry is not None:
                raise over_already(last.entry)
            raise sent_already(record.id, self._charged(record), self.way)
        return row_of(record, last.entry, purse)

    def _charged(self, record: JobRecord) -> Charged:
        """What is known now of the money of a job that others drove: they stored it."""
        if record.charged == "yes":
            return "yes"
        query = "SELECT id, record FROM jobs WHERE id = ?"
        try:
            return self._record(self._connection.execute(query, (record.id,)).fetchone()).charged
        except (JournalError, TypeError):  # it cannot be read, or is not there any more
            return "unknown"

    @exactly
    def _count(
        self, record: JobRecord, entry: Entry, before: Entry | None, purse: Purse | None
    ) -> None:
        """Add up what the job counts; raises BudgetExceeded when it does not fit."""
        checks = purse is not None and enters(record, entry, before)
        if checks or before is None or before.part != entry.part:
            if purse is not None and checks:
                purse.check(entry, before, self._totals)
            count(self._connection, entry, before)

    def _totals(self, budget: Budget, window: str) -> list[Total]:
        return totals(self._connection, budget, window)


def _rarely(record: JobRecord, entry: Entry) -> _Rarely:
    """What `_GOES_ON` leaves alone; most of it are the same objects from one save to the next."""
    names = (entry.provider, entry.model, entry.label, record.job.facts.vendor_ids)
    return (*names, entry.unit, entry.quoted, entry.at_most, entry.at, entry.day)
