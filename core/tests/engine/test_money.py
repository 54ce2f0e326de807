"""Every way an exchange can go wrong: the error, what it says of money, and the submits counted."""

from __future__ import annotations

import email.utils
import json
import pickle
import time
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

import imgedit
from imgedit import errors
from imgedit.engine.record import JobRecord
from imgedit.journal import SqliteJournal, job_row
from imgedit.render import result_document
from imgedit.testing.acme import KEY, MANIFEST, parse_response
from imgedit.testing.pictures import png
from imgedit.testing.server import Answer, ScriptedServer

JSON = {"Content-Type": "application/json"}
HTML = b"<!doctype html><html><body>Bad gateway</body></html>"


@pytest.mark.parametrize(
    ("answer", "error", "charged", "submits"),
    (
        (Answer(status=400), errors.InvalidRequest, "no", 1),
        (Answer(status=401), errors.AuthenticationError, "no", 1),
        (Answer(status=402), errors.InsufficientCredits, "no", 1),
        (Answer(status=403), errors.PermissionDenied, "no", 1),
        (Answer(status=404), errors.NotFound, "no", 1),
        (Answer(status=409), errors.Conflict, "no", 1),
        (Answer(status=413), errors.ImageRejected, "no", 1),
        (Answer(status=429), errors.RateLimited, "no", 3),
        (Answer(status=451), errors.LegallyUnavailable, "no", 1),
        (Answer(status=418), errors.UnexpectedResponse, "unknown", 1),
        (Answer(status=500), errors.ProviderUnavailable, "unknown", 1),
        (Answer(status=502, body=HTML), errors.ProviderUnavailable, "unknown", 1),
        (Answer(status=503), errors.ProviderUnavailable, "no", 3),
        (Answer.json({"state": "failed"}), errors.JobFailed, "no", 1),
        (
            Answer.json({"state": "failed", "code": "moderated"}),
            errors.ContentRejected,
            "yes",
            1,
        ),
        (Answer.redirect("https://elsewhere.example/"), errors.UnexpectedResponse, "unknown", 1),
        (Answer(body=HTML, headers={"Content-Type": "text/html"}), "unread", "unknown", 1),
        (Answer(body=b'{"id": "7', headers=JSON), "unread", "unknown", 1),
        (Answer(body=b"[]", headers=JSON), "unread", "unknown", 1),
        (Answer(body=b"null", headers=JSON), "unread", "unknown", 1),
        (Answer(body=b"", headers=JSON), "unread", "unknown", 1),
        (Answer(body=b"\xff\xfe\x00", headers=JSON), "unread", "unknown", 1),
        (Answer.picture(b"no picture"), "unread", "unknown", 1),
        (Answer.picture(png()[:-20]), "unread", "unknown", 1),
        (Answer(fault="drop_after_body"), errors.OutcomeUnknown, "unknown", 1),
        (Answer(fault="reset_after_body"), errors.OutcomeUnknown, "unknown", 1),
        (Answer(fault="drop_before_body"), errors.OutcomeUnknown, "unknown", 1),
        (Answer.json({"id": "7"}, fault="drop_inside"), errors.OutcomeUnknown, "unknown", 1),
        (Answer(fault="hang"), errors.OutcomeUnknown, "unknown", 1),
    ),
    ids=str,
)
def test_submit(
    acme: Any,
    edit: Any,
    resume: Any,
    server: ScriptedServer,
    source: Path,
    tmp_path: Path,
    answer: Answer,
    error: Any,
    charged: str,
    submits: int,
) -> None:
    acme({"timeouts": {"submit": 0.5}})
    server.on("POST", "/edit", answer)
    kind = errors.UnexpectedResponse if error == "unread" else error
    with pytest.raises(kind) as caught:
        edit(source, out=tmp_path / "out.png", journal=tmp_path / "jobs.sqlite3")
    raised = caught.value
    assert type(raised) is kind
    assert raised.charged == charged
    assert server.count("POST", "/edit") == submits
    assert not (tmp_path / "out.png").exists()
    assert raised.provider == "acme"
    assert raised.job_id
    assert KEY not in str(raised) + repr(raised)
    assert str(pickle.loads(pickle.dumps(raised))) == str(raised)
    if charged == "unknown":
        assert not raised.retryable
        assert raised.job is not None
        # Whatever is tried later, what was sent is never sent again by itself.
        for _ in range(2):
            with pytest.raises(errors.ImgEditError) as again:
                resume(raised.job_id, journal=tmp_path / "jobs.sqlite3")
            assert again.value.charged == "unknown"
        assert server.count("POST", "/edit") == 1


@pytest.mark.parametrize(
    ("deadline", "said"), ((60, "nothing more came for 0.4 s"), (0.4, "did not end within 0.4 s"))
)
def test_a_paid_answer_that_began_to_arrive_has_the_time_of_the_edit(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, deadline: float, said: str
) -> None:
    acme({"timeouts": {"submit": 0.4}})
    server.on("POST", "/edit", Answer.json({"id": "7"}, fault="hang_inside"))
    with pytest.raises(errors.OutcomeUnknown, match=said):
        edit(source, deadline=deadline)


def test_large_text_instead_of_json(
    acme: Any, edit: Any, server: ScriptedServer, source: Path
) -> None:
    server.on(
        "POST", "/edit", Answer(body=b"x" * 27_000_000, headers={"Content-Type": "text/plain"})
    )
    with pytest.raises(errors.UnexpectedResponse) as caught:
        edit(source)
    assert caught.value.charged == "unknown"
    assert server.count("POST", "/edit") == 1
    assert len(str(caught.value)) < 1000


def test_refused_connection_is_not_sent(
    acme: Any, edit: Any, source: Path, monkeypatch: Any
) -> None:
    with ScriptedServer() as gone:
        url = gone.url
    monkeypatch.setenv("IMGEDIT_ACME_BASE_URL", url)
    with pytest.raises(errors.NetworkError) as caught:
        edit(source)
    assert caught.value.charged == "no"
    assert caught.value.retryable


def test_stale_pooled_connection_is_never_used_for_a_submit(
    acme: Any, edit: Any, server: ScriptedServer, source: Path
) -> None:
    result = edit(source)
    uploads = [one for one in server.requests if one.path == "/upload"]
    submits = [one for one in server.requests if one.path == "/edit"]
    assert result.attempts == 1
    assert {one.connection for one in submits}.isdisjoint(one.connection for one in uploads)


@pytest.mark.parametrize("form", ("seconds", "date", "none"))
def test_retry_after_is_kept_to(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, quick: list[float], form: str
) -> None:
    headers = {
        "seconds": {"Retry-After": "7"},
        "date": {"Retry-After": email.utils.formatdate(time.time() + 9, usegmt=True)},
        "none": {},
    }[form]
    server.on("POST", "/edit", Answer(status=429, headers=headers), Answer.json({"id": "7"}))
    result = edit(source)
    assert server.count("POST", "/edit") == 2
    assert result.attempts == 2
    longest = max(quick)
    assert {"seconds": 7 <= longest < 8, "date": 6 < longest < 10, "none": 0 < longest < 2}[form]


def test_retry_after_in_milliseconds(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, quick: list[float]
) -> None:
    errors_ = {"retry_after": ["header:x-reset|unix_ms"]}
    acme({"errors": errors_})
    reset = str(int((time.time() + 11) * 1000))
    server.on(
        "POST", "/edit", Answer(status=429, headers={"X-Reset": reset}), Answer.json({"id": "7"})
    )
    edit(source)
    assert 8 < max(quick) < 12


def test_a_pause_that_is_too_long_is_not_waited_for(
    acme: Any, edit: Any, server: ScriptedServer, source: Path
) -> None:
    server.on("POST", "/edit", Answer(status=429, headers={"Retry-After": "86400"}))
    with pytest.raises(errors.RateLimited) as caught:
        edit(source)
    assert caught.value.retry_after == 86400
    assert server.count("POST", "/edit") == 1


def test_polling_survives_trouble_without_another_submit(
    acme: Any, edit: Any, server: ScriptedServer, source: Path
) -> None:
    server.on(
        "GET",
        "/jobs/7",
        Answer(status=500),
        Answer(fault="drop_after_body"),
        Answer(status=429, headers={"Retry-After": "1"}),
        Answer.json({"id": "7"}),
        Answer.json({"urls": [f"{server.url}/out.png"]}),
    )
    assert edit(source).cost is None
    assert server.count("POST", "/edit") == 1


@pytest.mark.parametrize(
    ("answer", "kind", "charged"),
    (
        (Answer.json({"state": "failed"}), errors.JobFailed, "no"),
        (Answer.json({"state": "failed", "code": "moderated"}), errors.ContentRejected, "yes"),
        (Answer(status=401), errors.AuthenticationError, "yes"),
        (Answer(body=HTML), errors.UnexpectedResponse, "yes"),
        (Answer.redirect("/elsewhere"), errors.UnexpectedResponse, "yes"),
    ),
    ids=str,
)
def test_bad_end_of_polling(
    acme: Any,
    edit: Any,
    server: ScriptedServer,
    source: Path,
    answer: Answer,
    kind: type[errors.ImgEditError],
    charged: str,
) -> None:
    server.on("GET", "/jobs/7", answer)
    with pytest.raises(kind) as caught:
        edit(source)
    assert caught.value.charged == charged
    assert server.count("POST", "/edit") == 1


def test_upload_refused_is_not_charged(
    acme: Any, edit: Any, server: ScriptedServer, source: Path
) -> None:
    server.on("POST", "/upload", Answer(status=413))
    with pytest.raises(errors.ImageRejected) as caught:
        edit(source)
    assert caught.value.charged == "no"
    assert server.count("POST", "/edit") == 0


def test_second_submit_is_refused(
    acme: Any, edit: Any, server: ScriptedServer, source: Path
) -> None:
    @imgedit.hookimpl
    def build_request(job: imgedit.Job) -> imgedit.HttpRequest:
        body = imgedit.Json({"state": dict(job.state)})
        return imgedit.HttpRequest(method="POST", url="/edit", purpose="submit", body=body)

    acme(build_request=build_request)
    with pytest.raises(errors.PluginError, match="second submit") as caught:
        edit(source)
    assert caught.value.charged == "yes"
    assert server.count("POST", "/edit") == 1


def test_billed_failure_carries_its_cost(
    acme: Any, edit: Any, server: ScriptedServer, source: Path
) -> None:
    rows = [{"code": ["moderated"], "is": "ContentRejected", "charged": "yes"}]
    acme({"errors": {"code": ["/code"], "rows": rows, "cost": {"at": "/cents", "scale": "0.01"}}})
    server.on("POST", "/edit", Answer.json({"code": "moderated", "cents": 4}, status=422))
    with pytest.raises(errors.ContentRejected) as caught:
        edit(source)
    assert caught.value.charged == "yes"
    assert str(caught.value.cost) == "0.04 USD"
    assert "It cost 0.04 USD." in str(caught.value)


@pytest.mark.parametrize(
    ("unit", "price", "cost"),
    (("acme:credits", "4", "0.04 USD"), ("USD", "0.04", "5 acme:credits")),
    ids=("money", "credits"),
)
def test_a_cost_in_another_unit_is_told_and_never_counted_as_the_own(
    acme: Any, server: ScriptedServer, source: Path, tmp_path: Path,
    unit: str, price: str, cost: str,
) -> None:  # fmt: skip
    amount, other = cost.split()
    told = {"at": "/cost", "unit": other}
    models = [{"id": "one", "price": {"amounts": price}}]
    acme({"unit": unit, "models": models, "errors": {**MANIFEST["errors"], "cost": told}})
    billed = {"code": "moderated", "state": "failed", "cost": amount}
    server.on("POST", "/edit", Answer.json(billed))
    budget = imgedit.Budget(amount=f"{price} {unit}")
    with imgedit.SyncClient(journal=tmp_path / "jobs.sqlite3", budgets=[budget]) as client:
        with pytest.raises(errors.ContentRejected) as caught:
            client.edit(source, "make it so", provider="acme")
        assert (caught.value.charged, caught.value.cost) == ("yes", imgedit.Money(amount, other))
        record = client.job(caught.value.job_id)
        assert record.cost == imgedit.Money(amount, other)
        assert job_row(record)["cost"] == {"amount": amount, "unit": other}
        (row,) = client.spend()
        assert (row.unit, str(row.charged), str(row.assumed)) == (unit, price, price)
        assert (row.drift, client.budgets()[0].left) == (0, 0)


def test_a_billed_failure_does_not_invite_a_repeat(
    acme: Any, edit: Any, server: ScriptedServer, source: Path
) -> None:
    acme({"errors": {"cost": {"at": "/cents", "scale": "0.01"}}})
    server.on("POST", "/edit", Answer.json({"cents": 4}, status=503))
    with pytest.raises(errors.ProviderUnavailable) as caught:
        edit(source)
    assert (caught.value.charged, caught.value.retryable) == ("yes", False)
    assert server.count("POST", "/edit") == 1


@pytest.mark.parametrize("status", (400, 429, 500))
def test_a_cost_that_a_hook_names_was_charged(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, status: int
) -> None:
    """Without a word of `charged`: else it would be sent again, and billed again."""

    @imgedit.hookimpl
    def map_error(job: imgedit.Job | None, response: imgedit.HttpResponse) -> Any:
        return errors.RateLimited("busy, and billed", cost=imgedit.Money("0.04", "USD"))

    acme(map_error=map_error)
    server.on("POST", "/edit", Answer(status=status))
    with pytest.raises(errors.RateLimited) as caught:
        edit(source)
    assert (caught.value.charged, caught.value.retryable) == ("yes", False)
    assert caught.value.job is None
    assert server.count("POST", "/edit") == 1


@pytest.mark.parametrize("says", ("map_error", "parse_response"))
def test_a_failure_that_names_a_cost_of_nothing_may_be_charged_all_the_same(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, tmp_path: Path, says: str
) -> None:
    """As where the table names it; nobody is told that an edit was free which may be paid."""
    path, free = tmp_path / "jobs.sqlite3", imgedit.Money("0", "USD")

    @imgedit.hookimpl
    def map_error(job: imgedit.Job | None, response: imgedit.HttpResponse) -> Any:
        return errors.ContentRejected("failed inside", cost=free)

    @imgedit.hookimpl
    def parse(job: imgedit.Job, response: imgedit.HttpResponse) -> Any:
        if response.purpose == "submit":
            raise errors.JobFailed("failed inside", cost=free)
        return parse_response(job, response)

    acme(map_error=map_error, parse_response=parse)
    charged = "unknown" if says == "map_error" else "yes"
    server.on("POST", "/edit", Answer(status=500) if says == "map_error" else Answer.json({}))
    with pytest.raises(errors.ProviderError, match="failed inside") as caught:
        edit(source, journal=path)
    assert (caught.value.charged, caught.value.cost) == (charged, None)
    with imgedit.SyncClient(journal=path) as client:
        record = client.job(str(caught.value.job_id))
    assert (record.charged, record.cost) == (charged, None)


def test_a_repeat_that_cost_nothing_does_not_make_the_first_try_free(
    acme: Any, edit: Any, server: ScriptedServer, source: Path
) -> None:
    cost = {**MANIFEST["errors"], "cost": {"at": "/cost"}}
    acme({"errors": cost, "idempotency": {"header": "Idempotency-Key", "hours": 24}})
    server.on("POST", "/edit", Answer(status=500), Answer.json({"cost": 0}, status=400))
    with pytest.raises(errors.InvalidRequest) as caught:
        edit(source)
    assert (caught.value.charged, caught.value.cost) == ("unknown", None)


def test_what_was_named_as_the_cost_is_none_while_the_charge_is_not_known(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    """The ledger counts it as not known; settled as charged, it is what it cost."""
    path = tmp_path / "jobs.sqlite3"

    @imgedit.hookimpl
    def parse(job: imgedit.Job, response: imgedit.HttpResponse) -> Any:
        found = parse_response(job, response)
        if response.purpose == "submit":
            return evolve(found, facts=imgedit.Facts(cost="0.05"))
        return found

    rows = [{"code": ["deleted"], "is": "JobFailed", "charged": "unknown"}]
    acme({"errors": {**MANIFEST["errors"], "rows": rows}}, parse_response=parse)
    server.on("GET", "/jobs/7", Answer.json({"state": "failed", "code": "deleted"}))
    with pytest.raises(errors.JobFailed) as caught:
        edit(source, journal=path)
    job = str(caught.value.job_id)
    assert (caught.value.charged, caught.value.cost) == ("unknown", None)
    with imgedit.SyncClient(journal=path) as client:
        record = client.job(job)
        assert (record.charged, record.cost, job_row(record)["cost"]) == ("unknown", None, None)
        (spent,) = client.spend()
        assert (spent.charged, spent.unknown) == (0, 1)
        assert client.settle(job, charged=True).cost == imgedit.Money("0.05", "USD")


def test_a_failure_that_may_be_charged_tells_no_cost(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    path = tmp_path / "jobs.sqlite3"

    @imgedit.hookimpl
    def parse(job: imgedit.Job, response: imgedit.HttpResponse) -> Any:
        if response.purpose == "poll":
            raise errors.JobFailed("odd", cost=imgedit.Money("0.04", "USD"), charged="unknown")
        return parse_response(job, response)

    acme(parse_response=parse)
    with pytest.raises(errors.JobFailed, match="It is not known whether") as caught:
        edit(source, journal=path)
    assert (caught.value.charged, caught.value.cost) == ("unknown", None)
    with imgedit.SyncClient(journal=path) as client:
        assert client.job(str(caught.value.job_id)).cost is None


@pytest.mark.parametrize(("amount", "said"), (("0", None), ("0.07", None), ("0.07", "no")))
def test_what_a_refused_question_costs_is_not_what_its_edit_cost(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, tmp_path: Path, amount: str,
    said: Any,
) -> None:  # fmt: skip
    path = tmp_path / "jobs.sqlite3"

    @imgedit.hookimpl
    def map_error(job: imgedit.Job | None, response: imgedit.HttpResponse) -> Any:
        return errors.ContentRejected("busy", cost=imgedit.Money(amount, "USD"), charged=said)

    acme(map_error=map_error)
    server.on("GET", "/jobs/7", Answer(status=500))
    with pytest.raises(errors.ContentRejected) as caught:
        edit(source, journal=path)
    assert (caught.value.charged, caught.value.cost) == ("yes", None)
    with imgedit.SyncClient(journal=path) as client:
        assert client.job(str(caught.value.job_id)).cost is None


@pytest.mark.parametrize(
    "poll", (Answer(status=503), Answer(status=429), Answer(fault="drop_after_body")), ids=repr
)
def test_a_paid_edit_that_can_go_on_is_not_retryable(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, poll: Answer
) -> None:
    """An edit begun anew would be paid twice, although the poll may well succeed later."""
    server.on("GET", "/jobs/7", poll)
    with pytest.raises(errors.ProviderError) as caught:
        edit(source)
    assert (caught.value.charged, caught.value.retryable) == ("yes", False)
    assert caught.value.job is not None
    server.on("GET", "/jobs/7", Answer(status=503))
    with pytest.raises(errors.ProviderUnavailable) as again:
        resume(caught.value.job)
    assert not again.value.retryable


@pytest.mark.parametrize(("status", "retryable"), (("done", False), ("planned", True)))
def test_a_locked_journal_is_retryable_before_paying_only(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, tmp_path: Path,
    status: str, retryable: bool,
) -> None:  # fmt: skip
    class Locked(SqliteJournal):
        def save(self, record: JobRecord, **options: Any) -> None:
            if record.job.status == status:
                raise errors.JournalError("the journal is locked", retryable=True)
            super().save(record, **options)

    with pytest.raises(errors.JournalError) as caught:
        edit(source, journal=Locked(tmp_path / "jobs.sqlite3"))
    assert (caught.value.charged == "no", caught.value.retryable) == (retryable, retryable)
    assert (caught.value.job is None) == retryable


@pytest.mark.parametrize("key", ("", "   ", "two\nlines", "trailing\n"))
def test_unusable_key_sends_nothing(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, key: str
) -> None:
    with pytest.raises(errors.ConfigError) as caught:
        edit(source, keys={"acme": key})
    assert server.requests == []
    assert not key.strip() or key not in str(caught.value)


def test_missing_key_sends_nothing(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ACME_API_KEY")
    with pytest.raises(errors.ConfigError, match="ACME_API_KEY"):
        edit(source)
    assert server.requests == []


def test_a_job_that_never_waits_is_stopped(
    acme: Any, edit: Any, server: ScriptedServer, source: Path
) -> None:
    @imgedit.hookimpl
    def parse_response(job: imgedit.Job, response: imgedit.HttpResponse) -> imgedit.Next:
        return imgedit.Next({"handles": {"other": "h"}})

    acme(parse_response=parse_response)
    with pytest.raises(errors.PluginError, match="in a row") as caught:
        edit(source)
    assert caught.value.charged == "no"
    assert server.count("POST", "/edit") == 0


@pytest.mark.parametrize(
    "answer", (Answer(status=500), Answer(body=HTML), Answer(fault="drop_after_body")), ids=str
)
def test_an_unknown_outcome_never_invites_to_pay_again(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, tmp_path: Path,
    answer: Answer,
) -> None:  # fmt: skip
    """What to do next is to go on with the job, then to look in the account."""
    path = tmp_path / "jobs.sqlite3"
    server.on("POST", "/edit", answer)
    with pytest.raises(errors.ProviderError) as caught:
        edit(source, journal=path)
    job = caught.value.job_id
    assert caught.value.charged == "unknown"
    assert caught.value.hint == f'Go on with: client.resume("{job}")'
    with pytest.raises(errors.ProviderError) as caught:
        resume(job, journal=path)
    assert f'client.settle("{job}"' in (caught.value.hint or "")
    with pytest.raises(errors.ProviderError) as caught:
        edit(source)  # without a journal there is nothing that the command line could resume
    assert "imgedit jobs" not in str(caught.value)
    assert "client.resume(error.job)" in (caught.value.hint or "")


@pytest.mark.parametrize(
    "odd",
    ("1e400", "1e5000", "1e1000000", "1e-5000", "1" * 5000, "[" * 600 + "]" * 600),
    ids=lambda odd: odd[:9],
)
def test_an_odd_value_in_an_answer_costs_no_picture(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, tmp_path: Path, odd: str
) -> None:
    body = f'{{"urls": ["{server.url}/out.png"], "odd": {odd}}}'.encode()
    server.on("POST", "/edit", Answer(body=body, headers=JSON))
    result = edit(source, journal=tmp_path / "jobs.sqlite3")
    assert result.image.size == len(png())
    assert len(json.dumps(result_document(result), indent=2)) < 100_000
