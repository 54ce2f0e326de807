"""The Makefile and the pins, as they meet a new plugin folder or a machine without Python."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(not shutil.which("make"), reason="the Makefile needs make")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with one plugin folder that no file knows of, and no environment yet."""
    for name in ("Makefile", "constraints.txt", "core/pyproject.toml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    for package in ("core/src/imgedit", "plugins/acme/src/imgedit_acme"):
        (tmp_path / package).mkdir(parents=True)
    (tmp_path / "plugins/acme/pyproject.toml").touch()
    return tmp_path


def make(
    checkout: Path, *arguments: str, path: Path | None = None
) -> subprocess.CompletedProcess[str]:
    command = [str(shutil.which("make")), *arguments]
    environment = {"PATH": str(path) if path else "/usr/bin:/bin"}
    return subprocess.run(
        command, cwd=checkout, env=environment, capture_output=True, text=True, check=False
    )


def test_make_alone_lists_the_targets(checkout):
    done = make(checkout)
    assert done.returncode == 0
    listed = re.findall(r"^  make ([a-z-]+)", done.stdout, re.MULTILINE)
    targets = re.findall(r"^\.PHONY: ([a-z-]+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert listed == targets
    assert {"help", "demo", "test", "check", "format", "bench", "build", "clean"} <= set(listed)


def test_a_new_plugin_folder_is_installed_checked_and_built_without_an_edit(checkout):
    commands = make(checkout, "--dry-run", "check", "build").stdout
    assert "-e plugins/acme" in commands
    assert "mypy core/src plugins/acme/src" in commands
    assert "for project in core plugins/acme" in commands


def test_a_folder_that_is_no_project_is_left_alone(checkout):
    (checkout / "plugins" / "notes").mkdir()
    assert "notes" not in make(checkout, "--dry-run", "check", "build").stdout


@pytest.mark.parametrize("old", ("exit 1", "exit 127"), ids=("too old", "not selected"))
def test_without_a_fitting_python_one_sentence_says_what_is_missing(checkout, tmp_path, old):
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("python3", "python3.12", "python"):
        (tools / name).write_text(f"#!/bin/sh\n{old}\n")
        (tools / name).chmod(0o755)
    done = make(checkout, ".venv/.ready", path=tools)
    assert done.returncode
    assert done.stdout == ""
    sentence, _make_says = done.stderr.splitlines()
    assert "Python 3.11 or newer" in sentence
    assert "venv" in sentence
    assert not (checkout / ".venv").exists()


def test_every_constraint_is_one_pinned_version():
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    assert not [line for line in lines if not re.fullmatch(r"[\w.-]+==[\w.+!]+", line)]


def test_every_declared_dependency_is_pinned_to_a_version_that_it_allows(projects):
    pins = dict(
        line.lower().split("==") for line in (ROOT / "constraints.txt").read_text().splitlines()
    )
    for folder in projects.values():
        project = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]
        extras = project.get("optional-dependencies", {}).values()
        for line in (*project.get("dependencies", ()), *(r for extra in extras for r in extra)):
            requirement = Requirement(line)
            if not requirement.name.startswith("imgedit"):
                assert requirement.specifier.contains(Version(pins[requirement.name.lower()]))
