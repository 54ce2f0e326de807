"""The combinations of what an author may say of a vendor, and a vendor that answers so."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from imgedit.scaffold import ANSWERS, AUTHS, PICTURES
from imgedit.testing import Answer, ScriptedServer

# Chosen so that every value is there and no two values meet twice.
CHOSEN = (
    ("url", "job", "bearer"),
    ("data-uri", "urls", "header"),
    ("base64", "base64", "basic"),
    ("multipart", "picture", "none"),
    ("upload", "job", "header"),
    ("upload", "urls", "bearer"),
)
ALL = tuple(itertools.product(PICTURES, ANSWERS, AUTHS))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`combination` is one of the chosen ones, with COMBINATIONS=all each that there is."""
    if "combination" in metafunc.fixturenames:
        every = os.environ.get("COMBINATIONS") == "all"
        metafunc.parametrize("combination", ALL if every else CHOSEN, ids="+".join)


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as made:
        yield made
        assert made.unexpected == []


@pytest.fixture
def answer_as_recorded(server: ScriptedServer) -> Any:
    """`answer_as_recorded(folder, picture)`: the server answers as the project's recordings."""

    def answer(folder: Path, picture: bytes) -> None:
        data = folder / "tests" / "data"

        def recorded(name: str) -> Answer:
            text = (data / name).read_text(encoding="utf-8")
            text = text.replace("https://files.acme.example", f"{server.url}/files")
            return Answer(body=text.encode(), headers={"Content-Type": "application/json"})

        if (data / "upload.json").exists():
            server.on("POST", "/v1/files", recorded("upload.json"))
        if (data / "submit.png").exists():
            server.on("POST", "/v1/edits", Answer.picture(picture))
        else:
            server.on("POST", "/v1/edits", recorded("submit.json"))
        if (data / "done.json").exists():
            server.on("GET", "/v1/jobs/job-1", recorded("running.json"), recorded("done.json"))
        server.on("GET", "/files/1.png", Answer.picture(picture))

    return answer
