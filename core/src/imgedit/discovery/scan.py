"""Which plugins are installed: names and facts from metadata, no plugin code is run."""

from __future__ import annotations

import functools
import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from .folders import distributions, entry_points

if TYPE_CHECKING:
    from .folders import Metadata

PROVIDERS = "imgedit.providers"
ADDONS = "imgedit.addons"
COMMANDS = "imgedit.commands"
GROUPS = (PROVIDERS, ADDONS, COMMANDS)
ALLOW_LIST = "IMGEDIT_PLUGINS"


@frozen(eq=False)
class Installed:
    """An installed distribution that brings plugins."""

    name: str
    version: str
    metadata: Metadata | None = field(default=None, repr=False)

    @property
    def label(self) -> str:
        """Name and version, "imgedit-acme 0.1.0"."""
        return f"{self.name} {self.version}".strip()

    @property
    def key(self) -> str:
        """The name as the packaging tools compare it."""
        return comparable(self.name)

    @property
    def lost_checkout(self) -> str | None:
        """The folder that it was installed from in editable mode, when that is gone."""
        from urllib.parse import unquote, urlsplit  # urllib.request would bring in http and ssl

        try:
            origin = json.loads(self._text("direct_url.json") or "{}")
            editable = bool(origin["dir_info"]["editable"])
            folder = unquote(urlsplit(origin["url"]).path)
        except (ValueError, KeyError, TypeError):
            return None
        if re.match(r"/[A-Za-z]:", folder):  # file:///C:/... on Windows
            folder = folder[1:]
        return folder if editable and not Path(folder).exists() else None

    def brought(self, package: str) -> bool:
        """Whether its list of installed files names a file of this package."""
        return any(
            line.startswith((f"{package}/", f"{package}\\", f"{package}."))
            for line in (self._text("RECORD") or "").splitlines()
        )

    def _text(self, file: str) -> str | None:
        try:
            return self.metadata.read_text(file) if self.metadata is not None else None
        except (OSError, ValueError):
            return None


@frozen(kw_only=True)
class Claim:
    """One entry point: a distribution says that it brings a plugin of this name."""

    group: str
    name: str
    value: str
    owner: Installed


def comparable(name: str) -> str:
    """The name of a distribution as the packaging tools compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


Claims = Mapping[str, Mapping[str, tuple[Claim, ...]]]
"""Group → name → the claims of different distributions, nearly always one."""


spoilt: list[str] = []
"""The folders of installed metadata that could not be read."""


@functools.cache
def installed() -> Claims:
    """What is installed; scanned once per process."""
    return scan(unreadable=spoilt)


def scan(paths: list[str] | None = None, *, unreadable: list[str] | None = None) -> Claims:
    """Read the entry points of every distribution on `paths` (default: `sys.path`).

    A distribution whose metadata cannot be read is left out, and its folder added to `unreadable`;
    one that is found twice (leftovers of an upgrade) counts once, where Python finds it first.
    """
    found: dict[str, dict[str, tuple[Claim, ...]]] = {group: {} for group in GROUPS}
    seen: set[str] = set()
    for distribution in distributions(paths):
        try:
            text = distribution.read_text("entry_points.txt")
            if text is None or "imgedit." not in text:
                continue
            owner = _owner(distribution)
            if owner.key in seen:
                continue
            seen.add(owner.key)
            entries = list(entry_points(text))
        except Exception:  # one spoilt file must not hide the other plugins
            if unreadable is not None:
                unreadable.append(str(getattr(distribution, "_path", "an installed package")))
            continue
        for group, name, value in entries:
            if group not in GROUPS:
                continue
            names = found[group]
            earlier = names.get(name, ())
            if all(claim.owner is not owner for claim in earlier):
                claim = Claim(group=group, name=name, value=value, owner=owner)
                names[name] = (*earlier, claim)
    return found


def _owner(distribution: Metadata) -> Installed:
    # The parser behind `distribution.metadata` reads the whole README: too slow for 25 plugins.
    text = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
    fields = dict(_headers(text))
    name = fields.get("name")
    if not name:
        raise ValueError("it names no distribution")
    return Installed(name, fields.get("version", ""), distribution)


def _headers(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        if not line:
            return
        name, _, value = line.partition(":")
        if name in ("Name", "Version"):
            yield name.lower(), value.strip()


def allowed(environ: Mapping[str, str] | None = None) -> frozenset[str] | None:
    """The names that IMGEDIT_PLUGINS lets in; None = all, empty = none."""
    value = (os.environ if environ is None else environ).get(ALLOW_LIST)
    if value is None:
        return None
    return frozenset(name.strip() for name in value.split(",") if name.strip())


def only(claims: Claims, names: frozenset[str] | None) -> dict[str, dict[str, tuple[Claim, ...]]]:
    """The claims whose name is allowed."""
    return {
        group: {
            name: claimed for name, claimed in by_name.items() if names is None or name in names
        }
        for group, by_name in claims.items()
    }


def one_line(value: Any, limit: int = 200) -> str:
    """The text of something foreign on one line, cut at `limit` characters."""
    text = " ".join(str(value).split())
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
