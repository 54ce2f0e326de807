"""`imgedit jobs resume`."""

from __future__ import annotations

import errno
import os
import shlex
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from imgedit import errors
from imgedit.cli import keeping
from imgedit.engine import aside
from imgedit.engine.record import JobRecord
from imgedit.files import write_private
from imgedit.journal import SqliteJournal
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


def locked(save: Callable[..., None]) -> Callable[..., None]:
    """A journal that does not take what came."""

    def fails(journal: SqliteJournal, record: JobRecord, **options: Any) -> None:
        if record.job.status in ("accepted", "done"):
            raise errors.JournalError("the journal is locked")
        save(journal, record, **options)

    return fails


def full(*_: Any, **__: Any) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("room", ("here", "elsewhere", "nowhere"))
@pytest.mark.parametrize("more", ((), ("--json",)), ids=("text", "json"))
def test_an_answer_that_could_be_stored_nowhere_is_kept_as_a_file(
    acme: Any, server: ScriptedServer, key: str, photo: Path, call: Any, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, room: str, more: tuple[str, ...],
) -> None:  # fmt: skip
    def write(to: Path, data: bytes) -> None:
        if room == "nowhere" or (room == "elsewhere" and to.parent == Path()):
            full()
        write_private(to, data)

    place = tmp_path / "temporary"
    place.mkdir()
    server.on("POST", "/upload", Answer.json({"handle": "h"}))
    server.on("POST", "/edit", Answer.json({"urls": [f"{server.url}/out.png"]}))
    server.on("GET", "/out.png", Answer.picture(png()))
    with monkeypatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(place))
        patch.setattr(SqliteJournal, "save", locked(SqliteJournal.save))
        patch.setattr(aside, "write_private", full)
        patch.setattr(keeping, "write_private", write)
        ran = call("edit", photo, "warmer", "-o", "out.png", *more)
    said = ran.document["error"]["message"] if more else ran.err
    assert ran.code == 10
    assert "The edit was charged." in said
    assert "error.job" not in said
    assert ", the only copy of the job," in said
    file = said.rpartition("imgedit jobs resume ")[2].strip()
    if room == "nowhere":
        (line,) = [line for line in ran.err.splitlines() if line.startswith("{")]
        (tmp_path / file).write_text(line)
    assert (tmp_path / file).stat().st_mode & 0o077 == 0 or room == "nowhere"
    again = call("jobs", "resume", file)
    assert again.out.startswith("out.png  ")
    assert (tmp_path / "out.png").read_bytes() == png()
    assert call("jobs", "resume", file).code == 0
    assert server.count("POST", "/edit") == 1


@pytest.mark.parametrize("more", ((), ("--json",)), ids=("text", "json"))
def test_resuming_all_tells_why_one_did_not_go_on(
    acme: Any, server: ScriptedServer, key: str, photo: Path, call: Any,
    monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...],
) -> None:  # fmt: skip
    server.on("POST", "/upload", Answer.json({"handle": "h"}))
    server.on("POST", "/edit", Answer.json({"urls": [f"{server.url}/out.png"]}))
    server.on("GET", "/out.png", Answer.picture(png()))
    late = call("edit", photo, "warmer", "-o", "out.png", "--timeout", "0.000001", "--json")
    job = late.document["error"]["job_id"]
    with monkeypatch.context() as patch:
        patch.delenv("ACME_API_KEY")
        ran = call("jobs", "resume", *more)
        assert (ran.code, ran.err.count("Error: ")) == (2, 1)
        assert "ACME_API_KEY" in ran.err
    with monkeypatch.context() as patch:
        patch.setattr(SqliteJournal, "save", locked(SqliteJournal.save))
        patch.setattr(aside, "write_private", full)
        ran = call("jobs", "resume", *more)
    assert ran.err.startswith("Error: the journal is locked. The edit was charged.")
    command = shlex.split(ran.err.rpartition("imgedit ")[2])
    assert command == ["jobs", "resume", f"imgedit-{job}.json"]
    if more:
        assert [row["id"] for row in ran.document["jobs"]] == [job]
    assert call(*command).out.startswith("out.png  ")
    assert server.count("POST", "/edit") == 1


def test_a_file_of_a_job_that_cannot_be_read(call: Any, tmp_path: Path) -> None:
    (tmp_path / "none.json").write_text("{}")
    (tmp_path / "bytes.json").write_bytes(b"\xff")
    for name in ("gone.json", "bytes.json", "none.json"):
        ran = call("jobs", "resume", name)
        assert ran.code in (8, 10)
        assert "It is not known whether the edit was charged." in ran.err


def test_a_place_that_is_refused_is_to_be_given_again(
    acme: Any, server: ScriptedServer, key: str, photo: Path, call: Any, tmp_path: Path
) -> None:
    server.on("POST", "/upload", Answer.json({"handle": "h"}))
    server.on("POST", "/edit", Answer.json({"id": "7"}))
    server.on("GET", "/jobs/7", Answer.json({"urls": [f"{server.url}/out.png"]}))
    server.on("GET", "/out.png", Answer(status=404))
    job = call("edit", photo, "warmer", "-o", "out.png", "--json").document["error"]["job_id"]
    server.on("GET", "/out.png", Answer.picture(png()))
    refused = call("jobs", "resume", job, "-o", "new/out.png").err
    assert "Make the folder, or name another place (-o, or out= in Python)." in refused
    assert refused.endswith(f"Then give the place again: imgedit jobs resume {job} -o FILE\n")
    (tmp_path / "new").mkdir()
    assert call("jobs", "resume", job, "-o", "new/out.png").code == 0
    assert (tmp_path / "new" / "out.png").read_bytes() == png()


def test_a_command_that_is_wrong_denies_no_payment(
    acme: Any, server: ScriptedServer, key: str, photo: Path, call: Any
) -> None:
    server.on("POST", "/upload", Answer.json({"handle": "h"}))
    server.on("POST", "/edit", Answer.json({"id": "7"}))
    server.on("GET", "/jobs/7", Answer(status=404))
    job = call("edit", photo, "warmer", "--json").document["error"]["job_id"]
    for said in (job, job[:-1]):
        ran = call("jobs", "resume", said, "--overwrite", "--json")
        error = ran.document["error"]
        assert (ran.code, error["type"]) == (2, "UsageError")
        assert (error["charged"], error["job_id"]) == ("yes", job)
    said = call("jobs", "resume", job, "--overwrite").err
    assert "overwrite needs a place. The edit was charged. Say where the picture goes (-o" in said
    for wrong in (("-o", "x.png"), ("--overwrite",)):
        ran = call("jobs", "resume", *wrong)
        assert ran.code == 2
        assert "for one job: give its ID, too" in ran.err


def test_a_job_that_is_over_its_limit_by_now_can_be_ended(
    acme: Any, server: ScriptedServer, key: str, photo: Path, call: Any
) -> None:
    """Its limit is stored with it, and no other can be given."""
    limit = ("--max-cost", "0.05 USD", "--timeout", "0.000001", "--json")
    job = call("edit", photo, "warmer", *limit).document["error"]["job_id"]
    end = f"imgedit jobs settle {job} --not-charged"
    assert f"{end}, if it is not to be sent" in call("jobs", "show", job).out
    for price in ({"amounts": "0.06"}, {"unknown": "not published"}):
        acme({"models": [{"id": "one", "price": price}]})
        over = call("jobs", "resume", job)
        assert over.code == 4
        assert "Raise the limit" not in over.err
        assert "leave the limit out" not in over.err
        assert f"For another limit end it with: {end}" in " ".join(over.err.split())
    assert call(*shlex.split(end)[1:]).code == 0
    (row,) = call("jobs", "--json").document["jobs"]
    assert row["error"]["message"].startswith("it was only planned; settled by hand as not charged")
    (row,) = call("spend", "--json").document["spend"]
    assert (row["charged"], row["reserved"]) == ("0", "0")
    assert server.requests == []


def test_a_job_that_its_provider_forgot_and_did_not_charge_can_be_ended(
    acme: Any, server: ScriptedServer, key: str, photo: Path, call: Any
) -> None:
    server.on("POST", "/upload", Answer.json({"handle": "h"}))
    server.on("POST", "/edit", Answer.json({"id": "7"}))
    server.on("GET", "/jobs/7", Answer(status=404))
    job = call("edit", photo, "warmer", "--json").document["error"]["job_id"]
    shown = call("jobs", "show", job).out
    assert f"imgedit jobs resume {job}" in shown
    end = f"imgedit jobs settle {job} --charged"
    assert f"{end}, if the provider does not know it any more" in shown
    refused = call("jobs", "settle", job, "--not-charged")
    assert refused.code == 2
    way = refused.err.partition("If your account shows no charge: imgedit ")[2]
    assert shlex.split(way) == ["jobs", "settle", job, "--charged", "--cost", "0 USD"]
    assert call(*shlex.split(way)).code == 0
    assert call("jobs", "resume", "--json").document == {"jobs": []}
    (row,) = call("spend", "--json").document["spend"]
    assert (row["charged"], row["reserved"]) == ("0", "0")
