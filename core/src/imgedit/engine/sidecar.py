"""A record beside each picture: what went in, what came out, what was asked, paid and used."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..contract.image import ImageSource
from ..errors import OutputError
from ..result import EditResult, ResultImage
from .output import is_newer, place, sidecar_of
from .record import JobRecord


def write_sidecars(record: JobRecord, result: EditResult, *, resumed: bool = False) -> None:
    """Write the record of every picture; what this job wrote before stays where it fits.

    Args:
        resumed: what was written since the user named the place is in the way.

    Raises:
        OutputError: it cannot be written, or a file is in the way; the pictures are there.
    """
    for image in result.images:
        target = sidecar_of(image.path)
        job, picture = _tells_of(target)
        if (job, picture) == (record.id, image.sha256) and not result.reused:
            continue
        document = _document(record, result, image)
        text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
        data = text.encode(errors="backslashreplace")  # a name that is no text: JSON's own escape
        free = record.wish.overwrite and not (resumed and is_newer(target, record.placed_since))
        try:
            place(data, target, overwrite=free or job == record.id)
        except OutputError as error:
            error.message = f"the picture is there, its record is not: {error.message}"
            raise


def _tells_of(target: Path) -> tuple[Any, Any]:
    """The job and the picture's hash in a record; nothing where there is none of ours."""
    if not os.path.isfile(target):
        return None, None
    try:
        found = json.loads(target.read_bytes())
        return found["job_id"], found["output"]["sha256"]
    except (OSError, ValueError, TypeError, LookupError):
        return None, None


def _document(record: JobRecord, result: EditResult, image: ResultImage) -> dict[str, Any]:
    from .. import __version__
    from ..manifest import document
    from ..render import result_document

    request = record.job.request
    rows = result_document(result)
    return {
        "imgedit": __version__,
        "plugin": f"{record.distribution} {record.version}",
        "created_at": record.created_at.isoformat(),
        "request": document(request),
        "inputs": list(_inputs(record)),
        "output": next(row for row in rows["images"] if row["path"] == str(image.path)),
        **{
            key: rows[key]
            for key in (
                "job_id",
                "provider",
                "model",
                "vendor_ids",
                "quote",
                "cost",
                "reused",
                "ai_generated",
                "adaptations",
                "warnings",
            )
        },
    }


def _inputs(record: JobRecord) -> Iterator[dict[str, Any]]:
    """Each picture that went in, as its bytes were sent."""
    request = record.job.request
    yield _input("image", request.image)
    if request.mask is not None:
        yield _input("mask", request.mask)
    for reference in request.references:
        yield _input("reference", reference.image)


def _input(role: str, image: ImageSource) -> dict[str, Any]:
    return {
        "role": role,
        "url": image.url,
        "media_type": image.media_type,
        "bytes": image.size,
        "sha256": image.sha256,
    }
