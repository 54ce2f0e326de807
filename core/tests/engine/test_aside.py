"""A paid answer that the journal could not store: it is put aside, and found again."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import imgedit
from imgedit import Done, Facts, HttpRequest, Json, Money, Output, errors, hookimpl
from imgedit.engine import aside, run
from imgedit.engine.record import JobRecord
from imgedit.journal import SqliteJournal
from imgedit.testing.acme import build_request
from imgedit.testing.pictures import png
from imgedit.testing.server import Answer, ScriptedServer


class Locked(SqliteJournal):
    """Cannot be written from the moment in which a paid answer is there."""

    def save(self, record: JobRecord, **options: Any) -> None:
        if record.job.status in ("accepted", "done"):
            raise errors.JournalError("the journal is locked", retryable=True)
        super().save(record, **options)


@hookimpl
def at_once(job: imgedit.Job) -> Any:
    """A submit without an upload before."""
    if job.state:
        return build_request(job)
    return HttpRequest(method="POST", url="/edit", purpose="submit", body=Json(job.wire()))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "jobs.sqlite3"


@pytest.fixture(params=("picture", "address", "job"))
def paid(acme: Any, server: ScriptedServer, request: pytest.FixtureRequest) -> None:
    """A vendor that answers the submit with a picture, an address, or the name of its job."""
    acme(build_request=at_once)
    match request.param:
        case "picture":
            server.on("POST", "/edit", Answer.picture(png()))
        case "address":
            server.on("POST", "/edit", Answer.json({"urls": [f"{server.url}/out.png"]}))


def spool(path: Path, job: str) -> Path:
    return path.with_name(f"{path.name}.spool") / job


def lose(edit: Any, source: Path, path: Path, **keywords: Any) -> errors.JournalError:
    """An edit that was paid for and whose answer the journal did not take."""
    with pytest.raises(errors.JournalError) as caught:
        edit(source, journal=Locked(path), **keywords)
    assert caught.value.charged == "yes"
    assert not caught.value.retryable
    return caught.value


def test_the_hint_leads_to_the_picture(
    paid: None, edit: Any, resume: Any, server: ScriptedServer, source: Path, path: Path
) -> None:
    out = path.with_name("out.png")
    error = lose(edit, source, path, out=out)
    job = str(error.job_id)
    assert error.hint == f'When it works again, go on with: client.resume("{job}")'
    assert resume(job, journal=path).image.path == out
    assert not spool(path, job).exists()
    assert server.count("POST", "/edit") == 1


def test_it_is_put_aside_until_it_is_stored(
    paid: None, edit: Any, resume: Any, server: ScriptedServer, source: Path, path: Path
) -> None:
    job = str(lose(edit, source, path).job_id)
    kept = spool(path, job) / "job.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    with pytest.raises(errors.JournalError) as again:
        resume(job, journal=Locked(path))
    assert again.value.charged == "yes"
    assert kept.exists()
    assert resume(job, journal=path).image.size == len(png())
    assert not kept.exists()
    assert server.count("POST", "/edit") == 1


def test_while_it_lies_aside_its_price_stays_reserved(
    paid: None, edit: Any, resume: Any, source: Path, path: Path
) -> None:
    job = str(lose(edit, source, path).job_id)
    with imgedit.SyncClient(journal=path) as client:
        assert (client.job(job).job.status, client.job(job).charged) == ("accepted", "yes")
        (spent,) = client.spend()
        assert (spent.charged, spent.reserved, spent.unknown) == (0, Decimal("0.04"), 1)
    resume(job, journal=path)
    with imgedit.SyncClient(journal=path) as client:
        (spent,) = client.spend()
    assert (spent.charged, spent.reserved, spent.unknown) == (Decimal("0.04"), 0, 0)


def test_where_it_cannot_be_put_aside_the_error_has_it(
    paid: None, edit: Any, resume: Any, server: ScriptedServer, source: Path, path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(aside, "write_private", full)
        error = lose(edit, source, path)
    assert "client.resume(error.job)" in str(error.hint)
    assert "imgedit jobs" not in str(error.hint)
    assert resume(error.job, journal=path).image.size == len(png())
    assert server.count("POST", "/edit") == 1


def test_a_picture_that_was_the_answer_is_found_whose_job_was_killed_before_it_was_stored(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    acme(build_request=at_once)
    server.on("POST", "/edit", Answer.picture(png()))

    def killed(*_: Any) -> None:
        raise OSError(9, "Killed")

    with monkeypatch.context() as patch:
        patch.setattr(aside, "write_private", killed)
        job = str(lose(edit, source, path).job_id)
    with imgedit.SyncClient(journal=path) as client:
        assert (client.job(job).job.status, client.job(job).charged) == ("accepted", "yes")
        with pytest.raises(errors.UsageError, match="was charged"):
            client.settle(job, charged=False)
    assert resume(job, journal=path).image.size == len(png())
    assert server.count("POST", "/edit") == 1


def test_what_the_error_holds_is_read_rather_than_the_picture_alone(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """The picture in the spool has no headers, which may say the cost."""

    @hookimpl
    def with_cost(job: imgedit.Job, response: imgedit.HttpResponse) -> Any:
        facts = Facts(cost=response.header("x-cost"))
        return Done([Output(image=response.picture)], facts=facts)

    acme(build_request=at_once, parse_response=with_cost)
    answer = Answer.picture(png())
    headers = {**answer.headers, "X-Cost": "0.07"}
    server.on("POST", "/edit", Answer(body=answer.body, headers=headers))
    with monkeypatch.context() as patch:
        patch.setattr(run, "put_aside", lambda *_: False)
        error = lose(edit, source, path)
    assert resume(error.job, journal=path).cost == Money("0.07", "USD")
    assert server.count("POST", "/edit") == 1


@pytest.mark.parametrize("name", ("answer-0123.png", "answer-submit-0123.png", ".answer-submit-1"))
def test_no_other_file_is_taken_for_the_answer(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, path: Path, name: str
) -> None:
    """One of a free exchange, one that is cut off, one that was not finished."""
    acme(build_request=at_once)
    server.on("POST", "/edit", Answer(fault="drop_after_body"))
    with pytest.raises(errors.OutcomeUnknown) as caught:
        edit(source, journal=path)
    folder = spool(path, str(caught.value.job_id))
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(png()[: 20 if name.startswith("answer-submit") else None])
    with pytest.raises(errors.OutcomeUnknown):
        resume(caught.value.job_id, journal=path)


def test_what_was_put_aside_is_never_older_than_what_is_stored(
    paid: None, edit: Any, resume: Any, source: Path, path: Path
) -> None:
    job = str(lose(edit, source, path, out=path.with_name("out.png")).job_id)
    kept = spool(path, job) / "job.json"
    before = kept.read_bytes()
    first = resume(job, journal=path)
    for trouble in (before, b"\xff", b"{}"):
        kept.parent.mkdir(exist_ok=True)
        kept.write_bytes(trouble)
        assert resume(job, journal=path).image.path == first.image.path


def test_settling_sees_it_and_keeps_it(paid: None, edit: Any, source: Path, path: Path) -> None:
    job = str(lose(edit, source, path).job_id)

    async def settle(charged: bool) -> JobRecord:
        async with imgedit.Client(journal=path) as client:
            return client.settle(job, charged=charged)

    with pytest.raises(errors.UsageError, match="was charged") as refused:
        asyncio.run(settle(charged=False))
    assert refused.value.charged == "yes"
    assert f'client.resume("{job}")' in str(refused.value.hint)
    with pytest.raises(errors.UsageError, match="not read yet") as first:
        asyncio.run(settle(charged=True))
    assert first.value.charged == "yes"
    assert f'client.resume("{job}")' in str(first.value.hint)
    record = asyncio.run(settle(charged=True))
    assert str(spool(path, job)) in str((record.error or {}).get("message"))
    assert (spool(path, job) / "job.json").exists()


def test_a_picture_is_fetched_although_its_job_was_to_be_settled(
    paid: None, edit: Any, resume: Any, source: Path, path: Path
) -> None:
    job = str(lose(edit, source, path).job_id)
    with imgedit.SyncClient(journal=path) as client, pytest.raises(errors.UsageError):
        client.settle(job, charged=True)
    assert resume(job, journal=path).image.size == len(png())
    assert not (spool(path, job) / "job.json").exists()


def test_what_is_told_of_a_job_is_what_was_put_aside(
    paid: None, edit: Any, source: Path, path: Path
) -> None:
    job = str(lose(edit, source, path).job_id)
    with imgedit.SyncClient(journal=path) as client:
        for record in (client.job(job), *client.jobs(), *client.unfinished()):
            assert record.job.status in ("accepted", "done")
            assert record.charged == "yes"


def test_whatever_a_journal_raises(
    paid: None, edit: Any, resume: Any, server: ScriptedServer, source: Path, path: Path
) -> None:
    class Full(SqliteJournal):
        def save(self, record: JobRecord, **options: Any) -> None:
            if record.job.status in ("accepted", "done"):
                raise OSError(28, "No space left on device")
            super().save(record, **options)

    with pytest.raises(errors.PluginError) as caught:
        edit(source, journal=Full(path))
    assert caught.value.charged == "yes"
    assert f'client.resume("{caught.value.job_id}")' in str(caught.value.hint)
    assert resume(caught.value.job_id, journal=path).image.size == len(png())
    assert server.count("POST", "/edit") == 1


@pytest.mark.parametrize("end", ("failed", "settled"))
def test_no_prompt_is_left_of_a_job_that_is_over(
    acme: Any, resume: Any, source: Path, path: Path, server: ScriptedServer, end: str
) -> None:
    secret = "a secret prompt"

    @hookimpl
    def parse_response(job: imgedit.Job, response: imgedit.HttpResponse) -> Any:
        raise errors.ContentRejected("no", charged="yes")

    acme(build_request=at_once, parse_response=parse_response)
    server.on("POST", "/edit", Answer.json({"revised": secret}))

    async def lost() -> str:
        journal = Locked(path, keep_prompts=False)
        async with imgedit.Client(journal=journal) as client:
            with pytest.raises(errors.JournalError) as caught:
                await client.edit(source, secret, provider="acme")
        return str(caught.value.job_id)

    async def over(job: str) -> None:
        async with imgedit.Client(journal=SqliteJournal(path, keep_prompts=False)) as client:
            if end == "failed":
                with pytest.raises(errors.ContentRejected):
                    await client.resume(job)
            else:
                with pytest.raises(errors.UsageError, match="not read yet"):
                    client.settle(job, charged=True)
                client.settle(job, charged=True)

    job = asyncio.run(lost())
    assert secret in (spool(path, job) / "job.json").read_text()
    asyncio.run(over(job))
    left = [file for file in spool(path, job).rglob("*") if secret.encode() in file.read_bytes()]
    assert left == []
