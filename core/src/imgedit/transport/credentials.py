"""A provider's key on its way into a header, and out of every text."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import NoReturn
from urllib.parse import quote, quote_plus

MASK = "***"
_SHORTEST = 4  # a shorter secret would blank out parts of ordinary words
_every: set[str] = set()


def every_secret() -> tuple[str, ...]:
    """Every form of every key that was used in this process, the longest first; for logs."""
    return tuple(sorted(_every, key=len, reverse=True))


class Credentials:
    """Headers that prove who we are; without arguments there are none.

    It never shows a key: `repr` says which headers it sets. `mask` takes every form of the key
    out of a text.

    Args:
        headers: name → value, as they go out (see `imgedit.manifest.auth_headers`).
        values: the keys themselves; without any, the headers are examples.
    """

    __slots__ = ("_headers", "_secrets")

    def __init__(
        self, headers: Mapping[str, str] | None = None, values: Sequence[str] = ()
    ) -> None:
        self._headers = dict(headers or {})
        found: set[str] = set()
        for value in (*values, *self._headers.values()):
            found |= _forms(value)
            found |= _forms(value.partition(" ")[2])
        self._secrets = tuple(
            sorted((form for form in found if len(form) >= _SHORTEST), key=len, reverse=True)
        )
        if values:
            _every.update(self._secrets)

    def headers(self) -> dict[str, str]:
        """The headers as they go out."""
        return dict(self._headers)

    def masked(self) -> dict[str, str]:
        """The headers to show: the scheme ("Bearer") stays, the rest is masked."""
        return {
            name: f"{value.split(' ')[0]} {MASK}" if " " in value else MASK
            for name, value in self._headers.items()
        }

    def secrets(self) -> tuple[str, ...]:
        """Every form in which a key may turn up in a text, the longest first."""
        return self._secrets

    def mask(self, text: str) -> str:
        """The text without any form of a key."""
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        return text

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._headers)

    def __eq__(self, other: object) -> bool:
        """Equal when the same headers go out."""
        return isinstance(other, Credentials) and self._headers == other._headers

    def __hash__(self) -> int:
        return hash(tuple(sorted(self._headers.items())))

    def __repr__(self) -> str:
        return f"Credentials({', '.join(f'{name}: {MASK}' for name in self._headers)})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("credentials are not pickled")


def _forms(value: str) -> set[str]:
    if not value:
        return set()
    raw = value.encode()
    encoded = b64encode(raw).decode()
    return {
        value,
        quote(value),
        quote(value, safe=""),
        quote_plus(value),
        json.dumps(value)[1:-1],
        repr(value)[1:-1],
        encoded,
        encoded.rstrip("="),
        encoded.rstrip("=").replace("+", "-").replace("/", "_"),
    }
