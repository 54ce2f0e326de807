"""What the README shows is run: its Python, and its command lines that need no service."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from imgedit.testing.pictures import png

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PYTHON = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
COMMANDS = [
    line.partition("#")[0].removeprefix("$ ").strip()
    for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL)
    for line in block.splitlines()
    if line.startswith("$ imgedit ")
]


def run(command: list[str], cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, "IMGEDIT_HOME": str(cwd / "home")},
        stdin=subprocess.DEVNULL,
        text=True,
        capture_output=True,
        timeout=90,
        check=False,
    )


@pytest.mark.parametrize("block", PYTHON, ids=range(len(PYTHON)))
def test_python(block: str, tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(png())
    done = run([sys.executable, "-W", "error", "-c", block], tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert list(tmp_path.glob("*.png"))


def test_there_is_something_to_run() -> None:
    assert len(PYTHON) == 2
    assert len(COMMANDS) == 10


@pytest.mark.parametrize("command", COMMANDS)
def test_commands(command: str, tmp_path: Path) -> None:
    import shlex

    (tmp_path / "examples").symlink_to(ROOT / "examples")
    words = shlex.split(command)[1:]
    done = run([sys.executable, "-m", "imgedit", *words], tmp_path)
    if {"--max-cost", "--live", "balance"} & set(words):  # they need a key, and none is set here
        assert done.returncode == 2
        assert "VENICE_API_KEY" in done.stderr
    elif "keys" in words:  # nobody types one in
        assert done.returncode == 2
        assert "no key was given" in done.stderr
    else:
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#:]+)\)", README))
def test_links(link: str) -> None:
    assert (ROOT / link).exists()
