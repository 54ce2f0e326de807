"""Which providers a user named: one, several as "a,b", or the cheapest of all."""

from __future__ import annotations

from typing import Final

from ..errors import UsageError

CHEAPEST: Final = "cheapest"


def routed(said: str | None) -> bool:
    """Whether more than one provider is named."""
    return said is not None and (said == CHEAPEST or "," in said)


def named(said: str) -> list[str]:
    """The providers of a list like "a,b", each once.

    Raises:
        UsageError: an empty name is among them.
    """
    names = [name.strip() for name in said.split(",")]
    if not all(names):
        raise UsageError(f"{said!r} holds an empty provider name", hint="Write it like: a,b")
    return list(dict.fromkeys(names))
