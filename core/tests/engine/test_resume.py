"""A job that was cut off at any moment goes on, and nothing is submitted twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

import imgedit
from imgedit import Facts, HttpRequest, Next, Wait, errors, hookimpl
from imgedit.config import Config, ProviderConfig
from imgedit.discovery import registry
from imgedit.engine.journal import MemoryJournal
from imgedit.engine.record import JobRecord
from imgedit.engine.store import dumps, loads
from imgedit.journal import SqliteJournal
from imgedit.testing.acme import KEY, build_request, parse_response
from imgedit.testing.pictures import png
from imgedit.testing.server import Answer, ScriptedServer


class Cut(BaseException):
    """The power fails."""


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


def cut_off(source: Path, journal: Any, **keywords: Any) -> None:
    async def run() -> None:
        async with imgedit.Client(journal=journal) as client:
            with pytest.raises(Cut):
                await client.edit(source, "make it so", provider="acme", **keywords)

    asyncio.run(run())


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
    with SqliteJournal_closing(path) as journal:
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
    with SqliteJournal_closing(path) as journal:
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


class SqliteJournal_closing:
    def __init__(self, path: Path) -> None:
        self.journal = SqliteJournal(path)

    def __enter__(self) -> SqliteJournal:
        return self.journal

    def __exit__(self, *_: object) -> None:
        self.journal.close()


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


def stored_charge(path: Path) -> tuple[str, str]:
    """Of the newest job: where it stands, and what is known of its money."""
    with SqliteJournal_closing(path) as journal:
        (record,) = journal.recent(1)
    return record.job.status, record.charged


def stored_error(path: Path) -> Any:
    """The type of the error that is stored with the newest job."""
    with SqliteJournal_closing(path) as journal:
        (record,) = journal.recent(1)
    return record.error and record.error["type"]


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


@hookimpl
def by_list(job: imgedit.Job, response: imgedit.HttpResponse | None) -> Next:
    """The vendor lists its jobs."""
    return Next({**job.state, "settle": True})


@hookimpl
def build_with_list(job: imgedit.Job) -> HttpRequest:
    if job.state.get("settle"):
        return HttpRequest(method="GET", url="/jobs", purpose="settle")
    return build_request(job)  # type: ignore[no-any-return]  # a marked function


@hookimpl
def parse_with_list(job: imgedit.Job, response: imgedit.HttpResponse) -> Any:
    if response.purpose != "settle":
        return parse_response(job, response)
    mine = [one for one in response.json()["jobs"] if one not in job.taken]
    if len(mine) > 1:
        raise errors.OutcomeUnknown("several jobs could be this one")
    if not mine:
        raise errors.NotFound("the provider has no such job", charged="no")
    facts = Facts(vendor_ids={"id": mine[0]})
    return Wait({"handles": job.state["handles"], "id": mine[0]}, facts=facts)


@pytest.mark.parametrize(
    ("jobs", "kind", "charged"),
    (
        (["7"], None, "yes"),
        ([], errors.NotFound, "no"),
        (["7", "8"], errors.OutcomeUnknown, "unknown"),
    ),
)
@pytest.mark.parametrize(
    "lost",
    (
        Answer(fault="drop_after_body"),
        Answer(status=500),
        Answer.json({"id": "7"}, fault="drop_inside"),
    ),
    ids=["dropped", "500", "inside"],
)
def test_a_lost_answer_is_looked_up(
    acme: Any,
    edit: Any,
    server: ScriptedServer,
    source: Path,
    tmp_path: Path,
    lost: Answer,
    jobs: list[str],
    kind: Any,
    charged: str,
) -> None:
    acme(reconcile=by_list, build_request=build_with_list, parse_response=parse_with_list)
    server.on("POST", "/edit", lost)
    server.on("GET", "/jobs", Answer.json({"jobs": jobs}))
    path = tmp_path / "jobs.sqlite3"
    if kind is None:
        assert edit(source, journal=path).vendor_ids == {"id": "7"}
    else:
        with pytest.raises(kind) as caught:
            edit(source, journal=path)
        assert caught.value.charged == charged
    assert server.count("POST", "/edit") == 1
    assert server.count("GET", "/jobs") == 1


@pytest.mark.parametrize("looked", ("in vain", "not now"))
def test_an_answer_that_was_looked_up_in_vain_is_read_again(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, tmp_path: Path,
    looked: str,
) -> None:  # fmt: skip
    """A newer version of the plugin may be able to, in the state in which it came."""
    states: list[Any] = []

    def reading(reads: bool) -> Any:
        @hookimpl
        def parse(job: imgedit.Job, response: imgedit.HttpResponse) -> Any:
            if response.purpose == "settle":
                raise errors.OutcomeUnknown("none of these jobs is this one")
            if response.purpose == "submit":
                states.append(job.state)
                if not reads:
                    raise KeyError("id")
            return parse_response(job, response)

        return parse

    path = tmp_path / "jobs.sqlite3"
    manifest = {"reconcile": by_list, "build_request": build_with_list}
    acme(**manifest, parse_response=reading(reads=False))
    server.on("GET", "/jobs", Answer.json({}) if looked == "in vain" else Answer(status=503))
    kind = errors.OutcomeUnknown if looked == "in vain" else errors.ProviderUnavailable
    with pytest.raises(kind) as caught:
        edit(source, journal=path)
    assert caught.value.charged == "unknown"
    asked = server.count("GET", "/jobs")
    with pytest.raises(kind) as again:
        resume(caught.value.job_id, journal=path)
    assert server.count("GET", "/jobs") == 2 * asked, "it may be in the list by now"
    assert "A newer version of the plugin" in str(again.value.hint)
    acme(**manifest, parse_response=reading(reads=True))
    for job in (caught.value.job, again.value.job_id):
        assert resume(job, journal=path).image.size == len(png())
    assert len(states) == 3
    assert states[0] == states[1] == states[2]
    assert server.count("GET", "/jobs") == 2 * asked
    assert server.count("POST", "/edit") == 1


def test_an_answer_whose_lookup_was_cut_off_is_read_before_it_is_looked_up(
    acme: Any, resume: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    """As after one that ended: nobody settles what a newer version of the plugin can read."""

    newer = False

    @hookimpl
    def parse(job: imgedit.Job, response: imgedit.HttpResponse) -> Any:
        if response.purpose == "settle":
            raise errors.OutcomeUnknown("none of these jobs is this one") if newer else Cut
        if response.purpose == "submit" and not newer:
            raise errors.UnexpectedResponse("what is this")
        return parse_response(job, response)

    path = tmp_path / "jobs.sqlite3"
    acme(reconcile=by_list, build_request=build_with_list, parse_response=parse)
    server.on("GET", "/jobs", Answer.json({"jobs": []}))
    cut_off(source, SqliteJournal(path))
    with SqliteJournal_closing(path) as journal:
        (record,) = journal.unfinished()
    assert (record.job.status, record.charged) == ("unknown", "unknown")
    newer = True
    assert resume(record.id, journal=path).image.size == len(png())
    assert (server.count("GET", "/jobs"), server.count("POST", "/edit")) == (1, 1)


def test_ids_of_other_jobs_are_known_while_settling(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    path = tmp_path / "jobs.sqlite3"
    edit(source, journal=path)  # holds id 7
    acme(reconcile=by_list, build_request=build_with_list, parse_response=parse_with_list)
    server.on("POST", "/edit", Answer(fault="drop_after_body"))
    server.on("GET", "/jobs", Answer.json({"jobs": ["7", "8"]}))
    server.on("GET", "/jobs/8", Answer.json({"urls": [f"{server.url}/out.png"]}))
    assert edit(source, journal=path).vendor_ids == {"id": "8"}


@pytest.mark.parametrize("stored", (True, False), ids=["journal", "memory"])
def test_other_edits_that_are_not_settled_are_rivals(
    acme: Any, server: ScriptedServer, source: Path, tmp_path: Path, stored: bool
) -> None:
    """Two answers are lost and one edit arrived: it may be either's, whoever looks first."""
    seen: dict[str, tuple[datetime, ...]] = {}

    @hookimpl
    def by_list_alone(job: imgedit.Job, response: imgedit.HttpResponse) -> Any:
        if response.purpose == "settle":
            seen[job.id] = job.rivals
        if response.purpose == "settle" and job.rivals:
            raise errors.OutcomeUnknown("another edit is not settled either")
        return parse_with_list(job, response)

    lost = Answer(fault="drop_after_body")
    server.on("POST", "/edit", lost, lost, Answer.json({"id": "7"}))
    server.on("GET", "/jobs", Answer.json({"jobs": ["8"]}))
    server.on("GET", "/jobs/8", Answer.json({"urls": [f"{server.url}/out.png"]}))

    async def run() -> None:
        journal = tmp_path / "jobs.sqlite3" if stored else None
        async with imgedit.Client(journal=journal) as client:
            jobs = [await client.submit(source, text, provider="acme") for text in ("one", "two")]
            await asyncio.gather(*(job.result() for job in jobs), return_exceptions=True)
            acme(reconcile=by_list, build_request=build_with_list, parse_response=by_list_alone)
            for job in jobs:
                with pytest.raises(errors.OutcomeUnknown):
                    await client.resume(job.id)
            left = {job.id: client.job(job.id).job.sent_at for job in jobs}
            assert seen == {jobs[0].id: (left[jobs[1].id],), jobs[1].id: (left[jobs[0].id],)}
            # The third is settled by itself, so it is nobody's rival.
            third = await client.edit(source, "three", provider="acme")
            assert third.vendor_ids == {"id": "7"}
            client.settle(jobs[0].id, charged=False)
            assert (await client.resume(jobs[1].id)).vendor_ids == {"id": "8"}
            assert seen[jobs[1].id] == ()

    asyncio.run(run())
    assert server.count("POST", "/edit") == 3


@pytest.mark.parametrize("kind", (SqliteJournal, MemoryJournal))
def test_an_edit_whose_answer_is_not_read_yet_is_a_rival(
    acme: Any, server: ScriptedServer, source: Path, tmp_path: Path, kind: Any
) -> None:
    """Its picture is the only one in the vendor's list, and nobody knows yet that it is its."""

    class Stops(kind):  # type: ignore[misc]  # its base is a parameter
        def save(self, record: JobRecord, **options: Any) -> None:
            super().save(record, **options)
            if record.answer is not None:
                raise errors.JournalError("the disk is gone")

    @hookimpl
    def by_list_alone(job: imgedit.Job, response: imgedit.HttpResponse) -> Any:
        if response.purpose == "settle" and job.rivals:
            raise errors.OutcomeUnknown("another edit is not settled either")
        return parse_with_list(job, response)

    acme(reconcile=by_list, build_request=build_with_list, parse_response=by_list_alone)
    server.on("POST", "/edit", Answer.json({"id": "7"}), Answer(fault="drop_before_body"))
    server.on("GET", "/jobs", Answer.json({"jobs": ["7"]}))

    async def run() -> None:
        journal = Stops(tmp_path / "jobs.sqlite3") if kind is SqliteJournal else Stops()
        async with imgedit.Client(journal=journal) as client:
            with pytest.raises(errors.JournalError):
                await client.edit(source, "one", provider="acme")
            with pytest.raises(errors.OutcomeUnknown):
                await client.edit(source, "two", provider="acme")

    asyncio.run(run())


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


def test_ids_of_finished_jobs_are_known_without_a_journal(
    acme: Any, server: ScriptedServer, source: Path
) -> None:
    async def run() -> None:
        async with imgedit.Client() as client:
            await client.edit(source, "one", provider="acme")  # holds id 7
            acme(reconcile=by_list, build_request=build_with_list, parse_response=parse_with_list)
            server.on("POST", "/edit", Answer(fault="drop_after_body"))
            server.on("GET", "/jobs", Answer.json({"jobs": ["7", "8"]}))
            server.on("GET", "/jobs/8", Answer.json({"urls": [f"{server.url}/out.png"]}))
            assert (await client.edit(source, "two", provider="acme")).vendor_ids == {"id": "8"}

    asyncio.run(run())


def test_looking_in_vain_ends_no_job(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    """A whole answer that says nothing, and a list that does not say it yet."""
    path = tmp_path / "jobs.sqlite3"
    acme(reconcile=by_list, build_request=build_with_list, parse_response=parse_with_list)
    server.on("POST", "/edit", Answer(body=b"<html>"))
    server.on("GET", "/jobs", Answer.json({"jobs": ["7", "8"]}))
    with pytest.raises(errors.OutcomeUnknown) as caught:
        edit(source, journal=path)
    assert caught.value.charged == "unknown"
    assert isinstance(caught.value.__cause__, errors.UnexpectedResponse)
    assert "several jobs could be this one (first: the answer of acme cannot be read" in str(
        caught.value
    )
    with pytest.raises(errors.OutcomeUnknown):
        resume(caught.value.job_id, journal=path)
    assert stored_error(path) == "OutcomeUnknown"
    assert stored_charge(path) == ("accepted", "unknown")
    server.on("GET", "/jobs", Answer.json({"jobs": ["7"]}))
    assert resume(caught.value.job_id, journal=path).vendor_ids == {"id": "7"}
    assert stored_error(path) is None
    assert server.count("POST", "/edit") == 1


@pytest.mark.parametrize("tells", ("the list", "reconcile", "the poll"))
def test_a_lookup_never_takes_another_of_our_edits(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, tmp_path: Path,
    tells: str,
) -> None:  # fmt: skip
    """A plugin that takes the newest edit does not look into `job.taken`; the engine does."""
    known = Facts(vendor_ids={"id": "7"})

    @hookimpl
    def reconcile(job: imgedit.Job) -> Next:
        if tells == "reconcile":
            return Next({**job.state, "id": "7"}, facts=known)
        return Next({**job.state, "settle": True})

    @hookimpl
    def newest(job: imgedit.Job, response: imgedit.HttpResponse) -> Any:
        if response.purpose != "settle":
            return parse_response(job, response)
        return Wait({"id": "7"}, facts=known if tells == "the list" else Facts())

    path = tmp_path / "jobs.sqlite3"
    done = Answer.json({"id": "7", "urls": [f"{server.url}/out.png"]})
    server.on("GET", "/jobs/7", done)
    edit(source, journal=path)  # holds id 7
    acme(reconcile=reconcile, build_request=build_with_list, parse_response=newest)
    server.on("POST", "/edit", Answer(fault="drop_before_body"))
    server.on("GET", "/jobs", Answer.json({"jobs": ["7"]}))
    with pytest.raises(errors.OutcomeUnknown) as caught:
        edit(source, journal=path)
    assert stored_charge(path) == ("unknown", "unknown")
    with pytest.raises(errors.OutcomeUnknown):
        resume(caught.value.job_id, journal=path)
    assert stored_charge(path) == ("unknown", "unknown")


def test_ids_that_others_got_meanwhile_are_known_when_resuming(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    path = tmp_path / "jobs.sqlite3"
    acme(reconcile=by_list, build_request=build_with_list, parse_response=parse_with_list)
    server.on("POST", "/edit", Answer(fault="drop_after_body"), Answer.json({"id": "7"}))
    server.on("GET", "/jobs", Answer.json({"jobs": ["7", "8"]}))
    with pytest.raises(errors.OutcomeUnknown) as caught:
        edit(source, journal=path)
    edit(source, journal=path)  # it is told its id, 7
    server.on("GET", "/jobs/8", Answer.json({"urls": [f"{server.url}/out.png"]}))
    assert resume(caught.value.job_id, journal=path).vendor_ids == {"id": "8"}
    assert server.count("POST", "/edit") == 2


def test_a_header_that_arrived_is_given_to_reconcile(
    acme: Any, edit: Any, server: ScriptedServer, source: Path
) -> None:
    @hookimpl
    def reconcile(job: imgedit.Job, response: imgedit.HttpResponse | None) -> Next | None:
        if response is None:
            return None
        return Next({**job.state, "id": response.header("x-acme-job")})

    acme(reconcile=reconcile)
    headers = {"X-Acme-Job": "7"}
    server.on("POST", "/edit", Answer.json({"id": "7"}, headers=headers, fault="drop_inside"))
    assert edit(source).image.size == len(png())
    assert server.count("POST", "/edit") == 1


def test_reconcile_cannot_lead_to_a_submit(
    acme: Any, edit: Any, server: ScriptedServer, source: Path
) -> None:
    @hookimpl
    def reconcile(job: imgedit.Job) -> Next:
        return Next(dict(job.state))

    acme(reconcile=reconcile)
    server.on("POST", "/edit", Answer(fault="drop_after_body"))
    with pytest.raises(errors.PluginError, match="second submit") as caught:
        edit(source)
    assert caught.value.charged == "unknown"
    assert server.count("POST", "/edit") == 1


def test_a_hook_does_not_call_a_paid_edit_free_because_a_question_failed(
    acme: Any, edit: Any, server: ScriptedServer, source: Path
) -> None:
    @hookimpl
    def map_error(job: imgedit.Job | None, response: imgedit.HttpResponse) -> Any:
        return errors.ProviderUnavailable("they are down", charged="no")

    acme(map_error=map_error)
    server.on("GET", "/jobs/7", Answer(status=503))
    with pytest.raises(errors.ProviderUnavailable) as caught:
        edit(source)
    assert caught.value.charged == "yes"
    assert caught.value.job is not None


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


def test_resuming_says_what_had_come(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    path = tmp_path / "jobs.sqlite3"
    server.on("POST", "/edit", Answer(status=500))
    with pytest.raises(errors.ImgEditError) as caught:
        edit(source, journal=path)
    with pytest.raises(errors.OutcomeUnknown, match="the answer had status 500") as again:
        resume(caught.value.job_id, journal=path)
    assert again.value.charged == "unknown"
    assert server.count("POST", "/edit") == 1


def test_a_broken_reconcile_hides_nothing(
    acme: Any, edit: Any, server: ScriptedServer, source: Path
) -> None:
    @hookimpl
    def reconcile(job: imgedit.Job) -> Next:
        raise KeyError("id")

    acme(reconcile=reconcile)
    server.on("POST", "/edit", Answer(fault="drop_after_body"))
    with pytest.raises(errors.OutcomeUnknown, match="its answer was lost"):
        edit(source)


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
    with SqliteJournal_closing(path) as journal:
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


def test_a_list_that_is_late_is_asked_again(
    acme: Any, edit: Any, server: ScriptedServer, source: Path
) -> None:
    @hookimpl
    def patient(job: imgedit.Job, response: imgedit.HttpResponse) -> Any:
        if response.purpose == "settle" and not response.json()["jobs"]:
            return Wait(dict(job.state))
        return parse_with_list(job, response)

    acme(reconcile=by_list, build_request=build_with_list, parse_response=patient)
    server.on("POST", "/edit", Answer(fault="drop_after_body"))
    server.on("GET", "/jobs", Answer.json({"jobs": []}), Answer.json({"jobs": ["7"]}))
    assert edit(source).vendor_ids == {"id": "7"}
    server.on("GET", "/jobs", Answer.json({"jobs": []}))
    with pytest.raises(errors.DeadlineExceeded) as caught:
        edit(source, deadline=0.5)
    assert caught.value.charged == "unknown"


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
