"""What became of an edit whose answer was lost: every edit is also a job at Depicta.

`X-Depicta-Job-Id` names the job as soon as the answer's headers are there. Without it the list of
jobs is read, newest first. One job that was made just after the edit left, and is none of our
others, is this edit. Several could each be it, so could another edit of ours that is not settled
yet, and none may only be late: then the outcome stays unknown, and resuming reads the list again.
Nothing here ever says that nothing was charged, except a job that Depicta itself reports as failed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from imgedit import Facts, HttpResponse, Job, Next, OutcomeUnknown, UnexpectedResponse, hookimpl

from .values import moment

# Ours, not the vendor's: between our clock and theirs, and between leaving here and arriving
# there. Both are short on purpose: a job outside stays unknown, somebody else's job inside would
# be taken for this one.
_CLOCKS: Final = timedelta(seconds=2)
_JOURNEY: Final = timedelta(minutes=2)

_NAME: Final = re.compile(r"[A-Za-z0-9_-]+")


@hookimpl
def reconcile(job: Job, response: HttpResponse | None) -> Next | None:
    """By the job's name when its header arrived, else through the list of jobs."""
    if response is not None and (name := job_named(response)):
        return _found(name)
    if job.sent_at is None:
        return None
    return Next({"search": {"query": {}, "found": []}})


def job_named(response: HttpResponse) -> str | None:
    """The job that an answer's headers name, or None."""
    name = (response.header("x-depicta-job-id") or "").strip()
    return name if _NAME.fullmatch(name) else None


def find(job: Job, response: HttpResponse) -> Next:
    """Read one page of the list of jobs.

    Raises:
        OutcomeUnknown: no job, or more than one, can be this edit.
        UnexpectedResponse: it is no list of jobs.
    """
    rows = response.at("/generations")
    if not isinstance(rows, list) or job.sent_at is None:
        raise UnexpectedResponse("Depicta's list of jobs cannot be read")
    jobs = [_read(row) for row in rows]
    begin, end = job.sent_at - _CLOCKS, job.sent_at + _JOURNEY
    search = job.state["search"]
    found = {name for name, made, ids in jobs if begin <= made <= end and ids.isdisjoint(job.taken)}
    if found and any(begin - _JOURNEY <= left <= end + _CLOCKS for left in job.rivals):
        raise _unsure(job, "another edit of ours that left at the same time is not settled either")
    found = found.union(search["found"]) - job.taken
    seen, total = search["query"].get("offset", 0) + len(jobs), response.at("/total")
    if jobs and jobs[-1][1] >= begin and isinstance(total, int) and seen < total:
        return Next({"search": {"query": {"offset": seen}, "found": sorted(found)}})
    if len(found) == 1:
        return _found(found.pop())
    listed = f"{len(found)} jobs that could be this edit" if found else "no job for this edit yet"
    raise _unsure(job, f"Depicta lists {listed}")


def _unsure(job: Job, why: str) -> OutcomeUnknown:
    return OutcomeUnknown(
        f"the answer was lost, and {why}",
        charged="unknown",
        hint=f"`imgedit jobs resume {job.id}` looks again; it never sends the edit again.",
    )


def _read(row: Any) -> tuple[str, datetime, set[str]]:
    """Of a listed job: its name, when it was made, and every id that we may know it by.

    Raises:
        UnexpectedResponse: one of these is missing; which job is ours cannot be told then.
    """
    name = row.get("job_id") if isinstance(row, Mapping) else None
    made = moment(row.get("created_at")) if isinstance(row, Mapping) else None
    if not isinstance(name, str) or not _NAME.fullmatch(name) or made is None:
        raise UnexpectedResponse("Depicta's list of jobs cannot be read: one has no id or no date")
    result = row.get("result")
    edit = result.get("id") if isinstance(result, Mapping) else None
    return name, made, {one for one in (name, edit) if isinstance(one, str)}


def _found(name: str) -> Next:
    return Next({"job": name}, facts=Facts(vendor_ids={"job_id": name}))
