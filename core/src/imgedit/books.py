"""What a client's journal knows: the jobs, and the money that they cost."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from .contract.money import Money
from .engine import bookkeeping
from .engine.aside import with_aside
from .engine.next_step import of_a_job
from .engine.record import JobRecord, now
from .engine.runtime import Runtime
from .errors import JournalError, UsageError

if TYPE_CHECKING:
    from .ledger.spend import Left, Spend


class Books:
    """The part of a client that sends nothing: it reads and settles what was done."""

    runtime: Runtime

    # -- jobs

    def jobs(
        self, limit: int = 50, unreadable: list[JournalError] | None = None
    ) -> list[JobRecord]:
        """The newest jobs of the journal, newest first.

        Errors for those that cannot be read are put into `unreadable`; without it, the first is
        raised.
        """
        return [self._known(job) for job in self.runtime.journal.recent(limit, unreadable)]

    def job(self, job_id: str) -> JobRecord:
        """One job of the journal, by its id or the only id that begins so.

        Raises:
            JournalError: there is no such job, or it cannot be read; nobody knows its money.
        """
        with of_a_job():
            return self._known(self.runtime.journal.load(job_id))

    def unfinished(self, unreadable: list[JournalError] | None = None) -> list[JobRecord]:
        """Jobs that can go on, oldest first; `unreadable` as for `jobs`."""
        return [self._known(job) for job in self.runtime.journal.unfinished(unreadable)]

    def _known(self, stored: JobRecord) -> JobRecord:
        """What is stored of a job, or what could not be stored and was put aside."""
        return with_aside(self.runtime, stored, stored.job.status)

    def driven(self) -> Mapping[str, str]:
        """Jobs that other processes drive now, each with words for who does."""
        return self.runtime.journal.driven()

    def settle(self, job_id: str, *, charged: bool, cost: Money | str | None = None) -> JobRecord:
        """Say what became of the money of a job whose outcome only you could find out.

        Raises:
            UsageError: there is nothing to settle; JournalError: there is no such job.
        """
        return bookkeeping.settle_by_hand(self.runtime, job_id, charged=charged, cost=cost)

    def prune(self, older_than: timedelta) -> list[str]:
        """Forget finished jobs and delete their pictures in the spool; returns their ids.

        Pictures that were written elsewhere stay, and so does what is known of the money.
        """
        return bookkeeping.prune(self.runtime, older_than)

    # -- money

    def spend(self, *, by: str | None = None, since: datetime | None = None) -> list[Spend]:
        """What was quoted, charged, refunded and is reserved.

        Args:
            by: "provider", "model", "label", "day" or "month"; None = all in one.
            since: only jobs from then on.

        Raises:
            UsageError: `by` is something else, or `since` is no datetime.
            JournalError: the ledger cannot be read.
        """
        from .ledger.spend import spend

        if since is not None and not isinstance(since, datetime):
            raise UsageError("since is a datetime", hint="Give datetime(2026, 1, 31), with a zone.")
        return spend(self.runtime.journal.entries(since), by)

    def budgets(self) -> list[Left]:
        """Every budget, and what is left of it in its present window."""
        from .ledger.spend import what_is_left

        purse = self.runtime.purse
        return what_is_left(purse, self.runtime.journal.totals, purse.day(now()))
