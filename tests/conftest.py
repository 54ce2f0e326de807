"""Built distributions and clean environments, for every test that crosses distributions.

The fixtures to ask for:

``built_wheels``
    The wheels of this repository, built once per run: ``{"imgedit-core": Path(...), ...}``.
``make_wheel``
    ``make_wheel(folder) -> Path``: build the wheel of any small project folder.
``clean_venv``
    ``clean_venv(*wheels) -> Environment``: a throw-away environment with those wheels in it and
    the third-party packages that they declare, but nothing else.

None of them needs a network: third-party packages come from the environment that runs the tests.
"""

from __future__ import annotations

import email.parser
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
import venv
import zipfile
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import pytest
from packaging.requirements import Requirement

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

ROOT = Path(__file__).parent.parent


def run(
    *command: str | Path,
    cwd: Path | None = None,
    env: dict[str, str] | None = None,
    check: bool = True,
    stdin: str | None = None,
    timeout: float = 90,
) -> subprocess.CompletedProcess[str]:
    """Run a command and return what it printed; when it fails, say what it printed."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=env,
        capture_output=True,
        check=False,
        input=stdin,
        text=True,
        timeout=timeout,
    )
    if check and done.returncode:
        raise AssertionError(
            f"{' '.join(map(str, command))} exited {done.returncode}\n{done.stdout}{done.stderr}"
        )
    return done


def build(folder: Path, target: str, into: Path) -> Path:
    """Build the ``wheel`` or the ``sdist`` of a project folder; return the file."""
    into.mkdir(parents=True, exist_ok=True)
    before = set(into.iterdir())
    run(sys.executable, "-m", "hatchling", "build", "-t", target, "-d", into, cwd=folder)
    (built,) = set(into.iterdir()) - before
    return built


@attrs.frozen
class Environment:
    """A throw-away virtual environment."""

    folder: Path

    @property
    def bin(self) -> Path:
        """The folder of the executables."""
        return self.folder / ("Scripts" if os.name == "nt" else "bin")

    @property
    def python(self) -> Path:
        """The interpreter."""
        return self.bin / ("python.exe" if os.name == "nt" else "python")

    @property
    def site_packages(self) -> Path:
        """Where packages are installed."""
        if os.name == "nt":
            return self.folder / "Lib" / "site-packages"
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        return self.folder / "lib" / version / "site-packages"

    def environ(self, **changes: str) -> dict[str, str]:
        """The environment variables for its programs: no keys, an empty home, no PYTHONPATH."""
        dropped = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PIP_CONSTRAINT")
        kept = {
            name: value
            for name, value in os.environ.items()
            if name not in dropped
            and not name.startswith("IMGEDIT_")
            and not name.endswith("_API_KEY")
        }
        return {**kept, "IMGEDIT_HOME": str(self.folder / "imgedit-home"), **changes}

    def run(
        self,
        program: str,
        *arguments: str | Path,
        env: dict[str, str] | None = None,
        check: bool = True,
        cwd: Path | None = None,
        stdin: str | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run one of its programs, ``run("imgedit", "--help")`` or ``run("python", "-c", ...)``.

        ``env`` is laid over :meth:`environ`; ``cwd`` is the environment's folder unless given;
        ``check=False`` returns a failure instead of raising.
        """
        return run(
            self.bin / program,
            *arguments,
            cwd=cwd or self.folder,
            env=self.environ(**(env or {})),
            check=check,
            stdin=stdin,
        )

    def pip(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run the outer pip on this environment, which has none of its own."""
        return run(
            sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", self.python,
            *arguments, env=self.environ(),
        )  # fmt: skip

    def install(self, *wheels: str | Path) -> None:
        """Install wheels, each a path, with extras as in ``f"{path}[cli]"``; never from an index.

        The third-party packages that they declare are put in place first, so that pip finds every
        requirement met and would refuse an undeclared version.
        """
        link_packages(_requirements(wheels), self.site_packages)
        self.pip("install", "--quiet", "--no-index", *wheels)

    def install_editable(self, folder: Path) -> None:
        """Install a project folder in editable mode, by pip, with its imgedit in place already."""
        tools = self.folder / "build-tools"
        if not tools.exists():
            link_packages([Requirement("hatchling"), Requirement("editables")], tools)
        run(
            sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", self.python,
            "install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation",
            "--editable", folder,
            env=self.environ(PYTHONPATH=str(tools)),
        )  # fmt: skip


def _requirements(wheels: Iterable[str | Path]) -> Iterator[Requirement]:
    """What the wheels ask for, less what they give each other."""
    wanted: list[Requirement] = []
    given: set[str] = set()
    for wheel in wheels:
        path, _, extras = str(wheel).partition("[")
        with zipfile.ZipFile(path) as archive:
            (name,) = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
            fields = email.parser.BytesParser().parsebytes(archive.read(name), headersonly=True)
        given.add(_canonical(fields["Name"]))
        chosen = {"", *(extra.strip() for extra in extras.rstrip("]").split(","))}
        wanted += _active(fields.get_all("Requires-Dist") or (), chosen)
    return (one for one in wanted if _canonical(one.name) not in given)


def _active(lines: Iterable[str], extras: Iterable[str]) -> Iterator[Requirement]:
    for requirement in map(Requirement, lines):
        marker = requirement.marker
        if marker is None or any(marker.evaluate({"extra": extra}) for extra in extras):
            yield requirement


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def link_packages(requirements: Iterable[Requirement], target: Path) -> None:
    """Put installed third-party packages, and all that they require, into ``target``.

    A hard link where the system can, else a copy. Packages of this repository are left out.
    """
    queue = list(requirements)
    seen: set[tuple[str, str]] = set()
    for requirement in queue:  # it grows while it is read
        name = _canonical(requirement.name)
        extras = {"", *requirement.extras}
        new = {extra for extra in extras if (name, extra) not in seen}
        if not new or name == "imgedit" or name.startswith("imgedit-"):
            continue
        seen |= {(name, extra) for extra in new}
        distribution = metadata.distribution(name)
        queue += _active(distribution.requires or (), extras)
        for file in distribution.files or ():
            if ".." in file.parts:
                continue  # a console script: it names the interpreter of another environment
            source, copy = Path(str(distribution.locate_file(file))), target / file
            if copy.exists() or not source.exists():
                continue
            copy.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(source, copy)
            except OSError:
                shutil.copy2(source, copy)


@pytest.fixture(scope="session")
def shared_folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all the processes of one test run share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if hasattr(request.config, "workerinput") else base


@pytest.fixture(scope="session")
def once(shared_folder: Path) -> Callable[[str, Callable[[Path], object]], Path]:
    """``once(name, make) -> Path``: a folder that ``make(folder)`` fills, once per test run.

    The process that comes first makes it and the others wait. A failure is everybody's.
    """

    def folder_once(name: str, make: Callable[[Path], object]) -> Path:
        folder, failed = shared_folder / name, shared_folder / f"{name}.failed"
        try:
            (shared_folder / f"{name}.lock").touch(exist_ok=False)
        except FileExistsError:
            deadline = time.monotonic() + 100
            while not folder.exists():
                if failed.exists():
                    pytest.fail(failed.read_text(encoding="utf-8"))
                if time.monotonic() > deadline:
                    pytest.fail(f"{name} was not made in time by the process that began it.")
                time.sleep(0.05)
            return folder
        unfinished = shared_folder / f"{name}.unfinished"
        unfinished.mkdir()
        try:
            make(unfinished)
        except BaseException as error:
            failed.write_text(f"{name}: {error}", encoding="utf-8")
            raise
        return unfinished.rename(folder)

    return folder_once


def project_folders() -> list[Path]:
    """The folder of every distribution in this repository."""
    return [ROOT / "core", *sorted(p.parent for p in ROOT.glob("plugins/*/pyproject.toml"))]


@pytest.fixture(scope="session")
def projects() -> dict[str, Path]:
    """``{distribution name: folder}`` of every distribution in this repository."""
    return {
        tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]["name"]: folder
        for folder in project_folders()
    }


class Built(Mapping[str, Path]):
    """``{distribution name: built file}``; each is built when it is first asked for."""

    def __init__(self, projects: dict[str, Path], target: str, once: Callable[..., Path]) -> None:
        self._projects = projects
        self._target = target
        self._once = once

    def __getitem__(self, name: str) -> Path:
        folder = self._projects[name]
        made = self._once(f"{self._target}-{name}", lambda into: build(folder, self._target, into))
        (file,) = made.iterdir()
        return file

    def __iter__(self) -> Iterator[str]:
        return iter(self._projects)

    def __len__(self) -> int:
        return len(self._projects)


@pytest.fixture(scope="session")
def built_wheels(projects: dict[str, Path], once: Callable[..., Path]) -> Mapping[str, Path]:
    """``{distribution name: wheel}`` of every distribution here, each built once per run."""
    return Built(projects, "wheel", once)


@pytest.fixture(scope="session")
def built_sdists(projects: dict[str, Path], once: Callable[..., Path]) -> Mapping[str, Path]:
    """``{distribution name: sdist}`` of every distribution here, each built once per run."""
    return Built(projects, "sdist", once)


@pytest.fixture
def make_wheel(tmp_path: Path) -> Callable[[Path], Path]:
    """``make_wheel(folder) -> Path``: the wheel of a project folder that hatchling builds."""

    def make(folder: Path) -> Path:
        return build(folder, "wheel", tmp_path / "wheels" / folder.name)

    return make


@pytest.fixture(scope="session")
def make_clean_venv() -> Callable[..., Environment]:
    """``make_clean_venv(folder, *wheels) -> Environment``: :func:`clean_venv`, where you say.

    For fixtures that live longer than one test.
    """

    def make(folder: Path, *wheels: str | Path) -> Environment:
        venv.create(folder, symlinks=os.name != "nt", with_pip=False)
        environment = Environment(folder.resolve())
        if wheels:
            environment.install(*wheels)
        return environment

    return make


@pytest.fixture
def clean_venv(
    tmp_path_factory: pytest.TempPathFactory, make_clean_venv: Callable[..., Environment]
) -> Callable[..., Environment]:
    """``clean_venv(*wheels) -> Environment``: a throw-away environment with these wheels.

    Each is a path, with extras as in ``f"{built_wheels['imgedit-core']}[cli]"``. It holds the
    third-party packages that the wheels declare and nothing else: an undeclared import fails
    there as it would for a user. Wheels of this repository that a wheel requires must be given,
    too. Install further ones later with :meth:`Environment.install` and
    :meth:`Environment.install_editable`.
    """

    def make(*wheels: str | Path) -> Environment:
        return make_clean_venv(tmp_path_factory.mktemp("venv"), *wheels)

    return make
