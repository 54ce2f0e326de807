"""`imgedit keys`: kept, listed and removed, and never shown."""

from __future__ import annotations

import contextlib
import json
import os
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from imgedit.config import Paths

KEY = "canary-7d1f02c4"
SEVERAL = {
    "auth": {
        "env": {"key": "ACME_API_KEY", "project": "ACME_PROJECT"},
        "basic": ["{key}", "{project}"],
    }
}


@pytest.fixture
def file() -> Path:
    return Paths.from_environment().keys_file


def test_a_key_goes_to_the_keyring(acme: Any, call: Any, keyring: Any, file: Path) -> None:
    ran = call("keys", "set", "acme", stdin=f"{KEY}\nmore\n")
    assert ran == (0, "The key of acme is kept in the system keyring.\n", "")
    assert keyring.kept == {("imgedit", "acme"): KEY}
    assert not file.exists()
    (row,) = call("keys", "list", "--json").document["keys"]
    assert (row["provider"], row["part"], row["source"], row["where"], row["problem"]) == (
        "acme",
        "key",
        "keyring",
        None,
        None,
    )
    assert row["variables"] == ["ACME_API_KEY"]
    assert "system keyring" in call("keys", "list").out
    ran = call("keys", "remove", "acme")
    assert ran.out == "The key of acme was removed from the system keyring.\n"
    assert keyring.kept == {}


def test_without_a_keyring_it_goes_to_the_file_and_that_is_said(
    acme: Any, call: Any, no_keyring: None, file: Path
) -> None:
    ran = call("keys", "set", "acme", "--json", stdin=KEY)
    assert ran.document == {
        "stored": [{"provider": "acme", "part": "key", "source": "file", "where": str(file)}],
        "notes": [],
    }
    assert json.loads(file.read_text()) == {"acme": KEY}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    ran = call("keys", "set", "acme", stdin=f"{KEY}2\r\n")
    assert "for you alone: the package keyring is not installed" in ran.out
    assert json.loads(file.read_text()) == {"acme": f"{KEY}2"}
    assert str(file) in call("keys", "list", "acme").out
    ran = call("keys", "remove", "acme", "--json")
    assert [row["where"] for row in ran.document["removed"]] == [str(file)]
    assert call("keys", "remove", "acme").out == "No key of acme was kept.\n"


def test_what_goes_before_the_key_is_said(
    acme: Any, call: Any, keyring: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_API_KEY", KEY)
    ran = call("keys", "set", "acme", stdin="canary-new")
    assert "environment variable ACME_API_KEY goes before the key that is kept now" in ran.err
    ran = call("keys", "remove", "acme", "--json")
    assert ran.document["notes"] == [
        "environment variable ACME_API_KEY still gives the key of acme"
    ]
    monkeypatch.delenv("ACME_API_KEY")
    Paths.from_environment().config_file.write_text(
        "[providers.acme]\napi_key_command = ['no-such-program', 'canary']\n"
    )
    ran = call("keys", "set", "acme", stdin=KEY)
    assert "api_key_command (no-such-program) goes before" in ran.err
    assert call("keys", "list", "--json").document["keys"][0]["source"] == "command"


def test_parts_are_kept_one_by_one(acme: Any, call: Any, no_keyring: None, file: Path) -> None:
    acme(SEVERAL)
    assert call("keys", "set", "acme", "--part", "project", stdin="canary-p").code == 0
    assert json.loads(file.read_text()) == {"acme": {"project": "canary-p"}}
    assert call("keys", "set", "acme", stdin="canary-k\ncanary-q\n").code == 0
    assert json.loads(file.read_text()) == {"acme": {"key": "canary-k", "project": "canary-q"}}
    assert "project" in call("keys", "list").out
    assert call("keys", "remove", "acme", "--part", "key").code == 0
    assert json.loads(file.read_text()) == {"acme": {"project": "canary-q"}}
    ran = call("keys", "set", "acme", "--part", "projekt", stdin="canary")
    assert ran.code == 2
    assert "key, project" in ran.err


@pytest.mark.parametrize(
    ("stdin", "said"),
    (
        ("", "no key was given"),
        ("\n", "no key was given"),
        ("   \n", "the key is blank"),
        (" canary\n", "begins or ends with a space"),
        ("canary\x00x\n", "cannot be printed"),
        ("canary\u2026\n", "a header cannot carry"),
    ),
)
def test_what_is_no_key_is_refused_and_not_kept(
    acme: Any, call: Any, no_keyring: None, file: Path, stdin: str, said: str
) -> None:
    for flags in ((), ("--json",), ("--verbose",)):
        ran = call("keys", "set", "acme", *flags, stdin=stdin)
        assert ran.code == 2
        assert said in ran.out + ran.err
    assert not file.exists()


def test_a_key_is_never_an_argument(acme: Any, call: Any, no_keyring: None, file: Path) -> None:
    for arguments in ((KEY,), ("--key", KEY), (f"--key={KEY}",), (KEY, "more")):
        for flags in ((), ("--json",)):
            ran = call("keys", "set", "acme", *arguments, *flags)
            assert ran.code == 2
            assert "never an argument" in ran.out + ran.err
            assert KEY not in ran.out + ran.err
    assert not file.exists()


def test_who_is_not_there_or_needs_no_key(acme: Any, call: Any, no_keyring: None) -> None:
    assert call("keys", "set", "nobody", stdin=KEY).code == 2
    assert call("keys", "remove", "nobody").code == 2
    assert call("keys", "list", "nobody").code == 2
    acme({"auth": None})
    ran = call("keys", "set", "acme", stdin=KEY)
    assert (ran.code, "acme needs no key" in ran.err) == (2, True)
    assert call("keys", "list").out == "No key is needed.\n"


def test_the_key_of_a_plugin_that_is_gone_can_be_removed(
    acme: Any, call: Any, no_keyring: None, file: Path
) -> None:
    file.write_text('{"gone": "canary"}')
    file.chmod(0o600)
    assert call("keys", "remove", "gone").code == 0
    assert json.loads(file.read_text()) == {}


def test_a_file_that_others_can_read_is_refused(
    acme: Any, call: Any, no_keyring: None, file: Path
) -> None:
    file.write_text('{"acme": "canary"}')
    file.chmod(0o644)
    assert call("keys", "set", "acme", stdin=KEY).code == 2
    assert "others can read" in call("keys", "list").out
    assert json.loads(file.read_text()) == {"acme": "canary"}


@pytest.mark.skipif(os.name != "posix", reason="there are no pseudo-terminals")
def test_a_key_that_is_typed_in_is_not_echoed(tmp_path: Path) -> None:
    code = (
        "import imgedit, sys; from imgedit.testing.acme import MANIFEST, make;"
        "sys.modules['keyring'] = None;"
        "imgedit.register('acme', make(), MANIFEST);"
        "from imgedit.cli import main; sys.exit(main(['keys', 'set', 'acme']))"
    )
    import pty
    import termios

    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=follower,
        stdout=subprocess.PIPE,
        stderr=follower,
        start_new_session=True,
    )
    os.close(follower)
    try:
        seen = b""
        while b"Key of acme" not in seen:
            seen += os.read(leader, 1000)
        while termios.tcgetattr(leader)[3] & termios.ECHO:  # what is typed before is thrown away
            time.sleep(0.01)
        os.write(leader, KEY.encode() + b"\n")
        out, _ = process.communicate(timeout=30)
        with contextlib.suppress(OSError):  # the other end is closed
            seen += os.read(leader, 1000)
    finally:
        os.close(leader)
        process.kill()
    assert process.returncode == 0
    assert b"canary" not in seen + out
    assert json.loads(Paths.from_environment().keys_file.read_text()) == {"acme": KEY}
