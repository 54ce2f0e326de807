"""A stdout that takes nothing, as on a full disk, hides neither an error nor what was paid."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from imgedit.testing.pictures import png
from imgedit.testing.server import Answer, ScriptedServer

NOT_PRINTED = f"the result cannot be printed: {os.strerror(errno.ENOSPC)}"


class Full(io.StringIO):
    """A file on a disk without room."""

    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture
def unprinted(call: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Run a command whose stdout takes nothing."""

    def run(*arguments: str | Path) -> Any:
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", Full())
            return call(*arguments)

    return run


@pytest.fixture(autouse=True)
def scripted(
    acme: Any, key: str, server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMGEDIT_HOME", str(tmp_path / "home"))
    server.on("POST", "/upload", Answer.json({"handle": "h"}))
    server.on("POST", "/edit", Answer.json({"id": "7"}))
    server.on("GET", "/jobs/7", Answer.json({"urls": [f"{server.url}/out.png"]}))
    server.on("GET", "/out.png", Answer.picture(png()))


def test_what_was_paid_is_said(unprinted: Any, photo: Path) -> None:
    for more in ((), ("--json",)):
        ran = unprinted("edit", photo, "warmer", "-o", "out.png", "--overwrite", *more)
        assert ran.code == 10
        assert f"Error: {NOT_PRINTED}. The edit was charged." in ran.err.splitlines()[-1]
        assert "The picture is there: out.png" in ran.err


@pytest.mark.parametrize("more", ((), ("--json",)), ids=("text", "json"))
def test_what_is_known_of_a_job_is_not_denied(
    unprinted: Any, call: Any, server: ScriptedServer, photo: Path, more: tuple[str, ...]
) -> None:
    server.on("POST", "/edit", Answer(fault="drop_after_body"))
    for said, money in (("charged", "The edit was charged."), ("not-charged", "Nothing was")):
        lost = call("edit", photo, said, "--json").document["error"]["job_id"]
        assert "It is not known whether" in unprinted("jobs", "show", lost, *more).err
        ran = unprinted("jobs", "settle", lost, f"--{said}", *more)
        assert ran.code == 10
        assert ran.err.startswith(f"Error: {NOT_PRINTED}. {money}")
        assert f"Job {lost} is settled: {said.replace('-', ' ')}" in ran.err
        shown = unprinted("jobs", "show", lost[:-1], *more)
        assert shown.code == 10
        assert shown.err.startswith(f"Error: {NOT_PRINTED}. {money}")


@pytest.mark.parametrize(
    ("path", "answer", "code", "said"),
    (
        ("/out.png", Answer(status=404), 7, "The edit was charged. Fetch it later with:"),
        ("/edit", Answer(fault="drop_after_body"), 8, "It is not known whether the edit"),
    ),
    ids=("paid", "lost"),
)
def test_an_error_keeps_its_words_and_its_code(
    unprinted: Any, server: ScriptedServer, photo: Path, path: str, answer: Answer, code: int,
    said: str,
) -> None:  # fmt: skip
    server.on("POST" if path == "/edit" else "GET", path, answer)
    ran = unprinted("edit", photo, "warmer", "-o", "out.png", "--json")
    assert ran.code == code
    assert said in ran.err
    assert "imgedit jobs" in ran.err
    assert "Nothing was charged" not in ran.err
    assert NOT_PRINTED in ran.err


@pytest.mark.parametrize(
    "command",
    (("jobs",), ("jobs", "--json"), ("spend",), ("providers",), ("models",)),
    ids=" ".join,
)
def test_a_table_is_no_bug(unprinted: Any, call: Any, photo: Path, command: Any) -> None:
    call("edit", photo, "warmer", "-o", "out.png")
    ran = unprinted(*command)
    assert ran.code == 10
    assert ran.err == f"Error: {NOT_PRINTED}. Nothing was charged.\n"
