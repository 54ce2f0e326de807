"""What a user does with jobs by hand: say what became of one, and forget old ones."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import evolve

from ..contract.money import Money
from ..contract.outcome import Facts
from ..errors import DownloadFailed, ImgEditError, JournalError, OutcomeUnknown, UsageError
from ..ledger.budgets import to_money
from . import ways
from .aside import ASIDE, drop_aside, is_news, row_of, with_aside
from .next_step import of_a_job
from .output import RESULT
from .record import JobRecord, is_id, now
from .summary import error_row
from .ways import Way

if TYPE_CHECKING:
    from .journal import Journal
    from .runtime import Runtime

_WAITS = timedelta(days=1)


def settle_by_hand(
    runtime: Runtime, job_id: str, *, charged: bool, cost: Money | str | None = None
) -> JobRecord:
    """Store what the user found out about the money of a job; it is then over.

    A job that was charged ends so, too, when its pictures cannot be had; its money is known. What
    came of a job that is settled as charged stays in the spool.

    Raises:
        UsageError: the job is over already, was never sent, its charge is known to be otherwise,
            what was put aside of it is not read yet (said once), or the cost cannot be read, is in
            another unit, or of an edit that was not charged.
        JournalError: there is no such job, or somebody drives it.
    """
    journal = runtime.journal
    with of_a_job():
        record = journal.load(job_id)
    name = record.id
    with of_a_job(record):
        stored = journal.hold(name)
    held = stored and with_aside(runtime, stored, stored.job.status)
    keeps = getattr(journal, "keep_prompts", True)
    try:
        with of_a_job(held or record):
            if held is None or stored is None:
                raise JournalError(f"there is no job {name!r} any more")
            if charged and is_news(held, stored.job.status):
                raise _unread(runtime, held)
            left = left_over(runtime, name, aside=keeps) if charged else None
            given = None if cost is None else to_money(cost)
            record = row_of(runtime, _settled(held, charged, given, runtime.way, left))
            journal.save(record, purse=runtime.purse_for(record))
    finally:
        journal.release(name)
    if record.job.done is None and left is None:  # else it lies there until it is forgotten
        runtime.drop(name)
    elif not keeps:
        drop_aside(runtime, record)
    return record


def _unread(runtime: Runtime, record: JobRecord) -> UsageError:
    """The error for a job whose answer nobody tried to read; stored now, so it is said once."""
    runtime.journal.save(row_of(runtime, record), purse=runtime.purse_for(record))
    return UsageError(
        f"the answer of job {record.id} came, and was not read yet",
        hint=f"Fetch its picture with: {ways.resume(runtime.way, record.id)}. If that leads to "
        "nothing, settle it once more.",
    )


def left_over(runtime: Runtime, job_id: str, *, aside: bool = True) -> Path | None:
    """The folder in the spool with what came of a job and was not delivered, if there is any.

    `aside`: whether an answer that was put aside, which may repeat the prompt, counts.
    """
    folder = runtime.spool / job_id
    came = ("answer-*", "picture-*", *((ASIDE,) if aside else ()))
    return folder if any(file for name in came for file in folder.glob(name)) else None


def _settled(
    record: JobRecord, charged: bool, cost: Money | None, way: Way, left: Path | None = None
) -> JobRecord:
    job = record.job
    if record.finished and record.charged != "unknown":
        raise UsageError(
            f"job {record.id} is {job.status}: there is nothing to settle",
            hint=f"See: {ways.show(way, record.id)}",
        )
    done = job.status == "done"
    if done and charged != (record.charged == "yes"):
        end = ways.settle(way, record.id, charged=record.charged == "yes")
        raise UsageError(
            f"job {record.id} is done, and what became of its money is known",
            hint=f"If its picture is gone for good, end the job with: {end}",
        )
    paid = not done and record.charged == "yes"
    if paid and not charged:
        # That it was charged may be concluded from its being taken: an account knows better.
        free = ways.settle(way, record.id, charged=True, cost=Money("0", job.model.unit))
        raise UsageError(
            f"job {record.id} was charged, and its picture was not fetched yet",
            hint=f"Fetch it with: {ways.resume(way, record.id)}. "
            f"If your account shows no charge: {free}",
        )
    if cost is not None and not charged:
        raise UsageError("an edit that was not charged has no cost")
    if charged and job.status == "planned":
        raise UsageError(f"job {record.id} was never sent, so it cannot have been charged")
    if cost is not None and cost.unit != job.model.unit:
        raise UsageError(
            f"{job.provider} charges {job.model.unit}, not {cost.unit}",
            hint=f"Give what it cost in {job.model.unit} (--cost, or cost= in Python).",
        )
    facts = job.facts if cost is None else job.facts.merged(Facts(cost=cost.amount))
    said = f"settled by hand as {'' if charged else 'not '}charged"
    if left is not None:
        said += f"; what came of it lies in {left}"
    kind = DownloadFailed if done or paid else OutcomeUnknown
    what = f"its picture was not {'fetched' if left is None else 'delivered'}"
    if kind is OutcomeUnknown:
        what = "its outcome was not known"
    if job.status == "planned":
        what = "it was only planned"
    error = kind(
        f"{what}; {said}",
        charged="yes" if charged else "no",
        cost=cost,
        provider=job.provider,
        distribution=f"{record.distribution} {record.version}",
        job_id=record.id,
    )
    settled = record.with_job(status="failed" if charged else "canceled", facts=facts)
    return evolve(
        settled, charged=error.charged, error=error_row(error), answer=None, updated_at=now()
    )


def prune(runtime: Runtime, older_than: timedelta) -> list[str]:
    """Forget finished jobs, and delete their pictures in the spool; returns the ids.

    Pictures that were written elsewhere stay, and so do the rows in the ledger. A folder in the
    spool that belongs to no job, because a process died before it stored one, goes as well when
    nothing was written there for a day: an edit that waits for its turn is not stored yet either.
    With pictures in it, or an answer, it stays, unless this journal forgot its job: a journal that
    was moved away paid for them, or this one did before a backup of it was put back.
    """
    before = now() - older_than
    gone = runtime.journal.prune(before)
    if not runtime.durable:
        return gone
    for job_id in gone:
        shutil.rmtree(runtime.spool / job_id, ignore_errors=True)
    abandoned = min(before, now() - _WAITS).timestamp()
    unknown = [
        folder
        for folder in _untouched(runtime.spool, abandoned)
        if _is_unknown(runtime.journal, folder.name)
    ]
    paid = {folder for folder in unknown if _holds_result(folder)}
    forgotten = {entry.job_id for entry in runtime.journal.entries()} if paid else ()
    for folder in unknown:
        if folder not in paid or folder.name in forgotten:
            shutil.rmtree(folder, ignore_errors=True)
    return gone


def _untouched(spool: Path, since: float) -> Iterator[Path]:
    """The folders of jobs in which nothing was written since; none that cannot be read.

    What else lies in the spool is somebody's own.
    """
    with suppress(OSError):
        for folder in spool.iterdir():
            with suppress(OSError):
                if is_id(folder.name) and folder.is_dir() and folder.stat().st_mtime < since:
                    yield folder


def _holds_result(folder: Path) -> bool:
    """Whether something lies there that was paid for, or it cannot be read."""
    try:
        names = [path.name for path in folder.iterdir()]
    except OSError:
        return True
    return any(name.startswith(("answer", "picture-", RESULT, ASIDE)) for name in names)


def _is_unknown(journal: Journal, job_id: str) -> bool:
    """Whether the journal says that there is no such job; one it fails to read is there."""
    try:
        journal.load(job_id)
    except JournalError:
        try:
            if journal.hold(job_id) is None:
                return True
            journal.release(job_id)
        except JournalError:
            pass
    return False


def prune_daily(runtime: Runtime, days: float) -> None:
    """As `prune`, once a day, whichever process comes first; trouble is left to the next."""
    day = 86400.0
    try:
        if not runtime.journal.turn("(retention)", day, 1, time.time):
            prune(runtime, timedelta(days=days))
    except (ImgEditError, OSError):
        pass
