"""Names that a new provider cannot have."""

from __future__ import annotations

from typing import Final

from ..errors import UsageError

_OURS: Final = {
    "core": "imgedit-core is the distribution of imgedit itself",
    "local": "it is the name of the provider that works on this machine",
    "cheapest": '"-p cheapest" means something else',
}


def check_free(name: str) -> None:
    """Look whether a provider may have this name, among what is installed here.

    Raises:
        UsageError: the name means something else, or is in use.
    """
    reason = _OURS.get(name) or _installed(name)
    if reason is not None:
        raise UsageError(f"the name {name!r} is taken: {reason}", hint="Choose another name.")


def _installed(name: str) -> str | None:
    from importlib import metadata
    from importlib.util import find_spec

    from ..discovery import scan

    claims = scan.installed()[scan.PROVIDERS].get(name)
    if claims:
        return f"{claims[0].owner.label} brings a provider of this name"
    try:
        return f"imgedit-{name} {metadata.version(f'imgedit-{name}')} is installed"
    except metadata.PackageNotFoundError:
        pass
    if find_spec(f"imgedit_{name}") is not None:
        return f"there is a package imgedit_{name} already"
    return None
