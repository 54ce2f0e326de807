"""`imgedit jobs`, `jobs show` and `jobs resume`; `settling` has the others."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import ImgEditError, JournalError
from .books import journal_alone
from .completing import files
from .exits import SOME_FAILED, UNKNOWN, Interrupted, exit_code
from .failure import bug, note_failure, of_earlier_jobs
from .keeping import read_job
from .options import common, timeout_option
from .screen import Screen
from .settling import prune, settle

if TYPE_CHECKING:
    from ..engine.record import JobRecord

logger = logging.getLogger("imgedit.cli")


@click.group(
    invoke_without_command=True,
    epilog="Example: imgedit jobs resume 01K9",
    subcommand_metavar="[COMMAND]",
)
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, metavar="N",
              help="How many, newest first.")  # fmt: skip
@common
@click.pass_context
def jobs(ctx: click.Context, as_json: bool, limit: int) -> int:
    """Earlier edits, newest first.

    An id may be shortened as long as it stays the only one that begins so.
    """
    if ctx.invoked_subcommand is not None:
        return 0
    screen: Screen = ctx.obj
    unreadable: list[JournalError] = []
    with journal_alone() as client:
        records = client.jobs(limit, unreadable)
    if records or as_json or not unreadable:
        _show_rows(screen, records)
    _show_unreadable(screen, unreadable)
    return _code(unreadable, 1)


@jobs.command(epilog="Example: imgedit jobs show 01K9")
@click.argument("job_id", metavar="ID")
@common
@click.pass_obj
def show(screen: Screen, as_json: bool, job_id: str) -> None:
    """Everything that is known of one job."""
    with of_earlier_jobs(screen.watch, job_id):
        with journal_alone() as client:
            record = client.job(job_id)
        if screen.as_json:
            _show_rows(screen, [record])
            return
        for name, text in _facts(record):
            screen.line(f"{name + ':':<12}{text}")


@jobs.command(
    short_help="Go on with one, or with all that can.", epilog="Example: imgedit jobs resume 01K9"
)
@click.argument("job_id", metavar="[ID]", required=False)
@click.option("-o", "--out", metavar="FILE", shell_complete=files,
              help="Another place for the pictures of this job, from now on.")  # fmt: skip
@click.option("--overwrite", is_flag=True, help="With -o: replace files that exist.")
@timeout_option
@common
@click.pass_obj
def resume(
    screen: Screen, /, as_json: bool, job_id: str | None, deadline: float | None, **place: Any
) -> int:
    """Go on with a job, or with every one that can go on; nothing is sent or paid twice.

    ID may also be the file in which an error kept the job, because no journal has it.
    """
    if job_id is None and (place["out"] is not None or place["overwrite"]):
        raise click.UsageError("-o and --overwrite are for one job: give its ID, too")
    kept = None if job_id is None else read_job(job_id)
    screen.watch.file = job_id if kept else None
    with of_earlier_jobs(screen.watch, None if kept else job_id):
        return _resume(screen, kept or job_id, deadline, **place)


def _resume(
    screen: Screen, job_id: str | None, deadline: float | None, out: str | None, overwrite: bool
) -> int:
    from ..client import Client
    from ..result import EditResult
    from .naming import shown
    from .progress import following
    from .result import show_result
    from .tasks import run_task

    def place(path: Path) -> str:
        return shown(path, out)

    async def one(job: str) -> EditResult:
        async with Client.from_config() as client:
            screen.watch.durable = client.runtime.durable
            return await client.resume(
                job, out=out, overwrite=overwrite, deadline=deadline, on_event=follower
            )

    if job_id is not None:
        with following(screen) as follower:
            result = run_task(one(job_id), screen.watch)
        show_result(screen, result, place)
        return 0

    unreadable: list[JournalError] = []
    with journal_alone() as client:
        driven = client.driven()
        waiting = [job.id for job in client.unfinished(unreadable) if job.id not in driven]
    for job, who in driven.items():
        screen.note(f"Job {job} is left alone: {who} drives it.")
    _show_unreadable(screen, unreadable)
    failures: list[ImgEditError] = [*unreadable]
    for job in waiting:
        screen.watch.job_id = job
        try:
            with following(screen) as follower:
                result = run_task(one(job), screen.watch)
        except Interrupted:
            raise
        except Exception as error:  # one job must not keep the others from going on
            logger.debug("job %s failed", job, exc_info=error)
            failure = error if isinstance(error, ImgEditError) else bug(screen, error)
            failures.append(failure)
            note_failure(screen, failure)
        else:
            if not screen.as_json:
                show_result(screen, result, place)
    if screen.as_json:
        with journal_alone() as client:
            _show_rows(screen, [client.job(job) for job in waiting])
    elif not waiting and not unreadable:
        screen.line("No job is waiting to go on.")
    return _code(failures, len(waiting) + len(unreadable))


jobs.add_command(settle)
jobs.add_command(prune)


def _show_unreadable(screen: Screen, unreadable: list[JournalError]) -> None:
    """Name the jobs that cannot be read, beside what is shown of the others."""
    for error in unreadable:
        screen.note(f"Error: {error}", style="bold red")


def _code(failures: Sequence[ImgEditError], count: int) -> int:
    codes = [exit_code(error) for error in failures]
    if not codes:
        return 0
    if UNKNOWN in codes:
        return UNKNOWN
    return codes[0] if count == 1 else SOME_FAILED


def _show_rows(screen: Screen, records: list[JobRecord]) -> None:
    if screen.as_json:
        from ..journal import job_row

        screen.document({"jobs": [job_row(record) for record in records]})
        return
    if not records:
        screen.line("There are no jobs.")
        return
    from .tables import table

    rows = [
        (
            record.id,
            _status(record),
            f"{record.job.provider} {record.job.model.id}",
            _cost(record),
            f"{record.created_at:%Y-%m-%d %H:%M}",
            record.job.request.label or "",
        )
        for record in records
    ]
    screen.show(table(screen, ("id", "status", "model", "cost", "begun (UTC)", "label"), rows))


def _status(record: JobRecord) -> str:
    if record.job.status == "done" and not record.complete:
        return "done, not written yet"
    return record.job.status


def _cost(record: JobRecord) -> str:
    from .words import say_cost

    if record.cost is not None:
        return say_cost(record.cost, None)
    match record.charged:
        case "no":
            return "nothing charged"
        case "unknown":
            return "not known"
        case _:
            return say_cost(None, record.quote)


def _facts(record: JobRecord) -> Iterator[tuple[str, Any]]:
    job = record.job
    yield "job", record.id
    yield "status", _status(record)
    yield "provider", f"{job.provider} ({record.distribution} {record.version})"
    yield "model", job.model.id
    yield "cost", _cost(record)
    if job.request.label:
        yield "label", job.request.label
    yield "begun", f"{record.created_at:%Y-%m-%d %H:%M:%S} UTC"
    yield "changed", f"{record.updated_at:%Y-%m-%d %H:%M:%S} UTC"
    for name, value in job.facts.vendor_ids.items():
        yield "vendor id", f"{name} {value}"
    for file in record.files:
        yield "picture", file.path
    for text in record.warnings:
        yield "warning", text
    if record.error is not None:
        yield "error", record.error.get("message", record.error.get("type"))
    if not record.finished:
        yield "next", f"imgedit jobs resume {record.id}"
    if job.status == "planned":
        yield "or", f"imgedit jobs settle {record.id} --not-charged, if it is not to be sent"
    elif record.charged == "unknown":
        yield "or", f"imgedit jobs settle {record.id} --charged, or --not-charged"
    elif job.status == "done" and not record.finished:
        charge = "--charged" if record.charged == "yes" else "--not-charged"
        yield "or", f"imgedit jobs settle {record.id} {charge}, if the picture is gone for good"
    elif record.charged == "yes" and not record.finished:
        end = f"imgedit jobs settle {record.id} --charged"
        yield "or", f"{end}, if the provider does not know it any more"
