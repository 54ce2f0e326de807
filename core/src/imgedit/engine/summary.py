"""An error as it is stored with a job, and as it is raised again; an answer as it is shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import errors
from ..contract.exchange import HttpResponse
from ..contract.model import Problem
from ..contract.money import Money
from ..errors import ImgEditError, JobFailed
from .record import JobRecord

_LONG = 4096
_DEEP = 100
_LARGE = 1 << 20


def error_row(error: ImgEditError) -> dict[str, Any]:
    """The facts of an error as JSON: the "error" of `schemas/error.schema.json`."""
    cost = error.cost
    return {
        "type": type(error).__name__,
        "message": str(error),
        "provider": error.provider,
        "distribution": error.distribution,
        "status": error.status,
        "code": error.code,
        "job_id": error.job_id,
        "request_id": error.request_id,
        "retryable": error.retryable,
        "retry_after": error.retry_after,
        "charged": error.charged,
        "cost": None if cost is None else {"amount": f"{cost.amount:f}", "unit": cost.unit},
        "problems": [
            {"path": problem.path, "message": problem.message, "code": problem.code}
            for problem in error.problems
        ],
    }


def stored_error(record: JobRecord) -> ImgEditError:
    """The error with which a job ended, made again from what is stored."""
    row: Mapping[str, Any] = record.error or {}
    kind = getattr(errors, str(row.get("type")), JobFailed)
    if not (isinstance(kind, type) and issubclass(kind, ImgEditError)):
        kind = JobFailed
    cost = Money(**row["cost"]) if row.get("cost") else None
    # Its message is all that was said then, of the money too: that is said anew.
    money = str(ImgEditError(charged=row.get("charged"), cost=cost))
    what, _, hint = str(row.get("message") or "").partition(money)
    message = f"job {record.id} was {record.job.status} before"
    if what:
        message += f": {what.strip()}"
    return kind(
        message,
        hint=hint.strip() or None,
        charged=record.charged,
        retryable=False,
        provider=row.get("provider") or record.job.provider,
        distribution=row.get("distribution"),
        status=row.get("status"),
        code=row.get("code"),
        request_id=row.get("request_id"),
        job_id=record.id,
        cost=cost,
        problems=[Problem(**problem) for problem in row.get("problems") or ()],
    )


def readable(response: HttpResponse) -> Any:
    """An answer's JSON for the result's `raw`; None when it is none.

    Long texts are cut, and so is what is nested too deeply to be shown everywhere.
    """
    if not response.body or len(response.body) > 64 * _LARGE:
        return None
    try:
        return _short(response.json())
    except ValueError:
        return None


def _short(value: Any, deep: int = 0) -> Any:
    if isinstance(value, dict | list) and deep == _DEEP:
        return "<nested too deeply>"
    if isinstance(value, dict):
        return {key: _short(item, deep + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_short(item, deep + 1) for item in value]
    if isinstance(value, str) and len(value) > _LONG:
        return f"<{len(value)} characters>"
    return value
