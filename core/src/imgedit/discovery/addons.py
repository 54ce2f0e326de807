"""Add-ons: they wrap the hooks of every provider, and hear of every event."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from types import ModuleType

from attrs import field, frozen
from pluggy import PluginManager

from ..contract.event import Event
from ..hookspecs import ADDON_HOOKS, PROJECT, PROVIDER_HOOKS
from ..hookspecs import Addon as AddonSpecs
from . import guide
from .blame import Party, code_of
from .checks import Implementation, addon_complaints, hookimpls
from .entry import single
from .failure import Failure, Refused, Status
from .loader import load_object
from .scan import Claim

log = logging.getLogger("imgedit.discovery")


@frozen(kw_only=True)
class AddonRow:
    """What is known of an installed add-on; `status` and `reason` as in `ProviderRow`."""

    name: str
    distribution: str
    version: str
    status: Status
    reason: str | None


@frozen(kw_only=True, eq=False)
class Addon:
    """An add-on that was loaded and checked.

    `wrappers` and `listener` are modules of our own that hold its hooks of each kind, because
    they are registered with different managers.
    """

    name: str
    party: Party
    wraps: frozenset[str]
    wrappers: ModuleType = field(repr=False)
    listener: ModuleType = field(repr=False)


class Addons:
    """All installed add-ons; each is loaded on first use and breaks nothing but itself."""

    def __init__(self, claims: Mapping[str, Sequence[Claim]]) -> None:
        self._claims = claims
        self._failures: dict[str, Failure] = {}
        self._loaded: list[Addon] | None = None
        self._listeners: PluginManager | None = None

    def loaded(self) -> list[Addon]:
        """The add-ons that work; the others are logged, once, and shown by `rows`."""
        if self._loaded is None:
            self._loaded = []
            for name, claims in sorted(self._claims.items()):
                try:
                    self._loaded.append(_load(name, claims))
                except Refused as refused:
                    label = " and ".join(claim.owner.label for claim in claims)
                    failure = Failure.of(refused, name=name, label=label)
                    self._failures[name] = failure
                    log.warning("%s; it is left out", failure.error("add-on").message)
        return self._loaded

    def rows(self, *, check: bool = False) -> list[AddonRow]:
        """One row per add-on; with `check` each is loaded first."""
        if check:
            self.loaded()
        found = []
        for name, claims in sorted(self._claims.items()):
            failure = self._failures.get(name)
            found.append(
                AddonRow(
                    name=name,
                    distribution=" and ".join(claim.owner.name for claim in claims),
                    version=" and ".join(claim.owner.version for claim in claims),
                    status=failure.status if failure else "ok",
                    reason=failure.reason if failure else None,
                )
            )
        return found

    def emit(self, event: Event) -> None:
        """Tell every add-on of an event; what it raises is logged, and the edit goes on."""
        if not self._claims:
            return
        if self._listeners is None:
            self._listeners = PluginManager(PROJECT)
            self._listeners.add_hookspecs(AddonSpecs)
            for addon in self.loaded():
                self._listeners.register(addon.listener, name=addon.name)
        given = {"event": event}
        for implementation in self._listeners.hook.on_event.get_hookimpls():
            # One by one: a single call of the hook would end at the first that raises.
            try:
                implementation.function(*(given[name] for name in implementation.argnames))
            except (Exception, SystemExit) as error:
                log.warning(
                    "on_event of the add-on %s raised %s",
                    implementation.plugin_name,
                    type(error).__name__,
                )


def _load(name: str, claims: Sequence[Claim]) -> Addon:
    claim = single(claims, "add-on")
    module = load_object(claim)
    if complaints := addon_complaints(module):
        raise Refused(f"{'; '.join(complaints)} {guide.HOOKS}")
    wraps, listens = hookimpls(module, PROVIDER_HOOKS), hookimpls(module, ADDON_HOOKS)
    package = str(getattr(module, "__name__", "")).partition(".")[0] or None
    return Addon(
        name=name,
        party=Party(
            label=claim.owner.label,
            package=package,
            codes=code_of([one.function for one in (*wraps, *listens)]),
        ),
        wraps=frozenset(one.hook for one in wraps),
        wrappers=_module(name, wraps),
        listener=_module(name, listens),
    )


def _module(name: str, implementations: Sequence[Implementation]) -> ModuleType:
    module = ModuleType(f"imgedit add-on {name}")
    vars(module).update({one.name: one.function for one in implementations})
    return module
