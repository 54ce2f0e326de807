"""What a plugin, or the engine itself, gets wrong ends no paid job, and is told of its money."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import imgedit
from imgedit import HttpResponse, Job, errors, hookimpl
from imgedit.engine import drive, exchange
from imgedit.journal import SqliteJournal
from imgedit.testing import acme as sample
from imgedit.testing.acme import MANIFEST
from imgedit.testing.pictures import png
from imgedit.testing.server import Answer, ScriptedServer

LIMITED = {"error": "rate_limited"}


def bad(*_: Any) -> Any:
    raise TypeError("a secret wish")


def stored(path: Path) -> list[tuple[str, str]]:
    """What the journal says of its jobs, and of their money."""
    journal = SqliteJournal(path)
    try:
        return [(record.job.status, record.charged) for record in journal.recent(9)]
    finally:
        journal.close()


def test_a_mistake_that_nobody_foresaw_ends_no_paid_job(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    path = tmp_path / "jobs.sqlite3"
    with monkeypatch.context() as patched:
        patched.setattr(drive, "poll_seconds", bad)
        with pytest.raises(errors.PluginError) as caught:
            edit(source, journal=path)
    error = caught.value
    assert "TypeError (engine/test_wrong_plugins.py, line " in error.message
    assert "secret" not in str(error)
    assert isinstance(error.__cause__, TypeError)
    assert (error.charged, error.provider, error.job is not None) == ("yes", "acme", True)
    assert error.hint == f'Go on with: client.resume("{error.job_id}")'
    assert stored(path) == [("accepted", "yes")]
    assert resume(error.job_id, journal=path).image.size == len(png())
    assert server.count("POST", "/edit") == 1


def test_a_mistake_before_anything_is_sent_ends_the_job(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """A job that stayed planned would keep its price reserved, and be bought when it is resumed."""
    path = tmp_path / "jobs.sqlite3"
    monkeypatch.setattr(exchange, "check_spending", bad)
    with pytest.raises(errors.PluginError) as caught:
        edit(source, journal=path)
    assert (caught.value.charged, caught.value.job) == ("no", None)
    assert stored(path) == [("failed", "no")]
    assert server.count("POST", "/edit") == 0


def test_a_price_that_cannot_be_told_at_a_resume_ends_no_job(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    """The job was not sent yet: it waits for a plugin that is mended."""
    server.on("POST", "/upload", Answer(fault="hang"), Answer.json({"handle": "h1"}))
    path = tmp_path / "jobs.sqlite3"
    with pytest.raises(errors.DeadlineExceeded) as cut:
        edit(source, journal=path, deadline=0.3)

    @hookimpl
    def price(request: Any, model: Any) -> Any:
        raise KeyError("size")

    acme(price=price)
    with pytest.raises(errors.PluginError) as caught:
        resume(cut.value.job_id, journal=path)
    assert (caught.value.charged, caught.value.job is not None) == ("no", True)
    assert stored(path) == [("planned", "no")]
    acme()
    assert resume(cut.value.job_id, journal=path).image.size == len(png())


class Unruly(SqliteJournal):
    """Raises at the third commit, and from then on, what no journal raises."""

    commits = 0

    def save(self, record: Any, **keywords: Any) -> None:
        self.commits += 1
        if self.commits > 3:
            raise OSError(28, "the disk is full")
        super().save(record, **keywords)


def test_a_journal_that_raises_what_no_journal_raises(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    with pytest.raises(errors.PluginError, match="OSError") as caught:
        edit(source, journal=Unruly(tmp_path / "jobs.sqlite3"))
    assert caught.value.job is not None
    assert caught.value.charged == "yes"
    assert server.count("POST", "/edit") == 1


@pytest.mark.parametrize(
    "kind",
    (
        errors.RateLimited,
        errors.QuotaExhausted,
        errors.ProviderUnavailable,
        errors.NetworkError,
        errors.DownloadFailed,
        errors.DeadlineExceeded,
        errors.AuthenticationError,
        errors.PermissionDenied,
    ),
)
def test_a_question_that_is_refused_for_now_ends_no_paid_job(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, tmp_path: Path,
    kind: type[errors.ProviderError],
) -> None:  # fmt: skip
    """Also where the vendor says it with status 200, and the hook that reads it raises it."""

    @hookimpl
    def parse_response(job: Job, response: HttpResponse) -> Any:
        if response.at("/error"):
            raise kind("Acme limits how often it is asked")
        return sample.parse_response(job, response)

    acme(parse_response=parse_response)
    server.on("GET", "/jobs/7", Answer.json(LIMITED))
    path = tmp_path / "jobs.sqlite3"
    with pytest.raises(kind) as caught:
        edit(source, journal=path)
    assert caught.value.charged == "yes"
    assert f'client.resume("{caught.value.job_id}")' in (caught.value.hint or "")
    assert stored(path) == [("accepted", "yes")]
    server.on("GET", "/jobs/7", Answer.json({"urls": [f"{server.url}/out.png"]}))
    assert resume(caught.value.job_id, journal=path).image.size == len(png())
    assert server.count("POST", "/edit") == 1


@pytest.mark.parametrize("times", (7, 8))
def test_a_hook_that_finds_a_rate_limit_in_an_answer_has_it_kept_to(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, quick: list[float], times: int
) -> None:
    """As HTTP 429 is: as often, and as late as the vendor says."""

    @hookimpl
    def parse_response(job: Job, response: HttpResponse) -> Any:
        if response.at("/error"):
            raise errors.RateLimited("Acme limits how often it is asked", retry_after=5)
        return sample.parse_response(job, response)

    acme(parse_response=parse_response)
    done = Answer.json({"urls": [f"{server.url}/out.png"]})
    server.on("GET", "/jobs/7", *[Answer.json(LIMITED)] * times, done)
    if times < 8:
        assert edit(source).image.size == len(png())
    else:
        with pytest.raises(errors.RateLimited) as caught:
            edit(source)
        assert caught.value.charged == "yes"
    assert server.count("GET", "/jobs/7") == 8
    assert len([seconds for seconds in quick if 5 <= seconds < 5.2]) == 7
    assert server.count("POST", "/edit") == 1


@pytest.mark.parametrize(
    ("kind", "charged"),
    (
        ("RateLimited", {}),
        ("RateLimited", {"charged": "no"}),
        ("ProviderUnavailable", {"charged": "no"}),
        ("AuthenticationError", {"charged": "no"}),
        ("PermissionDenied", {"charged": "unknown"}),
    ),
)
def test_a_refusal_of_which_the_table_says_no_charge_ends_no_paid_job(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, tmp_path: Path,
    kind: str, charged: dict[str, str],
) -> None:  # fmt: skip
    """What the row says of the money is meant of a submit; the next provider is not asked."""
    errors_of(acme, {"code": ["rate_limited"], "is": kind, **charged})
    server.on("GET", "/jobs/7", Answer.json(LIMITED))
    path = tmp_path / "jobs.sqlite3"
    with pytest.raises(getattr(errors, kind)) as caught:
        edit(source, journal=path)
    assert (caught.value.charged, caught.value.retryable) == ("yes", False)
    assert stored(path) == [("accepted", "yes")]
    server.on("GET", "/jobs/7", Answer.json({"urls": [f"{server.url}/out.png"]}))
    assert resume(caught.value.job_id, journal=path).image.size == len(png())
    assert server.count("POST", "/edit") == 1


def errors_of(acme: Any, row: dict[str, Any]) -> None:
    """A vendor that tells its errors in answers with status 200, as this row of its table says."""
    fails = {"/error": {"const": "rate_limited"}}
    acme({"errors": {**MANIFEST["errors"], "fails_when": fails, "code": ["/error"], "rows": [row]}})


@pytest.mark.parametrize("kind", ("JobFailed", "ContentRejected", "InsufficientCredits"))
def test_an_end_that_the_table_knows_is_one(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, tmp_path: Path, kind: str
) -> None:
    errors_of(acme, {"code": ["rate_limited"], "is": kind, "charged": "no"})
    server.on("GET", "/jobs/7", Answer.json(LIMITED))
    path = tmp_path / "jobs.sqlite3"
    with pytest.raises(getattr(errors, kind)) as caught:
        edit(source, journal=path)
    assert caught.value.charged == "no"
    assert stored(path) == [("failed", "no")]


@pytest.mark.parametrize("kind", (errors.ProviderUnavailable, errors.AuthenticationError))
def test_a_hook_that_calls_a_refused_question_free_ends_no_paid_job(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, tmp_path: Path,
    kind: type[errors.ProviderError],
) -> None:  # fmt: skip
    @hookimpl
    def parse_response(job: Job, response: HttpResponse) -> Any:
        if response.purpose == "poll":
            raise kind("they do not answer that", charged="no")
        return sample.parse_response(job, response)

    acme(parse_response=parse_response)
    path = tmp_path / "jobs.sqlite3"
    with pytest.raises(kind) as caught:
        edit(source, journal=path)
    assert caught.value.charged == "yes"
    assert stored(path) == [("accepted", "yes")]


def test_a_hook_that_says_that_it_was_given_back_ends_the_job(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    @hookimpl
    def parse_response(job: Job, response: HttpResponse) -> Any:
        if response.purpose == "poll":
            raise errors.JobFailed("they are full, and gave it back", charged="no")
        return sample.parse_response(job, response)

    acme(parse_response=parse_response)
    path = tmp_path / "jobs.sqlite3"
    with pytest.raises(errors.JobFailed):
        edit(source, journal=path)
    assert stored(path) == [("failed", "no")]


@pytest.mark.parametrize(
    "kind",
    (
        errors.ProviderUnavailable,
        errors.UnexpectedResponse,
        errors.OutcomeUnknown,
        errors.JobFailed,
        errors.DeadlineExceeded,
    ),
)
@pytest.mark.parametrize("paid", (False, True), ids=("planned", "paid"))
def test_a_request_that_a_hook_refuses_to_build_ends_no_paid_job(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, tmp_path: Path,
    kind: type[errors.ProviderError], paid: bool,
) -> None:  # fmt: skip
    """The vendor said nothing of it."""

    @hookimpl
    def build_request(job: Job) -> Any:
        if paid == ("id" in job.state):
            raise kind("not now")
        return sample.build_request(job)

    acme(build_request=build_request)
    path = tmp_path / "jobs.sqlite3"
    with pytest.raises(kind, match="not now") as caught:
        edit(source, journal=path)
    assert caught.value.charged == ("yes" if paid else "no")
    if not paid:
        assert caught.value.job_id is None
        return
    assert stored(path) == [("accepted", "yes")]
    acme()
    assert resume(caught.value.job_id, journal=path).image.size == len(png())
    assert server.count("POST", "/edit") == 1


@pytest.mark.parametrize(
    "kind", (errors.UnexpectedResponse, errors.JobFailed, errors.InvalidRequest)
)
@pytest.mark.parametrize("charged", ("unknown", "yes"))
@pytest.mark.parametrize("hook", ("map_error", "parse_response"))
def test_an_upload_is_not_charged_whatever_a_hook_says_of_its_answer(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, tmp_path: Path,
    kind: type[errors.ProviderError], charged: Any, hook: str,
) -> None:  # fmt: skip
    """A hook may say it of every error; nothing that costs was sent, and nothing stays reserved."""

    @hookimpl
    def map_error(job: Job | None, response: HttpResponse) -> Any:
        return kind("odd", charged=charged, cost=imgedit.Money("0.04", "USD"))

    @hookimpl
    def parse_response(job: Job, response: HttpResponse) -> Any:
        raise kind("odd", charged=charged)

    acme(**{hook: locals()[hook]})
    server.on("POST", "/upload", Answer(status=500 if hook == "map_error" else 200, body=b"{}"))
    path = tmp_path / "jobs.sqlite3"
    with pytest.raises(kind) as caught:
        edit(source, journal=path)
    assert (caught.value.charged, caught.value.cost, caught.value.job) == ("no", None, None)
    assert "account" not in (caught.value.hint or "")
    assert stored(path) == [("failed", "no")]
    assert server.count("POST", "/edit") == 0


@pytest.mark.parametrize("said", ({}, {"charged": "no"}, {"charged": "yes"}), ids=str)
@pytest.mark.parametrize(("purpose", "charged"), (("submit", "unknown"), ("poll", "yes")))
def test_an_unknown_outcome_that_a_hook_tells_of_is_charged_as_the_job_is(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, tmp_path: Path,
    purpose: str, charged: str, said: dict[str, Any],
) -> None:  # fmt: skip
    @hookimpl
    def parse_response(job: Job, response: HttpResponse) -> Any:
        if response.purpose == purpose:
            raise errors.OutcomeUnknown("odd", **said)
        return sample.parse_response(job, response)

    acme(parse_response=parse_response)
    path = tmp_path / "jobs.sqlite3"
    with pytest.raises(errors.OutcomeUnknown) as caught:
        edit(source, journal=path)
    assert stored(path) == [("accepted", charged)]
    assert (caught.value.charged, caught.value.job is not None) == (charged, True)


def test_a_second_submit_is_refused_and_the_paid_job_goes_on(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    """With a plugin that is mended, its picture can be had."""

    @hookimpl
    def build_request(job: Job) -> Any:
        if "id" in job.state:
            return imgedit.LocalRequest(function="acme_local:convert")
        return sample.build_request(job)

    acme(build_request=build_request)
    path = tmp_path / "jobs.sqlite3"
    with pytest.raises(errors.PluginError, match="second submit") as caught:
        edit(source, journal=path)
    assert caught.value.charged == "yes"
    assert stored(path) == [("accepted", "yes")]
    acme()
    assert resume(caught.value.job_id, journal=path).image.size == len(png())
    assert server.count("POST", "/edit") == 1
