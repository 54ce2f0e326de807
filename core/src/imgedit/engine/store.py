"""A job record as JSON and back: the form in a journal and on an error's `job`."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

from ..contract.exchange import HttpResponse
from ..contract.image import ImageSource
from ..errors import JournalError
from .record import JobRecord

if TYPE_CHECKING:
    from cattrs import Converter

SCHEMA = 1


def dumps(record: JobRecord) -> str:
    """The record as JSON text; pictures as paths and facts, never bytes, no key."""
    document = {"schema": SCHEMA, **_converter().unstructure(record)}
    return json.dumps(document, separators=(",", ":"))


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


def _plain(value: Any) -> Any:
    """A value of unknown type as JSON; Decimals become numbers."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


@cache
def _converter() -> Converter:
    from cattrs import Converter
    from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override

    converter = Converter(forbid_extra_keys=False, detailed_validation=False)
    converter.register_unstructure_hook(Decimal, str)
    converter.register_structure_hook(Decimal, lambda value, _: Decimal(value))
    converter.register_unstructure_hook(datetime, lambda value: value.isoformat())
    converter.register_structure_hook(datetime, lambda value, _: datetime.fromisoformat(value))
    converter.register_unstructure_hook(bytes, lambda value: b64encode(value).decode())
    converter.register_structure_hook(bytes, lambda value, _: b64decode(value))
    converter.register_unstructure_hook_func(lambda kind: kind == frozenset[str], sorted)
    converter.register_unstructure_hook(ImageSource, _from_image)
    converter.register_structure_hook(ImageSource, lambda value, _: _to_image(value))
    converter.register_unstructure_hook_func(_is_untyped, _plain)
    converter.register_structure_hook_func(_is_untyped, lambda value, _: value)
    skip = override(omit=True)
    converter.register_unstructure_hook(
        HttpResponse, make_dict_unstructure_fn(HttpResponse, converter, _parsed=skip)
    )
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
