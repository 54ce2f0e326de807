"""A request as the bytes that would leave; a picture is named by its hash, it is not read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from attrs import field, frozen

from ...contract.exchange import HttpRequest, LocalRequest
from ...contract.image import ImageSource
from ..server import Received

BOUNDARY = "kit-boundary"


@frozen(kw_only=True)
class Sent:
    """What would leave this machine.

    Attributes:
        method, target: as the provider asks; `target` with its query, "/path" or absolute.
        headers: the provider's own, and the content type.
        body: all of it, with `<sha256>` where a picture's bytes would stand.
    """

    method: str
    target: str
    headers: Mapping[str, str] = field(factory=dict)
    body: bytes = b""

    def repeats(self, other: Sent) -> bool:
        """Whether the vendor takes this for the other one: nothing but the purpose differs.

        Not one without a body: some vendors answer the same GET until the picture is there.
        """
        same = (self.method, self.target, self.body) == (other.method, other.target, other.body)
        return same and bool(self.body)

    def whole(self) -> bytes:
        """All of it as one text of bytes."""
        lines = [f"{self.method} {self.target}"]
        lines += [f"{name}: {value}" for name, value in sorted(self.headers.items())]
        return "\n".join([*lines, "", ""]).encode() + self.body

    def received(self) -> Received:
        """As a server would see it."""
        parts = urlsplit(self.target)
        return Received(
            method=self.method,
            target=self.target,
            path=unquote(parts.path),
            query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.body,
            size=len(self.body),
            connection=1,
        )


def named(image: ImageSource) -> str:
    """What stands for a picture's bytes."""
    return f"<{image.url or image.sha256}>"


def encode(request: HttpRequest | LocalRequest) -> Sent:
    """The request as bytes.

    Raises:
        PluginError: it holds what cannot be sent.
    """
    if isinstance(request, LocalRequest):
        text = json.dumps(request.arguments, default=_plain, sort_keys=True)
        return Sent(method="LOCAL", target=request.function, body=text.encode())
    from ...transport.body import encode as encode_body
    from ...transport.site import with_query

    headers = dict(request.headers)
    body = b""
    if request.body is not None:
        encoded = encode_body(request.body, BOUNDARY)
        body = b"".join(
            part if isinstance(part, bytes) else named(part.image).encode()
            for part in encoded.segments
        )
        if encoded.content_type is not None:
            headers.setdefault("Content-Type", encoded.content_type)
    target = with_query(request.url, request.query)
    return Sent(method=request.method, target=target, headers=headers, body=body)


def _plain(value: Any) -> Any:
    if isinstance(value, ImageSource):
        return named(value)
    return dict(value) if isinstance(value, Mapping) else str(value)
