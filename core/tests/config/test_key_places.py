"""Programs, the system's keyring and the file as places of keys."""

from __future__ import annotations

import json
import logging
import os
import pickle
import stat
import sys
import traceback
from pathlib import Path
from typing import Any

import pytest

from imgedit import ConfigError
from imgedit.config import command as commands
from imgedit.config import find_key, find_origins, vault
from imgedit.config.keyfile import read_keys, remove_key, store_key

posix = pytest.mark.skipif(os.name != "posix", reason="rights are another matter there")
PARTS = {"key": "ACME_KEY", "project": "ACME_PROJECT"}


def program(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "keys.json"


def refusal(*arguments: Any, **keywords: Any) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        find_key(*arguments, **{"environ": {}, **keywords})
    error = caught.value
    told = "".join(traceback.format_exception(error))
    assert "canary" not in told.replace(str(keywords.get("command")), "")
    assert b"canary" not in pickle.dumps(error)
    return error


# -- programs


def test_the_order_of_all_places(keyring: Any, file: Path) -> None:
    store_key(file, "acme", "key", "from-file")
    every: dict[str, Any] = {
        "explicit": "given",
        "environ": {"ACME_API_KEY": "from-environment"},
        "command": {"key": program("print('from-command')")},
        "keyring": True,
        "file": file,
    }
    assert vault.store("acme", "key", "from-keyring") is None
    off = {"explicit": None, "environ": {}, "command": None, "keyring": False, "file": None}
    expected = ("given", "from-environment", "from-command", "from-keyring", "from-file")
    for name, value in zip(off, expected, strict=True):
        assert find_key(None, "acme", **every) == {"key": value}
        every[name] = off[name]
    assert "there is no key" in refusal(None, "acme").message


def test_the_first_line_of_a_program_is_the_key() -> None:
    for code in ("print('k 1'); print('more')", r"import sys; sys.stdout.write('k 1\r\n')"):
        assert find_key(None, "acme", environ={}, command={"key": program(code)}) == {"key": "k 1"}


def test_a_program_gets_its_arguments_as_they_are(tmp_path: Path) -> None:
    command = (*program("import sys; print(sys.argv[1])"), "$HOME; echo `id` *")
    found = find_key(None, "acme", environ={}, command={"key": command})
    assert found == {"key": "$HOME; echo `id` *"}


@pytest.mark.parametrize(
    ("command", "wrong"),
    (
        (program("print('canary'); raise SystemExit(3)"), "ended with 3"),
        (program("import sys; print('canary', file=sys.stderr)"), "printed nothing"),
        (program("print(); print('canary')"), "printed nothing"),
        (program(r"import sys; sys.stdout.buffer.write(b'canary\xff')"), "is not UTF-8"),
        (("no-such-program-here", "canary"), "no-such-program-here, is not there"),
        (("a\0b", "canary"), "cannot be run"),
        (program("print(' canary ')"), "begins or ends with a space"),
    ),
)
def test_a_program_that_fails_is_no_reason_to_look_further(
    file: Path, command: tuple[str, ...], wrong: str, capfd: pytest.CaptureFixture[str]
) -> None:
    store_key(file, "acme", "key", "old")
    error = refusal(None, "acme", command={"key": command}, file=file)
    assert wrong in error.message.replace("printed what is not", "is not")
    assert error.hint
    assert "".join(capfd.readouterr()) == ""


def test_a_program_that_hangs_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "SECONDS", 0.2)
    code = "print('canary', flush=True); import time; time.sleep(60)"
    error = refusal(None, "acme", command={"key": program(code)})
    assert "took longer" in error.message


def test_parts_may_have_programs_of_their_own() -> None:
    command = {"project": program("print('p')")}
    assert find_key(PARTS, "acme", environ={"ACME_KEY": "k"}, command=command) == {
        "key": "k",
        "project": "p",
    }
    assert "'projekt'" in refusal(PARTS, "acme", command={"projekt": ["x"]}).message


# -- the keyring


def test_the_keyring_keeps_a_key(keyring: Any) -> None:
    assert vault.store("acme", "key", "k1") is None
    assert vault.store("acme", "project", "p1") is None
    assert keyring.kept == {("imgedit", "acme"): "k1", ("imgedit", "acme/project"): "p1"}
    found = find_key(PARTS, "acme", environ={}, keyring=True)
    assert found == {"key": "k1", "project": "p1"}
    assert vault.remove("acme", "key")
    assert not vault.remove("acme", "key")
    assert vault.read("acme", "key") is None


def test_without_the_package_there_is_no_keyring(no_keyring: None) -> None:
    assert vault.read("acme", "key") is None
    assert not vault.remove("acme", "key")
    assert "[keyring]" in str(vault.store("acme", "key", "k"))


def test_a_machine_without_a_keyring_is_said(
    keyring: Any, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    keyring.wrong = keyring.errors.NoKeyringError("no backend")
    assert vault.store("acme", "key", "k") == "this system has no keyring"
    store_key(file, "acme", "key", "from-file")
    assert find_key(None, "acme", environ={}, keyring=True, file=file) == {"key": "from-file"}
    assert caplog.records == []


def test_a_keyring_that_fails_is_warned_of(
    keyring: Any, file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    keyring.wrong = OSError("canary")
    store_key(file, "acme", "key", "from-file")
    with caplog.at_level(logging.WARNING):
        assert find_key(None, "acme", environ={}, keyring=True, file=file) == {"key": "from-file"}
        assert not vault.remove("acme", "key")
    assert "cannot be read (OSError)" in caplog.text
    assert "canary" not in caplog.text
    assert "(OSError)" in str(vault.store("acme", "key", "k"))


def test_a_keyring_that_forgets_is_noticed(keyring: Any) -> None:
    keyring.forgets = True
    assert vault.store("acme", "key", "k") == "the system keyring is switched off"


# -- the file


def test_what_is_stored_is_found(file: Path) -> None:
    store_key(file, "acme", "key", "k")
    store_key(file, "other", "project", "p")
    store_key(file, "other", "key", "k2")
    assert json.loads(file.read_text()) == {"acme": "k", "other": {"project": "p", "key": "k2"}}
    assert find_key(None, "acme", environ={}, file=file) == {"key": "k"}
    assert find_key(PARTS, "other", environ={}, file=file) == {"key": "k2", "project": "p"}
    store_key(file, "acme", "key", "new")
    assert read_keys(file)["acme"] == "new"


@posix
def test_nobody_else_can_read_the_file(file: Path) -> None:
    before = os.umask(0)
    try:
        store_key(file, "acme", "key", "k")
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    file.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        store_key(file, "acme", "key", "k2")


@posix
def test_a_link_stays_a_link(tmp_path: Path, file: Path) -> None:
    store_key(file, "acme", "key", "k")
    link = tmp_path / "keys.json"
    link.symlink_to(file)
    store_key(link, "acme", "key", "k2")
    assert link.is_symlink()
    assert read_keys(file) == {"acme": "k2"}


def test_what_is_removed_is_said(file: Path) -> None:
    assert remove_key(file, "acme") == ()
    assert not file.exists()
    store_key(file, "acme", "key", "k")
    store_key(file, "acme", "project", "p")
    assert remove_key(file, "acme", "project") == ("project",)
    assert remove_key(file, "acme", "project") == ()
    store_key(file, "acme", "project", "p")
    assert remove_key(file, "acme") == ("key", "project")
    assert read_keys(file) == {}


def test_a_file_that_cannot_be_written_stays_as_it_was(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_key(file, "acme", "key", "k")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConfigError, match="No space left"):
        store_key(file, "acme", "key", "canary")
    assert read_keys(file) == {"acme": "k"}
    assert [path.name for path in file.parent.iterdir()] == ["keys.json"]


# -- where a key comes from


def test_origins_name_the_place_and_never_the_key(keyring: Any, file: Path) -> None:
    marker = file.with_name("ran")
    every: dict[str, Any] = {
        "environ": {"ACME_KEY": "canary"},
        "command": {"key": program(f"open({str(marker)!r}, 'w')")},
        "keyring": True,
        "file": file,
    }
    store_key(file, "acme", "key", "canary")
    vault.store("acme", "key", "canary")

    def told() -> list[tuple[Any, ...]]:
        found = find_origins(PARTS, "acme", **every)
        assert "canary" not in repr(found)
        return [(one.part, one.source, one.where) for one in found]

    nowhere = ("project", None, None)
    assert told() == [("key", "environment", "ACME_KEY"), nowhere]
    every["environ"] = {}
    assert told() == [("key", "command", sys.executable), nowhere]
    assert not marker.exists(), "it was run only to list it"
    every["command"] = None
    assert told() == [("key", "keyring", None), nowhere]
    every["keyring"] = False
    assert told() == [("key", "file", str(file)), nowhere]
    every["file"] = None
    assert told() == [("key", None, None), nowhere]


def test_origins_say_what_is_wrong(file: Path) -> None:
    (origin,) = find_origins(None, "acme", environ={"ACME_API_KEY": " canary"}, file=file)
    assert (origin.source, origin.where) == ("environment", "ACME_API_KEY")
    assert origin.problem == "the environment variable ACME_API_KEY begins or ends with a space"
    file.parent.mkdir()
    file.write_text("canary")
    file.chmod(0o600)
    (origin,) = find_origins(None, "acme", environ={}, file=file)
    assert origin.source == "file"
    assert "is not JSON" in str(origin.problem)
    assert "canary" not in repr(origin)
