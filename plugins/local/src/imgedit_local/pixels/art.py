"""The whole picture as pencil, oil, watercolour or cartoon."""

# ruff: noqa: TID253 - only the worker loads this package
from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image, ImageFilter

from .context import Context
from .paint import (
    enlarged,
    outlines,
    paper,
    slopes,
    smooth_noise,
    strokes,
    with_detail,
    work_size,
)
from .raster import LUMA, Floats, array, mean, picture, smoothstep, with_alpha_of


def sketch(image: Image.Image, step: dict[str, Any], _context: Context) -> Image.Image:
    """A step with "amount" 0..1: how dark the pencil is; "seed" draws the paper and the strokes."""
    amount = float(step["amount"])
    work = work_size(image)
    grey = work.convert("L")
    light = array(grey)
    low, high = np.percentile(light[::4, ::4], (1, 97))
    light = np.clip((light - low) / max(float(high - low), 0.2), 0, 1)
    unit = min(work.size) / 500
    # Dividing by the surroundings leaves lines: fine ones, and broad soft ones.
    fine = _dodged(light, max(1.0, 1.1 * unit))
    broad = _dodged(light, max(2.0, 5.0 * unit))
    lines = np.minimum(fine ** (0.9 + 1.8 * amount), 1) * broad ** (0.4 + 1.0 * amount)
    tooth = paper(work.size, step.get("seed", 0), max(1.0, unit))
    # Shading: the darker the part, the more of the paper's relief the pencil fills.
    soft = mean(light, max(1, round(2 * unit)))
    depth = (1 - soft) ** 1.7 * (0.42 + 0.5 * amount)
    hatch = _hatching(work.size, step.get("seed", 0), unit)
    shade = 1 - depth * np.clip(0.8 + 0.3 * hatch + 0.2 * tooth, 0, 1.25)
    drawn = lines * shade
    drawn = 0.985 * np.clip(drawn, 0, 1) + 0.012 * tooth * (1 - smoothstep(0.9, 1.0, drawn))
    drawn = 0.13 + 0.87 * np.clip(drawn, 0, 1)  # graphite is grey
    page = enlarged(picture(drawn), image.size)
    return with_alpha_of(page.convert("RGB"), image)


def _dodged(light: Floats, sigma: float) -> Floats:
    blurred = np.asarray(picture(light).filter(ImageFilter.GaussianBlur(sigma)), dtype=np.float32)
    result: Floats = np.minimum((light + 0.02) / (blurred / 255 + 0.02), 1)
    return result


def _hatching(size: tuple[int, int], seed: int, unit: float) -> Floats:
    """Strokes at a slant, about -1..1."""
    width, height = size
    lots = np.random.default_rng(seed + 1)
    side = int(np.hypot(width, height)) + 2
    rows = max(8, round(side / max(1.6, 1.9 * unit)))
    columns = max(4, round(side / (26 * max(1.0, unit))))
    small = Image.fromarray(lots.standard_normal((rows, columns), dtype=np.float32))
    field = small.resize((side, side), Image.Resampling.BICUBIC)
    turned = field.rotate(38, Image.Resampling.BILINEAR)
    left, top = (side - width) // 2, (side - height) // 2
    cut = np.asarray(turned.crop((left, top, left + width, top + height)))
    strokes_at: Floats = np.clip(cut, -1.4, 1.4)
    return strokes_at


def oil(image: Image.Image, step: dict[str, Any], _context: Context) -> Image.Image:
    """A step with "amount" 0..1: how broad the brush is."""
    amount = float(step["amount"])
    work = work_size(image)
    unit = min(work.size) / 500
    values = array(work)
    brush = max(1.5, (0.9 + 3.2 * amount) * unit)
    painted = strokes(strokes(values, brush), max(1.2, brush * 0.6))
    painted = with_detail(painted, values, 1.2 * unit, 0.45)
    # Paint stands up from the canvas: light falls on its relief from the upper left.
    light = painted @ LUMA
    relief = light + 0.055 * _bristles(painted, unit, brush)
    down, across = slopes(relief)
    shine = -(across + down) * (0.9 + 1.4 * amount) / max(1.0, unit**0.5)
    lit = painted + np.clip(shine, -0.12, 0.14)[..., None]
    grey = lit @ LUMA
    lively = grey[..., None] + (lit - grey[..., None]) * (1.1 + 0.25 * amount)
    return with_alpha_of(enlarged(picture(lively), image.size), image)


def _bristles(painted: Floats, unit: float, brush: float) -> Floats:
    """Fine furrows that run along the shapes, about -1..1."""
    height, width = painted.shape[:2]
    light = mean(painted @ LUMA, max(1, round(brush)))
    down, across = slopes(light)
    reach = max(2, round(brush * 1.6))
    xx = mean(np.square(across), reach)
    yy = mean(np.square(down), reach)
    xy = mean(np.multiply(across, down), reach)
    angle = 0.5 * np.arctan2(2 * xy, xx - yy) + np.pi / 2
    lots = np.random.default_rng(7)
    noise = lots.standard_normal((height, width), dtype=np.float32)
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    total = np.zeros_like(noise)
    length = max(3, round(4 * unit + brush))
    step_x, step_y = np.cos(angle), np.sin(angle)
    places = np.linspace(-length, length, 11)
    for at in places:
        y = np.clip(np.rint(rows + at * step_y), 0, height - 1).astype(np.int32)
        x = np.clip(np.rint(columns + at * step_x), 0, width - 1).astype(np.int32)
        total += noise[y, x]
    # Between the places that were looked at lies as much again.
    total = mean(total, max(1, round(length / 12)))
    furrows: Floats = np.clip(total / max(float(total.std()), 1e-6), -2, 2) / 2
    return furrows


def watercolour(image: Image.Image, step: dict[str, Any], _context: Context) -> Image.Image:
    """A step with "amount" 0..1: how broad the washes are; "seed" draws the paper."""
    amount = float(step["amount"])
    seed = step.get("seed", 0)
    work = work_size(image)
    unit = min(work.size) / 500
    values = _wobbled(array(work), seed, unit, amount)
    wash = strokes(values, max(1.5, (1.0 + 4.0 * amount) * unit))
    wash = strokes(wash, max(1.3, (0.8 + 2.4 * amount) * unit))
    wash = with_detail(wash, values, 1.3 * unit, 0.4)
    light = wash @ LUMA
    # Few tones, with soft steps: one wash over another.
    steps = 7 - 2 * amount
    stepped = np.floor(light * steps) + smoothstep(0.25, 0.75, light * steps % 1)
    toned = light + (0.55 + 0.35 * amount) * (np.clip(stepped / steps, 0, 1) - light)
    ratio = (toned + 0.03) / (light + 0.03)
    wash = np.clip(wash * ratio[..., None], 0, 1)
    # Thinned paint lets the paper shine through, and gathers along the rims of a wash.
    wash = 1 - (1 - wash) ** 1.14 * (0.955 - 0.03 * amount)
    soft = mean(light, max(1, round(1.6 * unit)))
    rim = np.clip(mean(soft, max(2, round(3.2 * unit))) - soft, 0, 0.14)
    down, across = slopes(soft)
    edge = np.clip(np.hypot(down, across) * 3.2 * unit, 0, 0.5)
    pigment = smooth_noise(work.size, seed + 3, 38 * unit) * 0.10
    pigment += smooth_noise(work.size, seed + 5, 9 * unit) * 0.05
    pigment += paper(work.size, seed, max(1.0, 1.1 * unit)) * 0.055
    density = 1 + (pigment + 1.6 * rim + 0.55 * edge) * (0.7 + 0.6 * amount)
    line = outlines(values @ LUMA, max(1.0, 0.9 * unit), 0.7)
    painted = np.clip(wash, 0.004, 1) ** density[..., None] * (1 - 0.3 * line)[..., None]
    grey = painted @ LUMA
    lively = grey[..., None] + (painted - grey[..., None]) * 1.22
    sheet = np.array([0.995, 0.985, 0.96], dtype=np.float32)
    return with_alpha_of(enlarged(picture(lively * sheet), image.size), image)


def _wobbled(values: Floats, seed: int, unit: float, amount: float) -> Floats:
    """The picture with edges that waver like a wet brush."""
    height, width = values.shape[:2]
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    reach = (0.8 + 1.6 * amount) * unit
    rows += reach * smooth_noise((width, height), seed + 11, 12 * unit)
    columns += reach * smooth_noise((width, height), seed + 12, 12 * unit)
    y = np.clip(np.rint(rows), 0, height - 1).astype(np.intp)
    x = np.clip(np.rint(columns), 0, width - 1).astype(np.intp)
    wavering: Floats = values[y, x]
    return wavering


def cartoon(image: Image.Image, step: dict[str, Any], _context: Context) -> Image.Image:
    """A step with "amount" 0..1: how few the colours and how heavy the lines are."""
    amount = float(step["amount"])
    work = work_size(image)
    unit = min(work.size) / 500
    values = array(work)
    flat = strokes(values, max(1.4, (1.2 + 3.0 * amount) * unit))
    flat = strokes(flat, max(1.3, (0.9 + 1.8 * amount) * unit))
    light = np.clip(flat @ LUMA, 1e-3, 1)
    steps = 8 - 4 * amount
    at = light * steps
    stepped = (np.floor(at) + smoothstep(0.4, 0.6, at % 1)) / steps
    tone = light + 0.8 * (np.clip(stepped + 0.02, 0, 1) - light)
    toned = flat * ((tone + 0.02) / (light + 0.02))[..., None]
    grey = (toned @ LUMA)[..., None]
    lively = np.clip(grey + (toned - grey) * (1.35 + 0.4 * amount), 0, 1)
    line = outlines(strokes(values, max(1.2, 1.3 * unit)) @ LUMA, max(1.0, 1.0 * unit), 1.0)
    inked = lively * (1 - (0.75 + 0.2 * amount) * line)[..., None]
    return with_alpha_of(enlarged(picture(inked), image.size), image)
