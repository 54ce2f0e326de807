"""What the operations do to pixels. Imported by the worker only.

A picture is 8 bits per channel, RGB or RGBA. Tones are changed by curves that keep black and white
apart instead of cutting them off; transparency is left alone. What cannot be a lookup table is done
a strip of rows at a time, so that memory does not grow with the picture.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np  # noqa: TID253 - only the worker loads this module
from numpy.typing import NDArray  # noqa: TID253
from PIL import Image, ImageFilter  # noqa: TID253

from .parse import MAX_PIXELS

Floats = NDArray[np.floating[Any]]
Bytes = NDArray[np.uint8]

_STRIP_PIXELS = 1 << 20
_LUMA = np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)
_X = np.linspace(0, 1, 256)


def apply(image: Image.Image, step: dict[str, Any]) -> Image.Image:
    """The picture after one step of `parse`; the one given may be changed, too.

    Raises:
        imgedit.errors.ImageRejected: the result would be too large.
    """
    return _OPERATIONS[step["op"]](image, step)


def target_size(size: tuple[int, int], step: dict[str, Any]) -> tuple[int, int]:
    """Width and height in pixels that a resize step makes of `size`."""
    width, height = size
    if "factor" in step:
        factor = Fraction(str(step["factor"]))
        return max(1, round(width * factor)), max(1, round(height * factor))
    wide, high = step["width"], step["height"]
    if wide is None:
        wide = max(1, round(Fraction(width * high, height)))
    if high is None:
        high = max(1, round(Fraction(height * wide, width)))
    return wide, high


def crop_box(size: tuple[int, int], ratio: str) -> tuple[int, int, int, int]:
    """The largest centred box (left, top, right, bottom) of `size` with this ratio."""
    width, height = size
    across, down = (Fraction(part) for part in ratio.split(":"))
    wanted = across / down
    if Fraction(width, height) > wanted:
        wide, high = max(1, round(height * wanted)), height
    else:
        wide, high = width, max(1, round(width / wanted))
    left, top = (width - wide) // 2, (height - high) // 2
    return left, top, left + wide, top + high


def _brightness(image: Image.Image, step: dict[str, Any]) -> Image.Image:
    amount = step["amount"]
    if amount > 0:
        return _curves(image, 1 - (1 - _X) ** (1 + 1.4 * amount))
    # Highlights give way last, so that the picture gets darker rather than grey.
    return _curves(image, (1 + amount) * _X ** (1 - amount / 2))


def _contrast(image: Image.Image, step: dict[str, Any]) -> Image.Image:
    amount = step["amount"]
    if amount < 0:
        return _curves(image, 0.5 + (_X - 0.5) * (1 + amount))
    bend = _bend(1 + amount)
    return _curves(image, 0.5 + 0.5 * np.tanh(bend * (2 * _X - 1)) / np.tanh(bend))


def _bend(slope: float) -> float:
    """The k for which the curve tanh(kx) / tanh(k) has this slope in the middle."""
    low, high = 1e-6, 2 * slope
    for _ in range(50):
        middle = (low + high) / 2
        if middle / np.tanh(middle) < slope:
            low = middle
        else:
            high = middle
    return high


def _warmth(image: Image.Image, step: dict[str, Any]) -> Image.Image:
    amount = step["amount"]
    strength = abs(amount)
    lifted = 1 - (1 - _X) ** (1 + 0.45 * strength)
    lowered = (1 - 0.25 * strength) * _X ** (1 + 0.45 * strength)
    if amount > 0:
        return _curves(image, lifted, _X, lowered)
    # Without a little less green, skin would turn green rather than pale.
    return _curves(image, lowered, _X ** (1 + 0.15 * strength), lifted)


def _saturation(image: Image.Image, step: dict[str, Any]) -> Image.Image:
    factor = np.float32(1 + step["amount"])

    def change(rgb: Floats, _top: int) -> Floats:
        grey = (rgb @ _LUMA)[..., None]
        colour = rgb - grey
        if factor <= 1:
            return grey + factor * colour
        # A channel that hit the end of the scale would change the hue: stop just before that.
        high = colour.max(axis=2, keepdims=True)
        low = -colour.min(axis=2, keepdims=True)
        room = np.minimum(
            (255 - grey) / np.maximum(high, np.float32(1e-3)),
            grey / np.maximum(low, np.float32(1e-3)),
        )
        return grey + np.clip(factor, 1, np.maximum(room, 1)) * colour

    return _by_rows(image, change)


def _grayscale(image: Image.Image, _step: dict[str, Any]) -> Image.Image:
    def change(rgb: Floats, _top: int) -> Floats:
        return np.repeat(_lightness(rgb), 3, axis=2)

    return _by_rows(image, change)


def _sepia(image: Image.Image, step: dict[str, Any]) -> Image.Image:
    amount = np.float32(step["amount"])
    tone = np.array([0.82, 1.0, 1.32], dtype=np.float32)
    paper = np.array([255.0, 249.0, 232.0], dtype=np.float32)

    def change(rgb: Floats, _top: int) -> Floats:
        toned = (_lightness(rgb) / 255) ** tone * paper
        return rgb + amount * (toned - rgb)

    return _by_rows(image, change)


def _blur(image: Image.Image, step: dict[str, Any]) -> Image.Image:
    radius = step["pixels"] if "pixels" in step else step["amount"] * 0.04 * min(image.size)
    blur = ImageFilter.GaussianBlur(radius)
    if image.mode == "RGBA":
        # Premultiplied, or the hidden colour of clear pixels would bleed into their neighbours.
        return image.convert("RGBa").filter(blur).convert("RGBA")
    return image.filter(blur)


def _sharpen(image: Image.Image, step: dict[str, Any]) -> Image.Image:
    radius = min(max(min(image.size) / 600, 0.8), 3.0)
    mask = ImageFilter.UnsharpMask(radius, percent=round(100 * step["amount"]), threshold=2)
    if image.mode == "RGBA":
        sharp = image.convert("RGB").filter(mask)
        sharp.putalpha(image.getchannel("A"))
        return sharp
    return image.filter(mask)


def _vignette(image: Image.Image, step: dict[str, Any]) -> Image.Image:
    width, height = image.size
    across = (((np.arange(width, dtype=np.float32) + 0.5) / width - 0.5) * 2) ** 2
    # In linear light, as a lens does it; a power of the factor does that to encoded values.
    depth = np.float32(0.94 * step["amount"])
    noise = np.random.default_rng(0)

    def change(rgb: Floats, top: int) -> Floats:
        rows = np.arange(top, top + rgb.shape[0], dtype=np.float32) + 0.5
        down = ((rows / height - 0.5) * 2) ** 2
        distance = np.sqrt((across[None, :] + down[:, None]) / 2)
        fall = np.clip((distance - 0.3) / 0.75, 0, 1)
        fall = fall * fall * (3 - 2 * fall)
        factor = (1 - depth * fall) ** np.float32(1 / 2.2)
        # Rounding at random keeps a smooth sky from showing rings.
        grain = noise.random(factor.shape, dtype=np.float32) - 0.5
        grain *= fall > 0
        return rgb * factor[..., None] + grain[..., None]

    return _by_rows(image, change)


def _rotate(image: Image.Image, step: dict[str, Any]) -> Image.Image:
    degrees = step["degrees"] % 360
    quarter = {
        90: Image.Transpose.ROTATE_270,
        180: Image.Transpose.ROTATE_180,
        270: Image.Transpose.ROTATE_90,
    }
    if degrees == 0:
        return image
    if degrees in quarter:
        return image.transpose(quarter[degrees])
    # The corners that open up are transparent, whatever the picture was.
    open_image = image if image.mode == "RGBA" else image.convert("RGBA")
    return open_image.rotate(-degrees, resample=Image.Resampling.BICUBIC, expand=True)


def _flip(image: Image.Image, step: dict[str, Any]) -> Image.Image:
    if step["axis"] == "horizontal":
        return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return image.transpose(Image.Transpose.FLIP_TOP_BOTTOM)


def _crop(image: Image.Image, step: dict[str, Any]) -> Image.Image:
    return image.crop(crop_box(image.size, step["ratio"]))


def _resize(image: Image.Image, step: dict[str, Any]) -> Image.Image:
    from imgedit.errors import ImageRejected

    size = target_size(image.size, step)
    if size[0] * size[1] > MAX_PIXELS:
        raise ImageRejected(
            f"the result would be {size[0]} x {size[1]} pixels, more than the "
            f"{MAX_PIXELS // 1_000_000} megapixels that are made here",
            hint="Ask for a smaller size.",
        )
    return image.resize(size, Image.Resampling.LANCZOS)


def _curves(image: Image.Image, *curves: NDArray[np.float64]) -> Image.Image:
    """Send every channel, or each of red, green and blue, through a curve over 0..1."""
    tables = [np.rint(np.clip(curve, 0, 1) * 255).astype(int).tolist() for curve in curves]
    if len(tables) == 1:
        tables *= 3
    if image.mode == "RGBA":
        tables.append(list(range(256)))
    table = [value for channel in tables for value in channel]
    return image.point(table)


def _by_rows(image: Image.Image, change: Callable[[Floats, int], Floats]) -> Image.Image:
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


_LINEAR = np.where(_X <= 0.04045, _X / 12.92, ((_X + 0.055) / 1.055) ** 2.4).astype(np.float32)


def _lightness(rgb: Floats) -> Floats:
    """The grey that is as light as each colour: luminance is a sum only in linear light."""
    linear = _LINEAR[rgb.astype(np.uint8)] @ _LUMA
    encoded = np.where(
        linear <= 0.0031308, linear * 12.92, 1.055 * np.maximum(linear, 1e-6) ** (1 / 2.4) - 0.055
    )
    grey: Floats = (encoded * 255).astype(np.float32)[..., None]
    return grey


_OPERATIONS: dict[str, Callable[[Image.Image, dict[str, Any]], Image.Image]] = {
    "brightness": _brightness,
    "contrast": _contrast,
    "warmth": _warmth,
    "saturation": _saturation,
    "grayscale": _grayscale,
    "sepia": _sepia,
    "blur": _blur,
    "sharpen": _sharpen,
    "vignette": _vignette,
    "rotate": _rotate,
    "flip": _flip,
    "crop": _crop,
    "resize": _resize,
}
