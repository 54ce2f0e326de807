"""Today's plugins keep to the contract of the lowest core that they say is enough.

`data/contract_<major>_<minor>.json` is what a hook API offers, kept as it was released; a core that
offers more gets a new number and a new file, written by `python tests/packaging/test_contract.py`.
"""

from __future__ import annotations

import ast
import inspect
import json
from pathlib import Path
from typing import Any

import pytest

import imgedit
from imgedit import HOOK_API, hookspecs

ROOT = Path(__file__).parents[2]
DATA = Path(__file__).parent / "data"
PLUGINS = {
    path.parent.name: path
    for pattern in ("plugins/*/src/*", "examples/*/src/*", "tests/packaging/data/*/src/*")
    for path in sorted(ROOT.glob(f"{pattern}/provider.json"))
}


def offered() -> dict[str, Any]:
    """What the hook API of this core offers."""
    schema = json.loads((ROOT / "schemas" / "provider.schema.json").read_text("utf-8"))
    hooks = {name: getattr(hookspecs, name) for name in hookspecs.PROVIDER_HOOKS}
    return {
        "hook_api": HOOK_API,
        "names": sorted(imgedit.__all__),
        "hooks": {name: list(inspect.signature(hook).parameters) for name, hook in hooks.items()},
        "manifest": sorted(schema["properties"]),
    }


def file_of(hook_api: str) -> Path:
    return DATA / f"contract_{hook_api.replace('.', '_')}.json"


def kept(hook_api: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(file_of(hook_api).read_text(encoding="utf-8"))
    return found


def imported(tree: ast.Module) -> set[str]:
    """The names that a module takes from imgedit; of another module of it, with its path."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in ("imgedit", "imgedit.errors"):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("imgedit."):
            found.add(str(node.module))
        elif isinstance(node, ast.Import):
            names = {alias.name for alias in node.names}
            found |= {name for name in names if name.startswith("imgedit.")}
    return found


def hooks_of(tree: ast.Module) -> dict[str, set[str]]:
    """The functions that are marked as hooks and must be known, with their parameters."""
    return {
        node.name: {argument.arg for argument in node.args.args}
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and any(isinstance(one, ast.Name) and one.id == "hookimpl" for one in node.decorator_list)
    }


@pytest.mark.parametrize("package", PLUGINS)
def test_a_plugin_takes_no_more_than_its_lowest_core_has(package):
    manifest = json.loads(PLUGINS[package].read_text(encoding="utf-8"))
    contract = kept(manifest.get("hook_api", "1.0"))
    assert set(manifest) <= set(contract["manifest"])
    marked = {}
    for path in sorted(PLUGINS[package].parent.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert imported(tree) <= set(contract["names"]), path
        marked |= hooks_of(tree)
    assert {"build_request", "parse_response"} <= set(marked)
    for name, parameters in marked.items():
        assert name in contract["hooks"]
        assert parameters <= set(contract["hooks"][name]), name


@pytest.mark.parametrize("file", sorted(DATA.glob("contract_*.json")), ids=lambda path: path.stem)
def test_nothing_that_was_ever_offered_is_gone(file):
    then, now = json.loads(file.read_text(encoding="utf-8")), offered()
    if then["hook_api"].partition(".")[0] != HOOK_API.partition(".")[0]:
        pytest.skip("another major version")
    assert set(then["names"]) <= set(now["names"])
    assert set(then["manifest"]) <= set(now["manifest"])
    for name, parameters in then["hooks"].items():
        assert set(parameters) <= set(now["hooks"][name]), name


def test_a_hook_or_an_argument_more_is_a_new_number():
    assert kept(HOOK_API)["hooks"] == offered()["hooks"]


if __name__ == "__main__":
    file_of(HOOK_API).write_text(json.dumps(offered(), indent=1) + "\n", encoding="utf-8")
