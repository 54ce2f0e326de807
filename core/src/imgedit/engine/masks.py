"""From our mask (white = change) to a vendor's; needs Pillow, from the extra `[masks]`."""

from __future__ import annotations

from pathlib import Path

from ..contract.image import ImageSource
from ..contract.model import Problem
from ..errors import ConfigError, ValidationError

_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
_MOST_PIXELS = 50_000_000  # decoded, inverted and written they take up to half a gigabyte


def convert(mask: ImageSource, change: str, target: Path) -> ImageSource:
    """Write the mask so that the vendor changes what is "black" or "transparent" in it.

    Raises:
        ConfigError: Pillow is not installed.
        ValidationError: it has too many pixels to be converted, or cannot be decoded.
    """
    try:
        from PIL import Image, ImageOps
    except ImportError:
        raise ConfigError(
            "this provider wants masks in another form, and Pillow is not installed",
            hint="Run: pip install 'imgedit-core[masks]'",
        ) from None
    pixels = (mask.width or 0) * (mask.height or 0)
    if pixels > _MOST_PIXELS:
        what = f"it has {pixels:,} pixels; at most {_MOST_PIXELS:,} can be converted"
        raise _refused(what, "maximum")
    try:
        with mask.open() as file, Image.open(file, formats=_FORMATS) as read:
            grey = read.convert("L")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise _refused("it cannot be decoded", "format") from None
    inverted = ImageOps.invert(grey)
    if change == "black":
        inverted.save(target, "PNG")
    else:
        white = Image.new("RGBA", grey.size, (255, 255, 255, 255))
        white.putalpha(inverted)
        white.save(target, "PNG")
    return ImageSource.stored(target)


def _refused(message: str, code: str) -> ValidationError:
    return ValidationError(problems=[Problem(path="/mask", message=message, code=code)])
