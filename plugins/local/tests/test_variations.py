"""n > 1: the first picture is the plain one, every other differs visibly, and all come again."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import imgedit
from imgedit_local.operations import OPERATIONS
from imgedit_local.parse import parse
from imgedit_local.variations import can_vary, variation

_FIXED = {"rotate", "flip", "crop", "resize", "pad", "text", "erase"} | {
    "background_remove",
    "background_replace",
}


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda row: row.name)
def test_every_operation_varies_or_has_one_outcome(operation) -> None:
    for example in operation.examples:
        steps = parse(example)
        assert can_vary(steps) is (operation.name not in _FIXED)
        four = [variation(steps, index, "key") for index in range(4)]
        plain = [{k: v for k, v in step.items() if k != "seed"} for step in four[0]]
        assert plain == list(steps)
        if operation.name in _FIXED:
            continue
        for one, other in itertools.combinations(four, 2):
            bare = [{k: v for k, v in step.items() if k != "seed"} for step in (*one, *other)]
            assert bare[0] != bare[1], example


@given(
    st.sampled_from([row for row in OPERATIONS if row.name not in _FIXED]),
    st.text(max_size=8),
    st.floats(0.05, 1),
    st.booleans(),
)
def test_amounts_stay_within_bounds_and_apart(operation, key, share, less) -> None:
    bound = operation.least if less and operation.least else operation.most
    steps = [{"op": operation.name, "amount": round(bound * share, 6)}]
    amounts = [variation(steps, index, key)[0]["amount"] for index in range(4)]
    assert all(operation.least <= amount <= operation.most for amount in amounts)
    assert len(set(amounts)) == 4
    ordered = sorted(map(abs, amounts))
    assert all(high > 1.08 * low for low, high in itertools.pairwise(ordered))


def test_the_choice_follows_from_picture_prompt_and_seed() -> None:
    steps = parse("warmer, add film grain")
    assert variation(steps, 1, "key") == variation(steps, 1, "key")
    assert variation(steps, 1, "key") != variation(steps, 1, "other key")


def _photo(folder: Path) -> Path:
    x, y = np.meshgrid(np.linspace(0, 1, 120), np.linspace(0, 1, 80))
    rgb = np.stack([60 + 150 * x, 80 + 90 * y, 190 - 120 * x * y], axis=2)
    rgb[20:50, 30:80] *= 0.5
    path = folder / "photo.png"
    Image.fromarray(rgb.astype(np.uint8)).save(path)
    return path


async def _edited(photo: Path, prompt: str, **more: object) -> list[np.ndarray]:
    async with imgedit.Client() as client:
        result = await client.edit(photo, prompt, provider="local", **more)
        assert result.ai_generated is False
        pictures = []
        for image in result.images:
            path = photo.parent / "read.png"
            path.write_bytes(image.read())
            with Image.open(path) as opened:
                pictures.append(np.asarray(opened.convert("RGB")).astype(int))
        return pictures


@pytest.mark.parametrize("prompt", ("warmer, more contrast", "black and white", "oil painting"))
def test_variations_through_the_client(prompt: str, tmp_path: Path) -> None:
    photo = _photo(tmp_path)

    async def run() -> list[list[np.ndarray]]:
        return [
            await _edited(photo, prompt),
            await _edited(photo, prompt, n=4),
            await _edited(photo, prompt, n=4),
            await _edited(photo, prompt, n=4, seed=7),
        ]

    plain, four, again, seeded = asyncio.run(run())
    assert len(plain) == 1
    assert len(four) == 4
    assert (four[0] == plain[0]).all(), "the first is the plain one"
    assert (seeded[0] == plain[0]).all()
    for one, other in itertools.combinations(four, 2):
        assert np.abs(one - other).mean() > 0.8, "each differs visibly"
    assert all((one == other).all() for one, other in zip(four, again, strict=True))
    if prompt != "black and white":  # its coloured glasses are few
        assert any((one != other).any() for one, other in zip(four[1:], seeded[1:], strict=True))


def test_files_are_numbered(tmp_path: Path) -> None:
    result = imgedit.edit(
        _photo(tmp_path), "brighter", provider="local", n=3, out=tmp_path / "x.png"
    )
    assert [image.path.name for image in result.images] == ["x-1.png", "x-2.png", "x-3.png"]
