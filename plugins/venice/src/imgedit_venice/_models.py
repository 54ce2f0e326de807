"""Venice's own list of models: what each takes, and what it costs, at this moment.

https://docs.venice.ai/api-reference/endpoint/models/list, read 2026-11-20. A fact that an entry
leaves out stays as provider.json has it; one that cannot be read makes the price unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from imgedit import HttpRequest, HttpResponse, UnexpectedResponse, hookimpl

_PICTURES: Final = 3  # "3 where that is absent", of maxInputImages
_UNREADABLE: Final = {"by": [], "unknown": "Venice's list names no price that can be read"}


@hookimpl
def list_models() -> HttpRequest:
    """The models that edit, from the list; asking is free."""
    return HttpRequest(method="GET", url="/models", query={"type": "inpaint"}, purpose="models")


@hookimpl
def parse_models(response: HttpResponse) -> list[dict[str, Any]]:
    """Each model that edits now; those that are offline are left out."""
    listed = response.at("/data")
    if not isinstance(listed, list):
        raise UnexpectedResponse("Venice.ai's list of models cannot be read")
    return [_row(one["id"], _object(one.get("model_spec"))) for one in listed if _works(one)]


def _works(one: Any) -> bool:
    if not isinstance(one, Mapping) or one.get("type", "inpaint") != "inpaint":
        return False
    named = isinstance(one.get("id"), str) and bool(one["id"])
    return named and _object(one.get("model_spec")).get("offline") is not True


def _row(model: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    said, pricing = _object(spec.get("constraints")), _object(spec.get("pricing"))
    priced = _object(pricing.get("resolutions")) or _object(pricing.get("quality"))
    sizes = _texts(said.get("resolutions")) or list(priced)
    row: dict[str, Any] = {
        "id": model,
        "limits": _limits(said, pricing, sizes),
        "price": _price(pricing, sizes),
        "rules": _rules(said),
    }
    if (name := spec.get("name")) and isinstance(name, str):
        row["title"] = name
    if sizes:
        row["wire"] = {"resolution": {"as": "resolution", "values": {s.lower(): s for s in sizes}}}
    if dates := _lifecycle(_object(spec.get("deprecation"))):
        row["lifecycle"] = dates
    return row


def _limits(
    said: Mapping[str, Any], pricing: Mapping[str, Any], sizes: list[str]
) -> dict[str, Any]:
    limits: dict[str, Any] = {}
    if "aspectRatios" in said:
        limits["aspect_ratio"] = _choice(_texts(said["aspectRatios"]), None)
    if (most := _count(said.get("promptCharacterLimit"))) is not None:
        limits["prompt"] = {"minLength": 1, "maxLength": most}
    if said.get("combineImages") is False:
        limits["references"] = None
    elif said.get("combineImages") is True:
        most = _count(said.get("maxInputImages")) or _PICTURES
        limits["references"] = {"maxItems": most - 1} if most > 1 else None
    first = str(said.get("defaultResolution") or ("1K" if "1K" in sizes else ""))
    limits["resolution"] = _choice([size.lower() for size in sizes], first.lower())
    qualities = _texts(said.get("qualities")) or _qualities(pricing)
    limits["quality"] = _choice(qualities, said.get("defaultQuality") or _usual(pricing))
    if said.get("supportsTransparentBackground") is False:
        limits["options.transparent_background"] = None
    return limits


def _rules(said: Mapping[str, Any]) -> list[dict[str, Any]]:
    if said.get("singleImageAspectRatio") is not False:
        return []
    return [
        {
            "when": {"aspect_ratio": {}},
            "need": {"references": {"minItems": 1}},
            "says": "must hold a further picture: with one alone this model keeps its shape",
        }
    ]


def _price(pricing: Mapping[str, Any], sizes: list[str]) -> dict[str, Any]:
    by_quality, by_size = _object(pricing.get("quality")), _object(pricing.get("resolutions"))
    if by_quality:
        axes = ["quality", "resolution"]
        table: Any = {
            quality: {
                size.lower(): _usd(_object(by_quality.get(size)).get(quality)) for size in sizes
            }
            for quality in _qualities(pricing)
        }
    elif by_size:
        axes = ["resolution"]
        table = {size.lower(): _usd(by_size.get(size)) for size in sizes}
    else:
        axes, table = [], _usd(pricing.get("inpaint"))
    if not table:
        return dict(_UNREADABLE)
    extra = _object(pricing.get("inputImages"))
    amount, included = _usd(extra.get("additional")), _count(extra.get("included"))
    if pricing.get("inputImages") is not None and (amount is None or included is None):
        return dict(_UNREADABLE)
    price: dict[str, Any] = {"by": axes, "amounts": table}
    if amount is not None and Decimal(amount) > 0:
        what = "further input pictures" if included else "input pictures"
        price["add"] = [{"what": what, "amount": amount, "per_picture_beyond": included}]
    return price


def _qualities(pricing: Mapping[str, Any]) -> list[str]:
    tiers = _object(pricing.get("quality")).values()
    return list(dict.fromkeys(quality for tier in tiers for quality in _object(tier)))


def _usual(pricing: Mapping[str, Any]) -> str | None:
    """The quality whose prices the table without a quality repeats."""
    by_quality, by_size = _object(pricing.get("quality")), _object(pricing.get("resolutions"))
    for quality in _qualities(pricing):
        prices = {tier: _usd(_object(row).get(quality)) for tier, row in by_quality.items()}
        if prices == {tier: _usd(one) for tier, one in by_size.items()}:
            return quality
    return None


def _usd(value: Any) -> str | None:
    """An amount of US dollars as the manifest writes it."""
    usd = _object(value).get("usd")
    if isinstance(usd, bool) or not isinstance(usd, int | Decimal) or usd < 0:
        return None
    return f"{usd:f}" if isinstance(usd, Decimal) else str(usd)


def _lifecycle(said: Mapping[str, Any]) -> dict[str, str]:
    found = {
        "deprecated": _date(said.get("startsAt")) or _date(said.get("date")),
        "ends": _date(said.get("removesAt")),
        "use": said.get("replacementModelId"),
    }
    return {name: value for name, value in found.items() if value and isinstance(value, str)}


def _date(value: Any) -> str | None:
    """The day of a moment."""
    day = value[:10] if isinstance(value, str) else ""
    return day if len(day) == 10 and day.replace("-", "").isdecimal() else None


def _choice(values: list[str], usual: Any) -> dict[str, Any] | None:
    """A limit; None for no values: the model does not take the field."""
    if not values:
        return None
    return {"enum": values, "default": usual} if usual in values else {"enum": values}


def _texts(value: Any) -> list[str]:
    items = value if isinstance(value, list) else []
    return list(dict.fromkeys(item for item in items if item and isinstance(item, str)))


def _count(value: Any) -> int | None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and value >= 0 else None


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
