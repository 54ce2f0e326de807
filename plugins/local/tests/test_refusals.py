"""Through the command line: a word that is not understood ends in exit code 2 and no file."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from imgedit.cli import main
from imgedit_local.operations import OPERATIONS
from imgedit_local.tokens import vocabulary

_PROMPTS = sorted(example for row in OPERATIONS for example in row.examples if "'" not in example)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in tuple(os.environ):
        if name.startswith("IMGEDIT_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("IMGEDIT_HOME", str(tmp_path / "home"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    Image.new("RGB", (24, 16), (120, 90, 60)).save("photo.png")
    return tmp_path / "work"


def _run(prompt: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, object]]:
    code = main(["edit", "photo.png", prompt, "-p", "local", "-o", "out.png", "--json"])
    return code, json.loads(capsys.readouterr().out)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    prompt=st.sampled_from(_PROMPTS),
    letters=st.text("abcdefghijklmnopqrstuvwxyzéß", min_size=1, max_size=10),
    data=st.data(),
)
def test_an_unknown_word_gives_exit_2_and_no_file(
    prompt: str,
    letters: str,
    data: st.DataObject,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    word = f"x{letters}q"
    if word in vocabulary():
        return
    words = prompt.split()
    place = data.draw(st.integers(0, len(words)))
    code, document = _run(" ".join([*words[:place], word, *words[place:]]), capsys)
    assert code == 2
    error = document["error"]
    assert isinstance(error, dict)
    assert (error["type"], error["charged"]) == ("ValidationError", "no")
    assert f"'{word}'" in error["problems"][0]["message"]
    assert os.listdir(folder) == ["photo.png"]


def test_the_same_prompt_without_it_gives_a_file(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _document = _run("warmer", capsys)
    assert code == 0
    assert sorted(os.listdir(folder)) == ["out.png", "photo.png"]
