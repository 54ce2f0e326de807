"""What a request would send, to show to a person: no key, no picture."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ..contract.exchange import Base64, DataURI, FilePart, HttpRequest, Json, Multipart
from ..contract.image import ImageSource
from .site import Site


def body_preview(
    request: HttpRequest, site: Site, *, extra_headers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """A request as JSON: method, url, headers, body, purpose, spends.

    Credentials are masked. A picture becomes a line of text with its type, size and hash. A
    JSON body is the value itself; a multipart body is {"multipart": [{"name", "value"} or
    {"name", "filename", "content"}]}; a raw one is {"raw": line}; none is null.

    Raises:
        PluginError: the request cannot be sent.
    """
    target = site.target(request)
    headers: dict[str, str] = {}
    if isinstance(request.body, Json):
        headers["Content-Type"] = "application/json"
    elif isinstance(request.body, Multipart):
        headers["Content-Type"] = "multipart/form-data"
    headers |= {**request.headers, **(extra_headers or {})}
    if target.trusted:
        headers |= site.credentials.masked()
    return {
        "method": request.method,
        "url": site.credentials.mask(target.url),
        "headers": {name: site.credentials.mask(value) for name, value in headers.items()},
        "body": _body(request.body),
        "purpose": request.purpose,
        "spends": request.spends,
    }


def _body(body: Any) -> Any:
    if body is None:
        return None
    if isinstance(body, Json):
        return _plain(body.value)
    if isinstance(body, Multipart):
        return {"multipart": [_part(name, value) for name, value in body.parts]}
    return {"raw": describe(body.image)}


def _part(name: str, value: Any) -> dict[str, Any]:
    if isinstance(value, FilePart):
        filename = value.filename or f"image.{value.image.extension}"
        return {"name": name, "filename": filename, "content": describe(value.image)}
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return {"name": name, "value": text}


def _plain(value: Any) -> Any:
    if isinstance(value, Base64):
        return describe(value.image, "as base64")
    if isinstance(value, DataURI):
        return describe(value.image, "as a data URI")
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def describe(image: ImageSource, how: str = "") -> str:
    """A picture in one line: "<image/jpeg, 12345 bytes, sha256 ab12cd34ef56…, as base64>"."""
    if image.url is not None and image.size is None:
        facts = ["a picture fetched from its URL"]
    else:
        facts = [image.media_type or "a picture", f"{image.size} bytes"]
        facts += [f"sha256 {image.sha256[:12]}…"] if image.sha256 else []
    return f"<{', '.join([*facts, *filter(None, [how])])}>"
