"""A job as a row of the command line's JSON documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..contract.money import Money, plain

if TYPE_CHECKING:
    from decimal import Decimal

    from ..contract.money import Quote
    from ..engine.record import JobRecord


def job_row(record: JobRecord) -> dict[str, Any]:
    """One row of `{"jobs": [...]}`, as `schemas/job.schema.json` says.

    No key is ever left out: what is not known is None. Amounts are decimal strings, times ISO
    text in UTC. `paths` are the pictures that are on the disk.
    """
    job = record.job
    cost = None if job.facts.cost is None else Money(job.facts.cost, job.model.unit)
    return {
        "id": record.id,
        "status": job.status,
        "charged": record.charged,
        "provider": job.provider,
        "model": job.model.id,
        "label": job.request.label,
        "quote": None if record.quote is None else _quote(record.quote),
        "cost": None if cost is None else {"amount": plain(cost.amount), "unit": cost.unit},
        "vendor_ids": dict(job.facts.vendor_ids),
        "created_at": record.created_at.isoformat(timespec="milliseconds"),
        "updated_at": record.updated_at.isoformat(timespec="milliseconds"),
        "paths": [file.path for file in record.files],
        "error": None if record.error is None else dict(record.error),
    }


def _quote(quote: Quote) -> dict[str, Any]:
    return {
        "amount": _amount(quote.amount),
        "at_most": _amount(quote.at_most),
        "unit": quote.unit,
        "basis": quote.basis,
        "reason": quote.reason,
        "parts": [
            {
                "what": part.what,
                "amount": _amount(part.amount),
                "at_most": _amount(part.at_most),
            }
            for part in quote.parts
        ],
        "source": quote.source,
        "as_of": quote.as_of,
        "unchecked": list(quote.unchecked),
    }


def _amount(amount: Decimal | None) -> str | None:
    return None if amount is None else plain(amount)
