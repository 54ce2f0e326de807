"""Backgrounds, erasing, borders and text: what is in the picture, and around it."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from imgedit.errors import ImageRejected
from imgedit_local.parse import parse
from imgedit_local.worker import edit

Pixels = np.ndarray[Any, np.dtype[np.int64]]
_HINT = "pip install imgedit-local[cv]"


def _portrait(width: int = 240, height: int = 180) -> Image.Image:
    """An orange figure before a wall of mottled grey-blue."""
    lots = np.random.default_rng(4)
    wall = lots.normal(0, 1, (18, 24, 1)).repeat(3, axis=2) * 9 + (110, 120, 140)
    image = Image.fromarray(np.clip(wall, 0, 255).astype(np.uint8)).resize((width, height))
    draw = ImageDraw.Draw(image)
    draw.ellipse((width * 0.4, height * 0.2, width * 0.6, height * 0.5), fill=(235, 190, 160))
    draw.ellipse((width * 0.28, height * 0.45, width * 0.72, height * 0.95), fill=(215, 95, 40))
    return image


def _inside(size: tuple[int, int] = (240, 180)) -> np.ndarray[Any, np.dtype[np.bool_]]:
    mask = Image.new("L", size, 0)
    draw = ImageDraw.Draw(mask)
    width, height = size
    draw.ellipse((width * 0.4, height * 0.2, width * 0.6, height * 0.5), fill=255)
    draw.ellipse((width * 0.28, height * 0.45, width * 0.72, height * 0.95), fill=255)
    return np.asarray(mask) > 0


def _edit(
    image: Image.Image, prompt: str, folder: Path, suffix: str = "png", **arguments: Any
) -> tuple[Pixels, list[str]]:
    folder.mkdir(exist_ok=True)
    source, to = folder / f"in.{suffix}", folder / "out"
    image.save(source)
    to.mkdir()
    facts = edit(image=str(source), steps=parse(prompt), to=str(to), **arguments)
    (written,) = to.iterdir()
    with Image.open(written) as result:
        return np.asarray(result).astype(np.int64), facts["warnings"]


@pytest.fixture(params=("numpy", "cv"))
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """With OpenCV, where it is installed, and without it, wherever that is."""
    if request.param == "numpy":
        monkeypatch.setitem(sys.modules, "cv2", None)
    elif importlib.util.find_spec("cv2") is None:
        pytest.skip("opencv-python-headless is not installed")
    return str(request.param)


def test_the_background_is_removed(engine: str, tmp_path: Path) -> None:
    pixels, warnings = _edit(_portrait(), "remove the background", tmp_path)
    inside = _inside()
    found = pixels[..., 3] > 127
    overlap = (found & inside).sum() / (found | inside).sum()
    assert overlap > 0.93
    assert (pixels[:8, :, 3] == 0).all()
    assert any(_HINT in text for text in warnings) is (engine == "numpy")


def test_the_background_becomes_a_colour(engine: str, tmp_path: Path) -> None:
    pixels, _warnings = _edit(_portrait(), "replace the background with white", tmp_path)
    assert (pixels[:8] == 255).all()
    assert (pixels[:, :20] == 255).all()
    before = np.asarray(_portrait()).astype(int)
    assert np.abs(pixels[110:150, 100:140] - before[110:150, 100:140]).max() <= 2


def test_the_background_is_blurred_without_a_rim(engine: str, tmp_path: Path) -> None:
    portrait = _portrait()
    before = np.asarray(portrait).astype(int)
    pixels, _warnings = _edit(portrait, "blur the background a lot", tmp_path)
    assert np.abs(pixels[110:150, 100:140] - before[110:150, 100:140]).max() <= 2
    corner = (slice(0, 50), slice(0, 60))
    assert pixels[corner].std(axis=(0, 1)).max() < 0.7 * before[corner].std(axis=(0, 1)).max()
    beside = pixels[115:140, 36:58].mean(axis=(0, 1))
    assert beside[2] > beside[0], "no orange shines out of the figure"


def test_a_transparent_picture_says_itself_what_its_subject_is(tmp_path: Path) -> None:
    image = Image.new("RGBA", (60, 40), (0, 0, 0, 0))
    ImageDraw.Draw(image).rectangle((20, 10, 39, 29), fill=(90, 160, 70, 255))
    pixels, warnings = _edit(image, "white background", tmp_path)
    assert warnings == []
    assert tuple(pixels[20, 30]) == (90, 160, 70)
    assert (pixels[:9] == 255).all()


def test_nothing_to_cut_out_is_said(engine: str, tmp_path: Path) -> None:
    with pytest.raises(ImageRejected, match="nothing stands out"):
        _edit(Image.new("RGB", (80, 60), (90, 90, 90)), "remove the background", tmp_path)


def test_a_jpeg_without_background_becomes_a_png(tmp_path: Path) -> None:
    pixels, warnings = _edit(_portrait(), "remove the background", tmp_path / "a", "jpg")
    assert pixels.shape[2] == 4
    assert any("the result is png" in text for text in warnings)
    pixels, warnings = _edit(
        _portrait(), "remove the background", tmp_path / "b", "jpg", output_format="jpeg"
    )
    assert pixels.shape[2] == 3
    assert (pixels[:6].min(axis=(0, 1)) > 245).all()
    assert any("became white" in text for text in warnings)


def _mask(
    box: tuple[int, int, int, int], size: tuple[int, int], folder: Path, grey: int = 255
) -> str:
    mask = Image.new("L", size, 0)
    mask.paste(grey, box)
    mask.save(folder / "mask.png")
    return str(folder / "mask.png")


def test_erase_fills_with_the_surrounding_texture(tmp_path: Path) -> None:
    columns = (np.arange(160) // 8 % 2 * 90 + 80).astype(np.uint8)
    stripes = np.repeat(np.tile(columns, (120, 1))[..., None], 3, axis=2)
    image = Image.fromarray(stripes)
    ImageDraw.Draw(image).ellipse((62, 42, 96, 76), fill=(220, 30, 30))
    box = (60, 40, 98, 78)
    mask = _mask(box, image.size, tmp_path)
    pixels, _warnings = _edit(image, "erase the object", tmp_path, mask=mask)
    hole = pixels[40:78, 60:98]
    assert (hole[..., 0] - hole[..., 1]).max() < 40, "the red is gone"
    assert np.abs(hole - stripes[40:78, 60:98]).mean() < 12, "the stripes go on"
    outside = np.ones((120, 160), dtype=bool)
    outside[40:78, 60:98] = False
    assert (pixels[outside] == np.asarray(image)[outside]).all()


def test_erase_needs_something_to_fill_from(tmp_path: Path) -> None:
    scene = _portrait(60, 40)
    whole = _mask((0, 0, 60, 40), scene.size, tmp_path)
    with pytest.raises(ImageRejected, match="too little"):
        _edit(scene, "erase", tmp_path / "a", mask=whole)
    nothing = _mask((0, 0, 0, 0), scene.size, tmp_path)
    with pytest.raises(ImageRejected, match="no masked part"):
        _edit(scene, "erase", tmp_path / "b", mask=nothing)


def test_erase_at_the_edge_and_in_greys(tmp_path: Path) -> None:
    scene = _portrait()
    mask = _mask((0, 0, 40, 30), scene.size, tmp_path, grey=128)
    pixels, _warnings = _edit(scene, "erase", tmp_path, mask=mask)
    assert np.abs(pixels[:30, :40] - np.asarray(scene)[:30, :40]).max() < 40


@pytest.mark.parametrize(
    ("prompt", "size", "corner"),
    (
        ("pad to 16:9 with white", (213, 120), (255, 255, 255)),
        ("pad square with black", (160, 160), (0, 0, 0)),
        ("add a 20 px #123456 border", (200, 160), (0x12, 0x34, 0x56)),
        ("a 10% border", (184, 144), (255, 255, 255)),
        ("pad to 300x200 with red", (300, 200), (224, 32, 32)),
    ),
)
def test_pad(prompt: str, size: tuple[int, int], corner: tuple[int, ...], tmp_path: Path) -> None:
    image = Image.new("RGB", (160, 120), (10, 200, 30))
    pixels, _warnings = _edit(image, prompt, tmp_path)
    assert pixels.shape == (size[1], size[0], 3)
    assert tuple(pixels[0, 0]) == tuple(pixels[-1, -1]) == corner
    assert (pixels == (10, 200, 30)).all(axis=2).sum() == 160 * 120
    assert tuple(pixels[size[1] // 2, size[0] // 2]) == (10, 200, 30)


def test_pad_with_nothing_and_too_small(tmp_path: Path) -> None:
    image = Image.new("RGB", (160, 120), (10, 200, 30))
    pixels, _warnings = _edit(image, "a 5 px transparent border", tmp_path / "a")
    assert pixels.shape == (130, 170, 4)
    assert pixels[0, 0, 3] == 0
    with pytest.raises(ImageRejected, match="cannot be padded"):
        _edit(image, "pad to 100x100", tmp_path / "b")


def test_a_grey_picture_stays_grey_until_there_is_colour(tmp_path: Path) -> None:
    grey = Image.new("L", (60, 40), 90)
    assert _edit(grey, "a 5px white border", tmp_path / "a")[0].ndim == 2
    assert _edit(grey, "a 5px red border", tmp_path / "b")[0].ndim == 3
    assert _edit(grey, "text 'Hi'", tmp_path / "c")[0].ndim == 2
    assert _edit(grey, "text 'Hi' in red", tmp_path / "d")[0].ndim == 3


@pytest.mark.parametrize(
    ("place", "across", "down"),
    (
        ("top left", -1, -1),
        ("at the top", 0, -1),
        ("bottom right", 1, 1),
        ("in the lower left corner", -1, 1),
        ("in the centre", 0, 0),
        ("on the right", 1, 0),
        ("", 0, 1),
    ),
)
def test_text_stands_where_it_should(place: str, across: int, down: int, tmp_path: Path) -> None:
    image = Image.new("RGB", (400, 300), (60, 90, 60))
    pixels, warnings = _edit(image, f"add the text 'SALE' {place} in white", tmp_path)
    assert warnings == []
    rows, columns = np.nonzero(pixels.min(axis=2) > 200)
    assert len(rows) > 100
    middle = np.array([columns.mean() / 400, rows.mean() / 300]) - 0.5
    assert tuple(np.where(np.abs(middle) < 0.1, 0, np.sign(middle)).astype(int)) == (across, down)
    assert min(rows.min(), columns.min()) > 4
    assert rows.max() < 295
    assert columns.max() < 395


def test_text_sizes_and_colours(tmp_path: Path) -> None:
    image = Image.new("RGB", (400, 300), (60, 90, 60))

    def height(prompt: str, folder: str) -> int:
        pixels, _warnings = _edit(image, prompt, tmp_path / folder)
        rows = np.nonzero((pixels[..., 0] > 180) & (pixels[..., 2] < 90))[0]
        return int(np.ptp(rows)) + 1

    small = height("small text 'HH' in red", "a")
    large = height("large text 'HH' in red", "b")
    exact = height("text 'HH' in red, brighter", "c")
    forty = height("text 'HH' in red 40 px", "d")
    assert small < exact < large
    assert 24 <= forty <= 34, "a capital is about 0.7 of the letter's size"


def test_a_long_text_is_broken_and_made_to_fit(tmp_path: Path) -> None:
    image = Image.new("RGB", (200, 150), (0, 0, 0))
    words = "one two three four five six seven eight nine ten " * 3
    pixels, warnings = _edit(image, f"write '{words}' in huge white letters", tmp_path)
    assert any("smaller" in text for text in warnings)
    rows, columns = np.nonzero(pixels.min(axis=2) > 150)
    assert columns.min() > 2
    assert columns.max() < 197
    assert rows.min() > 2


def test_text_without_a_colour_can_be_read_on_anything(tmp_path: Path) -> None:
    on_black, _warnings = _edit(Image.new("RGB", (200, 150), "black"), "text 'Hi'", tmp_path / "a")
    on_white, _warnings = _edit(Image.new("RGB", (200, 150), "white"), "text 'Hi'", tmp_path / "b")
    assert on_black.max() > 240
    assert on_white.min() < 40


def test_text_on_a_transparent_picture_is_opaque(tmp_path: Path) -> None:
    image = Image.new("RGBA", (200, 150), (0, 0, 0, 0))
    pixels, _warnings = _edit(image, "large text 'HH' in red in the centre", tmp_path)
    assert (pixels[..., 3] > 250).sum() > 50
    assert pixels[0, 0, 3] == 0
