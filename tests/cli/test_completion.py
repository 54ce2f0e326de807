"""What Tab offers, asked as the shells ask: in a process of its own, by environment variables."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SHELLS = ("bash", "zsh", "fish")
FILES = "file"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two providers and a command that must not be imported, and a broken provider."""
    site = tmp_path_factory.mktemp("site")
    for name, models in (("acme", ("one", "two")), ("acorn", ("oak",)), ("broken", None)):
        manifest = {
            "manifest": 1,
            "name": name,
            "title": name,
            "base_url": f"https://api.{name}.example",
            "unit": "USD",
            "models": [{"id": one, "title": f"{one.title()} of {name}"} for one in models or ()],
        }
        package = site / f"imgedit_{name}"
        package.mkdir()
        (package / "__init__.py").write_text("raise RuntimeError('it was imported')\n")
        (package / "provider.json").write_text("{" if models is None else json.dumps(manifest))
        entry = f"[imgedit.providers]\n{name} = imgedit_{name}\n"
        if name == "acme":
            entry += "[imgedit.commands]\ncontact-sheet = imgedit_acme:command\n"
        info = site / f"imgedit_{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Name: imgedit-{name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(entry)
    return site


@pytest.fixture
def env(site: Path, tmp_path: Path) -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": str(site),
        "IMGEDIT_PLUGINS": "acme,acorn,broken,contact-sheet",
        "IMGEDIT_HOME": str(tmp_path),
    }


def offered(env: dict[str, str], line: str, shell: str = "bash") -> list[tuple[str, str]]:
    """What is offered for the last word of a line: (kind, value)."""
    words = line.split(" ")
    asked = {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    if shell == "fish":
        asked["COMP_CWORD"] = words[-1]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "imgedit"],
        env={**env, **asked, "_IMGEDIT_COMPLETE": f"{shell}_complete"},
        text=True,
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    if shell == "zsh":
        cells = done.stdout.splitlines()
        return list(zip(cells[::3], cells[1::3], strict=True))
    found = []
    for row in filter(None, done.stdout.splitlines()):
        kind, _, value = row.partition(",")
        found.append((kind, value.partition("\t")[0]))
    return found


def values(env: dict[str, str], line: str, shell: str = "bash") -> list[str]:
    return [value for _, value in offered(env, line, shell)]


@pytest.mark.parametrize("shell", SHELLS)
def test_every_shell_is_offered_the_same(env: dict[str, str], shell: str) -> None:
    assert values(env, "imgedit ed", shell) == ["edit"]
    assert values(env, "imgedit edit -p ac", shell) == ["acme", "acorn"]
    assert values(env, "imgedit edit -p acme -m t", shell) == ["two"]


@pytest.mark.parametrize(
    ("line", "expected"),
    (
        ("imgedit co", ["completion", "contact-sheet"]),
        ("imgedit jobs sh", ["show"]),
        ("imgedit edit --dry", ["--dry-run"]),
        ("imgedit edit -p ", ["acme", "acorn", "broken"]),
        ("imgedit edit -p acme,ac", ["acme,acorn"]),
        ("imgedit edit -m ", ["one", "two", "oak"]),
        ("imgedit edit -p broken -m ", []),
        ("imgedit models aco", ["acorn"]),
        ("imgedit balance br", ["broken"]),
        ("imgedit keys set acm", ["acme"]),
        ("imgedit providers --check acm", ["acme"]),
        ("imgedit completion z", ["zsh"]),
    ),
)
def test_what_is_offered(env: dict[str, str], line: str, expected: list[str]) -> None:
    assert values(env, line) == expected


@pytest.mark.parametrize(
    "line", ("imgedit edit pho", "imgedit edit --mask ", "imgedit edit -o ", "imgedit quote ./x")
)
def test_files_are_left_to_the_shell(env: dict[str, str], line: str) -> None:
    assert [kind for kind, _ in offered(env, line)] == [FILES]


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_is_printed_and_is_one(env: dict[str, str], shell: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "imgedit", "completion", shell],
        env=env, text=True, capture_output=True, timeout=30, check=True,
    )  # fmt: skip
    assert f"_IMGEDIT_COMPLETE={shell}_complete" in done.stdout
    if found := shutil.which(shell):
        script = tmp_path / "script"
        script.write_text(done.stdout)
        assert subprocess.run([found, "-n", script], check=False, timeout=30).returncode == 0


@pytest.mark.skipif(not shutil.which("bash"), reason="there is no bash")
def test_in_bash(env: dict[str, str], tmp_path: Path) -> None:
    command = tmp_path / "imgedit"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m imgedit "$@"\n')
    command.chmod(0o755)
    script = """
        eval "$(imgedit completion bash)"
        complete -p imgedit >/dev/null || exit 1
        COMP_WORDS=(imgedit edit -p ac) COMP_CWORD=3
        _imgedit_completion imgedit ac -p
        printf '%s\\n' "${COMPREPLY[@]}"
    """
    done = subprocess.run(
        ["bash", "--norc", "-c", script],
        env={**env, "PATH": f"{tmp_path}{os.pathsep}{env['PATH']}"},
        text=True, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout.split(), done.stderr) == (0, ["acme", "acorn"], "")
