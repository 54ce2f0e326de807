"""Words on the picture, in Pillow's own font."""

# ruff: noqa: TID253 - only the worker loads this package
from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image, ImageColor, ImageDraw, ImageFilter, ImageFont

from .context import Context
from .raster import LUMA

_WIDEST = 0.92  # of the picture
_SMALLEST = 4.0


def text(image: Image.Image, step: dict[str, Any], context: Context) -> Image.Image:
    """A step with "text", "place", "size" (of the shorter side) or "pixels", and "colour"."""
    asked = step["pixels"] if "pixels" in step else step["size"] * min(image.size)
    font, lines = _fitted(step["text"], max(asked, _SMALLEST), image.size)
    if font.size < 0.95 * asked:
        context.warn("the text was made smaller so that it fits into the picture")
    across, down = step["place"]
    letters, box = _letters(lines, font, image.size, across, down)
    colour = ImageColor.getrgb(step["colour"] or _readable(image, box))[:3]
    dark = np.dot(LUMA, colour) > 110
    # A soft shadow, or light, in the other tone keeps the words readable on anything.
    halo = letters.filter(ImageFilter.GaussianBlur(max(1.0, font.size / 14)))
    halo = halo.point([min(255, round(1.5 * value * 0.62)) for value in range(256)])
    _put(image, (0, 0, 0) if dark else (255, 255, 255), halo, box)
    _put(image, colour, letters, box)
    return image


def _fitted(
    words: str, size: float, room: tuple[int, int]
) -> tuple[ImageFont.FreeTypeFont, list[str]]:
    """The font and the lines that fit into the picture, smaller when it must be."""
    while True:
        font = ImageFont.load_default(size)
        assert isinstance(font, ImageFont.FreeTypeFont)
        lines = _wrapped(words, font, _WIDEST * room[0])
        wide = max(font.getlength(line) for line in lines)
        high = len(lines) * 1.2 * size
        if (wide <= _WIDEST * room[0] and high <= _WIDEST * room[1]) or size <= _SMALLEST:
            return font, lines
        size = max(_SMALLEST, size * 0.93)


def _wrapped(words: str, font: ImageFont.FreeTypeFont, most: float) -> list[str]:
    lines: list[str] = []
    for word in words.split(" "):
        if lines and font.getlength(f"{lines[-1]} {word}") <= most:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _letters(
    lines: list[str], font: ImageFont.FreeTypeFont, room: tuple[int, int], across: int, down: int
) -> tuple[Image.Image, tuple[int, int, int, int]]:
    """The letters as a mask, with some room around, and the box of the picture it belongs to."""
    align = {-1: "left", 0: "center", 1: "right"}[across]
    block = "\n".join(lines)
    ruler = ImageDraw.Draw(Image.new("L", (1, 1)))
    spacing = font.size * 0.25
    left, top, right, bottom = ruler.multiline_textbbox(
        (0, 0), block, font=font, spacing=spacing, align=align
    )
    around = round(font.size * 0.35) + 2
    wide, high = round(right - left), round(bottom - top)
    mask = Image.new("L", (wide + 2 * around, high + 2 * around))
    ImageDraw.Draw(mask).multiline_text(
        (around - left, around - top), block, fill=255, font=font, spacing=spacing, align=align
    )
    margin = round(min(room) * 0.045)
    x = _position(across, wide, room[0], margin) - around
    y = _position(down, high, room[1], margin) - around
    return mask, (x, y, x + mask.width, y + mask.height)


def _position(side: int, length: int, room: int, margin: int) -> int:
    margin = max(0, min(margin, (room - length) // 2))
    return {-1: margin, 0: (room - length) // 2, 1: room - length - margin}[side]


def _readable(image: Image.Image, box: tuple[int, int, int, int]) -> str:
    """White, or black where the picture is light."""
    inside = (max(0, box[0]), max(0, box[1]), min(image.width, box[2]), min(image.height, box[3]))
    below = np.asarray(image.crop(inside).convert("RGB").resize((16, 16), Image.Resampling.BOX))
    return "#111111" if float((below @ LUMA).mean()) > 165 else "#ffffff"


def _put(
    image: Image.Image, colour: tuple[int, ...], mask: Image.Image, box: tuple[int, int, int, int]
) -> None:
    if image.mode == "RGBA":
        layer = Image.new("RGBA", mask.size, (*colour, 255))
        layer.putalpha(mask)
        sheet = Image.new("RGBA", image.size, (*colour, 0))
        sheet.paste(layer, box[:2])
        image.alpha_composite(sheet)
        return
    image.paste(colour, box[:2], mask)
