"""`imgedit jobs settle` and `jobs prune`: what only the user can say or wants gone."""

from __future__ import annotations

from datetime import timedelta

import click

from .books import journal_alone
from .failure import of_earlier_jobs
from .options import common
from .screen import Screen


@click.command(epilog='Example: imgedit jobs settle 01K9 --charged --cost "0.04 USD"')
@click.argument("job_id", metavar="ID")
@click.option(
    "--charged/--not-charged", default=None, help="Whether your account shows a charge for it."
)
@click.option("--cost", metavar='"0.04 USD"', help="How much, when you know.")
@common
@click.pass_obj
def settle(
    screen: Screen, as_json: bool, job_id: str, charged: bool | None, cost: str | None
) -> None:
    """Say what became of a job whose outcome is not known.

    Look in your account at the provider first. The job is then over, and budgets count it so. A
    job that is done and whose picture is gone for good ends so, too.
    """
    from ..engine.bookkeeping import left_over
    from ..errors import OutputError, UsageError
    from ..journal import job_row
    from .words import say_cost

    with of_earlier_jobs(screen.watch, job_id), journal_alone() as client:
        if charged is None:
            known = client.job(job_id)
            raise UsageError(
                "say --charged or --not-charged",
                charged=known.charged,
                job_id=known.id,
                hint="Look in your account at the provider.",
            )
        record = client.settle(job_id, charged=charged, cost=cost)
        left = left_over(client.runtime, record.id) if charged else None
    said = "not charged"
    if charged:
        said = f"charged (cost: {say_cost(record.cost, record.quote)})"
    said = f"Job {record.id} is settled: {said}."
    try:
        if as_json:
            screen.document({"jobs": [job_row(record)]})
            return
        screen.line(said)
    except OutputError as error:
        error.charged = record.charged
        error.fill(job_id=record.id, hint=said)
        raise
    if left is not None:
        screen.note(f"What came of it lies in {left}.")


@click.command(epilog="Example: imgedit jobs prune --older-than 90d")
@click.option(
    "--older-than", default="30d", show_default=True, metavar="TIME", help="For example 30d or 12h."
)
@common
@click.pass_obj
def prune(screen: Screen, as_json: bool, older_than: str) -> None:
    """Forget finished jobs, and delete their pictures that were never written elsewhere.

    Jobs that can go on, or whose charge is not known, stay; so does what `imgedit spend` shows.
    """
    with journal_alone() as client:
        gone = client.prune(days(older_than, "--older-than"))
    if as_json:
        screen.document({"pruned": gone})
    else:
        screen.line(f"{len(gone)} {'job is' if len(gone) == 1 else 'jobs are'} forgotten.")


def days(text: str, option: str) -> timedelta:
    """A span of time as it is typed."""
    from ..config.load import read_days

    found = read_days(text)
    if found is None:
        raise click.UsageError(f"{option} takes a time like 30d or 12h, not {text!r}")
    return timedelta(days=found)
