"""The row of one job in the ledger: always derived from the job's record, never kept by hand."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from attrs import frozen

from ..contract.job import Status
from ..contract.money import exactly
from ..errors import Charged

if TYPE_CHECKING:
    from ..engine.record import JobRecord

Source = Literal["vendor", "quote"]

_NOTHING = Decimal(0)


@frozen(kw_only=True)
class Entry:
    """What one job cost, or may still cost; all amounts in `unit`.

    Attributes:
        quoted, at_most: the price before paying and its upper bound; None = not known.
        reserved: what is held for it while it may still be charged, else 0.
        charge: what it cost, as far as that is known now; None = not known.
        source: where the charge comes from: the vendor said it, or it is assumed from the quote.
        refunded: what the vendor charged first and gave back.
        counted: what budgets count: what is reserved, then the charge; the upper bound of the
            quote where the charge is only assumed, or not known.
        at: the moment it was entered (ISO, UTC); day: the day of that, where budgets begin days.
        state: the job's status; open: whether it may still be charged.
    """

    job_id: str
    provider: str
    model: str
    label: str | None
    unit: str
    quoted: Decimal | None
    at_most: Decimal | None
    reserved: Decimal
    charge: Decimal | None
    source: Source | None
    refunded: Decimal
    counted: Decimal
    at: str
    day: str
    state: Status
    open: bool

    @property
    def bucket(self) -> tuple[str, str, str, str]:
        """Of which running total it is a part: day, provider, label ("" = none) and unit."""
        return (self.day, self.provider, self.label or "", self.unit)

    @property
    def part(self) -> tuple[tuple[str, str, str, str], Decimal]:
        """What it adds to which running total."""
        return self.bucket, self.counted

    @property
    def charged(self) -> Charged:
        """Whether a job that is over was charged; of one that is not, its record tells."""
        if self.open:
            return "unknown"
        return "no" if self.source is None and self.charge == 0 else "yes"


def entry_of(record: JobRecord, before: Entry | None, *, at: str, day: str) -> Entry:
    """The row for a record; `before` is the job's row until now, whose moment and day stay."""
    job, quote = record.job, record.quote
    cost = job.facts.cost
    unit, quoted, at_most = job.model.unit, None, None
    if quote is not None:
        if quote.unit != unit:
            cost = None  # in the provider's own unit: what was reserved goes on counting
        unit, quoted, at_most = quote.unit, quote.amount, quote.at_most
    over = job.status in ("done", "failed", "canceled") and record.charged != "unknown"
    charge, source = _charge(record.charged, cost, quoted, over=over)
    bound = max(at_most or quoted or _NOTHING, charge or _NOTHING)
    return Entry(
        job_id=record.id,
        provider=job.provider,
        model=job.model.id,
        label=job.request.label,
        unit=unit,
        quoted=quoted,
        at_most=at_most,
        reserved=_NOTHING if over else bound,
        charge=charge,
        source=source,
        refunded=_NOTHING if before is None else _refunded(before, charge),
        counted=bound if not over or charge is None or source == "quote" else charge,
        at=at if before is None else before.at,
        day=day if before is None else before.day,
        state=job.status,
        open=not over,
    )


def _charge(
    charged: str, cost: Decimal | None, quoted: Decimal | None, *, over: bool
) -> tuple[Decimal | None, Source | None]:
    if charged == "no":
        return (_NOTHING, None) if over else (None, None)
    if charged == "unknown":
        return None, None
    if cost is not None:
        return max(cost, _NOTHING), "vendor"
    return quoted, None if quoted is None else "quote"


@exactly
def _refunded(before: Entry, charge: Decimal | None) -> Decimal:
    """What was given back: the vendor said that it charged this much, and it is less now."""
    if before.source != "vendor" or before.charge is None or charge is None:
        return before.refunded  # an assumption was corrected at most: nothing was given back
    return before.refunded + max(before.charge - charge, _NOTHING)
