"""What every journal keeps to: what may follow what, what counts as lost, and whose turn it is."""

from __future__ import annotations

from typing import Final

from ..contract.job import Status
from ..contract.money import Money
from ..errors import Charged, JournalError
from ..ledger import Entry, Purse, entry_of
from . import ways
from .record import JobRecord, now
from .ways import Way

LEASE: Final = 60.0
"""Seconds for which a job is held without a sign of life."""


def may_follow(before: Status | None, record: JobRecord) -> bool:
    """Whether a stored job may become this record: nothing that was sent is sent again.

    A job whose submit left is "planned" again only when that submit cannot cost anything more,
    or may be repeated under its key. What is over is in doubt no more.
    """
    if before in (None, "planned"):
        return True
    under_key = record.idempotency_key is not None and before in ("sent", "unknown")
    match record.job.status:
        case "planned":
            return under_key or (before == "sent" and record.charged == "no")
        case "sent":
            return under_key
        case "unknown":
            return before in ("sent", "accepted", "unknown")
        case _:
            return True


def supersedes(record: JobRecord, stored: JobRecord) -> bool:
    """Whether what an error carried is later than what is stored, as when the disk was full.

    The clock alone does not tell: it may have been set back. An answer that never was stored
    counts whatever was stored since. What has its pictures is not undone by what lacks them.
    """
    if record.job.status in ("accepted", "done") and stored.job.status in ("sent", "unknown"):
        return True
    return (
        record.updated_at > stored.updated_at
        and record.attempts >= stored.attempts
        and may_follow(stored.job.status, record)
        and (record.charged == "yes" or stored.charged != "yes")
        and not (stored.job.status == "done" and record.job.status == "accepted")
        and not (stored.job.status == "done" and stored.complete and not record.complete)
    )


def row_of(record: JobRecord, before: Entry | None, purse: Purse | None) -> Entry:
    """The job's row in the ledger from now on; `before` is its row until now."""
    if before is None:
        moment = now()
        return entry_of(record, None, at=moment.isoformat(), day=(purse or Purse()).day(moment))
    if not before.open and before.state in ("done", "accepted") and record.job.status == "accepted":
        return before  # its result is fetched once more, which changes nothing of the money
    return entry_of(record, before, at=before.at, day=before.day)


def may_be_refused(record: JobRecord) -> bool:
    """Whether budgets have a say: only before something is sent."""
    return record.job.status in ("planned", "sent")


def enters(record: JobRecord, entry: Entry, before: Entry | None) -> bool:
    """Whether a job must fit into the budgets: when it begins to count, or counts for more."""
    if not may_be_refused(record):
        return False
    if before is None or entry.bucket != before.bucket:
        return True
    unbound = entry.at_most is None and before.at_most is not None
    return unbound or entry.counted > before.counted


_LOST = ("sent", "unknown", "accepted")


def is_lost(record: JobRecord) -> bool:
    """Whether a job left and the vendor's name for it is not known."""
    # An answer that is stored and not read yet may hold the name.
    return record.job.status in _LOST and not record.job.facts.vendor_ids


def next_turn(due: float, interval: float, burst: int, moment: float) -> tuple[float, float]:
    """The generic cell rate algorithm: how long to wait (0 = taken now), and when the next is due.

    `due` is when a turn would be due if they came evenly. A clock that was set back does not make
    anybody wait for the time it lost.
    """
    due = min(max(due, moment), moment + interval * burst)
    wait = due - interval * (burst - 1) - moment
    return (wait, due) if wait > 1e-6 else (0.0, due + interval)  # what rounding leaves is nothing


def sent_already(job_id: str, charged: Charged, way: Way = "client") -> JournalError:
    """The error for a job that would be sent twice; `charged` is what is known of it now."""
    return JournalError(
        f"job {job_id} was sent already and is not sent again",
        hint=f"Find out what became of it: {ways.resume(way, job_id)}",
        charged=charged,
        job_id=job_id,
    )


def over_already(entry: Entry) -> JournalError:
    """The error for a job that is over, and of which no more than its row in the ledger is kept."""
    if entry.charged == "unknown":
        hint = "Look in your account at the provider whether it was charged, then begin a new edit."
    elif entry.state == "done":
        hint = "Its pictures are where they were put. To buy it once more, begin a new edit."
    else:
        hint = "To try it once more, begin a new edit."
    paid = entry.charge is not None and entry.source == "vendor"
    return JournalError(
        f"job {entry.job_id} is over ({entry.state}), it is not sent again, and no more of it is "
        "kept than what it cost",
        hint=hint,
        charged=entry.charged,
        cost=Money(entry.charge, entry.unit) if paid and entry.charge is not None else None,
        job_id=entry.job_id,
    )
