"""One colour in the place of another, with the light and shade of the old one."""

# ruff: noqa: TID253 - only the worker loads this package
from __future__ import annotations

from typing import Any

import numpy as np
from attrs import frozen
from numpy.typing import NDArray
from PIL import Image

from imgedit_local.colours import COLOURS, rgb

from .context import Context
from .oklab import shown, to_lab
from .raster import Floats, array, by_colour, reduced, smoothstep

Ints = NDArray[np.intp]

# The hues that people call so, in degrees of OKLab; some colours have two names.
_HUES: dict[str, tuple[float, float]] = {
    "red": (-15, 36.5),
    "orange": (36.5, 80),
    "brown": (34, 95),
    "yellow": (76, 113),
    "lime": (108, 140),
    "green": (104, 172),
    "turquoise": (165, 218),
    "cyan": (180, 240),
    "blue": (222, 298),
    "purple": (290, 332),
    "magenta": (312, 356),
    "pink": (330, 388),
}
_SAME = {"teal": "turquoise", "violet": "purple", "indigo": "purple", "gold": "yellow",
         "golden": "yellow", "navy": "blue", "crimson": "red", "maroon": "red",
         "lavender": "purple"}  # fmt: skip
_SHADES = ("light", "pale", "dark", "bright", "sky", "royal", "navy")
_GREYS = ("black", "white", "gray", "grey", "silver", "off white")
_ANY = (-1.0, -0.5, 1.5, 2.0)
# How strong a colour has to be, as its strength by its lightness: skin is no orange.
_STRONG = {"orange": (0.11, 0.18), "red": (0.08, 0.16), "yellow": (0.08, 0.15)}
_SMALL = 300
_SOFT = 5.0  # degrees over which a hue goes over into the next
_REACH = 34.0  # and how far what belongs to one colour may lie from its middle


@frozen
class _Kind:
    """What counts as the old colour: hues (from, to) in degrees, lightness and strength.

    `hues` is empty for greys; lightness is none, all, all, none; strength is by lightness, from
    none to all, and for greys the strength at which a colour is no grey any more.
    """

    hues: tuple[tuple[float, float], ...]
    light: tuple[float, float, float, float]
    strength: tuple[float, float] = (0.05, 0.11)


def recolour(image: Image.Image, step: dict[str, Any], _context: Context) -> Image.Image:
    """A step with "from" and "to"; "shade" (-1..1) makes the new colour darker or lighter."""
    old, new = step["from"], step["to"]
    shade = step.get("shade", 0.0)
    kind = _kind(old, to_lab(array(reduced(image, _SMALL)).reshape(-1, 3)))

    def change(colours: Floats) -> Floats:
        lab = to_lab(colours)
        share = _membership(lab, kind)[:, None]
        swapped = shown(_swapped(lab, old, new, shade))
        mixed: Floats = colours + share * (swapped - colours)
        return mixed

    return by_colour(image, change)


def _kind(name: str, lab: Floats) -> _Kind:
    words = name.split()
    base = words[-1].removesuffix("s") if words[-1].removesuffix("s") in COLOURS else words[-1]
    base = _SAME.get(base, base)
    light, _chroma, hue = _polar(name)
    if name in _GREYS or base in _GREYS:
        around = {"black": (-1, -0.5, 0.25, 0.42), "white": (0.82, 0.93, 1.5, 2.0)}
        middle = (0.25, 0.38, 0.8, 0.92)
        if len(words) > 1:
            middle = (light - 0.25, light - 0.15, light + 0.15, light + 0.25)
        return _Kind((), around.get(name, middle), (0.03, 0.055))
    nominal = _HUES.get(base, (hue - 14, hue + 14))
    hues = (nominal,) if name.startswith("#") else _found(lab, nominal)
    if base == "brown":
        return _Kind(hues, (-1.0, -0.5, 0.62, 0.74), (0.06, 0.12))
    if base == "pink":
        return _Kind(hues, (0.45, 0.6, 1.5, 2.0))
    shaded = words[0] in _SHADES or base in ("cream", "beige", "ivory", "peach", "mint")
    near = (light - 0.34, light - 0.2, light + 0.2, light + 0.34) if shaded else _ANY
    return _Kind(hues, near, _STRONG.get(base, (0.05, 0.11)))


def _found(lab: Floats, nominal: tuple[float, float]) -> tuple[tuple[float, float], ...]:
    """The hues, from and to, of what in this picture has such a colour.

    The hues of a picture come in heaps, one for each thing with its light and shade. A heap belongs
    to the colour that its middle has, as a whole: the folds of an orange suit are no red.
    """
    light = np.maximum(lab[:, 0], 0.05)
    chroma = np.hypot(lab[:, 1], lab[:, 2])
    strong = np.clip(chroma / light, 0, 0.3) * (chroma / light > 0.06)
    hue = np.degrees(np.arctan2(lab[:, 2], lab[:, 1])) % 360
    heaps = np.bincount(np.minimum(hue.astype(int), 359), strong, minlength=360)
    bell = np.exp(-((np.arange(-12, 13) / 3.0) ** 2) / 2)
    wide = np.convolve(np.concatenate([heaps[-12:], heaps, heaps[:12]]), bell / bell.sum(), "valid")
    before, after = np.roll(wide, 1), np.roll(wide, -1)
    tops = np.flatnonzero((wide > before) & (wide >= after) & (wide > 0.03 * wide.max()))
    low, high = nominal
    mine = []
    for top in tops:
        at = (top - low) % 360
        if at >= high - low:
            continue
        edges = [_edge(wide, int(top), way, tops) for way in (-1, 1)]
        mine.append((at + low - edges[0], at + low + edges[1]))
    return tuple(mine) or (nominal,)


def _edge(heaps: Floats, top: int, way: int, tops: Ints) -> float:
    """How far from its top a heap reaches: to the lowest place before the next one."""
    lowest, place = heaps[top], 0
    for step in range(1, int(_REACH) + 1):
        at = (top + way * step) % 360
        if at in tops:
            return float(place)
        if heaps[at] < lowest:
            lowest, place = heaps[at], step
    return _REACH


def _membership(lab: Floats, kind: _Kind) -> Floats:
    light = lab[:, 0]
    chroma = np.hypot(lab[:, 1], lab[:, 2])
    share = _between(light, *kind.light)
    if not kind.hues:
        none: Floats = share * (1 - smoothstep(*kind.strength, chroma))
        return none
    # The darkest shades have hardly a hue; a floor keeps noise from being taken for colour.
    share = share * smoothstep(*kind.strength, chroma / np.maximum(light, 0.12))
    hue = np.degrees(np.arctan2(lab[:, 2], lab[:, 1]))
    fits = np.zeros_like(share)
    for low, high in kind.hues:
        half = (high - low) / 2
        off = np.abs((hue - (low + half) + 180) % 360 - 180)
        fits = np.maximum(fits, 1 - smoothstep(half - _SOFT / 2, half + _SOFT, off))
    result: Floats = share * fits
    return result


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
    # Yellow is not yellow in the dark: what is to become much lighter goes further.
    far = 0.5 + 0.3 * float(np.clip((new_light - old_light) / 0.3, 0, 1))
    far = 0.85 if grey_before or grey_after else far
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
