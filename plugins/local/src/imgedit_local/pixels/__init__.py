"""What the operations do to pixels. Imported by the worker only.

A picture is 8 bits per channel, RGB or RGBA. Every operation takes the picture, its step and what
else it may know, and returns the new picture; the one given may be changed, too. Memory is bounded:
pixels go a strip of rows at a time, and what needs to see more looks at a smaller copy.
"""

# ruff: noqa: TID253 - only the worker loads this package
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PIL import Image

from . import art, background, colour, erase, geometry, light, noise, recolour, text, texture
from .context import Context

__all__ = ["Context", "apply"]

_OPERATIONS: dict[str, Callable[[Image.Image, dict[str, Any], Context], Image.Image]] = {
    "brightness": light.brightness,
    "exposure": light.exposure,
    "contrast": light.contrast,
    "shadows": light.shadows,
    "highlights": light.highlights,
    "auto": light.auto,
    "warmth": colour.warmth,
    "saturation": colour.saturation,
    "grayscale": colour.grayscale,
    "sepia": colour.sepia,
    "tint": colour.tint,
    "recolour": recolour.recolour,
    "vintage": colour.vintage,
    "blur": texture.blur,
    "sharpen": texture.sharpen,
    "denoise": noise.denoise,
    "grain": texture.grain,
    "pixelate": texture.pixelate,
    "posterize": texture.posterize,
    "vignette": texture.vignette,
    "rotate": geometry.rotate,
    "flip": geometry.flip,
    "crop": geometry.crop,
    "pad": geometry.pad,
    "resize": geometry.resize,
    "background_blur": background.blurred,
    "background_remove": background.removed,
    "background_replace": background.replaced,
    "erase": erase.erase,
    "text": text.text,
    "sketch": art.sketch,
    "oil": art.oil,
    "watercolour": art.watercolour,
    "cartoon": art.cartoon,
}


def apply(image: Image.Image, step: dict[str, Any], context: Context) -> Image.Image:
    """The picture after one step of `parse`; the one given may be changed, too.

    Raises:
        imgedit.errors.ImageRejected: the step cannot be done to this picture; it says why.
    """
    return _OPERATIONS[step["op"]](image, step, context)
