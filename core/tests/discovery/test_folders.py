"""The metadata that is found without importlib.metadata is what importlib.metadata finds."""

from __future__ import annotations

import sys
import zipfile
from collections import Counter
from importlib import metadata
from pathlib import Path

import pytest

from imgedit.discovery.folders import distributions, entry_points


def texts(found: object, file: str) -> Counter[str | None]:
    return Counter(one.read_text(file) for one in found)  # type: ignore[attr-defined]  # iterable


@pytest.mark.parametrize("file", ("METADATA", "entry_points.txt", "nothing.txt"))
def test_this_environment_is_read_as_importlib_reads_it(file: str) -> None:
    assert texts(distributions(), file) == texts(metadata.distributions(), file)


def test_every_entry_point_here_is_read_as_importlib_reads_it() -> None:
    ours = [
        entry
        for one in distributions()
        for entry in entry_points(one.read_text("entry_points.txt") or "")
    ]
    theirs = [
        (entry.group, entry.name, entry.value)
        for one in metadata.distributions()
        for entry in one.entry_points
    ]
    assert ours
    assert sorted(ours) == sorted(theirs)


def test_comments_and_blank_lines_are_passed_over() -> None:
    text = (
        "lost = before\n[a.group]\n# no = comment\n\n one = package:name [extra] \n[b]\ntwo=x=y\n"
    )
    assert list(entry_points(text)) == [
        ("a.group", "one", "package:name [extra]"),
        ("b", "two", "x=y"),
    ]


def test_a_line_that_is_no_entry_point_is_refused() -> None:
    with pytest.raises(ValueError, match="no entry point"):
        list(entry_points("[imgedit.providers]\nacme\n"))


@pytest.mark.parametrize("folder", ("one-1.0.dist-info", "one-1.0.egg-info"))
def test_folders_archives_and_eggs_are_looked_into(tmp_path: Path, folder: str) -> None:
    (tmp_path / "plain" / folder).mkdir(parents=True)
    (tmp_path / "plain" / folder / "entry_points.txt").write_text("plain")
    with zipfile.ZipFile(tmp_path / "app.zip", "w") as archive:
        archive.writestr(f"{folder}/entry_points.txt", "archive")
    (tmp_path / "old.egg" / "EGG-INFO").mkdir(parents=True)
    (tmp_path / "old.egg" / "EGG-INFO" / "entry_points.txt").write_text("egg")
    paths = [str(tmp_path / name) for name in ("plain", "app.zip", "old.egg", "missing", "a\0b")]
    found = [one.read_text("entry_points.txt") for one in distributions(paths)]
    assert found == ["plain", "archive", "egg"]


def test_finders_of_others_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    class One(metadata.Distribution):
        def read_text(self, filename: str) -> str | None:
            return f"frozen {filename}"

        def locate_file(self, path: object) -> Path:
            return Path(str(path))

    class Finder:
        @staticmethod
        def find_spec(*_: object) -> None:
            return None

        @staticmethod
        def find_distributions(*_: object) -> list[One]:
            return [One()]

    monkeypatch.setattr(sys, "meta_path", [Finder, *sys.meta_path])
    assert "frozen METADATA" in texts(distributions(), "METADATA")
