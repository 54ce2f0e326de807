"""Large answers that were paid for lie in the spool; their rows hold the heads only."""

from __future__ import annotations

import asyncio
import base64
import os
from pathlib import Path
from typing import Any

import pytest

import imgedit
from imgedit import errors
from imgedit.engine import aside
from imgedit.engine.record import JobRecord
from imgedit.engine.store import dumps, loads
from imgedit.journal import SqliteJournal
from imgedit.testing.pictures import png
from imgedit.testing.server import Answer, ScriptedServer

LARGE = "x" * aside.LARGE
HELD = {"base64": base64.b64encode(png()).decode(), "padding": LARGE}


class Failing(SqliteJournal):
    """Cannot store what has this status; notes what it stored."""

    def __init__(self, path: Path, status: str) -> None:
        super().__init__(path)
        self.status = status
        self.stored: dict[str, str] = {}

    def save(self, record: JobRecord, **options: Any) -> None:
        if record.job.status == self.status:
            raise errors.JournalError("the journal was locked")
        super().save(record, **options)
        self.stored[record.job.status] = dumps(record)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "jobs.sqlite3"


def ended(journal: SqliteJournal, source: Path, **keywords: Any) -> errors.ImgEditError:
    """How an edit ends that cannot be finished."""

    async def run() -> errors.ImgEditError:
        async with imgedit.Client(journal=journal) as client:
            with pytest.raises(errors.ImgEditError) as caught:
                await client.edit(source, "x", provider="acme", **keywords)
            return caught.value

    return asyncio.run(run())


def held_by(path: Path, job_id: object) -> Path:
    return path.with_name(f"{path.name}.spool") / str(job_id) / "job.json"


def test_a_large_answer_is_a_file_until_its_picture_is_there(
    acme: Any, resume: Any, server: ScriptedServer, source: Path, path: Path
) -> None:
    server.on("POST", "/edit", Answer.json(HELD))
    journal = Failing(path, "done")
    error = ended(journal, source, out=path.with_name("out.png"))
    assert error.charged == "yes"
    file = held_by(path, error.job_id)
    answer = loads(file.read_text()).answer
    assert answer is not None
    assert answer.json() == HELD
    assert file.stat().st_mode & 0o077 == 0
    assert file.stat().st_size < 1.1 * len(answer.body) + 10_000, "no base64 in base64"
    assert len(journal.stored["accepted"]) < 10_000
    assert resume(error.job_id, journal=path).image.size == len(png())
    assert list(path.with_name(f"{path.name}.spool").rglob("*")) == []
    assert server.count("POST", "/edit") == 1


def test_without_a_journal_the_job_holds_its_answer(
    acme: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    server.on("POST", "/edit", Answer.json({**HELD, "base64": "AAAA"}))

    async def run() -> errors.ImgEditError:
        async with imgedit.Client() as client:
            with pytest.raises(errors.ImgEditError) as caught:
                await client.edit(source, "x", provider="acme")
            return caught.value

    error = asyncio.run(run())
    assert len(str(error.job)) > aside.LARGE


def test_where_the_spool_has_no_room_the_row_holds_it(
    acme: Any, resume: Any, server: ScriptedServer, source: Path, path: Path, monkeypatch: Any
) -> None:
    server.on("POST", "/edit", Answer.json(HELD))

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(aside, "write_private", full)
        error = ended(Failing(path, "done"), source)
    assert not held_by(path, error.job_id).exists()
    assert resume(error.job_id, journal=path).image.size == len(png())
    assert server.count("POST", "/edit") == 1


def test_a_stored_answer_that_is_gone(
    acme: Any, resume: Any, server: ScriptedServer, source: Path, path: Path
) -> None:
    server.on("POST", "/edit", Answer.json(HELD))
    error = ended(Failing(path, "done"), source)
    file = held_by(path, error.job_id)
    file.rename(path.with_name("away"))
    for _ in range(2):
        with pytest.raises(errors.OutputError, match="stored answer cannot be read") as caught:
            resume(error.job_id, journal=path)
        assert caught.value.charged == "yes"
        assert caught.value.hint == (
            f"Bring {file} back. If it is gone for good, end the job with: "
            f'client.settle("{error.job_id}", charged=True)'
        )
    with imgedit.SyncClient(journal=path) as client:
        assert client.job(str(error.job_id)).job.status == "accepted"
    path.with_name("away").rename(file)
    assert resume(error.job_id, journal=path).image.size == len(png())
    assert server.count("POST", "/edit") == 1


def test_a_stored_answer_that_is_gone_for_good_is_settled(
    acme: Any, server: ScriptedServer, source: Path, path: Path
) -> None:
    server.on("POST", "/edit", Answer.json(HELD))
    error = ended(Failing(path, "done"), source)
    held_by(path, error.job_id).unlink()
    with imgedit.SyncClient(journal=path) as client:
        assert client.settle(str(error.job_id), charged=True).finished


@pytest.mark.skipif(os.name != "posix", reason="folders are flushed where the system can")
def test_the_folder_of_a_job_survives_a_power_cut_before_its_answer_is_stored(
    acme: Any, edit: Any, source: Path, server: ScriptedServer, path: Path, monkeypatch: Any
) -> None:
    spool = path.with_name(f"{path.name}.spool")
    flushed: list[int] = []
    before: dict[str, list[int]] = {}
    real = os.fsync

    def fsync(descriptor: int) -> None:
        flushed.append(os.fstat(descriptor).st_ino)
        real(descriptor)

    class Noting(SqliteJournal):
        def save(self, record: JobRecord, **options: Any) -> None:
            before.setdefault(record.job.status, list(flushed))
            super().save(record, **options)

    monkeypatch.setattr(os, "fsync", fsync)
    server.on("POST", "/edit", Answer.picture(png()))
    edit(source, journal=Noting(path))
    assert path.parent.stat().st_ino in before["accepted"], "it names the spool"
    assert before["accepted"].count(spool.stat().st_ino) == 1, "which names the job's folder"


@pytest.mark.parametrize("later", (False, True), ids=("at once", "resumed"))
def test_who_looks_an_edit_up_sees_the_whole_answer(
    acme: Any, resume: Any, server: ScriptedServer, source: Path, path: Path, later: bool
) -> None:
    seen: list[Any] = []

    @imgedit.hookimpl
    def reconcile(job: imgedit.Job, response: imgedit.HttpResponse | None) -> imgedit.Next | None:
        seen.append(response and response.at("/padding"))
        if later and len(seen) == 1:
            raise RuntimeError("it cannot tell yet")
        return imgedit.Next({"id": "7"})

    acme(reconcile=reconcile)
    server.on("POST", "/edit", Answer.json({**HELD, "base64": "no picture"}))
    if later:
        error = ended(Failing(path, "none"), source)
        assert isinstance(error, errors.UnexpectedResponse)
        assert resume(error.job_id, journal=path).image.size == len(png())
    else:
        error = ended(Failing(path, "unknown"), source)
        assert resume(error.job, journal=path).image.size == len(png())
    assert set(seen) == {LARGE}
    assert server.count("POST", "/edit") == 1


def test_a_job_that_failed_leaves_no_answer(
    acme: Any, server: ScriptedServer, source: Path, path: Path
) -> None:
    @imgedit.hookimpl
    def parse_response(job: imgedit.Job, response: imgedit.HttpResponse) -> imgedit.Next:
        if response.purpose == "upload":
            return imgedit.Next(job.uploaded(job.to_upload[0], "h"))
        raise imgedit.ContentRejected("no", charged="yes")

    acme(parse_response=parse_response)
    server.on("POST", "/edit", Answer.json(HELD))
    error = ended(Failing(path, "none"), source)
    assert (error.charged, error.job) == ("yes", None)
    assert not held_by(path, error.job_id).exists()


def test_who_dies_between_an_answer_and_its_row_gets_it(
    acme: Any, resume: Any, server: ScriptedServer, source: Path, path: Path
) -> None:
    class Killed(BaseException):
        pass

    class Killing(SqliteJournal):
        def save(self, record: JobRecord, **options: Any) -> None:
            if record.answer is not None:
                raise Killed
            super().save(record, **options)

    server.on("POST", "/edit", Answer.json(HELD))

    async def run() -> None:
        async with imgedit.Client(journal=Killing(path)) as client:
            await client.edit(source, "x", provider="acme")

    with pytest.raises(Killed):
        asyncio.run(run())
    with imgedit.SyncClient(journal=path) as client:
        (record,) = client.unfinished()
    assert (record.job.status, record.charged) == ("accepted", "yes")
    assert resume(record.id, journal=path).image.size == len(png())
    assert server.count("POST", "/edit") == 1


def test_a_journal_may_be_moved_with_its_spool(
    acme: Any, resume: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    server.on("POST", "/edit", Answer.json(HELD))
    (tmp_path / "here").mkdir()
    error = ended(Failing(tmp_path / "here" / "jobs.sqlite3", "done"), source)
    (tmp_path / "here").rename(tmp_path / "there")
    result = resume(error.job_id, journal=tmp_path / "there" / "jobs.sqlite3")
    assert result.image.size == len(png())


def test_the_json_of_a_large_answer_is_whole_elsewhere(
    acme: Any, resume: Any, server: ScriptedServer, source: Path, path: Path
) -> None:
    server.on("POST", "/edit", Answer.json(HELD))
    error = ended(Failing(path, "done"), source)
    assert resume(error.job, journal=None).image.size == len(png())


@pytest.mark.parametrize("vanished", (False, True))
def test_an_answer_is_kept_while_it_cannot_be_read(
    acme: Any, resume: Any, server: ScriptedServer, source: Path, path: Path, vanished: bool
) -> None:
    """Nothing that is stored of its job on the way makes it less."""
    server.on("POST", "/edit", Answer.json(HELD))
    error = ended(Failing(path, "done"), source)
    file, away = held_by(path, error.job_id), path.with_name("away")
    if vanished:
        file.rename(away)

    @imgedit.hookimpl
    def parse_response(job: imgedit.Job, response: imgedit.HttpResponse) -> imgedit.Next:
        raise errors.UnexpectedResponse("no")

    acme(parse_response=parse_response)
    for _ in range(2):
        with pytest.raises(errors.ImgEditError):
            resume(error.job_id, journal=path)
    if vanished:
        away.rename(file)
    acme()
    assert resume(error.job_id, journal=path).image.size == len(png())
    assert not file.exists()
