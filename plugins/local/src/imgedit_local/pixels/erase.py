"""Filling the masked part from what surrounds it, with pieces of the rest of the picture.

It is done coarsely on a small copy first and then finer and finer (after Wexler et al., 2007); how
a piece is found stands in `patchmatch`.
"""

# ruff: noqa: TID253 - only the worker loads this package
from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image

from .context import Context
from .patchmatch import Bools, Canvas, Ints, better_places, copied, legal, sources_of, voted
from .raster import Floats, array, colours_of, mean, picture, with_alpha_of

_SEARCHED = 16_000  # pixels of a hole up to which pieces are looked for; finer, they are enlarged
_SMALLEST = 40  # pixels of the shorter side of the coarsest copy
_MOST_PIXELS = 8_000_000
_MOST = 0.09  # by how much the light of a filling is fitted to its rim


def erase(image: Image.Image, step: dict[str, Any], context: Context) -> Image.Image:
    """Fill what the context's mask marks, in greys too; they blend when the mask is applied.

    Raises:
        imgedit.errors.ImageRejected: there is no mask, or it marks nothing or nearly everything.
    """
    from imgedit.errors import ImageRejected

    box = context.mask.getbbox() if context.mask is not None else None
    if context.mask is None or box is None:
        raise ImageRejected(
            "there is no masked part to erase", hint="Paint what is to go white in the mask."
        )
    box = _around(box, image.size)
    inside = np.asarray(context.mask.crop(box)) > 0
    if inside.mean() > 0.9:
        raise ImageRejected(
            "the mask leaves too little of the picture to fill the masked part from",
            hint="Mask only what is to go.",
        )
    piece = _piece(colours_of(image).crop(box), inside, int(step.get("seed", 0)))
    result = colours_of(image)
    result.paste(piece, box[:2], Image.fromarray(inside))
    return with_alpha_of(result, image)


def _piece(part: Image.Image, inside: Bools, seed: int) -> Image.Image:
    """The part of the picture with its hole filled; a very large one more coarsely."""
    scale = (_MOST_PIXELS / (part.width * part.height)) ** 0.5
    if scale >= 1:
        return picture(_filled(array(part), inside, seed))
    size = (max(1, round(part.width * scale)), max(1, round(part.height * scale)))
    hole = Image.fromarray(inside).convert("L").resize(size, Image.Resampling.BOX)
    small = part.resize(size, Image.Resampling.BOX)
    filled = picture(_filled(array(small), np.asarray(hole) > 0, seed))
    return filled.resize(part.size, Image.Resampling.LANCZOS)


def _around(box: tuple[int, int, int, int], size: tuple[int, int]) -> tuple[int, int, int, int]:
    """The part of the picture that is looked at: the hole and its surroundings."""
    left, top, right, bottom = box
    reach = max(64, round(1.4 * max(right - left, bottom - top)))
    return (
        max(0, left - reach),
        max(0, top - reach),
        min(size[0], right + reach),
        min(size[1], bottom + reach),
    )


def _filled(values: Floats, hole: Bools, seed: int) -> Floats:
    lots = np.random.default_rng(seed)
    levels = [Canvas(values, hole)]
    while min(levels[-1].hole.shape) > 2 * _SMALLEST:
        smaller = _halved(levels[-1])
        if smaller.hole.mean() > 0.8:
            break
        levels.append(smaller)
    found: Ints | None = None
    before: Canvas | None = None
    for level in reversed(levels):
        _start(level, before)
        found = _fill(level, found, before, lots)
        before = level
    assert found is not None
    _fit(levels[0], found)
    return levels[0].values


def _halved(level: Canvas) -> Canvas:
    """Half the size; a pixel belongs to the hole when any of its four did."""
    height, width = (side // 2 * 2 for side in level.hole.shape)
    hole: Bools = level.hole[:height, :width].reshape(height // 2, 2, width // 2, 2)
    weight = (~hole).astype(np.float32)[..., None]
    values = level.values[:height, :width].reshape(height // 2, 2, width // 2, 2, 3)
    total = (values * weight).sum(axis=(1, 3))
    return Canvas(total / np.maximum(weight.sum(axis=(1, 3)), 1), np.asarray(hole.any(axis=(1, 3))))


def _start(level: Canvas, before: Canvas | None) -> None:
    """A first filling: the coarser one enlarged, or what diffuses from the rim."""
    height, width = level.hole.shape
    if before is None:
        level.values = _diffused(level.values, ~level.hole)
        return
    rows = np.minimum(np.arange(height) // 2, before.hole.shape[0] - 1)
    columns = np.minimum(np.arange(width) // 2, before.hole.shape[1] - 1)
    level.values[level.hole] = before.values[rows][:, columns][level.hole]


def _diffused(values: Floats, known: Bools) -> Floats:
    """The values, with the unknown ones between their known surroundings."""
    height, width = known.shape
    if known.all() or min(height, width) < 2 or not known.any():
        return values
    weight = np.pad(known.astype(np.float32), ((0, height % 2), (0, width % 2)))[..., None]
    padded = np.pad(values, ((0, height % 2), (0, width % 2), (0, 0))) * weight
    shape = (padded.shape[0] // 2, 2, padded.shape[1] // 2, 2, -1)
    share = weight.reshape(shape).sum(axis=(1, 3))
    small = padded.reshape(shape).sum(axis=(1, 3)) / np.maximum(share, 1)
    small = _diffused(small, share[..., 0] > 0)
    large = np.repeat(np.repeat(small, 2, axis=0), 2, axis=1)[:height, :width]
    result = np.where(known[..., None], values, large)
    for _ in range(4):
        result = np.where(known[..., None], values, mean(result, 1))
    return result


def _fill(level: Canvas, found: Ints | None, before: Canvas | None, lots: Any) -> Ints:
    """Fill the level; return for every pixel of it where its colour comes from (row, column)."""
    height, width = level.hole.shape
    allowed, sources = sources_of(level.hole)
    where = np.argwhere(level.hole)
    if found is None or before is None:
        places = sources[lots.integers(0, len(sources), len(where))]
    else:
        coarse = np.minimum(where // 2, np.array(before.hole.shape) - 1)
        places = 2 * found[coarse[:, 0], coarse[:, 1]] + where % 2
    field: Ints = np.indices((height, width), dtype=np.intp).transpose(1, 2, 0).copy()
    field[where[:, 0], where[:, 1]] = legal(places, allowed, sources)
    if len(where) <= _SEARCHED:
        trust = level.trust()
        for _ in range(10 if found is None else 3):
            better_places(level, field, where, allowed, trust, lots, thorough=found is None)
            voted(level, field, where, trust)
    copied(level, field, where)
    return field


def _fit(level: Canvas, field: Ints) -> None:
    """Let the light of the filling change slowly from that of its rim, so that no seam is seen.

    Where a piece touches the rim, what lies beyond the seam in its own place is known; the
    difference to what is there now spreads inwards.
    """
    height, width = level.hole.shape
    where = np.argwhere(level.hole)
    low, high = where.min(axis=0), where.max(axis=0) + 1
    total = np.zeros((*(high - low), 3), dtype=np.float32)
    count = np.zeros(tuple(high - low), dtype=np.float32)
    for step in ((0, 1), (1, 0), (0, -1), (-1, 0)):
        outside = where + step
        fits: Bools = np.asarray(((outside >= 0) & (outside < (height, width))).all(axis=1))
        fits[fits] = ~level.hole[outside[fits, 0], outside[fits, 1]]
        rim, outside = where[fits], outside[fits]
        place = np.clip(field[rim[:, 0], rim[:, 1]] + step, 0, (height - 1, width - 1))
        apart = level.values[outside[:, 0], outside[:, 1]] - level.values[place[:, 0], place[:, 1]]
        total[rim[:, 0] - low[0], rim[:, 1] - low[1]] += apart
        count[rim[:, 0] - low[0], rim[:, 1] - low[1]] += 1
    seam = count > 0
    share = np.maximum(mean(seam.astype(np.float32), 6), 1e-6)[..., None]
    apart = np.clip(total / np.maximum(count, 1)[..., None], -_MOST, _MOST)
    apart = mean(apart, 6) / share * seam[..., None]
    inside = level.hole[low[0] : high[0], low[1] : high[1]]
    spread = _diffused(apart, seam | ~inside)
    level.values[low[0] : high[0], low[1] : high[1]] += spread * inside[..., None]
