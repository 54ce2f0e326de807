"""The command line with every bad plugin installed: it works, and says what is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import imgedit

PHOTO = Path(__file__).parents[2] / "examples" / "coffee.png"


@pytest.fixture(scope="module")
def listed(crowded: Any) -> dict[str, Any]:
    """The document of `imgedit providers --json`."""
    document: dict[str, Any] = json.loads(crowded.run("imgedit", "providers", "--json").stdout)
    return document


@pytest.fixture(scope="module")
def checked(crowded: Any) -> dict[str, Any]:
    """The document of `imgedit providers --check --json`, which exits 9."""
    answer = crowded.run("imgedit", "providers", "--check", "--json", check=False)
    assert answer.returncode == 9, answer.stderr
    document: dict[str, Any] = json.loads(answer.stdout)
    return document


def reasons(document: dict[str, Any]) -> dict[str, str]:
    return {row["name"]: row["reason"] for row in document["providers"]}


@pytest.mark.parametrize("arguments", (["--help"], ["--version"], ["edit", "--help"]))
def test_help_works(crowded: Any, arguments: list[str]) -> None:
    answer = crowded.run("imgedit", *arguments)
    assert answer.stdout
    assert "Traceback" not in answer.stderr


def test_a_plain_listing_shows_every_one(listed: dict[str, Any], checked: dict[str, Any]) -> None:
    assert set(reasons(listed)) == set(reasons(checked))
    assert {"acme", "editable", "local", "boom", "twin", "stale", "Bad-Name"} <= set(
        reasons(listed)
    )


def test_check_says_each_true_sentence(checked: dict[str, Any], bad: Any) -> None:
    name, expected = bad
    assert reasons(checked)[name] == expected.says.format(core=imgedit.__version__)


@pytest.mark.parametrize(
    ("name", "file", "line"),
    (
        ("boom", "__init__.py", 1),
        ("needs", "__init__.py", 1),
        ("misspelt", "__init__.py", 5),
        ("garbled", "provider.json", 1),
        ("other", "provider.json", 1),
        ("incomplete", "__init__.py", None),
    ),
)
def test_check_says_where(
    checked: dict[str, Any], crowded: Any, name: str, file: str, line: int | None
) -> None:
    (row,) = (row for row in checked["providers"] if row["name"] == name)
    (place,) = row["places"]
    assert Path(place["file"]) == crowded.site_packages / f"imgedit_{name}" / file
    assert place["line"] == line
    assert place["says"] in row["reason"]


def test_a_person_reads_the_same_sentences(crowded: Any) -> None:
    answer = crowded.run("imgedit", "providers", "--check", check=False, env={"COLUMNS": "400"})
    assert answer.returncode == 9
    said = answer.stdout + answer.stderr
    assert "stale install of imgedit-stale" in said
    assert "importing it raised RuntimeError: no luck today" in said
    where = Path("imgedit_boom", "__init__.py")
    assert f"{where}:1: importing it raised RuntimeError: no luck today" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("name", "code"), (("acme", 0), ("local", 0), ("boom", 9), ("twin", 9), ("newer", 9))
)
def test_one_can_be_checked_alone(crowded: Any, name: str, code: int) -> None:
    answer = crowded.run("imgedit", "providers", "--check", name, "--json", check=False)
    assert answer.returncode == code
    assert list(reasons(json.loads(answer.stdout))) == [name]


def test_an_edit_with_a_good_provider_works(crowded: Any, tmp_path: Path) -> None:
    out = tmp_path / "out.png"
    answer = crowded.run(
        "imgedit", "edit", PHOTO, "black and white", "-p", "local", "-o", out, "--json"
    )
    document = json.loads(answer.stdout)
    assert document["provider"] == "local"
    assert out.read_bytes().startswith(b"\x89PNG")
    assert len(out.read_bytes()) == document["images"][0]["bytes"]


@pytest.mark.parametrize(
    ("name", "type_", "code"),
    (
        ("boom", "BrokenPlugin", 9),
        ("stale", "BrokenPlugin", 9),
        ("newer", "IncompatiblePlugin", 9),
        ("twin", "AmbiguousProvider", 9),
        ("acne", "UnknownProvider", 2),
    ),
)
def test_an_edit_with_a_bad_one_says_why(
    crowded: Any, tmp_path: Path, name: str, type_: str, code: int
) -> None:
    out = tmp_path / "out.png"
    answer = crowded.run(
        "imgedit", "edit", PHOTO, "warmer", "-p", name, "-o", out, "--json", check=False
    )
    assert answer.returncode == code
    assert json.loads(answer.stdout)["error"]["type"] == type_
    assert not out.exists()


def test_without_a_choice_nothing_that_costs_money_is_chosen(crowded: Any, tmp_path: Path) -> None:
    out = tmp_path / "out.png"
    answer = crowded.run("imgedit", "edit", PHOTO, "warmer", "-o", out, "--json")
    assert json.loads(answer.stdout)["provider"] == "local"


def test_no_plugin_at_all_is_a_sentence(crowded: Any, tmp_path: Path) -> None:
    answer = crowded.run(
        "imgedit", "edit", PHOTO, "warmer", "-o", tmp_path / "o.png",
        env={"IMGEDIT_PLUGINS": ""}, check=False,
    )  # fmt: skip
    assert answer.returncode == 2
    assert "pip install imgedit-local" in answer.stderr
