"""What is behind the subject: out of focus, gone, or another colour."""

# ruff: noqa: TID253 - only the worker loads this package
from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image, ImageChops, ImageColor, ImageFilter

from .context import Context
from .raster import Bytes, colours_of, with_alpha_of
from .subject import subject


def blurred(image: Image.Image, step: dict[str, Any], context: Context) -> Image.Image:
    """A step with "amount" 0..1: of a radius of 5% of the shorter side."""
    inside = subject(image, context)
    radius = max(1.0, 0.05 * step["amount"] * min(image.size))
    colours = colours_of(image)
    # The subject is left out of what is blurred, or its colours would shine around it.
    behind = colours.convert("RGBA")
    behind.putalpha(ImageChops.invert(inside))
    behind = behind.convert("RGBa")
    # What is near the subject is as near to the lens, so it is less out of focus.
    result = _filled_blur(behind, colours, radius)
    near = inside.reduce(4).filter(ImageFilter.GaussianBlur(max(image.size) / 100))
    near = near.point([min(255, round(2.2 * value)) for value in range(256)])
    near = near.resize(image.size, Image.Resampling.BILINEAR)
    result.paste(_filled_blur(behind, colours, radius / 3), mask=near)
    result.paste(colours, mask=inside)
    return with_alpha_of(result, image)


def _filled_blur(behind: Image.Image, colours: Image.Image, radius: float) -> Image.Image:
    """What is behind the subject, blurred and spread into the subject's place."""
    # What is blurred has no detail to lose: a smaller copy of it does.
    factor = max(1, int(radius / 5))
    blur = ImageFilter.GaussianBlur(radius / factor)
    soft = behind.reduce(factor).filter(blur).convert("RGBA")
    result = colours.reduce(factor).filter(blur)
    # Deep inside the subject nothing of the background arrives; it is covered anyway.
    some = soft.getchannel("A").point([min(255, 32 * value) for value in range(256)])
    result.paste(soft.convert("RGB"), mask=some)
    if factor == 1:
        return result
    box = (0.0, 0.0, colours.width / factor, colours.height / factor)
    return result.resize(colours.size, Image.Resampling.BICUBIC, box=box)


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
