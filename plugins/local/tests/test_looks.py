"""What the operations for light, colour, texture and art do, measured on pixels."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from imgedit.errors import ImageRejected
from imgedit_local.operations import OPERATIONS
from imgedit_local.parse import parse
from imgedit_local.worker import edit

Pixels = np.ndarray[Any, np.dtype[np.int64]]


def _scene(width: int = 160, height: int = 120) -> Image.Image:
    """A red disc and a blue bar before smooth grey-green, with light and shade and some detail."""
    x, y = np.meshgrid(np.linspace(0, 1, width), np.linspace(0, 1, height))
    rgb = np.stack([70 + 60 * x, 110 + 60 * y, 90 + 40 * x], axis=2)
    image = Image.fromarray(rgb.astype(np.uint8))
    draw = ImageDraw.Draw(image)
    draw.ellipse((50, 30, 110, 90), fill=(205, 40, 30))
    draw.ellipse((62, 42, 84, 60), fill=(240, 150, 140))
    draw.rectangle((8, 100, 150, 112), fill=(35, 70, 200))
    draw.rectangle((120, 10, 150, 30), fill=(250, 250, 245))
    draw.rectangle((8, 10, 40, 30), fill=(18, 16, 20))
    return image


def _edit(image: Image.Image, prompt: str, folder: Path, **arguments: Any) -> Pixels:
    folder.mkdir(exist_ok=True)
    source, to = folder / "in.png", folder / "out"
    image.save(source)
    to.mkdir()
    edit(image=str(source), steps=parse(prompt), to=str(to), **arguments)
    with Image.open(to / "1.png") as result:
        return np.asarray(result).astype(np.int64)


def _mask(size: tuple[int, int], box: tuple[int, int, int, int], folder: Path) -> str:
    mask = Image.new("L", size, 0)
    mask.paste(255, box)
    mask.save(folder / "mask.png")
    return str(folder / "mask.png")


_EXAMPLES = [
    (row, example, mode)
    for row in OPERATIONS
    for place, example in enumerate(row.examples)
    for mode in (("RGB", "RGBA", "L") if not place else ("RGB",))
]


@pytest.mark.parametrize(
    ("row", "example", "mode"),
    _EXAMPLES,
    ids=[f"{example}-{mode}" for _row, example, mode in _EXAMPLES],
)
def test_every_example_changes_pixels(row: Any, example: str, mode: str, tmp_path: Path) -> None:
    rough = np.asarray(_scene()) + np.random.default_rng(1).normal(0, 6, (120, 160, 3))
    scene = Image.fromarray(np.clip(rough, 0, 255).astype(np.uint8))
    ImageDraw.Draw(scene).rectangle((120, 50, 150, 80), fill=(240, 140, 40))
    if mode == "RGBA":
        scene.putalpha(
            Image.linear_gradient("L").resize(scene.size).point(lambda v: 55 + v * 200 // 255)
        )
    elif mode == "L":
        scene = scene.convert("L")
        if row.name in ("grayscale", "saturation", "recolour"):
            pytest.skip("there is no colour in a grey picture")
    mask = _mask(scene.size, (60, 40, 90, 70), tmp_path) if row.masked else None
    pixels = _edit(scene, example, tmp_path, mask=mask)
    before = np.asarray(scene).astype(np.int64)
    if pixels.shape == before.shape:
        assert np.abs(pixels - before).mean() > 0.05, example
    if row.tints and row.name not in ("pad", "background_replace", "text"):
        assert pixels.ndim == 3, "colour came to it"
    if mode == "RGBA" and not row.moves and "background" not in row.name and row.name != "text":
        assert (pixels[..., 3] == before[..., 3]).all() or row.name in ("blur", "pixelate")


def test_exposure_is_light(tmp_path: Path) -> None:
    greys = Image.fromarray(np.arange(256, dtype=np.uint8)[None].repeat(4, axis=0)).convert("RGB")
    up = _edit(greys, "exposure +1 stop", tmp_path / "a")[0, :, 0]
    down = _edit(greys, "exposure -1 stop", tmp_path / "b")[0, :, 0]
    assert up[100] == pytest.approx(137, abs=2), "twice the light of 100 in sRGB"
    assert down[137] == pytest.approx(100, abs=2)
    assert (np.diff(up) >= 0).all()
    assert (up == 255).sum() <= 8, "highlights are not cut off"


def test_shadows_and_highlights_leave_the_other_end(tmp_path: Path) -> None:
    scene = _scene()
    before = np.asarray(scene).astype(int)
    light, dark = (slice(14, 26), slice(124, 146)), (slice(14, 26), slice(12, 36))
    lifted = _edit(scene, "lift the shadows", tmp_path / "a")
    calmed = _edit(scene, "recover the highlights", tmp_path / "b")
    assert lifted[dark].mean() > before[dark].mean() + 8
    assert abs(lifted[light].mean() - before[light].mean()) < 3
    assert calmed[light].mean() < before[light].mean() - 12
    assert abs(calmed[dark].mean() - before[dark].mean()) < 3


def test_auto_enhance_spreads_a_flat_picture_and_removes_a_cast(tmp_path: Path) -> None:
    flat = _edit(_scene(), "60% less contrast", tmp_path / "a")
    image = Image.fromarray(flat.astype(np.uint8))
    better = _edit(image, "auto-enhance", tmp_path / "b")
    assert better.std() > 1.4 * flat.std()
    grey = Image.fromarray(np.tile(np.linspace(90, 200, 80), (60, 1)).astype(np.uint8))
    cast = np.asarray(grey.convert("RGB")).astype(int) + np.array((10, 0, -10))
    mended = _edit(Image.fromarray(cast.astype(np.uint8)), "auto-enhance", tmp_path / "c")
    assert np.ptp(mended.mean(axis=(0, 1))) < 0.75 * np.ptp(cast.mean(axis=(0, 1)))
    plain = Image.new("RGB", (20, 20), (90, 90, 90))
    assert (_edit(plain, "auto-enhance", tmp_path / "d") == 90).all()


def test_tint(tmp_path: Path) -> None:
    whole = _edit(_scene(), "tint it 100% blue", tmp_path / "a")
    assert (whole[..., 2] >= whole[..., 0]).all()
    some = _edit(_scene(), "add a blue tint", tmp_path / "b")
    before = np.asarray(_scene()).astype(int)
    lean = [int((p[..., 2] - p[..., 0]).mean()) for p in (before, some, whole)]
    assert lean[0] < lean[1] < lean[2]


@pytest.mark.parametrize(
    ("prompt", "leads"),
    (("change red to blue", 2), ("make the red parts green", 1), ("turn red into #20c020", 1)),
)
def test_one_colour_becomes_another_and_the_rest_stays(
    prompt: str, leads: int, tmp_path: Path
) -> None:
    scene = _scene()
    before = np.asarray(scene).astype(int)
    pixels = _edit(scene, prompt, tmp_path)
    disc = pixels[70:85, 70:90].mean(axis=(0, 1))
    assert disc.argmax() == leads
    others = np.ones(pixels.shape[:2], dtype=bool)
    others[28:93, 48:113] = False
    assert np.abs(pixels - before)[others].max() <= 2, "blue, green, black and white stay"
    spot = pixels[48:54, 68:78].mean()
    assert spot > disc.mean() + 40, "light and shade stay"


@pytest.mark.parametrize(
    ("prompt", "place"),
    (
        ("change white to red", (20, 135)),
        ("change black to yellow", (20, 20)),
        ("make blue things white", (106, 80)),
    ),
)
def test_black_and_white_are_colours_too(
    prompt: str, place: tuple[int, int], tmp_path: Path
) -> None:
    scene = _scene()
    pixels = _edit(scene, prompt, tmp_path)
    now, before = pixels[place], np.asarray(scene).astype(int)[place]
    assert np.abs(now - before).max() > 60
    assert np.abs(pixels[75, 80] - np.asarray(scene)[75, 80]).max() <= 2


def test_denoise_takes_noise_and_keeps_edges(tmp_path: Path) -> None:
    clean = np.asarray(_scene(320, 240)).astype(float)
    noise = np.random.default_rng(5).normal(0, 14, clean.shape)
    noisy = Image.fromarray(np.clip(clean + noise, 0, 255).astype(np.uint8))
    result = _edit(noisy, "denoise", tmp_path / "a").astype(float)
    error_before = np.sqrt(((np.asarray(noisy) - clean) ** 2).mean())
    error_after = np.sqrt(((result - clean) ** 2).mean())
    assert error_after < 0.5 * error_before
    untouched = _edit(_scene(320, 240), "denoise", tmp_path / "b")
    assert np.abs(untouched - clean).max() < 12, "a clean picture hardly changes"


def test_grain_is_noise_without_colour_that_a_seed_decides(tmp_path: Path) -> None:
    plain = Image.new("RGB", (200, 150), (128, 128, 128))
    pixels = _edit(plain, "add film grain", tmp_path / "a")
    assert 3 < pixels.std() < 25
    assert pixels.mean() == pytest.approx(128, abs=1)
    assert (np.ptp(pixels, axis=2) == 0).all()
    assert (_edit(plain, "add film grain", tmp_path / "b") == pixels).all()
    strong = _edit(plain, "strong grain", tmp_path / "c")
    assert strong.std() > 1.6 * pixels.std()


def test_pixelate(tmp_path: Path) -> None:
    pixels = _edit(_scene(101, 77), "pixelate with blocks of 10 pixels", tmp_path)
    assert pixels.shape == (77, 101, 3)
    assert (pixels[:10, :10] == pixels[0, 0]).all()
    assert (pixels[70:, 100:] == pixels[76, 100]).all()
    assert (pixels[:10, 10:20] == pixels[0, 10]).all()


def test_posterize(tmp_path: Path) -> None:
    greys = Image.fromarray(np.tile(np.linspace(0, 255, 256), (40, 1)).astype(np.uint8))
    for levels in (2, 4, 8):
        pixels = _edit(greys, f"posterize to {levels} levels", tmp_path / str(levels))
        assert len(np.unique(pixels)) == levels


def test_sketch_is_grey_lines_on_light_paper(tmp_path: Path) -> None:
    pixels = _edit(_scene(), "pencil sketch", tmp_path)
    assert (np.ptp(pixels, axis=2) == 0).all()
    assert np.median(pixels) > 150
    assert pixels.min() < 110


@pytest.mark.parametrize("prompt", ("oil painting", "watercolor", "cartoon"))
def test_paintings_keep_the_colours_and_flatten_detail(prompt: str, tmp_path: Path) -> None:
    scene = _scene(320, 240)
    noise = np.random.default_rng(2).normal(0, 9, (240, 320, 3))
    rough = Image.fromarray(np.clip(np.asarray(scene) + noise, 0, 255).astype(np.uint8))
    pixels = _edit(rough, prompt, tmp_path)
    assert np.abs(pixels.mean(axis=(0, 1)) - np.asarray(scene).mean(axis=(0, 1))).max() < 30
    disc = pixels[70:84, 70:84].mean(axis=(0, 1))
    assert disc.argmax() == 0
    assert disc[0] > disc[1] + 50
    patch = pixels[140:200, 200:300] - np.asarray(scene)[140:200, 200:300]
    if prompt == "cartoon":
        assert np.abs(np.diff(patch, axis=1)).mean() < 0.5 * np.abs(np.diff(noise, axis=1)).mean()


@pytest.mark.parametrize("size", ((1, 1), (3, 300), (300, 2)))
@pytest.mark.parametrize("row", OPERATIONS, ids=lambda row: row.name)
def test_odd_sizes(row: Any, size: tuple[int, int], tmp_path: Path) -> None:
    image = Image.effect_noise(size, 60).convert("RGB")
    mask = _mask(size, (0, 0, 1, 1), tmp_path) if row.masked else None
    try:
        pixels = _edit(image, row.examples[0], tmp_path, mask=mask)
    except ImageRejected as refused:
        assert row.name.startswith("background") or row.name == "erase", str(refused)
    else:
        assert pixels.shape[0] >= 1


@pytest.mark.skipif(sys.platform == "win32", reason="resource is of Unix")
def test_memory_does_not_grow_with_the_picture(tmp_path: Path) -> None:
    """A 12-megapixel picture takes less than 700 MiB whatever is done to it."""
    import subprocess

    code = (
        "import resource, sys; from PIL import Image; from imgedit_local.parse import parse; "
        "from imgedit_local import pixels; "
        "image = Image.effect_noise((4000, 3000), 40).convert('RGB'); "
        "context = pixels.Context(); "
        "[pixels.apply(image.copy(), parse(p)[0], context) for p in sys.argv[1:]]; "
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)"
    )
    prompts = ("lift the shadows", "watercolor", "posterize")
    done = subprocess.run(
        [sys.executable, "-c", code, *prompts],
        capture_output=True,
        text=True,
        check=True,
        timeout=110,
    )
    assert int(done.stdout) < 700
