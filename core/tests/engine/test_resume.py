"""A job that was cut off at any moment goes on, and nothing is submitted twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

import imgedit
from imgedit import Next, Wait, errors, hookimpl
from imgedit.config import Config, ProviderConfig
from imgedit.discovery import registry
from imgedit.engine.record import JobRecord
from imgedit.engine.store import dumps, loads
from imgedit.journal import SqliteJournal
from imgedit.testing.acme import KEY, parse_response
from imgedit.testing.pictures import png
from imgedit.testing.server import Answer, ScriptedServer

from .clients import (
    Cut,
    cut_off,
    stored_charge,
    stored_error,
)


class FailingJournal(SqliteJournal):
    """Dies after, or before, its n-th commit."""

    def __init__(self, path: Path, at: int, *, before: bool) -> None:
        super().__init__(path)
        self.left = at
        self.before = before

    def save(self, record: JobRecord, **options: Any) -> None:
        self.left -= 1
        if self.left == 0 and self.before:
            raise Cut
        super().save(record, **options)
        if self.left <= 0:
            raise Cut


@pytest.mark.parametrize("before", (True, False), ids=["before", "after"])
@pytest.mark.parametrize("commit", range(1, 10))
def test_cut_at_every_commit(
    acme: Any,
    resume: Any,
    server: ScriptedServer,
    source: Path,
    tmp_path: Path,
    commit: int,
    before: bool,
) -> None:
    path = tmp_path / "jobs.sqlite3"
    out = tmp_path / "out.png"
    try:
        cut_off(source, FailingJournal(path, commit, before=before), out=out)
    except pytest.fail.Exception:
        assert commit == 9, "the edit has eight commits"
        return
    with closing(SqliteJournal(path)) as journal:
        stored = list(journal.unfinished())
    if not stored:
        assert commit in (1, 8)  # nothing was done yet, or everything was
        assert out.exists() == (commit == 8)
        return
    (record,) = stored
    submits = server.count("POST", "/edit")
    if record.job.status == "sent" and submits:
        with pytest.raises(errors.OutcomeUnknown):
            resume(record.id, journal=path)
    elif record.job.status == "sent":
        # "sent" was stored and nothing left: that cannot be told apart from a lost answer.
        with pytest.raises(errors.OutcomeUnknown):
            resume(record.id, journal=path)
        assert server.count("POST", "/edit") == 0
        return
    else:
        assert resume(record.id, journal=path).image.path == out
        assert out.read_bytes() == png()
    assert server.count("POST", "/edit") == 1


@pytest.mark.parametrize("before", (True, False), ids=["before", "after"])
@pytest.mark.parametrize("commit", (1, 2, 3))
def test_cut_at_every_commit_of_an_edit_in_one_exchange(
    acme: Any,
    resume: Any,
    server: ScriptedServer,
    source: Path,
    tmp_path: Path,
    commit: int,
    before: bool,
) -> None:
    path, out = tmp_path / "jobs.sqlite3", tmp_path / "out.png"
    server.on("POST", "/edit", Answer.json({"urls": [f"{server.url}/out.png"], "cost": "0.03"}))

    @hookimpl
    def at_once(job: imgedit.Job) -> imgedit.HttpRequest:
        body = imgedit.Json(job.wire())
        return imgedit.HttpRequest(method="POST", url="/edit", purpose="submit", body=body)

    acme(build_request=at_once)
    cut_off(source, FailingJournal(path, commit, before=before), out=out)
    with closing(SqliteJournal(path)) as journal:
        stored = list(journal.unfinished())
    at = (commit, "before" if before else "after")
    if at in ((1, "before"), (3, "after")):  # nothing was done yet, or everything was
        assert not stored
        assert out.exists() == (commit == 3)
        return
    (record,) = stored
    if at in ((1, "after"), (2, "before")):  # whether it arrived cannot be told
        assert record.job.status == "sent"
        with pytest.raises(errors.OutcomeUnknown):
            resume(record.id, journal=path)
        assert server.count("POST", "/edit") == (commit == 2)
        return
    # The answer is stored, and is read again.
    assert (record.job.status, record.charged) == ("accepted", "yes")
    result = resume(record.id, journal=path)
    assert (result.image.path, out.read_bytes()) == (out, png())
    assert result.cost == imgedit.Money("0.03", "USD")
    assert server.count("POST", "/edit") == 1


def test_an_unreadable_answer_is_read_again_and_not_asked_for_again(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    path = tmp_path / "jobs.sqlite3"
    server.on("POST", "/edit", Answer.json({"ID": "7"}))
    acme(parse_response=hookimpl(_broken, specname="parse_response"))
    with pytest.raises(errors.UnexpectedResponse) as caught:
        edit(source, journal=path)
    assert caught.value.charged == "unknown"
    assert stored_error(path) == "UnexpectedResponse"
    assert stored_charge(path) == ("accepted", "unknown")

    @hookimpl
    def mended(job: imgedit.Job, response: imgedit.HttpResponse) -> Any:
        if response.purpose == "submit":
            return Wait({**job.state, "id": response.json()["ID"]})
        return parse_response(job, response)

    acme(parse_response=mended)
    assert resume(caught.value.job_id, journal=path).image.size == len(png())
    assert server.count("POST", "/edit") == 1
    assert stored_error(path) is None
    assert stored_charge(path) == ("done", "yes")


@pytest.mark.parametrize("failing", (False, True), ids=["goes on", "fails"])
def test_an_answer_that_can_be_read_after_all_shows_that_it_was_charged(
    acme: Any,
    edit: Any,
    resume: Any,
    server: ScriptedServer,
    source: Path,
    tmp_path: Path,
    failing: bool,
) -> None:
    """Whatever the step is that it leads to."""
    path = tmp_path / "jobs.sqlite3"
    server.on("POST", "/edit", Answer.json({"ID": "7"}))
    acme(parse_response=hookimpl(_broken, specname="parse_response"))
    with pytest.raises(errors.UnexpectedResponse) as caught:
        edit(source, journal=path)

    @hookimpl
    def mended(job: imgedit.Job, response: imgedit.HttpResponse) -> Any:
        if response.purpose != "submit":
            return parse_response(job, response)
        if failing:
            raise errors.JobFailed("it was not done")
        return Next({**job.state, "id": response.json()["ID"]})

    acme(parse_response=mended)
    if failing:
        with pytest.raises(errors.JobFailed) as ended:
            resume(caught.value.job_id, journal=path)
        assert ended.value.charged == "yes"
        assert stored_charge(path) == ("failed", "yes")
    else:
        resume(caught.value.job_id, journal=path)
        assert stored_charge(path) == ("done", "yes")
    assert server.count("POST", "/edit") == 1


def test_an_answer_that_cannot_be_read_can_be_settled(
    acme: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    server.on("POST", "/edit", Answer.json({"ID": "7"}))
    acme(parse_response=hookimpl(_broken, specname="parse_response"))

    async def run() -> None:
        async with imgedit.Client(journal=tmp_path / "jobs.sqlite3") as client:
            with pytest.raises(errors.UnexpectedResponse) as caught:
                await client.edit(source, "make it so", provider="acme")
            job = caught.value.job_id or ""
            (spend,) = client.spend()
            assert (spend.unknown, spend.charged, str(spend.reserved)) == (1, 0, "0.04")
            record = client.settle(job, charged=False)
            assert (record.job.status, record.charged) == ("canceled", "no")
            (spend,) = client.spend()
            assert (spend.unknown, spend.reserved, spend.refunded) == (0, 0, 0)

    asyncio.run(run())


def _broken(job: imgedit.Job, response: imgedit.HttpResponse) -> Any:
    if response.purpose == "submit":
        return Wait({**job.state, "id": response.json()["id"]})
    return parse_response(job, response)


@pytest.mark.parametrize(
    ("said", "charged"), ((None, "yes"), ("unknown", "yes"), ("no", "no")), ids=str
)
@pytest.mark.parametrize("kind", (errors.UnexpectedResponse, errors.JobFailed))
def test_a_refresh_that_fails_makes_no_secret_of_what_was_paid(
    acme: Any,
    edit: Any,
    resume: Any,
    server: ScriptedServer,
    source: Path,
    tmp_path: Path,
    kind: type[errors.ProviderError],
    said: Any,
    charged: str,
) -> None:
    """Unless the vendor gave it back, which ends the job."""

    @hookimpl
    def failing(job: imgedit.Job, response: imgedit.HttpResponse) -> Any:
        if response.json().get("gone"):
            raise kind("it names no picture", charged=said)
        return parse_response(job, response)

    acme(parse_response=failing)
    journal = tmp_path / "jobs.sqlite3"
    done = {"id": "7", "urls": [f"{server.url}/old.png"], "cost": "0.04"}
    server.on("POST", "/edit", Answer.json(done))
    server.on("GET", "/old.png", Answer(status=403))
    server.on("GET", "/jobs/7", Answer.json({"gone": True}))
    with pytest.raises(kind) as caught:
        edit(source, journal=journal)
    with pytest.raises(kind) as again:
        resume(caught.value.job_id, journal=journal)
    assert caught.value.charged == again.value.charged == charged
    assert stored_charge(journal) == ("failed" if charged == "no" else "done", charged)
    assert server.count("POST", "/edit") == 1


def test_the_json_on_an_error_resumes_without_a_journal(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path
) -> None:
    server.on("GET", "/jobs/7", Answer.json({"id": "7"}))
    with pytest.raises(errors.DeadlineExceeded) as caught:
        edit(source, deadline=1.5)
    error = caught.value
    assert (error.charged, error.job is None) == ("yes", False)
    assert isinstance(error, TimeoutError)
    assert KEY not in str(error.job)
    server.on("GET", "/jobs/7", Answer.json({"urls": [f"{server.url}/out.png"]}))
    assert resume(error.job).job_id == error.job_id
    assert server.count("POST", "/edit") == 1


@pytest.mark.parametrize("meanwhile", ("the clock was set back", "it was called unknown"))
def test_an_answer_that_could_not_be_stored_is_read_from_the_json(
    acme: Any, server: ScriptedServer, source: Path, tmp_path: Path, meanwhile: str
) -> None:
    path = tmp_path / "jobs.sqlite3"

    class Full(SqliteJournal):
        def save(self, record: JobRecord, **options: Any) -> None:
            if record.job.status not in ("planned", "sent"):
                raise errors.JournalError("the disk is full")
            super().save(record, **options)

    async def run() -> imgedit.EditResult:
        async with imgedit.Client(journal=Full(path)) as client:
            with pytest.raises(errors.JournalError) as caught:
                await client.edit(source, "x", provider="acme")
        text = str(caught.value.job)
        async with imgedit.Client(journal=path) as client:
            # Nor was there room for it in the spool.
            (client.runtime.spool / str(caught.value.job_id) / "job.json").unlink()
            if meanwhile == "it was called unknown":
                with pytest.raises(errors.OutcomeUnknown):
                    await client.resume(str(caught.value.job_id))
            else:
                held = loads(text)
                text = dumps(evolve(held, updated_at=held.updated_at - timedelta(hours=1)))
            return await client.resume(text)

    assert asyncio.run(run()).image.size == len(png())
    assert server.count("POST", "/edit") == 1


def test_a_job_is_never_polled_on_another_host(
    acme: Any,
    edit: Any,
    resume: Any,
    server: ScriptedServer,
    source: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "jobs.sqlite3"
    server.on("GET", "/jobs/7", Answer.json({"id": "7"}))
    with pytest.raises(errors.DeadlineExceeded) as caught:
        edit(source, deadline=1.5, journal=path)
    monkeypatch.setenv("IMGEDIT_ACME_BASE_URL", "http://127.0.0.1:9")
    with pytest.raises(errors.ConfigError, match="was sent to"):
        resume(caught.value.job_id, journal=path)


def test_a_file_that_changed_is_not_sent(
    acme: Any, edit: Any, server: ScriptedServer, source: Path
) -> None:
    def change(event: imgedit.Event) -> None:
        if event.kind == "chosen":
            return
        source.write_bytes(png(color=(1, 2, 3)))

    with pytest.raises(errors.ImageRejected, match="changed") as caught:
        edit(source, on_event=change, keep_metadata=True)
    assert caught.value.charged == "no"
    assert server.count("POST", "/edit") == 0


@pytest.mark.parametrize(
    ("moment", "charged"),
    (("uploading", "no"), ("sending", "unknown"), ("waiting", "yes"), ("downloading", "yes")),
)
def test_cancel_leaves_a_job_that_goes_on(
    acme: Any,
    resume: Callable[..., imgedit.EditResult],
    server: ScriptedServer,
    source: Path,
    tmp_path: Path,
    moment: str,
    charged: str,
) -> None:
    path = tmp_path / "jobs.sqlite3"
    slow = {"POST": [("/upload", {"handle": "h1"}), ("/edit", {"id": "7"})]}
    for route, answer in slow["POST"]:
        server.on("POST", route, Answer.json(answer, delay=0.4))
    server.on("GET", "/out.png", Answer.picture(png(), delay=0.4))

    async def run() -> tuple[str | None, Any]:
        async with imgedit.Client(journal=path) as client:
            job = await client.submit(source, "make it so", provider="acme")
            async for event in job.events():
                if event.kind == moment:
                    await asyncio.sleep(0.1)
                    break
            stored = await job.cancel()
            with pytest.raises(asyncio.CancelledError) as caught:
                await job.result()
            return stored, caught.value

    stored, error = asyncio.run(run())
    assert stored is not None
    assert error.charged == charged
    submits = server.count("POST", "/edit")
    if moment == "sending":
        with pytest.raises(errors.OutcomeUnknown):
            resume(stored, journal=path)
    else:
        assert resume(stored, journal=path).image.size == len(png())
    assert server.count("POST", "/edit") == max(1, submits)


def test_a_cancel_before_the_job_is_stored_names_no_job(
    acme: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    async def run() -> tuple[Any, imgedit.EditResult]:
        async with imgedit.Client(journal=tmp_path / "jobs.sqlite3") as client:
            client.runtime.config = Config(providers={"acme": ProviderConfig(concurrency=1)})
            assert client.runtime.journal.enter("acme", "01ANOTHER", 1)
            edit = client.edit(source, "x", provider="acme", on_event=lambda _: task.cancel())
            task = asyncio.ensure_future(edit)
            with pytest.raises(asyncio.CancelledError) as caught:
                await task  # waits for its place
            assert client.jobs() == []
            client.runtime.journal.leave("01ANOTHER")
            stopped: Any = caught.value
            return stopped, await client.resume(stopped.job)

    stopped, result = asyncio.run(run())
    assert (stopped.charged, stopped.job_id, stopped.stored) == ("no", None, False)
    assert result.image.size == len(png())


def test_resuming_says_what_had_come(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    path = tmp_path / "jobs.sqlite3"
    server.on("POST", "/edit", Answer(status=500))
    with pytest.raises(errors.ImgEditError) as caught:
        edit(source, journal=path)
    with pytest.raises(errors.OutcomeUnknown, match="Acme answered 500, which tells") as again:
        resume(caught.value.job_id, journal=path)
    assert again.value.charged == "unknown"
    assert server.count("POST", "/edit") == 1


@pytest.mark.parametrize(
    ("said", "charged"), ((None, "yes"), ("no", "no"), ("yes", "yes")), ids=str
)
def test_a_plugin_may_say_that_a_job_was_refunded(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, said: Any, charged: str
) -> None:
    @hookimpl
    def refunding(job: imgedit.Job, response: imgedit.HttpResponse) -> Any:
        if response.purpose == "poll":
            raise errors.JobFailed("deleted", charged=said)
        return parse_response(job, response)

    acme(parse_response=refunding)
    with pytest.raises(errors.JobFailed) as caught:
        edit(source)
    assert caught.value.charged == charged


def test_a_lost_key_does_not_end_a_job(
    acme: Any,
    edit: Any,
    resume: Any,
    server: ScriptedServer,
    source: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "jobs.sqlite3"
    server.on("POST", "/upload", Answer(fault="hang"), Answer.json({"handle": "h1"}))
    with pytest.raises(errors.DeadlineExceeded) as begun:
        edit(source, journal=path, deadline=1)
    monkeypatch.delenv("ACME_API_KEY")
    with pytest.raises(errors.ConfigError) as caught:
        resume(begun.value.job_id, journal=path)
    assert caught.value.charged == "no"
    monkeypatch.setenv("ACME_API_KEY", KEY)
    assert resume(begun.value.job_id, journal=path).image.size == len(png())


def test_without_a_key_no_job_is_begun(
    acme: Any, edit: Any, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who sets the key and edits again must not find two edits to pay for."""
    path = tmp_path / "jobs.sqlite3"
    monkeypatch.delenv("ACME_API_KEY")
    with pytest.raises(errors.ConfigError) as caught:
        edit(source, journal=path)
    assert caught.value.job is None
    with closing(SqliteJournal(path)) as journal:
        assert list(journal.recent()) == []


@pytest.mark.parametrize("lost", (False, True), ids=("accepted", "sent"))
def test_a_plugin_that_is_gone_changes_nothing_of_the_money(
    acme: Any,
    edit: Any,
    resume: Any,
    server: ScriptedServer,
    source: Path,
    tmp_path: Path,
    lost: bool,
) -> None:
    path = tmp_path / "jobs.sqlite3"
    if lost:
        server.on("POST", "/edit", Answer(fault="drop_after_body"))
    else:
        server.on("GET", "/jobs/7", Answer(status=503))
    with pytest.raises(errors.ProviderError) as caught:
        edit(source, journal=path)
    job = caught.value.job_id
    del registry()._entries["acme"]
    with pytest.raises(errors.UnknownProvider, match="no provider 'acme' is installed") as gone:
        resume(job, journal=path)
    assert (gone.value.charged, gone.value.job_id) == ("unknown" if lost else "yes", job)
    assert gone.value.hint is not None
    assert gone.value.hint.endswith(f'Then go on with: client.resume("{job}")')
    assert gone.value.job is not None
    with pytest.raises(errors.UnknownProvider) as without:
        resume(gone.value.job)
    assert without.value.charged == gone.value.charged
    assert "client.resume(error.job)" in str(without.value)
    record = evolve(loads(gone.value.job), distribution="acme-edits")
    with pytest.raises(errors.UnknownProvider) as named:
        resume(record)
    assert "Install it: pip install acme-edits. Then go on with:" in str(named.value)


@pytest.mark.parametrize(
    ("answer", "money"),
    (
        (Answer(status=400), "Nothing was charged."),
        (Answer.json({"code": "moderated", "state": "failed"}), "The edit was charged."),
    ),
    ids=("free", "billed"),
)
def test_a_job_that_is_over_says_once_what_it_cost(
    acme: Any,
    edit: Any,
    resume: Any,
    server: ScriptedServer,
    source: Path,
    tmp_path: Path,
    answer: Answer,
    money: str,
) -> None:
    path = tmp_path / "jobs.sqlite3"
    server.on("POST", "/edit", answer)
    with pytest.raises(errors.ProviderError) as caught:
        edit(source, journal=path)
    with pytest.raises(type(caught.value)) as again:
        resume(caught.value.job_id, journal=path)
    said, before = str(again.value), str(caught.value)
    assert said == f"job {caught.value.job_id} was failed before: {before}"
    assert said.count(money) == 1
    assert again.value.hint == caught.value.hint
    assert server.count("POST", "/edit") == 1


def test_a_job_that_had_no_time_is_there_to_be_resumed(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    path = tmp_path / "jobs.sqlite3"
    with pytest.raises(errors.DeadlineExceeded) as caught:
        edit(source, journal=path, deadline=1e-6)
    assert server.requests == []
    assert resume(caught.value.job_id, journal=path).image.size == len(png())


def test_the_json_of_a_job_that_no_budget_has_room_for_is_kept(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    path = tmp_path / "jobs.sqlite3"
    with pytest.raises(errors.DeadlineExceeded) as late:
        edit(source, deadline=1e-6)
    for journal in (None, path):
        with pytest.raises(errors.BudgetExceeded) as caught:
            resume(late.value.job, journal=journal, budgets=[imgedit.Budget(amount="0.03 USD")])
        assert (caught.value.charged, caught.value.job_id) == ("no", late.value.job_id)
        assert caught.value.hint == (
            "`imgedit spend` (in Python: client.spend()) shows what was spent and reserved. "
            "Then go on with: client.resume(error.job)"
        )
    assert server.requests == []
    assert resume(caught.value.job, journal=path).image.size == len(png())
    with imgedit.SyncClient(journal=path) as client:
        client.prune(timedelta(0))
    with pytest.raises(errors.JournalError, match="is over") as over:
        resume(late.value.job, journal=path, budgets=[imgedit.Budget(amount="0.03 USD")])
    assert over.value.job is None
    assert server.count("POST", "/edit") == 1


def test_a_picture_that_was_deleted_is_fetched_again(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    path, out = tmp_path / "jobs.sqlite3", tmp_path / "out.png"
    job_id = edit(source, out=out, journal=path).job_id
    assert resume(job_id, journal=path).image.path == out
    assert server.count("GET", "/out.png") == 1
    out.unlink()
    assert resume(job_id, journal=path).image.path == out
    assert out.read_bytes() == png()
    assert server.count("POST", "/edit") == 1


def test_how_a_job_ended_is_told_also_while_others_run(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    """There is nothing left to do for which it would have to wait for a place."""
    path = tmp_path / "jobs.sqlite3"
    server.on("POST", "/edit", Answer.json({"code": "moderated"}, status=400))
    with pytest.raises(errors.ContentRejected) as caught:
        edit(source, journal=path)
    job = str(caught.value.job_id)

    async def run() -> None:
        async with imgedit.Client(journal=path) as client:
            client.runtime.config = Config(providers={"acme": ProviderConfig(concurrency=1)})
            assert client.runtime.journal.enter("acme", "01ANOTHER", 1)
            before = client.job(job)
            with pytest.raises(errors.ContentRejected, match="was failed before") as again:
                await client.resume(job, deadline=0.1)
            assert (again.value.charged, again.value.job) == ("yes", None)
            assert client.job(job) == before

    asyncio.run(run())
