"""The command, as the command line of imgedit runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from imgedit.cli import main


@pytest.fixture(autouse=True)
def pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, size, colour in (
        ("a", (40, 20), "red"),
        ("b", (20, 40), "lime"),
        ("c", (9, 9), "blue"),
    ):
        Image.new("RGB", size, colour).save(f"{name}.png")


def test_it_puts_pictures_side_by_side(capsys: pytest.CaptureFixture[str]) -> None:
    given = "contact-sheet a.png b.png c.png -o s.png --columns 2 --cell 40 --json"
    code = main(given.split())
    assert code == 0
    assert json.loads(capsys.readouterr().out) == {
        "path": "s.png",
        "width": 80,
        "height": 80,
        "pictures": 3,
    }
    with Image.open("s.png") as sheet:
        seen = [sheet.getpixel(at) for at in ((20, 20), (60, 20), (20, 60), (60, 60), (20, 2))]
    white = (255, 255, 255)
    assert seen == [(255, 0, 0), (0, 255, 0), (0, 0, 255), white, white]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    (
        (["a.png", "-o", "b.png"], 10, "b.png is there already"),
        (["nowhere.png", "-o", "s.png"], 2, "nowhere.png cannot be read as a picture"),
        (["a.png", "-o", "s.strange"], 10, "s.strange cannot be written"),
        (["-o", "s.png"], 2, "PICTURE"),
    ),
)
def test_what_it_cannot_do_is_a_sentence(
    arguments: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["contact-sheet", *arguments]) == code
    assert said in capsys.readouterr().err
    assert not Path("s.png").exists()
