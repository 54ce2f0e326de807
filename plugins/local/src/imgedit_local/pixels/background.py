"""What is behind the subject: out of focus, gone, or another colour."""

# ruff: noqa: TID253 - only the worker loads this package
from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image, ImageChops, ImageColor, ImageFilter

from .context import Context
from .raster import Bytes, colours_of
from .subject import subject


def blurred(image: Image.Image, step: dict[str, Any], context: Context) -> Image.Image:
    """A step with "amount" 0..1: of a radius of 5% of the shorter side."""
    inside = subject(image, context)
    radius = max(1.0, 0.05 * step["amount"] * min(image.size))
    # The subject is left out of what is blurred, or its colours would shine around it.
    behind = colours_of(image).convert("RGBA")
    behind.putalpha(ImageChops.invert(inside))
    soft = behind.convert("RGBa").filter(ImageFilter.GaussianBlur(radius)).convert("RGBA")
    plain = colours_of(image).filter(ImageFilter.GaussianBlur(radius))
    # Deep inside the subject nothing of the background arrives; it is covered anyway.
    plain.paste(soft.convert("RGB"), mask=soft.getchannel("A").point(lambda v: min(255, 32 * v)))
    plain.paste(colours_of(image), mask=inside)
    if image.mode == "RGBA":
        plain.putalpha(image.getchannel("A"))
    return plain


def removed(image: Image.Image, _step: dict[str, Any], context: Context) -> Image.Image:
    """What is behind the subject becomes transparent."""
    inside = subject(image, context)
    cut_out = _own_colours(image, inside)
    if image.mode == "RGBA":
        inside = ImageChops.darker(inside, image.getchannel("A"))
    cut_out.putalpha(inside)
    return cut_out


def replaced(image: Image.Image, step: dict[str, Any], context: Context) -> Image.Image:
    """A step with "colour" "#rrggbb"."""
    inside = subject(image, context)
    sheet = Image.new("RGB", image.size, ImageColor.getrgb(step["colour"]))
    sheet.paste(_own_colours(image, inside), mask=inside)
    return sheet


def _own_colours(image: Image.Image, inside: Image.Image) -> Image.Image:
    """The picture with, along the subject's edge, the colours of the subject alone.

    An edge pixel shows some of the old background; on a new one that would be a rim.
    """
    colours = colours_of(image)
    radius = max(1.5, max(image.size) / 400)
    sure = inside.point([0 if value < 235 else 255 for value in range(256)])
    layer = colours.convert("RGBA")
    layer.putalpha(sure)
    spread = layer.convert("RGBa").filter(ImageFilter.GaussianBlur(radius)).convert("RGBA")
    known = np.asarray(spread.getchannel("A"))
    edge: Bytes = np.where((np.asarray(inside) < 250) & (known > 8), 255, 0).astype(np.uint8)
    mended = colours.copy()
    mended.paste(spread.convert("RGB"), mask=Image.fromarray(edge))
    return mended
