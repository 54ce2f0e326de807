"""From a record to what a caller gets of it: the result."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import evolve

from ..contract.money import Money
from ..contract.outcome import Output
from ..result import EditResult, ResultImage, Variant
from .record import JobRecord, SavedFile
from .same import is_there

if TYPE_CHECKING:
    from .held import Held


def to_result(record: JobRecord, held: Mapping[str, Held] | None = None) -> EditResult:
    """The result of a job that is done and complete; `held` has the files that are not written."""
    job = record.job
    facts = job.facts
    unit = job.model.unit
    assert job.done is not None  # only done jobs come here
    outputs = job.done.images
    return EditResult(
        job_id=job.id,
        provider=job.provider,
        model=facts.model or job.model.id,
        images=tuple(
            _image(file, outputs[file.index], (held or {}).get(file.path)) for file in record.files
        ),
        cost=None if facts.cost is None else Money(facts.cost, unit),
        quote=record.quote,
        balance=None if facts.balance is None else Money(facts.balance, unit),
        vendor_ids=facts.vendor_ids,
        ai_generated=facts.ai_generated,
        adaptations=record.adaptations,
        warnings=tuple(dict.fromkeys((*record.warnings, *facts.warnings))),
        unchecked=record.unchecked,
        attempts=record.attempts,
        seconds={"total": record.seconds},
        raw=record.raw,
    )


def present(record: JobRecord) -> JobRecord:
    """The record with those of its pictures that are still there, byte for byte; reads them.

    Another edit may have put its own picture in the place of one.
    """
    return evolve(record, files=tuple(filter(is_there, record.files)))


def _image(file: SavedFile, output: Output, held: Held | None) -> ResultImage:
    return ResultImage(
        path=Path(file.path),
        held=held,
        url=output.url,
        media_type=file.media_type,
        width=file.width,
        height=file.height,
        size=file.size,
        sha256=file.sha256,
        c2pa=file.c2pa,
        expires_at=output.expires_at,
        variants={
            name: Variant(
                url=variant.url,
                media_type=variant.media_type,
                size=variant.size,
                sha256=variant.sha256,
                expires_at=variant.expires_at,
            )
            for name, variant in output.variants.items()
        },
    )
