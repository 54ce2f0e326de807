"""Pictures of every format, made on the spot."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

Make = Callable[..., bytes]


def _photo(width: int = 61, height: int = 43, mode: str = "RGB") -> Image.Image:
    noise = np.random.default_rng(7).integers(0, 256, (height, width, 4), dtype=np.uint8)
    noise[..., :2] //= 4
    return Image.fromarray(noise).convert(mode)


@pytest.fixture(scope="session")
def make() -> Make:
    """`make(format, width=, height=, mode=, **save options)` → the file's bytes."""

    def build(
        kind: str, *, width: int = 61, height: int = 43, mode: str = "RGB", **options: Any
    ) -> bytes:
        out = io.BytesIO()
        _photo(width, height, mode).save(out, kind, **options)
        return out.getvalue()

    return build


@pytest.fixture(scope="session")
def frames() -> list[Image.Image]:
    return [Image.new("RGB", (20, 10), colour) for colour in ("red", "green", "blue")]


@pytest.fixture(scope="session")
def camera_exif() -> Callable[[int], bytes]:
    """EXIF as a camera writes it: maker, orientation, time, and the place."""

    def build(orientation: int) -> bytes:
        exif = Image.Exif()
        exif[0x010F] = "Canary Cameras"
        exif[0x0112] = orientation
        exif.get_ifd(0x8825)[1] = "N"
        exif.get_ifd(0x8825)[2] = (48.0, 51.0, 29.6)
        exif.get_ifd(0x8769)[0x9003] = "2026:11:20 10:00:00"
        return exif.tobytes()

    return build


@pytest.fixture(scope="session")
def jpeg_segment() -> Callable[[int, bytes], bytes]:
    return lambda marker, body: bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2) + body


@pytest.fixture(scope="session")
def png_chunk() -> Callable[[bytes, bytes], bytes]:
    return lambda name, body: (
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
    )


@pytest.fixture(scope="session")
def riff_chunk() -> Callable[[bytes, bytes], bytes]:
    return lambda name, body: name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


@pytest.fixture(scope="session")
def samples(make: Make, frames: list[Image.Image], camera_exif: Any) -> dict[str, bytes]:
    """One whole file for each shape that the walkers know."""

    def several(kind: str, **options: Any) -> bytes:
        out = io.BytesIO()
        frames[0].save(out, kind, save_all=True, append_images=frames[1:], **options)
        return out.getvalue()

    return {
        "jpeg": make("JPEG", exif=camera_exif(6), comment=b"hello", dpi=(72, 72)),
        "progressive": make("JPEG", progressive=True),
        "restarts": make("JPEG", restart_marker_blocks=1),
        "png": make("PNG", exif=camera_exif(3)),
        "apng": several("PNG"),
        "webp": make("WEBP"),
        "webp lossless": make("WEBP", lossless=True, exif=camera_exif(8)),
        "webp alpha": make("WEBP", mode="RGBA"),
        "webp animated": several("WEBP"),
        "gif": make("GIF"),
        "gif animated": several("GIF"),
        "bmp": make("BMP"),
        "tiff": make("TIFF"),
        "tiff lzw": make("TIFF", compression="tiff_lzw"),
        "tiff strips": make("TIFF", width=500, height=300),
        "avif": make("AVIF"),
        "jp2": make("JPEG2000"),
        "ico": make("ICO", sizes=[(16, 16), (32, 32)]),
    }
