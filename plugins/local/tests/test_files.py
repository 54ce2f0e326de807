"""What happens to files: formats, colour spaces, orientation, metadata, and files that are bad."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from imgedit.errors import ImageRejected
from imgedit_local.parse import parse
from imgedit_local.worker import edit

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def _run(source: Path, prompt: str = "brighter", **arguments: Any) -> tuple[Path, dict[str, Any]]:
    to = source.parent / "out"
    to.mkdir()
    facts = edit(image=str(source), steps=parse(prompt), to=str(to), **arguments)
    (written,) = to.iterdir()
    with Image.open(written) as result:
        assert facts["media_type"] == f"image/{(result.format or '').lower()}"
        assert (facts["width"], facts["height"]) == result.size
    return written, facts


def _saved(image: Image.Image, path: Path, **options: Any) -> Path:
    image.save(path, **options)
    return path


def _gradient(mode: str = "RGB", size: tuple[int, int] = (40, 30)) -> Image.Image:
    row = np.linspace(20, 200, size[0])
    image = Image.fromarray(np.tile(row, (size[1], 1)).astype(np.uint8))
    return image.convert(mode)


def _png16(rgb: bool, value: int = 0x8000) -> bytes:
    """A 4 x 3 PNG with 16 bits per channel."""
    colour, channels = (2, 3) if rgb else (0, 1)
    rows = (b"\0" + struct.pack(">H", value) * 4 * channels) * 3

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    head = struct.pack(">IIBBBBB", 4, 3, 16, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


# The file's suffix and mode; the result's suffix and mode; words of the warnings.
TABLE = (
    ("jpg", "RGB", "jpg", "RGB", ()),
    ("jpg", "L", "jpg", "L", ()),
    ("jpg", "CMYK", "jpg", "RGB", ("CMYK became RGB",)),
    ("png", "RGB", "png", "RGB", ()),
    ("png", "RGBA", "png", "RGBA", ()),
    ("png", "L", "png", "L", ()),
    ("png", "LA", "png", "LA", ()),
    ("png", "P", "png", "RGB", ("palette became full colour",)),
    ("png", "1", "png", "L", ("1 bit per pixel became 8",)),
    ("png", "I;16", "png", "L", ("16 bits per channel became 8",)),
    ("webp", "RGB", "webp", "RGB", ()),
    ("webp", "RGBA", "webp", "RGBA", ()),
    ("gif", "P", "png", "RGB", ("palette became", "GIF is read but not written")),
    ("tiff", "RGB", "png", "RGB", ("TIFF is read but not written",)),
    ("tiff", "CMYK", "png", "RGB", ("CMYK became RGB", "TIFF is read but not written")),
    ("tiff", "I;16", "png", "L", ("16 bits per channel became 8", "TIFF is")),
    ("bmp", "RGB", "png", "RGB", ("BMP is read but not written",)),
)


@pytest.mark.parametrize(("suffix", "mode", "to_suffix", "to_mode", "warnings"), TABLE)
def test_formats_and_modes(
    suffix: str, mode: str, to_suffix: str, to_mode: str, warnings: tuple[str, ...], tmp_path: Path
) -> None:
    if mode == "I;16":
        image = Image.fromarray((np.arange(1200, dtype=np.uint16) * 50).reshape(30, 40))
    elif mode == "P":
        image = _gradient().quantize(16)
    else:
        image = _gradient(mode)
    if mode == "RGBA":
        image.putalpha(_gradient("L"))
    source = _saved(image, tmp_path / f"in.{suffix}")
    before = np.asarray(image.convert("RGB") if mode != "I;16" else _narrow(image)).mean()
    written, facts = _run(source, "darker")
    assert written.name == f"1.{to_suffix}"
    assert len(facts["warnings"]) == len(warnings), facts["warnings"]
    assert all(words in text for words, text in zip(warnings, facts["warnings"], strict=True)), (
        facts["warnings"]
    )
    with Image.open(written) as result:
        assert result.mode == to_mode
        if mode == "RGBA":
            assert result.getchannel("A").getextrema() == (20, 200)
        after = np.asarray(result.convert("RGB")).mean()
    assert before - 60 < after < before - 5


def _narrow(image: Image.Image) -> Image.Image:
    return Image.fromarray((np.asarray(image) // 257).astype(np.uint8)).convert("RGB")


@pytest.mark.parametrize("rgb", (True, False))
def test_sixteen_bits_become_eight_with_a_warning(rgb: bool, tmp_path: Path) -> None:
    source = tmp_path / "in.png"
    source.write_bytes(_png16(rgb))
    written, facts = _run(source, "flip horizontally")
    assert facts["warnings"] == ["16 bits per channel became 8"]
    with Image.open(written) as result:
        assert result.mode == ("RGB" if rgb else "L")
        assert np.asarray(result).min() == np.asarray(result).max() == 128


@pytest.mark.parametrize("wanted", ("png", "jpeg", "webp"))
@pytest.mark.parametrize("suffix", ("png", "jpg", "webp", "gif"))
def test_the_format_asked_for(suffix: str, wanted: str, tmp_path: Path) -> None:
    source = _saved(_gradient(), tmp_path / f"in.{suffix}")
    written, _facts = _run(source, output_format=wanted)
    assert written.suffix == {"png": ".png", "jpeg": ".jpg", "webp": ".webp"}[wanted]


def test_webp_is_lossless_unless_the_picture_was_lossy(tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (32, 32, 3), dtype=np.uint8)
    for suffix, options, code in (
        ("png", {}, b"VP8L"),
        ("webp", {"lossless": True}, b"VP8L"),
        ("webp", {"lossless": False}, b"VP8 "),
        ("jpg", {}, b"VP8 "),
    ):
        folder = tmp_path / f"{suffix}{code.decode().strip()}"
        folder.mkdir()
        source = _saved(Image.fromarray(noise), folder / f"in.{suffix}", **options)
        written, _facts = _run(source, "flip vertically", output_format="webp")
        assert code in written.read_bytes()[:64]


def test_transparency_as_jpeg_becomes_white_with_a_warning(tmp_path: Path) -> None:
    image = Image.new("RGBA", (20, 20), (200, 0, 0, 255))
    image.paste((0, 0, 200, 0), (0, 0, 10, 20))
    written, facts = _run(_saved(image, tmp_path / "in.png"), output_format="jpeg")
    assert "became white" in facts["warnings"][0]
    with Image.open(written) as result:
        assert np.asarray(result)[10, 2].min() >= 250
    opaque = Image.new("RGBA", (20, 20), (200, 0, 0, 255))
    (tmp_path / "b").mkdir()
    _written, facts = _run(_saved(opaque, tmp_path / "b" / "in.png"), output_format="jpeg")
    assert facts["warnings"] == []


def test_transparent_palette_colour_stays_transparent(tmp_path: Path) -> None:
    image = Image.new("P", (10, 10), 0)
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.paste(1, (0, 0, 5, 10))
    written, _facts = _run(_saved(image, tmp_path / "in.gif", transparency=0), "sharpen")
    with Image.open(written) as result:
        assert result.mode == "RGBA"
        assert result.getpixel((8, 5))[3] == 0  # type: ignore[index]
        assert result.getpixel((2, 5)) == (0, 0, 255, 255)


def _turned(orientation: int) -> tuple[Image.Image, bytes]:
    """A picture as a camera stores it so that, turned, red is top left and blue is bottom left."""
    upright = np.zeros((16, 32, 3), dtype=np.uint8)
    upright[:8, :8] = (250, 0, 0)
    upright[8:, :8] = (0, 0, 250)
    turns: dict[int, Callable[[Any], Any]] = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
        8: lambda a: np.rot90(a, -1),
    }
    undo = turns[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "Acme"
    details = exif.get_ifd(0x8769)
    details[0x9003] = "2026:01:02 03:04:05"
    details[0xA002] = 4000
    details[0xA003] = 3000
    return Image.fromarray(np.ascontiguousarray(undo(upright))), exif.tobytes()


@pytest.mark.parametrize("suffix", ("jpg", "png", "webp"))
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_and_the_rest_of_exif_kept(
    orientation: int, suffix: str, tmp_path: Path
) -> None:
    image, exif = _turned(orientation)
    written, facts = _run(_saved(image, tmp_path / f"in.{suffix}", exif=exif), "crop to 1:1")
    assert (facts["width"], facts["height"]) == (16, 16)
    (tmp_path / "whole").mkdir()
    written, facts = _run(
        _saved(image, tmp_path / "whole" / f"in.{suffix}", exif=exif), "slightly brighter"
    )
    assert (facts["width"], facts["height"]) == (32, 16)
    with Image.open(written) as result:
        pixels = np.asarray(result.convert("RGB")).astype(int)
        kept = result.getexif()
    assert pixels[3, 3, 0] > 180 > 80 > pixels[3, 3, 2]
    assert pixels[12, 3, 2] > 180 > 80 > pixels[12, 3, 0]
    assert pixels[:, 20:].max() < 60
    assert kept[0x0112] == 1
    assert kept[0x010F] == "Acme"
    details = kept.get_ifd(0x8769)
    assert details[0x9003] == "2026:01:02 03:04:05"
    assert (details[0xA002], details[0xA003]) == (32, 16)


def test_a_mask_has_the_size_of_the_upright_picture(tmp_path: Path) -> None:
    image, exif = _turned(6)
    source = _saved(image, tmp_path / "in.png", exif=exif)
    mask = _saved(Image.new("L", (32, 16), 0), tmp_path / "mask.png")
    written, _facts = _run(source, "brighter", mask=str(mask))
    with Image.open(written) as result:
        assert result.getpixel((3, 3)) == (250, 0, 0)
    for size in ((16, 32), (32, 17)):
        wrong = _saved(Image.new("L", size, 0), tmp_path / "wrong.png")
        with pytest.raises(ImageRejected, match=r"the mask is .* but the picture is 32 x 16"):
            edit(image=str(source), mask=str(wrong), steps=parse("brighter"), to=str(tmp_path))


def test_a_transparent_mask_is_refused(tmp_path: Path) -> None:
    source = _saved(_gradient(), tmp_path / "in.png")
    mask = _saved(Image.new("RGBA", (40, 30), (255, 255, 255, 0)), tmp_path / "mask.png")
    with pytest.raises(ImageRejected, match="transparent"):
        edit(image=str(source), mask=str(mask), steps=parse("brighter"), to=str(tmp_path))


def test_a_mask_on_jpeg_warns_of_its_losses(tmp_path: Path) -> None:
    source = _saved(_gradient(), tmp_path / "in.jpg")
    mask = _saved(Image.new("L", (40, 30), 255), tmp_path / "mask.png")
    _written, facts = _run(source, "brighter", mask=str(mask))
    assert "ask for png" in facts["warnings"][0]


@pytest.mark.parametrize("suffix", ("jpg", "png", "webp", "tiff"))
@pytest.mark.parametrize("prompt", ("warmer", "black and white", "rotate left", "resize to 50%"))
def test_the_colour_profile_is_kept_byte_for_byte(suffix: str, prompt: str, tmp_path: Path) -> None:
    source = _saved(_gradient(), tmp_path / f"in.{suffix}", icc_profile=SRGB)
    written, _facts = _run(source, prompt)
    with Image.open(written) as result:
        assert result.info["icc_profile"] == SRGB


def test_a_grey_profile_is_kept_until_there_is_colour(gray_profile: bytes, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    image = Image.new("L", (8, 8), 128)
    grey, facts = _run(
        _saved(image, tmp_path / "a" / "in.png", icc_profile=gray_profile), "flip vertically"
    )
    assert facts["warnings"] == []
    with Image.open(grey) as result:
        assert result.mode == "L"
        assert result.info["icc_profile"] == gray_profile
    sepia, facts = _run(
        _saved(image, tmp_path / "b" / "in.png", icc_profile=gray_profile), "sepia 1%"
    )
    assert facts["warnings"] == ["the grey colour profile became sRGB"]
    with Image.open(sepia) as result:
        assert "icc_profile" not in result.info
        assert result.getpixel((4, 4))[0] == pytest.approx(146, abs=2)  # type: ignore[index]


def test_cmyk_goes_through_its_profile(cmyk_profile: bytes, tmp_path: Path) -> None:
    cyan = Image.new("CMYK", (8, 8), (255, 0, 0, 0))
    for name, profile in (("with", cmyk_profile), ("without", None), ("broken", b"nonsense")):
        folder = tmp_path / name
        folder.mkdir()
        source = _saved(cyan, folder / "in.tiff", icc_profile=profile)
        written, facts = _run(source, "flip vertically")
        assert "CMYK became RGB" in facts["warnings"]
        with Image.open(written) as result:
            assert "icc_profile" not in result.info
            red, green, _blue = result.getpixel((4, 4))  # type: ignore[misc]
            assert (abs(red - green) <= 1) is (name == "with")


def test_resolution_is_kept(tmp_path: Path) -> None:
    written, _facts = _run(_saved(_gradient(), tmp_path / "in.jpg", dpi=(300, 300)))
    with Image.open(written) as result:
        assert result.info["dpi"] == pytest.approx((300, 300), abs=0.1)


def test_damaged_exif_does_not_stop_an_edit(tmp_path: Path) -> None:
    source = _saved(
        _gradient(), tmp_path / "in.jpg", exif=b"Exif\0\0II*\0\xff\xff\xff\xff nonsense"
    )
    _written, facts = _run(source)
    assert (facts["width"], facts["height"]) == (40, 30)


def _frames(suffix: str) -> bytes:
    file = io.BytesIO()
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    frames[0].save(file, suffix, save_all=True, append_images=frames[1:], duration=100)
    return file.getvalue()


def _bomb() -> bytes:
    """A small PNG of 169 megapixels."""
    file = io.BytesIO()
    Image.new("1", (13_000, 13_000)).save(file, "PNG", optimize=True)
    return file.getvalue()


def _jpeg() -> bytes:
    file = io.BytesIO()
    noise = np.random.default_rng(1).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(file, "JPEG")
    return file.getvalue()


def _png() -> bytes:
    file = io.BytesIO()
    noise = np.random.default_rng(1).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(file, "PNG")
    return file.getvalue()


def _float_tiff() -> bytes:
    file = io.BytesIO()
    Image.new("F", (8, 8), 0.5).save(file, "TIFF")
    return file.getvalue()


def _pages() -> bytes:
    file = io.BytesIO()
    page = Image.new("RGB", (8, 8))
    page.save(file, "TIFF", save_all=True, append_images=[page])
    return file.getvalue()


BAD = {
    "empty": (b"", "not JPEG, PNG"),
    "text": (b"this is not a picture at all, whatever its name says", "not JPEG, PNG"),
    "heic": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(64), "not JPEG, PNG"),
    "eps": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\n", "not JPEG, PNG"),
    "animated gif": (_frames("GIF"), "animated"),
    "animated png": (_frames("PNG"), "animated"),
    "animated webp": (_frames("WEBP"), "animated"),
    "two pages": (_pages(), "several pages"),
    "cut jpeg": (_jpeg()[:-2000], "cut off"),
    "cut png": (_png()[:-2000], "cut off|damaged"),
    "flipped bits": (_png()[:200] + bytes(8) + _png()[208:], "damaged"),
    "bomb": (_bomb(), "more than 100 megapixels"),
    "floats": (_float_tiff(), "pixels of kind F"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_pictures_are_refused_with_a_reason(name: str, tmp_path: Path) -> None:
    content, reason = BAD[name]
    source = tmp_path / "in.png"
    source.write_bytes(content)
    to = tmp_path / "out"
    to.mkdir()
    limit = Image.MAX_IMAGE_PIXELS
    with pytest.raises(ImageRejected, match=reason) as caught:
        edit(image=str(source), steps=parse("brighter"), to=str(to))
    assert str(caught.value).startswith("the picture ")
    assert caught.value.hint, "it says what to do next"
    assert caught.value.charged == "no"
    assert not list(to.iterdir()), "no file is left"
    assert limit == Image.MAX_IMAGE_PIXELS


def test_a_bad_mask_is_called_the_mask(tmp_path: Path) -> None:
    source = _saved(_gradient(), tmp_path / "in.png")
    mask = tmp_path / "mask.png"
    mask.write_bytes(b"nothing")
    with pytest.raises(ImageRejected, match="the mask cannot be read"):
        edit(image=str(source), mask=str(mask), steps=parse("brighter"), to=str(tmp_path))


def test_the_bomb_is_small() -> None:
    assert len(_bomb()) < 25_000


def test_a_format_that_cannot_hold_the_size_is_refused(tmp_path: Path) -> None:
    source = _saved(Image.new("RGB", (10, 2)), tmp_path / "in.png")
    (tmp_path / "out").mkdir()
    with pytest.raises(ImageRejected, match="webp holds at most 16383 pixels a side"):
        edit(
            image=str(source),
            steps=parse("resize to 17000x2"),
            output_format="webp",
            to=str(tmp_path / "out"),
        )


def test_a_missing_file_is_an_oserror(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        edit(image=str(tmp_path / "none.png"), steps=parse("brighter"), to=str(tmp_path))
