"""Light: tones are changed by curves that keep black and white apart instead of cutting them."""

# ruff: noqa: TID253 - only the worker loads this package
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image, ImageFilter

from .context import Context
from .raster import (
    LUMA,
    Enlarged,
    Floats,
    X,
    array,
    by_colour,
    by_rows,
    colours_of,
    curves,
    encoded,
    guided,
    linear,
    reduced,
    smoothstep,
    with_alpha_of,
)

_SMALL = 640


def brightness(image: Image.Image, step: dict[str, Any], _context: Context) -> Image.Image:
    """A step with "amount" -1..3."""
    amount = step["amount"]
    if amount > 0:
        return curves(image, 1 - (1 - X) ** (1 + 1.4 * amount))
    # Highlights give way last, so that the picture gets darker rather than grey.
    return curves(image, (1 + amount) * X ** (1 - amount / 2))


def exposure(image: Image.Image, step: dict[str, Any], _context: Context) -> Image.Image:
    """A step with "amount": the light is multiplied by 1 + amount."""
    gain = 1 + step["amount"]
    light = linear(X)
    if gain <= 1:
        return curves(image, encoded(gain * light))
    # True up to the knee; above it the curve bends, with the same slope, to reach white at white.
    knee = 0.55
    start = knee / gain
    slope = gain * (1 - start) / (1 - knee)
    rest = np.clip((light - start) / (1 - start), 0, 1)
    bent = knee + (1 - knee) * slope * rest / (1 + (slope - 1) * rest)
    return curves(image, encoded(np.where(light < start, gain * light, bent)))


def contrast(image: Image.Image, step: dict[str, Any], _context: Context) -> Image.Image:
    """A step with "amount" -1..3."""
    amount = step["amount"]
    if amount < 0:
        return curves(image, 0.5 + (X - 0.5) * (1 + amount))
    bend = _bend(1 + amount)
    return curves(image, 0.5 + 0.5 * np.tanh(bend * (2 * X - 1)) / np.tanh(bend))


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


def shadows(image: Image.Image, step: dict[str, Any], _context: Context) -> Image.Image:
    """A step with "amount" -1 (deeper) to 1 (lifted)."""
    amount = np.float32(step["amount"])

    def tone(light: Floats, around: Floats) -> Floats:
        weight = 1 - smoothstep(0.0, 0.62, around)
        if amount > 0:
            lifted: Floats = 1 - (1 - light) ** (1 + 2.0 * amount * weight)
            return lifted
        sunk: Floats = light ** (1 - 1.6 * amount * weight)
        return sunk

    return _by_surroundings(image, tone)


def highlights(image: Image.Image, step: dict[str, Any], _context: Context) -> Image.Image:
    """A step with "amount" -1 (calmer) to 1 (lifted)."""
    amount = np.float32(step["amount"])

    def tone(light: Floats, around: Floats) -> Floats:
        weight = smoothstep(0.42, 0.95, around)
        if amount > 0:
            lifted: Floats = 1 - (1 - light) ** (1 + 1.6 * amount * weight)
            return lifted
        # A factor that is the same for a whole bright part keeps the detail in it.
        # What is burnt out has none and stays bright.
        calmed: Floats = light * (1 + 0.4 * amount * weight * (1 - 0.5 * light**6))
        return calmed

    return _by_surroundings(image, tone)


def _by_surroundings(image: Image.Image, tone: Callable[[Floats, Floats], Floats]) -> Image.Image:
    """Change the light of every pixel by a curve that its surroundings choose.

    The surroundings end at edges, so that nothing dark gets a bright rim.
    """
    small = _seen(array(reduced(image, _SMALL)))
    radius = max(2, max(small.shape) // 20)
    slope, offset = (
        Enlarged(part, image.size) for part in guided(small, small, radius, smoothness=0.012)
    )

    def change(rgb: Floats, top: int) -> Floats:
        light = _seen(rgb) / 255
        count = rgb.shape[0]
        around = slope.rows(top, count) * light + offset.rows(top, count)
        new = tone(np.clip(light, 0, 1), np.clip(around, 0, 1))
        ratio = np.minimum(new / np.maximum(light, np.float32(1 / 255)), 6)
        changed = rgb * ratio[..., None]
        # What would pass the end of the scale goes towards white instead of changing its hue.
        over = np.maximum(changed.max(axis=2) - 255, 0)[..., None]
        paled: Floats = changed + (255 - changed) * (over / (over + 96))
        return paled

    return by_rows(image, change)


def _seen(rgb: Floats) -> Floats:
    """How bright a colour seems: a strong red is no shadow, however little light it gives."""
    seen: Floats = 0.45 * (rgb @ LUMA) + 0.55 * rgb.max(axis=-1)
    return seen


def auto(image: Image.Image, step: dict[str, Any], context: Context) -> Image.Image:
    """A step with "amount" 0..1: how much of what was measured is set right."""
    amount = step["amount"]
    small = array(reduced(image, 512)).reshape(-1, 3)
    light = small @ LUMA
    low, high = np.percentile(light, (0.4, 99.6))
    if high - low < 0.02:
        return image  # a plain surface has nothing to measure
    black = amount * min(float(low), 0.14)
    white = 1 - amount * (1 - max(float(high), 0.72))
    gains = _balance(small, light, amount)
    middle = (float(np.median(light)) - black) / (white - black)
    gamma = np.log(0.46) / np.log(min(max(middle, 0.05), 0.95))
    gamma = float(np.clip(gamma, 0.62, 1.25)) ** (0.55 * amount)
    stretched = [np.clip((X * gain - black) / (white - black), 0, 1) ** gamma for gain in gains]
    image = curves(image, *stretched)
    if np.percentile(light, 25) < 0.2:
        image = shadows(image, {"amount": 0.3 * amount}, context)
    image = by_colour(image, lambda rgb: _livelier(rgb, 0.3 * amount))
    clear = ImageFilter.UnsharpMask(max(image.size) / 60, percent=round(16 * amount), threshold=2)
    fine = ImageFilter.UnsharpMask(max(0.7, min(image.size) / 900), round(35 * amount), 3)
    return with_alpha_of(colours_of(image).filter(clear).filter(fine), image)


def _balance(small: Floats, light: Floats, amount: float) -> Floats:
    """Factors for red, green and blue that make what is nearly grey so; a scene keeps its mood."""
    spread = small.max(axis=1) - small.min(axis=1)
    near = (spread < 0.16) & (light > 0.3) & (light < 0.97)
    if near.mean() < 0.03:
        return np.ones(3)
    tone = small[near].mean(axis=0)
    gains: Floats = np.clip(tone @ LUMA / tone, 0.92, 1.09) ** (0.7 * amount)
    return gains


def _livelier(rgb: Floats, amount: float) -> Floats:
    """More colour where there is little, so that what is strong does not burn out."""
    grey = (rgb @ LUMA)[:, None]
    spread = (rgb.max(axis=1) - rgb.min(axis=1))[:, None]
    factor = 1 + amount * (1 - spread) * smoothstep(0.0, 0.12, spread)
    result: Floats = grey + (rgb - grey) * factor
    return result
