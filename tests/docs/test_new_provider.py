"""The page on beginning a provider: its command lines, and the files that it lists."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from pages import blocks, pieces

from imgedit.scaffold import ANSWERS, AUTHS, PICTURES
from imgedit.testing.pictures import png

PAGE = blocks("new-provider.md")


@pytest.mark.skipif(sys.platform == "win32", reason="paths are shown as POSIX writes them")
def test_the_command_lines_print_what_is_shown(
    built_wheels: Mapping[str, Path],
    clean_venv: Callable[..., Any],
    make_wheel: Callable[[Path], Path],
) -> None:
    environment = clean_venv(f"{built_wheels['imgedit-core']}[cli,new]")
    (environment.folder / "photo.png").write_bytes(png())
    begin, edit = (block.code for block in PAGE if block.language == "console")
    assert printed(environment, begin)
    project = environment.folder / "imgedit-acme"
    (listed,) = (block.code for block in PAGE if block.language == "text")
    for name in re.findall(r"[\w./-]+", re.sub(r"  +\S.*", "", listed)):
        assert list(project.parent.rglob(name.rstrip("/"))), name
    environment.install(make_wheel(project))
    assert printed(environment, edit)


def printed(environment: Any, block: str) -> bool:
    """Whether a command prints what is shown; `...` stands for anything."""
    command, _, shown = block.removeprefix("$ ").partition("\n")
    program, *words = shlex.split(command)
    assert program == "imgedit"
    done = environment.run("imgedit", *words)
    found = "\n".join(line.strip() for line in done.stdout.strip().splitlines())
    pattern = "\n".join(re.escape(line.strip()) for line in shown.strip().splitlines())
    assert re.fullmatch(pattern.replace(re.escape("..."), "(?s:.*?)"), found), done.stdout
    return True


def test_the_table_has_every_value() -> None:
    (table,) = (piece for piece in pieces("new-provider.md") if not hasattr(piece, "code"))
    rows = {row[0].strip("`"): row[1] for row in table.rows}
    for option, values in (("--auth", AUTHS), ("--picture", PICTURES), ("--answer", ANSWERS)):
        assert all(f"`{value}`" in rows[option] for value in values)
