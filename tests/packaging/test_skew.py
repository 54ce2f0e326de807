"""Cores and plugins of different days, and what is left when they are removed."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from base64 import b64encode
from pathlib import Path

import pytest

from imgedit import HOOK_API, __version__
from imgedit.testing import Answer, ScriptedServer, png

ROOT = Path(__file__).parents[2]
ELDER = Path(__file__).parent / "data" / "first_contract"
KITS = {path.parents[1].name: path for path in sorted(ROOT.glob("plugins/*/tests/test_kit.py"))}
RESULT = png(48, 32, (200, 120, 0))


def wheel_of(project: Path, folder: Path) -> Path:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder]
    subprocess.run(command, cwd=project, check=True, capture_output=True, timeout=60)
    (wheel,) = folder.iterdir()
    return wheel


@pytest.fixture(scope="module")
def elder(built_wheels, make_clean_venv, tmp_path_factory):
    """Today's core with the plugin of hook API 1.0."""
    wheel = wheel_of(ELDER, tmp_path_factory.mktemp("wheel"))
    core = f"{built_wheels['imgedit-core']}[cli]"
    made = make_clean_venv(tmp_path_factory.mktemp("elder"), core, wheel)
    (made.folder / "photo.png").write_bytes(png())
    return made


@pytest.fixture
def vendor():
    with ScriptedServer() as server:
        server.on("POST", "/v1/files", Answer.json({"file": "f1"}))
        server.on("POST", "/v1/edits", Answer.json({"id": "e1"}))
        done = {"state": "done", "cost": "0.05", "picture": b64encode(RESULT).decode()}
        server.on("GET", "/v1/edits/*", Answer.json({"state": "running"}), Answer.json(done))
        server.on("GET", "/v1/edits", Answer.json({"edits": [{"id": "e1"}, {"id": "e2"}]}))
        server.on("GET", "/v1/models", Answer.json({"data": [{"name": "elm"}]}))
        yield server


def asked(elder, vendor, *arguments):
    env = {"ELDER_API_KEY": "canary-elder", "IMGEDIT_ELDER_BASE_URL": f"{vendor.url}/v1"}
    done = elder.run("python", "-W", "error", "-m", "imgedit", *arguments, env=env, check=False)
    return done.returncode, json.loads(done.stdout), done.stderr


def test_the_first_contract_is_found_right(elder):
    done = elder.run("imgedit", "providers", "--check", "--json")
    (row,) = json.loads(done.stdout)["providers"]
    assert (row["name"], row["status"], row["reason"]) == ("elder", "ok", None)


def test_the_first_contract_edits(elder, vendor, tmp_path):
    out = tmp_path / "out.png"
    code, document, said = asked(
        elder, vendor, "edit", "photo.png", "warmer", "--mask", "photo.png",
        "--resolution", "2k", "-o", out, "--json",
    )  # fmt: skip
    assert code == 0, (document, said)
    assert out.read_bytes() == RESULT
    assert document["cost"] == {"amount": "0.05", "unit": "USD"}
    assert document["quote"]["amount"] == "0.05"
    assert document["vendor_ids"] == {"id": "e1"}
    assert [(one.method, one.path) for one in vendor.requests] == [
        ("POST", "/v1/files"),
        ("POST", "/v1/edits"),
        ("GET", "/v1/edits/e1"),
        ("GET", "/v1/edits/e1"),
    ]
    submit = vendor.requests[1]
    assert submit.headers["x-client"] == "elder"
    assert submit.json() == {
        "prompt": "warmer",
        "size": "2k",
        "image": "f1",
        "mask": b64encode(png()).decode(),
        "tag": document["job_id"],
    }


def test_the_first_contract_settles_a_lost_answer(elder, vendor, tmp_path):
    vendor.on("POST", "/v1/edits", Answer(fault="drop_after_body"))
    out = tmp_path / "out.png"
    code, document, said = asked(elder, vendor, "edit", "photo.png", "warmer", "-o", out, "--json")
    assert code == 0, (document, said)
    assert out.read_bytes() == RESULT
    assert vendor.count("POST", "/v1/edits") == 1
    assert vendor.count("GET", "/v1/edits") == 1


def test_the_first_contract_refuses_prices_and_lists(elder, vendor):
    code, document, _ = asked(elder, vendor, "edit", "photo.png", "all purple", "--json")
    assert code == 2
    assert [one["code"] for one in document["error"]["problems"]] == ["purple"]
    _, document, _ = asked(elder, vendor, "quote", "photo.png", "warmer", "--seed", "7", "--json")
    assert [one["amount"] for one in document["quotes"]] == ["0.07"]
    _, document, _ = asked(elder, vendor, "models", "elder", "--live", "--json")
    assert {"oak", "elm"} <= {one["id"] for one in document["models"]}
    vendor.on("POST", "/v1/edits", Answer.json({"error": "unsafe"}, status=422))
    code, document, _ = asked(elder, vendor, "edit", "photo.png", "warmer", "--json")
    assert code == 5
    assert (document["error"]["type"], document["error"]["charged"]) == ("ContentRejected", "no")


@pytest.mark.parametrize("needed", ("1.999", "2.0"))
def test_a_plugin_for_a_later_core_is_refused_before_it_is_imported(
    needed, built_wheels, clean_venv, tmp_path
):
    project = tmp_path / "project"
    shutil.copytree(ELDER, project)
    manifest = project / "src" / "imgedit_elder" / "provider.json"
    facts = {**json.loads(manifest.read_text()), "hook_api": needed, "a_later_key": {}}
    manifest.write_text(json.dumps(facts))
    (manifest.parent / "__init__.py").write_text("from imgedit import a_later_name\n")
    wheel = wheel_of(project, tmp_path / "wheel")
    environment = clean_venv(f"{built_wheels['imgedit-core']}[cli]", wheel)
    (environment.folder / "photo.png").write_bytes(png())
    done = environment.run(
        "imgedit", "edit", "photo.png", "warmer", "-p", "elder", "--json", check=False
    )
    error = json.loads(done.stdout)["error"]
    assert (done.returncode, error["type"], error["charged"]) == (9, "IncompatiblePlugin", "no")
    said = f"imgedit-elder 0.1.0 needs hook API {needed}, and imgedit-core {__version__} has"
    assert f"{said} {HOOK_API}" in error["message"]


LATER = """

@hookimpl(optionalhook=True)
def a_later_hook(job, picture):
    raise RuntimeError("nobody knows it")
"""


def test_a_plugin_with_more_than_this_core_knows_works(built_wheels, clean_venv, vendor, tmp_path):
    """One that still says that hook API 1.0 is enough: what it has beyond that is left alone."""
    project = tmp_path / "project"
    shutil.copytree(ELDER, project)
    package = project / "src" / "imgedit_elder"
    manifest = package / "provider.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "a_later_key": {}}))
    with (package / "__init__.py").open("a") as code:
        code.write(LATER)
    environment = clean_venv(
        f"{built_wheels['imgedit-core']}[cli]", wheel_of(project, tmp_path / "wheel")
    )
    (environment.folder / "photo.png").write_bytes(png())
    out = tmp_path / "out.png"
    code, document, said = asked(environment, vendor, "edit", "photo.png", "x", "-o", out, "--json")
    assert code == 0, (document, said)
    assert out.read_bytes() == RESULT
    _, document, _ = asked(environment, vendor, "providers", "--json")
    assert [row["status"] for row in document["providers"]] == ["ok"]
    _, document, _ = asked(environment, vendor, "providers", "--check", "--json")
    (row,) = document["providers"]
    assert "a_later_key" in row["reason"]


def test_uninstalling_leaves_nothing_behind(built_wheels, clean_venv, vendor, tmp_path):
    wheel = wheel_of(ELDER, tmp_path / "wheel")
    environment = clean_venv(f"{built_wheels['imgedit-core']}[cli]", *built_wheels.values(), wheel)
    (environment.folder / "photo.png").write_bytes(png())
    code, document, said = asked(
        environment, vendor, "edit", "photo.png", "x", "-p", "elder", "--json"
    )
    assert code == 0, (document, said)

    environment.pip("uninstall", "--quiet", "--yes", "imgedit-elder")
    assert traces(environment, "elder") == []
    listed = json.loads(environment.run("imgedit", "providers", "--json").stdout)["providers"]
    assert "elder" not in [row["name"] for row in listed]

    environment.pip("uninstall", "--quiet", "--yes", *built_wheels)
    assert traces(environment, "imgedit") == []


def traces(environment, name):
    folders = (environment.site_packages, environment.bin)
    return [str(p) for folder in folders for p in folder.rglob("*") if name in p.name.lower()]


@pytest.mark.parametrize("name", KITS)
def test_a_plugin_that_is_alone_with_the_core_edits(name, built_wheels, clean_venv, tmp_path):
    """The kit's whole edit, over HTTP where the vendor is one, from the two wheels."""
    environment = clean_venv(
        f"{built_wheels['imgedit-core']}[cli,testing]", built_wheels[f"imgedit-{name}"]
    )
    project = tmp_path / name
    shutil.copytree(KITS[name].parent, project, ignore=shutil.ignore_patterns("__pycache__"))
    done = environment.run(
        "python", "-m", "pytest", "-q", "-p", "no:cacheprovider", "--import-mode=importlib",
        "-W", "error", "-k", "good", KITS[name].name, cwd=project, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(re.findall(r"(\d+) passed", done.stdout)[0]) >= 2, done.stdout
