"""Where jobs are kept: a protocol, and the journal that keeps them in memory only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Protocol, runtime_checkable

from ..contract.money import exactly
from ..errors import JournalError
from ..ledger import Budget, Entry, Purse
from ..ledger.budgets import Total
from . import ways
from .record import JobRecord, may_mean_id
from .rules import enters, is_lost, may_follow, next_turn, over_already, row_of, sent_already


@runtime_checkable
class Journal(Protocol):
    """Keeps jobs so that an edit can go on after a crash, and what they cost.

    Calls are synchronous and come from one thread at a time. Every method raises JournalError
    and nothing else but BudgetExceeded; an exception in `save` stops the exchange that would
    follow.
    """

    @property
    def spool(self) -> Path | None:
        """The folder for pictures, 0700; None = a temporary one: jobs end with the client, too."""

    # -- jobs

    def save(self, record: JobRecord, *, purse: Purse | None = None) -> None:
        """Store a job, new or known, and its row in the ledger; it is durable when this returns.

        A job that is new, and one that reserves more than before, must fit into the budgets of
        `purse`. Who saves a new job holds it, until it is finished or released.
        """

    def load(self, job_id: str) -> JobRecord:
        """The job with this id, or with the only id that begins so."""

    def unfinished(self, unreadable: list[JournalError] | None = None) -> Iterable[JobRecord]:
        """Jobs that can go on by themselves, oldest first (not failed, canceled or complete).

        Errors for those that cannot be read are put into `unreadable`; without it, the first is
        raised.
        """

    def recent(
        self, limit: int = 50, unreadable: list[JournalError] | None = None
    ) -> Iterable[JobRecord]:
        """The newest jobs, newest first; `unreadable` as for `unfinished`."""

    def taken(self, provider: str) -> frozenset[str]:
        """The vendor ids that jobs of this provider hold."""

    def lost(self, provider: str) -> Mapping[str, datetime]:
        """When the jobs left that are sent, unknown or accepted, and have no vendor id."""

    def find(self, fingerprint: str) -> Iterable[JobRecord]:
        """The newest few jobs with this fingerprint whose pictures came, newest first.

        After them the newest few that were sent and are not finished. What cannot be read is
        passed over.
        """

    # -- who drives a job

    def hold(self, job_id: str) -> JobRecord | None:
        """Take a job to drive it, and the job as it is now; None = it is not stored.

        Raises:
            JournalError: somebody else drives it.
        """

    def release(self, job_id: str) -> None:
        """Give a job back; does nothing when it is not held."""

    def renew(self) -> None:
        """A sign of life for every job that is held; due well within `rules.LEASE` seconds."""

    def driven(self) -> Mapping[str, str]:
        """Jobs that others drive now, each with words for who does."""

    # -- how many at once, and how fast

    def enter(self, provider: str, job_id: str, limit: int) -> bool:
        """Whether a job may run beside those of the same provider; it then counts until `leave`."""

    def leave(self, job_id: str) -> None:
        """The job does not run any more."""

    def turn(self, provider: str, interval: float, burst: int, clock: Callable[[], float]) -> float:
        """Take a turn: one per `interval` seconds, up to `burst` at once after a pause.

        `clock` gives the time in seconds, and is asked when nobody else can come in between.
        Returns how long to wait before asking again; 0 = taken.
        """

    # -- money and age

    def totals(self, budget: Budget, window: str) -> Sequence[Total]:
        """What is counted in a budget's scope, in the window whose days begin so."""

    def entries(self, since: datetime | None = None) -> Iterable[Entry]:
        """The ledger's rows, oldest first."""

    def prune(self, before: datetime) -> list[str]:
        """Forget finished jobs that were not touched since; their rows in the ledger stay.

        Returns the ids of those that were forgotten. What may still be charged is kept.
        """

    def close(self) -> None:
        """Release what is open; the journal is not used after this."""


_MOST_ENTRIES = 10_000


class MemoryJournal:
    """Keeps jobs for the life of one client; the promise then holds inside one process.

    Budgets hold as long, too. Of the last finished jobs the rows of the ledger and the vendor's ids
    are kept.
    """

    def __init__(self) -> None:
        self._records: dict[str, JobRecord] = {}
        self._entries: dict[str, Entry] = {}
        self._ended: dict[str, None] = {}  # in the order in which they ended
        self._ids: dict[str, tuple[str, tuple[str, ...]]] = {}
        self._totals: dict[tuple[str, str, str, str], Decimal] = {}
        self._held: set[str] = set()
        self._running: dict[str, str] = {}
        self._due: dict[str, float] = {}

    @property
    def spool(self) -> Path | None:
        """None: pictures lie in the client's own temporary folder."""
        return None

    @exactly
    def save(self, record: JobRecord, *, purse: Purse | None = None) -> None:
        """Keep a job; a finished one is dropped, so that memory stays level."""
        known = self._records.get(record.id)
        before = self._entries.get(record.id)
        if known is not None and not may_follow(known.job.status, record):
            raise sent_already(record.id, known.charged)
        if known is None and before is not None and not may_follow(before.state, record):
            raise over_already(before)
        entry = row_of(record, before, purse)
        if purse is not None and enters(record, entry, before):
            purse.check(entry, before, self.totals)
        if before is not None:
            self._totals[before.bucket] -= before.counted
        self._totals[entry.bucket] = self._totals.get(entry.bucket, Decimal(0)) + entry.counted
        self._entries[record.id] = entry
        if ids := record.job.facts.vendor_ids:
            self._ids[record.id] = record.job.provider, tuple(ids.values())
        if record.finished:
            self._records.pop(record.id, None)
            self._held.discard(record.id)
            self._ended[record.id] = None
            if len(self._ended) > _MOST_ENTRIES:
                oldest = next(iter(self._ended))
                del self._ended[oldest]
                self._entries.pop(oldest, None)
                self._ids.pop(oldest, None)
        else:
            self._records[record.id] = record
            self._held.add(record.id)
            self._ended.pop(record.id, None)

    def totals(self, budget: Budget, window: str) -> Sequence[Total]:
        """What is counted in a budget's scope, also of jobs whose rows are not kept any more."""
        return [
            (provider, unit, counted)
            for (day, provider, label, unit), counted in self._totals.items()
            if day.startswith(window)
            and budget.provider in (None, provider)
            and (budget.label is None or budget.label == label)
        ]

    def load(self, job_id: str) -> JobRecord:
        """The job with this id."""
        if job_id in self._records:
            return self._records[job_id]
        if job_id in self._ended:
            raise over_already(self._entries[job_id])
        raise JournalError(
            f"there is no unfinished job {job_id!r} in this client, or it is closed",
            hint=f"If an error left it as JSON, go on with: {ways.resume('json', job_id)}",
            charged="unknown" if may_mean_id(job_id) else "no",  # another one may have it
        )

    def unfinished(self, unreadable: list[JournalError] | None = None) -> Iterable[JobRecord]:
        """All jobs that it still holds."""
        return sorted(self._records.values(), key=lambda record: record.id)

    def recent(
        self, limit: int = 50, unreadable: list[JournalError] | None = None
    ) -> Iterable[JobRecord]:
        """The newest jobs, newest first."""
        return sorted(self._records.values(), key=lambda record: record.id, reverse=True)[:limit]

    def taken(self, provider: str) -> frozenset[str]:
        """The vendor ids that jobs of this provider hold."""
        return frozenset(
            value for name, values in self._ids.values() if name == provider for value in values
        )

    def lost(self, provider: str) -> Mapping[str, datetime]:
        """Jobs that left and have no vendor id: id → when."""
        return {
            record.id: record.job.sent_at
            for record in self._records.values()
            if record.job.provider == provider and is_lost(record) and record.job.sent_at
        }

    def find(self, fingerprint: str) -> Iterable[JobRecord]:
        """None: finished jobs are not kept."""
        return ()

    def hold(self, job_id: str) -> JobRecord | None:
        """Take a job to drive it."""
        record = self._records.get(job_id)
        if job_id in self._held:
            raise JournalError(
                f"job {job_id} is being driven by this client",
                charged="no" if record is None else record.charged,
                job_id=job_id,
            )
        self._held.add(job_id)
        return record

    def release(self, job_id: str) -> None:
        """Give a job back."""
        self._held.discard(job_id)

    def renew(self) -> None:
        """Nothing: nobody else sees these jobs."""

    def driven(self) -> Mapping[str, str]:
        """None: nobody else sees these jobs."""
        return {}

    def enter(self, provider: str, job_id: str, limit: int) -> bool:
        """Whether a job may run beside the others of this provider."""
        others = sum(name == provider for job, name in self._running.items() if job != job_id)
        if others >= limit:
            return False
        self._running[job_id] = provider
        return True

    def leave(self, job_id: str) -> None:
        """The job does not run any more."""
        self._running.pop(job_id, None)

    def turn(self, provider: str, interval: float, burst: int, clock: Callable[[], float]) -> float:
        """Take a turn, or tell how long to wait."""
        wait, self._due[provider] = next_turn(
            self._due.get(provider, 0.0), interval, burst, clock()
        )
        return wait

    def entries(self, since: datetime | None = None) -> Iterable[Entry]:
        """The ledger's rows, oldest first."""
        begin = "" if since is None else since.astimezone(UTC).isoformat()
        return sorted(
            (entry for entry in self._entries.values() if entry.at >= begin),
            key=lambda entry: entry.at,
        )

    def prune(self, before: datetime) -> list[str]:
        """Nothing: finished jobs are not kept."""
        return []

    def close(self) -> None:
        """Forget everything."""
        self._records.clear()
        self._held.clear()
        self._running.clear()
