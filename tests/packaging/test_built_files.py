"""What is inside the wheels and sdists that users get."""

from __future__ import annotations

import email.parser
import tarfile
import zipfile
from email.message import Message
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
NAMES = [
    "imgedit-core",
    *(f"imgedit-{p.parent.name}" for p in ROOT.glob("plugins/*/pyproject.toml")),
]


@pytest.fixture
def wheel(request: pytest.FixtureRequest, built_wheels: dict[str, Path]) -> dict[str, bytes]:
    """The files of one wheel, by name."""
    return unzip(built_wheels[request.param])


@pytest.fixture
def sdist(request: pytest.FixtureRequest, built_sdists: dict[str, Path]) -> dict[str, bytes]:
    """The files of one sdist, by name without the top folder."""
    return untar(built_sdists[request.param])


def unzip(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def untar(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as archive:
        return {
            member.name.partition("/")[2]: archive.extractfile(member).read()
            for member in archive.getmembers()
            if member.isfile()
        }


def metadata_of(wheel: dict[str, bytes]) -> Message:
    (name,) = (name for name in wheel if name.endswith(".dist-info/METADATA"))
    return email.parser.BytesParser().parsebytes(wheel[name])


def test_every_distribution_is_built_and_named_after_its_folder(built_wheels, built_sdists):
    assert set(built_wheels) == set(built_sdists) == set(NAMES)


@pytest.mark.parametrize("wheel", NAMES, indirect=True)
def test_a_wheel_holds_its_package_and_nothing_else(wheel, request):
    package = request.node.callspec.params["wheel"].replace("-", "_").removesuffix("_core")
    folders = {name.split("/")[0] for name in wheel}
    assert {f for f in folders if not f.endswith(".dist-info")} == {package}
    assert len(folders) == 2
    assert f"{package}/__init__.py" in wheel
    assert f"{package}/py.typed" in wheel
    assert not [n for n in wheel if "test_" in n or "conftest" in n or n.endswith(".pyc")]


@pytest.mark.parametrize("wheel", NAMES, indirect=True)
def test_a_wheel_says_what_it_is(wheel):
    fields = metadata_of(wheel)
    assert fields["License-Expression"] == "Apache-2.0"
    assert fields["Requires-Python"] == ">=3.11"
    assert fields["Summary"]
    assert len(fields.get_payload()) > 200, "the README is missing"
    (licence,) = (n for n in wheel if n.endswith(".dist-info/licenses/LICENSE"))
    assert wheel[licence] == (ROOT / "LICENSE").read_bytes()


@pytest.mark.parametrize("wheel", [n for n in NAMES if n != "imgedit-core"], indirect=True)
def test_a_plugin_wheel_can_be_found_and_needs_the_core(wheel, request):
    name = request.node.callspec.params["wheel"].removeprefix("imgedit-")
    (entry_points,) = (n for n in wheel if n.endswith(".dist-info/entry_points.txt"))
    assert wheel[entry_points].decode().split("\n", 2)[:2] == [
        "[imgedit.providers]",
        f"{name} = imgedit_{name}",
    ]
    assert f"imgedit_{name}/provider.json" in wheel
    needed = {Requirement(r).name for r in metadata_of(wheel).get_all("Requires-Dist")}
    assert "imgedit-core" in needed


@pytest.mark.parametrize("sdist", NAMES, indirect=True)
def test_an_sdist_holds_what_a_build_needs_and_no_more(sdist):
    assert {"LICENSE", "README.md", "pyproject.toml", "PKG-INFO"} <= set(sdist)
    assert {n.split("/")[0] for n in sdist if "/" in n} <= {"src", "tests"}
    assert not [n for n in sdist if n.endswith(".pyc") or "_cache/" in n]


@pytest.mark.parametrize("name", NAMES)
def test_no_built_file_names_a_folder_of_this_machine(name, built_wheels, built_sdists):
    machine = [f"{folder}/".encode() for folder in (ROOT, Path.home()) if folder != Path("/")]
    for files in (unzip(built_wheels[name]), untar(built_sdists[name])):
        assert not [n for n, content in files.items() if any(m in content for m in machine)]


@pytest.mark.parametrize("name", NAMES)
def test_a_wheel_built_from_the_sdist_equals_the_one_from_the_checkout(
    name, built_wheels, built_sdists, make_wheel, tmp_path
):
    for file, content in untar(built_sdists[name]).items():
        path = tmp_path / "unpacked" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    wheels = unzip(make_wheel(tmp_path / "unpacked")), unzip(built_wheels[name])
    one, other = (
        # RECORD lists the files in the order in which they were found, which may differ
        {n: sorted(c.splitlines()) if n.endswith("/RECORD") else c for n, c in wheel.items()}
        for wheel in wheels
    )
    assert one == other


def test_the_published_schemas_are_in_the_core(built_wheels, built_sdists):
    published = {p.name: p.read_bytes() for p in (ROOT / "schemas").glob("*.json")}
    assert "provider.schema.json" in published
    for files, folder in (
        (unzip(built_wheels["imgedit-core"]), "imgedit/schemas/"),
        (untar(built_sdists["imgedit-core"]), "src/imgedit/schemas/"),
    ):
        shipped = {n.removeprefix(folder): c for n, c in files.items() if n.startswith(folder)}
        assert shipped == published
