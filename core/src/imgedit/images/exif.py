"""The little of EXIF that matters before an upload: orientation, and whether a place is in it."""

from __future__ import annotations

from typing import Final, Literal

import attrs

_ORIENTATION: Final = 0x0112
_GPS: Final = 0x8825
_SIZES: Final = {1: 1, 3: 2, 4: 4}


@attrs.frozen(kw_only=True)
class Exif:
    """`orientation` is 1 to 8 (1 when unset or unreadable); `gps` says that a place is named."""

    orientation: int = 1
    gps: bool = False


def read_exif(data: bytes) -> Exif:
    """Read the first directory of a TIFF block, with or without the "Exif" prefix; never raises."""
    data = data.removeprefix(b"Exif\0\0")
    order: Literal["little", "big"]
    if data[:4] == b"II*\0":
        order = "little"
    elif data[:4] == b"MM\0*":
        order = "big"
    else:
        return Exif()
    start = int.from_bytes(data[4:8], order)
    count = int.from_bytes(data[start : start + 2], order)
    orientation, gps = 1, False
    for at in range(start + 2, min(start + 2 + 12 * count, len(data) - 11), 12):
        tag = int.from_bytes(data[at : at + 2], order)
        if tag == _GPS:
            gps = True
        elif tag == _ORIENTATION:
            size = _SIZES.get(int.from_bytes(data[at + 2 : at + 4], order), 0)
            if int.from_bytes(data[at + 4 : at + 8], order) != 1:
                continue
            value = int.from_bytes(data[at + 8 : at + 8 + size], order)
            orientation = value if 1 <= value <= 8 else 1
    return Exif(orientation=orientation, gps=gps)


def orientation_only(orientation: int) -> bytes:
    """A TIFF block that holds the Orientation tag and nothing else, without the "Exif" prefix."""
    entry = b"\x12\x01\x03\0\x01\0\0\0" + bytes([orientation, 0, 0, 0])
    return b"II*\0\x08\0\0\0\x01\0" + entry + b"\0\0\0\0"
