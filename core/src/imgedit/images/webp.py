"""WebP: a walk over its RIFF chunks, and which of them are metadata."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import attrs

from imgedit.images.exif import orientation_only, read_exif
from imgedit.images.look import Look
from imgedit.images.plan import PlanBuilder
from imgedit.images.source import MAX_PIECES, Damaged, Source

_KEPT: Final = frozenset({b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF", b"ICCP"})
_PICTURES: Final = (b"VP8 ", b"VP8L", b"ANMF")
_HAS_EXIF, _HAS_XMP, _HAS_ANIMATION = 0x08, 0x04, 0x02
_READ_LIMIT: Final = 512 * 1024


@attrs.frozen
class _Chunk:
    """A chunk whose body is still to be read: `length` bytes from the source's position on."""

    name: bytes
    start: int
    length: int

    @property
    def end(self) -> int:
        return self.start + 8 + self.length


def look(source: Source, seen: Look) -> None:
    """Gather size, animation and completeness; raises Damaged where the chunks do not go on."""
    extended = pictured = False
    for chunk in _walk(source, seen):
        name = chunk.name
        if name == b"VP8X" and chunk.length >= 10:
            extended = True
            body = source.take(10)
            seen.animated = bool(body[0] & _HAS_ANIMATION)
            seen.measure(
                int.from_bytes(body[4:7], "little") + 1, int.from_bytes(body[7:10], "little") + 1
            )
        elif name == b"ANIM":
            seen.animated = True
        elif name == b"C2PA":
            seen.c2pa = True
        elif name in _PICTURES:
            if not extended and not pictured:
                _measure(name, source.take(min(chunk.length, 10)), seen)
            pictured = True
    seen.whole = pictured


def strip(source: Source, plan: PlanBuilder) -> None:
    """Keep what a decoder needs; raises Damaged for a file that cannot be followed."""
    inner = PlanBuilder()
    flags: bytes | None = None
    kept_exif = oriented = pictured = False
    for chunk in _walk(source, Look()):
        name = chunk.name
        if name == b"VP8X" and chunk.length >= 10 and flags is None:
            flags = source.take(chunk.length)
        elif name in _KEPT:
            pictured = pictured or name in _PICTURES
            _keep(chunk, inner, source)
        elif name == b"EXIF":
            exif = read_exif(source.take(min(chunk.length, _READ_LIMIT)))
            plan.drop(*(("exif", "gps") if exif.gps else ("exif",)))
            # Without VP8X no reader looks for EXIF, so there was no orientation to keep.
            if exif.orientation != 1 and flags is not None and not oriented:
                small = orientation_only(exif.orientation)
                inner.write(b"EXIF" + len(small).to_bytes(4, "little") + small)
                kept_exif = True
            oriented = True
        elif name == b"XMP ":
            body = source.take(min(chunk.length, _READ_LIMIT))
            plan.drop(*(("xmp", "gps") if b"exif:GPS" in body else ("xmp",)))
        else:
            plan.drop("c2pa" if name == b"C2PA" else "other")
    if not pictured:
        raise Damaged("it holds no picture data")
    if source.more():
        plan.drop("trailer")
    _assemble(plan, inner, flags, kept_exif)
