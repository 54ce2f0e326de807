"""A job record as JSON and back: the form in a journal and on an error's `job`."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Hashable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from attrs import fields, has

from ..contract.convert import json_number
from ..contract.image import ImageSource
from ..errors import JournalError
from .record import JobRecord, now

if TYPE_CHECKING:
    from cattrs import Converter

SCHEMA = 3
_READABLE = (1, 2, SCHEMA)

_IMAGE = ("path", "url", "media_type", "width", "height", "size", "sha256", "animated")


def dumps(record: JobRecord) -> str:
    """The record as JSON text; pictures as paths and facts, never bytes, no key."""
    return f'{{"schema":{SCHEMA},{_ENCODE(record)[1:]}'


def dumps_since(record: JobRecord, first: JobRecord, text: str) -> str:
    """The record as the text of an earlier one with what changed since; `loads` reads both.

    An edit stores its record several times, and most of it stays the same.
    """
    changes = _changes(first, record)
    if "job" in changes:
        changes["job"] = _changes(first.job, record.job)
    return f'{text[:-1]},"since":{_ENCODE(changes)}}}'


def _changes(before: Any, after: Any) -> dict[str, Any]:
    """The fields that are no longer the same objects."""
    kind: type = type(after)
    names, values, *_ = _parts(kind)
    assert values is not None  # both are classes of ours
    pairs = zip(names, values(before), values(after), strict=True)
    return {name: new for name, old, new in pairs if new is not old}


def loads(text: str) -> JobRecord:
    """Read what `dumps` or `dumps_since` wrote; unknown keys are ignored.

    Raises:
        JournalError: it is no job, or of a newer version.
    """
    try:
        document = json.loads(text)
        schema = document.pop("schema")
    except (ValueError, KeyError, AttributeError, TypeError):
        raise JournalError("this is not a stored job") from None
    if schema not in _READABLE:
        raise JournalError(
            f"this job was stored by another version of imgedit (schema {schema}, not {SCHEMA})",
            hint="Use the version that stored it.",
        )
    try:
        since = document.pop("since", {})
        document["job"].update(since.pop("job", {}))
        return _converter().structure({**document, **since}, JobRecord)
    except Exception as error:
        raise JournalError(f"this stored job cannot be read: {type(error).__name__}") from None


def _bare(value: Any) -> Any:
    """What JSON takes for a value that it has no form for.

    What is at its default is left out, so a default of a class that is stored never changes.
    """
    kind: type = type(value)
    names, values, defaults, made, amounts = _parts(kind)
    if values is None:
        return _writer(kind)(value)
    found = {
        name: value
        for name, value, default in zip(names, values(value), defaults, strict=True)
        if value is not default
    }
    for name, default in made:
        if found[name] == default:
            del found[name]
    for name in amounts:
        if found.get(name) is not None:
            found[name] = str(found[name])
    return found


class _Parts(NamedTuple):
    """The fields of a class that are stored, and what reads them all from a value.

    `made` are the defaults that are made for each value; `amounts` the fields with amounts.
    """

    names: tuple[str, ...] = ()
    values: Callable[[Any], tuple[Any, ...]] | None = None
    defaults: tuple[Any, ...] = ()
    made: tuple[tuple[str, Any], ...] = ()
    amounts: tuple[str, ...] = ()


@cache
def _parts(kind: Hashable) -> _Parts:
    if kind is ImageSource or not isinstance(kind, type) or not has(kind):
        return _Parts()
    stored = [one for one in fields(kind) if one.init]
    names = tuple(one.name for one in stored)
    defaults = tuple(one.default for one in stored)
    factories = [one for one in stored if getattr(one.default, "factory", now) is not now]
    made = tuple((one.name, one.default.factory()) for one in factories)
    amounts = tuple(one.name for one in stored if "Decimal" in str(one.type))
    return _Parts(names, attrgetter(*names), defaults, made, amounts)


def _from_bytes(value: bytes) -> str | dict[str, str]:
    """Text as it is: most answers are JSON, and base64 in base64 takes a third more."""
    try:
        return {"text": value.decode()}
    except UnicodeDecodeError:
        return b64encode(value).decode()


def _to_bytes(value: str | Mapping[str, str]) -> bytes:
    return b64decode(value) if isinstance(value, str) else value["text"].encode()


@cache
def _writer(kind: type) -> Callable[[Any], Any]:
    if kind is ImageSource:
        return _from_image
    if issubclass(kind, Mapping):
        return dict
    for known, writer in _WRITERS.items():
        if issubclass(kind, known):
            return writer
    raise TypeError(f"{kind.__name__} is not JSON")


_WRITERS: Final[Mapping[type, Callable[[Any], Any]]] = {
    datetime: datetime.isoformat,
    # One that is no amount of ours is a number in what a vendor sent.
    Decimal: json_number,
    bytes: _from_bytes,
    frozenset: sorted,
}


_ENCODE: Final = json.JSONEncoder(default=_bare, separators=(",", ":"), check_circular=False).encode
"""Walks in C what a converter walks in Python: an edit stores its record several times."""


@cache
def _converter() -> Converter:
    from cattrs import Converter

    converter = Converter(forbid_extra_keys=False, detailed_validation=False)
    converter.register_structure_hook(Decimal, lambda value, _: Decimal(value))
    converter.register_structure_hook(datetime, lambda value, _: datetime.fromisoformat(value))
    converter.register_structure_hook(bytes, lambda value, _: _to_bytes(value))
    converter.register_structure_hook(ImageSource, lambda value, _: _to_image(value))
    converter.register_structure_hook_func(_is_untyped, lambda value, _: value)
    return converter


def _is_untyped(kind: Any) -> bool:
    """Mappings of Any (state, options, limits) and Any itself pass as they are."""
    text = str(kind)
    return kind is Any or ("Mapping[str, " in text and text.rstrip("]").endswith("Any"))


def _from_image(image: ImageSource) -> dict[str, Any]:
    """The path, not what may be in memory."""
    facts = (image._path, image.url, image.media_type, image.width, image.height, image.size)
    values = (*facts, image.sha256, image.animated)
    return {name: value for name, value in zip(_IMAGE, values, strict=True) if value is not None}


def _to_image(value: Mapping[str, Any]) -> ImageSource:
    return ImageSource(**{name: value[name] for name in _IMAGE if value.get(name) is not None})
