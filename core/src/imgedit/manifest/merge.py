"""Rows over rows: provider → profile → model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..contract.model import Model

Row = Mapping[str, Any]


def merge_price(below: Mapping[str, Any] | None, above: Mapping[str, Any]) -> dict[str, Any]:
    """A price table with another laid over it.

    `add` is concatenated, other keys are replaced. `amounts` and `unknown` remove each other:
    what was said last stays.
    """
    merged = {**(below or {}), **above}
    if "amounts" in above and "unknown" not in above:
        merged.pop("unknown", None)
    if "unknown" in above and "amounts" not in above:
        merged.pop("amounts", None)
    add = [*(below or {}).get("add", ()), *above.get("add", ())]
    if add:
        merged["add"] = add
    return merged


def merge_model(provider: Row, profile: Row, row: Row) -> Model:
    """The merged row of one model.

    A limit is replaced whole, its default too, and null takes it away; rules are concatenated;
    `wire` is merged by key.
    """
    layers = (provider, profile, row)
    limits: dict[str, Any] = {}
    wire: dict[str, Any] = {}
    rules: list[Any] = []
    price: dict[str, Any] | None = None
    for layer in layers:
        limits.update(layer.get("limits", ()))
        wire.update(layer.get("wire", ()))
        rules += layer.get("rules", ())
        if "price" in layer:
            price = merge_price(price, layer["price"])
    return Model(
        id=row["id"],
        title=row.get("title", row["id"]),
        send=row.get("send", row["id"]),
        limits=limits,
        rules=rules,
        price=price,
        wire=wire,
        unit=provider["unit"],
    )


def lay_live_row(row: Row, live: Row) -> dict[str, Any]:
    """A model's own row with the vendor's live one over it.

    The price is replaced whole, limits and wire are merged by key, everything else is replaced.
    """
    merged = {**row, **live}
    for name in ("limits", "wire"):
        if name in row and name in live:
            merged[name] = {**row[name], **live[name]}
    return merged
