"""GIF: a walk over its blocks."""

from __future__ import annotations

import re
from typing import Final

from imgedit.images.look import Look
from imgedit.images.source import MAX_PIECES, Damaged, Source

_NOT_ZERO: Final = re.compile(rb"[^\x00]")
_APPLICATION: Final = b"\xff"


def look(source: Source, seen: Look) -> None:
    """Gather size, animation and completeness; raises Damaged where the blocks do not go on."""
    source.skip(6)
    seen.measure(source.number(2, "little"), source.number(2, "little"))
    _skip_table(source, source.take(3)[0])
    images = 0
    for _ in range(MAX_PIECES):
        match source.take(1):
            case b"\x3b":
                seen.whole = images > 0
                return
            case b"\x2c":
                images += 1
                seen.animated = images > 1
                _skip_table(source, source.take(9)[8])
                source.skip(1)
                _skip_blocks(source)
            case b"\x21":
                label = source.take(1)
                first = source.take(source.number(1))
                if label == _APPLICATION and first.startswith(b"C2PA_GIF"):
                    seen.c2pa = True
                if first:
                    _skip_blocks(source)
            case b"\0":
                # Some writers leave zeros between blocks; decoders pass over them.
                source.find(_NOT_ZERO)
            case _:
                raise Damaged("a block is of an unknown kind")
    raise Damaged("it is made of too many pieces")


def _skip_table(source: Source, flags: int) -> None:
    if flags & 0x80:
        source.skip(3 * 2 ** ((flags & 7) + 1))


def _skip_blocks(source: Source) -> None:
    """Pass over length-prefixed blocks up to the empty one, many of them per call to the source."""
    while True:
        chunk, start = source.window()
        at, size = start, len(chunk)
        while at < size:
            length = chunk[at]
            at += length + 1
            if not length:
                source.skip(at - start)
                return
        source.skip(at - start)
