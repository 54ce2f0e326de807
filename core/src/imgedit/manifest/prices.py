"""What a request costs, from the price table of a model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from ..contract.model import Model
from ..contract.money import Part, Quote, exactly
from .bounds import NOTHING, UNKNOWN_PRICE, Bounds, parse_bounds, widest
from .fragments import fits
from .keys import UNKNOWN, as_key, places
from .limits import unknown_facts
from .megapixels import megapixels
from .words import short

if TYPE_CHECKING:
    from .read import Manifest


class _Line(NamedTuple):
    what: str
    bounds: Bounds


@exactly
def quote(document: Mapping[str, Any], model: Model, manifest: Manifest) -> Quote:
    """What a request document costs with a model; never raises for what the vendor leaves open.

    Amounts are for the whole request: multiplied by n unless the table is `per` "edit".

    Raises:
        ManifestError: the price table is broken.
    """
    source, as_of = _source(model.price, manifest)
    unchecked = dict.fromkeys(unknown_facts(document, model))
    price = model.price or {}
    reasons: list[str] = []
    lines = list(_lines(document, model, price, reasons))
    if price.get("per") == "edit":
        n = 1
    else:
        n = document.get("n") or 1
    scale = Decimal(price.get("scale", 1))
    lines = [_Line(line.what, line.bounds.times(scale * n)) for line in lines]
    total = NOTHING
    for line in lines:
        total = total.plus(line.bounds)
    bare = len(lines) == 1 and n == 1 and not price.get("by") and price.get("per") != "megapixel"
    factor = f" × {n}" if n > 1 else ""
    if total.estimate:
        total = total._replace(high=None)
    return Quote(
        amount=total.low,
        at_most=total.high,
        unit=model.unit,
        basis=total.basis,
        reason=_reason(total, reasons),
        parts=()
        if bare or total.low is None
        else tuple(
            Part(what=line.what + factor, amount=line.bounds.low, at_most=line.bounds.high)
            for line in lines
        ),
        source=source,
        as_of=as_of,
        unchecked=tuple(unchecked),
    )


def _lines(
    document: Mapping[str, Any], model: Model, price: Mapping[str, Any], reasons: list[str]
) -> Iterator[_Line]:
    if "amounts" not in price:
        reasons.append(price.get("unknown") or f"no price of {model.id} is published")
        yield _Line("the edit", UNKNOWN_PRICE)
        return
    labels: list[str] = []
    axes = tuple(price.get("by", ()))
    bounds = _look_up(price["amounts"], axes, document, model, labels, reasons)
    if bounds.low is None:
        reasons.insert(0, price.get("unknown") or "this price is not published")
    if price.get("per") == "megapixel":
        low, high, why = megapixels(document, model, price.get("of", ()))
        top = bounds.times(low, high)
        bounds = top if high is not None else bounds.times(low).unlimited()
        labels.append(f"{low} megapixels" if low == high else f"{low} megapixels or more")
        if why:
            reasons.append(why)
    yield _Line(", ".join(labels) or "the edit", bounds)
    for item in price.get("add", ()):
        line = _surcharge(document, model, item, reasons)
        if line is not None:
            yield line


def _look_up(
    amounts: Any,
    axes: tuple[str, ...],
    document: Mapping[str, Any],
    model: Model,
    labels: list[str],
    reasons: list[str],
) -> Bounds:
    """Walk the nested amounts, one axis per level; an unset axis widens to its range.

    "*" also stands for an unset one; for a fact that is not known it is one of the entries.
    """
    if not isinstance(amounts, Mapping):
        found = parse_bounds(amounts)
        _explain(found, reasons)
        return found
    if not axes:
        return UNKNOWN_PRICE
    axis, rest = axes[0], axes[1:]
    values = _values(document, model, axis)
    if values:
        for value in values:
            labels.append(f"{_told(axis)} {short(value) or '(as given)'}")
        branches = [amounts.get(as_key(value), amounts.get("*")) for value in values]
    elif values is not None and "*" in amounts:
        branches = [amounts["*"]]
    else:
        branches = list(amounts.values())
        reasons.append(f"{_told(axis)} is not {'known' if values is None else 'set'}")
    inner: list[str] = []
    found = widest([_look_up(branch, rest, document, model, inner, reasons) for branch in branches])
    labels += dict.fromkeys(inner)
    return found


def _values(document: Mapping[str, Any], model: Model, axis: str) -> list[Any] | None:
    """The values of an axis: the request's, else the default; several only for `picture.x`.

    None = a fact that nobody knows yet.
    """
    found = places(document, axis)
    if any(value is UNKNOWN for _, value in found):
        return None
    if not found:
        fragment = model.limits.get(axis)
        return [fragment["default"]] if fragment and "default" in fragment else []
    distinct = {as_key(value): value for _, value in found}
    return list(distinct.values())


def _surcharge(
    document: Mapping[str, Any], model: Model, item: Mapping[str, Any], reasons: list[str]
) -> _Line | None:
    applies: bool | None = True
    for key, fragment in item.get("when", {}).items():
        verdict = _applies(document, model, key, fragment)
        if verdict is False:
            return None
        if verdict is None:
            applies = None
            reasons.append(f"{_told(key)} of the picture is not known")
    bounds = parse_bounds(item["amount"])
    _explain(bounds, reasons)
    what = item.get("what") or ", ".join(_told(key) for key in item.get("when", {})) or "surcharge"
    included = item.get("per_picture_beyond")
    if included is not None:
        count = max(0, 1 + len(document.get("references", ())) - included)
        if not count:
            return None
        bounds = bounds.times(count)
        what = item.get("what") or "input pictures"
        what += f" ({count} of them)" if count > 1 else ""
    if applies is None:
        bounds = widest([NOTHING, bounds])
    if bounds.low is None:
        reasons.insert(0, f"the price of {what} is not published")
    return _Line(what, bounds)


def _applies(
    document: Mapping[str, Any], model: Model, key: str, fragment: Mapping[str, Any]
) -> bool | None:
    found = [value for _, value in places(document, key)]
    if not found:
        own = model.limits.get(key)
        if own is None or "default" not in own:
            return False
        found = [own["default"]]
    if not all(value is UNKNOWN or fits(fragment, value) for value in found):
        return False
    return None if any(value is UNKNOWN for value in found) else True


def _told(axis: str) -> str:
    kind, _, name = axis.partition(".")
    return (name if kind == "options" and name else axis.replace(".", " ")).replace("_", " ")


def _explain(bounds: Bounds, reasons: list[str]) -> None:
    if bounds.low is None:
        return
    if bounds.estimate:
        reasons.append("the vendor gives an estimate only")
    elif bounds.high is None:
        reasons.append("the vendor publishes only the lowest price")


def _reason(total: Bounds, reasons: list[str]) -> str | None:
    if total.basis == "exact":
        return None
    if total.basis == "unknown":
        return reasons[0] if reasons else "this price is not published"
    return "; ".join(dict.fromkeys(reasons)) or "the vendor publishes a range"


def _source(price: Mapping[str, Any] | None, manifest: Manifest) -> tuple[str | None, str | None]:
    name = (price or {}).get("source")
    if name is None and len(manifest.sources) == 1:
        name = next(iter(manifest.sources))
    source = manifest.sources.get(name, {}) if name is not None else {}
    return source.get("url"), source.get("read")
