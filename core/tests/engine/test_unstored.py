"""When the journal fails at the end of an edit: what is said, what is kept, and how it goes on."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import imgedit
from imgedit import Budget, errors
from imgedit.engine import room
from imgedit.engine.record import JobRecord
from imgedit.journal import SqliteJournal
from imgedit.testing.pictures import png
from imgedit.testing.server import Answer, ScriptedServer


class Failing(SqliteJournal):
    """Cannot store what has one of these statuses, once a job was sent."""

    def __init__(self, path: Path, *statuses: str) -> None:
        super().__init__(path)
        self.statuses = statuses
        self.sent = False

    def save(self, record: JobRecord, **options: Any) -> None:
        if self.sent and record.job.status in self.statuses:
            raise errors.JournalError("the journal was locked")
        super().save(record, **options)
        self.sent = self.sent or record.job.status == "sent"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "jobs.sqlite3"


def ended(path: Path, picture: Any, *statuses: str, **keywords: Any) -> errors.ImgEditError:
    """How an edit ends whose end cannot be stored."""

    async def run() -> errors.ImgEditError:
        async with imgedit.Client(journal=Failing(path, *statuses)) as client:
            with pytest.raises(errors.ImgEditError) as caught:
                await client.edit(picture, "x", provider="acme", **keywords)
            return caught.value

    return asyncio.run(run())


@pytest.mark.parametrize("by", ("job", "job_id"))
def test_a_refused_edit_goes_on(
    acme: Any, resume: Any, server: ScriptedServer, path: Path, by: str
) -> None:
    """Its picture was given as bytes, and is still in the spool."""
    server.on("POST", "/edit", *[Answer(status=503)] * 3, Answer.json({"id": "7"}))
    error = ended(path, png(), "failed")
    assert error.charged == "no"
    assert resume(str(getattr(error, by)), journal=path).image.size == len(png())


def test_a_refusal_that_was_not_stored_is_known_from_the_json(
    acme: Any, resume: Any, server: ScriptedServer, source: Path, path: Path
) -> None:
    server.on("POST", "/edit", Answer(status=503), Answer.json({"id": "7"}))
    error = ended(path, source, "planned", "failed")
    assert error.charged == "no"
    assert resume(str(error.job), journal=path).image.size == len(png())


@pytest.mark.parametrize("sidecar", (False, True))
def test_what_the_json_says_is_done_is_done_in_the_journal(
    acme: Any, resume: Any, server: ScriptedServer, source: Path, path: Path, sidecar: bool
) -> None:
    server.on("POST", "/edit", Answer.picture(png(9, 9)))
    out = path.with_name("out.png")
    error = ended(path, source, "done", out=out, sidecar=sidecar)
    for text in (str(error.job), str(error.job_id)):
        assert resume(text, journal=path).image.size == out.stat().st_size
    with imgedit.SyncClient(journal=path) as client:
        assert client.job(str(error.job_id)).finished
    assert server.count("POST", "/edit") == 1


def test_a_stored_answer_whose_picture_is_gone_names_its_job(
    acme: Any, resume: Any, server: ScriptedServer, source: Path, path: Path
) -> None:
    server.on("POST", "/edit", Answer.picture(png(9, 9)))
    error = ended(path, source, "done")
    for file in path.with_name(f"{path.name}.spool").rglob("*"):
        if file.is_file():
            file.unlink()
    with pytest.raises(errors.ImgEditError) as caught:
        resume(str(error.job_id), journal=path)
    assert caught.value.job_id == error.job_id
    assert caught.value.charged == "yes"
    assert caught.value.job is not None


def test_no_room_for_a_repeat_says_nothing_of_the_first_try(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, path: Path, monkeypatch: Any
) -> None:
    acme({"idempotency": {"header": "Idempotency-Key", "hours": 24}})
    server.on("POST", "/edit", Answer(fault="drop_after_body"))
    real, taken = room._take, []

    def take(file: Any, size: int) -> None:
        taken.append(size)
        if len(taken) > 1:
            raise OSError(28, "No space left on device")
        real(file, size)

    monkeypatch.setattr(room, "_take", take)
    with pytest.raises(errors.JournalError) as caught:
        edit(source, journal=path)
    assert caught.value.charged == "unknown"


def test_a_budget_has_no_say_once_an_edit_was_sent(
    acme: Any, server: ScriptedServer, source: Path
) -> None:
    server.on("POST", "/edit", Answer(fault="drop_after_body"))

    async def run() -> None:
        async with imgedit.Client() as client:
            with pytest.raises(errors.OutcomeUnknown) as caught:
                await client.edit(source, "x", provider="acme")
        small = Budget(amount="0.01 USD", per="day")
        async with imgedit.Client(budgets=[small]) as client:
            with pytest.raises(errors.OutcomeUnknown) as again:
                await client.resume(str(caught.value.job))
        assert again.value.charged == "unknown"

    asyncio.run(run())


def test_a_job_that_was_sent_counts_on_the_day_of_the_time_zone(
    acme: Any, server: ScriptedServer, source: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    """The journal does not know it, only whoever kept the JSON."""
    monkeypatch.setenv("IMGEDIT_HOME", str(tmp_path))
    (tmp_path / "config.toml").write_text('timezone = "Asia/Tokyo"\n', encoding="utf-8")
    late = datetime(2026, 11, 30, 20, tzinfo=UTC)  # it is December in Tokyo
    monkeypatch.setattr("imgedit.engine.rules.now", lambda: late)
    server.on("POST", "/edit", Answer(fault="drop_after_body"))

    async def run() -> str:
        async with imgedit.Client() as client:
            with pytest.raises(errors.OutcomeUnknown) as caught:
                await client.edit(source, "x", provider="acme")
        async with imgedit.Client.from_config(journal=False) as client:
            with pytest.raises(errors.OutcomeUnknown):
                await client.resume(str(caught.value.job))
            (entry,) = client.runtime.journal.entries()
            return entry.day

    assert asyncio.run(run()) == "2026-12-01"


@pytest.mark.parametrize("out", (None, "out.png"))
def test_settling_keeps_what_came(
    acme: Any, server: ScriptedServer, source: Path, path: Path, out: str | None
) -> None:
    """Of two pictures one is gone for good."""
    urls = [f"{server.url}/out.png", f"{server.url}/gone.png"]
    server.on("POST", "/edit", Answer.json({"urls": urls}))
    server.on("GET", "/gone.png", Answer(status=403))
    place = None if out is None else path.with_name(out)
    with imgedit.SyncClient(journal=path) as client:
        with pytest.raises(errors.DownloadFailed) as caught:
            client.edit(source, "x", provider="acme", n=2, out=place)
        name = str(caught.value.job_id)
        (file,) = client.job(name).files
        client.settle(name, charged=True)
        assert Path(file.path).exists()


def test_settling_keeps_a_picture_that_could_not_be_placed(
    acme: Any, server: ScriptedServer, source: Path, path: Path
) -> None:
    server.on("POST", "/edit", Answer.picture(png(9, 9)))
    error = ended(path, source, "done", out=path.with_name("out.png"))
    spool = path.with_name(f"{path.name}.spool") / str(error.job_id)
    path.with_name("out.png").unlink()
    path.with_name("out.png").mkdir()
    with imgedit.SyncClient(journal=path) as client:
        with pytest.raises(errors.OutputError):
            client.resume(str(error.job_id))
        client.settle(str(error.job_id), charged=True)
    assert any(file.stat().st_size == len(png(9, 9)) for file in spool.iterdir())


def test_a_refund_keeps_the_pictures_that_were_delivered(
    acme: Any, server: ScriptedServer, source: Path, path: Path
) -> None:
    urls = [f"{server.url}/out.png", f"{server.url}/two.png"]
    done = Answer.json({"id": "7", "urls": urls, "cost": "0.04"})
    server.on("GET", "/jobs/7", done, Answer.json({"state": "failed"}))
    server.on("GET", "/out.png", Answer.picture(png()), Answer(status=404))
    server.on("GET", "/two.png", Answer.picture(png(9, 9)))
    with imgedit.SyncClient(journal=path) as client:
        result = client.edit(source, "x", provider="acme", n=2)
        result.images[0].path.unlink()
        with pytest.raises(errors.ImgEditError):
            client.resume(result.job_id)
        assert result.images[1].path.exists()


def test_a_job_that_only_its_json_knows_is_not_named_by_its_id(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, path: Path
) -> None:
    server.on("GET", "/out.png", Answer(status=404))
    with pytest.raises(errors.DownloadFailed) as caught:
        edit(source)
    full = Failing(path, "done")
    full.sent = True
    with pytest.raises(errors.JournalError) as refused:
        resume(caught.value.job, journal=full)
    error = refused.value
    assert (error.charged, error.only_here) == ("yes", True)
    assert str(error).endswith("Then go on with: client.resume(error.job)")
    server.on("GET", "/out.png", Answer.picture(png()))
    assert resume(error.job, journal=path).image.path
    assert server.count("POST", "/edit") == 1
