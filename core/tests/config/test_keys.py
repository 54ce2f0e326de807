from __future__ import annotations

import json
import os
import pickle
import traceback
from pathlib import Path
from typing import Any

import pytest

from imgedit import ConfigError
from imgedit.config import find_key, key_variables

PARTS = {"key": "ACME_KEY", "project": ["ACME_PROJECT", "ACME_PROJECT_ID"]}
posix = pytest.mark.skipif(os.name != "posix", reason="rights are POSIX's")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "keys.json"


def write(file: Path, content: Any, mode: int = 0o600) -> Path:
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    file.chmod(mode)
    return file


def refusal(*args: Any, **options: Any) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        find_key(*args, **options)
    error = caught.value
    told = "".join(traceback.format_exception(error)) + str(error) + repr(error)
    assert "canary" not in told
    assert b"canary" not in pickle.dumps(error)
    assert error.__context__ is None or "canary" not in repr(vars(error.__context__))
    assert error.charged == "no"
    assert error.hint
    return error


def test_variables_are_as_the_manifest_names_them() -> None:
    assert key_variables(["A", "B"], "acme") == {"key": ("A", "B")}
    assert key_variables("A", "acme") == {"key": ("A",)}
    assert key_variables(None, "acme") == {"key": ("ACME_API_KEY",)}
    assert key_variables([], "acme") == {"key": ("ACME_API_KEY",)}
    parts = {"key": ("ACME_KEY",), "project": ("ACME_PROJECT", "ACME_PROJECT_ID")}
    assert key_variables(PARTS, "acme") == parts
    assert key_variables({}, "acme") == {}


def test_what_is_given_goes_before_the_environment_and_that_before_the_file(file: Path) -> None:
    write(file, {"acme": "from-file"})
    environ = {"ACME_API_KEY": "from-environment"}
    every: dict[str, Any] = {"explicit": "given", "environ": environ, "file": file}
    assert find_key(None, "acme", **every) == {"key": "given"}
    assert find_key(None, "acme", **{**every, "explicit": {"key": "g"}}) == {"key": "g"}
    assert find_key(None, "acme", environ=environ, file=file) == {"key": "from-environment"}
    assert find_key(None, "acme", environ={}, file=file) == {"key": "from-file"}
    empty = {"ACME_API_KEY": ""}
    assert find_key(None, "acme", environ=empty, file=file) == {"key": "from-file"}


def test_the_real_environment_is_read_when_none_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME_API_KEY", "k")
    assert find_key([], "acme") == {"key": "k"}


def test_the_first_variable_that_is_set_wins() -> None:
    assert find_key(["A", "B"], "acme", environ={"B": "b"}) == {"key": "b"}
    assert find_key(["A", "B"], "acme", environ={"A": "a", "B": "b"}) == {"key": "a"}
    assert find_key(["A", "B"], "acme", environ={"A": "", "B": "b"}) == {"key": "b"}


def test_parts_may_come_from_different_places(file: Path) -> None:
    write(file, {"acme": {"key": "unused", "project": "from-file"}})
    found = find_key(PARTS, "acme", explicit="k", environ={}, file=file)
    assert found == {"key": "k", "project": "from-file"}
    found = find_key(PARTS, "acme", environ={"ACME_KEY": "k", "ACME_PROJECT_ID": "p"})
    assert found == {"key": "k", "project": "p"}


def test_a_provider_without_a_key_needs_none() -> None:
    assert find_key({}, "acme", environ={}) == {}


def test_found_keys_are_not_shown() -> None:
    found = find_key(PARTS, "acme", explicit={"key": "canary-1", "project": "canary-2"})
    for text in (repr(found), str(found), f"{found}", "%s" % (found,), repr([found])):  # noqa: UP031
        assert "canary" not in text
        assert "project" in text


def test_a_missing_key_names_the_variable(file: Path) -> None:
    error = refusal(None, "acme", environ={})
    assert error.message == "there is no key for acme"
    assert error.hint == "Set the environment variable ACME_API_KEY."
    assert error.provider == "acme"
    error = refusal(["A", "B"], "acme", environ={"B": ""}, file=file)
    assert "A or B (it is set, but empty), or run: imgedit keys set acme." in str(error)
    error = refusal(PARTS, "acme", explicit="canary", environ={}, file=file)
    assert "imgedit keys set acme --part project" in str(error)
    error = refusal(PARTS, "acme", explicit="canary", environ={})
    assert "there is no project for acme" in error.message
    assert "ACME_PROJECT or ACME_PROJECT_ID" in str(error)


@pytest.mark.parametrize(
    ("value", "wrong"),
    (
        (" ", "is blank"),
        ("\t\n", "is blank"),
        ("canary\n", "ends with a line break"),
        ("canary\r\n", "ends with a line break"),
        ("canary\nX-Evil: 1", "holds a line break"),
        ("canary\rx", "holds a line break"),
        (" canary", "begins or ends with a space"),
        ("canary\u00a0", "begins or ends with a space"),
        ("can\x00ary canary", "holds a character that cannot be printed"),
        ("canary\u200b", "holds a character that cannot be printed"),
        ("canary…", "holds a character that a header cannot carry"),
        ("ca\u043dary canary", "holds a character that a header cannot carry"),
    ),
)
def test_a_value_that_is_no_key_is_refused_wherever_it_stands(
    file: Path, value: str, wrong: str
) -> None:
    error = refusal(None, "acme", explicit=value, environ={})
    assert error.message == f"the key given for acme {wrong}"
    error = refusal(None, "acme", environ={"ACME_API_KEY": value})
    assert error.message == f"the environment variable ACME_API_KEY {wrong}"
    error = refusal(None, "acme", environ={}, file=write(file, {"acme": value}))
    assert error.message == f"the key of acme in {file} {wrong}"


@pytest.mark.parametrize("value", ("", 3, True, {"key": None}, {"key": ["canary"]}))
def test_what_is_given_must_be_a_text(value: Any) -> None:
    environ = {"ACME_API_KEY": "fine"}
    assert (
        "the key given for acme is"
        in refusal(None, "acme", explicit=value, environ=environ).message
    )


def test_an_unknown_part_is_refused(file: Path) -> None:
    error = refusal(PARTS, "acme", explicit={"key": "canary", "projekt": "canary"}, environ={})
    assert "'projekt'" in error.message
    assert "key, project" in str(error)
    write(file, {"acme": {"token": "canary"}})
    assert str(file) in refusal(None, "acme", environ={}, file=file).message


def test_a_file_that_is_not_there_holds_nothing(file: Path) -> None:
    assert "there is no key" in refusal(None, "acme", environ={}, file=file).message
    write(file, {"other": "canary"})
    assert "there is no key" in refusal(None, "acme", environ={}, file=file).message


@posix
@pytest.mark.parametrize("mode", (0o640, 0o604, 0o644, 0o620, 0o601))
def test_a_file_that_others_can_use_is_refused(file: Path, mode: int) -> None:
    write(file, {"acme": "canary"}, mode)
    error = refusal(None, "acme", environ={}, file=file)
    assert "others can" in error.message
    assert f"chmod 600 {file}" in str(error)
    assert find_key(None, "acme", explicit="k", file=file) == {"key": "k"}, "it was not needed"


@pytest.mark.parametrize(
    ("content", "wrong"),
    (
        ("", "line 1"),
        ('{"acme":\n "canary",}', "line 2"),
        ('["canary"]', "not a JSON object"),
        ('"canary"', "not a JSON object"),
        ("[" * 100_000, "nested too deeply"),
    ),
)
def test_a_file_that_is_broken_is_refused(file: Path, content: str, wrong: str) -> None:
    error = refusal(None, "acme", environ={}, file=write(file, content))
    assert wrong in error.message
    assert str(file) in error.message


def test_a_file_that_is_no_text_is_refused(file: Path) -> None:
    file.write_bytes(b'{"acme": "canary\xff"}')
    file.chmod(0o600)
    assert "not UTF-8" in refusal(None, "acme", environ={}, file=file).message


def test_a_folder_in_its_place_is_refused(tmp_path: Path) -> None:
    assert "cannot be read" in refusal(None, "acme", environ={}, file=tmp_path).message
