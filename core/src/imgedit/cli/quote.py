"""`imgedit quote`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from .options import common, request_options
from .screen import Screen

if TYPE_CHECKING:
    from ..contract.money import Quote
    from ..engine.quotes import Offer, Quotes, Unable


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
                "also": None if offer.also is None else offer.also.row(),
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

    notes: list[str] = []
    if quotes.quotes:
        rows = [
            (
                offer.provider,
                offer.model,
                _price(offer, notes),
                "?" if offer.quote.at_most is None else plain(offer.quote.at_most),
                _parts(offer.quote, notes),
                _read(offer.quote, notes),
            )
            for offer in quotes.quotes
        ]
        names = ("provider", "model", "price", "at most", "made up of", "read")
        screen.show(table(screen, names, rows, whole=3))
        for number, note in enumerate(notes, 1):
            screen.line(f"[{number}] {note}")
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


def _price(offer: Offer, notes: list[str]) -> str:
    """The price, and what that is in money by the rate that the user chose."""
    from ..contract.money import Quote
    from .words import say_amount

    price = say_amount(offer.quote)
    other = offer.also
    if other is None or price in ("free", "unknown"):
        return price
    where = f", read {other.as_of} {other.source}" if other.source else ""
    note = _note(notes, f"{offer.provider}: by the rate {other.rate}{where}")
    in_money = Quote(
        amount=other.amount, at_most=other.at_most, unit=other.unit, basis=offer.quote.basis
    )
    return f"{price} = {say_amount(in_money)} {note}"


def _parts(quote: Quote, notes: list[str]) -> str:
    from ..contract.money import plain

    if len(quote.parts) == 1:
        said = [quote.parts[0].what]
    else:
        said = [
            f"{part.what} {'?' if part.amount is None else plain(part.amount)}"
            for part in quote.parts
        ]
    if quote.unchecked:
        said.append(f"not checked: {', '.join(quote.unchecked)}")
    text = "; ".join(said)
    return f"{text} {_note(notes, quote.reason)}".strip() if quote.reason else text


def _read(quote: Quote, notes: list[str]) -> str:
    """When the price was read, and where."""
    where = _note(notes, quote.source) if quote.source else ""
    return f"{quote.as_of or ''} {where}".strip()


def _note(notes: list[str], text: str) -> str:
    """The number of a note below the table; a new one joins `notes`."""
    if text not in notes:
        notes.append(text)
    return f"[{notes.index(text) + 1}]"


def _unable(rows: tuple[Unable, ...]) -> Iterator[str]:
    """One line per provider and reason, naming the models; a provider's common reason once."""
    from .failure import say_problem

    groups: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        said = "; ".join(say_problem(problem) for problem in row.problems)
        if row.model is not None:
            said = said.replace(f": {row.model} ", ": ")
        groups.setdefault((row.provider, said), []).append(row.model or "")
    for (provider, said), models in groups.items():
        named = [model for model in models if model]
        shown = ", ".join(named[:4]) + (f" and {len(named) - 4} more" if len(named) > 4 else "")
        yield f"{provider} ({shown}): {said}" if shown else f"{provider}: {said}"
