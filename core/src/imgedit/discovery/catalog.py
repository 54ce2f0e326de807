"""All installed plugins by name: listed from metadata, loaded on first use, failures remembered."""

from __future__ import annotations

import functools
import logging
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

from ..errors import PluginError, UnknownProvider
from . import guide, scan
from .entry import Entry, installed, key_of, manifest_source, single
from .failure import Failure, Refused, Status
from .locate import NAME
from .scan import Claims

if TYPE_CHECKING:
    from ..contract.event import Event
    from ..manifest import Manifest
    from .addons import AddonRow, Addons
    from .facade import Provider
    from .places import Place

log = logging.getLogger("imgedit.discovery")


@frozen(kw_only=True)
class ProviderRow:
    """What is known of a provider without running it.

    Attributes:
        name: the entry point's name.
        distribution, version: whose it is ("imgedit-acme", "0.1.0"); "A and B" when two claim it.
        status: "ok", "broken", "incompatible" or "ambiguous".
        reason: why it is not ok, else None.
        places: file and line of what is wrong, where that can be told and was asked for.
        models: how many models its manifest lists.
        local: True when it needs no network.
        key: the environment variable of its (first) key, None = it needs none.
        key_set: whether every key that it needs is set in the environment.
    """

    name: str
    distribution: str
    version: str
    status: Status
    reason: str | None
    places: tuple[Place, ...] = ()
    models: int = 0
    local: bool = False
    key: str | None = None
    key_set: bool = False


class Registry:
    """The providers, add-ons and commands of one process; safe to share between threads."""

    def __init__(
        self, claims: Claims | None = None, *, environ: Mapping[str, str] | None = None
    ) -> None:
        """Take what is installed, or `claims`; IMGEDIT_PLUGINS of `environ` filters it."""
        every = scan.installed() if claims is None else claims
        mine = scan.only(every, scan.allowed(environ))
        self._lock = threading.RLock()
        self._entries = {
            name: installed(name, claimed) for name, claimed in mine[scan.PROVIDERS].items()
        }
        self._left_out = frozenset(every[scan.PROVIDERS]) - frozenset(self._entries)
        self._addon_claims = mine[scan.ADDONS]
        self._every_addon = every[scan.ADDONS]
        self._command_claims = mine[scan.COMMANDS]

    def names(self) -> list[str]:
        """The names of all installed providers, broken ones too, sorted."""
        return sorted(self._entries)

    def rows(self, *, environ: Mapping[str, str] | None = None) -> list[ProviderRow]:
        """One row per provider, from metadata and manifests only: no plugin is imported."""
        return [self._row(self._entries[name], environ) for name in self.names()]

    def check(self, name: str, *, environ: Mapping[str, str] | None = None) -> ProviderRow:
        """Load one provider, judge its whole manifest, and say how that went.

        Raises:
            UnknownProvider: it is not installed.
        """
        entry = self._entry(name)
        with self._lock:
            try:
                manifest = self._manifest(entry)
                self._attempt(entry, functools.partial(entry.audit, manifest))
                self._provider(entry)
            except PluginError:
                pass  # the entry remembers it
            row = self._row(entry, environ)
            return row if entry.failure is None else evolve(row, places=entry.failure.places())

    def manifest(self, name: str) -> Manifest:
        """The manifest of a provider, read without importing the provider.

        Raises:
            UnknownProvider, BrokenPlugin, IncompatiblePlugin, AmbiguousProvider
        """
        entry = self._entry(name)
        with self._lock:
            return self._manifest(entry)

    def provider(self, name: str) -> Provider:
        """A provider, imported and checked when it is first asked for.

        Raises:
            UnknownProvider, BrokenPlugin, IncompatiblePlugin, AmbiguousProvider
        """
        entry = self._entry(name)
        with self._lock:
            return self._provider(entry)

    def register(
        self,
        name: str,
        module: Any,
        manifest: Mapping[str, Any] | str | os.PathLike[str] | None = None,
    ) -> Provider:
        """Add a provider that is not installed; it takes the place of one with the same name.

        `manifest` is the manifest itself or its path; None = `provider.json` beside the module's
        file.

        Raises:
            BrokenPlugin, IncompatiblePlugin: as if it were installed; nothing is then changed.
        """
        source = manifest_source(module, manifest)
        distribution = f"{getattr(module, '__name__', name)} (registered)"
        entry = Entry(
            name=name,
            distribution=distribution,
            version=str(getattr(module, "__version__", "")),
            find=lambda: source,
            load=lambda: module,
        )
        with self._lock:
            provider = self._provider(entry)
            self._entries[name] = entry
            return provider

    @functools.cached_property
    def addons(self) -> Addons:
        """The installed add-ons."""
        from .addons import Addons

        return Addons(self._addon_claims, self._every_addon)

    def addon_rows(self, *, check: bool = False) -> list[AddonRow]:
        """One row per installed add-on; with `check` each is loaded first."""
        return self.addons.rows(check=check) if self._addon_claims else []

    def lacking(self, distributions: Iterable[str]) -> list[AddonRow]:
        """A row for each add-on of these distributions that is missing or does not work."""
        wanted = tuple(distributions)
        with self._lock:
            return list(self.addons.lacking(wanted)) if wanted else []

    def emit(self, event: Event) -> None:
        """Tell the add-ons of an event; nothing that they do can break the edit."""
        if self._addon_claims:
            self.addons.emit(event)

    def commands(self) -> list[str]:
        """The names of further commands that plugins bring, sorted."""
        return sorted(self._command_claims)

    def command(self, name: str) -> Any:
        """The object that a command's entry point names.

        Raises:
            BrokenPlugin, AmbiguousProvider: it cannot be loaded; UnknownProvider: no such command.
        """
        from .loader import load_object

        claims = self._command_claims.get(name)
        if not claims:
            raise UnknownProvider(f"no installed plugin brings the command {name!r}")
        try:
            return load_object(single(claims, "command"))
        except Refused as refused:
            label = " and ".join(claim.owner.label for claim in claims)
            raise Failure.of(refused, name=name, label=label).error("command") from None

    def _entry(self, name: str) -> Entry:
        try:
            return self._entries[name]
        except KeyError:
            raise self._unknown(name) from None

    def _unknown(self, name: str) -> UnknownProvider:
        shown = scan.one_line(name, 40)
        if name in self._left_out:
            return UnknownProvider(
                f"the provider {shown!r} is installed, but {scan.ALLOW_LIST} leaves it out",
                hint=f"Add it to {scan.ALLOW_LIST}, or unset that.",
            )
        names = self.names()
        if not names:
            return UnknownProvider(
                f"no provider {shown!r} is installed, nor any other", hint=NOTHING_INSTALLED
            )
        from difflib import get_close_matches

        near = get_close_matches(name.lower(), names, n=1)
        hint = f"Installed: {', '.join(names)}."
        if near:
            hint = f"Did you mean {near[0]!r}? {hint}"
        elif NAME.fullmatch(name):
            hint += f" A plugin for it would be called imgedit-{name}."
        return UnknownProvider(f"no provider {shown!r} is installed", hint=hint)

    def _manifest(self, entry: Entry) -> Manifest:
        if entry.manifest is None:
            entry.manifest = self._attempt(entry, entry.read)
        return entry.manifest

    def _provider(self, entry: Entry) -> Provider:
        if entry.provider is None:
            manifest = self._manifest(entry)
            entry.provider = self._attempt(entry, lambda: self._load(entry, manifest))
        return entry.provider

    def _load(self, entry: Entry, manifest: Manifest) -> Provider:
        from .checks import provider_findings
        from .facade import Provider

        module = entry.load()
        if findings := provider_findings(module):
            from .places import of_function

            complaints = "; ".join(found.says for found in findings)
            places = [of_function(found.function, module, found.says) for found in findings]
            told = tuple(filter(None, places))
            raise Refused(f"{complaints} {guide.HOOKS}", places=lambda: told)
        return Provider(
            name=entry.name,
            distribution=entry.distribution,
            version=entry.version,
            manifest=manifest,
            module=module,
            addons=self.addons.loaded() if self._addon_claims else (),
        )

    def _attempt(self, entry: Entry, step: Callable[[], Any]) -> Any:
        """Do a step of loading once; raise what was remembered when it failed before."""
        if entry.failure is None:
            try:
                return step()
            except Refused as refused:
                entry.failure = Failure.of(refused, name=entry.name, label=entry.label)
                raise entry.failure.error() from refused.__cause__
        raise entry.failure.error()

    def _row(self, entry: Entry, environ: Mapping[str, str] | None) -> ProviderRow:
        try:
            with self._lock:
                manifest: Manifest | None = self._manifest(entry)
        except PluginError:
            manifest = None
        failure = entry.failure
        facts: dict[str, Any] = {}
        if manifest is not None:
            key, key_set = key_of(manifest, os.environ if environ is None else environ)
            facts = {
                "models": len(manifest.models),
                "local": manifest.local,
                "key": key,
                "key_set": key_set,
            }
        return ProviderRow(
            name=entry.name,
            distribution=entry.distribution,
            version=entry.version,
            status=failure.status if failure else "ok",
            reason=failure.reason if failure else None,
            **facts,
        )


NOTHING_INSTALLED = (
    "Install one: pip install imgedit-local edits on this machine, without a key or a network."
)


_lock = threading.Lock()
_of_this_process: Registry | None = None


def registry() -> Registry:
    """The registry of this process."""
    global _of_this_process
    if _of_this_process is not None:
        return _of_this_process
    with _lock:
        if _of_this_process is None:
            _of_this_process = Registry()
    while scan.spoilt:  # told only now: a log handler may itself ask for the registry
        where = scan.spoilt.pop()
        log.warning("The metadata in %s cannot be read: reinstall that package.", where)
    return _of_this_process


def register(
    name: str,
    module: Any,
    manifest: Mapping[str, Any] | str | os.PathLike[str] | None = None,
) -> Provider:
    """Add a provider to this process without installing it, for tests and notebooks.

    `module` holds the hooks; `manifest` is the manifest or its path, None = `provider.json`
    beside the module's file. A provider of the same name is replaced.

    Raises:
        BrokenPlugin, IncompatiblePlugin: it is refused, for the reasons an installed one would be.
    """
    return registry().register(name, module, manifest)
