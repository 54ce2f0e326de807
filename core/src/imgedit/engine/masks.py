"""From our mask (white = change) to a vendor's; needs Pillow, from the extra `[masks]`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..contract.image import ImageSource
from ..errors import ConfigError

_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")


def convert(mask: ImageSource, rule: Mapping[str, Any], target: Path) -> ImageSource:
    """Write the mask as the vendor wants it; `rule` is the manifest's `mask`.

    "change" names what the vendor changes: "white", "black" or "transparent" pixels.

    Raises:
        ConfigError: Pillow is not installed.
    """
    change = rule.get("change", "white")
    if change == "white":
        return mask
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
