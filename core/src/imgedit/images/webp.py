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
_READ_LIMIT: Final = 128 * 1024


@attrs.frozen
class _Chunk:
    """A chunk whose body (`length` bytes) begins at the source's position.

    `end` is where the next chunk begins, behind the padding byte of an odd length.
    """

    name: bytes
    start: int
    length: int
    end: int


def look(source: Source, seen: Look) -> None:
    """Gather size, animation and completeness; raises Damaged where the chunks do not go on."""
    extended = pictured = False
    seen.needs = _header(source)
    for chunk in _walk(source, seen.needs):
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
    head: bytes | None = None
    body = PlanBuilder()
    kept_exif = oriented = pictured = False
    for chunk in _walk(source, _header(source)):
        name = chunk.name
        if name == b"VP8X" and chunk.length == 10 and head is None:
            head = source.take(10)
        elif name in _KEPT:
            pictured = pictured or name in _PICTURES
            body.keep(chunk.start, chunk.end)
            if (chunk.end - chunk.start) % 2:
                body.write(b"\0")
        elif name == b"EXIF":
            data = source.take(min(chunk.length, _READ_LIMIT))
            exif = read_exif(data)
            small = orientation_only(exif.orientation)
            # Without VP8X no reader looks for EXIF, so there is no orientation to keep.
            keep = exif.orientation != 1 and head is not None and not oriented
            oriented = True
            if not keep or data != small:
                plan.drop(*(("exif", "gps") if exif.gps else ("exif",)))
            if keep:
                kept_exif = True
                body.write(b"EXIF" + len(small).to_bytes(4, "little") + small)
        elif name == b"XMP ":
            data = source.take(min(chunk.length, _READ_LIMIT))
            plan.drop(*(("xmp", "gps") if b"exif:GPS" in data else ("xmp",)))
        else:
            plan.drop("c2pa" if name == b"C2PA" else "other")
    if not pictured:
        raise Damaged("it holds no picture data")
    if source.more():
        plan.drop("trailer")
    _assemble(plan, head, body, kept_exif)


def _assemble(plan: PlanBuilder, head: bytes | None, body: PlanBuilder, exif: bool) -> None:
    extended = b""
    if head is not None:
        flags = head[0] & ~(_HAS_XMP | _HAS_EXIF) | (_HAS_EXIF if exif else 0)
        extended = b"VP8X" + (10).to_bytes(4, "little") + bytes([flags]) + head[1:]
    size = 4 + len(extended) + body.size
    plan.write(b"RIFF" + size.to_bytes(4, "little") + b"WEBP" + extended)
    plan.extend(body)


def _measure(name: bytes, head: bytes, seen: Look) -> None:
    if name == b"VP8 " and head[3:6] == b"\x9d\x01\x2a" and len(head) == 10:
        seen.measure(
            int.from_bytes(head[6:8], "little") & 0x3FFF,
            int.from_bytes(head[8:10], "little") & 0x3FFF,
        )
    elif name == b"VP8L" and head[:1] == b"\x2f" and len(head) >= 5:
        bits = int.from_bytes(head[1:5], "little")
        seen.measure((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)


def _header(source: Source) -> int:
    """Read the RIFF header; where the file ends by its own account."""
    head = source.take(12)
    if head[:4] != b"RIFF" or head[8:] != b"WEBP":
        raise Damaged("it does not begin as a WebP")
    return 8 + int.from_bytes(head[4:8], "little")


def _walk(source: Source, stop: int) -> Iterator[_Chunk]:
    """Every chunk before offset `stop`; Damaged when the file or the RIFF ends inside one."""
    for _ in range(MAX_PIECES):
        if source.pos >= stop:
            return
        start = source.pos
        name = source.take(4)
        length = source.number(4, "little")
        end = start + 8 + length
        if end > stop:
            raise Damaged("a chunk is longer than the file says it is")
        chunk = _Chunk(name, start, length, min(end + length % 2, stop))
        yield chunk
        source.skip_to(chunk.end)
    raise Damaged("it is made of too many pieces")
