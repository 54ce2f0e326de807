"""The tutorial's plugin, as an author has it: a wheel beside the core's, in a clean environment."""

from __future__ import annotations

import importlib.util
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from pages import ROOT, Block, blocks

from imgedit.testing.pictures import png

PROJECT = ROOT / "examples" / "imgedit-acme"
SHOWN = [block for block in blocks("tutorial.md") if block.language == "console"]


@pytest.fixture(scope="module")
def environment(
    tmp_path_factory: pytest.TempPathFactory,
    built_wheels: Mapping[str, Path],
    make_clean_venv: Callable[..., Any],
) -> Any:
    folder = tmp_path_factory.mktemp("tutorial")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder / "wheels"],
        cwd=PROJECT,
        check=True,
        timeout=60,
    )
    (wheel,) = (folder / "wheels").iterdir()
    made = make_clean_venv(folder / "venv", f"{built_wheels['imgedit-core']}[cli,testing]", wheel)
    (made.folder / "photo.png").write_bytes(png())
    return made


@pytest.fixture
def acme() -> Iterator[Any]:
    spec = importlib.util.spec_from_file_location("standin", PROJECT / "tests" / "standin.py")
    assert spec is not None
    assert spec.loader is not None
    standin = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(standin)
    with standin.Acme() as server:
        yield server


def test_the_plugins_own_tests_pass(environment: Any, tmp_path: Path) -> None:
    shutil.copytree(PROJECT / "tests", tmp_path / "tests")
    shutil.copy(PROJECT / "pyproject.toml", tmp_path)
    done = environment.run(
        "python", "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=tmp_path, check=False
    )
    assert done.returncode == 0, done.stdout
    assert re.search(r"\d\d passed", done.stdout)


@pytest.mark.parametrize("block", SHOWN, ids=lambda block: block.heading)
def test_the_command_lines_print_what_is_shown(block: Block, environment: Any, acme: Any) -> None:
    env = {"ACME_API_KEY": "any", "COLUMNS": "300"}
    if "IMGEDIT_ACME_BASE_URL" in block.code:
        env["IMGEDIT_ACME_BASE_URL"] = acme.base_url
    ran = 0
    for step in re.split(r"^\$ ", block.code, flags=re.MULTILINE)[1:]:
        command, _, shown = step.partition("\n")
        program, *words = shlex.split(command)
        if program != "imgedit":
            assert program in ("pip", "export")
            continue
        done = environment.run(
            "python", "-m", "imgedit", *words, env=env, cwd=environment.folder, check=False
        )
        assert matches(shown, done.stdout), f"{command} printed:\n{done.stdout}{done.stderr}"
        ran += 1
    assert ran


def matches(shown: str, printed: str) -> bool:
    """Whether an output is what a page shows; `...` stands for anything."""
    lines = [line.strip() for line in shown.strip().splitlines()]
    found = "\n".join(line.strip() for line in printed.strip().splitlines())
    pattern = re.escape("\n".join(lines)).replace(re.escape("..."), "(?s:.*?)")
    return re.fullmatch(pattern, found) is not None
