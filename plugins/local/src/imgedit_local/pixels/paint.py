"""What the painted looks are made of: flat areas, brush strokes, outlines and paper."""

# ruff: noqa: TID253 - only the worker loads this package
from __future__ import annotations

import numpy as np
from PIL import Image

from .raster import (
    LUMA,
    Enlarged,
    Floats,
    array,
    by_rows,
    guided,
    mean,
    reduced,
    smoothstep,
)

# Strokes and washes are broad: they are worked out at this size and enlarged.
WORK_PIXELS = 2_000_000


def work_size(image: Image.Image) -> Image.Image:
    """The picture without transparency, as large as a painted look is worked out."""
    scale = (WORK_PIXELS / (image.width * image.height)) ** 0.5
    return reduced(image, max(1, round(max(image.size) * min(1.0, scale))))


def enlarged(work: Image.Image, size: tuple[int, int]) -> Image.Image:
    """What was worked out, at the picture's size."""
    return work if work.size == size else work.resize(size, Image.Resampling.LANCZOS)


def flattened(image: Image.Image, radius: int, smoothness: float) -> Image.Image:
    """The picture with its areas smoothed and its edges kept, without transparency."""
    work = work_size(image)
    values = array(work)
    radius = max(1, round(radius * work.width / image.width))
    light = values @ LUMA
    maps = [guided(light, values[..., channel], radius, smoothness) for channel in range(3)]
    slopes = [Enlarged(slope, image.size) for slope, _offset in maps]
    offsets = [Enlarged(offset, image.size) for _slope, offset in maps]

    def change(rgb: Floats, top: int) -> Floats:
        count = rgb.shape[0]
        light = (rgb @ LUMA) / 255
        parts = [
            slope.rows(top, count) * light + offset.rows(top, count)
            for slope, offset in zip(slopes, offsets, strict=True)
        ]
        return np.stack(parts, axis=2) * 255

    flat = image.convert("RGB")
    return by_rows(flat if flat is not image else flat.copy(), change)


def strokes(values: Floats, radius: float, sharpness: float = 6.0) -> Floats:
    """Every pixel becomes the mean of the calmest of eight neighbourhoods around it.

    That is what a brush does: colour is even inside a shape and never crosses its edge. `values` is
    height x width x 3 in 0..1, `radius` in pixels.
    """
    reach = max(1, round(radius * 0.55))
    smooth = _soft(values, reach)
    light = values @ LUMA
    spread = np.maximum(_soft(light * light, reach) - _soft(light, reach) ** 2, 0)
    weight = (spread + np.float32(4e-4)) ** np.float32(-sharpness / 4)
    # Weighted colours and their weights move together.
    weighted = np.concatenate([smooth * weight[..., None], weight[..., None]], axis=2)
    height, width = values.shape[:2]
    room = round(radius) + 1
    padded = np.pad(weighted, ((room, room), (room, room), (0, 0)), mode="edge")
    sums = np.zeros_like(weighted)
    for turn in range(8):
        angle = np.pi * turn / 4 + 0.2
        left, top = room + round(radius * np.cos(angle)), room + round(radius * np.sin(angle))
        sums += padded[top : top + height, left : left + width]
    total, weights = sums[..., :3], sums[..., 3]
    result: Floats = total / weights[..., None]
    return result


def with_detail(painted: Floats, values: Floats, size: float, share: float) -> Floats:
    """What was painted, with a share of the picture's finest light and dark: eyes, lettering."""
    light = values @ LUMA
    fine = light - _soft(light, max(1, round(2 * size)))
    strong = fine * smoothstep(0.02, 0.10, np.abs(fine))
    result: Floats = painted + (share * strong)[..., None]
    return result


def _soft(values: Floats, reach: int) -> Floats:
    return mean(mean(values, max(1, reach // 2)), max(1, reach - reach // 2))


def slopes(values: Floats) -> tuple[Floats, Floats]:
    """How steeply values rise downwards and to the right."""
    down, across = np.zeros_like(values), np.zeros_like(values)
    if values.shape[0] > 1:
        down = np.gradient(values, axis=0)
    if values.shape[1] > 1:
        across = np.gradient(values, axis=1)
    return down, across


def outlines(light: Floats, width: float, sensitivity: float) -> Floats:
    """1 on the dark side of edges, 0 elsewhere; `light` is height x width in 0..1."""
    near = _blurred(light, width)
    far = _blurred(light, width * 1.6)
    edge = far * np.float32(1.0) - near
    return smoothstep(0.012 / sensitivity, 0.05 / sensitivity, edge)


def _blurred(values: Floats, sigma: float) -> Floats:
    """A blur close to a Gaussian one, in floats."""
    reach = max(1, round(sigma * 1.2))
    return mean(mean(mean(values, reach), reach), max(1, reach // 2))


def paper(size: tuple[int, int], seed: int, coarseness: float) -> Floats:
    """The relief of rough paper around 0, height x width, about -1..1."""
    width, height = size
    lots = np.random.default_rng(seed)
    relief = np.zeros((height, width), dtype=np.float32)
    for scale, weight in ((1.0, 0.5), (2.3, 0.8), (5.0, 0.6)):
        grid = (
            max(2, round(height / (scale * coarseness))),
            max(2, round(width / (scale * coarseness))),
        )
        small = Image.fromarray(lots.standard_normal(grid, dtype=np.float32))
        relief += weight * np.asarray(small.resize(size, Image.Resampling.BICUBIC))
    relief /= max(float(relief.std()) * 2, 1e-6)
    rough: Floats = np.clip(relief, -1.5, 1.5)
    return rough


def smooth_noise(size: tuple[int, int], seed: int, grain: float) -> Floats:
    """Slow random waves, height x width, about -1..1; `grain` is their length in pixels."""
    width, height = size
    lots = np.random.default_rng(seed)
    grid = (max(2, round(height / grain)) + 1, max(2, round(width / grain)) + 1)
    small = Image.fromarray(lots.standard_normal(grid, dtype=np.float32))
    waves = np.asarray(small.resize(size, Image.Resampling.BICUBIC))
    slow: Floats = np.clip(waves, -2, 2) / 1.5
    return slow
