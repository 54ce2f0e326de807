"""One colour in the place of another, with the light and shade of the old one."""

# ruff: noqa: TID253 - only the worker loads this package
from __future__ import annotations

from typing import Any

import numpy as np
from attrs import frozen
from PIL import Image

from imgedit_local.colours import COLOURS, rgb

from .context import Context
from .oklab import shown, to_lab
from .raster import Floats, by_colour, smoothstep

# The hues that people call so, in degrees of OKLab: certainly from .. to, and not beyond.
_HUES: dict[str, tuple[float, float, float, float]] = {
    "red": (-6, 8, 37, 44),
    "orange": (33, 38, 72, 84),
    "yellow": (78, 88, 114, 126),
    "lime": (108, 116, 134, 142),
    "green": (112, 122, 168, 182),
    "turquoise": (162, 174, 205, 218),
    "cyan": (176, 190, 228, 242),
    "blue": (218, 232, 283, 297),
    "purple": (282, 292, 322, 336),
    "magenta": (310, 320, 348, 358),
    "pink": (326, 338, 374, 386),
}
_SAME = {"teal": "turquoise", "violet": "purple", "indigo": "purple", "gold": "yellow",
         "golden": "yellow", "navy": "blue", "crimson": "red", "maroon": "red",
         "lavender": "purple"}  # fmt: skip
_SHADES = ("light", "pale", "dark", "bright", "sky", "royal", "navy")


@frozen
class _Kind:
    """What counts as the old colour: hues in degrees or None for greys, and lightness."""

    hues: tuple[float, float, float, float] | None
    light: tuple[float, float, float, float]
    least: float = 0.03
    most: float = 9.0


def recolour(image: Image.Image, step: dict[str, Any], _context: Context) -> Image.Image:
    """A step with "from" and "to"; "shade" (-1..1) makes the new colour darker or lighter."""
    old, new = step["from"], step["to"]
    shade = step.get("shade", 0.0)

    def change(colours: Floats) -> Floats:
        lab = to_lab(colours)
        share = _membership(lab, _kind(old))[:, None]
        swapped = shown(_swapped(lab, old, new, shade))
        mixed: Floats = colours + share * (swapped - colours)
        return mixed

    return by_colour(image, change)


def _kind(name: str) -> _Kind:
    words = name.split()
    base = words[-1].removesuffix("s") if words[-1].removesuffix("s") in COLOURS else words[-1]
    base = _SAME.get(base, base)
    light, _chroma, hue = _polar(name)
    any_light = (-1.0, -0.5, 1.5, 2.0)
    if base in ("black", "white", "gray", "grey", "silver", "off white"):
        around = {"black": (-1, -0.5, 0.25, 0.42), "white": (0.78, 0.9, 1.5, 2.0)}
        middle = (0.25, 0.38, 0.8, 0.92)
        if name not in ("black", "white", "gray", "grey", "grays", "greys"):
            middle = (light - 0.25, light - 0.15, light + 0.15, light + 0.25)
        return _Kind(None, around.get(base, middle), least=-1, most=0.05)
    if base == "brown":
        return _Kind((34, 42, 80, 95), (0.0, 0.1, 0.62, 0.74), least=0.025, most=0.155)
    shaded = words[0] in _SHADES or base in ("cream", "beige", "ivory", "peach", "mint")
    near = (light - 0.34, light - 0.2, light + 0.2, light + 0.34) if shaded else any_light
    if base in _HUES:
        if base == "pink":
            near = (0.45, 0.6, 1.5, 2.0)
        return _Kind(_HUES[base], near)
    return _Kind((hue - 34, hue - 20, hue + 20, hue + 34), near)


def _membership(lab: Floats, kind: _Kind) -> Floats:
    light = lab[:, 0]
    chroma = np.hypot(lab[:, 1], lab[:, 2])
    share = _between(light, *kind.light)
    share = share * smoothstep(kind.least, kind.least + 0.045, chroma)
    share = share * (1 - smoothstep(kind.most, kind.most + 0.03, chroma))
    if kind.hues is not None:
        hue = np.degrees(np.arctan2(lab[:, 2], lab[:, 1]))
        middle = sum(kind.hues) / 4
        turned = (hue - middle + 180) % 360 - 180
        share = share * _between(turned, *(edge - middle for edge in kind.hues))
    return share


def _between(value: Floats, least: float, low: float, high: float, most: float) -> Floats:
    return smoothstep(least, low, value) * (1 - smoothstep(high, most, value))


def _swapped(lab: Floats, old: str, new: str, shade: float) -> Floats:
    """Every colour as if it were of the old kind and became of the new one."""
    old_light, old_chroma, old_hue = _polar(old)
    new_light, new_chroma, new_hue = _polar(new)
    light = np.clip(lab[:, 0], 1e-4, 1)
    chroma = np.hypot(lab[:, 1], lab[:, 2])
    hue = np.degrees(np.arctan2(lab[:, 2], lab[:, 1]))
    grey_before, grey_after = old_chroma < 0.03, new_chroma < 0.03
    far = 0.85 if grey_before or grey_after else 0.5
    aim = np.clip(old_light + far * (new_light - old_light) + 0.22 * shade, 0.06, 0.96)
    if old_light > 0.95:
        bent = light * aim
    elif old_light < 0.05:
        bent = aim + light * (1 - aim)
    else:
        # A power keeps black and white where they are and takes the old lightness to the new one.
        bent = light ** (np.log(aim) / np.log(old_light))
    if grey_before:
        strength = new_chroma * 4 * bent * (1 - bent)
        turned = np.full_like(hue, new_hue)
    else:
        strength = chroma * np.clip(new_chroma / old_chroma, 0.0, 1.25)
        apart = (hue - old_hue + 180) % 360 - 180
        turned = new_hue + 0.35 * np.clip(apart, -40, 40)
    angle = np.radians(turned)
    return np.stack([bent, strength * np.cos(angle), strength * np.sin(angle)], axis=1)


def _polar(name: str) -> tuple[float, float, float]:
    """Lightness, strength and hue of a colour."""
    light, green_red, blue_yellow = to_lab(np.array([rgb(name)], dtype=np.float32) / 255)[0]
    return (
        float(light),
        float(np.hypot(green_red, blue_yellow)),
        float(np.degrees(np.arctan2(blue_yellow, green_red))),
    )
