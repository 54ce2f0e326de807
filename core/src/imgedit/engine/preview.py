"""What would be sent, without sending it: `--dry-run`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from attrs import evolve

from ..contract.exchange import HttpRequest, LocalRequest
from ..contract.image import ImageSource
from ..contract.job import Job

if TYPE_CHECKING:
    from ..discovery import Provider
    from .record import JobRecord
    from .runtime import Runtime


def preview(runtime: Runtime, provider: Provider, record: JobRecord) -> list[dict[str, Any]]:
    """The first exchange exactly, and the submit when that is another one.

    Uploads come before some submits, so the submit is built a second time with placeholders for
    what the uploads would give; its row says `"placeholder": true`.
    """
    job = record.job
    first = provider.build_request(job)
    rows = [_row(runtime, provider, first, placeholder=False)]
    if first.purpose == "submit" or not job.to_upload:
        return rows
    handles = {
        str(image.sha256): f"<handle of {image.media_type}, {image.size} bytes>"
        for image in job.to_upload
    }
    waiting: Job = evolve(job, state={**job.state, "handles": handles})
    submit = provider.build_request(waiting)
    if submit.purpose == "submit":
        rows.append(_row(runtime, provider, submit, placeholder=True))
    return rows


def _row(
    runtime: Runtime,
    provider: Provider,
    request: HttpRequest | LocalRequest,
    *,
    placeholder: bool,
) -> dict[str, Any]:
    if isinstance(request, LocalRequest):
        return {
            "method": None,
            "url": request.function,
            "headers": {},
            "body": _shown(request.arguments),
            "purpose": request.purpose,
            "spends": False,
            "placeholder": placeholder,
        }
    from ..transport import body_preview

    row = body_preview(request, runtime.site(provider, keys=False))
    return {**row, "placeholder": placeholder}


def _shown(value: Any) -> Any:
    if isinstance(value, ImageSource):
        from ..transport.preview import describe

        return describe(value)
    if isinstance(value, Mapping):
        return {key: _shown(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_shown(item) for item in value]
    return value
