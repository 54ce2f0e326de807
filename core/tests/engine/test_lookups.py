"""A submit whose answer was lost is looked up where the vendor lists its jobs."""

from __future__ import annotations

import asyncio
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

import imgedit
from imgedit import Facts, Next, Wait, errors, hookimpl
from imgedit.engine import aside
from imgedit.engine.journal import MemoryJournal
from imgedit.engine.record import JobRecord
from imgedit.engine.store import loads
from imgedit.journal import SqliteJournal
from imgedit.testing.acme import KEY, MANIFEST, parse_response
from imgedit.testing.pictures import png
from imgedit.testing.server import Answer, ScriptedServer

from .clients import (
    Cut,
    build_with_list,
    by_list,
    cut_off,
    stored_charge,
    stored_error,
)


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


@pytest.mark.parametrize(
    ("listed", "kind"),
    (
        (Answer.json({}), errors.OutcomeUnknown),
        (Answer(status=503), errors.ProviderUnavailable),
        (Answer(fault="drop_after_body"), errors.NetworkError),
    ),
    ids=["in vain", "not now", "lost"],
)
def test_an_answer_that_was_looked_up_in_vain_is_read_again(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, tmp_path: Path,
    listed: Answer, kind: Any,
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
    server.on("GET", "/jobs", listed)
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
    with closing(SqliteJournal(path)) as journal:
        (record,) = journal.unfinished()
    assert (record.job.status, record.charged) == ("unknown", "unknown")
    newer = True
    assert resume(record.id, journal=path).image.size == len(png())
    assert (server.count("GET", "/jobs"), server.count("POST", "/edit")) == (1, 1)


def test_what_lay_aside_and_is_gone_is_looked_up_again(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    """It could not be read, and its lookup led to nothing then."""

    @hookimpl
    def parse(job: imgedit.Job, response: imgedit.HttpResponse) -> Any:
        if response.purpose == "submit":
            raise errors.UnexpectedResponse("what is this")
        return parse_with_list(job, response)

    path = tmp_path / "jobs.sqlite3"
    acme(reconcile=by_list, build_request=build_with_list, parse_response=parse)
    server.on("POST", "/edit", Answer.json({"id": "7", "padding": "x" * aside.LARGE}))
    server.on("GET", "/jobs", Answer(status=503))
    with pytest.raises(errors.ProviderUnavailable) as caught:
        edit(source, journal=path)
    job_id = str(caught.value.job_id)
    (tmp_path / "jobs.sqlite3.spool" / job_id / aside.ASIDE).unlink()
    for _ in range(2):
        with pytest.raises(errors.ProviderUnavailable) as again:
            resume(job_id, journal=path)
        assert again.value.charged == "unknown"
        assert "charged=True" not in str(again.value.hint)
    server.on("GET", "/jobs", Answer.json({"jobs": ["7"]}))
    assert resume(job_id, journal=path).vendor_ids == {"id": "7"}
    assert server.count("POST", "/edit") == 1


@pytest.mark.parametrize("back", (False, True), ids=["gone", "brought back"])
def test_a_lookup_goes_on_without_the_answer_that_lay_aside(
    acme: Any, resume: Any, server: ScriptedServer, source: Path, tmp_path: Path, back: bool
) -> None:
    """The journal was put back without its spool: what the lookup asks still helps."""
    cut = readable = False

    @hookimpl
    def parse(job: imgedit.Job, response: imgedit.HttpResponse) -> Any:
        if response.purpose == "settle" and not cut:
            raise Cut
        if response.purpose == "submit" and not readable:
            raise errors.UnexpectedResponse("what is this")
        return parse_with_list(job, response)

    path = tmp_path / "jobs.sqlite3"
    acme(reconcile=by_list, build_request=build_with_list, parse_response=parse)
    server.on("POST", "/edit", Answer.json({"id": "7", "padding": "x" * aside.LARGE}))
    server.on("GET", "/jobs", Answer.json({"jobs": ["7", "8"]}))
    cut_off(source, SqliteJournal(path))
    cut = True
    with closing(SqliteJournal(path)) as journal:
        (record,) = journal.unfinished()
    file = tmp_path / "jobs.sqlite3.spool" / record.id / aside.ASIDE
    away = file.rename(tmp_path / "away")
    for _ in range(2):
        with pytest.raises(errors.OutcomeUnknown, match="several jobs") as caught:
            resume(record.id, journal=path)
        assert caught.value.charged == "unknown"
    asked = server.count("GET", "/jobs")
    if back:
        away.rename(file)
        readable = True
    else:
        server.on("GET", "/jobs", Answer.json({"jobs": ["7"]}))
    assert resume(record.id, journal=path).vendor_ids == {"id": "7"}
    assert server.count("GET", "/jobs") == asked + (not back)
    assert server.count("POST", "/edit") == 1


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


@pytest.mark.parametrize("way", ("journal", "json"))
@pytest.mark.parametrize("status", (200, 500))
def test_what_the_vendor_said_is_said_again(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, tmp_path: Path,
    status: int, way: str,
) -> None:  # fmt: skip
    """It is what helps to tell whether an edit was charged that nothing can look up."""
    rows = [{"status": [200], "is": "JobFailed", "charged": "unknown"}]
    acme({"errors": {**MANIFEST["errors"], "rows": rows}})
    prompt = "paint the sky green"
    said = f"out of paint for {KEY}: {prompt}"
    row = {"state": "failed", "code": 1001, "message": said}
    server.on("POST", "/edit", Answer.json(row, status=status, headers={"X-Request-Id": "r1"}))
    path = tmp_path / "jobs.sqlite3" if way == "journal" else None
    with pytest.raises(errors.ProviderError) as first:
        edit(source, prompt, journal=path)
    shown = f"Acme answered {status} (1001): out of paint for ***: <the prompt>"
    assert first.value.message == shown
    error = first.value
    for _ in range(2):
        with pytest.raises(errors.OutcomeUnknown) as caught:
            resume(error.job if path is None else error.job_id, journal=path)
        error = caught.value
        assert error.message == f"{shown}, which tells nothing of the money"
        assert (error.charged, error.status, error.code) == ("unknown", status, "1001")
        assert error.request_id == first.value.request_id
        kept = loads(error.job or "").error or {}
        assert kept["message"].startswith(error.message)
        assert prompt not in str(kept)
        assert KEY not in str(error.job)
    assert server.count("POST", "/edit") == 1


@pytest.mark.parametrize("resumed", (0, 1, 2))
def test_what_the_vendor_said_is_said_with_what_a_lookup_found(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, tmp_path: Path,
    resumed: int,
) -> None:  # fmt: skip
    path = tmp_path / "jobs.sqlite3"
    acme(reconcile=by_list, build_request=build_with_list, parse_response=parse_with_list)
    answer = Answer.json({"message": "out of paint"}, status=500)
    server.on("POST", "/edit", answer)
    server.on("GET", "/jobs", Answer.json({"jobs": ["7", "8"]}))
    with pytest.raises(errors.OutcomeUnknown) as caught:
        edit(source, journal=path)
    job_id = caught.value.job_id
    for _ in range(resumed):
        with pytest.raises(errors.OutcomeUnknown) as caught:
            resume(job_id, journal=path)
    said = "several jobs could be this one (first: Acme answered 500: out of paint)"
    assert caught.value.message == said
    assert caught.value.status == 500


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
