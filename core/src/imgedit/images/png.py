"""PNG: a walk over its chunks, and which of them are metadata."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from typing import Final

import attrs

from imgedit.images.exif import orientation_only, read_exif
from imgedit.images.look import Look
from imgedit.images.plan import PlanBuilder
from imgedit.images.source import MAX_PIECES, Damaged, Source

_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_NAME: Final = re.compile(rb"[A-Za-z]{4}")
_READ_LIMIT: Final = 128 * 1024

# Ancillary chunks that decide how the pixels look; critical ones are always kept.
_KEPT: Final = frozenset(
    b"tRNS gAMA cHRM sRGB iCCP cICP mDCV mDCv cLLI cLLi sBIT bKGD hIST sPLT pHYs sTER oFFs "
    b"acTL fcTL fdAT".split()
)
_TEXTS: Final = (b"tEXt", b"zTXt", b"iTXt")


@attrs.frozen
class _Chunk:
    """A chunk whose body is still to be read: `length` bytes from the source's position on."""

    name: bytes
    start: int
    length: int

    @property
    def end(self) -> int:
        return self.start + 12 + self.length


def look(source: Source, seen: Look) -> None:
    """Gather size, animation and completeness; raises Damaged where the chunks do not go on."""
    data = False
    for chunk in _walk(source):
        if chunk.name == b"IHDR" and chunk.length >= 8 and not data:
            seen.measure(source.number(4), source.number(4))
        elif chunk.name == b"IDAT":
            data = True
        elif chunk.name == b"acTL":
            seen.animated = True
        elif chunk.name == b"caBX":
            seen.c2pa = True
    seen.whole = data


def strip(source: Source, plan: PlanBuilder) -> None:
    """Keep what a decoder needs; raises Damaged for a file that cannot be followed."""
    plan.keep(0, 8)
    oriented = False
    for chunk in _walk(source):
        name = chunk.name
        if name == b"eXIf":
            body = source.take(min(chunk.length, _READ_LIMIT))
            if oriented:
                plan.drop("exif")
                continue
            oriented = True
            _strip_exif(chunk, body, plan)
        elif name in _TEXTS:
            plan.drop(*_text_names(source.take(min(chunk.length, _READ_LIMIT))))
        elif name == b"tIME":
            plan.drop("time")
        elif name == b"caBX":
            plan.drop("c2pa")
        elif name in _KEPT or name[:1].isupper():
            plan.keep(chunk.start, chunk.end)
        else:
            plan.drop("other")
    if source.more():
        plan.drop("trailer")


def _strip_exif(chunk: _Chunk, body: bytes, plan: PlanBuilder) -> None:
    exif = read_exif(body)
    small = orientation_only(exif.orientation)
    if exif.orientation != 1 and body == small:
        plan.keep(chunk.start, chunk.end)
        return
    plan.drop(*(("exif", "gps") if exif.gps else ("exif",)))
    if exif.orientation != 1:
        checked = b"eXIf" + small
        checksum = zlib.crc32(checked).to_bytes(4, "big")
        plan.write(len(small).to_bytes(4, "big") + checked + checksum)


def _text_names(body: bytes) -> tuple[str, ...]:
    keyword = body[:80].partition(b"\0")[0].lower()
    if keyword in (b"xml:com.adobe.xmp", b"raw profile type xmp"):
        return ("xmp", "gps") if b"exif:GPS" in body else ("xmp",)
    if keyword in (b"raw profile type exif", b"raw profile type app1"):
        return ("exif",)
    if keyword in (b"raw profile type iptc", b"raw profile type 8bim"):
        return ("iptc",)
    return ("comment",) if keyword == b"comment" else ("text",)


def _walk(source: Source) -> Iterator[_Chunk]:
    """Every chunk up to IEND, which is the last. Raises Damaged without one."""
    if source.take(8) != _SIGNATURE:
        raise Damaged("it does not begin as a PNG")
    for _ in range(MAX_PIECES):
        start = source.pos
        length = source.number(4)
        name = source.take(4)
        if not _NAME.fullmatch(name) or length > 0x7FFFFFFF:
            raise Damaged("a chunk has an impossible head")
        chunk = _Chunk(name, start, length)
        yield chunk
        source.skip_to(chunk.end)
        if name == b"IEND":
            return
    raise Damaged("it is made of too many pieces")
