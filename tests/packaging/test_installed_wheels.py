"""The built wheels at work in an environment that holds nothing but them and what they declare."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PHOTO = ROOT / "examples" / "coffee.png"
PLUGINS = sorted(p.parent.name for p in ROOT.glob("plugins/*/pyproject.toml"))

SCRIPT = """
import sys
import imgedit

result = imgedit.edit(sys.argv[1], "black and white", provider="local", out="out.png")
print(result.images[0].path)
"""


def test_the_command_edits_a_picture(built_wheels, clean_venv):
    environment = clean_venv(f"{built_wheels['imgedit-core']}[cli]", built_wheels["imgedit-local"])
    done = environment.run(
        "imgedit", "edit", PHOTO, "black and white, add a vignette", "-o", "out.png", "--json"
    )
    (image,) = json.loads(done.stdout)["images"]
    picture = (environment.folder / "out.png").read_bytes()
    assert image["path"] == "out.png"
    assert (image["width"], image["height"]) == (600, 400)
    assert image["bytes"] == len(picture)
    assert image["sha256"] == hashlib.sha256(picture).hexdigest()
    assert picture.startswith(b"\x89PNG")
    assert picture != PHOTO.read_bytes()


def test_the_library_edits_a_picture_without_the_command_line(built_wheels, clean_venv):
    environment = clean_venv(built_wheels["imgedit-core"], built_wheels["imgedit-local"])
    assert not (environment.site_packages / "click").exists()
    script = environment.folder / "two_lines.py"
    script.write_text(SCRIPT)
    done = environment.run("python", script, PHOTO)
    out = environment.folder / "out.png"
    assert done.stdout.strip() == str(out)
    assert out.read_bytes().startswith(b"\x89PNG")


def test_without_the_extra_the_command_says_in_one_line_what_to_install(built_wheels, clean_venv):
    environment = clean_venv(built_wheels["imgedit-core"])
    done = environment.run("imgedit", "--help", check=False)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "imgedit-core[cli]" in line


@pytest.mark.parametrize("name", PLUGINS)
def test_each_plugin_works_alone_with_the_core(name, built_wheels, clean_venv):
    environment = clean_venv(
        f"{built_wheels['imgedit-core']}[cli]", built_wheels[f"imgedit-{name}"]
    )
    done = environment.run("imgedit", "providers", "--check", "--json")
    (provider,) = json.loads(done.stdout)["providers"]
    assert (provider["name"], provider["status"], provider["reason"]) == (name, "ok", None)


def test_an_editable_install_reads_the_schemas_of_the_checkout(built_wheels, clean_venv, tmp_path):
    shutil.copytree(ROOT / "core", tmp_path / "core", ignore=shutil.ignore_patterns("tests"))
    shutil.copytree(ROOT / "schemas", tmp_path / "schemas")
    environment = clean_venv(f"{built_wheels['imgedit-core']}[cli]", built_wheels["imgedit-local"])
    environment.install_editable(tmp_path / "core")
    done = environment.run("python", "-c", "import imgedit; print(imgedit.__file__)")
    assert Path(done.stdout.strip()).is_relative_to(tmp_path.resolve())
    checked = environment.run("imgedit", "providers", "--check", "--json")
    assert [p["status"] for p in json.loads(checked.stdout)["providers"]] == ["ok"]
