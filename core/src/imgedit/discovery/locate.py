"""Where a provider's `provider.json` is, found without importing the provider."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..hookspecs import HOOK_API
from .failure import Refused
from .scan import Claim, Installed, one_line

NAME = re.compile(r"[a-z][a-z0-9]*")
MANIFEST = "provider.json"
_MANIFEST_VERSION = 1


def manifest_path(claim: Claim) -> Path:
    """The manifest inside the one top-level package that the entry point names.

    Raises:
        Refused: the name or the value is not one that a provider may have, the package is gone,
            or it holds no manifest.
    """
    if not NAME.fullmatch(claim.name):
        raise Refused(
            f"its name {one_line(claim.name, 40)!r} is not allowed: "
            "a provider's name is small letters and digits, a letter first"
        )
    package = claim.value
    if not package.isidentifier():
        raise Refused(
            f"its entry point is {one_line(package, 80)!r}, and must be one top-level package"
        )
    path = _folder(claim.owner, package) / MANIFEST
    if not path.is_file():
        raise Refused(
            f"its package {package} holds no {MANIFEST}",
            hint=f"Ask the author of {claim.owner.name}, or reinstall it.",
        )
    return path


def _folder(owner: Installed, package: str) -> Path:
    try:
        spec = importlib.util.find_spec(package)
    except Exception as error:  # a foreign import hook may do anything
        raise Refused(f"looking for its package {package} raised {type(error).__name__}") from error
    if spec is None or (spec.origin is None and not _has_code(spec)):
        raise gone(owner, package)
    if not spec.submodule_search_locations:
        raise Refused(f"its entry point names {package}, a single module: it must be a package")
    if spec.origin is None:
        raise Refused(f"its package {package} has no __init__.py")
    return Path(next(iter(spec.submodule_search_locations)))


def _has_code(spec: Any) -> bool:
    """Whether a package without `__init__.py` is more than an empty leftover of an old install."""
    return any(
        path.suffix == ".py" or path.name == MANIFEST
        for folder in spec.submodule_search_locations or ()
        for path in Path(folder).glob("*")
    )


def gone(owner: Installed, package: str) -> Refused:
    """The refusal of a package that its own distribution no longer, or never, brought."""
    checkout = owner.lost_checkout
    remove = f"remove it with pip uninstall {owner.name}"
    if checkout is not None:
        return Refused(f"stale install of {owner.name}, whose checkout is gone: {remove}")
    if owner.brought(package):
        return Refused(f"stale install of {owner.name}, whose files are gone: {remove}")
    return Refused(
        f"its entry point names the package {package}, which {owner.name} does not bring: "
        f"ask its author, or {remove}"
    )


def check_versions(manifest: Any, label: str) -> None:
    """Refuse a manifest, given as JSON, that was written for another version of this core.

    A newer one may hold what we cannot know, so this is asked before anything else is held
    against it.
    """
    from .. import __version__

    if not isinstance(manifest, Mapping):
        return
    core = f"imgedit-core {__version__}"
    upgrade = "Upgrade it: pip install -U imgedit-core."
    version = manifest.get("manifest")
    if isinstance(version, int) and version > _MANIFEST_VERSION:
        raise Refused(
            f"{label} has a manifest of version {version}, and {core} reads {_MANIFEST_VERSION}",
            status="incompatible",
            hint=upgrade,
        )
    wanted = manifest.get("hook_api")
    match = re.fullmatch(r"(\d+)\.(\d+)", wanted) if isinstance(wanted, str) else None
    if match is None:
        return
    needs = int(match[1]), int(match[2])
    ours = tuple(int(part) for part in HOOK_API.split("."))
    if needs[0] == ours[0] and needs <= ours:
        return
    raise Refused(
        f"{label} needs hook API {wanted}, and {core} has {HOOK_API}",
        status="incompatible",
        hint=upgrade if needs > ours else f"Upgrade it: pip install -U {label.split()[0]}.",
    )
