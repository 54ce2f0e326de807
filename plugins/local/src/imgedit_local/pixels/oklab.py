"""Colours as the eye compares them: OKLab's lightness, and its two axes of colour."""

# ruff: noqa: TID253 - only the worker loads this package
from __future__ import annotations

import numpy as np

from .raster import Floats, encoded, linear

# Björn Ottosson's published matrices.
_TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    dtype=np.float32,
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ],
    dtype=np.float32,
)
_FROM_LAB = np.linalg.inv(_TO_LAB.astype(np.float64)).astype(np.float32)
_FROM_CONES = np.linalg.inv(_TO_CONES.astype(np.float64)).astype(np.float32)


def to_lab(rgb: Floats) -> Floats:
    """OKLab (lightness 0..1, a, b) of sRGB values 0..1 in the last axis."""
    lab: Floats = np.cbrt(linear(rgb) @ _TO_CONES.T) @ _TO_LAB.T
    return lab


def from_lab(lab: Floats) -> Floats:
    """sRGB values of OKLab; beyond 0..1 where no screen has the colour."""
    light = (lab @ _FROM_LAB.T) ** 3 @ _FROM_CONES.T
    return encoded(light)


def shown(lab: Floats) -> Floats:
    """sRGB values 0..1 of OKLab: a colour no screen has gets paler, not different."""
    low = np.zeros(lab.shape[:-1], dtype=np.float32)
    high = np.ones_like(low)
    for _ in range(10):
        middle = (low + high) / 2
        rgb = _paler(lab, middle)
        fits = ((rgb >= -1e-3) & (rgb <= 1.001)).all(axis=-1)
        low, high = np.where(fits, middle, low), np.where(fits, high, middle)
    whole = from_lab(lab)
    fits = ((whole >= -1e-3) & (whole <= 1.001)).all(axis=-1, keepdims=True)
    rgb = np.where(fits, whole, _paler(lab, low))
    return np.clip(rgb, 0, 1)


def _paler(lab: Floats, factor: Floats) -> Floats:
    scaled = lab.copy()
    scaled[..., 1:] *= factor[..., None]
    return from_lab(scaled)
