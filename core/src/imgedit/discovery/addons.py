"""Add-ons: they wrap the hooks of every provider, and hear of every event."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import ModuleType
from typing import Literal

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
from .scan import ALLOW_LIST, Claim, comparable

log = logging.getLogger("imgedit.discovery")


@frozen(kw_only=True)
class AddonRow:
    """What is known of an add-on; `status` and `reason` as in `ProviderRow`.

    "missing" is one that is required and not there: `name` is then the distribution's.
    """

    name: str
    distribution: str
    version: str
    status: Status | Literal["missing"]
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
    """All installed add-ons; each is loaded on first use and breaks nothing but itself.

    `claims` are those that may be used, `every` also those that the allow-list leaves out.
    """

    def __init__(
        self,
        claims: Mapping[str, Sequence[Claim]],
        every: Mapping[str, Sequence[Claim]] | None = None,
    ) -> None:
        self._claims = claims
        self._every = claims if every is None else every
        self._failures: dict[str, Failure] = {}
        self._loaded: list[Addon] | None = None
        self._listeners: PluginManager | None = None

    def loaded(self) -> list[Addon]:
        """The add-ons that work; the others are logged, once, and shown by `rows`."""
        if self._loaded is None:
            loaded = []
            for name, claims in sorted(self._claims.items()):
                try:
                    loaded.append(_load(name, claims))
                except Refused as refused:
                    label = " and ".join(claim.owner.label for claim in claims)
                    failure = Failure.of(refused, name=name, label=label)
                    self._failures[name] = failure
                    log.warning("%s; it is left out", failure.error("add-on").message)
            self._loaded = loaded
        return self._loaded

    def rows(self, *, check: bool = False) -> list[AddonRow]:
        """One row per add-on; with `check` each is loaded first."""
        if check:
            self.loaded()
        return [self._row(name) for name in sorted(self._claims)]

    def lacking(self, distributions: Iterable[str]) -> Iterator[AddonRow]:
        """A row for each add-on of these distributions that does not work, which is loaded first.

        One whose distribution is not installed, or which the allow-list leaves out, is "missing".
        """
        self.loaded()
        for wanted in distributions:
            owners = {
                name: claim.owner
                for name, claims in sorted(self._every.items())
                for claim in claims
                if claim.owner.key == comparable(wanted)
            }
            if not owners:
                reason = f"no such add-on is installed: pip install {wanted}"
                yield _missing(wanted, wanted, "", reason)
            for name, owner in owners.items():
                if name not in self._claims:
                    yield _missing(name, owner.name, owner.version, f"{ALLOW_LIST} leaves it out")
                elif name in self._failures:
                    yield self._row(name)

    def _row(self, name: str) -> AddonRow:
        claims, failure = self._claims[name], self._failures.get(name)
        return AddonRow(
            name=name,
            distribution=" and ".join(claim.owner.name for claim in claims),
            version=" and ".join(claim.owner.version for claim in claims),
            status=failure.status if failure else "ok",
            reason=failure.reason if failure else None,
        )

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


def _missing(name: str, distribution: str, version: str, reason: str) -> AddonRow:
    return AddonRow(
        name=name, distribution=distribution, version=version, status="missing", reason=reason
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
