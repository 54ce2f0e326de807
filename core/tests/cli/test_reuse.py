"""`imgedit edit --reuse` with a provider that costs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

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


def test_a_dry_run_shows_the_request(
    acme: Any, server: ScriptedServer, key: str, photo: Path, call: Any
) -> None:
    dry = call("edit", photo, "warmer", "--dry-run", "--reuse", "--json")
    assert dry.code == 0
    assert dry.document["requests"]
    assert not server.requests
