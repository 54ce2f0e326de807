"""The JSON of a job that went on since: whatever is resumed, what was sent is not sent again."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

import imgedit
from imgedit import errors, hookimpl
from imgedit.engine.record import SavedFile, now
from imgedit.engine.rules import LEASE, supersedes
from imgedit.engine.store import dumps, loads
from imgedit.journal import SqliteJournal
from imgedit.testing.acme import parse_response
from imgedit.testing.pictures import png
from imgedit.testing.server import Answer, ScriptedServer


@pytest.fixture(params=("memory", "stored", "pruned"))
def kind(request: Any) -> str:
    return str(request.param)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "jobs.sqlite3"


@asynccontextmanager
async def opened(kind: str, path: Path) -> AsyncIterator[imgedit.Client]:
    async with imgedit.Client(journal=None if kind == "memory" else path) as client:
        yield client


async def planned(client: imgedit.Client, source: Path) -> str:
    """The JSON of an edit that had no time."""
    with pytest.raises(errors.DeadlineExceeded) as caught:
        await client.edit(source, "make it so", provider="acme", deadline=1e-6)
    assert caught.value.charged == "no"
    return caught.value.job or ""


async def resumed(client: imgedit.Client, job: str) -> errors.ImgEditError | imgedit.EditResult:
    try:
        return await client.resume(job)
    except errors.ImgEditError as error:
        return error


def forget(client: imgedit.Client, kind: str) -> None:
    if kind == "pruned":
        assert len(client.prune(timedelta(0))) == 1


@pytest.mark.parametrize("status", ("planned", "sent", "unknown"))
def test_a_done_job_is_not_bought_again(
    acme: Any, server: ScriptedServer, source: Path, path: Path, kind: str, status: Any
) -> None:
    async def work() -> None:
        async with opened(kind, path) as client:
            job = await planned(client, source)
            first = await client.resume(job)
            rows = list(client.runtime.journal.entries())
            forget(client, kind)
            record = loads(job)
            if status != "planned":
                record = evolve(record.with_job(status=status, sent_at=now()), charged="unknown")
            requests = len(server.requests)
            for _ in range(2):
                again = await resumed(client, dumps(record))
                if kind == "stored":
                    assert isinstance(again, imgedit.EditResult)
                    assert again.job_id == first.job_id
                else:
                    assert isinstance(again, errors.JournalError)
                    assert (again.charged, again.job_id) == ("yes", first.job_id)
                    assert again.cost == imgedit.Money("0.04", "USD")
                    assert "is over (done)" in again.message
                    assert again.hint is not None
                    assert "begin a new edit" in again.hint
            assert len(server.requests) == requests
            assert list(client.runtime.journal.entries()) == rows
            assert [(row.jobs, row.charged) for row in client.spend()] == [(1, Decimal("0.04"))]

    asyncio.run(work())
    assert server.count("POST", "/edit") == 1


def test_a_failed_job_is_not_sent_again(
    acme: Any, server: ScriptedServer, source: Path, path: Path, kind: str
) -> None:
    server.on("POST", "/edit", Answer.json({"state": "failed", "code": "moderated"}))

    async def work() -> None:
        async with opened(kind, path) as client:
            job = await planned(client, source)
            for one in range(3):
                error = await resumed(client, job)
                assert isinstance(error, errors.ImgEditError)
                assert error.charged == "yes"
                assert server.count("POST", "/edit") == 1
                if one == 0:
                    forget(client, kind)

    asyncio.run(work())
    assert server.count("POST", "/edit") == 1


def test_its_id_says_what_is_known(
    acme: Any, server: ScriptedServer, source: Path, path: Path, kind: str
) -> None:
    async def work() -> None:
        async with opened(kind, path) as client:
            done = await client.edit(source, "make it so", provider="acme")
            forget(client, kind)
            again = await resumed(client, done.job_id)
            if kind == "stored":
                assert isinstance(again, imgedit.EditResult)
                return
            assert isinstance(again, errors.JournalError)
            assert (again.charged, again.cost) == ("yes", imgedit.Money("0.04", "USD"))

    asyncio.run(work())


@pytest.mark.parametrize("status", ("accepted", "done"))
def test_what_the_vendor_still_has_is_fetched_once_more(
    acme: Any, server: ScriptedServer, source: Path, path: Path, kind: str, status: str
) -> None:
    """It costs nothing, and meanwhile nothing of the money is forgotten."""
    good = Answer.json({"id": "7", "urls": [f"{server.url}/out.png"], "cost": "0.03"})
    where = "/jobs/7" if status == "accepted" else "/out.png"
    server.on("GET", "/jobs/7", good)

    async def work() -> None:
        async with opened(kind, path) as client:
            server.on("GET", where, Answer(status=403 if status == "done" else 500))
            with pytest.raises(errors.ProviderError) as caught:
                await client.edit(source, "make it so", provider="acme")
            job = caught.value.job or ""
            assert loads(job).job.status == status
            server.on("GET", "/jobs/7", good)
            server.on("GET", "/out.png", Answer.picture(png()))
            first = await client.resume(job)
            rows = list(client.runtime.journal.entries())
            forget(client, kind)
            if kind != "stored":
                server.on("GET", where, Answer(status=500))
                error = await resumed(client, job)
                assert isinstance(error, errors.ImgEditError)
                assert error.charged == "yes"
                (row,) = client.runtime.journal.entries()
                assert (row.charge, row.open) == (Decimal("0.03"), False)
                server.on("GET", "/jobs/7", good)
                server.on("GET", "/out.png", Answer.picture(png()))
            again = await client.resume(job)
            assert again.image.sha256 == first.image.sha256
            assert list(client.runtime.journal.entries()) == rows

    asyncio.run(work())
    assert server.count("POST", "/edit") == 1


@pytest.mark.parametrize("ended", (False, True), ids=("there", "ended"))
@pytest.mark.parametrize("deleted", (False, True), ids=("kept", "deleted"))
def test_a_job_that_has_its_picture_is_not_undone_by_one_that_lacks_it(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, path: Path,
    ended: bool, deleted: bool,
) -> None:  # fmt: skip
    """Who hung while others finished the job says later by the clock that it is to be fetched."""
    server.on("GET", "/out.png", Answer(status=403))
    with pytest.raises(errors.DownloadFailed) as caught:
        edit(source, journal=path)
    server.on("GET", "/out.png", Answer.picture(png()))
    first = resume(caught.value.job_id, journal=path)
    late = dumps(evolve(loads(caught.value.job or ""), updated_at=now()))
    if ended:
        server.on("GET", "/out.png", Answer(status=403))
    if deleted:
        Path(first.image.path).unlink()
    asked = server.count("GET", "/out.png")
    if ended and deleted:
        with pytest.raises(errors.DownloadFailed, match="the job stays finished"):
            resume(late, journal=path)
    else:
        again = resume(late, journal=path)
        assert (again.job_id, again.image.sha256) == (first.job_id, first.image.sha256)
    assert (server.count("GET", "/out.png") > asked) == deleted
    with closing(SqliteJournal(path)) as journal:
        assert journal.load(first.job_id).finished
    if not (ended and deleted):
        assert edit(source, journal=path, reuse=True).job_id == first.job_id
        assert server.count("POST", "/edit") == 1


def test_which_of_two_records_of_a_job_counts(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, path: Path
) -> None:
    """Of what an error carried and what is stored the later one, unless it undoes what is known."""
    server.on("GET", "/out.png", Answer(status=403))
    with pytest.raises(errors.DownloadFailed) as caught:
        edit(source, journal=path)
    lacks = loads(caught.value.job or "")
    file = SavedFile(
        index=0, path="out.png", media_type="image/png", width=1, height=1, size=70, sha256="ab"
    )
    answer = imgedit.HttpResponse(status=200, body=b"{}")
    records = {
        "doubt": evolve(lacks.with_job(status="unknown", done=None), charged="unknown"),
        "answer": evolve(lacks.with_job(status="accepted", done=None), answer=answer),
        "taken": lacks.with_job(status="accepted", done=None),
        "lacks": lacks,  # done, and its picture is not there
        "whole": evolve(lacks, files=(file,)),
        "failed": lacks.with_job(status="failed", done=None),  # or settled as charged
        "free": evolve(lacks.with_job(status="canceled", done=None), charged="no"),
    }

    def replaced(name: str, **change: Any) -> set[str]:
        record = evolve(records[name], **change)
        return {other for other, stored in records.items() if supersedes(record, stored)}

    soon = lacks.updated_at + timedelta(seconds=1)
    over = {"failed", "free"}
    assert {name: replaced(name, updated_at=soon) for name in records} == {
        "doubt": {"doubt"},
        "answer": {"doubt", "answer", "taken", *over},
        "taken": {"doubt", "answer", "taken", *over},
        "lacks": {"doubt", "answer", "taken", "lacks", *over},
        "whole": {"doubt", "answer", "taken", "lacks", "whole", *over},
        "failed": {"doubt", "answer", "taken", "lacks", *over},
        "free": {"doubt", "free"},
    }
    came = {"answer", "taken", "lacks", "whole"}
    assert {name: replaced(name) for name in records} == {
        name: {"doubt"} if name in came else set() for name in records
    }, "of one moment, as when the disk was full: what came counts more than a doubt"


def test_a_clock_that_was_set_back_sends_nothing_again(
    acme: Any, server: ScriptedServer, source: Path, path: Path
) -> None:
    """What is stored looks older than the JSON, and yet it went on."""

    async def work() -> None:
        for lost in (False, True):
            async with opened("stored", path) as client:
                job = await planned(client, source)
                late = dumps(evolve(loads(job), updated_at=now() + timedelta(hours=1)))
                if lost:
                    server.on("POST", "/edit", Answer(fault="drop_after_body"))
                first = await resumed(client, job)
                again = await resumed(client, late)
                if lost:
                    assert isinstance(first, errors.OutcomeUnknown)
                    assert isinstance(again, errors.OutcomeUnknown)
                else:
                    assert isinstance(again, imgedit.EditResult)

    asyncio.run(work())
    assert server.count("POST", "/edit") == 2


def test_what_the_journal_never_heard_of_is_stored_before_it_goes_on(
    acme: Any, server: ScriptedServer, source: Path, path: Path
) -> None:
    async def work() -> None:
        async with opened("memory", path) as client:
            job = await planned(client, source)
        server.on("POST", "/upload", Answer(status=401))
        async with opened("stored", path) as client:
            assert isinstance(await resumed(client, job), errors.AuthenticationError)
            assert [one.id for one in client.jobs()] == [loads(job).id]

    asyncio.run(work())


@pytest.fixture
def pass_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    clock, late = time.time, 0.0

    def later(seconds: float) -> None:
        nonlocal late
        late += seconds

    monkeypatch.setattr(time, "time", lambda: clock() + late)
    return later


def test_who_was_overtaken_is_told_what_was_charged(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, path: Path, pass_time: Any
) -> None:
    """It hung in the upload; another process took the job over and paid."""

    @hookimpl
    def hangs(job: imgedit.Job, response: imgedit.HttpResponse) -> Any:
        if response.purpose == "upload":
            pass_time(LEASE + 1)
            with closing(SqliteJournal(path)) as other:
                record = other.hold(job.id)
                assert record is not None
                other.save(evolve(record.with_job(status="accepted"), charged="yes"))
        return parse_response(job, response)

    acme(parse_response=hangs)
    with pytest.raises(errors.JournalError, match="was taken over by another process") as caught:
        edit(source, journal=path)
    assert caught.value.charged == "yes"
    assert f'client.job("{caught.value.job_id}")' in str(caught.value)
    assert server.count("POST", "/edit") == 0
    with closing(SqliteJournal(path)) as journal:
        assert journal.load(caught.value.job_id or "").job.status == "accepted"


def test_who_was_overtaken_in_a_download_is_told_so(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, path: Path, pass_time: Any
) -> None:
    """Who took the job over finished it, and needed its folder no more."""
    jobs: list[str] = []

    def hangs(_: Any) -> Answer:
        pass_time(LEASE + 1)
        with closing(SqliteJournal(path)) as other:
            for record in other.unfinished():
                jobs.append(record.id)
                other.hold(record.id)
                file = SavedFile(
                    index=0,
                    path="out.png",
                    media_type="image/png",
                    width=1,
                    height=1,
                    size=70,
                    sha256="ab",
                )
                other.save(evolve(record, files=(file,)))
                assert other.spool is not None
                shutil.rmtree(other.spool / record.id)
        return Answer.picture(png())

    server.on("GET", "/out.png", hangs)
    with pytest.raises(errors.JournalError, match="was taken over by another process") as caught:
        edit(source, journal=path)
    assert (caught.value.charged, caught.value.job_id) == ("yes", jobs[0])
    assert caught.value.provider == "acme"
    assert isinstance(caught.value.__cause__, errors.OutputError)


def test_an_answer_that_comes_when_the_job_is_over_is_not_lost(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, path: Path,
    pass_time: Any,
) -> None:  # fmt: skip
    """It hung in the submit; the job was found unknown meanwhile, and settled by hand."""

    def settled(_: Any) -> Answer:
        pass_time(LEASE + 1)
        with imgedit.SyncClient(journal=path) as client:
            (record,) = client.unfinished()
            with pytest.raises(errors.OutcomeUnknown):
                client.resume(record.id)
            client.settle(record.id, charged=False)
        return Answer.json({"id": "7"})

    server.on("POST", "/edit", settled)
    with pytest.raises(errors.JournalError, match="was taken over by another process") as caught:
        edit(source, journal=path)
    assert (caught.value.charged, caught.value.retryable) == ("yes", False)
    hint = str(caught.value.hint)
    assert f'client.job("{caught.value.job_id}")' in hint
    assert "client.resume(error.job)" in hint
    assert resume(caught.value.job, journal=path).image.size == len(png())
    assert server.count("POST", "/edit") == 1
