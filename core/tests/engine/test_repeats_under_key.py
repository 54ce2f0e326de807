"""A submit whose answer was lost, sent again: only under a key that its vendor declared."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import imgedit
from imgedit import FilePart, HttpRequest, Multipart, Next, errors, hookimpl
from imgedit.engine import attempts, settle
from imgedit.testing.acme import MANIFEST, build_request
from imgedit.testing.pictures import png
from imgedit.testing.server import Answer, ScriptedServer

from .clients import build_with_list, by_list


@pytest.mark.parametrize("crash", (False, True), ids=["at once", "after a crash"])
def test_an_idempotency_key_allows_the_same_bytes_again(
    acme: Any,
    edit: Any,
    resume: Any,
    server: ScriptedServer,
    source: Path,
    tmp_path: Path,
    crash: bool,
) -> None:
    path = tmp_path / "jobs.sqlite3"
    acme({"idempotency": {"header": "Idempotency-Key", "hours": 24}})
    server.on("POST", "/edit", Answer(fault="drop_after_body"), Answer.json({"id": "7"}))
    if crash:
        # Commits: planned, uploaded, sent. The power fails when the loss would be stored.
        async def run() -> str:
            async with imgedit.Client(journal=path) as client:
                job = await client.submit(source, "make it so", provider="acme")
                async for event in job.events():
                    if event.kind == "sending":
                        break
                return str(await job.cancel())

        stopped = asyncio.run(run())
        assert server.count("POST", "/edit") <= 1
        result = resume(stopped, journal=path)
    else:
        result = edit(source, journal=path)
    assert result.image.size == len(png())
    submits = [one for one in server.requests if one.path == "/edit"]
    keys = {one.headers["idempotency-key"] for one in submits}
    assert len(keys) == 1
    assert len({one.body for one in submits}) == 1


def test_a_key_lives_from_the_first_submit_on(
    acme: Any,
    edit: Any,
    resume: Any,
    server: ScriptedServer,
    source: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A repeat does not lengthen its life: the vendor counts from what it saw first."""
    path, began = tmp_path / "jobs.sqlite3", datetime.now(UTC)
    acme({"idempotency": {"header": "Idempotency-Key", "hours": 24}})
    server.on("POST", "/edit", Answer(fault="drop_after_body"))

    def at(hours: float) -> None:
        for module in (attempts, settle):
            monkeypatch.setattr(module, "now", lambda: began + timedelta(hours=hours))

    at(0)
    with pytest.raises(errors.OutcomeUnknown) as caught:
        edit(source, journal=path)
    at(23)
    with pytest.raises(errors.OutcomeUnknown):
        resume(caught.value.job_id, journal=path)
    repeats = server.count("POST", "/edit")
    at(25)
    for _ in range(2):
        with pytest.raises(errors.OutcomeUnknown) as last:
            resume(caught.value.job_id, journal=path)
    assert last.value.charged == "unknown"
    assert server.count("POST", "/edit") == repeats == 6


def test_a_key_that_ends_during_a_wait_is_not_used_again(
    acme: Any,
    edit: Any,
    server: ScriptedServer,
    source: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    began = datetime.now(UTC)
    acme({"idempotency": {"header": "Idempotency-Key", "hours": 24}})
    server.on("POST", "/edit", Answer(fault="drop_after_body"), Answer.json({"id": "7"}))

    def wait(event: imgedit.Event) -> None:
        if event.kind == "retrying":
            monkeypatch.setattr(settle, "now", lambda: began + timedelta(hours=25))

    with pytest.raises(errors.OutcomeUnknown, match="its answer was lost") as caught:
        edit(source, on_event=wait)
    assert caught.value.charged == "unknown"
    assert server.count("POST", "/edit") == 1


def test_the_key_of_a_submit_that_did_not_count_lives_anew(
    acme: Any,
    edit: Any,
    resume: Any,
    server: ScriptedServer,
    source: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path, began = tmp_path / "jobs.sqlite3", datetime.now(UTC)
    acme({"idempotency": {"header": "Idempotency-Key", "hours": 24}})
    lost = Answer(fault="drop_after_body")
    server.on("POST", "/edit", Answer(status=429), lost, lost, Answer.json({"id": "7"}))

    def moved(event: imgedit.Event) -> None:
        if event.kind == "retrying":
            monkeypatch.setattr(attempts, "now", lambda: began + timedelta(hours=2))

    with pytest.raises(errors.OutcomeUnknown) as caught:
        edit(source, journal=path, on_event=moved)
    monkeypatch.setattr(settle, "now", lambda: began + timedelta(hours=25))
    assert resume(caught.value.job_id, journal=path).image.size == len(png())


def test_a_key_whose_age_is_not_known_is_not_used_again(
    acme: Any,
    edit: Any,
    resume: Any,
    server: ScriptedServer,
    source: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The clock was set back."""
    path = tmp_path / "jobs.sqlite3"
    acme({"idempotency": {"header": "Idempotency-Key", "hours": 24}})
    server.on("POST", "/edit", Answer(fault="drop_after_body"))
    with pytest.raises(errors.OutcomeUnknown) as caught:
        edit(source, journal=path)
    before, real = server.count("POST", "/edit"), settle.now
    monkeypatch.setattr(settle, "now", lambda: real() - timedelta(days=3))
    with pytest.raises(errors.OutcomeUnknown):
        resume(str(caught.value.job_id), journal=path)
    assert server.count("POST", "/edit") == before


def test_without_a_declared_key_nothing_is_repeated(
    acme: Any, edit: Any, server: ScriptedServer, source: Path
) -> None:
    assert "idempotency" not in MANIFEST
    server.on("POST", "/edit", Answer(fault="drop_after_body"), Answer.json({"id": "7"}))
    with pytest.raises(errors.OutcomeUnknown):
        edit(source)
    (submit,) = [one for one in server.requests if one.path == "/edit"]
    assert "idempotency-key" not in submit.headers


@pytest.mark.parametrize("second", (401, 429, 500), ids=str)
def test_a_refused_repeat_says_nothing_of_the_first_try(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, second: int
) -> None:
    acme({"idempotency": {"header": "Idempotency-Key", "hours": 24}})
    server.on("POST", "/edit", Answer(fault="drop_after_body"), Answer(status=second))
    with pytest.raises(errors.ImgEditError) as caught:
        edit(source)
    assert caught.value.charged == "unknown"
    assert caught.value.job is not None
    assert "client.resume" in (caught.value.hint or ""), "anything else could buy it twice"
    assert "again" not in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("second", "mends", "submits"),
    (
        (401, "Check the key (ACME_API_KEY). Then go on", 2),
        (403, "See what the account's plan allows. Then go on", 2),
        (402, "Add credit to the account. Then go on", 2),
        (400, "Go on", 2),
        (409, "Go on", 3),
        (418, "Go on", 2),
        (429, "Go on", 3),
    ),
)
def test_a_refused_repeat_says_what_mends_it(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, tmp_path: Path,
    second: int, mends: str, submits: int,
) -> None:  # fmt: skip
    """And is not tried with a key that is refused."""
    acme({"idempotency": {"header": "Idempotency-Key", "hours": 24}})
    server.on("POST", "/edit", Answer(status=500), Answer(status=second))
    with pytest.raises(errors.ImgEditError) as caught:
        edit(source, journal=tmp_path / "jobs.sqlite3")
    assert (caught.value.status, caught.value.charged) == (second, "unknown")
    assert caught.value.hint == f'{mends} with: client.resume("{caught.value.job_id}")'
    assert server.count("POST", "/edit") == submits


def test_a_quota_that_is_used_up_at_a_repeat_is_not_to_be_gone_around(
    acme: Any, edit: Any, server: ScriptedServer, source: Path
) -> None:
    """Another provider would do it a second time."""

    @hookimpl
    def map_error(response: imgedit.HttpResponse) -> Any:
        if response.status != 429:
            return None
        return errors.QuotaExhausted("that was all", hint="Use another provider.", charged="no")

    acme({"idempotency": {"header": "Idempotency-Key", "hours": 24}}, map_error=map_error)
    server.on("POST", "/edit", Answer(status=500), Answer(status=429))
    with pytest.raises(errors.QuotaExhausted) as caught:
        edit(source)
    assert str(caught.value.hint).startswith("Wait until the quota is renewed. Keep error.job")


@pytest.mark.parametrize("second", (408, 409, 425), ids=str)
@pytest.mark.parametrize(
    "first", (Answer(fault="drop_after_body"), Answer(status=408)), ids=("lost", "late")
)
def test_a_repeat_that_comes_too_early_is_repeated(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, first: Answer, second: int
) -> None:
    """The first one is still being worked on."""
    acme({"idempotency": {"header": "Idempotency-Key", "hours": 24}})
    server.on("POST", "/edit", first, Answer(status=second), Answer.json({"id": "7"}))
    assert edit(source).image.size == len(png())
    submits = server.received("POST", "/edit")
    assert len(submits) == 3
    assert len({one.headers["idempotency-key"] for one in submits}) == 1


@pytest.mark.parametrize("status", (408, 409, 425))
def test_a_repeat_that_is_put_off_for_long_is_looked_up(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, status: int
) -> None:
    under_key = {"idempotency": {"header": "Idempotency-Key", "hours": 24}}
    acme(under_key, build_request=build_with_list, reconcile=by_list)
    later = Answer(status=status, headers={"Retry-After": "120"})
    server.on("POST", "/edit", Answer(fault="drop_after_body"), later)
    server.on("GET", "/jobs", Answer.json({"urls": [f"{server.url}/out.png"]}))
    assert edit(source).image.size == len(png())
    assert (server.count("POST", "/edit"), server.count("GET", "/jobs")) == (2, 1)


def test_a_repeat_that_is_not_sent_leaves_the_first_try_unknown(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    path = tmp_path / "jobs.sqlite3"
    acme({"idempotency": {"header": "Idempotency-Key", "hours": 24}})
    server.on("POST", "/edit", Answer(fault="drop_after_body"))
    with pytest.raises(errors.OutcomeUnknown) as caught:
        edit(source, journal=path)
    server.close()
    with pytest.raises(errors.ImgEditError) as again:
        resume(caught.value.job_id, journal=path)
    assert again.value.charged == "unknown"


def test_a_file_that_changed_is_not_sent_under_the_key_of_another(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    """As many bytes as before: only its content tells."""

    @hookimpl
    def inside(job: imgedit.Job) -> Any:
        if job.state:
            return build_request(job)
        body = Multipart([("image", FilePart(job.request.image))])
        return HttpRequest(method="POST", url="/edit", purpose="submit", body=body)

    path = tmp_path / "jobs.sqlite3"
    acme({"idempotency": {"header": "Idempotency-Key", "hours": 24}}, build_request=inside)
    server.on("POST", "/edit", Answer(fault="drop_after_body"))
    with pytest.raises(errors.OutcomeUnknown) as caught:
        edit(source, journal=path)
    before, submits = source.read_bytes(), server.count("POST", "/edit")
    source.write_bytes(before[:-20] + b"!" + before[-19:])
    with pytest.raises(errors.OutcomeUnknown, match="file has changed since") as again:
        resume(caught.value.job_id, journal=path)
    assert again.value.charged == "unknown"
    assert server.count("POST", "/edit") == submits
    source.write_bytes(before)
    server.on("POST", "/edit", Answer.json({"id": "7"}))
    assert resume(caught.value.job_id, journal=path).image.size == len(png())
    assert len({one.body for one in server.received("POST", "/edit")}) == 1


def test_a_plugin_that_no_longer_repeats_says_nothing_of_the_first_try(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    @hookimpl
    def refuses(job: imgedit.Job) -> Any:
        if job.status == "planned":
            raise errors.ModelUnavailable("this model is gone")
        return build_request(job)

    path, key = tmp_path / "jobs.sqlite3", {"header": "Idempotency-Key", "hours": 24}
    acme({"idempotency": key})
    server.on("POST", "/edit", Answer(fault="drop_after_body"))
    with pytest.raises(errors.OutcomeUnknown) as caught:
        edit(source, journal=path)
    acme({"idempotency": key}, build_request=refuses)
    with pytest.raises(errors.ModelUnavailable) as again:
        resume(caught.value.job_id, journal=path)
    assert (again.value.charged, again.value.retryable) == ("unknown", False)
    assert again.value.job is not None

    @hookimpl
    def reconcile(job: imgedit.Job, response: Any) -> Any:
        return Next({"id": "7"})

    acme({"idempotency": key}, build_request=refuses, reconcile=reconcile)
    assert resume(caught.value.job_id, journal=path).image.size == len(png())
