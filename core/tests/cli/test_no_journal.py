"""`journal = false` on the command line: no job goes on, so nothing says that one could."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from imgedit.testing.pictures import png
from imgedit.testing.server import Answer, ScriptedServer
from imgedit.testing.waits import instant_waits

LOOK = "Look in your account at the provider before you run it again."


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "config.toml").write_text("journal = false\n")
    monkeypatch.setenv("IMGEDIT_HOME", str(tmp_path / "home"))
    with instant_waits():
        yield


def test_what_is_said_after_paying(
    acme: Any, server: ScriptedServer, key: str, photo: Path, tmp_path: Path, call: Any
) -> None:
    server.on("POST", "/upload", Answer.json({"handle": "h"}))
    server.on("POST", "/edit", Answer.json({"id": "7"}))
    server.on("GET", "/jobs/7", Answer.json({"urls": [f"{server.url}/out.png"]}))
    edit = ("edit", photo, "warmer", "-o", "out.png")

    server.on("GET", "/out.png", Answer(status=404))
    gone = call(*edit)
    assert gone.code == 7
    assert gone.err.endswith(f"404. The edit was charged. {LOOK}\n")

    server.on("GET", "/out.png", Answer.picture(png()))

    def in_the_way(_: Any) -> Answer:
        (tmp_path / "out.png").write_bytes(b"mine")
        return Answer.json({"urls": [f"{server.url}/out.png"]})

    server.on("GET", "/jobs/7", in_the_way)
    taken = call(*edit)
    assert taken.code == 10
    assert taken.err.endswith(f"exists already. The edit was charged. {LOOK}\n")
    os.unlink(tmp_path / "out.png")

    server.on("POST", "/edit", Answer(fault="drop_after_body"))
    lost = call(*edit, "--json")
    assert lost.code == 8
    assert lost.document["error"]["message"].endswith(f"whether the edit was charged. {LOOK}")

    server.on("POST", "/upload", Answer(fault="hang"))
    late = call(*edit, "--timeout", "0.5")
    assert late.code == 7
    assert late.err.endswith("Nothing was charged. Run it again when you like.\n")
