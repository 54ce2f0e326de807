"""Figures as a person reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..contract.money import Money, Quote, plain

if TYPE_CHECKING:
    from ..result import EditResult, ResultImage


def say_amount(quote: Quote) -> str:
    """The price of a quote in a few words: "0.04 USD", "from 4 credits", "unknown"."""
    if quote.amount is None:
        return "unknown"
    least = str(Money(quote.amount, quote.unit))
    if quote.amount == quote.at_most == 0:
        return "free"
    if quote.basis == "estimate":
        return f"about {least}"
    if quote.at_most is None:
        return f"from {least}"
    if quote.at_most == quote.amount:
        return least
    return f"{plain(quote.amount)} to {Money(quote.at_most, quote.unit)}"


def say_cost(cost: Money | None, quote: Quote | None) -> str:
    """What an edit cost; when the vendor did not say, that and the quote."""
    if cost is not None:
        return "free" if cost.amount == 0 else str(cost)
    if quote is None:
        return "not reported"
    return f"not reported; quoted {say_amount(quote)}"


def say_image(image: ResultImage) -> str:
    """Pixels and bytes of a picture, and whether it says itself where it comes from."""
    size = f"{image.size:,} bytes"
    if image.c2pa:
        size += ", with content credentials (C2PA)"
    if image.width is None or image.height is None:
        return size
    return f"{image.width} × {image.height} pixels, {size}"


def say_result(result: EditResult) -> str:
    """One line: the cost, who did it, how long it took."""
    cost = say_cost(result.cost, result.quote)
    if result.reused:
        cost = f"nothing, the result of job {result.job_id} was reused"
    line = f"Cost: {cost}. Provider: {result.provider}, model {result.model}."
    if result.balance is not None:
        line += f" Balance: {result.balance}."
    total = result.seconds.get("total")
    return line if total is None else f"{line} {total:.1f} s."
