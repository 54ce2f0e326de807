"""Colour: its temperature, strength, tone, and one colour in the place of another."""

# ruff: noqa: TID253 - only the worker loads this package
from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image

from imgedit_local.colours import rgb as rgb_of

from .context import Context
from .raster import LUMA, Floats, X, by_colour, by_rows, curves, lightness, smoothstep

_FILTERS = {
    "red": ((0.62, 0.30, 0.08), 0.12),
    "yellow": ((0.42, 0.52, 0.06), 0.06),
    "green": ((0.12, 0.80, 0.08), 0.0),
    "blue": ((0.08, 0.28, 0.64), -0.06),
}


def warmth(image: Image.Image, step: dict[str, Any], _context: Context) -> Image.Image:
    """A step with "amount" -1 (cooler) to 1 (warmer)."""
    amount = step["amount"]
    strength = abs(amount)
    lifted = 1 - (1 - X) ** (1 + 0.45 * strength)
    lowered = (1 - 0.25 * strength) * X ** (1 + 0.45 * strength)
    if amount > 0:
        return curves(image, lifted, X, lowered)
    # Without a little less green, skin would turn green rather than pale.
    return curves(image, lowered, X ** (1 + 0.15 * strength), lifted)


def saturation(image: Image.Image, step: dict[str, Any], _context: Context) -> Image.Image:
    """A step with "amount" from -1 (no colour) on."""
    factor = np.float32(1 + step["amount"])

    def change(rgb: Floats, _top: int) -> Floats:
        grey = (rgb @ LUMA)[..., None]
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

    return by_rows(image, change)


def grayscale(image: Image.Image, step: dict[str, Any], _context: Context) -> Image.Image:
    """A step with maybe "filter", the name of a coloured glass before the lens."""
    if "filter" not in step:
        return by_rows(image, lambda rgb, _top: np.repeat(lightness(rgb), 3, axis=2))
    weights, bend = _FILTERS[step["filter"]]
    mix = np.array(weights, dtype=np.float32)

    def change(rgb: Floats, _top: int) -> Floats:
        grey = (rgb @ mix)[..., None] / 255
        grey = grey + bend * np.sin(2 * np.pi * (grey - 0.5)) / 2
        return np.repeat(grey * 255, 3, axis=2)

    return by_rows(image, change)


def sepia(image: Image.Image, step: dict[str, Any], _context: Context) -> Image.Image:
    """A step with "amount" 0..1."""
    amount = np.float32(step["amount"])
    tone = np.array([0.82, 1.0, 1.32], dtype=np.float32)
    paper = np.array([255.0, 249.0, 232.0], dtype=np.float32)

    def change(rgb: Floats, _top: int) -> Floats:
        toned = (lightness(rgb) / 255) ** tone * paper
        return rgb + amount * (toned - rgb)

    return by_rows(image, change)


def tint(image: Image.Image, step: dict[str, Any], _context: Context) -> Image.Image:
    """A step with "amount" 0..1 and "colour" "#rrggbb"."""
    amount = np.float32(step["amount"])
    colour = np.array(rgb_of(step["colour"]), dtype=np.float32)
    # From black through the colour, where its own lightness lies, to white.
    middle = float(np.clip(lightness(colour[None, None])[0, 0, 0] / 255, 0.2, 0.8))
    tones = np.stack(
        [np.interp(X, (0, middle, 1), (0, part, 255)) for part in colour], axis=1
    ).astype(np.float32)

    def change(rgb: Floats, _top: int) -> Floats:
        toned = tones[np.clip(lightness(rgb)[..., 0], 0, 255).astype(np.uint8)]
        return rgb + amount * (toned - rgb)

    return by_rows(image, change)


def vintage(image: Image.Image, step: dict[str, Any], context: Context) -> Image.Image:
    """A step with "amount" 0..1; "seed" draws the grain."""
    from .texture import grain, vignette

    amount = float(step["amount"])
    image = by_colour(image, lambda rgb: rgb + amount * (_faded(rgb) - rgb))
    image = vignette(image, {"amount": 0.38 * amount}, context)
    return grain(image, {"amount": 0.22 * amount, "seed": step.get("seed", 0)}, context)


def _faded(rgb: Floats) -> Floats:
    grey = (rgb @ LUMA)[:, None]
    muted = grey + (rgb - grey) * 0.72
    curved = muted + 0.07 * np.sin(2 * np.pi * (muted - 0.5))
    # Blacks that have risen, a little blue; whites that have yellowed.
    black = np.array([0.115, 0.085, 0.115], dtype=np.float32)
    white = np.array([0.985, 0.955, 0.865], dtype=np.float32)
    faded = black + curved * (white - black)
    warm = np.array([0.035, 0.012, -0.03], dtype=np.float32)
    result: Floats = faded + warm * smoothstep(0.15, 0.6, grey) * (1 - smoothstep(0.75, 1.0, grey))
    return result
