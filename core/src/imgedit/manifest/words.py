"""What is wrong with a value, in our own words.

jsonschema's messages quote the value, which may be a whole prompt. Ours quote only a short word
where a list of words was expected, and the figures of a picture.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .fragments import Failure, nearest

_TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
_UNITS = {"bytes": "bytes", "width": "pixels wide", "height": "pixels high", "pixels": "pixels"}


def listing(values: Sequence[Any], most: int = 24) -> str:
    """Values as a sentence lists them, long lists cut."""
    from json import dumps

    shown = [value if isinstance(value, str) and value else dumps(value) for value in values[:most]]
    if len(values) > most:
        shown.append(f"… ({len(values)} in all)")
    return ", ".join(shown)


def short(value: Any) -> str | None:
    """A value that may be quoted, or None: one short line, no sentence."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        text = str(value)
        return text if len(text) <= 20 else None
    if isinstance(value, str) and 0 < len(value) <= 24 and value.isprintable():
        return value
    return None


def figure(value: Any, name: str) -> str:
    """A number with its unit, when `name` is a fact of a picture."""
    text = f"{value:,}" if isinstance(value, int) and name in _UNITS else str(value)
    unit = _UNITS.get(name)
    if unit == "bytes" and isinstance(value, int) and value >= 1_000_000:
        return f"{value / 1_000_000:g} MB ({text} bytes)"
    return f"{text} {unit}" if unit else text


def say(failure: Failure, value: Any, fragment: Mapping[str, Any], name: str) -> str:
    """One sentence without a full stop.

    `name` is the last part of the limits key ("bytes", "resolution").
    """
    for step in failure.path:
        value = value[step]
    at = f"{'/'.join(map(str, failure.path))} " if failure.path else ""
    return at + _say(failure.keyword, failure.expected, value, name) + _help(failure, fragment)


def _say(keyword: str, expected: Any, value: Any, name: str) -> str:
    match keyword:
        case "type":
            kinds = [expected] if isinstance(expected, str) else expected
            return f"must be {' or '.join(_TYPES.get(kind, kind) for kind in kinds)}"
        case "enum":
            text = f"must be one of {listing(expected)}"
            quoted = short(value)
            close = None if name == "media_type" else nearest(value, expected)
            if quoted is not None:
                text += f", not {quoted}"
            return text if close is None else f"{text}; the nearest is {close}"
        case "const":
            return f"must be {listing([expected])}"
        case "minLength":
            if expected == 1:
                return "must not be empty"
            return f"must have at least {expected:,} characters, it has {len(value):,}"
        case "maxLength":
            return f"must have at most {expected:,} characters, it has {len(value):,}"
        case "pattern":
            return "does not have the form that is expected"
        case "minimum":
            return f"must be at least {figure(expected, name)}{_is(value, name)}"
        case "maximum":
            return f"must be at most {figure(expected, name)}{_is(value, name)}"
        case "exclusiveMinimum":
            return f"must be more than {figure(expected, name)}{_is(value, name)}"
        case "exclusiveMaximum":
            return f"must be less than {figure(expected, name)}{_is(value, name)}"
        case "multipleOf":
            return f"must be a multiple of {expected}{_is(value, name)}"
        case "minItems":
            return f"must have at least {expected}, there {_count(len(value))}"
        case "maxItems":
            return f"must have at most {expected}, there {_count(len(value))}"
        case "uniqueItems":
            return "must not hold the same thing twice"
        case "required":
            return f"must have {listing(list(expected))}"
        case "additionalProperties" | "propertyNames":
            return "has a name that is not known"
        case _:
            return f"is not taken ({keyword})"


def _is(value: Any, name: str) -> str:
    if name not in _UNITS and name != "n":
        return ""  # the user's own figure: it may mean something, and they know it
    return f", it is {figure(value, name)}"


def _count(number: int) -> str:
    return "is 1" if number == 1 else f"are {number}"


def _help(failure: Failure, fragment: Mapping[str, Any]) -> str:
    description = fragment.get("description")
    if failure.keyword == "pattern" and isinstance(description, str):
        return f": {description}"
    return ""
