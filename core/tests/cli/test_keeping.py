"""A job in a file: what `imgedit jobs resume FILE.json` takes for one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import imgedit
from imgedit import errors
from imgedit.testing.pictures import png
from imgedit.testing.server import Answer, ScriptedServer


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMGEDIT_HOME", str(tmp_path / "home"))


@pytest.mark.parametrize("text", ("", "Error: late\n{}", '"{}"'), ids=("empty", "line", "str"))
def test_a_file_that_is_no_job_is_no_id(acme: Any, call: Any, tmp_path: Path, text: str) -> None:
    (tmp_path / "job.json").write_text(text)
    ran = call("jobs", "resume", "job.json")
    assert ran.code == 8
    assert ran.err.startswith("Error: job.json is no job. It is not known whether the edit was")


@pytest.mark.parametrize("encoding", ("utf-8-sig", "utf-16"))
def test_a_file_of_a_job_as_windows_writes_it(
    acme: Any, server: ScriptedServer, key: str, photo: Path, call: Any, tmp_path: Path,
    encoding: str,
) -> None:  # fmt: skip
    server.on("POST", "/upload", Answer.json({"handle": "h"}))
    server.on("POST", "/edit", Answer.json({"urls": [f"{server.url}/out.png"]}))
    server.on("GET", "/out.png", Answer.picture(png()))
    with imgedit.SyncClient() as client, pytest.raises(errors.DeadlineExceeded) as late:
        client.edit(photo, "wärmer", provider="acme", out=tmp_path / "out.png", deadline=1e-6)
    (tmp_path / "job.json").write_text(late.value.job or "", encoding=encoding)
    assert call("jobs", "resume", "job.json").out.startswith("out.png  ")
