"""`imgedit jobs resume`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from imgedit.testing.pictures import png
from imgedit.testing.server import Answer, ScriptedServer


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMGEDIT_HOME", str(tmp_path / "home"))


def test_a_picture_goes_to_another_place(
    acme: Any, server: ScriptedServer, key: str, photo: Path, call: Any, tmp_path: Path
) -> None:
    (tmp_path / "stick").mkdir()

    def unplug(_: Any) -> Answer:
        (tmp_path / "stick").rmdir()
        return Answer.picture(png())

    server.on("POST", "/upload", Answer.json({"handle": "h"}))
    server.on("POST", "/edit", Answer.json({"id": "7"}))
    server.on("GET", "/jobs/7", Answer.json({"urls": [f"{server.url}/out.png"]}))
    server.on("GET", "/out.png", unplug)
    ran = call("edit", photo, "warmer", "-o", "stick/out.png")
    assert ran.code == 10
    assert "The edit was charged." in ran.err
    (job,) = call("jobs", "--json").document["jobs"]

    for wrong in (("-o", "new.png"), (job["id"], "--overwrite")):
        refused = call("jobs", "resume", *wrong)
        assert (refused.code, refused.out) == (2, "")
    taken = call("jobs", "resume", job["id"], "-o", "photo.png")
    assert taken.code == 10
    assert "photo.png' exists already. The edit was charged." in taken.err
    assert call("jobs", "resume", job["id"], "-o", "new.png").out.startswith("new.png  ")
    assert (tmp_path / "new.png").read_bytes() == png()
    again = call("jobs", "resume", job["id"], "-o", "photo.png", "--overwrite")
    assert again.out.startswith("photo.png  ")
    assert photo.read_bytes() == (tmp_path / "new.png").read_bytes()
    assert server.count("POST", "/edit") == 1
