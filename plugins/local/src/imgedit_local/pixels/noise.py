"""Taking noise away: what is too faint to be detail, at four scales, for light and for colour.

Light keeps more than colour does, because the eye forgives blurred colour. The strength follows the
noise that is found, so a clean picture hardly changes.
"""

# ruff: noqa: TID253 - only the worker loads this package
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from .context import Context
from .raster import FROM_YCC, TO_YCC, Floats, array, colours_of

_SCALES = 4
_MARGIN = 2 * (2**_SCALES - 1)
_STRIP_PIXELS = 1 << 20
# How much of white noise is left at each scale of this pyramid (its filter is the B3 spline).
_SHARE = (0.889, 0.2, 0.086, 0.041)
# How many times the noise has to be passed, at each scale, to be detail.
_LIGHT = (2.1, 1.9, 1.3, 0.8)
_COLOUR = (3.4, 3.4, 3.2, 2.6)


def denoise(image: Image.Image, step: dict[str, Any], _context: Context) -> Image.Image:
    """A step with "amount" 0..1."""
    amount = float(step["amount"])
    rgb = colours_of(image)
    sigma = _noise(rgb)
    # A strip reaches over its edges as far as the filter sees.
    rows = max(64, _STRIP_PIXELS // image.width)
    result = image
    pieces: list[tuple[Image.Image, int]] = []
    for top in range(0, image.height, rows):
        low, high = max(0, top - _MARGIN), min(image.height, top + rows + _MARGIN)
        ycc = array(rgb.crop((0, low, image.width, high))) @ TO_YCC.T
        for channel, strengths in enumerate((_LIGHT, _COLOUR, _COLOUR)):
            limits = [
                (2 * amount * strength * sigma[channel] + 0.0025 * amount) * share
                for strength, share in zip(strengths, _SHARE, strict=True)
            ]
            ycc[..., channel] = _shrunk(ycc[..., channel], limits)
        clean = np.clip(ycc @ FROM_YCC.T, 0, 1)[top - low : min(top + rows, image.height) - low]
        pieces.append((Image.fromarray(np.rint(clean * 255).astype(np.uint8)), top))
    if image.mode == "RGBA":
        alpha = image.getchannel("A")
        result = Image.new("RGB", image.size)
    for piece, top in pieces:
        result.paste(piece, (0, top))
    if image.mode == "RGBA":
        result.putalpha(alpha)
    return result


def _noise(rgb: Image.Image) -> tuple[float, float, float]:
    """The noise of light and of the two colours, measured where the picture is calm."""
    width, height = rgb.size
    side = 1200
    left, top = max(0, (width - side) // 2), max(0, (height - side) // 2)
    part = rgb.crop((left, top, min(width, left + side), min(height, top + side)))
    ycc = array(part) @ TO_YCC.T
    found = []
    for channel in range(3):
        values = ycc[..., channel]
        fine = values - _smooth(values, 1)
        found.append(float(np.median(np.abs(fine))) / 0.6745 / _SHARE[0])
    return found[0], found[1], found[2]


def _shrunk(values: Floats, limits: Sequence[float]) -> Floats:
    result = np.zeros_like(values)
    rest = values
    for scale, limit in enumerate(limits):
        smooth = _smooth(rest, 2**scale)
        detail = rest - smooth
        # Between nothing and all: faint detail goes, strong detail keeps its full strength.
        square = detail * detail
        result += detail * np.maximum(1 - np.float32(limit * limit) / np.maximum(square, 1e-12), 0)
        rest = smooth
    return result + rest


def _smooth(values: Floats, step: int) -> Floats:
    for axis in (0, 1):
        values = _spline(values, step, axis)
    return values


def _spline(values: Floats, step: int, axis: int) -> Floats:
    reach = 2 * step
    padding = [(0, 0), (0, 0)]
    padding[axis] = (reach, reach)
    if values.shape[axis] > reach:
        padded = np.pad(values, padding, mode="reflect")
    else:
        padded = np.pad(values, padding, mode="edge")
    length = values.shape[axis]

    def part(start: int) -> Floats:
        where = [slice(None), slice(None)]
        where[axis] = slice(start, start + length)
        return padded[tuple(where)]

    result = part(2 * step) * np.float32(6 / 16)
    result += (part(step) + part(3 * step)) * np.float32(4 / 16)
    result += (part(0) + part(4 * step)) * np.float32(1 / 16)
    return result
