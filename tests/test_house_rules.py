"""Rules of the house that no linter knows."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
VENDORS = re.compile(r"\b(artnex|magichour|depicta|venice|gptimageapi)\b", re.IGNORECASE)
POSIX_ONLY = {"fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty"}

CORE = sorted(p for p in (ROOT / "core").rglob("*") if p.is_file() and p.suffix != ".pyc")
SOURCES = sorted([*ROOT.glob("core/src/**/*.py"), *ROOT.glob("plugins/*/src/**/*.py")])


def test_the_core_knows_no_vendor():
    """Vendors are plugins, and examples in the core say ``acme``."""
    assert SOURCES
    named = {}
    for path in CORE:
        found = VENDORS.search(path.read_text(encoding="utf-8", errors="ignore"))
        if found or VENDORS.search(str(path.relative_to(ROOT))):
            named[str(path.relative_to(ROOT))] = found and found.group()
    assert not named


def module_level_imports(path: Path) -> set[str]:
    """The top-level modules that are imported when ``path`` is, whatever the platform."""
    names: set[str] = set()
    waiting: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add(str(node.module).split(".")[0])
        elif not isinstance(node, ast.If | ast.Try | ast.FunctionDef | ast.AsyncFunctionDef):
            waiting += ast.iter_child_nodes(node)
    return names


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_can_be_imported_on_every_platform(path):
    assert not module_level_imports(path) & POSIX_ONLY


@pytest.mark.parametrize(
    "path", sorted(ROOT.glob("core/src/**/*.py")), ids=lambda path: str(path.relative_to(ROOT))
)
def test_the_core_imports_no_plugin(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            assert not [a.name for a in node.names if a.name.startswith("imgedit_")]
        elif isinstance(node, ast.ImportFrom):
            assert not str(node.module).startswith("imgedit_")
