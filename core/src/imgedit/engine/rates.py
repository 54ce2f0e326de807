"""What credits cost in money: by a rate that the manifest cites, or the user's own."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from attrs import frozen

from ..contract.money import Money, Quote, exactly, plain
from ..errors import ConfigError, PluginError, UsageError
from ..ledger.budgets import Budget, Purse, to_money
from ..manifest import Rate
from ..manifest.fragments import nearest

if TYPE_CHECKING:
    from ..config import Config
    from ..discovery.known import Known
    from ..manifest import Manifest

logger = logging.getLogger("imgedit")

OWN = "your own"
"""The name of a rate that the user wrote down, in the place of one of the manifest's."""


@frozen(kw_only=True)
class Also:
    """A quote in another unit.

    Attributes:
        amount, at_most: as in `Quote`.
        unit: the unit of both.
        rate: the name of the rate.
        source, as_of: where the rate was read, and when; None for the user's own.
    """

    amount: Decimal
    at_most: Decimal | None
    unit: str
    rate: str | None
    source: str | None
    as_of: str | None

    def row(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "amount": plain(self.amount),
            "at_most": None if self.at_most is None else plain(self.at_most),
            "unit": self.unit,
            "rate": self.rate,
            "source": self.source,
            "as_of": self.as_of,
        }


def chosen_rate(config: Config, manifest: Manifest) -> Rate | None:
    """The rate that the user chose for a provider (`rate` in config.toml), None = none.

    One to the unit in which the provider charges is none, either.

    Raises:
        ConfigError: the manifest has no rate of that name, and it is no amount of money either.
    """
    said = config.of(manifest.name).rate
    if said is None:
        return None
    rate = next((rate for rate in manifest.rates if rate.name == said), None)
    own = _own(said)
    if rate is None and own is not None:
        rate = Rate(unit=manifest.unit, to=own.unit, amount=own.amount, name=OWN)
    if rate is not None:
        return None if rate.to == rate.unit else rate
    names = [f'"{rate.name}"' for rate in manifest.rates if rate.name]
    known = f"There are: {', '.join(names)}. Or write" if names else "Write"
    raise ConfigError(
        f"{config.file}: {manifest.title} has no rate {said!r}",
        hint=f'{known} what a credit costs you: rate = "0.01 USD".',
        provider=manifest.name,
    )


def _own(said: str) -> Money | None:
    """A rate that the user wrote down; None = it is the name of one."""
    try:
        return to_money(said)
    except UsageError:
        return None


def purse_of(config: Config, registry: Known, budgets: Sequence[Budget]) -> Purse:
    """Budgets, and the rates by which they compare, whichever plugins are there.

    A budget of a provider that is not there is warned of: its name may be a slip.

    Raises:
        ConfigError: a rate that was chosen does not exist.
    """
    _warn_of_strangers(registry, budgets)
    rates: dict[tuple[str, str | None], Money] = {}
    unread: dict[str, str] = {}
    for name, settings in config.providers.items() if budgets else ():
        if settings.rate is None:
            continue
        try:
            rate = chosen_rate(config, registry.manifest(name))
        except PluginError as error:  # it cannot spend; what it spent before still counts
            own = _own(settings.rate)
            if own is None:
                unread[name] = f'the rate "{settings.rate}" cannot be read: {error.message}'
            else:
                rates[name, None] = own
        else:
            if rate is not None:
                rates[name, rate.unit] = Money(rate.amount, rate.to)
    return Purse(budgets=budgets, zone=config.timezone, rates=rates, unread=unread)


def _warn_of_strangers(registry: Known, budgets: Sequence[Budget]) -> None:
    named = {budget.provider: budget for budget in budgets if budget.provider is not None}
    if not named:
        return
    known = registry.names()
    for name, budget in named.items():
        if name not in known:
            meant = nearest(name, known)
            logger.warning(
                "the budget of %s: no provider %r is installed%s",
                budget,
                name,
                "" if meant is None else f"; the nearest is {meant}",
            )


@exactly
def also(quote: Quote, rate: Rate | None) -> Also | None:
    """The quote by a rate; None when there is none for its unit, or the price is unknown."""
    if rate is None or quote.amount is None or rate.unit != quote.unit:
        return None
    return Also(
        amount=_short(quote.amount * rate.amount),
        at_most=None if quote.at_most is None else _short(quote.at_most * rate.amount),
        unit=rate.to,
        rate=rate.name,
        source=rate.source,
        as_of=rate.as_of,
    )


def _short(amount: Decimal) -> Decimal:
    """Without zeros at the end."""
    whole = amount.to_integral_value()
    return whole if amount == whole else amount.normalize()
