"""BMP and ICO: everything of note is in the header."""

from __future__ import annotations

from typing import Final

from imgedit.images.look import Look
from imgedit.images.source import Source

_UNCOMPRESSED: Final = (0, 3, 6)


def look_bmp(source: Source, seen: Look) -> None:
    """Gather size and completeness; raises Damaged when the header is cut."""
    source.skip(2)
    says = source.number(4, "little")
    source.skip(4)
    pixels = source.number(4, "little")
    header = source.number(4, "little")
    if header < 16:
        width, height = source.number(2, "little"), source.number(2, "little")
    else:
        width, height = source.number(4, "little"), source.number(4, "little")
    if height >= 1 << 31:
        height = (1 << 32) - height  # stored top row first
    source.skip(2)
    depth = source.number(2, "little")
    compression = source.number(4, "little") if header >= 40 else 0
    seen.measure(width, height)
    seen.whole = width > 0 and height > 0
    seen.needs = says
    if compression in _UNCOMPRESSED:
        seen.needs = max(says, pixels + (width * depth + 31) // 32 * 4 * height)


def look_icon(source: Source, seen: Look) -> None:
    """Gather the size of the largest picture inside and completeness."""
    source.skip(4)
    for _ in range(source.number(2, "little")):
        entry = source.take(16)
        width, height = entry[0] or 256, entry[1] or 256
        if width * height > (seen.width or 0) * (seen.height or 0):
            seen.measure(width, height)
        length = int.from_bytes(entry[8:12], "little")
        seen.needs = max(seen.needs, int.from_bytes(entry[12:16], "little") + length)
    seen.whole = True
