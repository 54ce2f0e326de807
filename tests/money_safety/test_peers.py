"""`make bench-peers` counts rightly; the other clients are pinned, and not installed here."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from peers.environments import PEERS, PINS, versions
from peers.posts import LOST, UNPAID, Posts, others, table

DRIVERS = PINS.parent


def test_each_client_is_pinned_and_driven() -> None:
    assert {path.stem for path in PINS.glob("*.txt")} == set(PEERS)
    assert {path.stem for path in DRIVERS.glob("use_*.py")} == {f"use_{name}" for name in PEERS}
    assert all(versions().values())


@pytest.mark.parametrize("name", PEERS)
def test_pins_name_versions_only(name: str) -> None:
    lines = (PINS / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not re.fullmatch(r"[\w.-]+==[\w.]+", line)] == []


@pytest.mark.parametrize("name", PEERS)
def test_drivers_have_one_interface(name: str) -> None:
    tree = ast.parse((DRIVERS / f"use_{name}.py").read_text(encoding="utf-8"))
    (client,) = (node for node in tree.body if isinstance(node, ast.ClassDef))
    methods = {
        node.name: [argument.arg for argument in node.args.args]
        for node in client.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert methods["__init__"] == ["self", "url", "timeout"]
    assert methods["edit"] == ["self", "picture"]
    assert set(methods) == {"__init__", "__aenter__", "__aexit__", "edit"}


def test_plain_aiohttp_sends_once(tmp_path: Path) -> None:
    """The one client that is here, through the same server and child process as the others."""
    faults = ("drop_after_body", "status_500", *UNPAID)
    found = others(["aiohttp"], faults, tmp_path)
    assert found["aiohttp"]["good"] == Posts(1, "done")
    assert {found["aiohttp"][fault].count for fault in faults} == {1}
    assert found["aiohttp"]["drop_after_body"].end == "ServerDisconnectedError"
    lines = list(table(found, faults))
    assert lines[0] == "| the vendor, every time | aiohttp |"
    assert lines[2:] == [
        "| closes without an answer | 1 |",
        "| 500 | 1 |",
        "| 429, come back in 2 seconds | 1 |",
    ]


def test_a_client_that_cannot_edit_is_not_measured(tmp_path: Path) -> None:
    """Zero POSTs of a client that does not work would look very safe."""
    with pytest.raises(SystemExit, match="ModuleNotFoundError"):
        others(["nobody"], ["status_500"], tmp_path)


def test_twelve_faults_may_have_been_charged() -> None:
    assert len(LOST) == 12
