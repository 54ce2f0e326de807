"""Finding, for every pixel of a hole, the place outside whose neighbourhood resembles its own.

A place that is good for one pixel is good, a step further, for the next; and some are tried at
random (after Barnes et al., PatchMatch, 2009). All pixels of the hole do so at once.
"""

# ruff: noqa: TID253 - only the worker loads this package
from __future__ import annotations

from typing import Any

import numpy as np
from attrs import define
from numpy.typing import NDArray

from .raster import Floats, mean

Bools = NDArray[np.bool_]
Ints = NDArray[np.intp]

_HALF = 2  # a neighbourhood is 5 x 5 pixels
_ALL = np.array(
    [(y, x) for y in range(-_HALF, _HALF + 1) for x in range(-_HALF, _HALF + 1)], dtype=np.intp
)

# A place far away has to be a little better than one near by.
_DISTANCE = 0.35


@define
class Canvas:
    """A copy of the picture at one size: `values` (height x width x 3) and the `hole` in it."""

    values: Floats
    hole: Bools

    def trust(self) -> Floats:
        """1 outside the hole, and less the deeper a pixel lies in it."""
        trust: Floats = np.ones(self.hole.shape, dtype=np.float32)
        rest, value = self.hole, 1.0
        while rest.any() and value > 0.08:
            value *= 0.8
            trust[rest] = value
            rest = rest & (mean(rest.astype(np.float32), 1) > 0.999)
        return trust


def sources_of(hole: Bools) -> tuple[Bools, Ints]:
    """Where a neighbourhood is whole and outside the hole: as a map and as places."""
    height, width = hole.shape
    near = mean(hole.astype(np.float32), _HALF) > 1e-6
    near[:_HALF] = near[max(0, height - _HALF) :] = True
    near[:, :_HALF] = near[:, max(0, width - _HALF) :] = True
    allowed = ~near if not near.all() else ~hole
    return allowed, np.argwhere(allowed)


def legal(places: Ints, allowed: Bools, sources: Ints) -> Ints:
    """The places, or for those that may not be taken others near by."""
    inside = np.clip(places, 0, np.array(allowed.shape) - 1)
    wrong = ~allowed[inside[:, 0], inside[:, 1]]
    width = allowed.shape[1]
    # The next place in reading order is usually next door.
    order = np.searchsorted(
        sources[:, 0] * width + sources[:, 1], inside[wrong, 0] * width + inside[wrong, 1]
    )
    inside[wrong] = sources[np.minimum(order, len(sources) - 1)]
    return inside


class _Neighbourhoods:
    """Comparing the neighbourhoods of the hole's pixels with others."""

    def __init__(self, canvas: Canvas, where: Ints, trust: Floats) -> None:
        padding = ((_HALF, _HALF), (_HALF, _HALF), (0, 0))
        padded = np.pad(canvas.values, padding, mode="edge")
        trusted = np.pad(trust, _HALF, constant_values=0)
        self._stride = padded.shape[1]
        self._values = padded.reshape(-1, 3)
        self._steps = _ALL[:, 0] * self._stride + _ALL[:, 1]
        self._where = where
        self._own = self._values[self._at(where)]
        weight = trusted.reshape(-1)[self._at(where)]
        self._weight = weight / np.maximum(weight.sum(axis=1, keepdims=True), 1e-6)
        self._scale = np.float32(_DISTANCE / max(canvas.hole.shape) / 10)

    def _at(self, places: Ints) -> Ints:
        middle = (places[:, 0] + _HALF) * self._stride + places[:, 1] + _HALF
        result: Ints = middle[:, None] + self._steps
        return result

    def cost(self, which: Ints, places: Ints) -> Floats:
        """How little the places resemble these pixels (indices into the hole's)."""
        apart = self._own[which] - self._values[self._at(places)]
        alike = np.einsum("ijk,ijk,ij->i", apart, apart, self._weight[which])
        way = np.abs(places - self._where[which]).sum(axis=1)
        result: Floats = alike + self._scale * way
        return result


def better_places(
    canvas: Canvas,
    field: Ints,
    where: Ints,
    allowed: Bools,
    trust: Floats,
    lots: Any,
    *,
    thorough: bool,
) -> None:
    """Improve `field` (height x width x 2) for the hole's pixels `where`."""
    height, width = canvas.hole.shape
    around = _Neighbourhoods(canvas, where, trust)
    best = field[where[:, 0], where[:, 1]]
    cost = around.cost(np.arange(len(where)), best)

    def consider(tried: Ints) -> None:
        fits = (tried >= 0).all(axis=1) & (tried < (height, width)).all(axis=1)
        fits &= (tried != best).any(axis=1)
        which = np.flatnonzero(fits)
        which = which[allowed[tried[which, 0], tried[which, 1]]]
        new = around.cost(which, tried[which])
        better = new < cost[which]
        which = which[better]
        cost[which] = new[better]
        best[which] = tried[which]
        field[where[which, 0], where[which, 1]] = tried[which]

    for reach in (8, 4, 2, 1) if thorough else (2, 1):
        for way in ((0, reach), (reach, 0), (0, -reach), (-reach, 0)):
            beside = np.clip(where + np.array(way), 0, (height - 1, width - 1))
            consider(field[beside[:, 0], beside[:, 1]] - (beside - where))
    radius = max(height, width) if thorough else 6
    while radius >= 1:
        for _ in range(3 if thorough else 1):
            consider(best + lots.integers(-radius, radius + 1, best.shape))
        radius //= 2


def voted(canvas: Canvas, field: Ints, where: Ints, trust: Floats) -> None:
    """Give the hole's pixels the mean of what the neighbourhoods they are in say."""
    edge = np.array(canvas.hole.shape) - 1
    total = np.zeros((len(where), 3), dtype=np.float32)
    weight = np.zeros((len(where), 1), dtype=np.float32)
    for offset in _ALL:
        beside = np.clip(where + offset, 0, edge)
        place = np.clip(field[beside[:, 0], beside[:, 1]] - (beside - where), 0, edge)
        known = ~canvas.hole[place[:, 0], place[:, 1], None]
        trusted = known * trust[beside[:, 0], beside[:, 1], None]
        total += trusted * canvas.values[place[:, 0], place[:, 1]]
        weight += trusted
    old = canvas.values[where[:, 0], where[:, 1]]
    mixed = np.where(weight > 0, total / np.maximum(weight, 1e-6), old)
    canvas.values[where[:, 0], where[:, 1]] = mixed


def copied(canvas: Canvas, field: Ints, where: Ints) -> None:
    """Give each of the hole's pixels the colour of its own place, so that nothing stays soft."""
    places = field[where[:, 0], where[:, 1]]
    canvas.values[where[:, 0], where[:, 1]] = canvas.values[places[:, 0], places[:, 1]]
