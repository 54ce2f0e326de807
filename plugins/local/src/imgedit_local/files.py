"""Reading and writing picture files, with what surrounds the pixels. Imported by the worker only.

A file is read as 8-bit RGB or RGBA, turned as its orientation says. Its colour profile, EXIF and
resolution are kept aside for the result. What is lost on the way is a warning; what cannot be
edited faithfully is refused.
"""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, NoReturn

import numpy as np  # noqa: TID253 - only the worker loads this module
from attrs import define, field
from PIL import Image, ImageCms, UnidentifiedImageError  # noqa: TID253

from .limits import MAX_PIXELS

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP")
WRITTEN = {"JPEG": "jpeg", "MPO": "jpeg", "PNG": "png", "WEBP": "webp"}
EXTENSIONS = {"jpeg": "jpg", "png": "png", "webp": "webp"}
_MAX_SIDES = {"jpeg": 65_500, "webp": 16_383}

_ORIENTATION, _EXIF_IFD, _GPS_IFD = 0x0112, 0x8769, 0x8825
_PIXEL_WIDTH, _PIXEL_HEIGHT = 0xA002, 0xA003
# Of a TIFF only these describe the picture; the other tags describe how that file is laid out.
_DESCRIPTIVE = frozenset(
    {0x010E, 0x010F, 0x0110, 0x0112, 0x0131, 0x0132, 0x013B, 0x8298, _EXIF_IFD, _GPS_IFD}
)
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@define
class Picture:
    """A decoded picture: `image` is RGB or RGBA; `grey` says that the file had no colours.

    `format` is the one that the result has unless another is asked for; `lossless` says that the
    file's own compression lost nothing.
    """

    image: Image.Image
    format: str
    grey: bool
    lossless: bool
    profile: bytes | None = None
    exif: Image.Exif | None = None
    dpi: tuple[float, float] | None = None
    warnings: list[str] = field(factory=list)


def load(path: str, *, what: str = "the picture") -> Picture:
    """Decode a file. `what` names it in errors.

    Raises:
        imgedit.errors.ImageRejected: it is not a picture of a known type, damaged, cut off,
            animated, too large, or in a colour space that cannot be edited.
        OSError: the file itself cannot be opened.
    """
    with open(path, "rb") as file, _guarded(what):
        head = file.read(32)
        file.seek(0)
        try:
            image = Image.open(file, formats=FORMATS)
        except UnidentifiedImageError:
            _reject(
                f"{what} cannot be read: it is damaged or not JPEG, PNG, WebP, GIF, TIFF or BMP",
                hint="Convert it to PNG or JPEG first.",
            )
        _check(image, what)
        image.load()
        return _decoded(image, head, what)


def load_mask(path: str, size: tuple[int, int]) -> Image.Image:
    """Decode a mask of the given size as 8 bits of grey: white = change.

    Raises:
        imgedit.errors.ImageRejected: as `load` does, or its size differs, or parts are transparent.
    """
    picture = load(path, what="the mask")
    if picture.image.size != size:
        _reject(
            "the mask is {} x {} pixels but the picture is {} x {}".format(
                *picture.image.size, *size
            ),
            hint="Give a mask of the picture's size.",
        )
    if picture.image.mode == "RGBA" and picture.image.getchannel("A").getextrema() != (255, 255):
        _reject(
            "the mask is partly transparent, so it does not say what to change",
            hint="Paint it opaque: white where the picture may change, black where it may not.",
        )
    return picture.image.convert("RGB").convert("L")


def save(picture: Picture, to: str, output_format: str, number: int = 1) -> dict[str, Any]:
    """Write `to`/<number>.<ext> and return its width, height and media type.

    Raises:
        imgedit.errors.ImageRejected: the format cannot hold a picture of this size.
        OSError: it cannot be written.
    """
    image = picture.image
    most = _MAX_SIDES.get(output_format)
    if most is not None and max(image.size) > most:
        _reject(
            f"{output_format} holds at most {most} pixels a side, the result has {max(image.size)}",
            hint="Ask for png, or for a smaller size.",
        )
    if image.mode == "RGBA" and output_format == "jpeg":
        if image.getchannel("A").getextrema() != (255, 255):
            picture.warnings.append("jpeg has no transparency: what was transparent became white")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image).convert("RGB")
    if picture.grey and output_format != "webp":
        image = image.convert("LA" if image.mode == "RGBA" else "L")
    options: dict[str, Any] = {}
    if output_format == "jpeg":
        options = {"quality": 95, "subsampling": 0, "optimize": True}
    elif output_format == "webp":
        options = {"lossless": picture.lossless, "quality": 75 if picture.lossless else 95}
    if picture.profile:
        options["icc_profile"] = picture.profile
    if picture.dpi and output_format != "webp":
        options["dpi"] = picture.dpi
    exif = _exif_bytes(picture, image.size)
    if exif:
        options["exif"] = exif
    path = os.path.join(to, f"{number}.{EXTENSIONS[output_format]}")
    image.save(path, format=output_format.upper(), **options)
    width, height = image.size
    return {"width": width, "height": height, "media_type": f"image/{output_format}"}


def _reject(message: str, *, hint: str | None = None) -> NoReturn:
    from imgedit.errors import ImageRejected

    raise ImageRejected(message, hint=hint) from None


@contextmanager
def _guarded(what: str) -> Iterator[None]:
    """Turn whatever a decoder does about a bad file into one error."""
    from imgedit.errors import ImageRejected

    before = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    except (ImageRejected, MemoryError):
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        _too_large(what)
    except Exception as error:
        if "truncated" in str(error).lower() or isinstance(error, EOFError):
            _reject(
                f"{what} is cut off: the end of the file is missing",
                hint="Fetch or export it again.",
            )
        _reject(f"{what} is damaged: {_plain(error)}", hint="Open and save it in another program.")
    finally:
        Image.MAX_IMAGE_PIXELS = before


def _plain(error: Exception) -> str:
    text = " ".join(str(error).split())[:120]
    return text or type(error).__name__


def _too_large(what: str) -> NoReturn:
    _reject(
        f"{what} has more than {MAX_PIXELS // 1_000_000} megapixels",
        hint="Make it smaller in another program first.",
    )


def _check(image: Image.Image, what: str) -> None:
    if image.width * image.height > MAX_PIXELS:
        _too_large(what)
    if image.format == "TIFF" and getattr(image, "n_frames", 1) > 1:
        _reject(f"{what} has several pages", hint="Save the page to edit as a file of its own.")
    if image.format in ("GIF", "PNG", "WEBP") and getattr(image, "is_animated", False):
        _reject(
            f"{what} is animated; only still pictures can be edited",
            hint="Save the frame to edit as a file of its own.",
        )


def _decoded(image: Image.Image, head: bytes, what: str) -> Picture:
    kind = image.format or ""
    notes: list[str] = []
    exif = _exif(image)
    profile = image.info.get("icc_profile") or None
    dpi = image.info.get("dpi")
    if kind == "MPO":
        notes.append("the file holds further pictures (a preview or a gain map): they were dropped")
    if _is_deep(image, head):
        notes.append("16 bits per channel became 8")
    grey = image.mode in ("1", "L", "LA") or image.mode.startswith("I;16")
    if image.mode == "CMYK":
        notes.append("CMYK became RGB")
    elif image.mode in ("P", "PA"):
        notes.append("the palette became full colour")
    elif image.mode == "1":
        notes.append("1 bit per pixel became 8")
    pixels, profile = _to_rgb(image, profile, what)
    if kind not in WRITTEN:
        notes.append(f"{kind} is read but not written: without another wish the result is png")
    # Pillow would write what stands there, asked or not: the old profile, comments, text.
    pixels.info = {}
    turn = _TURNS.get(exif.get(_ORIENTATION, 1)) if exif else None
    return Picture(
        image=pixels if turn is None else pixels.transpose(turn),
        format=WRITTEN.get(kind, "png"),
        grey=grey,
        lossless=kind not in ("JPEG", "MPO") and not (kind == "WEBP" and head[12:16] == b"VP8 "),
        profile=profile,
        exif=exif,
        dpi=_dpi(dpi),
        warnings=notes,
    )


def _is_deep(image: Image.Image, head: bytes) -> bool:
    """Whether the file has 16 bits per channel; the decoder narrows colours without a word."""
    if image.mode.startswith("I;16"):
        return True
    if image.format == "PNG":
        return head[24] == 16
    if image.format == "TIFF":
        bits: Sequence[int] = getattr(image, "tag_v2", {}).get(258, (8,))
        return max(bits) > 8
    return False


def _to_rgb(
    image: Image.Image, profile: bytes | None, what: str
) -> tuple[Image.Image, bytes | None]:
    """The pixels as RGB or RGBA, and the profile that still describes them."""
    if image.mode.startswith("I;16"):
        return _narrowed(image), profile
    if image.mode == "CMYK":
        return _from_cmyk(image, profile), None
    if image.mode in ("LA", "PA", "RGBA") or "transparency" in image.info:
        return image.convert("RGBA"), profile
    if image.mode in ("1", "L", "P", "RGB", "RGBX", "YCbCr"):
        return image.convert("RGB"), profile
    _reject(
        f"{what} has pixels of kind {image.mode}, which cannot be edited here",
        hint="Convert it to 8-bit RGB first.",
    )


def _narrowed(image: Image.Image) -> Image.Image:
    wide = np.asarray(image).astype(np.uint32)
    grey = Image.fromarray(((wide * 255 + 32_767) // 65_535).astype(np.uint8))
    clear = image.info.get("transparency")
    if not isinstance(clear, int):
        return grey.convert("RGB")
    result = grey.convert("RGBA")
    result.putalpha(Image.fromarray(np.where(wide == clear, 0, 255).astype(np.uint8)))
    return result


def _from_cmyk(image: Image.Image, profile: bytes | None) -> Image.Image:
    if profile:
        # A broken profile is no reason to refuse: the plain conversion is what viewers show then.
        with suppress(ImageCms.PyCMSError, OSError):
            result = ImageCms.profileToProfile(
                image,
                ImageCms.ImageCmsProfile(io.BytesIO(profile)),
                ImageCms.createProfile("sRGB"),
                outputMode="RGB",
            )
            if result is not None:
                return result
    return image.convert("RGB")


def with_colour(picture: Picture) -> None:
    """Prepare a grey picture for a result in colour: a grey profile cannot describe that."""
    if picture.profile and picture.profile[16:20] == b"GRAY":
        source = ImageCms.ImageCmsProfile(io.BytesIO(picture.profile))
        alpha = picture.image.getchannel("A") if picture.image.mode == "RGBA" else None
        with suppress(ImageCms.PyCMSError, OSError):
            converted = ImageCms.profileToProfile(
                picture.image.convert("RGB").convert("L"),
                source,
                ImageCms.createProfile("sRGB"),
                outputMode="RGB",
            )
            if converted is not None:
                if alpha is not None:
                    converted.putalpha(alpha)
                picture.image = converted
                picture.image.info = {}
        picture.profile = None
        picture.warnings.append("the grey colour profile became sRGB")
    picture.grey = False


def _exif(image: Image.Image) -> Image.Exif | None:
    try:
        exif = image.getexif()
    except Exception:
        return None
    if image.format == "TIFF":
        kept = Image.Exif()
        for tag in exif:
            if tag in _DESCRIPTIVE:
                kept[tag] = exif.get_ifd(tag) if tag in (_EXIF_IFD, _GPS_IFD) else exif[tag]
        exif = kept
    return exif if len(exif) else None


def _exif_bytes(picture: Picture, size: tuple[int, int]) -> bytes | None:
    """The EXIF data of the result: upright, and of its own size."""
    exif = picture.exif
    if exif is None:
        return None
    try:
        if _ORIENTATION in exif:
            exif[_ORIENTATION] = 1
        details = exif.get_ifd(_EXIF_IFD)
        for tag, value in ((_PIXEL_WIDTH, size[0]), (_PIXEL_HEIGHT, size[1])):
            if tag in details:
                details[tag] = value
        return exif.tobytes()
    except Exception:
        picture.warnings.append("the EXIF data is damaged and was left out")
        return None


def _dpi(value: Any) -> tuple[float, float] | None:
    try:
        across, down = float(value[0]), float(value[1])
    except (TypeError, ValueError, IndexError, ZeroDivisionError):
        return None
    return (across, down) if 1 < across <= 65_535 and 1 < down <= 65_535 else None
