"""Sharpness and texture: blur, noise and its removal, blocks, flat tones, dark corners."""

# ruff: noqa: TID253 - only the worker loads this package
from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image, ImageFilter

from .context import Context
from .paint import flattened
from .raster import (
    FROM_YCC,
    LUMA,
    TO_YCC,
    Floats,
    by_rows,
    colours_of,
    picture,
    smoothstep,
    with_alpha_of,
)

_POSTER_STEPS = 9


def blur(image: Image.Image, step: dict[str, Any], _context: Context) -> Image.Image:
    """A step with "pixels" (a radius) or "amount" 0..1, of 4% of the shorter side."""
    radius = step["pixels"] if "pixels" in step else step["amount"] * 0.04 * min(image.size)
    softened = ImageFilter.GaussianBlur(radius)
    if image.mode == "RGBA":
        # Premultiplied, or the hidden colour of clear pixels would bleed into their neighbours.
        return image.convert("RGBa").filter(softened).convert("RGBA")
    return image.filter(softened)


def sharpen(image: Image.Image, step: dict[str, Any], _context: Context) -> Image.Image:
    """A step with "amount" 0..3."""
    radius = min(max(min(image.size) / 600, 0.8), 3.0)
    mask = ImageFilter.UnsharpMask(radius, percent=round(100 * step["amount"]), threshold=2)
    return with_alpha_of(colours_of(image).filter(mask), image)


def grain(image: Image.Image, step: dict[str, Any], _context: Context) -> Image.Image:
    """A step with "amount" 0..1; "seed" draws it."""
    amount = np.float32(34 * step["amount"])
    width, height = image.size
    size = max(1.0, min(image.size) / 1100)  # of a grain, in pixels
    lots = np.random.default_rng(step.get("seed", 0))
    small = (round(width / size) + 1, round(height / size) + 1)
    noise = lots.standard_normal((small[1], small[0]), dtype=np.float32)
    film = picture(noise / 8 + 0.5).filter(ImageFilter.GaussianBlur(0.55))
    spread = max(float(np.asarray(film, dtype=np.float32)[:400, :400].std()), 1e-3)

    def change(rgb: Floats, top: int) -> Floats:
        rows = rgb.shape[0]
        box = (0.0, top / size, width / size, (top + rows) / size)
        grains = film.resize((width, rows), Image.Resampling.BICUBIC, box=box)
        lot = (np.asarray(grains, dtype=np.float32) - 127.5) / spread
        light = (rgb @ LUMA) / 255
        # Film shows its grain where it is half exposed.
        seen = 0.3 + 0.7 * smoothstep(0.0, 0.4, light) * (1 - 0.8 * smoothstep(0.6, 1.0, light))
        return rgb + (amount * seen * lot)[..., None]

    return by_rows(image, change)


def pixelate(image: Image.Image, step: dict[str, Any], _context: Context) -> Image.Image:
    """A step with "pixels" or "amount" 0..1, of 6% of the shorter side."""
    block = (
        int(step["pixels"]) if "pixels" in step else round(step["amount"] * 0.06 * min(image.size))
    )
    block = max(2, block)
    across, down = -(-image.width // block), -(-image.height // block)
    # Whole blocks all over: what is missing at the far edges repeats the last pixels.
    whole = Image.new(image.mode, (across * block, down * block))
    whole.paste(image)
    for at in range(image.width, whole.width):
        whole.paste(image.crop((image.width - 1, 0, image.width, image.height)), (at, 0))
    last = whole.crop((0, image.height - 1, whole.width, image.height))
    for at in range(image.height, whole.height):
        whole.paste(last, (0, at))
    if image.mode == "RGBA":
        tiny = whole.convert("RGBa").resize((across, down), Image.Resampling.BOX).convert("RGBA")
    else:
        tiny = whole.resize((across, down), Image.Resampling.BOX)
    return tiny.resize(whole.size, Image.Resampling.NEAREST).crop((0, 0, *image.size))


def posterize(image: Image.Image, step: dict[str, Any], _context: Context) -> Image.Image:
    """A step with "levels" or "amount" 0..1."""
    levels = step.get("levels")
    if levels is None:
        levels = max(2, round(2 + (_POSTER_STEPS - 1) * (1 - step["amount"]) ** 1.2))
    calm = flattened(image, radius=max(1, round(min(image.size) / 220)), smoothness=0.004)
    tones = np.float32(levels - 1)
    shades = np.float32(max(3.0, 1.6 * levels))

    def change(rgb: Floats, _top: int) -> Floats:
        # Steps of light and of colour apart: a grey stays grey and a hue keeps to itself.
        ycc = (rgb / 255) @ TO_YCC.T
        ycc[..., 0] = np.rint(ycc[..., 0] * tones) / tones
        ycc[..., 1:] = np.rint(ycc[..., 1:] * shades) / shades * np.float32(1.15)
        return ycc @ FROM_YCC.T * 255

    return with_alpha_of(by_rows(calm, change), image)


def vignette(image: Image.Image, step: dict[str, Any], _context: Context) -> Image.Image:
    """A step with "amount" 0..1."""
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
        lot = noise.random(factor.shape, dtype=np.float32) - 0.5
        lot *= fall > 0
        return rgb * factor[..., None] + lot[..., None]

    return by_rows(image, change)
