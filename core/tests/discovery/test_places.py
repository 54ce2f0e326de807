"""File and line of what is wrong with a plugin."""

from __future__ import annotations

import importlib.util
import json
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from imgedit.discovery import Registry
from imgedit.manifest.keys import escape
from imgedit.manifest.lines import Lines

from .conftest import GOOD, acme_manifest

VALUES: dict[str, Any] = {
    "plain": {"a": 1, "b": [True, None, -1.5e3, "x"], "c": {}},
    "names": {"a/b": {"c~d": [[], [{}]], "": "empty", "é\n": 1}},
    "scalar": "alone",
    "list": [[[1]], {"deep": {"deeper": [0, {"x": "}],:"}]}}],
}


def pointers(value: Any, at: str = "") -> Iterator[tuple[str, str]]:
    """Every pointer, and what its line must hold."""
    rows = value.items() if isinstance(value, dict) else enumerate(value)
    for name, inside in rows:
        pointer = f"{at}/{escape(str(name))}"
        yield pointer, json.dumps(name) if isinstance(value, dict) else json.dumps(inside)[:1]
        if isinstance(inside, dict | list):
            yield from pointers(inside, pointer)


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
@pytest.mark.parametrize("ends", ("\n", "\r\n"))
def test_every_value_has_its_line(value: Any, ends: str) -> None:
    text = json.dumps(value, indent=1).replace("\n", ends)
    lines, rows = Lines(text), text.split("\n")
    assert lines.repeated is None
    assert lines.at("") == 1
    if isinstance(value, dict | list):
        seen = [(lines.at(pointer), shown) for pointer, shown in pointers(value)]
        assert all(shown in rows[line - 1] for line, shown in seen)
        assert [line for line, _ in seen] == sorted({line for line, _ in seen})


def test_what_is_missing_stands_where_it_is_missed() -> None:
    lines = Lines('{"a": 1,\n "b": {"c":\n [2,\n 3]}}')
    assert [lines.at(at) for at in ("/b/c/1", "/b/c/7", "/b/x", "/x/y")] == [4, 2, 2, 1]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A package with a good provider."""
    (tmp_path / "__init__.py").write_text(textwrap.dedent(GOOD).lstrip())
    (tmp_path / "provider.json").write_text(json.dumps(acme_manifest(), indent=2))
    return tmp_path


def load(folder: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("imgedit_acme", folder / "__init__.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def check(registry: Registry, folder: Path) -> list[str]:
    """The lines that are wrong, as they stand in the files, each with what is said of it."""
    registry.register("acme", load(folder))
    said = []
    for place in registry.check("acme").places:
        path = Path(place.file)
        assert path.is_absolute()
        assert place.line is not None
        said.append(f"{path.read_text().splitlines()[place.line - 1].strip()} <- {place.says}")
    return said


def test_every_problem_of_a_manifest_has_its_line(registry: Registry, folder: Path) -> None:
    manifest = acme_manifest(aliases={"old": "nothere"}, polll={"seconds": [1]})
    manifest["models"][0]["price"]["sorce"] = manifest["models"][0]["price"].pop("source")
    (folder / "provider.json").write_text(json.dumps(manifest, indent=2))
    assert check(registry, folder) == [
        '"sorce": "docs" <- /models/0/price/sorce: is not known here; did you mean \'source\'?',
        "\"polll\": { <- /polll: is not known here; did you mean 'poll'?",
    ]


def test_a_good_one_has_no_places(registry: Registry, folder: Path) -> None:
    assert check(registry, folder) == []


@pytest.mark.parametrize(
    ("text", "line"),
    (
        ('{"manifest": 1,\n "name": "acme",\n "title" "Acme"}', 3),
        ('{"manifest": 1,\n "name": "acme",\n "name": "acme"}', 3),
        ('{"manifest": 1,\n "name": "acme",\n "title": "Acme", "unit":\n 7}', 3),
        ('{"manifest": 1,\n "name": "acne"}', 1),
    ),
    ids=["syntax", "twice", "kind", "missing"],
)
def test_a_manifest_that_cannot_be_read(
    registry: Registry, folder: Path, text: str, line: int
) -> None:
    from imgedit.discovery.entry import read_manifest_of
    from imgedit.discovery.failure import Refused

    (folder / "provider.json").write_text(text)
    with pytest.raises(Refused) as caught:
        read_manifest_of(folder / "provider.json", "acme", "imgedit-acme 0.1.0")
    (place,) = caught.value.places()
    assert (place.file, place.line) == (str(folder / "provider.json"), line)
    assert place.says in caught.value.reason


def test_every_wrong_hook_has_its_line(registry: Registry, folder: Path) -> None:
    from imgedit.discovery.checks import provider_findings
    from imgedit.discovery.places import of_function

    source = textwrap.dedent(GOOD).replace("def parse_response(job", "def parse_respons(job")
    source += "\n\ndef price(request, model):\n    ...\n"
    (folder / "__init__.py").write_text(source)
    module = load(folder)
    found = {}
    for finding in provider_findings(module):
        place = of_function(finding.function, module, finding.says)
        assert place is not None
        assert place.file == str(folder / "__init__.py")
        assert place.line is not None
        rows = source.splitlines()[place.line - 1 : place.line + 1]
        found[finding.says.split(":")[0]] = " ".join(rows)
    assert found == {
        "there is no hook parse_respons": "@hookimpl def parse_respons(job, response):",
        "price has no @hookimpl, so it would never be called": "def price(request, model):     ...",
    }


def test_a_hook_that_is_missing_names_the_file(folder: Path) -> None:
    from imgedit.discovery.places import of_function

    place = of_function(None, load(folder), "it has no price")
    assert place is not None
    assert (place.file, place.line) == (str(folder / "__init__.py"), None)
