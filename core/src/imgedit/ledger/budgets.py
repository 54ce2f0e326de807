"""Budgets: how much may be spent in which window, and whether one more job fits.

The arithmetic alone: a journal calls it inside the transaction that enters the job, with the
totals as they stand in that moment, so that it is exact across processes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import Literal, get_args

from attrs import field, frozen

from ..contract.convert import as_tuple
from ..contract.money import Money, plain, to_amount
from ..errors import BudgetExceeded, UsageError
from .entry import Entry

Per = Literal["day", "month", "total"]


def to_money(value: Money | str) -> Money:
    """An amount with its unit, like "0.10 USD" or "500 acme:credits".

    Raises:
        UsageError: it is none.
    """
    if isinstance(value, Money):
        return value
    match str(value).split():
        case [amount, unit]:
            try:
                found = to_amount(amount)
            except ValueError:
                found = None
            if found is not None and found >= 0:
                return Money(found, unit)
    raise UsageError(f"{value!r} is not an amount of money", hint='Write it like "0.10 USD".')


def _per(value: str) -> Per:
    for known in get_args(Per):
        if value == known:
            return known  # type: ignore[no-any-return]  # one of the literal's own values
    raise UsageError(f"a budget is per day, month or total, not {value!r}")


@frozen(kw_only=True)
class Budget:
    """So much and no more.

    Attributes:
        amount: "5 USD" or Money.
        per: "day", "month" or "total".
        provider, label: only jobs of this provider, with this label ("" = none); None = all.
        allow_unknown: let jobs through whose price has no known upper bound, or is in a unit
            without a rate to this one, until what counts has reached the amount; they count with
            what is known of their price.

    Raises:
        UsageError: the amount or `per` cannot be read.
    """

    amount: Money = field(converter=to_money)
    per: Per = field(default="total", converter=_per)
    provider: str | None = None
    label: str | None = None
    allow_unknown: bool = False

    def covers(self, entry: Entry) -> bool:
        """Whether a job counts towards it."""
        return self.provider in (None, entry.provider) and self.label in (None, entry.label or "")

    def window(self, day: str) -> str:
        """How the days begin that belong to the same window: "2026-11-20", "2026-11" or ""."""
        return {"day": day, "month": day[:7], "total": ""}[self.per]

    def __str__(self) -> str:
        scope = [f"for {self.provider}"] if self.provider else []
        if self.label is not None:
            scope.append(
                f"for the label {self.label!r}" if self.label else "for jobs without a label"
            )
        per = "in all" if self.per == "total" else f"per {self.per}"
        return " ".join([str(self.amount), per, *scope])


def to_budgets(value: Iterable[Budget]) -> tuple[Budget, ...]:
    """Budgets as a caller gives them.

    Raises:
        UsageError: they are none; else every edit would trip over them.
    """
    budgets = tuple(value) if isinstance(value, Iterable) else ()
    if not isinstance(value, Iterable) or not all(isinstance(one, Budget) for one in budgets):
        raise UsageError(
            "budgets are a list of Budget",
            hint='Write it like budgets=[Budget(amount="5 USD", per="day")].',
        )
    return budgets


Rates = Mapping[tuple[str, str | None], Money]
"""Provider and unit → what one of it is worth there, in another unit.

The unit is None where nobody can tell in what the provider charges: then it is each of its units.
"""

Total = tuple[str, str, Decimal]
"""A provider, a unit, and how much of it is counted."""


@frozen(kw_only=True)
class Purse:
    """The budgets that hold, in which zone a day begins, and the rates that the user chose.

    Attributes:
        unread: provider → why the rate that was chosen for it cannot be read at present.
    """

    budgets: tuple[Budget, ...] = field(default=(), converter=as_tuple)
    zone: tzinfo | None = None
    rates: Rates = field(factory=dict)
    unread: Mapping[str, str] = field(factory=dict)

    def day(self, moment: datetime) -> str:
        """The day on which a moment falls; UTC unless a zone is set."""
        return moment.astimezone(self.zone or UTC).date().isoformat()

    def check(
        self, entry: Entry, before: Entry | None, totals: Callable[[Budget, str], Sequence[Total]]
    ) -> None:
        """Look whether a job fits into every budget that covers it.

        Args:
            entry: the row that is to be entered.
            before: the job's row until now; what it counts is in the totals already.
            totals: what is counted in a budget's scope, in the window that begins so.

        Raises:
            BudgetExceeded: it does not fit; nothing was sent.
        """
        free = entry.at_most == 0 and not entry.counted
        for budget in self.budgets:
            if budget.covers(entry):
                counted = totals(budget, budget.window(entry.day))
                if free:
                    self._check_free(budget, entry, counted)
                else:
                    self._check(budget, entry, before, counted)

    def _check_free(self, budget: Budget, entry: Entry, totals: Sequence[Total]) -> None:
        """Nothing is nothing in every unit, but for who charged more than was said."""
        overrun = self.sum(totals, budget) > budget.amount.amount
        if overrun and any(name == entry.provider and amount > 0 for name, _, amount in totals):
            raise _used_up(
                f"the price is nothing, but the budget of {budget} is overrun, and "
                f"{entry.provider} charged a part of that"
            )

    def _check(
        self, budget: Budget, entry: Entry, before: Entry | None, totals: Sequence[Total]
    ) -> None:
        more = self.value(entry.provider, entry.unit, entry.counted, budget)
        held = before and self.value(before.provider, before.unit, before.counted, budget)
        held = held or Decimal(0)
        spent, most = self.sum(totals, budget) - held, budget.amount.amount
        if more is None or entry.at_most is None:
            if not budget.allow_unknown:
                raise _unknown(budget, entry)
            if spent >= most:
                raise _used_up(f"{_priced(entry)}, and nothing is left of the budget of {budget}")
            if more is None:
                return
        if not budget.allow_unknown:
            self._check_read(budget, totals)
        if more > held and spent + more > most:
            raise _used_up(
                f"it may cost {plain(more)} {budget.amount.unit}, and "
                f"{plain(max(most - spent, Decimal(0)))} are left of the budget of {budget}"
            )

    def _check_read(self, budget: Budget, totals: Sequence[Total]) -> None:
        """Raises BudgetExceeded when something was spent of which nobody knows what it is worth."""
        for provider, unit, amount in totals:
            if provider in self.unread and self.value(provider, unit, amount, budget) is None:
                raise BudgetExceeded(
                    f"{plain(amount)} {unit} of {provider} count towards the budget of {budget}, "
                    f"and {self.unread[provider]}",
                    hint='Mend that, write the rate as an amount (rate = "0.01 USD" under '
                    f"[providers.{provider}] in config.toml), or set allow_unknown = true for the "
                    "budget.",
                    charged="no",
                )

    def left_out(self, totals: Iterable[Total], budget: Budget) -> tuple[Money, ...]:
        """What `sum` leaves out, by unit."""
        found: dict[str, Decimal] = {}
        for provider, unit, amount in totals:
            if self.value(provider, unit, amount, budget) is None:
                found[unit] = found.get(unit, Decimal(0)) + amount
        return tuple(Money(found[unit], unit) for unit in sorted(found))

    def sum(self, totals: Iterable[Total], budget: Budget) -> Decimal:
        """What is counted, in a budget's unit; what has no rate to it is left out."""
        values = (self.value(*total, budget) for total in totals)
        return sum((value for value in values if value is not None), Decimal(0))

    def value(self, provider: str, unit: str, amount: Decimal, budget: Budget) -> Decimal | None:
        """What a provider charges, in a budget's unit; None = no rate was chosen for it."""
        if unit == budget.amount.unit or not amount:
            return amount
        rate = self.rates.get((provider, unit)) or self.rates.get((provider, None))
        if rate is None or rate.unit != budget.amount.unit:
            return None
        return amount * rate.amount


def _used_up(message: str) -> BudgetExceeded:
    return BudgetExceeded(
        message,
        hint="`imgedit spend` (in Python: client.spend()) shows what was spent and reserved.",
        charged="no",
    )


def _priced(entry: Entry) -> str:
    """What is known of a price that cannot be compared with a budget."""
    if entry.at_most is not None:
        return f"the price is in {entry.unit}"
    if entry.quoted is None:
        return "the price is unknown"
    return f"the price is {plain(entry.quoted)} {entry.unit} or more"


def _unknown(budget: Budget, entry: Entry) -> BudgetExceeded:
    if entry.at_most is not None:
        return BudgetExceeded(
            f"{_priced(entry)}, no rate to {budget.amount.unit} was chosen, and there is a budget "
            f"of {budget}",
            hint=f'Choose a rate (rate = "..." under [providers.{entry.provider}] in config.toml), '
            f"give the budget in {entry.unit}, or set allow_unknown = true for it.",
            charged="no",
        )
    return BudgetExceeded(
        f"{_priced(entry)}, and there is a budget of {budget}",
        hint="Choose a model whose price is known, or set allow_unknown = true for the budget.",
        charged="no",
    )
