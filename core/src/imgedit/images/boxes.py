"""HEIF, AVIF, JPEG 2000, JPEG XL: pictures made of boxes (ISO base media and its cousins)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import attrs

from imgedit.images.look import Look
from imgedit.images.source import MAX_PIECES, Damaged, Source

_META_LIMIT: Final = 128 * 1024
_C2PA_UUID: Final = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")


@attrs.frozen
class _Box:
    """A box whose body begins at the source's position; `length` None = up to the file's end."""

    name: bytes
    length: int | None


def look(source: Source, seen: Look) -> None:
    """Gather size, animation and completeness; raises Damaged where the boxes do not go on."""
    if source.window()[0][:2] == b"\xff\x0a":
        # A bare JPEG XL stream states its length nowhere.
        seen.whole = True
        return
    pictured = False
    for box in _walk(source):
        short = box.length is not None and box.length <= _META_LIMIT
        if box.name == b"meta" and short:
            _measure(source.take(box.length or 0), seen)
        elif box.name == b"jp2h" and short:
            for name, body in _inner(source.take(box.length or 0)):
                if name == b"ihdr":
                    seen.measure(int.from_bytes(body[4:8], "big"), int.from_bytes(body[:4], "big"))
        elif box.name == b"moov":
            seen.animated = True
        elif box.name == b"uuid" and (box.length is None or box.length >= 16):
            seen.c2pa = seen.c2pa or source.take(16) == _C2PA_UUID
        pictured = pictured or box.name in (b"mdat", b"idat", b"jp2c", b"jxlc", b"jxlp", b"meta")
    seen.whole = pictured


def _measure(meta: bytes, seen: Look) -> None:
    """Take the largest `ispe`: thumbnails and tiles are smaller than the picture they belong to."""
    largest = (0, 0)
    for name, body in _inner(meta[4:]):
        if name != b"iprp":
            continue
        for kind, properties in _inner(body):
            if kind != b"ipco":
                continue
            for leaf, value in _inner(properties):
                if leaf == b"ispe" and len(value) >= 12:
                    size = (int.from_bytes(value[4:8], "big"), int.from_bytes(value[8:12], "big"))
                    largest = max(largest, size, key=lambda wh: wh[0] * wh[1])
    seen.measure(*largest)


def _inner(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The boxes inside a box, as far as they can be followed."""
    at = 0
    while at + 8 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        if length < 8:
            return
        yield data[at + 4 : at + 8], data[at + 8 : at + length]
        at += length


def _walk(source: Source) -> Iterator[_Box]:
    for _ in range(MAX_PIECES):
        if not source.more():
            return
        start = source.pos
        length = source.number(4)
        name = source.take(4)
        if length == 1:
            length = source.number(8)
        header = source.pos - start
        if length == 0:
            yield _Box(name, None)
            source.finish()
            return
        if length < header:
            raise Damaged("a box has an impossible length")
        yield _Box(name, length - header)
        source.skip_to(start + length)
    raise Damaged("it is made of too many pieces")
