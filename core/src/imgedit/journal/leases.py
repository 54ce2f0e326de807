"""Who drives which job, how many at once and how fast: shared by every process with the file."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from ..engine import ways
from ..engine.record import JobRecord
from ..engine.rules import LEASE, next_turn
from ..engine.store import loads
from ..engine.ways import Way
from ..errors import Charged, JournalError
from .database import Database
from .owner import Owner
from .rows import storable

_LEASE = "SELECT record, owner, fence, expires FROM jobs WHERE id = ?"
_TAKE = "UPDATE jobs SET owner = ?, fence = ?, expires = ? WHERE id = ?"
_RELEASE = "UPDATE jobs SET owner = NULL, expires = 0 WHERE id = ? AND owner = ? AND fence = ?"
_RELEASE_ALL = "UPDATE jobs SET owner = NULL, expires = 0 WHERE owner = ?"
_RENEW = "UPDATE jobs SET expires = ? WHERE id = ? AND owner = ? AND fence = ?"
_STAY = "UPDATE slots SET expires = ? WHERE job_id = ? AND owner = ?"
_DRIVEN = "SELECT id, owner, expires FROM jobs WHERE finished = 0 AND owner IS NOT NULL"


class Leases(Database):
    """A job is held by one journal of one process, as long as that gives signs of life."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._name = str(self._owner)
        self._held: dict[str, int] = {}
        self._running: set[str] = set()
        self._absent: set[str] = set()  # asked for, and not there: they may have been forgotten

    # -- who drives a job

    def hold(self, job_id: str) -> JobRecord | None:
        """Take a job to drive it, and the job as it is now; None = it is not stored.

        A job whose process has ended, or has given no sign of life for a minute, is taken over.

        Raises:
            JournalError: another process drives it, or another task of this one.
        """
        with self._lock, self._transaction() as run:
            row = run(_LEASE, (storable(job_id),)).fetchone()
            if row is None:
                self._absent.add(job_id)
                return None
            text, owner, fence, expires = row
            if self._held.get(job_id) == fence or self._drives(owner, expires):
                charged = self._record((job_id, text)).charged
                raise driven_by(job_id, Owner.read(owner), charged, self.way)
            record = self._record((job_id, text))
            run(_TAKE, (self._name, fence + 1, time.time() + LEASE, job_id))
        self._held[job_id] = fence + 1
        return record

    def release(self, job_id: str) -> None:
        """Give a job back; does nothing when it is not held."""
        fence = self._held.pop(job_id, None)
        if fence is not None:
            with self._lock, self._alone():
                self._connection.execute(_RELEASE, (job_id, self._name, fence))

    def renew(self) -> None:
        """A sign of life for every job that is held."""
        if not self._held and not self._running:
            return
        ends, owner = time.time() + LEASE, self._name
        with self._lock, self._transaction() as run:
            for job_id, fence in self._held.items():
                run(_RENEW, (ends, job_id, owner, fence))
            for job_id in self._running:
                run(_STAY, (ends, job_id, owner))

    def driven(self) -> Mapping[str, str]:
        """Jobs that others drive now, each with words for who does."""
        return {
            job_id: _who(Owner.read(owner))
            for job_id, owner, expires in self._rows(_DRIVEN)
            if self._drives(owner, expires)
        }

    def _drives(self, owner: str | None, expires: float) -> bool:
        """Whether somebody else drives a job; what we failed to give back is nobody's."""
        return owner != self._name and self._lives(owner, expires)

    def _lives(self, owner: str | None, expires: float) -> bool:
        return owner is not None and expires > time.time() and not Owner.read(owner).is_gone()

    # -- how many at once, and how fast

    def enter(self, provider: str, job_id: str, limit: int) -> bool:
        """Whether a job may run beside those of the same provider; it then counts until `leave`."""
        with self._lock, self._transaction() as run:
            query = "SELECT job_id, owner, expires FROM slots WHERE provider = ? AND job_id <> ?"
            living = 0
            for other, owner, expires in run(query, (provider, job_id)).fetchall():
                if other in self._running or self._drives(owner, expires):
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
            with self._lock, self._alone():
                self._connection.execute("DELETE FROM slots WHERE job_id = ?", (job_id,))

    def turn(self, provider: str, interval: float, burst: int, clock: Callable[[], float]) -> float:
        """Take a turn, or tell how long to wait; shared by all processes with this journal."""
        with self._lock, self._transaction() as run:
            row = run("SELECT due FROM turns WHERE provider = ?", (provider,)).fetchone()
            wait, due = next_turn(row[0] if row else 0.0, interval, burst, clock())
            if not wait:
                run("INSERT OR REPLACE INTO turns (provider, due) VALUES (?, ?)", (provider, due))
        return wait

    def _record(self, row: tuple[str, str]) -> JobRecord:
        job_id, text = row
        try:
            return loads(text)
        except JournalError as error:
            raise JournalError(
                f"job {job_id} in the journal {self.path} cannot be read: {error.message}",
                hint=error.hint,
                charged="unknown",
                job_id=job_id,
            ) from None

    def close(self) -> None:
        """Give back what is held and close the file; a second call does nothing."""
        with self._lock, self._alone():
            if self._close.alive and (self._held or self._running):
                with suppress(sqlite3.Error):  # then it ends by itself, with this process
                    self._connection.execute(_RELEASE_ALL, (self._name,))
                    self._connection.execute("DELETE FROM slots WHERE owner = ?", (self._name,))
            self._held.clear()
            self._running.clear()
            self._close()


def _who(owner: Owner) -> str:
    return f"process {owner.pid}" if owner.pid != os.getpid() else "this process"


def driven_by(job_id: str, owner: Owner, charged: Charged, way: Way) -> JournalError:
    """The error for a job that somebody drives; `charged` is what is known of it now."""
    who = "this process" if owner.pid == os.getpid() else f"another process (pid {owner.pid})"
    return JournalError(
        f"{who} drives job {job_id} at this moment",
        hint=f"Wait for it, or see how far it is: {ways.show(way, job_id)}",
        charged=charged,
        job_id=job_id,
    )
