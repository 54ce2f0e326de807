"""How a user goes on with a job, in words: by the command line if that knows it, or in Python."""

from __future__ import annotations

from typing import Literal

from ..contract.money import Money

Way = Literal["command", "client", "json"]
"""Who knows a job: the journal of the command line, the client's own, or only its JSON."""


def resume(way: Way, job_id: str, *, out: bool = False) -> str:
    """What goes on with it, or with `out` what gives it another place as well."""
    place = ", out=..." if out else ""
    match way:
        case "command":
            return f"imgedit jobs resume {job_id}{' -o FILE' if out else ''}"
        case "client":
            return f'client.resume("{job_id}"{place})'
        case "json":
            return f"client.resume(error.job{place})"


def settle(way: Way, job_id: str, *, charged: bool | None = None, cost: Money | None = None) -> str:
    """What says how its money ended; None = the user knows that only after a look."""
    amount = "" if cost is None else f'"{cost.amount:f} {cost.unit}"'
    if way == "command":
        said = {True: "--charged", False: "--not-charged", None: "--charged, or --not-charged"}
        given = amount and f" --cost {amount}"
        return f"imgedit jobs settle {job_id} {said[charged]}{given}"
    if charged is None:
        return f'client.settle("{job_id}", charged=True), or charged=False'
    given = amount and f", cost={amount}"
    return f'client.settle("{job_id}", charged={charged}{given})'


def show(way: Way, job_id: str) -> str:
    """What tells all that is known of it."""
    return f"imgedit jobs show {job_id}" if way == "command" else f'client.job("{job_id}")'


def jobs(way: Way) -> str:
    """What lists the jobs."""
    return "imgedit jobs" if way == "command" else "client.jobs()"
