"""docs/operations.md names every variable, every setting and every exit code that there is."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from attrs import fields
from pages import DOCS, ROOT, Block, Table, blocks, pieces

from imgedit.cli import exits
from imgedit.config import AddonsConfig, Config, ProviderConfig, load_config
from imgedit.ledger import Budget

PAGE = "operations.md"
TEXT = (DOCS / PAGE).read_text(encoding="utf-8")
COMMANDS = [
    line.removeprefix("$ ")
    for block in blocks(PAGE)
    if block.language == "console"
    for line in block.code.splitlines()
]


def column(heading: str) -> list[str]:
    """The first column of the table below a heading."""
    (table,) = (p for p in pieces(PAGE) if isinstance(p, Table) and p.heading == heading)
    return [row[0].strip("`") for row in table.rows]


def test_every_variable_is_there() -> None:
    sources = "".join(path.read_text("utf-8") for path in ROOT.glob("core/src/imgedit/**/*.py"))
    used = set(re.findall(r"IMGEDIT_(?:<NAME>_)?[A-Z_]*[A-Z]", sources))
    used |= {"IMGEDIT_<NAME>_BASE_URL"}
    shown = set(column("Environment variables"))
    assert used - {"IMGEDIT_"} <= shown
    assert {name for name in shown if name.startswith("IMGEDIT_")} <= used


def test_every_setting_is_there() -> None:
    known = {one.name for one in fields(Config)} - {"file", "providers", "addons", "budgets"}
    known |= {f"providers.<name>.{one.name}" for one in fields(ProviderConfig)}
    known |= {f"addons.{one.name}" for one in fields(AddonsConfig)}
    known |= {f"budgets.{one.name}" for one in fields(Budget)}
    assert known == set(column("Configuration"))


def test_every_exit_code_is_there() -> None:
    codes = {code for code, _ in exits._CODES}
    codes |= {0, exits.SOME_FAILED, exits.UNKNOWN, exits.PLUGIN, exits.BUG, exits.INTERRUPTED}
    assert codes == {int(code) for code in column("Exit codes")}


@pytest.mark.parametrize(
    "block",
    tuple(
        b
        for page in (PAGE, "addons.md")
        for b in blocks(page)
        if b.language == "toml" and b.verb != "from"
    ),
    ids=lambda block: block.id,
)
def test_a_configuration_is_read(block: Block, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(block.code, encoding="utf-8")
    assert load_config(file) != Config(file=file)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_runs(command: str, tmp_path: Path) -> None:
    words = shlex.split(command)
    env = {**os.environ, "IMGEDIT_HOME": str(tmp_path)}
    while "=" in words[0]:
        name, _, env[name] = words.pop(0).partition("=")
    assert words[0] == "imgedit"
    done = subprocess.run(
        [sys.executable, "-m", *words],
        env=env,
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
    )
    if words[1:3] == ["jobs", "show"]:
        assert "there is no job" in done.stderr
    else:
        assert done.returncode == 0, done.stderr
