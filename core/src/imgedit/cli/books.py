"""The journal for commands that only read or settle it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..client import Client


@contextmanager
def journal_alone() -> Iterator[Client]:
    """A client for its journal alone."""
    import asyncio

    from ..client import Client

    client = Client.from_config()
    try:
        yield client
    finally:
        asyncio.run(client.close())
