"""Real pictures of about a wanted number of bytes."""

from __future__ import annotations

import os
import struct
import zlib
from functools import cache


@cache
def png(size: int) -> bytes:
    """A PNG of noise without metadata, of ``size`` bytes or up to 3 KiB less."""
    width = 768 if size > 16_384 else 16
    row = 1 + 3 * width
    # Stored, not compressed: each 65,535 bytes have 5 bytes of head.
    height = (size - 100 - size // 65_535 * 5) // row
    data = zlib.compress((b"\0" + os.urandom(row - 1)) * height, 0)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", head),
            _chunk(b"IDAT", data),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))
