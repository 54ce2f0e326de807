"""A job with the core's own bookkeeping: what a journal stores."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from attrs import evolve, field, frozen

from ..contract.exchange import HttpResponse
from ..contract.job import Job
from ..contract.money import Money, Quote
from ..errors import Charged

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_id() -> str:
    """A ULID: 48 bits of milliseconds, then 80 random bits; sorts by time."""
    number = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))


def is_id(name: str) -> bool:
    """Whether a name may be a job's id."""
    return len(name) == 26 and set(name) <= set(_ALPHABET)


def may_mean_id(text: str) -> bool:
    """Whether somebody may mean a job by it: ids have digits, and a file may hold a job."""
    return any("0" <= one <= "9" for one in text) or may_name_file(text)


def may_name_file(text: str) -> bool:
    """Whether it is the name of a file that may hold a job as JSON, there or not."""
    return text.lower().endswith(".json") or os.path.isfile(text)


def now() -> datetime:
    """The present moment, in UTC."""
    return datetime.now(UTC)


@frozen(kw_only=True)
class SavedFile:
    """A picture of the result as it lies on the disk; `format` names a variant, else None."""

    index: int
    path: str
    media_type: str
    width: int | None
    height: int | None
    size: int
    sha256: str
    c2pa: bool = False
    format: str | None = None


@frozen(kw_only=True)
class Wish:
    """Where the user wants the pictures: a path, or None = keep them in the spool.

    `sidecar`: whether a record is written beside each. `said_at`: when, if not as the job began.
    """

    out: str | None = None
    overwrite: bool = False
    sidecar: bool = False
    said_at: datetime | None = None


@frozen(kw_only=True)
class JobRecord:
    """One job as it is stored.

    Attributes:
        job: what the provider's hooks see.
        distribution, version: of the plugin that wrote `job.state`.
        base_url: where it was sent; a job is never polled anywhere else.
        created_at, updated_at: aware datetimes.
        quote: the price before paying, None = not asked.
        max_cost: what it may cost at most; None = no limit was given.
        charged: what is known of the money now.
        answer: what arrived from a spending exchange and is not read yet.
        partial: what arrived of an answer that was lost, headers at least.
        aside: whether a large body of `answer` or `partial` lies in the spool only (see `aside`).
        reconciled: whether `reconcile` was tried since the last submit.
        unread: the job's state before an answer that came whole and cannot be read, which is in
            `partial`, was looked up; None = there is no such answer.
        idempotency_key: the key under which a submit may be repeated, where a manifest says so.
        first_sent_at: when the first submit under it left, once it was repeated, else None.
        folders: temporary ones of clients without a journal, in which pictures of it may lie.
        wish: where the pictures go; files: those that are there.
        adaptations: what was changed in the request, each {"field", "from", "to", "why"}.
        warnings: sentences for the user; unchecked: pointers that could not be checked.
        error: why it failed, or what the last try met, as the row of an error document.
        raw: the vendor's last JSON answer, None when it was none.
        attempts: how many submits were tried.
        fingerprint: the same for jobs that ask for the same; None = that cannot be told.
        seconds: time spent, summed over processes.
    """

    job: Job
    distribution: str
    version: str
    base_url: str | None = None
    created_at: datetime = field(factory=now)
    updated_at: datetime = field(factory=now)
    quote: Quote | None = None
    max_cost: Money | None = None
    charged: Charged = "no"
    answer: HttpResponse | None = None
    partial: HttpResponse | None = None
    aside: bool = False
    reconciled: bool = False
    unread: Mapping[str, Any] | None = None
    idempotency_key: str | None = None
    wish: Wish = field(factory=Wish)
    files: tuple[SavedFile, ...] = ()
    adaptations: tuple[Mapping[str, Any], ...] = ()
    warnings: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()
    error: Mapping[str, Any] | None = None
    raw: Any = field(default=None, repr=False)
    attempts: int = 0
    seconds: float = 0.0
    fingerprint: str | None = None
    first_sent_at: datetime | None = None
    folders: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The job's id."""
        return self.job.id

    @property
    def placed_since(self) -> datetime:
        """When the user said where the pictures go, and what may be replaced there."""
        return self.wish.said_at or self.created_at

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do by itself."""
        status = self.job.status
        return status in ("failed", "canceled") or (status == "done" and self.complete)

    @property
    def complete(self) -> bool:
        """Whether every picture of a done job is on the disk."""
        done = self.job.done
        if done is None:
            return False
        have = {(file.index, file.format) for file in self.files}
        return all((index, None) in have for index in range(len(done.images)))

    @property
    def cost(self) -> Money | None:
        """What the vendor said that it cost, in the unit in which it said so.

        None = it did not say, charged nothing after all, or nobody knows whether it charged.
        """
        if self.charged == "unknown":
            return None  # what it named before need not be what became of it
        told = None if self.error is None else self.error.get("cost")
        cost = Money(told["amount"], told["unit"]) if told else None
        if self.job.facts.cost is not None:
            cost = Money(self.job.facts.cost, self.job.model.unit)
        if self.charged == "no" and cost is not None and cost.amount:
            return None
        return cost

    def with_job(self, **changes: Any) -> JobRecord:
        """The record with these fields of its job changed."""
        return evolve(self, job=evolve(self.job, **changes))

    def in_doubt(self) -> JobRecord:
        """The record of a job whose outcome could not be found out, as it is to go on later.

        A whole answer is read first then: a newer version of the plugin may know how. One that
        lay aside and is gone is none.
        """
        if self.unread is None or self.aside:
            return self.with_job(status="unknown")
        record = self.with_job(status="accepted", state=self.unread)
        return evolve(record, answer=self.partial, partial=None, unread=None, reconciled=False)
