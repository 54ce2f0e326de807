"""The manifest as a document, and the plugin's code beside it."""

from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import imgedit_venice
from imgedit.discovery import Provider, registry
from imgedit.manifest import validate_manifest

HERE = Path(inspect.getfile(imgedit_venice)).parent


@pytest.fixture(scope="module")
def raw() -> dict[str, Any]:
    return dict(json.loads((HERE / "provider.json").read_text(encoding="utf-8")))


def test_it_is_right(raw: dict[str, Any]) -> None:
    assert validate_manifest(raw) == []


def test_the_installed_provider_passes_every_check() -> None:
    assert registry().check("venice").status == "ok"


def test_every_fact_names_its_source_and_date(raw: dict[str, Any], venice: Provider) -> None:
    assert {source["read"] for source in raw["sources"].values()} == {"2026-11-20"}
    assert all(source["note"] for source in raw["sources"].values())
    for model in venice.manifest.models:
        assert model.price is not None
        assert model.price["source"] in raw["sources"]


def test_every_option_says_what_it_does(raw: dict[str, Any]) -> None:
    options = {key: value for key, value in raw["limits"].items() if key.startswith("options.")}
    assert len(options) == 5
    assert all(fragment["description"] for fragment in options.values())


def test_no_price_and_no_limit_stands_in_the_code() -> None:
    code = (HERE / "__init__.py").read_text(encoding="utf-8")
    body = code.partition('"""\n')[2]  # the docstring has the date
    assert re.findall(r"\d+\.\d+|\b\d{2,}\b", body) == []
    assert len(code.splitlines()) < 100


def test_loading_it_imports_nothing_heavy() -> None:
    heavy = ("aiohttp", "asyncio", "jsonschema", "cattrs", "ssl")
    script = f"import sys, imgedit_venice; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"
