"""What can be wrong with the prices of a manifest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..contract.model import Model, Problem
from .bounds import parse_bounds
from .fault import ManifestError
from .fragments import nearest
from .keys import as_key, escape

if TYPE_CHECKING:
    from .read import Manifest


def price_problems(manifest: Manifest) -> list[Problem]:
    """Problems of every price table, merged as it is used and pointed at its model's row."""
    found: dict[tuple[str, str], Problem] = {}
    for index, model in enumerate(manifest.models):
        for problem in _of_model(manifest, model, f"/models/{index}/price"):
            found[problem.path, problem.message] = problem
    return list(found.values())


def _of_model(manifest: Manifest, model: Model, at: str) -> Iterator[Problem]:
    price = model.price
    if price is None:
        return
    source = price.get("source")
    if source is not None and source not in manifest.sources:
        close = nearest(source, manifest.sources)
        tail = f"; did you mean {close!r}?" if close else ""
        yield Problem(path=f"{at}/source", message=f"is not in /sources{tail}", code="source")
    if source is None and len(manifest.sources) != 1 and not manifest.local:
        message = "names no source, and there is not exactly one"
        yield Problem(path=at, message=message, code="source")
    if "amounts" not in price and "unknown" not in price:
        message = "has neither amounts nor unknown"
        yield Problem(path=at, message=message, code="price")
    if price.get("per") == "megapixel" and not price.get("of"):
        message = 'per "megapixel" needs "of", the fields that decide the size'
        yield Problem(path=at, message=message, code="price")
    if price.get("of") and price.get("per") != "megapixel":
        yield Problem(path=f"{at}/of", message='goes with per "megapixel"', code="price")
    if "amounts" in price:
        axes = tuple(price.get("by", ()))
        yield from _axes(model, axes, price["amounts"], at)
        yield from _table(model, price["amounts"], axes, f"{at}/amounts")
    for number, item in enumerate(price.get("add", ())):
        yield from _amount(item["amount"], f"{at}/add/{number}/amount")


def _axes(model: Model, axes: tuple[str, ...], amounts: Any, at: str) -> Iterator[Problem]:
    if not isinstance(amounts, Mapping):
        return  # a flat price needs no axis, even where the provider's row names some
    for number, axis in enumerate(axes):
        if axis == "n" or axis.startswith(("image.", "picture.")):
            continue
        if model.limits.get(axis) is None:
            message = f"{model.id} does not take {axis}"
            yield Problem(path=f"{at}/by/{number}", message=message, code="axis")


def _table(model: Model, amounts: Any, axes: tuple[str, ...], at: str) -> Iterator[Problem]:
    if not isinstance(amounts, Mapping):
        yield from _amount(amounts, at)
        return
    if not axes:
        yield Problem(path=at, message="is nested deeper than `by` has fields", code="price")
        return
    fragment = model.limits.get(axes[0]) or {}
    values = fragment.get("enum")
    if fragment.get("type") == "boolean":
        values = [True, False]
    if values is not None:
        names = [as_key(value) for value in values]
        for key in amounts:
            if key != "*" and key not in names:
                close = nearest(key, names)
                tail = f"; did you mean {close!r}?" if close else ""
                message = f"{key!r} is not a value of {axes[0]}{tail}"
                yield Problem(path=f"{at}/{escape(key)}", message=message, code="amounts")
        if "*" not in amounts:
            for name in names:
                if name not in amounts:
                    message = f"{axes[0]} {name} has no amount"
                    yield Problem(path=at, message=message, code="amounts")
    for key, entry in amounts.items():
        yield from _table(model, entry, axes[1:], f"{at}/{escape(key)}")


def _amount(text: str | None, at: str) -> Iterator[Problem]:
    try:
        parse_bounds(text)
    except ManifestError as error:
        yield Problem(path=at, message=error.problem, code="amount")
