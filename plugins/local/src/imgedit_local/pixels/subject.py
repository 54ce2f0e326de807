"""Where the subject of a picture is, as a map of how much of each pixel belongs to it.

A first guess comes from `saliency`. Then the colours of subject and background are learned from it
and the border is drawn where it costs least, in turns; with OpenCV installed, GrabCut goes over
that last part, pixel by pixel.
"""

# ruff: noqa: TID253 - only the worker loads this package
from __future__ import annotations

from importlib import import_module
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .context import Context
from .cut import cut
from .oklab import to_lab
from .raster import (
    LUMA,
    Bytes,
    Enlarged,
    Floats,
    array,
    colours_of,
    guided,
    mean,
    picture,
    reduced,
    smoothstep,
)
from .saliency import saliency
from .superpixels import Patches, patches

_GUESS = 360  # pixels of the longer side at which the subject is looked for
_CUT = 560  # at which GrabCut divides it
_FINE = 900  # and at which its edge is found
_LEAST = 8  # of a smaller picture nothing can be said
_PATCHES = 420
_COLOURS = 5
_ROUNDS = 4
_HINT = "pip install imgedit-local[cv] finds its edges better"


def subject(image: Image.Image, context: Context) -> Image.Image:
    """An 8-bit map of the picture's size: 255 = subject, 0 = background.

    A picture that has transparent parts says itself what its subject is.

    Raises:
        imgedit.errors.ImageRejected: nothing stands out from the background.
    """
    if image.mode == "RGBA":
        alpha = image.getchannel("A")
        if np.mean(np.asarray(alpha) < 128) > 0.02:
            return alpha
    if min(image.size) < _LEAST:
        _nothing()
    small = reduced(image, _GUESS)
    guess, chosen = _guessed(small)
    refined = _grabcut(image, guess, chosen)
    if refined is None:
        context.warn(f"the subject was found by its colours and may be cut roughly: {_HINT}")
        refined = chosen
    share = float(refined.mean())
    if not 0.004 < share < 0.985:
        _nothing()
    return _matte(image, refined)


def _nothing() -> NoReturn:
    from imgedit.errors import ImageRejected

    raise ImageRejected(
        "nothing stands out from the background of the picture",
        hint="Edit a picture whose subject differs from what is behind it.",
    )


def _guessed(small: Image.Image) -> tuple[Floats, NDArray[np.bool_]]:
    """The likelihood of being subject and the first border, at the size of `small`."""
    values = array(small)
    found = patches(to_lab(values), _PATCHES)
    guess = saliency(found)
    focus = _focus(values, found)
    if focus is not None:
        guess = np.clip(guess + 0.7 * focus, 0, 1)
    chosen = _parted(found, guess)
    return guess[found.labels], _tidy(chosen[found.labels])


def _focus(values: Floats, found: Patches) -> Floats | None:
    """-1 (blurred) to 1 (sharp) for every patch; None when the whole picture is alike.

    A lens that blurs what is behind the subject says where it is.
    """
    light = values @ LUMA
    fine = np.abs(light - mean(light, 1))
    detail = np.sqrt(mean(fine, 4))
    per_patch = np.bincount(found.labels.reshape(-1), detail.reshape(-1)) / found.area
    rim = found.border > 0
    inside = np.hypot(*(found.place - 0.5).T) < 0.28
    if not inside.any() or not rim.any():
        return None
    middle = np.average(per_patch[inside], weights=found.area[inside])
    around = np.average(per_patch[rim], weights=found.border[rim])
    if middle < 1.35 * around:
        return None
    between = (middle + around) / 2
    result: Floats = np.clip((per_patch - between) / max(middle - around, 1e-6), -1, 1)
    return result


def _parted(found: Patches, guess: Floats) -> NDArray[np.bool_]:
    """Subject or background for every patch."""
    weights = found.area / found.area.mean()
    bar = _threshold(guess, found.area)
    chosen = guess > bar
    prior = np.clip((guess - bar) / max(1 - bar, bar), -1, 1)
    first, second = found.pairs.T
    apart = ((found.colour[first] - found.colour[second]) ** 2).sum(axis=1)
    scale = 2 * float(np.average(apart, weights=found.contact)) + 1e-6
    bonds = 1.6 * found.contact / found.contact.mean() * (np.exp(-apart / scale) + 0.03)
    features = np.concatenate([found.colour, 0.12 * found.place], axis=1)
    for _ in range(_ROUNDS):
        if not chosen.any() or chosen.all():
            break
        like_subject = _likelihood(features, chosen, found.area)
        like_background = _likelihood(features, ~chosen, found.area)
        lean = np.clip(like_subject - like_background, -4, 4) * 0.5 + 2.2 * prior
        lean = lean * np.minimum(weights, 2)
        again = cut(np.maximum(-lean, 0), np.maximum(lean, 0), found.pairs, bonds)
        if (again == chosen).all():
            break
        chosen = again
    return chosen


def _threshold(guess: Floats, area: Floats) -> float:
    """The value that divides the guesses into two groups as different as can be (Otsu)."""
    best, bar = -1.0, 0.5
    for candidate in np.linspace(0.1, 0.8, 36):
        high = guess > candidate
        share = float(area[high].sum() / area.sum())
        if not 0 < share < 1:
            continue
        gap = np.average(guess[high], weights=area[high])
        gap -= np.average(guess[~high], weights=area[~high])
        if share * (1 - share) * gap**2 > best:
            best, bar = share * (1 - share) * gap**2, float(candidate)
    return bar


def _likelihood(features: Floats, chosen: NDArray[np.bool_], area: Floats) -> Floats:
    """How well every patch fits the colours of the chosen ones (the logarithm of a density)."""
    own, weight = features[chosen], area[chosen]
    count = min(_COLOURS, len(own))
    middles = own[np.linspace(0, len(own) - 1, count).astype(int)]
    for _ in range(8):
        nearest = ((own[:, None] - middles[None]) ** 2).sum(axis=2).argmin(axis=1)
        for at in range(count):
            if (nearest == at).any():
                middles[at] = np.average(own[nearest == at], axis=0, weights=weight[nearest == at])
    density = np.zeros(len(features))
    for at in range(count):
        here = nearest == at
        if not here.any():
            continue
        spread = np.average((own[here] - middles[at]) ** 2, axis=0, weights=weight[here]) + 6e-4
        far = ((features - middles[at]) ** 2 / spread).sum(axis=1)
        share = weight[here].sum() / weight.sum()
        density += share * np.exp(-far / 2) / np.sqrt(np.prod(spread))
    result: Floats = np.log(density + 1e-3)
    return result


def _tidy(chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Without notches, specks and pinholes: what is small beside the largest part changes sides."""
    reach = max(1, round(max(chosen.shape) / 180))
    room = np.pad(chosen, reach, mode="edge").astype(np.float32)
    grown = mean(room, reach) > 1e-3
    shrunk = mean(grown.astype(np.float32), reach) > 0.999
    chosen = chosen | shrunk[reach:-reach, reach:-reach]
    for side, least in ((True, 0.15), (False, 0.02)):
        labels = _parts(chosen == side)
        sizes = np.bincount(labels.reshape(-1))
        sizes[0] = 0
        if len(sizes) < 2:
            continue
        small = np.flatnonzero(sizes < least * sizes.max())
        chosen = np.where((labels > 0) & np.isin(labels, small), not side, chosen)
    return chosen


def _parts(chosen: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Connected parts, numbered from 1; 0 elsewhere."""
    height, width = chosen.shape
    labels = np.where(chosen, np.arange(1, height * width + 1).reshape(height, width), 0)
    while True:
        before = labels
        padded = np.pad(labels, 1)
        around = [padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:]]
        labels = np.where(chosen, np.maximum.reduce([labels, *around]), 0)
        # Follow each pixel's number to the number of the pixel it came from: few rounds suffice.
        follow = np.concatenate([[0], labels.reshape(-1)])
        labels = follow[labels]
        if (labels == before).all():
            break
    _numbers, compact = np.unique(np.concatenate([[0], labels.reshape(-1)]), return_inverse=True)
    return compact[1:].reshape(height, width)


def _grabcut(
    image: Image.Image, guess: Floats, chosen: NDArray[np.bool_]
) -> NDArray[np.bool_] | None:
    """The border as OpenCV draws it; None when OpenCV is not installed or finds nothing."""
    try:
        cv2: Any = import_module("cv2")
    except ImportError:
        return None
    fine = reduced(image, _CUT)
    size = fine.size
    inside = array(picture(chosen.astype(np.float32)).resize(size, Image.Resampling.BILINEAR)) > 0.5
    likely = array(picture(guess).resize(size, Image.Resampling.BILINEAR))
    reach = max(2, round(max(size) / 40))
    near = mean(inside.astype(np.float32), reach)
    state = np.where(inside, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    state[(near > 0.98) & (likely > 0.6)] = cv2.GC_FGD
    state[(near < 0.02) & (likely < 0.25)] = cv2.GC_BGD
    models = np.zeros((2, 1, 65))
    cv2.setRNGSeed(0)
    try:
        bgr = np.ascontiguousarray(np.asarray(fine)[..., ::-1])
        cv2.grabCut(bgr, state, None, models[0], models[1], 4, cv2.GC_INIT_WITH_MASK)
    except cv2.error:
        return None
    result = _tidy((state == cv2.GC_FGD) | (state == cv2.GC_PR_FGD))
    return result if 0.3 < result.mean() / max(float(inside.mean()), 1e-6) < 2.5 else None


def _matte(image: Image.Image, chosen: NDArray[np.bool_]) -> Image.Image:
    """The border at the picture's size, soft where the picture's own edges are soft."""
    fine = reduced(image, _FINE)
    hard = picture(chosen.astype(np.float32)).resize(fine.size, Image.Resampling.BICUBIC)
    share = array(hard)
    light = array(fine) @ LUMA
    reach = max(2, round(max(fine.size) / 150))
    slope, offset = (
        Enlarged(part, image.size) for part in guided(light, mean(share, 1), reach, 2e-3)
    )
    colours = colours_of(image)
    width, height = image.size
    result = Image.new("L", image.size)
    rows = max(1, (1 << 20) // width)
    for top in range(0, height, rows):
        count = min(rows, height - top)
        light = array(colours.crop((0, top, width, top + count))) @ LUMA
        alpha = slope.rows(top, count) * light + offset.rows(top, count)
        strip: Bytes = np.rint(255 * smoothstep(0.15, 0.85, alpha)).astype(np.uint8)
        result.paste(Image.fromarray(strip), (0, top))
    return result
