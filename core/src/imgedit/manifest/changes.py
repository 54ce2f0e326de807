"""What differs between two states of a manifest's models."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

from attrs import frozen

from ..contract.model import Model
from .bounds import parse_bounds
from .pick import price_line

if TYPE_CHECKING:
    from .read import Manifest

Kind = Literal["added", "removed", "price", "limit", "rules", "lifecycle"]
_NOTES = ("description", "title", "examples", "$comment")


@frozen(kw_only=True)
class Change:
    """One difference.

    Attributes:
        kind: "added", "removed", "price", "limit", "rules" or "lifecycle".
        model: its id; field: the key of the limit, else None.
        before, after: the price table, the fragment, the rules or the dates; None = not there.
        says: the same in words.
    """

    kind: Kind
    model: str
    field: str | None = None
    before: Any = None
    after: Any = None
    says: str


def changes(shipped: Manifest, live: Manifest, listed: Collection[str]) -> tuple[Change, ...]:
    """What the live rows changed; `listed` are the ids in the vendor's list.

    A model that is sent without a name of the vendor's (its choice is left to the vendor) is in
    no list, so it is not missed there.
    """
    return tuple(_changes(shipped, live, listed))


def _changes(shipped: Manifest, live: Manifest, listed: Collection[str]) -> Iterator[Change]:
    for model in live.models:
        old = shipped.model(model.id)
        if old is None:
            said = f"new: {model.id}, {price_line(model, live)}"
            yield Change(kind="added", model=model.id, after=_table(model), says=said)
    for old in shipped.models:
        if old.id not in listed:
            if old.send is not None:
                said = f"gone: {old.id} is not in the list of {shipped.title}"
                yield Change(kind="removed", model=old.id, before=_table(old), says=said)
            continue
        new = live.model(old.id)
        if new is not None:
            yield from _differences(shipped, old, live, new)


def _differences(shipped: Manifest, old: Model, live: Manifest, new: Model) -> Iterator[Change]:
    if _bare(_table(old)) != _bare(_table(new)):
        was, now = price_line(old, shipped), price_line(new, live)
        said = f"{was} → {now}" if was != now else f"other prices, a plain edit still costs {now}"
        yield Change(
            kind="price", model=old.id, before=_table(old), after=_table(new),
            says=f"{old.id}: {said}",
        )  # fmt: skip
    for key in dict.fromkeys((*old.limits, *new.limits)):
        before, after = old.limits.get(key), new.limits.get(key)
        if _without_notes(before) != _without_notes(after):
            yield Change(
                kind="limit", model=old.id, field=key, before=before, after=after,
                says=f"{old.id}: {key.replace('_', ' ')} {_told(before)} → {_told(after)}",
            )  # fmt: skip
    if list(old.rules) != list(new.rules):
        yield Change(
            kind="rules", model=old.id, before=list(old.rules), after=list(new.rules),
            says=f"{old.id}: other conditions between fields",
        )  # fmt: skip
    was_dates, dates = shipped.lifecycle.get(old.id), live.lifecycle.get(old.id)
    if was_dates != dates:
        told = ", ".join(f"{name} {value}" for name, value in (dates or {}).items())
        yield Change(
            kind="lifecycle", model=old.id, before=was_dates, after=dates,
            says=f"{old.id}: {told or 'no end is announced any more'}",
        )  # fmt: skip


def _table(model: Model) -> dict[str, Any]:
    return dict(model.price or {})


def _bare(price: Mapping[str, Any]) -> dict[str, Any]:
    """A table in one spelling: amounts as bounds, without its source and what changes nothing."""
    kept = {name: value for name, value in price.items() if name != "source"}
    amounts = kept.get("amounts")
    if not isinstance(amounts, Mapping):
        kept.pop("by", None)
    kept["amounts"] = _amounts(amounts)
    kept["add"] = [
        {**{k: v for k, v in item.items() if k != "what"}, "amount": _amounts(item.get("amount"))}
        for item in kept.get("add", ())
    ]
    return {name: value for name, value in kept.items() if value not in ([], None)}


def _amounts(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _amounts(inner) for name, inner in value.items()}
    return parse_bounds(value)


def _without_notes(fragment: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    if fragment is None:
        return None
    return {name: value for name, value in fragment.items() if name not in _NOTES}


def _told(fragment: Mapping[str, Any] | None) -> str:
    if fragment is None:
        return "not taken"
    if "enum" in fragment:
        values = [str(value) for value in fragment["enum"]]
        usual = f" ({fragment['default']} unless set)" if "default" in fragment else ""
        return ", ".join(values) + usual
    bounds = [
        f"{word} {fragment[key]:,}"
        for key, word in _WORDS.items()
        if isinstance(fragment.get(key), int)
    ]
    return ", ".join(bounds) or "taken"


_WORDS = {
    "minimum": "from",
    "minLength": "from",
    "maximum": "to",
    "exclusiveMaximum": "below",
    "maxLength": "to",
    "maxItems": "up to",
}
