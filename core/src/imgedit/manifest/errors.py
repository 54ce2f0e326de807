"""What an error answer means: the manifest's table, and the core's own rows behind it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from ..contract.money import Money
from ..errors import (
    Charged,
    ProviderError,
    RateLimited,
    UnexpectedResponse,
    provider_errors,
)
from .fragments import fits, numbers
from .hints import hint_for
from .places import MISSING, amount_at, body_of, first_text, first_wait, look
from .reasons import clean, field_problems

if TYPE_CHECKING:
    from ..contract.exchange import HttpResponse
    from ..contract.job import Job
    from .read import Manifest

_RETRY_AFTER: Final = "header:retry-after"

_OWN: Final[Mapping[int, str]] = {
    400: "InvalidRequest",
    401: "AuthenticationError",
    402: "InsufficientCredits",
    403: "PermissionDenied",
    404: "NotFound",
    405: "InvalidRequest",
    409: "Conflict",
    410: "NotFound",
    413: "ImageRejected",
    415: "InvalidRequest",
    422: "InvalidRequest",
    429: "RateLimited",
    451: "LegallyUnavailable",
}


def is_error(manifest: Manifest, response: HttpResponse, *, own_api: bool) -> bool:
    """Whether an answer is an error: status 400 or more, or the manifest's `fails_when` matches.

    `own_api` says that it came from this vendor's API, not from an upload to another host and
    not from a download.
    """
    return response.status >= 400 or (own_api and _fails(manifest, response))


def _fails(manifest: Manifest, response: HttpResponse) -> bool:
    """Whether a JSON answer below 400 says that it is a failure; one pointer suffices."""
    conditions = manifest.errors.get("fails_when")
    if not conditions or response.status >= 400:
        return False
    body = body_of(response)
    if body is MISSING:
        return False
    for pointer, fragment in conditions.items():
        value = look(body, pointer)
        if value is not MISSING and fits(fragment, numbers(value)):
            return True
    return False


def classify(
    manifest: Manifest,
    job: Job | None,
    response: HttpResponse,
    distribution: str | None = None,
    *,
    now: float | None = None,
) -> ProviderError:
    """The error that an error answer means; never raises, whatever the vendor sent.

    `now` (seconds since 1970) is for dates in answers without a Date header.
    """
    errors = manifest.errors
    code = first_text(response, errors.get("code", ()))
    message = first_text(response, errors.get("message", ()))
    row = _row(errors.get("rows", ()), response, code, message)
    if row is None:
        row = _own_row(response.status)
    cls = provider_errors().get(row["is"], UnexpectedResponse)
    retryable = row.get("retryable", cls.default_retryable)
    waits = [_RETRY_AFTER]
    if retryable or issubclass(cls, RateLimited):
        # Many vendors send reset headers with every answer: they mean something only here.
        waits = [*errors.get("retry_after", ()), _RETRY_AFTER]
    charged = _charged(manifest, job, response, row.get("charged", "unknown"))
    cost = _cost(manifest, response)
    if cost is not None and cost.amount > 0:
        charged = "yes"
    elif charged != "no":
        cost = None  # a failed answer that says 0 does not prove that nothing was charged
    wait = first_wait(response, waits, time.time() if now is None else now)
    return cls(
        _sentence(manifest, job, response, code, message),
        hint=hint_for(cls, manifest, charged, wait),
        charged=charged,
        retryable=retryable,
        retry_after=wait,
        provider=manifest.name,
        distribution=distribution,
        status=response.status,
        code=clean(code, job, 100),
        request_id=clean(first_text(response, errors.get("request_id", ())), None, 200),
        job_id=None if job is None else job.id,
        cost=cost,
        problems=field_problems(manifest, job, response),
    )


def matching_row(manifest: Manifest, response: HttpResponse) -> Mapping[str, Any] | None:
    """The row of the manifest's own table that takes an error answer; None = none does."""
    errors = manifest.errors
    code = first_text(response, errors.get("code", ()))
    message = first_text(response, errors.get("message", ()))
    return _row(errors.get("rows", ()), response, code, message)


def _row(
    rows: Iterable[Mapping[str, Any]],
    response: HttpResponse,
    code: str | None,
    message: str | None,
) -> Mapping[str, Any] | None:
    """The first row of which every key matches."""
    for row in rows:
        if "status" in row and response.status not in row["status"]:
            continue
        if "purpose" in row and response.purpose not in row["purpose"]:
            continue
        if "code" in row and (code is None or code not in map(str, row["code"])):
            continue
        if "message" in row and not _matches(row["message"], message):
            continue
        return row
    return None


def _matches(pattern: str, message: str | None) -> bool:
    if message is None:
        return False
    try:
        return re.search(pattern, message[:10_000], re.IGNORECASE) is not None
    except re.error:
        return False  # `validate_manifest` tells the author; a user's job goes on


def _own_row(status: int) -> Mapping[str, Any]:
    if status in _OWN:
        return {"is": _OWN[status], "charged": "no"}
    if 500 <= status <= 599:
        return {"is": "ProviderUnavailable", "charged": "unknown"}
    return {"is": "UnexpectedResponse", "charged": "unknown"}


def _charged(manifest: Manifest, job: Job | None, response: HttpResponse, told: Charged) -> Charged:
    """The row's word on the submit and where `fails_when` matched, otherwise the job's."""
    if job is None:
        return "no"  # lists and balances are free
    if response.purpose == "submit":
        return told
    if job.status == "planned":
        return "no"
    if _fails(manifest, response):
        return told
    return "yes" if job.status in ("accepted", "done") else "unknown"


def _cost(manifest: Manifest, response: HttpResponse) -> Money | None:
    spec = manifest.errors.get("cost")
    if not spec:
        return None
    amount = amount_at(look(body_of(response), spec["at"]), spec.get("scale"))
    if amount is None or amount < 0:
        return None
    return Money(amount, spec.get("unit", manifest.unit))


def _sentence(
    manifest: Manifest,
    job: Job | None,
    response: HttpResponse,
    code: str | None,
    message: str | None,
) -> str:
    text = f"{manifest.title} answered {response.status}"
    told = clean(code, job, 100)
    if told:
        text += f" ({told})"
    said = clean(message, job)
    return f"{text}: {said}" if said and said != told else text
