"""Where jobs are kept: a small protocol, and the journal that keeps them in memory only."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol, runtime_checkable

from ..errors import JournalError
from .record import JobRecord


@runtime_checkable
class Journal(Protocol):
    """Keeps jobs so that an edit can go on after a crash.

    Calls are synchronous and come from one thread at a time. Every method raises JournalError
    and nothing else; an exception in `save` stops the exchange that would follow.
    """

    @property
    def spool(self) -> Path | None:
        """The folder for pictures, 0700; None = the client's own temporary folder."""

    def save(self, record: JobRecord) -> None:
        """Store a job, new or known; it is durable when this returns."""

    def load(self, job_id: str) -> JobRecord:
        """The job with this id, or with the only id that begins so."""

    def unfinished(self) -> Iterable[JobRecord]:
        """Jobs that can go on by themselves, oldest first (not failed, canceled or complete)."""

    def recent(self, limit: int = 50) -> Iterable[JobRecord]:
        """The newest jobs, newest first."""

    def taken(self, provider: str) -> frozenset[str]:
        """The vendor ids that jobs of this provider hold."""

    def close(self) -> None:
        """Release what is open; the journal is not used after this."""


class MemoryJournal:
    """Keeps jobs for the life of one client; the promise then holds inside one process."""

    def __init__(self) -> None:
        self._records: dict[str, JobRecord] = {}

    @property
    def spool(self) -> Path | None:
        """None: pictures lie in the client's own temporary folder."""
        return None

    def save(self, record: JobRecord) -> None:
        """Keep a job; a finished one is dropped, so that memory stays level."""
        if record.finished:
            self._records.pop(record.id, None)
        else:
            self._records[record.id] = record

    def load(self, job_id: str) -> JobRecord:
        """The job with this id."""
        try:
            return self._records[job_id]
        except KeyError:
            raise JournalError(f"there is no unfinished job {job_id!r} in this client") from None

    def unfinished(self) -> Iterable[JobRecord]:
        """All jobs that it still holds."""
        return sorted(self._records.values(), key=lambda record: record.id)

    def recent(self, limit: int = 50) -> Iterable[JobRecord]:
        """The newest jobs, newest first."""
        return sorted(self._records.values(), key=lambda record: record.id, reverse=True)[:limit]

    def taken(self, provider: str) -> frozenset[str]:
        """The vendor ids that jobs of this provider hold."""
        return frozenset(
            value
            for record in self._records.values()
            if record.job.provider == provider
            for value in record.job.facts.vendor_ids.values()
        )

    def close(self) -> None:
        """Forget everything."""
        self._records.clear()
