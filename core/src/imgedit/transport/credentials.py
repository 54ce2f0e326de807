"""A provider's key on its way into a header, and out of every text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NoReturn

from attrs import evolve

from ..masking import MASK, Masker

if TYPE_CHECKING:
    from ..contract.exchange import HttpResponse

_every: set[str] = set()


def mask_every(text: str) -> str:
    """The text without any key that was used in this process; for logs."""
    return _masker_of(frozenset(_every)).text(text)


@lru_cache(maxsize=1)
def _masker_of(values: frozenset[str]) -> Masker:
    return Masker(values)


class Credentials:
    """Headers that prove who we are; without arguments there are none.

    It never shows a key: `repr` says which headers it sets. `mask` takes every form of the key
    out of a text.

    Args:
        headers: name → value, as they go out (see `imgedit.manifest.auth_headers`).
        values: the keys themselves; without any, the headers are examples.
    """

    __slots__ = ("_headers", "_masker")

    def __init__(
        self, headers: Mapping[str, str] | None = None, values: Sequence[str] = ()
    ) -> None:
        self._headers = dict(headers or {})
        shown = list(self._headers.values())
        secrets = [*values, *shown, *(value.partition(" ")[2] for value in shown)]
        self._masker = Masker(secrets)
        if values:
            _every.update(secrets)

    def headers(self) -> dict[str, str]:
        """The headers as they go out."""
        return dict(self._headers)

    def masked(self) -> dict[str, str]:
        """The headers to show: the scheme ("Bearer") stays, the rest is masked."""
        return {
            name: f"{value.split(' ')[0]} {MASK}" if " " in value else MASK
            for name, value in self._headers.items()
        }

    def mask(self, text: str) -> str:
        """The text without the keys, in whatever spelling it holds them."""
        return self._masker.text(text)

    def mask_headers(self, headers: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        """An answer's headers without the keys."""
        return {name: tuple(map(self.mask, values)) for name, values in headers.items()}

    def mask_answer(self, response: HttpResponse) -> HttpResponse:
        """An answer that repeats a key is read, stored and shown without it."""
        body, headers = self._masker.data(response.body), self.mask_headers(response.headers)
        if body is response.body and headers == response.headers:
            return response
        return evolve(response, body=body, headers=headers)

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
