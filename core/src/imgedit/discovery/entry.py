"""One provider by name: how its manifest is read and its code loaded, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import define

from ..contract.model import Problem
from . import guide, scan
from .failure import Failure, Places, Refused
from .locate import MANIFEST, check_versions, manifest_path
from .scan import Claim

if TYPE_CHECKING:
    from ..manifest import Manifest
    from .facade import Provider
    from .places import Place

Source = Path | Mapping[str, Any] | None
"""A manifest: its file, itself, or None = there is none."""

_TOLD = 3  # problems of a manifest


@define(eq=False, kw_only=True)
class Entry:
    """What is known of one provider so far; a step that failed is never tried again."""

    name: str
    distribution: str
    version: str
    find: Callable[[], Source]
    load: Callable[[], Any]
    manifest: Manifest | None = None
    provider: Provider | None = None
    failure: Failure | None = None

    @property
    def label(self) -> str:
        """Distribution and version, "imgedit-acme 0.1.0"."""
        return f"{self.distribution} {self.version}".strip()

    def read(self) -> Manifest:
        """Its manifest; raises as `read_manifest_of`."""
        return read_manifest_of(self.find(), self.name, self.label)

    def audit(self, manifest: Manifest) -> None:
        """Judge the whole manifest, which takes too long for everyday use."""
        from ..manifest import validate_manifest

        if problems := validate_manifest(manifest.raw):
            told = "; ".join(scan.one_line(problem) for problem in problems[:_TOLD])
            more = f"; and {len(problems) - _TOLD} more" if len(problems) > _TOLD else ""
            raise Refused(
                f"its {MANIFEST} is wrong: {told}{more} {guide.MANIFEST}",
                places=_places(self.find(), problems),
            )


def installed(name: str, claims: tuple[Claim, ...]) -> Entry:
    """The entry of a name that installed distributions claim."""

    def find() -> Source:
        return manifest_path(single(claims, "provider"))

    def load() -> Any:
        from .loader import load_module

        return load_module(claims[0])

    owners = [claim.owner for claim in claims]
    return Entry(
        name=name,
        distribution=" and ".join(owner.name for owner in owners),
        version=" and ".join(owner.version for owner in owners),
        find=find,
        load=load,
    )


def single(claims: Sequence[Claim], what: str) -> Claim:
    """The one claim of a name; `what` it names, for the refusal when there are two."""
    if len(claims) > 1:
        labels = " and ".join(claim.owner.label for claim in claims)
        names = " or ".join(claim.owner.name for claim in claims)
        raise Refused(
            f"{len(claims)} distributions claim the {what} name {claims[0].name!r}: {labels}",
            status="ambiguous",
            hint=f"Remove all but one: pip uninstall {names}.",
        )
    return claims[0]


def manifest_source(module: Any, manifest: Any) -> Source:
    """Where the manifest of a registered module is: as given, else beside the module's file."""
    if isinstance(manifest, Mapping):
        return manifest
    if manifest is not None:
        return Path(manifest)
    file = getattr(module, "__file__", None)
    return Path(file).with_name(MANIFEST) if file else None


def read_manifest_of(source: Source, name: str, label: str) -> Manifest:
    """Read a manifest and see that it was written for this core.

    Raises:
        Refused: there is none, it is wrong, or it needs another version.
    """
    from ..manifest import ManifestError, read_manifest

    if source is None or (isinstance(source, Path) and not source.is_file()):
        raise Refused(f"it has no {MANIFEST} {guide.MANIFEST}")
    try:
        manifest = read_manifest(source, name=name)
    except ManifestError as error:
        # A newer manifest may well be one that we cannot read: the version is the true reason.
        check_versions(_json(source), label)
        problem = Problem(path=error.pointer, message=error.problem, code="manifest")
        raise Refused(
            f"its {MANIFEST} is wrong: {scan.one_line(error, 400)} {guide.MANIFEST}",
            places=_places(source, [problem]),
        ) from error
    except Exception as error:
        raise Refused(f"its {MANIFEST} cannot be read: {type(error).__name__}") from error
    check_versions(manifest.raw, label)
    return manifest


def _json(source: Path | Mapping[str, Any]) -> Any:
    if not isinstance(source, Path):
        return source
    try:
        return json.loads(source.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None


def _places(source: Source, problems: Sequence[Any]) -> Places:
    def look() -> tuple[Place, ...]:
        from .places import in_manifest

        return in_manifest(source, problems) if isinstance(source, Path) else ()

    return look


def key_of(manifest: Manifest, environ: Mapping[str, str]) -> tuple[str | None, bool]:
    """The variable of the first key, and whether every key is set; one may have several names."""
    from ..manifest import key_names

    parts = list(key_names(manifest).values())
    if not parts:
        return None, False
    return parts[0][0], all(any(environ.get(name) for name in names) for names in parts)
