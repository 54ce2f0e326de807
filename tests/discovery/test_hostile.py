"""Plugins that mean harm, or do it by accident: what is contained, and that all of it goes away."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from .conftest import GOOD, manifest_of, write_wheel

PHOTO = Path(__file__).parents[2] / "examples" / "coffee.png"

NOISY = """
import sys
print("imported, and proud of it")
sys.stdout.write("no end of line")
"""
PATCHER = """
import json, os
json.dumps = json.loads = json.load = json.dump = lambda *_, **__: "{}"
os.environ["IMGEDIT_PATCHED"] = "1"
"""
QUITTER = "raise SystemExit(0)\n"
ADDON = "print('an add-on that prints')\nraise SystemExit('and leaves')\n"
COMMANDS = """
import click
print("a command that prints")
@click.command()
def command():
    print("{}")
"""
HARM = "raise RuntimeError('it was imported')\n"

SHADOWS = ("edit", "providers", "keys", "completion")


@pytest.fixture(scope="module")
def besieged(
    built_wheels: Any, make_clean_venv: Any, tmp_path_factory: pytest.TempPathFactory
) -> Any:
    """An environment with `local`, four bad neighbours, and two versions of one plugin."""
    folder = tmp_path_factory.mktemp("wheels")
    wheels = []
    for name, code in (("noisy", NOISY), ("patcher", PATCHER), ("quitter", QUITTER)):
        files = {"__init__.py": code + GOOD, "provider.json": json.dumps(manifest_of(name))}
        package = {f"imgedit_{name}/{file}": text for file, text in files.items()}
        entry = f"[imgedit.providers]\n{name} = imgedit_{name}\n"
        wheels.append(write_wheel(folder, f"imgedit-{name}", package, entry))
    shadows = "".join(f"{name} = imgedit_shadow:command\n" for name in SHADOWS)
    for name, code, entry in (
        ("addon", ADDON, "[imgedit.addons]\naddon = imgedit_addon\n"),
        ("shadow", HARM, f"[imgedit.commands]\n{shadows}"),
        ("loud", COMMANDS, "[imgedit.commands]\nloud = imgedit_loud:command\n"),
    ):
        files = {f"imgedit_{name}.py": code}
        wheels.append(write_wheel(folder, f"imgedit-{name}", files, entry))
    return make_clean_venv(
        tmp_path_factory.mktemp("besieged"),
        f"{built_wheels['imgedit-core']}[cli]",
        built_wheels["imgedit-local"],
        *wheels,
    )


def asked(besieged: Any, *arguments: str | Path, code: int = 0, **env: str) -> dict[str, Any]:
    """The one document on stdout."""
    done: subprocess.CompletedProcess[str] = besieged.run(
        "imgedit", *arguments, "--json", check=False, env=env
    )
    assert done.returncode == code, done.stdout + done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def test_what_a_plugin_prints_is_not_in_the_document(besieged: Any, tmp_path: Path) -> None:
    done = besieged.run("imgedit", "quote", PHOTO, "warmer", "-p", "noisy", "--json")
    assert [row["amount"] for row in json.loads(done.stdout)["quotes"]] == ["0.04"]
    assert "imported, and proud of it" in done.stderr
    assert "an add-on that prints" in done.stderr
    out = tmp_path / "out.png"
    error = asked(besieged, "edit", PHOTO, "warmer", "-p", "noisy", "-o", out, code=2)["error"]
    assert error["type"] == "ConfigError"  # there is no key


def test_a_command_of_a_plugin_has_stdout_to_itself(besieged: Any) -> None:
    done = besieged.run("imgedit", "loud")
    assert done.stdout == "a command that prints\n{}\n"


def test_nobody_runs_who_was_not_asked_for(besieged: Any, tmp_path: Path) -> None:
    """A listing and an edit with another provider import none of them."""
    for name in ("patcher", "noisy", "quitter"):
        spy = tmp_path / f"imgedit_{name}"
        spy.mkdir()
        (spy / "__init__.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()\n")
        (spy / "provider.json").write_text(json.dumps(manifest_of(name)))
    env = {"PYTHONPATH": str(tmp_path)}
    out = tmp_path / "out.png"
    asked(besieged, "edit", PHOTO, "sepia", "-p", "local", "-o", out, **env)
    assert {row["status"] for row in asked(besieged, "providers", **env)["providers"]} == {"ok"}
    assert out.read_bytes().startswith(b"\x89PNG")
    assert not (tmp_path / "ran").exists()
    asked(besieged, "quote", PHOTO, "sepia", "-p", "patcher", **env, code=9)
    assert (tmp_path / "ran").exists()


def test_who_quits_at_import_is_named(besieged: Any) -> None:
    error = asked(besieged, "edit", PHOTO, "warmer", "-p", "quitter", code=9)["error"]
    assert (error["type"], error["charged"]) == ("BrokenPlugin", "no")
    assert "imgedit-quitter 0.1.0" in error["message"]
    assert "ended the program" in error["message"]


def test_names_of_our_own_commands_stay_ours(besieged: Any, tmp_path: Path) -> None:
    out = tmp_path / "out.png"
    env = {"IMGEDIT_PLUGINS": f"local,{','.join(SHADOWS)}"}
    asked(besieged, "edit", PHOTO, "sepia", "-o", out, **env)
    assert out.exists()
    help_text = besieged.run("imgedit", "--help", env=env).stdout
    assert "From plugins" not in help_text
    found = asked(besieged, "providers", "--check", **env)["commands"]
    assert [(row["name"], row["distribution"], row["status"]) for row in found] == [
        (name, "imgedit-shadow 0.1.0", "ignored") for name in sorted(SHADOWS)
    ]


def test_the_allow_list_keeps_them_all_out(besieged: Any, tmp_path: Path) -> None:
    out = tmp_path / "out.png"
    env = {"IMGEDIT_PLUGINS": "local"}
    done = besieged.run("imgedit", "edit", PHOTO, "sepia", "-o", out, "--json", env=env)
    assert json.loads(done.stdout)["provider"] == "local"
    assert done.stderr == ""
    document = asked(besieged, "providers", "--check", **env)
    assert [row["name"] for row in document["providers"]] == ["local"]
    assert document["addons"] == document["commands"] == []


def test_of_two_versions_on_the_path_the_one_that_python_imports_is_told(
    besieged: Any, tmp_path: Path
) -> None:
    """Each folder of the path has metadata and a package; the first of both count, together."""
    for folder, version, code in (("first", "0.2.0", GOOD), ("second", "0.3.0", HARM)):
        files = {"__init__.py": code, "provider.json": json.dumps(manifest_of("acme"))}
        package = tmp_path / folder / "imgedit_acme"
        package.mkdir(parents=True)
        for name, text in files.items():
            (package / name).write_text(text)
        info = tmp_path / folder / f"imgedit_acme-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Name: imgedit-acme\nVersion: {version}\n")
        (info / "entry_points.txt").write_text("[imgedit.providers]\nacme = imgedit_acme\n")
    for folders, version, status in (
        (("first", "second"), "0.2.0", "ok"),
        (("second", "first"), "0.3.0", "broken"),
    ):
        path = os.pathsep.join(str(tmp_path / folder) for folder in folders)
        found = asked(
            besieged, "providers", "--check", "acme", PYTHONPATH=path, code=9 * (status != "ok")
        )
        (row,) = found["providers"]
        assert (row["version"], row["status"]) == (version, status)


def test_uninstalling_removes_each_of_them(besieged: Any) -> None:
    """The last test here: afterwards only `local` is left."""
    names = ("noisy", "patcher", "quitter", "addon", "shadow", "loud")
    besieged.pip("uninstall", "--quiet", "--yes", *(f"imgedit-{name}" for name in names))
    document = asked(besieged, "providers", "--check")
    assert [row["name"] for row in document["providers"]] == ["local"]
    assert document["addons"] == document["commands"] == []
