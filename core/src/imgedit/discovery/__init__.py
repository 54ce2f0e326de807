"""Finding, loading and asking plugins. Names are imported on first use.

`registry()` knows what is installed; `registry().provider(name)` is one provider, ready to ask.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .addons import AddonRow
    from .catalog import ProviderRow, Registry, register, registry
    from .choice import Chosen, choose
    from .facade import Provider

__all__ = [
    "AddonRow",
    "Chosen",
    "Provider",
    "ProviderRow",
    "Registry",
    "choose",
    "register",
    "registry",
]

_WHERE = {
    "AddonRow": "addons",
    "Chosen": "choice",
    "Provider": "facade",
    "ProviderRow": "catalog",
    "Registry": "catalog",
    "choose": "choice",
    "register": "catalog",
    "registry": "catalog",
}


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_WHERE[name]}", __name__), name)
    globals()[name] = value
    return value
