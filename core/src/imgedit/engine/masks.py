"""From our mask (white = change) to a vendor's; needs Pillow, from the extra `[masks]`."""

from __future__ import annotations

from pathlib import Path

from ..contract.image import ImageSource
from ..errors import ConfigError

_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")


def convert(mask: ImageSource, change: str, target: Path) -> ImageSource:
    """Write the mask so that the vendor changes what is "black" or "transparent" in it.

    Raises:
        ConfigError: Pillow is not installed.
    """
    try:
        from PIL import Image, ImageOps
    except ImportError:
        raise ConfigError(
            "this provider wants masks in another form, and Pillow is not installed",
            hint="Run: pip install 'imgedit-core[masks]'",
        ) from None
    with mask.open() as file, Image.open(file, formats=_FORMATS) as read:
        grey = read.convert("L")
    inverted = ImageOps.invert(grey)
    if change == "black":
        inverted.save(target, "PNG")
    else:
        white = Image.new("RGBA", grey.size, (255, 255, 255, 255))
        white.putalpha(inverted)
        white.save(target, "PNG")
    return ImageSource.stored(target)
