"""The example add-on and the example command at work, from their wheels, beside the core's."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = {name: ROOT / "examples" / f"imgedit-{name}" for name in ("policy", "contactsheet")}
PHOTO = ROOT / "examples" / "coffee.png"


@pytest.fixture(scope="module")
def wheels(tmp_path_factory):
    made = {}
    for name, project in EXAMPLES.items():
        folder = tmp_path_factory.mktemp(name)
        command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder]
        subprocess.run(command, cwd=project, check=True, capture_output=True, timeout=60)
        (made[name],) = folder.iterdir()
    return made


@pytest.fixture(scope="module")
def environment(built_wheels, wheels, make_clean_venv, tmp_path_factory):
    return make_clean_venv(
        tmp_path_factory.mktemp("examples"),
        f"{built_wheels['imgedit-core']}[cli,testing]",
        built_wheels["imgedit-local"],
        *wheels.values(),
    )


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_works_alone_with_the_core(name, built_wheels, wheels, clean_venv):
    alone = clean_venv(f"{built_wheels['imgedit-core']}[cli]", wheels[name])
    found = json.loads(alone.run("imgedit", "providers", "--check", "--json").stdout)
    (row,) = [*found["addons"], *found["commands"]]
    assert (row["distribution"].split()[0], row["status"]) == (f"imgedit-{name}", "ok")
    if name == "contactsheet":
        alone.run("imgedit", "contact-sheet", PHOTO, PHOTO, "-o", "sheet.png")
        assert (alone.folder / "sheet.png").read_bytes().startswith(b"\x89PNG")
    else:
        alone.install(built_wheels["imgedit-local"])
        done = alone.run("imgedit", "edit", PHOTO, "sepia, minister", "--json", check=False)
        problems = json.loads(done.stdout)["error"]["problems"]
        assert "policy" in [problem["code"] for problem in problems]


@pytest.mark.parametrize("name", EXAMPLES)
def test_its_own_tests_pass(name, environment, tmp_path):
    shutil.copytree(EXAMPLES[name] / "tests", tmp_path / "tests")
    shutil.copy(EXAMPLES[name] / "pyproject.toml", tmp_path)
    done = environment.run(
        "python", "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=tmp_path, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout


def test_they_are_listed_and_found_right(environment):
    found = json.loads(environment.run("imgedit", "providers", "--check", "--json").stdout)
    assert [(row["name"], row["status"]) for row in found["addons"]] == [("policy", "ok")]
    assert [(row["name"], row["status"]) for row in found["commands"]] == [("contact-sheet", "ok")]


def test_the_policy_refuses_before_anything_is_done(environment, tmp_path):
    out = tmp_path / "out.png"
    done = environment.run(
        "imgedit", "edit", PHOTO, "sepia, with the minister", "-o", out, "--json", check=False
    )
    assert done.returncode == 2
    error = json.loads(done.stdout)["error"]
    assert (error["type"], error["charged"]) == ("ValidationError", "no")
    assert "policy" in [problem["code"] for problem in error["problems"]]
    assert not out.exists()


def test_the_policy_is_asked_for_a_quote_too(environment):
    done = environment.run("imgedit", "quote", PHOTO, "remove the watermark", "--json", check=False)
    document = json.loads(done.stdout)
    assert document["quotes"] == []
    assert "policy" in [one["code"] for row in document["unable"] for one in row["problems"]]


def test_without_the_policy_the_edit_is_made(environment, tmp_path):
    out = tmp_path / "out.png"
    environment.run("imgedit", "edit", PHOTO, "sepia", "-o", out, env={"IMGEDIT_PLUGINS": "local"})
    sheet = tmp_path / "sheet.png"
    environment.run("imgedit", "contact-sheet", PHOTO, out, "-o", sheet)
    assert sheet.read_bytes().startswith(b"\x89PNG")


@pytest.fixture
def requiring(environment, tmp_path):
    """The settings of a machine on which nothing is edited without the policy."""
    (tmp_path / "config.toml").write_text('[addons]\nrequired = ["imgedit-policy"]\n')

    def run(*arguments, **env):
        home = {"IMGEDIT_HOME": str(tmp_path), **env}
        return environment.run("imgedit", *arguments, "--json", env=home, check=False)

    return run


def test_a_required_policy_that_works_is_in_no_ones_way(requiring, tmp_path):
    assert requiring("edit", PHOTO, "sepia", "-o", tmp_path / "out.png").returncode == 0
    assert requiring("providers", "--check").returncode == 0


BROKEN = "raise ImportError('a half of the upgrade')\n"


@pytest.mark.parametrize(
    ("env", "status", "says"),
    (
        ({"IMGEDIT_PLUGINS": "local"}, "missing", "IMGEDIT_PLUGINS leaves it out"),
        (
            {"PYTHONPATH": "broken"},
            "broken",
            "importing it raised ImportError: a half of the upgrade",
        ),
    ),
    ids=("left out", "broken"),
)
def test_without_the_required_policy_nothing_is_edited(requiring, tmp_path, env, status, says):
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "imgedit_policy.py").write_text(BROKEN)
    env = {name: value.replace("broken", str(broken)) for name, value in env.items()}
    out = tmp_path / "out.png"
    for command in (
        ["edit", PHOTO, "sepia", "-o", out],
        ["edit", PHOTO, "sepia", "-p", "cheapest", "-o", out],
        ["edit", PHOTO, "sepia", "--dry-run"],
        ["quote", PHOTO, "sepia"],
    ):
        done = requiring(*command, **env)
        error = json.loads(done.stdout)["error"]
        assert (done.returncode, error["type"], error["charged"]) == (2, "ConfigError", "no")
        label = f"the add-on policy (imgedit-policy 0.1.0) is {status}, and {tmp_path}"
        assert error["message"].startswith(label)
        assert f" requires it: {says}. Nothing was charged." in error["message"]
    assert not out.exists()
    assert json.loads(requiring("jobs", **env).stdout)["jobs"] == []

    checked = requiring("providers", "--check", **env)
    assert checked.returncode == 9
    (row,) = json.loads(checked.stdout)["addons"]
    assert (row["name"], row["status"], row["reason"]) == ("policy", status, says)


def test_the_command_is_in_the_help_without_being_imported(environment):
    broken = environment.folder / "broken"
    broken.mkdir()
    (broken / "imgedit_contactsheet.py").write_text("raise RuntimeError('it was imported')\n")
    done = environment.run("imgedit", "--help", env={"PYTHONPATH": str(broken)})
    assert "contact-sheet" in done.stdout
    assert "it was imported" not in done.stderr
