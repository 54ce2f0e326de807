"""A job record as JSON and back: the form in a journal and on an error's `job`."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

from attrs import fields, has

from ..contract.exchange import HttpResponse
from ..contract.image import ImageSource
from ..errors import JournalError
from .record import JobRecord

if TYPE_CHECKING:
    from cattrs import Converter

SCHEMA = 1


Written = dict[str, tuple[Any, str]]
"""Parts of a record with their text, for as long as they are the same objects."""


def dumps(record: JobRecord, written: Written | None = None) -> str:
    """The record as JSON text; pictures as paths and facts, never bytes, no key.

    What is in `written` is not written out again; what was is put there.
    """
    known = {} if written is None else written

    def text(name: str, part: Any) -> str:
        if name not in known or known[name][0] is not part:
            known[name] = part, _ENCODE(part)
        return known[name][1]

    rest = _bare(record)
    job = _bare(rest.pop("job"))
    request, model = text("request", job.pop("request")), text("model", job.pop("model"))
    quote = text("quote", rest.pop("quote"))
    return (
        f'{{"schema":{SCHEMA},"job":{{"request":{request},"model":{model},{_ENCODE(job)[1:]},'
        f'"quote":{quote},{_ENCODE(rest)[1:]}'
    )


def loads(text: str) -> JobRecord:
    """Read what `dumps` wrote; unknown keys are ignored.

    Raises:
        JournalError: it is no job, or of a newer version.
    """
    try:
        document = json.loads(text)
        schema = document.pop("schema")
    except (ValueError, KeyError, AttributeError, TypeError):
        raise JournalError("this is not a stored job") from None
    if schema != SCHEMA:
        raise JournalError(
            f"this job was stored by another version of imgedit (schema {schema}, not {SCHEMA})",
            hint="Use the version that stored it.",
        )
    try:
        return _converter().structure(document, JobRecord)
    except Exception as error:
        raise JournalError(f"this stored job cannot be read: {type(error).__name__}") from None


@cache
def _writer(kind: type) -> Callable[[Any], Any]:
    """How JSON takes values of this class that it has no form for."""
    if kind is ImageSource:
        return _from_image
    if has(kind):
        return _by_fields(kind)
    if issubclass(kind, Mapping):
        return dict
    for known, writer in _WRITERS.items():
        if issubclass(kind, known):
            return writer
    raise TypeError(f"{kind.__name__} is not JSON")


def _by_fields(kind: type) -> Callable[[Any], dict[str, Any]]:
    stored = [one for one in fields(kind) if one.init]
    names = tuple(one.name for one in stored)
    amounts = tuple(one.name for one in stored if "Decimal" in str(one.type))
    values = attrgetter(*names)

    def write(value: Any) -> dict[str, Any]:
        found = dict(zip(names, values(value), strict=True))
        for name in amounts:
            if found[name] is not None:
                found[name] = str(found[name])
        return found

    return write


_WRITERS: Final[Mapping[type, Callable[[Any], Any]]] = {
    datetime: datetime.isoformat,
    # One that is no amount of ours is a number in what a vendor sent.
    Decimal: lambda value: int(value) if value == value.to_integral_value() else float(value),
    bytes: lambda value: b64encode(value).decode(),
    frozenset: sorted,
}


def _bare(value: Any) -> Any:
    kind: type = type(value)
    return _writer(kind)(value)


_ENCODE: Final = json.JSONEncoder(default=_bare, separators=(",", ":")).encode
"""Walks in C what a converter walks in Python: an edit stores its record several times."""


@cache
def _converter() -> Converter:
    from cattrs import Converter
    from cattrs.gen import make_dict_structure_fn, override

    converter = Converter(forbid_extra_keys=False, detailed_validation=False)
    converter.register_structure_hook(Decimal, lambda value, _: Decimal(value))
    converter.register_structure_hook(datetime, lambda value, _: datetime.fromisoformat(value))
    converter.register_structure_hook(bytes, lambda value, _: b64decode(value))
    converter.register_structure_hook(ImageSource, lambda value, _: _to_image(value))
    converter.register_structure_hook_func(_is_untyped, lambda value, _: value)
    skip = override(omit=True)
    converter.register_structure_hook(
        HttpResponse, make_dict_structure_fn(HttpResponse, converter, _parsed=skip)
    )
    return converter


def _is_untyped(kind: Any) -> bool:
    """Mappings of Any (state, options, limits) and Any itself pass as they are."""
    text = str(kind)
    return kind is Any or ("Mapping[str, " in text and text.rstrip("]").endswith("Any"))


def _from_image(image: ImageSource) -> dict[str, Any]:
    return {
        "path": image._path,
        "url": image.url,
        "media_type": image.media_type,
        "width": image.width,
        "height": image.height,
        "size": image.size,
        "sha256": image.sha256,
        "animated": image.animated,
    }


def _to_image(value: Mapping[str, Any]) -> ImageSource:
    names = ("path", "url", "media_type", "width", "height", "size", "sha256", "animated")
    return ImageSource(**{name: value[name] for name in names if value.get(name) is not None})
