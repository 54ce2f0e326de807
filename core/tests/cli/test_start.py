"""`python -m imgedit` where the installation is not what it should be."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import imgedit

PACKAGE = Path(imgedit.__file__).parent


@pytest.fixture
def overwritten(tmp_path: Path) -> Path:
    """A folder for PYTHONPATH that holds a copy of the package."""
    ignored = shutil.ignore_patterns("__pycache__", "schemas")
    shutil.copytree(PACKAGE, tmp_path / "site" / "imgedit", ignore=ignored)
    return tmp_path / "site"


def run(site: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *options, "-m", "imgedit", "--version"],
        env={"PYTHONPATH": str(site), "IMGEDIT_HOME": str(site / "home")},
        capture_output=True,
        text=True,
    )


def test_a_copy_works(overwritten):
    done = run(overwritten)
    assert (done.returncode, done.stdout) == (0, f"imgedit {imgedit.__version__}\n")


@pytest.mark.parametrize(
    "stranger", ("", "__version__ = '1.0'\n__all__ = ['edit']\ndef edit(): ...\n")
)
def test_the_package_of_a_stranger_is_noticed(overwritten, stranger):
    (overwritten / "imgedit" / "__init__.py").write_text(stranger)
    info = overwritten / "imgedit-0.3.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: imgedit\nVersion: 0.3\n")
    done = run(overwritten)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "imgedit 0.3, by other people, has overwritten files of imgedit-core" in line
    assert "pip uninstall -y imgedit imgedit-core" in line
    assert 'pip install "imgedit-core[cli]"' in line


@pytest.mark.parametrize("lost", ("__init__.py", "hookspecs.py", "errors.py"))
def test_files_that_went_away_with_a_stranger_are_noticed(overwritten, lost):
    (overwritten / "imgedit" / lost).unlink()
    done = run(overwritten, "-S")  # without the editable installation that runs this test
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "pip uninstall -y imgedit imgedit-core" in line


def test_without_the_extra_one_line_says_what_to_install(overwritten):
    blocker = "import sys; sys.modules['click'] = None; import runpy; "
    script = f"{blocker}runpy.run_module('imgedit', run_name='__main__')"
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": str(overwritten)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "needs click" in line
    assert 'pip install "imgedit-core[cli]"' in line
