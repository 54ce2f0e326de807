"""What a user does with jobs by hand loses nothing that was paid."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import imgedit
from imgedit import errors
from imgedit.config import Config, ProviderConfig
from imgedit.engine.record import new_id
from imgedit.journal import SqliteJournal
from imgedit.testing.pictures import png
from imgedit.testing.server import Answer, ScriptedServer

from .clients import unplugged


@pytest.mark.parametrize("trouble", ("newer", "disk"))
def test_pruning_keeps_what_the_journal_cannot_tell_of(
    acme: Any, edit: Any, source: Path, tmp_path: Path, trouble: str
) -> None:
    """The only copy of a paid picture may lie there."""

    class BadDisk(SqliteJournal):
        def load(self, job_id: str) -> Any:
            raise errors.JournalError("the disk reports an error")

    path = tmp_path / "jobs.sqlite3"
    result = edit(source, journal=path)
    os.utime(result.image.path.parent, (0, 0))
    if trouble == "newer":
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute(
                """UPDATE jobs SET record = replace(record, '"schema":3', '"schema":4')"""
            )
    journal = BadDisk(path) if trouble == "disk" else SqliteJournal(path)

    async def run() -> None:
        async with imgedit.Client(journal=journal) as client:
            never_stored = client.runtime.spool / new_id()
            never_stored.mkdir()
            os.utime(never_stored, (0, 0))
            assert client.prune(timedelta(days=1)) == []
            assert not never_stored.exists()
            if trouble == "disk":
                with closing(SqliteJournal(path)) as other:
                    assert other.hold(result.job_id), "whoever prunes does not drive it"

    asyncio.run(run())
    assert result.image.path.exists()


def test_pruning_keeps_the_pictures_of_a_journal_that_was_moved_away(
    acme: Any, edit: Any, source: Path, tmp_path: Path
) -> None:
    """Its spool may be ours now, and hold the only copy of what it paid for."""
    path = tmp_path / "jobs.sqlite3"
    before = edit(source, journal=path).image.path
    path.rename(tmp_path / "damaged.sqlite3")
    os.utime(before.parent, (0, 0))
    never_stored = before.parent.with_name(new_id())
    for _ in range(2):  # with an empty journal, then with one that has a job
        with imgedit.SyncClient(journal=path) as client:
            never_stored.mkdir(exist_ok=True)
            os.utime(never_stored, (0, 0))
            assert client.prune(timedelta(days=1)) == []
        assert before.exists()
        edit(source, journal=path)
    assert not never_stored.exists()


def test_pruning_keeps_what_was_paid_since_a_backup_that_was_put_back(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    path, backup = tmp_path / "jobs.sqlite3", tmp_path / "backup.sqlite3"
    edit(source, journal=path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("VACUUM INTO ?", (str(backup),))
    out = tmp_path / "results" / "out.png"
    out.parent.mkdir()

    def spoil(_: Any) -> Answer:
        out.parent.rmdir()
        return Answer.picture(png())

    server.on("GET", "/out.png", spoil)
    with pytest.raises(errors.OutputError) as caught:
        edit(source, journal=path, out=out)
    for file in tmp_path.glob("jobs.sqlite3*"):
        if file.is_file():
            file.unlink()
    backup.rename(path)
    folder = tmp_path / "jobs.sqlite3.spool" / str(caught.value.job_id)
    os.utime(folder, (0, 0))
    with imgedit.SyncClient(journal=path) as client:
        client.prune(timedelta(days=1))
        assert list(folder.iterdir())


def test_pruning_takes_nothing_that_was_never_a_jobs(
    acme: Any, edit: Any, source: Path, tmp_path: Path
) -> None:
    """Whoever is asked for a folder for pictures may name one with pictures in it."""
    spool = tmp_path / "pictures"
    mine = spool / "holiday" / "beach.png"
    mine.parent.mkdir(parents=True)
    mine.write_bytes(png())
    os.utime(mine.parent, (0, 0))
    journal = SqliteJournal(tmp_path / "jobs.sqlite3", spool=spool)
    with imgedit.SyncClient(journal=journal) as client:
        client.prune(timedelta(0))
    assert mine.exists()


def test_pruning_ends_what_an_earlier_one_began(
    acme: Any, edit: Any, source: Path, tmp_path: Path
) -> None:
    """It was killed between the rows and the pictures."""
    path = tmp_path / "jobs.sqlite3"
    result = edit(source, journal=path)
    with closing(SqliteJournal(path)) as journal:
        assert journal.prune(datetime.now(UTC) + timedelta(days=1)) == [result.job_id]
    os.utime(result.image.path.parent, (0, 0))
    with imgedit.SyncClient(journal=path) as client:
        client.prune(timedelta(days=1))
    assert not result.image.path.parent.exists()


def test_pruning_with_a_spool_that_cannot_be_read(
    acme: Any, edit: Any, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "jobs.sqlite3"
    result = edit(source, journal=path, out=tmp_path / "out.png")

    def refuse(_: Path) -> Any:
        raise PermissionError(13, "Permission denied")

    with imgedit.SyncClient(journal=path) as client:
        monkeypatch.setattr(Path, "iterdir", refuse)
        assert client.prune(timedelta(0)) == [result.job_id]


def test_pruning_keeps_the_picture_of_an_edit_that_waits_for_its_turn(
    acme: Any, source: Path, server: ScriptedServer, tmp_path: Path
) -> None:
    """It is not stored yet, so that its folder looks as if nobody needed it."""
    config = Config(providers={"acme": ProviderConfig(concurrency=1)})

    async def run() -> imgedit.EditResult:
        async with imgedit.Client(journal=tmp_path / "jobs.sqlite3") as client:
            client.runtime.config = config
            client.runtime.journal.enter("acme", "01ANOTHER", 1)
            waits = asyncio.Event()
            edit = client.edit(
                source.read_bytes(),
                "make it so",
                provider="acme",
                on_event=lambda event: waits.set() if event.kind == "waiting" else None,
            )
            task = asyncio.ensure_future(edit)
            await waits.wait()
            assert client.prune(timedelta(0)) == []
            client.runtime.journal.leave("01ANOTHER")
            return await task

    assert asyncio.run(run()).image.path.exists()
    assert server.count("POST", "/edit") == 1


def test_a_paid_job_that_can_be_fetched_is_not_settled_as_not_charged(
    acme: Any, edit: Any, source: Path, server: ScriptedServer, tmp_path: Path
) -> None:
    path = tmp_path / "jobs.sqlite3"
    server.on("GET", "/jobs/7", Answer(status=503))
    with pytest.raises(errors.ProviderUnavailable) as caught:
        edit(source, journal=path)
    job = str(caught.value.job_id)
    with imgedit.SyncClient(journal=path) as client:
        with pytest.raises(errors.UsageError, match="was charged") as refused:
            client.settle(job, charged=False)
        assert (refused.value.charged, refused.value.job_id) == ("yes", job)
        fetch = f'Fetch it with: client.resume("{job}")'
        free = f'client.settle("{job}", charged=True, cost="0 USD")'
        assert refused.value.hint == f"{fetch}. If your account shows no charge: {free}"
        with pytest.raises(errors.UsageError, match="charges USD, not EUR") as other:
            client.settle(job, charged=True, cost="0.05 EUR")
        # The same number would be another amount.
        assert other.value.hint == "Give what it cost in USD (--cost, or cost= in Python)."
        assert client.job(job).job.status == "accepted"
        record = client.settle(job, charged=True)
        said = str((record.error or {})["message"])
        assert "its picture was not fetched; settled by hand as charged" in said
        assert "lies in" not in said
        assert not path.with_name("jobs.sqlite3.spool").joinpath(job).exists()


def test_where_a_picture_lies_that_came_for_a_settled_job_is_told_later_too(
    acme: Any, edit: Any, source: Path, server: ScriptedServer, tmp_path: Path
) -> None:
    path, folder = tmp_path / "jobs.sqlite3", unplugged(server, tmp_path / "stick")
    with pytest.raises(errors.OutputError) as caught:
        edit(source, out=folder / "out.png", journal=path)
    job = str(caught.value.job_id)
    lies = path.with_name("jobs.sqlite3.spool") / job
    with imgedit.SyncClient(journal=path) as client:
        client.settle(job, charged=True)
        said = str((client.job(job).error or {})["message"])
        with pytest.raises(errors.DownloadFailed) as again:
            client.resume(job, out=tmp_path / "out.png")
    assert f"was not delivered; settled by hand as charged; what came of it lies in {lies}" in said
    assert str(lies) in str(again.value)
    assert (lies / "picture-1").read_bytes() == png()
