"""Which provider an edit goes to, and why that one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from attrs import frozen

from ..errors import PluginError, UnknownProvider, UsageError
from .catalog import NOTHING_INSTALLED

if TYPE_CHECKING:
    from .known import Known

VARIABLE = "IMGEDIT_PROVIDER"


@frozen
class Chosen:
    """A provider's name, and `how` it was chosen, in words that complete "chosen: ..."."""

    name: str
    how: str


def choose(
    registry: Known,
    asked: str | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    configured: str | None = None,
) -> Chosen:
    """Choose: the one asked for, IMGEDIT_PROVIDER, the configuration's, the only one, `local`.

    With more than one installed, one that may cost money is never chosen unasked. Whether the
    provider works is not looked at here: `registry.provider(name)` says so.

    Raises:
        UnknownProvider: a name that is not installed, or nothing is.
        UsageError: nothing was said and several are installed.
    """
    environ = os.environ if environ is None else environ
    names = registry.names()
    for name, how in (
        (asked, "asked for"),
        (environ.get(VARIABLE), f"set in {VARIABLE}"),
        (configured, "the configuration's default"),
    ):
        if name:
            return Chosen(_known(registry, name, how), how)
    if not names:
        raise UnknownProvider("no provider is installed", hint=NOTHING_INSTALLED)
    if len(names) == 1:
        return Chosen(names[0], "the only one installed")
    local = [row.name for row in registry.rows(environ=environ) if row.local]
    if len(local) == 1:
        return Chosen(local[0], "works on this machine, and nothing else was asked for")
    raise UsageError(
        f"several providers are installed and none was chosen: {', '.join(names)}",
        hint=f"Choose one with -p NAME (provider= in Python), or set {VARIABLE}.",
    )


def _known(registry: Known, name: str, how: str) -> str:
    if name in registry.names():
        return name
    try:
        registry.manifest(name)  # raises, and says why
    except PluginError as error:
        if how != "asked for":
            error.message += f" ({how})"
        raise
    return name
