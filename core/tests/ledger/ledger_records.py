from __future__ import annotations

from typing import Any

from attrs import evolve

from imgedit import EditRequest, Facts, ImageSource, Job, Model, Quote
from imgedit.engine.record import JobRecord, new_id

_MODEL = Model(id="one", title="One", send="one", limits={}, price={}, unit="USD")
_PICTURE = ImageSource(media_type="image/png", sha256="ab", path="/pictures/in.png")


def quote(amount: str | None = "0.04", at_most: str | None = "0.04", unit: str = "USD") -> Quote:
    basis = "unknown" if amount is None else "exact" if amount == at_most else "at_least"
    return Quote(amount=amount, at_most=at_most, unit=unit, basis=basis)  # type: ignore[arg-type]


def make_record(
    price: Quote | None = None,
    *,
    id: str | None = None,
    provider: str = "acme",
    label: str | None = None,
    cost: str | None = None,
    unit: str | None = None,
    **changes: Any,
) -> JobRecord:
    """A job; what is no field of the record is one of its job."""
    price = price or quote()
    record = JobRecord(
        job=Job(
            id=id or new_id(),
            provider=provider,
            request=EditRequest(image=_PICTURE, prompt="make it warmer", label=label),
            model=evolve(_MODEL, unit=unit or price.unit),
            facts=Facts(cost=cost),
        ),
        distribution="imgedit-acme",
        version="1.0",
        quote=price,
    )
    own = {name: changes.pop(name) for name in list(changes) if hasattr(record, name)}
    return evolve(record.with_job(**changes), **own)
