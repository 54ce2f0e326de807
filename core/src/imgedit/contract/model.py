"""A model as the manifest describes it, and what can be wrong with a request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from .convert import as_tuple


@frozen(kw_only=True)
class Problem:
    """One thing that is wrong with a request.

    Attributes:
        path: JSON pointer into the request document ("/image/bytes"), "" = the whole.
        message: a sentence for the user; never the prompt or the picture itself.
        code: a JSON Schema keyword ("maximum"), or "unsupported", "rule", ...
    """

    path: str
    message: str
    code: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


@frozen(kw_only=True)
class Model:
    """One model: provider, profile and model rows of the manifest merged.

    Attributes:
        id: the name that users give.
        title: a name to show.
        send: the vendor's name for it; None = the field is left out.
        limits: field of the request document → JSON Schema fragment, or None = not taken.
        rules: cross-field conditions, each {"when", "need", "says"}.
        price: the price table, or None = unknown.
        wire: our field → the vendor's name and values.
        unit: the unit of its price.
    """

    id: str
    title: str
    send: str | None
    limits: Mapping[str, Mapping[str, Any] | None] = field(factory=dict)
    rules: tuple[Mapping[str, Any], ...] = field(default=(), converter=as_tuple)
    price: Mapping[str, Any] | None = None
    wire: Mapping[str, Any] = field(factory=dict)
    unit: str = "USD"
