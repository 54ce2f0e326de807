"""What to keep of a picture file and what to leave out."""

from __future__ import annotations

from typing import Final

import attrs

from imgedit.images.source import Damaged

MAX_PARTS: Final = 4096


@attrs.frozen(kw_only=True)
class Stripped:
    """The file without its metadata, as a recipe.

    `parts` are written one after the other: bytes as they are, or (offset, length) of the
    original file. `size` is the sum, in bytes. `removed` names what goes: "exif", "gps", "xmp",
    "iptc", "comment", "text", "time", "c2pa", "mpf", "thumbnail", "trailer", "other".
    """

    parts: tuple[bytes | tuple[int, int], ...]
    size: int
    removed: tuple[str, ...]


@attrs.frozen
class Unchanged:
    """The file holds nothing to strip."""


@attrs.frozen
class CannotStrip:
    """The file goes as it is or not at all: why it was not stripped, as part of a sentence."""

    reason: str


class PlanBuilder:
    """Collects parts in order; neighbours become one."""

    def __init__(self) -> None:
        self._parts: list[bytes | tuple[int, int]] = []
        self._removed: dict[str, None] = {}

    def keep(self, start: int, end: int) -> None:
        """Keep the original's bytes from `start` up to `end`."""
        last = self._parts[-1] if self._parts else None
        if isinstance(last, tuple) and last[0] + last[1] == start:
            self._parts[-1] = (last[0], end - last[0])
        elif end > start:
            self._append((start, end - start))

    def write(self, data: bytes) -> None:
        """Put `data` here."""
        self._append(data)

    def extend(self, other: PlanBuilder) -> None:
        """Put the parts of `other` here."""
        for part in other._parts:
            self._append(part)

    def drop(self, *names: str) -> None:
        """Say that something was left out."""
        self._removed.update(dict.fromkeys(names))

    @property
    def size(self) -> int:
        """Bytes so far."""
        return sum(len(p) if isinstance(p, bytes) else p[1] for p in self._parts)

    def finish(self) -> Stripped | Unchanged:
        """The plan; Unchanged when nothing was left out."""
        if not self._removed:
            return Unchanged()
        return Stripped(parts=tuple(self._parts), size=self.size, removed=tuple(self._removed))

    def _append(self, part: bytes | tuple[int, int]) -> None:
        if len(self._parts) >= MAX_PARTS:
            raise Damaged("it is made of too many pieces")
        self._parts.append(part)
