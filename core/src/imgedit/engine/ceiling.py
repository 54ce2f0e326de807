"""What an edit may cost at most: looked at before it is sent, and again when it is resumed."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from ..contract.money import Money, Quote, exactly, plain
from ..errors import BudgetExceeded
from ..ledger.budgets import to_money as read_money
from . import ways
from .record import JobRecord

if TYPE_CHECKING:
    from ..discovery import Provider
    from .runtime import Runtime
    from .ways import Way


def to_money(value: Money | str | None) -> Money | None:
    """A limit like "0.10 USD" or "500 acme:credits".

    Raises:
        UsageError: it is not an amount with its unit.
    """
    return None if value is None else read_money(value)


@exactly
def check_cost(quote: Quote, limit: Money, runtime: Runtime, provider: Provider) -> None:
    """Raises BudgetExceeded unless the price is surely within the limit."""
    if quote.at_most is not None and quote.at_most == 0:
        return
    rate = None
    if quote.unit != limit.unit:
        from .rates import OWN, chosen_rate

        rate = chosen_rate(runtime.config, provider.manifest)
        if rate is None or (rate.unit, rate.to) != (quote.unit, limit.unit):
            raise BudgetExceeded(
                f"the price is in {quote.unit} and the limit in {limit.unit}, "
                "and no rate between them is chosen",
                hint=f"Give the limit in {quote.unit}{_or_a_rate(provider, limit)}.",
            )
    if quote.at_most is None:
        said = "unknown" if quote.amount is None else f"{plain(quote.amount)} {quote.unit} or more"
        raise BudgetExceeded(
            f"the price is {said}, no upper bound is known ({quote.reason or quote.basis})",
            hint="Choose a model with a known price, or leave the limit out.",
        )
    most = quote.at_most if rate is None else quote.at_most * rate.amount
    if most > limit.amount:
        said = f"{plain(quote.at_most)} {quote.unit}"
        if rate is not None:
            name = "your own rate" if rate.name == OWN else f"the rate {rate.name}"
            said += f" ({plain(most)} {rate.to} at {name})"
        raise BudgetExceeded(
            f"it may cost {said}, the limit is {limit}",
            hint="Raise the limit, or choose a cheaper model (see: imgedit quote).",
        )


def _or_a_rate(provider: Provider, limit: Money) -> str:
    names = [rate.name for rate in provider.manifest.rates if rate.to == limit.unit and rate.name]
    if not names:
        return ""
    choice = f'rate = "{names[0]}" under [providers.{provider.name}]'
    return f", or choose one of its rates in config.toml: {choice}"


def price_again(runtime: Runtime, provider: Provider, record: JobRecord) -> Quote | None:
    """The price of a job that was not sent, when it may cost more by now than was reserved.

    Raises:
        BudgetExceeded: it is over the limit that was given, and which is stored with the job.
    """
    model = provider.manifest.model(record.job.model.id) or record.job.model
    quote, before = provider.price(record.job.request, model), record.quote
    if before is not None and quote.unit == before.unit:
        unbound = quote.at_most is None and before.at_most is not None
        if not unbound and _reserved(quote) <= _reserved(before):
            return None
    if record.max_cost is not None:
        try:
            check_cost(quote, record.max_cost, runtime, provider)
        except BudgetExceeded as error:
            error.hint = _another_limit(runtime.way, record.id)
            raise
    return quote


def _another_limit(way: Way, job_id: str) -> str:
    if way == "json":
        return "For another limit begin a new edit."
    return (
        f"When its price is within the limit again, go on with: {ways.resume(way, job_id)}. For "
        f"another limit end it with: {ways.settle(way, job_id, charged=False)}, and begin a new "
        "edit."
    )


def _reserved(quote: Quote) -> Decimal:
    """What is held for a price: as far as it is known."""
    return quote.at_most or quote.amount or Decimal(0)
