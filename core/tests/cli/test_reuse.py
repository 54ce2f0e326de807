"""`imgedit edit --reuse` with a provider that costs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from imgedit.testing.pictures import png
from imgedit.testing.server import Answer, ScriptedServer


def test_the_same_edit_is_bought_once(
    acme: Any, server: ScriptedServer, key: str, photo: Path, call: Any
) -> None:
    server.on("POST", "/upload", Answer.json({"handle": "h"}))
    server.on("POST", "/edit", Answer.picture(png()))
    first = call("edit", photo, "warmer", "-o", "a.png", "--json").document
    again = call("edit", photo, "warmer", "-o", "b.png", "--reuse")
    assert server.count("POST", "/edit") == 1
    assert f"Cost: nothing, the result of job {first['job_id']} was reused." in again.out
    assert again.err == ""
    told = call("edit", photo, "warmer", "-o", "c.png")
    assert server.count("POST", "/edit") == 2
    assert f"job {first['job_id']} is the same edit" in told.err
    assert "--reuse" in told.err
    document = call("edit", photo, "warmer", "-o", "d.png", "--json").document
    assert "--reuse" in document["warnings"][0]
    assert document["reused"] is False
    assert call("spend", "--json").document["spend"][0]["jobs"] == 3


@pytest.mark.parametrize("more", ((), ("--json",), ("--reuse",)), ids=("text", "json", "reuse"))
@pytest.mark.parametrize("fails", (True, False), ids=("fails", "done"))
def test_one_that_may_be_paid_is_named_before_the_next_is_sent(
    acme: Any,
    server: ScriptedServer,
    key: str,
    photo: Path,
    call: Any,
    capfd: pytest.CaptureFixture[str],
    more: tuple[str, ...],
    fails: bool,
) -> None:
    server.on("POST", "/upload", Answer.json({"handle": "h"}))
    server.on("POST", "/edit", Answer(fault="drop_after_body"))
    lost = call("edit", photo, "warmer", "--json").document["error"]["job_id"]
    said: list[str] = []

    def answer(_: Any) -> Answer:
        said.append(capfd.readouterr().err)
        return Answer(status=400, body=b"{}") if fails else Answer.picture(png())

    server.on("POST", "/edit", answer)
    ran = call("edit", photo, "warmer", *more)
    what = f"job {lost} is the same edit, it may be charged and was not finished yet"
    assert said == [f"Warning: {what}: imgedit jobs resume {lost}\n"]
    assert "the same edit" not in ran.err
    assert (what in ran.out) == (not fails and "--json" in more), "a document is whole"


def test_a_dry_run_shows_the_request(
    acme: Any, server: ScriptedServer, key: str, photo: Path, call: Any
) -> None:
    dry = call("edit", photo, "warmer", "--dry-run", "--reuse", "--json")
    assert dry.code == 0
    assert dry.document["requests"]
    assert not server.requests
