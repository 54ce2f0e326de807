"""TIFF and BigTIFF: the first directory, as far as reading forwards shows it."""

from __future__ import annotations

from typing import Final

import attrs

from imgedit.images.look import Look
from imgedit.images.source import Source

_WIDTH, _HEIGHT = 256, 257
_OFFSETS: Final = {273: 279, 324: 325}
_C2PA: Final = 0xCD41
_SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 16: 8}
_FIRST_PRIVATE: Final = 32768


@attrs.frozen
class _Entry:
    """`value` is the number itself, or the offset of the numbers when they do not fit."""

    size: int
    count: int
    value: int
    inline: bool

    @property
    def last(self) -> int:
        """Where the last number lies."""
        return self.value + self.size * (self.count - 1)


def look(source: Source, seen: Look) -> None:
    """Gather size and completeness; raises Damaged when the directory is not there."""
    order = "little" if source.take(2) == b"II" else "big"
    big = source.number(2, order) == 43
    width = 8 if big else 4
    if big:
        source.skip(4)
    source.skip_to(source.number(width, order))
    entries: dict[int, _Entry] = {}
    for _ in range(min(source.number(8 if big else 2, order), 4096)):
        tag = source.number(2, order)
        size = _SIZES.get(source.number(2, order), 0)
        count = source.number(width, order)
        raw = source.take(width)
        inline = 0 < size * count <= width
        number = raw[:size] if inline and count == 1 else raw
        value = int.from_bytes(number, "little" if order == "little" else "big")
        entries.setdefault(tag, _Entry(size, count, value, inline))
        if size * count > width and tag < _FIRST_PRIVATE:
            seen.needs = max(seen.needs, value + size * count)
    seen.c2pa = _C2PA in entries
    if _WIDTH in entries and _HEIGHT in entries:
        seen.measure(entries[_WIDTH].value, entries[_HEIGHT].value)
    seen.whole = seen.width is not None
    _need(source, seen, entries, order)


def _need(source: Source, seen: Look, entries: dict[int, _Entry], order: str) -> None:
    """Find the end of the last strip or tile, which is nearly always the end of the pixels."""
    for offsets_tag, counts_tag in _OFFSETS.items():
        offsets, counts = entries.get(offsets_tag), entries.get(counts_tag)
        if offsets is None or counts is None or not (offsets.size and counts.size):
            continue
        if offsets.count == counts.count == 1:
            seen.needs = max(seen.needs, offsets.value + counts.value)
        elif not offsets.inline and not counts.inline:
            found: dict[int, int] = {}
            for entry in sorted((offsets, counts), key=lambda e: e.last):
                if entry.last < source.pos:
                    # It lies behind; its pixels then do too.
                    return
                source.skip_to(entry.last)
                found[id(entry)] = source.number(entry.size, order)
            seen.needs = max(seen.needs, found[id(offsets)] + found[id(counts)])
