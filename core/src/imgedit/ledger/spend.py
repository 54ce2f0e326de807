"""Reports of the ledger: what was quoted, charged, refunded and is reserved, per unit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, Literal, get_args

from attrs import evolve, frozen

from ..contract.money import Money, exactly, plain
from ..errors import UsageError
from .budgets import Budget, Purse, Total
from .entry import Entry

By = Literal["provider", "model", "label", "day", "month"]

_KEYS: Final[Mapping[str, Callable[[Entry], str]]] = {
    "provider": lambda entry: entry.provider,
    "model": lambda entry: f"{entry.provider} {entry.model}",
    "label": lambda entry: entry.label or "",
    "day": lambda entry: entry.day,
    "month": lambda entry: entry.day[:7],
}


@frozen(kw_only=True)
class Spend:
    """What the jobs of one group cost, in one unit; units are never added to each other.

    Attributes:
        key: the group: a provider, a model, a label ("" = none), a day or a month; None = all.
        jobs: how many.
        quoted: the sum of the quotes of those that were charged.
        charged: what was charged; assumed: the part of it that is assumed from quotes.
        refunded: what was charged first and given back.
        reserved: what is held for jobs that may still be charged.
        drift: charged less quoted, over the jobs whose vendor said the charge.
        unknown: how many jobs were charged nobody knows how much, or perhaps.
    """

    key: str | None
    unit: str
    jobs: int = 0
    quoted: Decimal = Decimal(0)
    charged: Decimal = Decimal(0)
    assumed: Decimal = Decimal(0)
    refunded: Decimal = Decimal(0)
    reserved: Decimal = Decimal(0)
    drift: Decimal = Decimal(0)
    unknown: int = 0

    def row(self) -> dict[str, Any]:
        """As JSON; amounts are decimal strings."""
        amounts = ("quoted", "charged", "assumed", "refunded", "reserved", "drift")
        return {
            "key": self.key,
            "unit": self.unit,
            "jobs": self.jobs,
            **{name: plain(getattr(self, name)) for name in amounts},
            "unknown": self.unknown,
        }


@exactly
def spend(entries: Iterable[Entry], by: str | None = None) -> list[Spend]:
    """The sums of each group, in the order of their keys; `by` None = one group.

    Raises:
        UsageError: entries cannot be grouped so.
    """
    if by is not None and by not in _KEYS:
        raise UsageError(f"by is one of {', '.join(get_args(By))}, not {by!r}")
    sums: dict[tuple[str | None, str], Spend] = {}
    for entry in entries:
        key = None if by is None else _KEYS[by](entry)
        place = (key, entry.unit)
        sums[place] = _add(sums.get(place) or Spend(key=key, unit=entry.unit), entry)
    return [sums[place] for place in sorted(sums, key=lambda place: (place[0] or "", place[1]))]


def _add(sum: Spend, entry: Entry) -> Spend:  # noqa: A002  # what it is
    sum = evolve(  # noqa: A001  # likewise
        sum,
        jobs=sum.jobs + 1,
        refunded=sum.refunded + entry.refunded,
        reserved=sum.reserved + entry.reserved,
        unknown=sum.unknown + _is_unknown(entry),
    )
    if entry.open or entry.charge is None or entry.source is None:
        return sum
    quoted = entry.quoted or Decimal(0)
    vendors = entry.source == "vendor" and entry.quoted is not None
    return evolve(
        sum,
        quoted=sum.quoted + quoted,
        charged=sum.charged + entry.charge,
        assumed=sum.assumed + (entry.charge if entry.source == "quote" else 0),
        drift=sum.drift + (entry.charge - quoted if vendors else 0),
    )


def _is_unknown(entry: Entry) -> bool:
    return entry.charge is None and entry.state != "planned"


@frozen(kw_only=True)
class Left:
    """A budget, what counts towards it in the present window, and what is left.

    Attributes:
        not_counted: what was spent besides, in units without a rate to the budget's.
    """

    budget: Budget
    counted: Decimal
    left: Decimal
    not_counted: tuple[Money, ...] = ()

    def row(self) -> dict[str, Any]:
        """As JSON."""
        budget = self.budget
        return {
            "amount": plain(budget.amount.amount),
            "unit": budget.amount.unit,
            "per": budget.per,
            "provider": budget.provider,
            "label": budget.label,
            "counted": plain(self.counted),
            "left": plain(self.left),
            "not_counted": [
                {"amount": plain(one.amount), "unit": one.unit} for one in self.not_counted
            ],
        }


@exactly
def what_is_left(
    purse: Purse, totals: Callable[[Budget, str], Sequence[Total]], today: str
) -> list[Left]:
    """Each budget with what is left of it; `totals` are what the ledger counts in its scope."""
    found = []
    for budget in purse.budgets:
        every = totals(budget, budget.window(today))
        counted = purse.sum(every, budget)
        left = max(budget.amount.amount - counted, Decimal(0))
        not_counted = purse.left_out(every, budget)
        found.append(Left(budget=budget, counted=counted, left=left, not_counted=not_counted))
    return found
