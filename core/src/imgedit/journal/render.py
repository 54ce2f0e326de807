"""A job as a row of the command line's JSON documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..engine.record import JobRecord


def job_row(record: JobRecord) -> dict[str, Any]:
    """One row of `{"jobs": [...]}`, as `schemas/job.schema.json` says.

    No key is ever left out: what is not known is None. Amounts are decimal strings, times ISO
    text in UTC. `paths` are the pictures that are on the disk.
    """
    from ..manifest.render import quote_row
    from ..render import money_row

    job = record.job
    return {
        "id": record.id,
        "status": job.status,
        "charged": record.charged,
        "provider": job.provider,
        "model": job.model.id,
        "label": job.request.label,
        "quote": None if record.quote is None else quote_row(record.quote),
        "cost": money_row(record.cost),
        "vendor_ids": dict(job.facts.vendor_ids),
        "created_at": record.created_at.isoformat(timespec="milliseconds"),
        "updated_at": record.updated_at.isoformat(timespec="milliseconds"),
        "paths": [file.path for file in record.files],
        "error": None if record.error is None else dict(record.error),
    }
