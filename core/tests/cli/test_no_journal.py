"""`journal = false` on the command line: a job that may be paid goes on from a file."""

from __future__ import annotations

import os
import shlex
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from imgedit import Done, HttpRequest, Json, Output, hookimpl
from imgedit.testing.pictures import png
from imgedit.testing.server import Answer, ScriptedServer
from imgedit.testing.waits import instant_waits


def goes_on(said: str, call: Any) -> Any:
    """Run the command that an error names."""
    money, _, command = said.partition(", the only copy of the job, and go on with: imgedit ")
    words = shlex.split(command)
    assert money.endswith(f" {words[2]}")
    return call(*words)


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
    assert "404. The edit was charged. Keep imgedit-" in gone.err
    assert goes_on(gone.err, call).code == 7

    server.on("GET", "/out.png", Answer.picture(png()))
    assert goes_on(gone.err, call).out.startswith("out.png  ")
    assert server.count("POST", "/edit") == 1
    os.unlink(tmp_path / "out.png")

    def in_the_way(_: Any) -> Answer:
        (tmp_path / "out.png").write_bytes(b"mine")
        return Answer.json({"urls": [f"{server.url}/out.png"]})

    server.on("GET", "/jobs/7", in_the_way)
    taken = call(*edit)
    assert taken.code == 10
    assert "exists already. The edit was charged. " in taken.err
    os.unlink(tmp_path / "out.png")
    assert goes_on(taken.err, call).code == 0
    os.unlink(tmp_path / "out.png")

    server.on("POST", "/edit", Answer(fault="drop_after_body"))
    lost = call(*edit, "--json")
    assert lost.code == 8
    said = lost.document["error"]["message"]
    assert "whether the edit was charged. Keep imgedit-" in said
    look = goes_on(said, call)
    assert look.code == 8
    assert look.err.endswith("Look in your account at the provider whether it was charged.\n")

    server.on("POST", "/upload", Answer(fault="hang"))
    late = call(*edit, "--timeout", "0.5")
    assert late.code == 7
    assert late.err.endswith("Nothing was charged. Run it again when you like.\n")
    assert server.count("POST", "/edit") == 3


def test_ctrl_c_after_paying(
    acme: Any, server: ScriptedServer, key: str, photo: Path, call: Any
) -> None:
    def press(_: Any) -> Answer:
        signal.raise_signal(signal.SIGINT)
        return Answer(fault="hang")

    server.on("POST", "/upload", Answer.json({"handle": "h"}))
    server.on("POST", "/edit", Answer.json({"id": "7"}))
    server.on("GET", "/jobs/7", press, Answer.json({"urls": [f"{server.url}/out.png"]}))
    server.on("GET", "/out.png", Answer.picture(png()))
    stopped = call("edit", photo, "warmer", "-o", "out.png")
    assert stopped.code == 130
    assert ". The edit was charged. Keep imgedit-" in stopped.err
    assert goes_on(stopped.err, call).out.startswith("out.png  ")
    assert server.count("POST", "/edit") == 1


def test_a_place_that_is_refused_is_to_be_given_again(
    acme: Any, server: ScriptedServer, key: str, photo: Path, call: Any, tmp_path: Path
) -> None:
    server.on("POST", "/upload", Answer.json({"handle": "h"}))
    server.on("POST", "/edit", Answer.json({"id": "7"}))
    server.on("GET", "/jobs/7", Answer.json({"urls": [f"{server.url}/out.png"]}))
    server.on("GET", "/out.png", Answer(status=404), Answer.picture(png()))
    assert call("edit", photo, "warmer", "-o", "out.png").code == 7
    (file,) = (path.name for path in tmp_path.glob("imgedit-*.json"))
    refused = call("jobs", "resume", file, "-o", "photo.png").err
    assert refused.endswith(f"Then give the place again: imgedit jobs resume {file} -o FILE\n")
    assert call("jobs", "resume", file, "-o", "new.png").code == 0


@pytest.mark.parametrize("command", ("resume", "show", "settle"))
def test_a_job_that_is_named_by_its_id_is_sought_in_a_file(
    acme: Any, call: Any, command: str
) -> None:
    said = call("jobs", command, "01K9").err
    assert said.endswith("If an error left it as JSON, go on with: imgedit jobs resume FILE.json\n")


@pytest.mark.parametrize("command", ("show", "settle"))
def test_a_file_of_a_job_that_is_named_is_where_it_is_sought(
    acme: Any, call: Any, tmp_path: Path, command: str
) -> None:
    (tmp_path / "my job").write_text("{}")
    assert call("jobs", command, "my job").err.endswith("with: imgedit jobs resume 'my job'\n")


@hookimpl
def submit(job: Any) -> HttpRequest:
    return HttpRequest(method="POST", url="/edit", purpose="submit", body=Json(job.wire()))


@hookimpl
def picture(job: Any, response: Any) -> Any:
    return Done([Output(image=response.picture)])


def test_where_a_picture_that_came_lies_is_said(
    acme: Any, server: ScriptedServer, key: str, photo: Path, call: Any, tmp_path: Path
) -> None:
    """The file of the job does not hold it, and systems clear their temporary folder."""

    def in_the_way(_: Any) -> Answer:
        (tmp_path / "out.png").write_bytes(b"mine")
        return Answer.picture(png())

    acme(build_request=submit, parse_response=picture)
    server.on("POST", "/edit", in_the_way)
    said = ""
    for _ in range(2):
        ran = goes_on(said, call) if said else call("edit", photo, "x", "-o", "out.png")
        said = ran.err
        folder = Path(said.partition(" What came of it lies in ")[2].partition(". ")[0])
        assert png() in [file.read_bytes() for file in folder.iterdir()]
    os.unlink(tmp_path / "out.png")
    assert goes_on(said, call).code == 0
    assert (tmp_path / "out.png").read_bytes() == png()
    assert not folder.exists()
