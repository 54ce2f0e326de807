"""What became of a submit whose answer was lost: looked up, or left to the user; never resent."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import TYPE_CHECKING

from attrs import evolve

from ..contract.job import Job
from ..errors import OutcomeUnknown, PluginError, ProviderError
from ..manifest import is_error
from . import ways
from .record import now

if TYPE_CHECKING:
    from .run import Run

_NEAR = timedelta(hours=1)

logger = logging.getLogger("imgedit")


async def settle(run: Run, error: ProviderError | None) -> None:
    """Ask the plugin, once, how to find out; the record then leads to free exchanges.

    `error` is why the outcome is unknown, None for a job that is resumed.

    Raises:
        ProviderError: `error`, or OutcomeUnknown, when the plugin cannot tell.
    """
    run.settle_tried = True
    run.lost_by = run.lost_by or error
    record = run.record
    job = with_others(run)
    unreadable = record.answer
    try:
        found = run.provider.reconcile(job, unreadable or record.partial)
    except PluginError as wrong:
        logger.warning("%s", wrong.message)  # what is to be said is that the outcome is unknown
        found = None
    if found is None or not job.taken.isdisjoint(found.facts.vendor_ids.values()):
        raise error or lost(run)  # or it found another job of ours
    before = job.state
    job = evolve(job, state=found.state, status="unknown", facts=job.facts.merged(found.facts))
    run.record = evolve(record, job=job, reconciled=True)
    if unreadable is not None:
        run.record = evolve(run.record, answer=None, partial=unreadable, unread=before)
    run.save()


def lost(run: Run) -> OutcomeUnknown:
    """The error of a job whose submit left, with what had come of its answer."""
    record, refusal = run.record, _refusal(run)
    message = "the request was sent and its answer was lost"
    if refusal is not None:
        message = f"{refusal.message.rstrip('. ')}, which tells nothing of the money"
    error = OutcomeUnknown(
        message,
        hint="Look in your account at the provider whether it was charged, then say so: "
        f"{ways.settle(run.runtime.way, record.id)}",
    )
    return error if refusal is None else _with_facts(error, refusal)


def _refusal(run: Run) -> ProviderError | None:
    """What the vendor answered to the submit, when that was an error."""
    came = run.record.partial
    if came is None or not is_error(run.provider.manifest, came, own_api=True):
        return None
    return run.provider.map_error(run.record.job, came)


def _with_facts(error: OutcomeUnknown, first: ProviderError) -> OutcomeUnknown:
    error.fill(status=first.status, code=first.code, request_id=first.request_id)
    return error


def unsettled(run: Run, error: OutcomeUnknown) -> OutcomeUnknown:
    """The error of a lookup that led to nothing, with what made it necessary."""
    error.charged = run.record.charged
    first = run.lost_by or _refusal(run)
    if first is not None and first is not error and first.message not in error.message:
        error.message = f"{error.message.rstrip('. ')} (first: {first.message.rstrip('. ')})"
        _with_facts(error, first).__cause__ = first
    return error


def with_others(run: Run) -> Job:
    """The job with what is known now of our other jobs of the same provider."""
    job, journal = run.record.job, run.runtime.journal
    taken = journal.taken(job.provider).difference(job.facts.vendor_ids.values())
    rivals = [
        moment
        for job_id, moment in journal.lost(job.provider).items()
        if job_id != job.id and job.sent_at and abs(moment - job.sent_at) < _NEAR
    ]
    return evolve(job, taken=taken, rivals=tuple(sorted(rivals)))


def may_repeat_under_key(run: Run) -> bool:
    """Whether the vendor declared that it honours idempotency keys, and the key still counts.

    It counts from the first submit on: that is when the vendor saw it.
    """
    rule = run.provider.manifest.idempotency
    first = run.record.first_sent_at or run.record.job.sent_at
    if not rule or first is None or run.record.answer is not None:
        return False
    # A clock that was set back does not tell how old it is.
    return timedelta(0) <= now() - first < timedelta(hours=float(rule["hours"]))
