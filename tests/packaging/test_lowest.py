"""Everything with the lowest versions that the declared bounds permit.

They come from the package index, so this is part of `make release-check`, not of every day.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
PHOTO = ROOT / "examples" / "coffee.png"
FOLDERS = {
    path.parent.name: path.parent
    for pattern in ("core", "plugins/*", "examples/*")
    for path in sorted(ROOT.glob(f"{pattern}/pyproject.toml"))
}
PLUGINS = [name for name, folder in FOLDERS.items() if folder.parent.name == "plugins"]
EXTRAS = {
    "core": "cli,keyring,masks,new,testing",
    "local": "cv",
    "magichour": "test",
}
EXAMPLES = [name for name, folder in FOLDERS.items() if folder.parent.name == "examples"]

when_released = pytest.mark.skipif(
    not os.environ.get("RELEASE_CHECK"), reason="make release-check runs it"
)


def declared(name: str) -> list[Requirement]:
    """What a distribution needs to run, with every extra, and to be built."""
    document = tomllib.loads((FOLDERS[name] / "pyproject.toml").read_text("utf-8"))
    extras = document["project"].get("optional-dependencies", {})
    lines = [
        *document["project"]["dependencies"],
        *(line for extra in extras.values() for line in extra),
        *document["build-system"]["requires"],
    ]
    return [Requirement(line) for line in lines]


def lower_bound(requirement: Requirement) -> Version | None:
    bounds = [Version(one.version) for one in requirement.specifier if one.operator == ">="]
    return max(bounds, default=None)


def lowest() -> dict[str, Version]:
    """Third-party package → the lowest version that all who ask for it permit."""
    found: dict[str, Version] = {}
    for requirement in (one for name in FOLDERS for one in declared(name)):
        name, bound = canonicalize_name(requirement.name), lower_bound(requirement)
        if not name.startswith("imgedit-") and bound is not None:
            found[name] = max(bound, found.get(name, bound))
    return found


@pytest.mark.parametrize("name", FOLDERS)
def test_every_dependency_has_a_lower_bound(name):
    for requirement in declared(name):
        own = requirement.name.startswith("imgedit-")
        assert lower_bound(requirement) or (own and requirement.extras), str(requirement)


@pytest.fixture(scope="module")
def environment(built_wheels, make_clean_venv, tmp_path_factory):
    """All distributions with all extras, each direct dependency at its lowest version."""
    folder = tmp_path_factory.mktemp("lowest")
    pins = folder / "lowest.txt"
    pins.write_text("".join(f"{name}=={version}\n" for name, version in lowest().items()))
    wheels = []
    for name, source in FOLDERS.items():
        if name in EXAMPLES:
            subprocess.run(
                [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder / name],
                cwd=source, check=True, capture_output=True, timeout=100,
            )  # fmt: skip
            (wheel,) = (folder / name).iterdir()
        else:
            wheel = built_wheels[f"imgedit-{name}"]
        wheels.append(f"{wheel}[{EXTRAS[name]}]" if name in EXTRAS else str(wheel))
    made = make_clean_venv(folder / "venv")
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", made.python]
    command += ["install", "--quiet", "--constraint", pins, *wheels]
    done = subprocess.run(
        [*command, "hatchling", "pytest-timeout", "pytest-xdist"],
        env=made.environ(), capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return made


@when_released
@pytest.mark.timeout(1500)
class TestLowest:
    def test_they_are_the_lowest(self, environment):
        script = (
            "import importlib.metadata as m, json, sys;"
            "print(json.dumps({name: m.version(name) for name in sys.argv[1:]}))"
        )
        done = environment.run("python", "-c", script, *lowest())
        installed = {name: Version(text) for name, text in json.loads(done.stdout).items()}
        assert installed == lowest()

    def test_the_command_works(self, environment, tmp_path):
        done = environment.run("imgedit", "--version")
        assert done.stdout.startswith("imgedit ")
        checked = json.loads(environment.run("imgedit", "providers", "--check", "--json").stdout)
        found = [*checked["providers"], *checked["addons"], *checked["commands"]]
        assert len(found) == len(FOLDERS) - 1
        assert {row["status"] for row in found} == {"ok"}
        out = tmp_path / "out.png"
        environment.run("imgedit", "edit", PHOTO, "warmer, crop to 1:1", "-p", "local", "-o", out)
        assert out.read_bytes().startswith(b"\x89PNG")
        quoted = json.loads(environment.run("imgedit", "quote", PHOTO, "warmer", "--json").stdout)
        assert {row["provider"] for row in quoted["quotes"]} >= {"local"}
        assert len(quoted["quotes"]) > 20

    def test_the_tests_pass(self, environment):
        """The core's, those of `local`, which has dependencies of its own, and everybody's kit."""
        kits = [f"plugins/{name}/tests/test_kit.py" for name in PLUGINS if name != "local"]
        suites = ["core/tests", "plugins/local/tests", *kits]
        jobs = os.environ["RELEASE_CHECK"]
        self.passes(environment, "-n", jobs, "--dist", "worksteal", *suites, cwd=ROOT)

    @pytest.mark.parametrize("name", EXAMPLES)
    def test_the_tests_of_an_example_pass(self, name, environment, tmp_path):
        """In a folder of their own, as whoever copies it has them."""
        copy = shutil.copytree(FOLDERS[name], tmp_path / name)
        shutil.rmtree(copy / "src")
        self.passes(environment, cwd=copy)

    def passes(self, environment, *arguments, cwd):
        done = subprocess.run(
            [environment.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments],
            cwd=cwd, env=environment.environ(), capture_output=True, text=True, timeout=1400,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        assert " passed" in done.stdout

    @pytest.mark.parametrize("name", FOLDERS)
    def test_the_lowest_backend_builds_the_same_files(self, name, environment, tmp_path):
        source = FOLDERS[name]
        names = []
        for python in (environment.python, sys.executable):
            into = tmp_path / str(len(names))
            subprocess.run(
                [python, "-m", "hatchling", "build", "-t", "wheel", "-d", into],
                cwd=source, env=environment.environ(), check=True, capture_output=True, timeout=100,
            )  # fmt: skip
            (wheel,) = into.iterdir()
            names.append(sorted(zipfile.ZipFile(wheel).namelist()))
        assert names[0] == names[1]
