from __future__ import annotations

import io
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms, PngImagePlugin

from imgedit.images.facts import has_c2pa, read_facts
from imgedit.images.strip import (
    CannotStrip,
    Stripped,
    Unchanged,
    can_strip,
    plan_strip,
    stripped_chunks,
    write_stripped,
)

Build = Callable[[Any, bytes], bytes]
XMP = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><exif:GPSLatitude>48</exif:GPSLatitude></x:xmpmeta>"
JUMBF = b"\0\0\1\0jumb\0\0\0\x26jumdc2pa\0\x11\0\x10\x80\0\0\xaa\0\x38\x9b\x71\x03c2pa\0"
ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def plan_of(data: bytes) -> Stripped:
    plan = plan_strip(io.BytesIO(data))
    assert isinstance(plan, Stripped), plan
    return plan


def strip(data: bytes, *, like: bytes | None = None) -> tuple[bytes, tuple[str, ...]]:
    """Strip and check; `like` = a picture of the same pixels where Pillow balks at `data`."""
    plan, out = plan_of(data), io.BytesIO()
    write_stripped(io.BytesIO(data), plan, out)
    stripped = out.getvalue()
    assert len(stripped) == plan.size
    assert b"Canary" not in stripped
    assert b"GPSLatitude" not in stripped
    # What was stripped once has nothing left to strip, and is a whole picture of the same size.
    assert plan_strip(io.BytesIO(stripped)) == Unchanged()
    before, after = read_facts(io.BytesIO(data)), read_facts(io.BytesIO(stripped))
    assert not after.truncated
    assert (before.width, before.height) == (after.width, after.height)
    assert before.animated == after.animated
    assert same_pixels(like or data, stripped)
    return stripped, plan.removed


def same_pixels(one: bytes, other: bytes) -> bool:
    with Image.open(io.BytesIO(one)) as first, Image.open(io.BytesIO(other)) as second:
        assert first.info.get("icc_profile") == second.info.get("icc_profile")
        assert getattr(first, "n_frames", 1) == getattr(second, "n_frames", 1)
        assert first.mode == second.mode
        for frame in range(getattr(first, "n_frames", 1)):
            first.seek(frame)
            second.seek(frame)
            if not np.array_equal(np.asarray(first), np.asarray(second)):
                return False
    return True


def exif_of(data: bytes) -> dict[int, Any]:
    with Image.open(io.BytesIO(data)) as picture:
        return dict(picture.getexif())


@pytest.mark.parametrize("kind", ("JPEG", "PNG", "WEBP"))
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_goes_and_the_orientation_stays(
    kind: str, orientation: int, make: Any, camera_exif: Any
) -> None:
    data = make(kind, exif=camera_exif(orientation), icc_profile=ICC)
    assert b"Canary" in data
    stripped, removed = strip(data)
    assert removed == ("exif", "gps")
    assert exif_of(stripped) == ({} if orientation == 1 else {0x0112: orientation})
    with Image.open(io.BytesIO(stripped)) as picture:
        assert picture.info["icc_profile"] == ICC


@pytest.mark.parametrize("kind", ("JPEG", "PNG", "WEBP"))
def test_nothing_to_strip(kind: str, make: Any) -> None:
    for mode in ("RGB", "L") if kind == "JPEG" else ("RGB", "RGBA"):
        assert plan_strip(io.BytesIO(make(kind, mode=mode))) == Unchanged()
    assert plan_strip(io.BytesIO(make(kind, icc_profile=ICC))) == Unchanged()


def test_motorola_exif_keeps_its_orientation(make: Any, jpeg_segment: Build) -> None:
    exif = b"MM\0*\0\0\0\x08\0\x01" + struct.pack(">HHIHH", 0x0112, 3, 1, 5, 0) + b"\0\0\0\0"
    data = make("JPEG")
    data = data[:2] + jpeg_segment(0xE1, b"Exif\0\0" + exif) + data[2:]
    stripped, removed = strip(data)
    assert removed == ("exif",)
    assert exif_of(stripped) == {0x0112: 5}


@pytest.mark.parametrize(
    "exif",
    (
        b"",
        b"II*\0",
        b"II*\0\xff\xff\xff\xff",
        b"II*\0\x08\0\0\0\xff\xff\x12\x01",
        b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x09\0\0\0",
        b"II*\0\x08\0\0\0\x01\0\x12\x01\x02\0\x01\0\0\0\x06\0\0\0",
        b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x02\0\0\0\x06\0\0\0\0\0\0\0",
        b"garbage" * 9,
    ),
)
def test_broken_exif_goes_whole(exif: bytes, make: Any, jpeg_segment: Build) -> None:
    data = make("JPEG")
    data = data[:2] + jpeg_segment(0xE1, b"Exif\0\0" + exif) + data[2:]
    stripped, removed = strip(data, like=make("JPEG"))
    assert removed == ("exif",)
    assert stripped == make("JPEG")


def test_everything_a_jpeg_can_hold(make: Any, camera_exif: Any, jpeg_segment: Build) -> None:
    plain = make("JPEG", progressive=True, icc_profile=ICC, dpi=(300, 300))
    last_scan = plain.rindex(b"\xff\xda")
    extras = b"".join(
        (
            jpeg_segment(0xE1, camera_exif(6)),
            jpeg_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP),
            jpeg_segment(0xE1, b"http://ns.adobe.com/xmp/extension/\0" + b"x" * 60_000),
            jpeg_segment(0xED, b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x08Canary  "),
            jpeg_segment(0xEB, b"JP\0\1\0\0\0\1" + JUMBF),
            jpeg_segment(0xEB, b"JP\0\1\0\0\0\2\0\0\1\0jumb and so on"),
            jpeg_segment(0xE2, b"MPF\0II*\0"),
            jpeg_segment(0xE0, b"JFXX\0\x10" + make("JPEG", width=8, height=8)),
            jpeg_segment(0xEC, b"Ducky\0\1"),
            jpeg_segment(0xFE, b"Canary comment"),
            jpeg_segment(0xE1, camera_exif(3)),
        )
    )
    late = jpeg_segment(0xFE, b"Canary between the scans")
    data = plain[:20] + extras + plain[20:last_scan] + late + plain[last_scan:]
    data += make("JPEG", exif=camera_exif(1))
    assert has_c2pa(io.BytesIO(data))
    stripped, removed = strip(data, like=plain)
    assert removed == (
        "exif", "gps", "xmp", "iptc", "c2pa", "mpf", "thumbnail", "other", "comment", "trailer",
    )  # fmt: skip
    assert not has_c2pa(io.BytesIO(stripped))
    assert exif_of(stripped) == {0x0112: 6}
    # The plain picture is left, with one EXIF segment of 36 bytes in it.
    assert stripped[:20] + stripped[56:] == plain


def test_adobe_cmyk_keeps_its_marker(make: Any) -> None:
    data = make("JPEG", mode="CMYK", comment=b"Canary")
    assert b"Adobe" in data
    stripped, removed = strip(data)
    assert removed == ("comment",)
    assert b"Adobe" in stripped


def test_restart_markers_stay(make: Any) -> None:
    data = make("JPEG", restart_marker_blocks=1, comment=b"Canary")
    assert strip(data)[0] == make("JPEG", restart_marker_blocks=1)


def test_a_thumbnail_in_the_jfif_header_goes(make: Any, jpeg_segment: Build) -> None:
    plain = make("JPEG")
    jfif = plain[6:18] + b"\2\2" + b"Canary.. 12b"
    data = plain[:2] + jpeg_segment(0xE0, jfif) + plain[20:]
    stripped, removed = strip(data)
    assert removed == ("thumbnail",)
    assert stripped == plain


def test_fill_bytes_stay_and_junk_goes(make: Any, jpeg_segment: Build) -> None:
    plain = make("JPEG")
    filled = plain[:2] + b"\xff\xff" + plain[2:]
    assert plan_strip(io.BytesIO(filled)) == Unchanged()
    assert strip(filled[:4] + jpeg_segment(0xFE, b"Canary") + filled[4:])[0] == filled
    junk = plain[:20] + b"Canary\xff\0" + plain[20:]
    plan, out = plan_of(junk), io.BytesIO()
    write_stripped(io.BytesIO(junk), plan, out)
    assert (plan.removed, out.getvalue()) == (("other",), plain)


def test_everything_a_png_can_hold(make: Any, camera_exif: Any, png_chunk: Build) -> None:
    info = PngImagePlugin.PngInfo()
    info.add_text("prompt", "Canary in a coal mine")
    info.add_text("Comment", "Canary", zip=True)
    info.add_itxt("XML:com.adobe.xmp", XMP.decode())
    info.add(b"tIME", b"\x07\xea\x0b\x14\0\0\0")
    info.add(b"caBX", JUMBF)
    info.add(b"vpAg", b"Canary")
    info.add(b"gAMA", struct.pack(">I", 45455))
    plain = make("PNG", mode="P", transparency=3, dpi=(72, 72), icc_profile=ICC)
    data = make(
        "PNG", mode="P", transparency=3, dpi=(72, 72), icc_profile=ICC, pnginfo=info,
        exif=camera_exif(8),
    )  # fmt: skip
    # EXIF may also stand behind the pixels, and the first one counts.
    data = data[:-12] + png_chunk(b"eXIf", camera_exif(2)[6:]) + data[-12:] + b"Canary"
    stripped, removed = strip(data)
    assert set(removed) == {
        "text", "comment", "xmp", "gps", "time", "c2pa", "other", "exif", "trailer",
    }  # fmt: skip
    assert exif_of(stripped) == {0x0112: 8}
    kept = [name for name, _ in png_chunks(stripped)]
    assert set(kept) == {name for name, _ in png_chunks(plain)} | {b"gAMA", b"eXIf"}
    for name in (b"tRNS", b"pHYs", b"iCCP", b"PLTE", b"IDAT"):
        assert dict(png_chunks(stripped))[name] == dict(png_chunks(plain))[name]


def png_chunks(data: bytes) -> list[tuple[bytes, bytes]]:
    import zlib

    at, found = 8, []
    while at < len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        name, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        crc = int.from_bytes(data[at + 8 + length : at + 12 + length], "big")
        assert crc == zlib.crc32(name + body)
        found.append((name, body))
        at += 12 + length
    return found


def test_raw_profiles_in_png_texts(make: Any) -> None:
    info = PngImagePlugin.PngInfo()
    for profile in ("exif", "iptc", "xmp"):
        info.add_text(f"Raw profile type {profile}", "Canary", zip=profile == "iptc")
    assert strip(make("PNG", pnginfo=info))[1] == ("exif", "iptc", "xmp")


@pytest.mark.parametrize("kind", ("PNG", "WEBP"))
def test_animations_stay(kind: str, frames: list[Image.Image], camera_exif: Any) -> None:
    out = io.BytesIO()
    frames[0].save(
        out, kind, save_all=True, append_images=frames[1:], duration=80, exif=camera_exif(6)
    )
    stripped, removed = strip(out.getvalue())
    assert removed == ("exif", "gps")
    with Image.open(io.BytesIO(stripped)) as picture:
        assert picture.n_frames == 3  # type: ignore[attr-defined]


def webp_chunks(data: bytes) -> dict[bytes, bytes]:
    assert int.from_bytes(data[4:8], "little") == len(data) - 8
    at, found = 12, {}
    while at < len(data):
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        found[data[at : at + 4]] = data[at + 8 : at + 8 + length]
        at += 8 + length + length % 2
    assert at == len(data)
    return found


@pytest.mark.parametrize(("orientation", "flags"), ((1, 0x30), (6, 0x38)))
def test_everything_a_webp_can_hold(
    orientation: int, flags: int, make: Any, camera_exif: Any, riff_chunk: Build
) -> None:
    options = {"mode": "RGBA", "icc_profile": ICC}
    data = make("WEBP", exif=camera_exif(orientation), xmp=XMP, **options)
    data += riff_chunk(b"C2PA", JUMBF) + riff_chunk(b"odd ", b"Canary!")
    data = data[:4] + struct.pack("<I", len(data) - 8) + data[8:] + b"Canary"
    stripped, removed = strip(data)
    assert removed == ("exif", "gps", "xmp", "c2pa", "other", "trailer")
    kept = webp_chunks(stripped)
    assert kept.pop(b"VP8X")[0] == flags
    assert exif_of(stripped) == ({} if orientation == 1 else {0x0112: orientation})
    kept.pop(b"EXIF", None)
    plain = webp_chunks(make("WEBP", **options))
    del plain[b"VP8X"]
    assert kept == plain


def test_a_simple_webp_with_a_stray_chunk(make: Any, riff_chunk: Build) -> None:
    plain = make("WEBP")
    data = plain + riff_chunk(b"XMP ", XMP)
    data = data[:4] + struct.pack("<I", len(data) - 8) + data[8:]
    assert strip(data) == (plain, ("xmp", "gps"))


def test_a_webp_without_its_last_padding_byte(make: Any, riff_chunk: Build) -> None:
    # The encoder never leaves an odd length, but its last byte may be a mere zero.
    pictures = (make("WEBP", lossless=True, width=width) for width in range(20, 120))
    even = next(p for p in pictures if p[-1] == 0)
    plain = even[:16] + struct.pack("<I", len(even) - 21) + even[20:]
    data = riff_chunk(b"EXIF", b"Canary") + plain[12:-1]
    data = b"RIFF" + struct.pack("<I", len(data) + 4) + b"WEBP" + data
    assert strip(data, like=plain) == (plain, ("exif",))


def test_what_cannot_be_stripped_says_why(samples: dict[str, bytes]) -> None:
    for name in ("gif", "avif", "tiff", "bmp", "jp2", "ico"):
        plan = plan_strip(io.BytesIO(samples[name]))
        assert isinstance(plan, CannotStrip)
        assert name.upper() in plan.reason
    for name in ("jpeg", "png", "webp lossless"):
        data = samples[name]
        for end in (len(data) - 1, len(data) // 2, 30):
            plan = plan_strip(io.BytesIO(data[:end]))
            assert isinstance(plan, CannotStrip), (name, end)
            assert "damaged" in plan.reason
    assert plan_strip(io.BytesIO(b"")) == CannotStrip("it is not a picture")
    assert plan_strip(io.BytesIO(b"<html>")) == CannotStrip("it is not a picture")


def test_which_types_can_be_stripped() -> None:
    assert can_strip("image/jpeg")
    assert can_strip("image/png")
    assert can_strip("image/webp")
    assert not can_strip("image/gif")
    assert not can_strip("image/heic")


def test_a_plan_of_too_many_parts_is_refused(make: Any, jpeg_segment: Build) -> None:
    data = make("JPEG")
    pair = jpeg_segment(0xFE, b"") + jpeg_segment(0xEE, b"Adobe")
    plan = plan_strip(io.BytesIO(data[:2] + pair * 5000 + data[2:]))
    assert plan == CannotStrip("the picture is damaged: it is made of too many pieces")


def test_a_file_that_became_shorter(make: Any, camera_exif: Any) -> None:
    data = make("JPEG", exif=camera_exif(6))
    plan = plan_of(data)
    with pytest.raises(OSError, match="became shorter"):
        list(stripped_chunks(io.BytesIO(data[:-10]), plan))
