"""The frame: what moves pixels."""

# ruff: noqa: TID253 - only the worker loads this package
from __future__ import annotations

from fractions import Fraction
from typing import Any

from PIL import Image, ImageColor

from imgedit_local.colours import TRANSPARENT
from imgedit_local.limits import MAX_PIXELS

from .context import Context


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
    wanted = _ratio(ratio)
    if Fraction(width, height) > wanted:
        wide, high = max(1, round(height * wanted)), height
    else:
        wide, high = width, max(1, round(width / wanted))
    left, top = (width - wide) // 2, (height - high) // 2
    return left, top, left + wide, top + high


def padded_size(size: tuple[int, int], step: dict[str, Any]) -> tuple[int, int]:
    """Width and height in pixels that a pad step makes of `size`.

    Raises:
        imgedit.errors.ImageRejected: the picture is larger than the size asked for.
    """
    from imgedit.errors import ImageRejected

    width, height = size
    if "ratio" in step:
        wanted = _ratio(step["ratio"])
        if Fraction(width, height) < wanted:
            return round(height * wanted), height
        return width, round(width / wanted)
    if "width" in step:
        wide, high = step["width"], step["height"]
        if wide < width or high < height:
            raise ImageRejected(
                f"the picture is {width} x {height} pixels and cannot be padded to {wide} x {high}",
                hint="Resize it to a smaller size first.",
            )
        return wide, high
    border = step["pixels"] if "pixels" in step else max(1, round(step["share"] * min(size)))
    return width + 2 * border, height + 2 * border


def rotate(image: Image.Image, step: dict[str, Any], _context: Context) -> Image.Image:
    """A step with "degrees", clockwise."""
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


def flip(image: Image.Image, step: dict[str, Any], _context: Context) -> Image.Image:
    """A step with "axis", "horizontal" or "vertical"."""
    if step["axis"] == "horizontal":
        return image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return image.transpose(Image.Transpose.FLIP_TOP_BOTTOM)


def crop(image: Image.Image, step: dict[str, Any], _context: Context) -> Image.Image:
    """A step with "ratio" such as "16:9"."""
    return image.crop(crop_box(image.size, step["ratio"]))


def pad(image: Image.Image, step: dict[str, Any], _context: Context) -> Image.Image:
    """A step with what `padded_size` reads, and "colour", "#rrggbb" or "transparent"."""
    size = padded_size(image.size, step)
    _check(size)
    place = ((size[0] - image.width) // 2, (size[1] - image.height) // 2)
    if step["colour"] == TRANSPARENT:
        clear = Image.new("RGBA", size, (255, 255, 255, 0))
        clear.paste(image, place)
        return clear
    around = Image.new(image.mode, size, ImageColor.getcolor(step["colour"], image.mode))
    around.paste(image, place)
    return around


def resize(image: Image.Image, step: dict[str, Any], _context: Context) -> Image.Image:
    """A step with what `target_size` reads."""
    size = target_size(image.size, step)
    _check(size)
    return image.resize(size, Image.Resampling.LANCZOS)


def _ratio(text: str) -> Fraction:
    across, down = (Fraction(part) for part in text.split(":"))
    return across / down


def _check(size: tuple[int, int]) -> None:
    from imgedit.errors import ImageRejected

    if size[0] * size[1] > MAX_PIXELS:
        raise ImageRejected(
            f"the result would be {size[0]} x {size[1]} pixels, more than the "
            f"{MAX_PIXELS // 1_000_000} megapixels that are made here",
            hint="Ask for a smaller size.",
        )
