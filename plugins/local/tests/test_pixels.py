"""What each operation does, measured on real pixels of the file that the worker writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from imgedit.errors import ImageRejected
from imgedit_local.parse import parse
from imgedit_local.pixels.geometry import crop_box, target_size
from imgedit_local.worker import edit

Pixels = np.ndarray[Any, np.dtype[np.int64]]


def _scene(width: int = 96, height: int = 64) -> Image.Image:
    """Smooth colour with some detail: every channel, light and dark, and an edge."""
    x = np.linspace(0, 1, width)[None, :]
    y = np.linspace(0, 1, height)[:, None]
    red = 40 + 170 * x + 0 * y
    green = 60 + 120 * y + 0 * x
    blue = 180 - 120 * x * y
    rgb = np.stack([red, green, blue], axis=2)
    rgb[height // 4 : height // 2, width // 4 : width // 2] *= 0.6
    return Image.fromarray(rgb.astype(np.uint8))


def _edit(image: Image.Image, prompt: str, folder: Path, **arguments: Any) -> Pixels:
    source, to = folder / "in.png", folder / "out"
    image.save(source)
    to.mkdir()
    facts = edit(image=str(source), steps=parse(prompt), to=str(to), **arguments)
    with Image.open(to / "1.png") as result:
        assert result.size == (facts["width"], facts["height"])
        return np.asarray(result).astype(np.int64)


def _pixels(image: Image.Image) -> Pixels:
    return np.asarray(image).astype(np.int64)


def _saturation(pixels: Pixels) -> float:
    return float((pixels.max(axis=2) - pixels.min(axis=2)).mean())


def _detail(pixels: Pixels) -> float:
    return float(np.abs(np.diff(pixels, axis=1)).max())


def test_brightness(tmp_path: Path) -> None:
    scene = _scene()
    before = _pixels(scene).mean()
    for name in ("a", "b", "c", "d"):
        (tmp_path / name).mkdir()
    slightly = _edit(scene, "slightly brighter", tmp_path / "a").mean()
    much = _edit(scene, "much brighter", tmp_path / "b").mean()
    darker = _edit(scene, "darker", tmp_path / "c").mean()
    black = _edit(scene, "100% darker", tmp_path / "d")
    assert darker < before < slightly < much
    assert black.max() == 0


def test_brighter_by_a_percentage_means_it_and_keeps_highlights(tmp_path: Path) -> None:
    greys = Image.fromarray(np.arange(256, dtype=np.uint8)[None].repeat(4, axis=0)).convert("RGB")
    row = _edit(greys, "20% brighter", tmp_path)[0, :, 0]
    assert row[128] == pytest.approx(128 * 1.2, abs=6)
    assert row[0] == 0
    assert row[255] == 255
    assert (np.diff(row) >= 0).all()
    assert (row == 255).sum() <= 12, "highlights are not cut off"


def test_contrast(tmp_path: Path) -> None:
    scene = _scene()
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
    more = _edit(scene, "more contrast", tmp_path / "a")
    less = _edit(scene, "less contrast", tmp_path / "b")
    none = _edit(scene, "100% less contrast", tmp_path / "c")
    assert less.std() < _pixels(scene).std() < more.std()
    assert none.min() == none.max() == 128


def test_warmth(tmp_path: Path) -> None:
    scene = _scene()
    for name in ("a", "b"):
        (tmp_path / name).mkdir()

    def lean(pixels: Pixels) -> float:
        return float((pixels[..., 0] - pixels[..., 2]).mean())

    warmer = _edit(scene, "warmer", tmp_path / "a")
    cooler = _edit(scene, "cooler", tmp_path / "b")
    assert lean(cooler) < lean(_pixels(scene)) < lean(warmer)
    assert warmer.mean() == pytest.approx(_pixels(scene).mean(), rel=0.1)


def test_saturation(tmp_path: Path) -> None:
    scene = _scene()
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
    more = _edit(scene, "more saturated", tmp_path / "a")
    less = _edit(scene, "less saturated", tmp_path / "b")
    none = _edit(scene, "100% less saturated", tmp_path / "c")
    assert _saturation(less) < _saturation(_pixels(scene)) < _saturation(more)
    assert _saturation(none) <= 1


def test_more_saturation_keeps_the_hue(tmp_path: Path) -> None:
    image = Image.new("RGB", (8, 8), (250, 120, 20))
    red, green, blue = _edit(image, "300% more saturated", tmp_path)[0, 0]
    assert (green - blue) / (red - blue) == pytest.approx((120 - 20) / (250 - 20), abs=0.02)


def test_black_and_white_is_as_light_as_the_colour(tmp_path: Path) -> None:
    colours = Image.new("RGB", (3, 1))
    for x, colour in enumerate([(255, 0, 0), (0, 255, 0), (0, 0, 255)]):
        colours.putpixel((x, 0), colour)
    pixels = _edit(colours, "black and white", tmp_path)
    assert _saturation(pixels) == 0
    # sRGB's own luminances, encoded: 0.2126, 0.7152 and 0.0722 of the light of white.
    assert list(pixels[0, :, 0]) == pytest.approx([127, 220, 76], abs=1)


def test_sepia(tmp_path: Path) -> None:
    pixels = _edit(_scene(), "sepia 100%", tmp_path)
    assert (pixels[..., 0] >= pixels[..., 1]).all()
    assert (pixels[..., 1] >= pixels[..., 2]).all()
    assert _saturation(pixels) > 15


def test_blur_and_sharpen(tmp_path: Path) -> None:
    scene = _scene()
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
    little = _edit(scene, "blur 1px", tmp_path / "a")
    lot = _edit(scene, "blur 5px", tmp_path / "b")
    sharp = _edit(scene, "sharpen", tmp_path / "c")
    assert _detail(lot) < _detail(little) < _detail(_pixels(scene)) < _detail(sharp)
    assert lot.mean() == pytest.approx(_pixels(scene).mean(), abs=2)


def test_blur_does_not_pull_in_the_colour_of_clear_pixels(tmp_path: Path) -> None:
    image = Image.new("RGBA", (40, 40), (0, 255, 0, 0))
    image.paste((255, 0, 0, 255), (0, 0, 20, 40))
    pixels = _edit(image, "blur 4px", tmp_path)
    seen = pixels[pixels[..., 3] > 20]
    assert seen[:, 1].max() < 20


def test_vignette(tmp_path: Path) -> None:
    pixels = _edit(Image.new("RGB", (120, 80), (200, 200, 200)), "vignette", tmp_path)
    assert (pixels[35:45, 50:70] == 200).all(), "the middle is untouched"
    corners = pixels[[0, 0, -1, -1], [0, -1, 0, -1]].mean(axis=1)
    assert corners.max() < 160
    assert corners.max() - corners.min() <= 2
    assert pixels[40, 0].mean() > corners.max(), "edges are lighter than corners"
    assert _saturation(pixels) == 0, "grey stays grey"


def test_rotate_right_angles(tmp_path: Path) -> None:
    scene = _scene()
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
    before = _pixels(scene)
    assert (_edit(scene, "rotate right", tmp_path / "a") == np.rot90(before, -1)).all()
    assert (_edit(scene, "rotate left", tmp_path / "b") == np.rot90(before, 1)).all()
    assert (_edit(scene, "turn upside down", tmp_path / "c") == np.rot90(before, 2)).all()


def test_rotate_clockwise_opens_clear_corners(tmp_path: Path) -> None:
    image = Image.new("RGB", (60, 60), "white")
    image.paste((255, 0, 0), (0, 0, 60, 10))  # a red band along the top
    pixels = _edit(image, "rotate 30 degrees", tmp_path)
    assert pixels.shape[2] == 4
    assert pixels[0, 0, 3] == 0
    rows, columns = np.nonzero((pixels[..., 1] < 40) & (pixels[..., 3] > 250))
    middle = np.array(pixels.shape[:2]) / 2
    assert columns.mean() > middle[1], "clockwise: the top goes to the right"
    assert rows.mean() < middle[0]


def test_flip(tmp_path: Path) -> None:
    scene = _scene()
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    before = _pixels(scene)
    assert (_edit(scene, "flip horizontally", tmp_path / "a") == before[:, ::-1]).all()
    assert (_edit(scene, "flip vertically", tmp_path / "b") == before[::-1]).all()


def test_crop_takes_the_middle(tmp_path: Path) -> None:
    scene = _scene(96, 64)
    pixels = _edit(scene, "crop square", tmp_path)
    assert (pixels == _pixels(scene)[:, 16:80]).all()


@pytest.mark.parametrize(
    ("size", "ratio", "cropped"),
    (
        ((1600, 1200), "16:9", (1600, 900)),
        ((640, 427), "16:9", (640, 360)),
        ((1000, 500), "1:1", (500, 500)),
        ((500, 1000), "2.39:1", (500, 209)),
        ((10, 1000), "100:1", (10, 1)),
        ((1, 1), "16:9", (1, 1)),
        ((1920, 1080), "16:9", (1920, 1080)),
    ),
)
def test_crop_sizes(size: tuple[int, int], ratio: str, cropped: tuple[int, int]) -> None:
    left, top, right, bottom = crop_box(size, ratio)
    assert (right - left, bottom - top) == cropped
    assert abs(left - (size[0] - right)) <= 1
    assert abs(top - (size[1] - bottom)) <= 1


@pytest.mark.parametrize(
    ("prompt", "size"),
    (
        ("resize to 50x60", (50, 60)),
        ("resize to 48 pixels wide", (48, 32)),
        ("resize to 16 px high", (24, 16)),
        ("half the size", (48, 32)),
        ("50% larger", (144, 96)),
        ("resize to 1%", (1, 1)),
    ),
)
def test_resize(prompt: str, size: tuple[int, int], tmp_path: Path) -> None:
    height, width = _edit(_scene(96, 64), prompt, tmp_path).shape[:2]
    assert (width, height) == size
    assert target_size((96, 64), parse(prompt)[0]) == size


def test_resize_says_that_it_stretched(tmp_path: Path) -> None:
    _scene(96, 64).save(tmp_path / "in.png")
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    source = str(tmp_path / "in.png")
    odd = edit(image=source, steps=parse("resize to 50x50"), to=str(tmp_path / "a"))
    even = edit(image=source, steps=parse("resize to 48x32"), to=str(tmp_path / "b"))
    assert "stretched" in odd["warnings"][0]
    assert even["warnings"] == []


def test_resize_to_too_many_pixels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageRejected, match="megapixels"):
        _edit(_scene(2000, 1000), "resize to 30000 pixels wide", tmp_path)


@pytest.mark.parametrize(
    "prompt",
    (
        "brighter",
        "darker",
        "more contrast",
        "warmer",
        "more saturated",
        "black and white",
        "sepia",
        "blur",
        "sharpen",
        "vignette",
    ),
)
def test_a_mask_confines(prompt: str, tmp_path: Path) -> None:
    scene = _scene()
    mask = Image.new("L", scene.size, 0)
    mask.paste(255, (0, 0, 48, 64))
    mask.paste(128, (48, 0, 56, 64))
    mask.save(tmp_path / "mask.png")
    (tmp_path / "free").mkdir()
    masked = _edit(scene, prompt, tmp_path, mask=str(tmp_path / "mask.png"))
    free = _edit(scene, prompt, tmp_path / "free")
    before = _pixels(scene)
    assert (masked[:, 56:] == before[:, 56:]).all(), "outside nothing changes"
    assert (masked[:, :48] == free[:, :48]).all(), "inside the edit is whole"
    assert (masked[:, :48] != before[:, :48]).any()
    blend = (free[:, 48:56] * 128 + before[:, 48:56] * 127) / 255
    assert np.abs(masked[:, 48:56] - blend).max() <= 1, "greys blend"


def test_steps_are_done_in_order(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    first = _edit(_scene(), "black and white, sepia", tmp_path / "a")
    other = _edit(_scene(), "sepia, black and white", tmp_path / "b")
    assert _saturation(first) > 10
    assert _saturation(other) == 0


def test_transparency_is_left_alone_by_colour(tmp_path: Path) -> None:
    scene = _scene()
    alpha = Image.fromarray(np.tile(np.linspace(0, 255, 96).astype(np.uint8), (64, 1)))
    scene.putalpha(alpha)
    prompt = "brighter, warmer, more saturated, sepia, sharpen, vignette"
    pixels = _edit(scene, prompt, tmp_path)
    assert (pixels[..., 3] == np.asarray(alpha)).all()
