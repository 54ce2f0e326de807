"""What every installed model would cost for one request, and why some cannot do it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from attrs import evolve, field, frozen

from ..contract.convert import as_tuple
from ..contract.model import Model, Problem
from ..contract.money import Quote
from ..contract.request import EditRequest
from ..errors import PluginError, ValidationError
from .named import CHEAPEST, named
from .plan import follow_name
from .rates import Also, also, chosen_rate

if TYPE_CHECKING:
    from ..config import Config
    from ..discovery.known import Known


@frozen(kw_only=True)
class Offer:
    """One model that can do a request, and its price.

    Attributes:
        also: the same price in money, when the user chose a rate for its credits.
        warnings: what to know of the model.
    """

    provider: str
    model: str
    quote: Quote
    also: Also | None = None
    warnings: tuple[str, ...] = ()


@frozen(kw_only=True)
class Unable:
    """One model that cannot do a request, and why; model None = no model of the provider."""

    provider: str
    model: str | None
    problems: tuple[Problem, ...]


@frozen(kw_only=True)
class Quotes:
    """Offers, cheapest first within each unit (unknown prices last), and who cannot."""

    quotes: tuple[Offer, ...] = field(default=(), converter=as_tuple)
    unable: tuple[Unable, ...] = field(default=(), converter=as_tuple)


def ask_all(
    registry: Known,
    request: EditRequest,
    *,
    provider: str | None = None,
    config: Config | None = None,
    out: str | None = None,
) -> Quotes:
    """Ask every installed provider, or those that are named; needs no key and sends nothing.

    `provider` is a name, several as "a,b", "cheapest" for all, or None for all.

    `config` holds the rates that the user chose for credits. `out` is the name of the output, which
    asks for a format.

    Raises:
        ConfigError: a rate is chosen that does not exist.
        UnknownProvider: `provider` is not installed.
        PluginError: `provider` does not load; without a name, broken ones are left to "unable".
    """
    every = provider in (None, CHEAPEST)
    names = registry.names() if every else named(provider or "")
    found: list[Offer | Unable] = []
    for name in names:
        try:
            found += _ask(registry, name, request, config, out)
        except PluginError as error:
            if not every:
                raise
            problem = Problem(path="", message=error.message, code="plugin")
            found.append(Unable(provider=name, model=None, problems=(problem,)))
    offers = [one for one in found if isinstance(one, Offer)]
    return Quotes(
        quotes=sorted(offers, key=_order),
        unable=[one for one in found if isinstance(one, Unable)],
    )


def _order(offer: Offer) -> tuple[object, ...]:
    quote = offer.quote
    unknown = quote.amount is None
    return (quote.unit, unknown, quote.amount or 0, quote.at_most is None, quote.at_most or 0)


def _ask(
    registry: Known, name: str, request: EditRequest, config: Config | None, out: str | None
) -> Iterator[Offer | Unable]:
    provider = registry.provider(name)
    manifest = provider.manifest
    rate = None if config is None else chosen_rate(config, manifest)
    models: tuple[Model, ...] = manifest.models
    warnings: tuple[str, ...] = ()
    if request.model is not None:
        try:
            picked = manifest.pick(request.model)
        except ValidationError as error:
            yield Unable(provider=name, model=request.model, problems=error.problems)
            return
        models, warnings = (picked.model,), picked.warnings
    for model in models:
        asked = follow_name(evolve(request, model=model.id), model, out)
        checked = provider.validate(asked, model)
        if checked.problems:
            yield Unable(provider=name, model=model.id, problems=tuple(checked.problems))
            continue
        quote = provider.price(asked, model)
        quote = evolve(
            quote, unchecked=tuple(dict.fromkeys((*quote.unchecked, *checked.unchecked)))
        )
        yield Offer(
            provider=name, model=model.id, quote=quote, also=also(quote, rate), warnings=warnings
        )
