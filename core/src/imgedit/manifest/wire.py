"""Our fields under the vendor's names and values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ..contract.model import Model, Problem
from ..errors import ValidationError
from .keys import TEXTS, as_key, pointer_of
from .words import listing, short

if TYPE_CHECKING:
    from ..contract.request import EditRequest

_SCALARS = ("prompt", "n", *TEXTS, "seed")


def to_wire(request: EditRequest, model: Model) -> dict[str, Any]:
    """The scalar fields that are set, as the vendor's JSON object; pictures are not among them.

    `n` is sent wherever the manifest's `wire` names it, `model` unless the model says not to.
    Defaults are never sent.

    Raises:
        ValidationError: two fields together have no entry in a table (`check` says so before).
    """
    values: dict[str, Any] = {name: getattr(request, name) for name in _SCALARS}
    values["model"] = model.send
    values |= {f"options.{name}": value for name, value in request.options.items()}
    sent = {key: value for key, value in values.items() if value is not None}
    found: dict[str, Any] = {}
    for key, value in sent.items():
        if key.startswith("options.") and key not in model.wire:
            _put(found, (key.partition(".")[2],), value)
    for key, spec in model.wire.items():
        if isinstance(spec, Mapping) and "by" in spec:
            _put_from_table(found, key, spec, sent)
        elif spec is not None and key in sent:
            _put_value(found, spec, sent[key])
    return found


def _put_value(found: dict[str, Any], spec: str | Mapping[str, Any], value: Any) -> None:
    if isinstance(spec, str):
        _put(found, tuple(spec.split("/")), value)
        return
    values = spec.get("values", {})
    if isinstance(value, str | int | float):
        value = values.get(as_key(value), value)
    if value is not None:
        _put(found, tuple(spec["as"].split("/")), value)


def _put_from_table(
    found: dict[str, Any], key: str, spec: Mapping[str, Any], sent: Mapping[str, Any]
) -> None:
    if not _concerned(spec, sent):
        return
    value = look_up(spec, sent)
    if value is None:
        raise ValidationError(problems=[_absent(spec, sent)])
    _put(found, tuple(spec["as"].split("/")) if "as" in spec else (), value)


def _put(found: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    """Put a value where its path leads; objects that meet are merged."""
    if isinstance(value, Mapping):
        for name, item in value.items():
            _put(found, (*path, name), item)
        if value or not path:
            return
    *outer, last = path
    for name in outer:
        inner = found.get(name)
        if not isinstance(inner, dict):
            inner = found[name] = {}
        found = inner
    found[last] = value


def _concerned(spec: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    """Whether the user set a field of a `by` table; n alone, which is always there, is no sign."""
    axes = spec["by"]
    return any(axis in values for axis in axes if axis != "n") or axes == ["n"]


def look_up(spec: Mapping[str, Any], values: Mapping[str, Any]) -> Any:
    """The entry of a `by` table for these values; None = there is none."""
    entry: Any = spec["values"]
    for axis in spec["by"]:
        if not isinstance(entry, Mapping):
            return entry  # the rest of the fields does not matter here
        key = as_key(values[axis]) if axis in values else "*"
        entry = entry.get(key, entry.get("*"))
    return entry


def document_values(document: Mapping[str, Any]) -> dict[str, Any]:
    """The set scalar fields of a request document by limits key."""
    values = {name: document[name] for name in _SCALARS if document.get(name) is not None}
    values.setdefault("n", 1)
    options = document.get("options", {})
    return values | {f"options.{name}": value for name, value in options.items()}


def missing_sizes(document: Mapping[str, Any], model: Model) -> Iterator[Problem]:
    """Problems for fields that are right each by itself but have no entry together."""
    values: dict[str, Any] | None = None
    for spec in model.wire.values():
        if isinstance(spec, Mapping) and "by" in spec:
            values = document_values(document) if values is None else values
            if _concerned(spec, values) and look_up(spec, values) is None:
                yield _absent(spec, values)


def _absent(spec: Mapping[str, Any], values: Mapping[str, Any]) -> Problem:
    axes = spec["by"]
    asked = [axis for axis in axes if axis in values]
    unset = [axis for axis in axes if axis not in values]
    told = " with ".join(f"{_told(axis)} {short(values[axis]) or '(as given)'}" for axis in asked)
    if unset and _has_more(spec, values):
        message = f"{told} needs {' and '.join(map(_told, unset))} too"
    else:
        message = f"the vendor has no entry for {told}"
        partners = _partners(spec, values)
        if partners:
            message += f"; {_told(axes[-1])} may be {listing(partners)} there"
    return Problem(path=pointer_of(asked[0]), message=message, code="combination")


def _told(axis: str) -> str:
    return axis.removeprefix("options.").replace("_", " ")


def _has_more(spec: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    """Whether setting the unset fields could lead to an entry."""
    entries: list[Any] = [spec["values"]]
    for axis in spec["by"]:
        tables = [entry for entry in entries if isinstance(entry, Mapping)]
        if axis in values:
            key = as_key(values[axis])
            entries = [table[key] for table in tables if key in table]
        else:
            entries = [entry for table in tables for entry in table.values()]
    return bool(entries)


def _partners(spec: Mapping[str, Any], values: Mapping[str, Any]) -> list[str]:
    """The values of the last axis that go with what is set of the others."""
    entry: Any = spec["values"]
    for axis in spec["by"][:-1]:
        entry = entry.get(as_key(values.get(axis)), {}) if isinstance(entry, Mapping) else {}
    return [key for key in entry if key != "*"] if isinstance(entry, Mapping) else []
