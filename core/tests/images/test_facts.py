from __future__ import annotations

import hashlib
import io
import os
import pickle
import struct
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from imgedit.images.facts import NotAPicture, PictureFacts, has_c2pa, read_facts

Build = Callable[[Any, bytes], bytes]


def facts(data: bytes, *, digest: bool = True) -> PictureFacts:
    return read_facts(io.BytesIO(data), digest=digest)


class Pipe(io.RawIOBase):
    """A file that cannot seek and gives a few bytes at a time."""

    def __init__(self, data: bytes, step: int) -> None:
        self._file, self._step = io.BytesIO(data), step

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self._file.read(min(size, self._step))


def test_says_the_same_as_pillow(samples: dict[str, bytes]) -> None:
    for name, data in samples.items():
        seen = facts(data)
        with Image.open(io.BytesIO(data)) as picture:
            assert (seen.width, seen.height) == picture.size, name
            assert seen.animated == (getattr(picture, "n_frames", 1) > 1), name
        assert not seen.truncated, name
        assert seen.size == len(data), name
        assert seen.sha256 == hashlib.sha256(data).hexdigest(), name


def test_without_a_digest_all_else_is_the_same(samples: dict[str, bytes]) -> None:
    for data in samples.values():
        with_digest, without = facts(data), facts(data, digest=False)
        assert without.sha256 is None
        assert without.size == with_digest.size
        assert (without.width, without.height) == (with_digest.width, with_digest.height)
        assert (without.truncated, without.animated) == (False, with_digest.animated)


@pytest.mark.parametrize("step", (1, 7, 4096))
def test_reads_a_pipe_in_small_steps(samples: dict[str, bytes], step: int) -> None:
    for name, data in samples.items():
        for digest in (True, False):
            seen = read_facts(Pipe(data, step), digest=digest)  # type: ignore[arg-type]
            assert seen == facts(data, digest=digest), name


def test_begins_at_the_beginning_wherever_the_file_stands(samples: dict[str, bytes]) -> None:
    file = io.BytesIO(samples["png"])
    file.seek(40)
    assert read_facts(file) == read_facts(file) == facts(samples["png"])


def test_every_cut_is_noticed(samples: dict[str, bytes]) -> None:
    for name, data in samples.items():
        for end in {len(data) - 1, len(data) - 2, len(data) // 2, len(data) // 3, 70}:
            cut = facts(data[:end])
            assert cut.truncated, (name, end, len(data))
            assert cut.size == end
            assert facts(data[:end], digest=False).truncated, (name, end)


def test_a_cut_picture_keeps_the_size_that_was_read(samples: dict[str, bytes]) -> None:
    for name in ("jpeg", "png", "webp", "gif", "bmp", "avif"):
        cut = facts(samples[name][: len(samples[name]) - 20])
        assert (cut.width, cut.height) == (61, 43), name


def test_garbage_behind_the_end_is_borne(samples: dict[str, bytes]) -> None:
    for name in ("jpeg", "progressive", "png", "webp", "gif", "bmp", "tiff"):
        for tail in (b"\0", b"\r\n", b"\xff\xd8\xff\xe0 half a picture", os.urandom(300)):
            seen = facts(samples[name] + tail)
            assert not seen.truncated, name
            assert (seen.width, seen.height) == (61, 43), name


def test_a_download_filled_up_with_zeros_is_damaged(samples: dict[str, bytes]) -> None:
    for name in ("jpeg", "png", "webp alpha"):
        data = samples[name]
        hollow = data[: len(data) // 8] + b"\0" * (len(data) - len(data) // 8)
        if name != "webp alpha":  # RIFF has no mark at its end
            assert facts(hollow).truncated, name


def test_a_thumbnail_does_not_fool_the_jpeg_walk(make: Any, jpeg_segment: Build) -> None:
    data = make("JPEG")
    thumbnail = make("JPEG", width=8, height=8)
    data = data[:2] + jpeg_segment(0xE1, b"Exif\0\0" + thumbnail) + data[2:]
    assert (facts(data).width, facts(data).height) == (61, 43)
    # The end of the thumbnail is not the end of the picture.
    assert facts(data[: len(data) - 2]).truncated


def test_fill_bytes_and_comments_between_scans(make: Any, jpeg_segment: Build) -> None:
    data = make("JPEG", progressive=True)
    second_scan = data.index(b"\xff\xda", data.index(b"\xff\xda") + 2)
    odd = (
        data[:2]
        + b"\xff" * 9
        + jpeg_segment(0xFE, b"x\xff\xd9")
        + data[2:second_scan]
        + jpeg_segment(0xFE, b"\xff\xd9")
        + data[second_scan:]
    )
    assert not facts(odd).truncated
    assert (facts(odd).width, facts(odd).height) == (61, 43)


def test_a_jpeg_whose_height_comes_after_the_scan(make: Any, jpeg_segment: Build) -> None:
    data = bytearray(make("JPEG"))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 2] = b"\0\0"
    assert facts(bytes(data)).truncated
    late = bytes(data[:-2]) + jpeg_segment(0xDC, struct.pack(">H", 43)) + b"\xff\xd9"
    assert (facts(late).height, facts(late).truncated) == (43, False)


def test_a_jpeg_of_tables_only_is_no_whole_picture(samples: dict[str, bytes]) -> None:
    data = samples["progressive"]
    assert facts(data[: data.index(b"\xff\xda")] + b"\xff\xd9").truncated


def test_markers_on_the_edges_of_the_read_chunks(jpeg_segment: Build, make: Any) -> None:
    data = make("JPEG")
    scan = data.index(b"\xff\xda")
    head = data[:2] + data[2:scan]
    for shift in range(-3, 4):
        # The EOI falls on either side of the 256 KiB border, and across it.
        wanted = 256 * 1024 + shift
        body = data[scan:-2]
        filler = b"\x55" * (wanted - len(head) - len(body))
        whole = head + body + filler + b"\xff\xd9"
        assert len(whole) == wanted + 2
        assert not facts(whole).truncated, shift
        assert facts(whole[:-1]).truncated, shift


def test_cmyk_grey_and_sixteen_bits(make: Any) -> None:
    assert not facts(make("JPEG", mode="CMYK")).truncated
    assert not facts(make("JPEG", mode="L")).truncated
    deep = io.BytesIO()
    Image.fromarray(np.zeros((5, 9), np.uint16)).save(deep, "PNG")
    assert (read_facts(deep).width, read_facts(deep).height) == (9, 5)


def test_a_bmp_stored_from_the_top_and_the_oldest_header(make: Any) -> None:
    data = bytearray(make("BMP"))
    data[22:26] = struct.pack("<i", -43)
    assert (facts(bytes(data)).height, facts(bytes(data)).truncated) == (43, False)
    pixels = b"\0\0\0\0" * 3
    core = struct.pack("<IHHHH", 12, 1, 3, 1, 24) + pixels
    old = b"BM" + struct.pack("<IHHI", 14 + len(core), 0, 0, 26) + core
    assert (facts(old).width, facts(old).height, facts(old).truncated) == (1, 3, False)
    assert facts(old[:-1]).truncated


def test_big_tiff_and_both_byte_orders(make: Any) -> None:
    big = make("TIFF", big_tiff=True)
    assert (facts(big).width, facts(big).truncated) == (61, False)
    entries = [(256, 4, 1, 7), (257, 3, 1, 5 << 16), (273, 4, 1, 62), (279, 4, 1, 4)]
    motorola = b"MM\0*\0\0\0\x08" + struct.pack(">H", 4)
    motorola += b"".join(struct.pack(">HHII", *entry) for entry in entries) + b"\0\0\0\0"
    whole = motorola + b"data"
    assert (facts(whole).width, facts(whole).height, facts(whole).truncated) == (7, 5, False)
    assert facts(whole[:-1]).truncated


def _box(name: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I", len(body) + 8) + name + body


def heic(*sizes: tuple[int, int], more: bytes = b"") -> bytes:
    ispe = [_box(b"ispe", struct.pack(">III", 0, *size)) for size in sizes]
    meta = _box(b"meta", b"\0\0\0\0", _box(b"iprp", _box(b"ipco", _box(b"hvcC", b"x"), *ispe)))
    return _box(b"ftyp", b"heic\0\0\0\0mif1heic") + more + meta + _box(b"mdat", b"pixels")


def test_heic_takes_the_picture_not_its_tiles() -> None:
    data = heic((512, 512), (4032, 3024), (320, 240))
    assert (facts(data).media_type, facts(data).truncated) == ("image/heic", False)
    assert (facts(data).width, facts(data).height) == (4032, 3024)
    assert facts(data[:-1]).truncated
    without = facts(heic())
    assert (without.width, without.height, without.truncated) == (None, None, False)


@pytest.mark.parametrize(
    ("data", "what"),
    (
        (b"", "empty"),
        (b"<html><body>404</body></html>", "an HTML page"),
        (b"hello, this is a text file named photo.png", "text"),
        (b"\x00\x01\x02\x03" * 40, "bytes of an unknown kind"),
    ),
)
def test_not_a_picture(data: bytes, what: str) -> None:
    with pytest.raises(NotAPicture) as caught:
        facts(data)
    assert caught.value.what == what
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (copy.what, str(copy)) == (what, f"not a picture: the file is {what}")


def test_c2pa_is_seen(
    samples: dict[str, bytes], jpeg_segment: Build, png_chunk: Build, riff_chunk: Build
) -> None:
    jumbf = b"\0\0\1\0jumb\0\0\0\x26jumdc2pa\0\x11\0\x10\x80\0\0\xaa\0\x38\x9b\x71\x03c2pa\0"
    jpeg, png, webp, gif = (samples[n] for n in ("jpeg", "png", "webp alpha", "gif"))
    signed = {
        "jpeg": jpeg[:2] + jpeg_segment(0xEB, b"JP\0\1\0\0\0\1" + jumbf) + jpeg[2:],
        "png": png[:33] + png_chunk(b"caBX", jumbf) + png[33:],
        "webp": webp[:4]
        + struct.pack("<I", len(webp) - 8 + len(riff_chunk(b"C2PA", jumbf)))
        + webp[8:]
        + riff_chunk(b"C2PA", jumbf),
        "gif": gif[:-1] + b"\x21\xff\x0bC2PA_GIF\1\0\0" + b"\x04jumb\0" + gif[-1:],
        "heic": heic(more=_box(b"uuid", bytes.fromhex("d8fec3d61b0e483c92975828877ec481"))),
    }
    for name, data in signed.items():
        assert has_c2pa(io.BytesIO(data)), name
        assert not facts(data).truncated, name
    for name, data in samples.items():
        assert not has_c2pa(io.BytesIO(data)), name
    other = jpeg[:2] + jpeg_segment(0xEB, b"JP\0\1\0\0\0\1\0\0\0\x40jumb" + b"\0" * 48) + jpeg[2:]
    assert not has_c2pa(io.BytesIO(other))
    assert not has_c2pa(io.BytesIO(b"{}"))


def test_twenty_megabytes_take_a_chunk_of_memory(make: Any, png_chunk: Build) -> None:
    jpeg = make("JPEG")
    big = jpeg[:-2] + b"\x12\xff\0" * 7_000_000 + jpeg[-2:]
    png = make("PNG")
    large = png[:33] + png_chunk(b"fiLe", bytes(20_000_000)) + png[33:]
    for data in (big, large):
        file = io.BytesIO(data)
        read_facts(io.BytesIO(jpeg))
        tracemalloc.start()
        try:
            assert not read_facts(file).truncated
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < 1 << 20


def test_looking_needs_no_heavy_import() -> None:
    code = (
        "import sys\n"
        "import imgedit.images.check, imgedit.images.strip\n"
        "heavy = {'PIL', 'numpy', 'aiohttp', 'jsonschema', 'cattrs', 'asyncio', 'ssl', 'hashlib'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert out.stdout.strip() == "[]"
