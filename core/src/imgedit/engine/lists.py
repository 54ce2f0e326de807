"""The installed providers as one user has them: models that the vendor told of lie over its own.

A vendor's list that was asked for (`imgedit models NAME --live`) is kept for some days, and counts
until then wherever models and prices are asked for.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from ..errors import ConfigError
from ..files import write_private
from .record import now

if TYPE_CHECKING:
    from ..config import Config
    from ..contract.event import Event
    from ..discovery import Provider, ProviderRow, Registry
    from ..manifest import Manifest

logger = logging.getLogger("imgedit")

DAYS = 7
"""How long a vendor's list counts."""


@frozen(kw_only=True)
class Kept:
    """A vendor's list of models.

    Attributes:
        provider, base_url: who was asked, and where.
        source: the URL that was asked.
        as_of: when.
        rows: the models in the manifest's row language.
        manifest: which manifest the rows are for.
    """

    provider: str
    base_url: str
    source: str
    as_of: datetime
    rows: tuple[dict[str, Any], ...] = field(repr=lambda rows: f"<{len(rows)} rows>")
    manifest: str

    def over(self, manifest: Manifest) -> Manifest:
        """The manifest with these rows laid over its own.

        Raises:
            ManifestError: a row is not in the manifest's row language.
        """
        from ..manifest import with_live_rows

        return with_live_rows(
            manifest, self.rows, source=self.source, read=self.as_of.date().isoformat()
        )


class Lists:
    """The registry as a client sees it.

    Args:
        registry: what is installed.
        config: where each provider is reached; a list is kept for one base URL.
        folder: where lists are kept; None = in this object only.
        allow_insecure: as in `Client`.
    """

    def __init__(
        self,
        registry: Registry,
        config: Config,
        folder: Path | None = None,
        *,
        allow_insecure: bool = False,
    ) -> None:
        self._registry = registry
        self._config = config
        self._folder = folder
        self._allow_insecure = allow_insecure
        self._known: dict[tuple[str, str], Kept | None] = {}
        self._laid: dict[str, tuple[Kept, Manifest, Manifest]] = {}
        self._providers: dict[str, tuple[Provider, Provider]] = {}

    # -- as the registry

    def names(self) -> list[str]:
        """As `Registry.names`."""
        return self._registry.names()

    def rows(self, *, environ: Mapping[str, str] | None = None) -> list[ProviderRow]:
        """As `Registry.rows`."""
        return self._registry.rows(environ=environ)

    def emit(self, event: Event) -> None:
        """As `Registry.emit`."""
        self._registry.emit(event)

    def manifest(self, name: str) -> Manifest:
        """As `Registry.manifest`, with the vendor's list over it while that counts."""
        manifest = self._registry.manifest(name)
        kept = self.kept(name)
        if kept is None:
            return manifest
        before = self._laid.get(name)
        if before is not None and before[0] is kept and before[1] is manifest:
            return before[2]
        from ..manifest import ManifestError

        try:
            laid = kept.over(manifest)
        except ManifestError as error:
            logger.warning("The kept list of models of %s cannot be used: %s", name, error)
            self._known[name, kept.base_url] = None
            return manifest
        self._laid[name] = kept, manifest, laid
        return laid

    def provider(self, name: str) -> Provider:
        """As `Registry.provider`, with the vendor's list over its manifest while that counts.

        Raises:
            ConfigError: a required add-on is missing or does not work.
        """
        self._see_addons()
        provider = self._registry.provider(name)
        manifest = self.manifest(name)
        if manifest is provider.manifest:
            return provider
        before = self._providers.get(name)
        if before is None or before[0] is not provider or before[1].manifest is not manifest:
            self._providers[name] = before = provider, provider.with_manifest(manifest)
        return before[1]

    def _see_addons(self) -> None:
        """What must stand around every provider is there: else no provider is given out."""
        for row in self._registry.lacking(self._config.addons.required):
            label = f"{row.distribution} {row.version}".strip()
            raise ConfigError(
                f"the add-on {row.name} ({label}) is {row.status}, and {self._config.file} "
                f"requires it: {row.reason}",
                hint="Mend that, or take it out of [addons] required; "
                "imgedit providers --check says more.",
                distribution=label,
            )

    # -- vendors' lists

    def shipped(self, name: str) -> Provider:
        """The provider with the manifest that it came with."""
        return self._registry.provider(name)

    def kept(self, name: str) -> Kept | None:
        """The vendor's list, None when there is none or it is too old."""
        manifest = self._registry.manifest(name)
        try:
            base_url = self.base_url(name, manifest)
        except ConfigError:
            return None
        if base_url is None:
            return None
        place = (name, base_url)
        if place not in self._known:
            self._known[place] = self._read(name, base_url)
        kept = self._known[place]
        if kept is None or kept.manifest != fingerprint(manifest):
            return None
        return kept if timedelta(0) <= now() - kept.as_of < timedelta(days=DAYS) else None

    def keep(self, kept: Kept) -> None:
        """Let a list count from now on; that it cannot be stored is only warned of."""
        self._known[kept.provider, kept.base_url] = kept
        if self._folder is None:
            return
        document = {
            "format": 1,
            "provider": kept.provider,
            "base_url": kept.base_url,
            "source": kept.source,
            "as_of": kept.as_of.isoformat(),
            "manifest": kept.manifest,
            "rows": list(kept.rows),
        }
        try:
            file = self._file(kept.provider, kept.base_url)
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_private(file, json.dumps(document).encode("utf-8"))
        except OSError as error:
            logger.warning("The list of models cannot be kept: %s", error.strerror or error)

    def base_url(self, name: str, manifest: Manifest) -> str | None:
        """Where a provider is reached: the environment, the configuration, or its manifest.

        Raises:
            ConfigError: what is configured cannot be used.
        """
        if manifest.base_url is None:
            return None
        from ..config import base_url_for

        return base_url_for(
            name,
            manifest.base_url,
            config=self._config,
            allow_insecure=self._allow_insecure,
        )

    def _file(self, name: str, base_url: str) -> Path:
        assert self._folder is not None
        place = hashlib.sha256(base_url.encode()).hexdigest()[:16]
        return self._folder / "models" / f"{name}-{place}.json"

    def _read(self, name: str, base_url: str) -> Kept | None:
        """What is stored; a file that is not as we write it counts for nothing."""
        if self._folder is None:
            return None
        try:
            document = json.loads(self._file(name, base_url).read_bytes())
            if (document["format"], document["base_url"]) != (1, base_url):
                return None
            return Kept(
                provider=name,
                base_url=base_url,
                source=str(document["source"]),
                as_of=datetime.fromisoformat(document["as_of"]).astimezone(),
                rows=tuple(dict(row) for row in document["rows"]),
                manifest=str(document["manifest"]),
            )
        except FileNotFoundError:
            return None
        except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
            logger.debug("the kept list of models of %s cannot be read", name)
            return None


def fingerprint(manifest: Manifest) -> str:
    """What tells one manifest from another: rows of a list are written for one of them."""
    text = json.dumps(manifest.raw, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
