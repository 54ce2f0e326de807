"""A provider's hooks called without the facade, so that a mistake shows where it was made."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from attrs import frozen

from ...contract.image import hooks_running
from ...discovery import Provider
from ...discovery.checks import hookimpls
from ...hookspecs import PROVIDER_HOOKS
from ...manifest import Manifest


class Hooks:
    """The hooks of one module with a manifest, the core's defaults behind them."""

    def __init__(self, module: Any, manifest: Manifest, label: str = "the provider") -> None:
        self.module = module
        self.manifest = manifest
        self.provider = Provider(
            name=manifest.name, distribution=label, version="", manifest=manifest, module=module
        )
        self.own = {one.hook: one.function for one in hookimpls(module, PROVIDER_HOOKS)}

    def call(self, hook: str, **arguments: Any) -> Any:
        """What the hook answers, or raises; nothing is checked, nothing is caught."""
        with hooks_running():
            return self.provider._call(hook, arguments)


def fresh_copy(module: Any) -> Any:
    """The module imported anew, as another process has it; the one that is in use stays.

    A module that was not imported from a file is given back as it is.
    """
    package = getattr(module, "__name__", "")
    if getattr(module, "__spec__", None) is None or sys.modules.get(package) is not module:
        return module
    kept = {name: sys.modules.pop(name) for name in list(_inside(package))}
    try:
        return importlib.import_module(package)
    finally:
        for name in list(_inside(package)):
            del sys.modules[name]
        sys.modules.update(kept)


def _inside(package: str) -> Iterator[str]:
    return (
        name
        for name, module in list(sys.modules.items())
        if (name == package or name.startswith(f"{package}.")) and isinstance(module, ModuleType)
    )


@frozen
class Call:
    """One call of a hook that an edit makes: `arguments()` gives new ones each time."""

    hook: str
    when: str
    arguments: Callable[[], dict[str, Any]]

    def __str__(self) -> str:
        return f"{self.hook} {self.when}".strip()
