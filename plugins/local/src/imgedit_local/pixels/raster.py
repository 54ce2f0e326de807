"""Ways to put every pixel of a picture through a function, in bounded memory.

A picture is 8 bits per channel, RGB or RGBA; transparency is left alone.
"""

# ruff: noqa: TID253 - only the worker loads this package
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Floats = NDArray[np.floating[Any]]
Bytes = NDArray[np.uint8]

LUMA = np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)
X = np.linspace(0, 1, 256)
# Light, and two differences of colour.
TO_YCC = np.array(
    [[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]],
    dtype=np.float32,
)
FROM_YCC = np.linalg.inv(TO_YCC.astype(np.float64)).astype(np.float32)

_STRIP_PIXELS = 1 << 20
_GRID = 33


def curves(image: Image.Image, *by_channel: Floats) -> Image.Image:
    """Send every channel, or each of red, green and blue, through a curve over 0..1."""
    tables = [np.rint(np.clip(curve, 0, 1) * 255).astype(int).tolist() for curve in by_channel]
    if len(tables) == 1:
        tables *= 3
    if image.mode == "RGBA":
        tables.append(list(range(256)))
    return image.point([value for channel in tables for value in channel])


def by_rows(image: Image.Image, change: Callable[[Floats, int], Floats]) -> Image.Image:
    """Put every strip of rows through `change` (values 0..255, and the strip's first row)."""
    width, height = image.size
    rows = max(1, _STRIP_PIXELS // width)
    for top in range(0, height, rows):
        box = (0, top, width, min(top + rows, height))
        strip: Bytes = np.array(image.crop(box))
        changed = change(strip[..., :3].astype(np.float32), top)
        strip[..., :3] = np.rint(np.clip(changed, 0, 255)).astype(np.uint8)
        image.paste(Image.fromarray(strip), box)
    return image


def by_colour(image: Image.Image, change: Callable[[Floats], Floats]) -> Image.Image:
    """Put every colour through `change`, a smooth function of rows of red, green, blue in 0..1.

    It is worked out for a grid of colours and interpolated, so its cost hardly counts.
    """
    axis = np.linspace(0, 1, _GRID, dtype=np.float32)
    blue, green, red = np.meshgrid(axis, axis, axis, indexing="ij")
    grid = np.stack([red, green, blue], axis=-1).reshape(-1, 3)
    table = np.clip(change(grid), 0, 1).astype(np.float32)
    return image.filter(ImageFilter.Color3DLUT(_GRID, table.reshape(-1).tolist()))


_LINEAR = np.where(X <= 0.04045, X / 12.92, ((X + 0.055) / 1.055) ** 2.4).astype(np.float32)


def linear(encoded: Floats) -> Floats:
    """Light of sRGB values 0..1."""
    value: Floats = np.where(
        encoded <= 0.04045, encoded / 12.92, ((np.maximum(encoded, 0) + 0.055) / 1.055) ** 2.4
    )
    return value


def encoded(light: Floats) -> Floats:
    """The sRGB values 0..1 of light."""
    value: Floats = np.where(
        light <= 0.0031308, light * 12.92, 1.055 * np.maximum(light, 1e-6) ** (1 / 2.4) - 0.055
    )
    return value


def lightness(rgb: Floats) -> Floats:
    """The grey (0..255) that is as light as each colour: luminance is a sum in linear light."""
    light = _LINEAR[rgb.astype(np.uint8)] @ LUMA
    grey: Floats = (encoded(light) * 255).astype(np.float32)[..., None]
    return grey


def smoothstep(low: float, high: float, value: Floats) -> Floats:
    """0 up to `low`, 1 from `high` on, and a soft way between."""
    at = np.clip((value - low) / (high - low), 0, 1)
    step: Floats = at * at * (3 - 2 * at)
    return step


def colours_of(image: Image.Image) -> Image.Image:
    """The picture without its transparency."""
    return image if image.mode == "RGB" else image.convert("RGB")


def with_alpha_of(image: Image.Image, original: Image.Image) -> Image.Image:
    """The picture with the transparency of another of its size."""
    if original.mode == "RGBA":
        image.putalpha(original.getchannel("A"))
    return image


def reduced(image: Image.Image, longest: int) -> Image.Image:
    """The picture without transparency, at most so many pixels a side."""
    scale = longest / max(image.size)
    if scale >= 1:
        return colours_of(image)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return colours_of(image).resize(size, Image.Resampling.BOX, reducing_gap=2.0)


def array(image: Image.Image) -> Floats:
    """The picture as float32 in 0..1."""
    return np.asarray(image, dtype=np.float32) / np.float32(255)


def picture(values: Floats) -> Image.Image:
    """A picture of values in 0..1."""
    return Image.fromarray(np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8))


class Enlarged:
    """A small map of float values, read at the size of the picture a strip of rows at a time."""

    def __init__(self, small: Floats, size: tuple[int, int]) -> None:
        """`small` is height x width; `size` is the picture's width and height."""
        self._small = Image.fromarray(np.ascontiguousarray(small, dtype=np.float32))
        self._size = size

    def rows(self, top: int, count: int) -> Floats:
        """`count` rows from `top` on."""
        width, height = self._size
        scale = self._small.height / height
        box = (0, top * scale, self._small.width, min((top + count) * scale, self._small.height))
        return np.asarray(self._small.resize((width, count), Image.Resampling.BILINEAR, box=box))


def mean(values: Floats, radius: int) -> Floats:
    """The mean over squares of 2 x `radius` + 1, over what of them lies in the picture."""
    for axis in (0, 1):
        values = _running(values, radius, axis)
    return values


def _running(values: Floats, radius: int, axis: int) -> Floats:
    length = values.shape[axis]
    total = np.cumsum(values, axis=axis, dtype=np.float64)
    zero = np.zeros_like(np.take(total, [0], axis=axis))
    total = np.concatenate([zero, total], axis=axis)
    high = np.minimum(np.arange(length) + radius + 1, length)
    low = np.maximum(np.arange(length) - radius, 0)
    shape = [1] * values.ndim
    shape[axis] = length
    sums = np.take(total, high, axis=axis) - np.take(total, low, axis=axis)
    result: Floats = (sums / (high - low).reshape(shape)).astype(np.float32)
    return result


def guided(guide: Floats, values: Floats, radius: int, smoothness: float) -> tuple[Floats, Floats]:
    """The two maps a and b for which a x guide + b follows `values` and has the guide's edges.

    Both are height x width; `smoothness` is the variance of what counts as no edge.
    """
    middle, average = mean(guide, radius), mean(values, radius)
    variance = mean(guide * guide, radius) - middle * middle
    covariance = mean(guide * values, radius) - middle * average
    slope = covariance / (variance + np.float32(smoothness))
    return mean(slope, radius), mean(average - slope * middle, radius)
