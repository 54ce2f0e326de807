"""CHANGELOG.md and CONTRIBUTING.md: every distribution, every folder and every target is there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from pages import ROOT

PROJECTS = [
    tomllib.loads(path.read_text(encoding="utf-8"))["project"]
    for path in (ROOT / "core" / "pyproject.toml", *sorted(ROOT.glob("plugins/*/pyproject.toml")))
]
CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("project", PROJECTS, ids=lambda project: str(project["name"]))
def test_a_distribution_has_its_changes(project: dict[str, str]) -> None:
    sections = dict(re.findall(r"^## (\S+)\n(.*?)(?=^## |\Z)", CHANGELOG, re.M | re.S))
    assert project["version"] in sections[project["name"]]


def test_the_changelog_names_no_other_distribution() -> None:
    named = re.findall(r"^## (\S+)$", CHANGELOG, re.M)
    assert sorted(named) == sorted(project["name"] for project in PROJECTS)


def test_the_targets_that_are_named_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"`make ([a-z-]+)", CONTRIBUTING):
        assert re.search(rf"^{target}:", makefile, re.M), target


def test_the_folders_that_are_named_exist() -> None:
    table = CONTRIBUTING.partition("## The house")[2].partition("Three rules")[0]
    for row in re.findall(r"^\| (`.*?) \|", table, re.M):
        first, *others = re.findall(r"`([^`]+)`", row)
        where = ROOT / Path(first.removesuffix("*/")).parent
        for name in (first, *others):
            found = ROOT / first.removesuffix("*/") if name == first else None
            places = [found] if found else [where / name, ROOT / name]
            assert any(place and place.exists() for place in places), name


def test_the_files_that_are_named_exist() -> None:
    core = ROOT / "core" / "src" / "imgedit"
    for name in re.findall(r"`((?:discovery|manifest|cli)/[a-z_]+\.py)`", CONTRIBUTING):
        assert (core / name).is_file(), name
