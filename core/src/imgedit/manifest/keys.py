"""The keys of limits, rules and price axes, and where they lie in a request document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

FACTS: Final = ("media_type", "bytes", "width", "height", "pixels", "url")
TEXTS: Final = ("aspect_ratio", "resolution", "quality", "output_format")
FIELDS: Final = ("prompt", "n", *TEXTS, "mask", "references", "seed")
KINDS: Final = ("picture", "image", "mask", "references")


class _Unknown:
    """Stands for a fact of a picture that nobody knows yet."""

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = _Unknown()


def escape(token: str) -> str:
    """A name as one token of a JSON pointer."""
    return token.replace("~", "~0").replace("/", "~1")


def pointer_of(key: str) -> str:
    """Where a limits key points, as far as can be said without a document."""
    kind, dot, name = key.partition(".")
    if not dot:
        return f"/{escape(key)}"
    if kind == "options":
        return f"/options/{escape(name)}"
    if kind == "picture":
        return f"/image/{name}"
    if kind == "references":
        return "/references"
    return f"/{kind}/{name}"


def pictures(document: Mapping[str, Any], kind: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The pointers and facts of the pictures that `kind` ("picture", "image", ...) names."""
    if kind in ("picture", "image") and "image" in document:
        yield "/image", document["image"]
    if kind in ("picture", "references"):
        for index, reference in enumerate(document.get("references", ())):
            yield f"/references/{index}/image", reference["image"]
    if kind in ("picture", "mask") and "mask" in document:
        yield "/mask", document["mask"]


def places(document: Mapping[str, Any], key: str) -> list[tuple[str, Any]]:
    """Pointers and values of a limits key; empty when it is unset, UNKNOWN for unknown facts."""
    kind, dot, name = key.partition(".")
    if not dot:
        value = document.get(key)
        if key == "n" and value is None:
            return [("/n", 1)]
        if value is None or (key == "references" and not value):
            return []
        return [(f"/{key}", value)]
    if kind == "options":
        options = document.get("options", {})
        return [(f"/options/{escape(name)}", options[name])] if name in options else []
    if key == "references.description":
        return [
            (f"/references/{index}/description", reference["description"])
            for index, reference in enumerate(document.get("references", ()))
            if reference.get("description") is not None
        ]
    found = []
    for pointer, facts in pictures(document, kind):
        value = facts.get(name)
        if value is not None:
            found.append((f"{pointer}/{name}", value))
        elif name != "url":
            found.append((f"{pointer}/{name}", UNKNOWN))
    return found


def as_key(value: Any) -> str:
    """A value as the key under which tables list it: its JSON text, strings without quotes."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    from json import dumps

    try:
        return dumps(value, sort_keys=True)
    except (TypeError, ValueError):
        return str(value)
