"""What is said of money when the command itself breaks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from imgedit import HttpResponse
from imgedit.testing.pictures import png
from imgedit.testing.server import Answer, ScriptedServer


@pytest.fixture
def broken(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """What follows the answer to a submit fails."""

    def fails(response: HttpResponse) -> None:
        if response.purpose == "submit":
            raise ZeroDivisionError

    server.on("POST", "/upload", Answer.json({"handle": "h"}))
    server.on("POST", "/edit", Answer.picture(png()))
    monkeypatch.setattr("imgedit.engine.drive.readable", fails)


def test_what_is_stored_of_the_job_is_said(
    acme: Any, key: str, photo: Path, call: Any, broken: None
) -> None:
    said = "a bug in imgedit: ZeroDivisionError. The edit was charged."
    assert said in call("edit", photo, "warmer").err
    assert said in call("jobs", "resume").err
    (job,) = call("jobs", "--json").document["jobs"]
    error = call("jobs", "resume", job["id"][:-1], "--json").document["error"]
    assert (error["charged"], error["job_id"]) == ("yes", job["id"])


def test_what_is_not_known_is_not_denied(
    acme: Any, key: str, photo: Path, call: Any, broken: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    call("edit", photo, "warmer")
    monkeypatch.setattr("imgedit.client.Client.from_config", lambda: 1 / 0)
    error = call("jobs", "resume", "01", "--json").document["error"]
    assert (error["type"], error["charged"]) == ("InternalError", "unknown")
