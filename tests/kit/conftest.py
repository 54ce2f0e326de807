"""The sample plugin, good or with one mistake in it, installed for one test."""

from __future__ import annotations

import importlib
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from imgedit.discovery import catalog, scan

SAMPLE = Path(__file__).parent / "sample"
sys.path.append(str(SAMPLE))  # for acme_tests; the plugin itself is installed by `install`

_METADATA = "Metadata-Version: 2.1\nName: imgedit-acme\nVersion: 0.1.0\n"
_ENTRY = "[imgedit.providers]\nacme = imgedit_acme\n"


def _forget() -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "imgedit_acme"]:
        del sys.modules[name]


def _install(folder: Path, patch: pytest.MonkeyPatch, file: str, old: str, new: str) -> Path:
    site = folder / "site"
    shutil.copytree(SAMPLE / "imgedit_acme", site / "imgedit_acme")
    shutil.rmtree(site / "imgedit_acme" / "__pycache__", ignore_errors=True)
    info = site / "imgedit_acme-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(_METADATA, encoding="utf-8")
    (info / "entry_points.txt").write_text(_ENTRY, encoding="utf-8")
    path = site / "imgedit_acme" / file
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1 or not old, f"{old!r} stands there {text.count(old)} times"
    path.write_text(text.replace(old, new) if old else text, encoding="utf-8")
    patch.syspath_prepend(str(site))
    importlib.invalidate_caches()
    _forget()
    known = catalog.Registry(scan.scan([str(site)]))
    patch.setattr(catalog, "_of_this_process", known)
    return path


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Path]]:
    """Installs the sample; (file, old, new) is the mistake to put into it."""

    def one(file: str = "__init__.py", old: str = "", new: str = "") -> Path:
        return _install(tmp_path, monkeypatch, file, old, new)

    yield one
    _forget()


@pytest.fixture(scope="class")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The good sample is there for all tests of a class."""
    with pytest.MonkeyPatch.context() as patch:
        _install(tmp_path_factory.mktemp("sample"), patch, "__init__.py", "", "")
        yield
    _forget()
