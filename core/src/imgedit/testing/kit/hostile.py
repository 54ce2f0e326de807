"""Bodies that no vendor should send, and that one day each of them does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from ...contract.exchange import HttpResponse, Purpose
from ...manifest import Manifest

_HTML: Final = (
    b"<!doctype html><html><head><title>502</title></head><body>Bad gateway</body></html>"
)
GARBAGE: Final[dict[str, bytes]] = {
    "nothing": b"",
    "an HTML page": _HTML,
    "null": b"null",
    "an empty list": b"[]",
    "half a JSON": b'{"id": "7", "error": {"code": "inte',
    "bytes that are not UTF-8": b'{"id": "\xff\xfe\x80"}',
}
"""What is no answer at all, whatever was asked."""

HOSTILE: Final[dict[str, bytes]] = {
    **GARBAGE,
    "an empty object": b"{}",
    "a text": b'"Internal Server Error"',
    "a number": b"17",
    "a deep nest": b"[" * 5000,
    "a huge number": b'{"code": 1' + b"0" * 5000 + b', "error": 1e999999}',
}
_WRONG: Final[tuple[Any, ...]] = (7, True, None, [], {}, [None], {"a": []}, "", 1.5)
_USUAL: Final = ("error", "errors", "code", "message", "detail", "status", "data", "id", "success")


def bodies(manifest: Manifest) -> dict[str, bytes]:
    """Hostile bodies for one vendor: the common ones, and its own fields with wrong types."""
    found = dict(HOSTILE)
    for wrong in _WRONG:
        told = json.dumps(wrong)
        found[f"wrong types ({told})"] = json.dumps(_filled(manifest, told)).encode()
        found[f"wrong types above ({told})"] = json.dumps(
            dict.fromkeys(_heads(manifest), wrong)
        ).encode()
    return found


def large(manifest: Manifest, size: int) -> bytes:
    """A body of about `size` bytes whose message is all of it."""
    text = "x" * size
    body: dict[str, Any] = {}
    for pointer in (*_pointers(manifest), "/error/message"):
        put(body, pointer, text)
        break
    return json.dumps(body).encode()


def response(status: int, body: bytes, purpose: Purpose = "submit") -> HttpResponse:
    """An answer with such a body, and the content type that it would come with."""
    kind = "text/html" if body.startswith(b"<") else "application/json"
    return HttpResponse(status=status, headers={"Content-Type": kind}, body=body, purpose=purpose)


def put(body: dict[str, Any], pointer: str, value: Any) -> None:
    """Put a value at a JSON pointer into an object; numbers are indices of lists."""
    at: Any = body
    *outer, last = [part.replace("~1", "/").replace("~0", "~") for part in pointer[1:].split("/")]
    for part, following in zip(outer, [*outer[1:], last], strict=False):
        inner = _get(at, part)
        kind = list if following.isdecimal() else dict
        if not isinstance(inner, kind):
            inner = kind()
            _set(at, part, inner)
        at = inner
    _set(at, last, value)


def _get(at: Any, part: str) -> Any:
    if isinstance(at, list):
        return at[int(part)] if part.isdecimal() and int(part) < len(at) else None
    return at.get(part)


def _set(at: Any, part: str, value: Any) -> None:
    if isinstance(at, list):
        at.extend([None] * (int(part) + 1 - len(at)))
        at[int(part)] = value
    else:
        at[part] = value


def _pointers(manifest: Manifest) -> Iterator[str]:
    errors = manifest.errors
    for kind in ("message", "code", "request_id", "retry_after"):
        for place in errors.get(kind, ()):
            if place.startswith("/") and len(place) > 1:
                yield place.partition("|")[0]
    yield from (pointer for pointer in errors.get("fails_when", {}) if len(pointer) > 1)
    if (cost := errors.get("cost")) is not None:
        yield cost["at"]


def _heads(manifest: Manifest) -> set[str]:
    return {pointer.split("/")[1] for pointer in _pointers(manifest)} | set(_USUAL)


def _filled(manifest: Manifest, wrong: str) -> dict[str, Any]:
    body: dict[str, Any] = {}
    for pointer in _pointers(manifest):
        put(body, pointer, json.loads(wrong))  # a new one for each place
    return body or dict.fromkeys(_USUAL, json.loads(wrong))
