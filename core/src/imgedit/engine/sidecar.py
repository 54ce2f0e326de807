"""A record beside each picture: what went in, what came out, what was asked, paid and used."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..contract.image import ImageSource
from ..result import EditResult, ResultImage
from .output import check_free, numbered, write_text
from .record import JobRecord


def sidecar_of(picture: Path) -> Path:
    """Where the record of a picture lies: "out.png.json"."""
    return picture.with_name(f"{picture.name}.json")


def check_sidecars(out: Path, count: int, *, overwrite: bool) -> None:
    """Raises OutputError when a file is where a record would go, and may not be replaced."""
    for index in range(count):
        check_free(sidecar_of(numbered(out, index, count)), overwrite=overwrite)


def write_sidecars(record: JobRecord, result: EditResult) -> None:
    """Write the record of every picture of a finished job; the same again after a resume.

    Raises:
        OutputError: it cannot be written; the pictures are there.
    """
    for image in result.images:
        text = json.dumps(_document(record, result, image), indent=2, ensure_ascii=False)
        write_text(sidecar_of(image.path), text + "\n")


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
