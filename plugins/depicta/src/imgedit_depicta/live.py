"""Depicta's own list of models, which alone knows them all and what they cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from imgedit import HttpRequest, HttpResponse, UnexpectedResponse, hookimpl

from .values import amount


@hookimpl
def list_models() -> HttpRequest:
    """Ask for the list; it needs the key and costs nothing."""
    return HttpRequest(method="GET", url="/v1/models", purpose="models")


@hookimpl
def parse_models(response: HttpResponse) -> list[dict[str, Any]]:
    """The models that edit, as rows of the manifest; a bare list is understood, too."""
    value = response.at("")
    listed = value.get("models") if isinstance(value, Mapping) else value
    if not isinstance(listed, list):
        raise UnexpectedResponse("Depicta's list of models cannot be read")
    return [_row(one) for one in listed if isinstance(one, Mapping) and _edits(one)]


def _edits(one: Mapping[str, Any]) -> bool:
    operations = one.get("operations")
    able = one.get("can_edit", True) is True
    named = isinstance(one.get("id"), str) and bool(one["id"])
    return named and able and (not isinstance(operations, list) or "edit" in operations)


def _row(one: Mapping[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {"id": one["id"], "price": _price(one), "limits": {}}
    if (title := one.get("name")) and isinstance(title, str):
        row["title"] = title
    for ours, theirs in (("aspect_ratio", "aspect_ratios"), ("output_format", "output_formats")):
        if theirs in one:
            row["limits"][ours] = _choice(_texts(one[theirs]))
    if "image_sizes" in one:
        sizes = {size.lower(): size for size in _texts(one["image_sizes"])}
        row["limits"]["resolution"] = _choice(list(sizes))
        if sizes:
            row["wire"] = {"resolution": {"as": "image_size", "values": sizes}}
    return row


def _price(one: Mapping[str, Any]) -> dict[str, str]:
    cost = amount(one.get("approximate_cost_eur"))
    if cost is None or cost <= 0:
        return {"source": "live", "unknown": "Depicta's list names no price for this model"}
    return {"source": "live", "amounts": f"~{cost.normalize():f}"}


def _texts(value: Any) -> list[str]:
    items = value if isinstance(value, list) else []
    return list(dict.fromkeys(item for item in items if item and isinstance(item, str)))


def _choice(values: list[str]) -> dict[str, Any] | None:
    """A limit; None, for a list that is null or empty = the model does not take the field."""
    return {"enum": values} if values else None
