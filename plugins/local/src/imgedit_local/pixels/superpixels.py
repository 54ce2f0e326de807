"""A picture as a few hundred patches of one colour, and which of them touch."""

# ruff: noqa: TID253 - only the worker loads this package
from __future__ import annotations

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from .raster import Floats

Ints = NDArray[np.intp]

_ROUNDS = 6


@frozen(eq=False)
class Patches:
    """`labels` (height x width) names the patch of every pixel; the others have a row per patch.

    `colour` is the mean OKLab, `place` the middle as fractions of width and height, `area` the
    number of pixels, `border` how many of them lie on the picture's border. `pairs` are the patches
    that touch, each pair once, and `contact` says along how many pixels.
    """

    labels: Ints
    colour: Floats
    place: Floats
    area: Floats
    border: Floats
    pairs: Ints
    contact: Floats


def patches(lab: Floats, count: int, closeness: float = 0.10) -> Patches:
    """About `count` patches of an OKLab picture; a larger `closeness` makes them more compact."""
    height, width = lab.shape[:2]
    side = (height * width / count) ** 0.5
    rows, columns = max(1, round(height / side)), max(1, round(width / side))
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    row = np.minimum((y * rows / height).astype(np.intp), rows - 1)
    column = np.minimum((x * columns / width).astype(np.intp), columns - 1)
    features = np.concatenate(
        [lab, (x * (closeness / side))[..., None], (y * (closeness / side))[..., None]], axis=2
    ).reshape(-1, 5)
    labels = (row * columns + column).reshape(-1)
    total = rows * columns
    for _ in range(_ROUNDS):
        middle, _area = _means(features, labels, total)
        best = np.full(labels.shape, np.inf, dtype=np.float32)
        chosen = labels.copy()
        # Every pixel looks at the patches of the cells around its own.
        for down in (-1, 0, 1):
            for across in (-1, 0, 1):
                near = np.clip(row + down, 0, rows - 1) * columns
                near = (near + np.clip(column + across, 0, columns - 1)).reshape(-1)
                distance = ((features - middle[near]) ** 2).sum(axis=1)
                closer = distance < best
                best = np.where(closer, distance, best)
                chosen = np.where(closer, near, chosen)
        labels = chosen
    _names, labels = np.unique(labels, return_inverse=True)
    return _described(lab, labels.reshape(height, width), x / width, y / height)


def _means(features: Floats, labels: Ints, total: int) -> tuple[Floats, Floats]:
    area = np.bincount(labels, minlength=total).astype(np.float32)
    sums = [np.bincount(labels, column, minlength=total) for column in features.T]
    means = np.stack(sums, axis=1) / np.maximum(area, 1)[:, None]
    means[area == 0] = np.inf  # a patch that has lost all its pixels wins none back
    return means.astype(np.float32), area


def _described(lab: Floats, labels: Ints, x: Floats, y: Floats) -> Patches:
    total = int(labels.max()) + 1
    flat = labels.reshape(-1)
    features = np.concatenate([lab, x[..., None], y[..., None]], axis=2).reshape(-1, 5)
    middle, area = _means(features, flat, total)
    rim = np.concatenate([labels[0], labels[-1], labels[1:-1, 0], labels[1:-1, -1]])
    touching = np.concatenate(
        [
            np.stack([labels[:, :-1].reshape(-1), labels[:, 1:].reshape(-1)], axis=1),
            np.stack([labels[:-1].reshape(-1), labels[1:].reshape(-1)], axis=1),
        ]
    )
    touching = np.sort(touching[touching[:, 0] != touching[:, 1]], axis=1)
    codes, contact = np.unique(touching[:, 0] * total + touching[:, 1], return_counts=True)
    return Patches(
        labels=labels,
        colour=middle[:, :3],
        place=middle[:, 3:],
        area=area,
        border=np.bincount(rim, minlength=total).astype(np.float32),
        pairs=np.stack([codes // total, codes % total], axis=1),
        contact=contact.astype(np.float32),
    )
