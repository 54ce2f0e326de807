"""Small real pictures for tests, made without an imaging library."""

from __future__ import annotations

import struct
import zlib


def png(width: int = 64, height: int = 48, color: tuple[int, int, int] = (200, 40, 40)) -> bytes:
    """A PNG of one colour, 8 bits a channel."""
    row = b"\0" + bytes(color) * width
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        + _chunk(b"IDAT", zlib.compress(row * height))
        + _chunk(b"IEND", b"")
    )


def png_bomb(width: int = 13_000, height: int = 13_000) -> bytes:
    """About 20 kB that decode to 169 megapixels."""
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
        + _chunk(b"IDAT", _zeros((1 + (width + 7) // 8) * height))
        + _chunk(b"IEND", b"")
    )


def _zeros(count: int) -> bytes:
    """So many zeros as zlib data; a MiB is packed once, and its code repeated."""
    pieces, rest = divmod(count, 1 << 20)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    last = packer.compress(bytes(rest)) + packer.flush()
    adler32 = (count % 65521) << 16 | 1
    return b"\x78\xda" + piece * pieces + last + struct.pack(">I", adler32)


def _chunk(kind: bytes, data: bytes) -> bytes:
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))
