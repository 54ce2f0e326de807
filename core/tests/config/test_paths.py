from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from imgedit import ConfigError
from imgedit.config import Config, Paths
from imgedit.journal import open_journal


def test_one_variable_moves_everything(tmp_path: Path) -> None:
    paths = Paths.from_environment({"IMGEDIT_HOME": str(tmp_path / "here")})
    home = tmp_path / "here"
    assert paths.config_file == home / "config.toml"
    assert paths.keys_file == home / "keys.json"
    assert paths.journal == home / "journal.sqlite3"
    assert paths.spool == home / "spool"
    assert home in paths.cache.parents
    assert not home.exists(), "asking makes nothing"


def test_the_environment_is_read_when_none_is_given(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("IMGEDIT_HOME", str(tmp_path))
    assert Paths.from_environment().config == tmp_path


@pytest.mark.parametrize("environ", ({}, {"IMGEDIT_HOME": ""}))
def test_without_it_the_system_decides(environ: dict[str, str]) -> None:
    paths = Paths.from_environment(environ)
    folders = (paths.config, paths.state, paths.cache)
    assert all(folder.is_absolute() and "imgedit" in folder.parts for folder in folders)


def test_a_relative_home_is_made_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert Paths.from_environment({"IMGEDIT_HOME": "here"}).state == tmp_path / "here"


def test_the_home_of_a_user_that_is_not_there() -> None:
    with pytest.raises(ConfigError, match="IMGEDIT_HOME"):
        Paths.from_environment({"IMGEDIT_HOME": "~nobody-of-this-name/x"})


def test_the_journal_is_where_the_configuration_says(tmp_path: Path) -> None:
    paths = Paths.from_environment({"IMGEDIT_HOME": str(tmp_path)})
    assert open_journal(Config(journal=False), paths) is None
    usual = open_journal(Config(), paths)
    assert usual is not None
    with closing(usual):
        assert usual.path == paths.journal
        assert usual.spool == paths.spool
    own = open_journal(Config(journal=tmp_path / "own.db"), paths)
    assert own is not None
    with closing(own):
        assert own.path == tmp_path / "own.db"
        assert own.spool == tmp_path / "own.db.spool"


def test_configuration_is_light() -> None:
    """What every start of the command line reads brings in nothing heavy."""
    script = (
        "import sys; from imgedit.config import Paths, find_key, load_config\n"
        "paths = Paths.from_environment({'IMGEDIT_HOME': 'nowhere'})\n"
        "load_config(paths.config_file)\n"
        "find_key(None, 'acme', environ={'ACME_API_KEY': 'k'})\n"
        "heavy = {'sqlite3', 'aiohttp', 'asyncio', 'ssl', 'cattrs', 'jsonschema', 'tomllib',\n"
        "         'platformdirs', 'difflib'}\n"
        "print(' '.join(sorted(heavy & set(sys.modules))))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == ("", "")
