"""`imgedit quote`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from .options import common, request_options
from .screen import Screen

if TYPE_CHECKING:
    from ..contract.money import Quote
    from ..engine.quotes import Quotes, Unable


@click.command(epilog='Example: imgedit quote photo.jpg "make it warmer" --resolution 2k')
@request_options
@common
@click.pass_obj
def quote(
    screen: Screen,
    /,
    as_json: bool,
    image: str,
    prompt: str,
    provider: str | None,
    model: str | None,
    options: tuple[str, ...],
    references: tuple[str, ...],
    **fields: Any,
) -> None:
    """What this very edit would cost, for every installed model, cheapest first.

    Says why the others cannot do it. Needs no key and sends nothing.
    """
    from ..client import Client
    from .naming import check_image_name
    from .progress import following
    from .tasks import run_task
    from .values import models_for, read_options, read_reference

    models = models_for(provider, model, all_providers=True) if options else []
    fields |= {
        "provider": provider,
        "model": model,
        "options": read_options(options, models),
        "references": [read_reference(text) for text in references],
    }
    check_image_name(image)

    async def work() -> Quotes:
        async with Client.from_config(journal=False) as client:
            return await client.quote(image, prompt, **fields)

    with following(screen):
        quotes = run_task(work(), screen.watch)
    if as_json:
        screen.document(_document(quotes))
    else:
        _show(screen, quotes)


def _document(quotes: Quotes) -> dict[str, Any]:
    from ..manifest import problem_row, quote_row

    return {
        "quotes": [
            {
                "provider": offer.provider,
                "model": offer.model,
                **quote_row(offer.quote),
                "warnings": list(offer.warnings),
            }
            for offer in quotes.quotes
        ],
        "unable": [
            {
                "provider": row.provider,
                "model": row.model,
                "problems": [problem_row(problem) for problem in row.problems],
            }
            for row in quotes.unable
        ],
    }


def _show(screen: Screen, quotes: Quotes) -> None:
    from ..contract.money import plain
    from .tables import table
    from .words import say_amount

    if quotes.quotes:
        rows = [
            (
                offer.provider,
                offer.model,
                say_amount(offer.quote),
                "?" if offer.quote.at_most is None else plain(offer.quote.at_most),
                offer.quote.basis.replace("_", " "),
                _parts(offer.quote),
                _source(offer.quote),
            )
            for offer in quotes.quotes
        ]
        names = ("provider", "model", "price", "at most", "basis", "made up of", "read")
        screen.show(table(screen, names, rows))
    else:
        screen.line("No installed model can do this edit.")
    for text in dict.fromkeys(text for offer in quotes.quotes for text in offer.warnings):
        screen.warn(text)
    lines = list(_unable(quotes.unable))
    if lines:
        screen.line()
        screen.line("Cannot do it:")
        for line in lines:
            screen.line(f"  {line}")


def _parts(quote: Quote) -> str:
    from ..contract.money import plain

    said = [
        f"{part.what} {'?' if part.amount is None else plain(part.amount)}" for part in quote.parts
    ]
    if quote.reason:
        said.append(quote.reason)
    if quote.unchecked:
        said.append(f"not checked: {', '.join(quote.unchecked)}")
    return "; ".join(said)


def _source(quote: Quote) -> str:
    return " ".join(text for text in (quote.as_of, quote.source) if text)


def _unable(rows: tuple[Unable, ...]) -> Iterator[str]:
    """One line per provider and reason, naming the models; a provider's common reason once."""
    from .failure import say_problem

    groups: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        said = "; ".join(say_problem(problem) for problem in row.problems)
        groups.setdefault((row.provider, said), []).append(row.model or "")
    for (provider, said), models in groups.items():
        named = [model for model in models if model]
        shown = ", ".join(named[:4]) + (f" and {len(named) - 4} more" if len(named) > 4 else "")
        yield f"{provider} ({shown}): {said}" if shown else f"{provider}: {said}"
