"""How likely each patch of a picture belongs to its subject, from nothing but colours and places.

What is joined to the border by small steps of colour is background; the subject is what differs
from it, weighed by nearness, and a smooth solution is found for all patches at once. (The idea is
that of robust background detection, Zhu et al., CVPR 2014.)
"""

# ruff: noqa: TID253 - only the worker loads this package
from __future__ import annotations

import numpy as np

from .raster import Floats
from .superpixels import Patches

# Distances of OKLab, in which neighbouring shades are about 0.02 apart.
_ALIKE = 0.07
_STEP = 0.02
_NEAR = 0.30


def saliency(found: Patches) -> Floats:
    """0 (background) to 1 (subject) for every patch."""
    count = len(found.area)
    apart = np.linalg.norm(found.colour[:, None] - found.colour[None], axis=2)
    steps = np.full((count, count), np.inf, dtype=np.float32)
    np.fill_diagonal(steps, 0)
    first, second = found.pairs.T
    small = np.maximum(apart[first, second] - _STEP, 0)
    steps[first, second] = steps[second, first] = small
    # All parts of the border are neighbours: a subject in front divides what is behind it.
    rim = np.flatnonzero(found.border > 0)
    across = np.maximum(apart[np.ix_(rim, rim)] - _STEP, 0)
    steps[np.ix_(rim, rim)] = np.minimum(steps[np.ix_(rim, rim)], across)
    for middle in range(count):
        np.minimum(steps, steps[:, middle, None] + steps[None, middle], out=steps)
    reach = np.exp(-(steps**2) / (2 * (0.5 * _ALIKE) ** 2))
    span = reach @ found.area
    length = reach @ found.border
    joined = length / np.sqrt(span)
    background = 1 - np.exp(-(joined**2) / 2)
    between = np.linalg.norm(found.place[:, None] - found.place[None], axis=2)
    near = np.exp(-(between**2) / (2 * _NEAR**2))
    contrast = ((apart * near * background[None]) * found.area[None]).sum(axis=1)
    contrast /= max(float(np.percentile(contrast, 98)), 1e-6)
    middle_weight = np.exp(-(((found.place - 0.5) ** 2).sum(axis=1)) / (2 * 0.38**2))
    subject = np.clip(contrast, 0, 1) * (0.35 + 0.65 * middle_weight)
    return _smoothed(found, apart, background, subject)


def _smoothed(found: Patches, apart: Floats, background: Floats, subject: Floats) -> Floats:
    """The values that agree best with both guesses and differ least between alike neighbours."""
    count = len(found.area)
    first, second = found.pairs.T
    weight = np.exp(-(apart[first, second] ** 2) / (2 * _ALIKE**2)) + 0.05
    bonds = np.zeros((count, count))
    bonds[first, second] = bonds[second, first] = weight
    matrix = np.diag(bonds.sum(axis=1) + background + subject) - bonds
    values = np.linalg.solve(matrix + 1e-6 * np.eye(count), subject)
    values -= values.min()
    result: Floats = (values / max(float(values.max()), 1e-9)).astype(np.float32)
    return result
