"""docs/money.md: its settings are read, its commands exist with these options."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import get_args

import click
import pytest
from pages import DOCS, ROOT, Block, Table, blocks, pieces

from imgedit.cli.app import app
from imgedit.config import load_config
from imgedit.contract.job import Status

PAGE = "money.md"
COMMANDS = [
    line.removeprefix("$ ")
    for block in blocks(PAGE)
    if block.language == "console"
    for line in block.code.splitlines()
]


@pytest.mark.parametrize("block", [b for b in blocks(PAGE) if b.language == "toml"])
def test_the_budgets_are_read(block: Block, tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(block.code, encoding="utf-8")
    first, second = load_config(file).budgets
    assert str(first) == "5 USD per day"
    assert str(second) == "40 USD per month for acme for the label 'shop'"


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_exists(command: str) -> None:
    program, *words = shlex.split(command)
    assert program == "imgedit"
    found: click.Command = app
    context = click.Context(app)
    while isinstance(found, click.Group) and words and not words[0].startswith("-"):
        inner = found.get_command(context, words.pop(0))
        assert inner is not None
        found = inner
    found.make_context(command, words, resilient_parsing=False)


def test_every_status_is_explained() -> None:
    table = next(piece for piece in pieces(PAGE) if isinstance(piece, Table))
    told = {name for row in table.rows for name in re.findall(r"`(\w+)`", row[0])}
    assert told == set(get_args(Status))


def test_the_sizes_are_those_of_the_proof() -> None:
    text = (DOCS / PAGE).read_text(encoding="utf-8")
    proof = (ROOT / "benchmarks" / "money" / "__main__.py").read_text(encoding="utf-8")
    for name, unit in (("kills", "kills"), ("attempts", "attempts"), ("edits", "edits")):
        (size,) = re.findall(rf'"--{name}", type=int, default=([\d_]+)', proof)
        assert f"{int(size):,} {unit}" in text
