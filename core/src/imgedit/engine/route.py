"""Several providers for one edit: in the user's order, or the cheapest first.

The next one is only tried when the one before surely charged nothing and could not serve; never
after a refusal of the request or (unless that was asked for) its content, and never while an
outcome is unknown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, TypeVar

from attrs import evolve

from ..errors import (
    BudgetExceeded,
    ContentRejected,
    ImgEditError,
    ModelUnavailable,
    NetworkError,
    ProviderUnavailable,
    RateLimited,
    UsageError,
    ValidationError,
)
from ..result import Tried
from .advice import advice
from .named import CHEAPEST, named, routed
from .plan import Ask

if TYPE_CHECKING:
    from ..contract.money import Money
    from .quotes import Offer
    from .runtime import Runtime

T = TypeVar("T")

_NOT_A_CANDIDATE = (ValidationError, BudgetExceeded)
_COULD_NOT_SERVE = (ProviderUnavailable, RateLimited, ModelUnavailable, NetworkError)


def route(runtime: Runtime, ask: Ask) -> list[Ask]:
    """The asks to try one after another.

    Raises:
        UsageError: an empty name in the list; or no model has a price that can be compared.
        ValidationError: no installed model can do the request.
    """
    said = ask.provider or ""
    if said == CHEAPEST:
        return [
            evolve(ask, provider=one.provider, request=evolve(ask.request, model=one.model))
            for one in _cheapest(runtime, ask)
        ]
    return [evolve(ask, provider=name) for name in named(said)]


async def candidates(runtime: Runtime, ask: Ask) -> Sequence[Ask]:
    """As `route`, which takes its time; the one ask where the user named no more."""
    return await asyncio.to_thread(route, runtime, ask) if routed(ask.provider) else [ask]


async def first(
    runtime: Runtime, asks: Sequence[Ask], serve: Callable[[Ask], Awaitable[T]]
) -> tuple[T, tuple[Tried, ...]]:
    """What comes of the first of several that can serve, and who was passed over before it.

    Raises:
        ImgEditError: of the last one, or of one after which no other may be tried.
    """
    check_names(runtime, asks)
    tried: list[Tried] = []
    for ask in asks:
        try:
            return await serve(ask), tuple(tried)
        except ImgEditError as error:
            goes_on = passes_on(error, next_on_refusal=ask.next_on_refusal)
            if not goes_on or ask is asks[-1]:
                tell_of(error, tried)
                raise
            tried.append(passed_over(ask, error))
    raise AssertionError("there is at least one to ask")


def check_names(runtime: Runtime, asks: Sequence[Ask]) -> None:
    """Raises UnknownProvider for a name that is not installed, before it is needed."""
    for ask in asks[1:]:
        if ask.provider not in runtime.registry.names():
            runtime.registry.manifest(ask.provider or "")


def passes_on(error: ImgEditError, *, next_on_refusal: bool) -> bool:
    """Whether the next provider may be tried after this error: not while the job can go on."""
    if error.job is not None:
        return False
    if isinstance(error, _NOT_A_CANDIDATE):
        return True
    kinds = (*_COULD_NOT_SERVE, ContentRejected) if next_on_refusal else _COULD_NOT_SERVE
    return isinstance(error, kinds) and error.charged == "no"


def passed_over(ask: Ask, error: ImgEditError) -> Tried:
    """The row that tells of it in the result."""
    return Tried(
        provider=ask.provider or "",
        model=ask.request.model,
        type=type(error).__name__,
        message=error.message,
    )


def tell_of(error: ImgEditError, tried: Sequence[Tried]) -> None:
    """Put on the last error who was passed over before."""
    if tried:
        from textwrap import shorten

        before = "; ".join(f"{one.provider}: {shorten(one.message, 160)}" for one in tried)
        error.hint = f"{error.hint or ''} Tried before: {before}.".lstrip()


def _cheapest(runtime: Runtime, ask: Ask) -> Sequence[Offer]:
    """Models by their price in one unit: the limit's, else the one most of them have a price in.

    Those that have none in it, also not by a rate that the user chose, come last, unit by unit;
    under a limit they are left out, as are those above it.
    """
    from .quotes import ask_all

    found = ask_all(runtime.registry, ask.request, config=runtime.config, out=ask.out)
    if not found.quotes:
        problems = [problem for one in found.unable for problem in one.problems]
        raise ValidationError(
            "no installed model can do this", problems=problems, hint=advice(problems)
        )
    usable = {name for name in {one.provider for one in found.quotes} if runtime.has_key(name)}
    offers = [
        offer
        for offer in found.quotes
        if offer.quote.at_most is not None and offer.provider in usable
    ]
    if not offers:
        raise UsageError(
            "no model that can do this has a key and a price that can be compared",
            hint="See `imgedit quote`, and name a provider with -p.",
        )
    units = [unit for offer in offers if offer.quote.at_most for unit in _most(offer)]
    common = ask.max_cost.unit if ask.max_cost else max(units, key=units.count, default="")

    def place(offer: Offer) -> tuple[bool, str, Decimal]:
        if not offer.quote.at_most:
            return (False, "", Decimal(0))  # nothing is nothing in every unit
        most = _most(offer)
        unit = common if common in most else offer.quote.unit
        return (unit != common, unit, most[unit])

    offers.sort(key=place)
    if ask.max_cost is None:
        return offers
    within = [one for one in offers if _fits(one, ask.max_cost)]
    return within or offers[:1]  # whose error says what the least would be


def _fits(offer: Offer, limit: Money) -> bool:
    """Whether it surely costs no more; one that cannot be compared with the limit does not."""
    most = _most(offer).get(limit.unit)
    return not offer.quote.at_most or (most is not None and most <= limit.amount)


def _most(offer: Offer) -> Mapping[str, Decimal]:
    """The most that it costs, by unit: its own, and that of the rate that the user chose."""
    quote, also = offer.quote, offer.also
    most = {quote.unit: quote.at_most}
    if also is not None:
        most.setdefault(also.unit, also.at_most)
    return {unit: amount for unit, amount in most.items() if amount is not None}
