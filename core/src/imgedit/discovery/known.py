"""What the engine asks of a registry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from ..manifest import Manifest
    from .catalog import ProviderRow
    from .facade import Provider


class Known(Protocol):
    """Providers by name; `Registry` is one."""

    def names(self) -> list[str]:
        """As `Registry.names`."""

    def rows(self, *, environ: Mapping[str, str] | None = None) -> list[ProviderRow]:
        """As `Registry.rows`."""

    def manifest(self, name: str) -> Manifest:
        """As `Registry.manifest`."""

    def provider(self, name: str) -> Provider:
        """As `Registry.provider`."""
