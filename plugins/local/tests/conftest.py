"""Small ICC profiles, made here because Pillow only makes sRGB and Lab ones."""

from __future__ import annotations

import struct

import pytest


def _profile(kind: bytes, space: bytes, pcs: bytes, tags: dict[bytes, bytes]) -> bytes:
    table, data = b"", b""
    start = 128 + 4 + 12 * len(tags)
    for name, content in tags.items():
        content += b"\0" * (-len(content) % 4)
        table += struct.pack(">4sII", name, start + len(data), len(content))
        data += content
    body = struct.pack(">I", len(tags)) + table + data
    d50 = struct.pack(">III", 0xF6D6, 0x10000, 0xD32D)
    date = struct.pack(">6H", 2026, 1, 1, 0, 0, 0)
    head = struct.pack(">I4sI4s4s4s", 128 + len(body), b"\0" * 4, 0x02400000, kind, space, pcs)
    head += date + b"acsp" + b"\0" * 28 + d50
    return head + b"\0" * (128 - len(head)) + body


_WHITE = b"XYZ \0\0\0\0" + struct.pack(">III", 0xF6D6, 0x10000, 0xD32D)


@pytest.fixture
def gray_profile() -> bytes:
    """Grey with a gamma of 1.8."""
    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(1.8 * 256))
    return _profile(b"mntr", b"GRAY", b"XYZ ", {b"wtpt": _WHITE, b"kTRC": curve})


@pytest.fixture
def cmyk_profile() -> bytes:
    """A press whose every ink prints the same grey: cyan comes out without any colour."""
    lut = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0])
    lut += struct.pack(">9i", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x10000)
    lut += bytes(range(256)) * 4
    for corner in range(16):
        lut += bytes([255 - 60 * corner.bit_count(), 128, 128])
    lut += bytes(range(256)) * 3
    return _profile(b"prtr", b"CMYK", b"Lab ", {b"wtpt": _WHITE, b"A2B0": lut})
