"""The hooks as what they are: functions of a job and an answer."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from attrs import evolve

from imgedit import (
    Done,
    EditRequest,
    FilePart,
    HttpResponse,
    ImageSource,
    Job,
    Json,
    Multipart,
    Next,
    OutcomeUnknown,
    PluginError,
    Reference,
    UnexpectedResponse,
    Wait,
)
from imgedit.discovery import Provider
from imgedit.testing.pictures import png

RED = ImageSource.of(png(color=(200, 0, 0)))
BLUE = ImageSource.of(png(color=(0, 0, 200)))
URL = ImageSource(url="https://pictures.example/a.jpg?x=%2F")
SENT = datetime(2026, 11, 20, 12, 0, 0, tzinfo=UTC)

RESULT = {
    "id": "g1",
    "ai_generated": True,
    "image_url": "https://images.depicta.ai/old.png?s=1",
    "image_hash": "aa" * 32,
    "formats": {
        kind: {
            "url": f"https://images.depicta.ai/1.{kind}?s=1",
            "format": kind,
            "size_bytes": size,
            "hash": f"{size}" * 16,
            "expires_at": "2026-11-20T13:00:00Z",
        }
        for kind, size in (("jpeg", 1001), ("png", 1002), ("webp", 1003))
    },
    "cost_eur": "0.045000",
    "balance_eur": "9.955000",
    "model": "gemini-2.5-flash-image",
}


def job(
    provider: Provider, image: ImageSource = RED, *references: tuple[ImageSource, str], **facts: Any
) -> Job:
    own = {
        name: facts.pop(name)
        for name in ("state", "status", "sent_at", "taken", "rivals")
        if name in facts
    }
    request = EditRequest(
        image=image,
        prompt="make it so",
        references=[Reference(picture, told) for picture, told in references],
        **facts,
    )
    model = provider.manifest.pick(request.model).model
    return Job(id="01K", provider="depicta", request=request, model=model, **own)


def answer(purpose: Any, value: Any, **headers: str) -> HttpResponse:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpResponse(status=200, body=body, purpose=purpose, headers=named)


def test_every_state_from_files(provider: Provider) -> None:
    now = job(
        provider,
        RED,
        (BLUE, "a blue car"),
        (RED, "the same again"),
        (URL, "a web page"),
        model="gemini-2.5-flash-image",
        resolution="2k",
        aspect_ratio="16:9",
        output_format="webp",
        options={"strictness": "liberal"},
    )
    for picture, handle in ((RED, "https://in.example/r"), (BLUE, "https://in.example/b")):
        upload = provider.build_request(now)
        assert (upload.method, upload.url, upload.purpose) == ("POST", "/v1/upload", "upload")
        assert upload.body == Multipart([("image", FilePart(picture))])
        assert provider.build_request(now) == upload
        step = provider.parse_response(now, answer("upload", {"upload_url": handle}))
        assert isinstance(step, Next)
        now = evolve(now, state=step.state)
    edit = provider.build_request(now)
    assert (edit.method, edit.url, edit.purpose) == ("POST", "/v1/edit/image", "submit")
    assert edit.body == Json(
        {
            "model": "gemini-2.5-flash-image",
            "prompt": "make it so",
            "aspect_ratio": "16:9",
            "image_size": "2K",
            "strictness": "liberal",
            "input_image_url": "https://in.example/r",
            "reference_images": [
                {"url": "https://in.example/b", "description": "a blue car"},
                {"url": "https://in.example/r", "description": "the same again"},
                {"url": URL.url, "description": "a web page"},
            ],
        }
    )
    assert provider.build_request(now) == edit

    done = provider.parse_response(now, answer("submit", RESULT, X_Depicta_Job_Id="j-1"))
    assert isinstance(done, Done)
    (output,) = done.images
    assert output.url == "https://images.depicta.ai/1.webp?s=1"
    assert (output.media_type, output.size) == ("image/webp", 1003)
    assert output.sha256 == "1003" * 16
    assert output.expires_at == datetime(2026, 11, 20, 13, tzinfo=UTC)
    assert {kind: (one.url, one.size) for kind, one in output.variants.items()} == {
        "png": ("https://images.depicta.ai/1.png?s=1", 1002),
        "jpeg": ("https://images.depicta.ai/1.jpeg?s=1", 1001),
    }
    facts = done.facts
    assert str(facts.cost) == "0.045000"
    assert str(facts.balance) == "9.955000"
    assert (facts.model, facts.ai_generated) == ("gemini-2.5-flash-image", True)
    assert facts.vendor_ids == {"id": "g1", "job_id": "j-1"}
    assert facts.warnings == ()
    assert done.refresh == {"job": "j-1"}


def test_little_is_sent_when_little_is_said(provider: Provider) -> None:
    edit = provider.build_request(job(provider, URL))
    assert edit.body == Json({"prompt": "make it so", "input_image_url": URL.url})


def test_a_job_is_asked_after(provider: Provider) -> None:
    now = job(provider, state={"job": "j-1"}, status="unknown")
    poll = provider.build_request(now)
    assert (poll.method, poll.url, poll.purpose) == ("GET", "/v1/jobs/j-1", "poll")
    for status in ("pending", "processing", "something new"):
        step = provider.parse_response(now, answer("poll", {"status": status, "result": None}))
        assert isinstance(step, Wait)
        assert (step.state, step.seconds) == ({"job": "j-1"}, None)
        assert step.facts.vendor_ids == {"job_id": "j-1"}
    nested = provider.parse_response(now, answer("poll", {"status": "completed", "result": RESULT}))
    flat = provider.parse_response(now, answer("poll", {"status": "completed", **RESULT}))
    assert nested == flat
    assert isinstance(nested, Done)
    assert nested.images[0].media_type == "image/png"
    assert nested.facts.vendor_ids == {"id": "g1", "job_id": "j-1"}


def submitted(provider: Provider, value: Any, **fields: Any) -> Any:
    return provider.parse_response(job(provider, URL, **fields), answer("submit", value))


def test_the_older_fields_serve_where_there_are_no_formats(provider: Provider) -> None:
    for formats in (None, {}, {"png": {"format": "png"}}, {"png": None}, []):
        done = submitted(provider, {**RESULT, "formats": formats})
        (output,) = done.images
        assert output.url == RESULT["image_url"]
        assert output.sha256 == RESULT["image_hash"]
        assert (output.size, output.variants, done.refresh) == (None, {}, None)


@pytest.mark.parametrize("url", (None, "", 7), ids=repr)
def test_a_format_without_a_url_is_none(provider: Provider, url: Any) -> None:
    result = {"image_url": "https://x.example/1.png", "formats": {"png": {"url": url}}}
    (output,) = submitted(provider, result).images
    assert output.url == "https://x.example/1.png"


def test_a_format_that_was_not_made_is_told(provider: Provider) -> None:
    done = submitted(provider, {**RESULT, "formats": None}, output_format="webp")
    assert done.images[0].media_type == "image/png"
    (warning,) = done.facts.warnings
    assert "webp" in warning
    assert "png" in warning


def test_only_another_format(provider: Provider) -> None:
    formats = {"jpeg": RESULT["formats"]["jpeg"]}  # type: ignore[index]  # it is a dict
    done = submitted(provider, {"formats": formats})
    assert done.images[0].media_type == "image/jpeg"
    assert len(done.facts.warnings) == 1
    assert done.facts.vendor_ids == {}
    assert (done.facts.cost, done.facts.ai_generated) == (None, None)


@pytest.mark.parametrize("value", (None, "", "many", True, 0.5, {}, [], "NaN", "1e99"), ids=str)
def test_strange_values_beside_the_picture_lose_no_picture(provider: Provider, value: Any) -> None:
    strange = dict.fromkeys(("id", "cost_eur", "balance_eur", "model", "ai_generated"), value)
    formats = {
        "png": {
            "url": "https://x.example/1.png",
            **dict.fromkeys(("format", "size_bytes", "hash", "expires_at"), value),
        }
    }
    done = submitted(provider, {**strange, "formats": formats})
    assert done.images[0].url == "https://x.example/1.png"
    if not isinstance(value, float):  # 0.5 as a JSON number is an amount
        assert done.facts.cost is None
    assert done.images[0].size is None
    assert done.images[0].sha256 is None
    assert done.images[0].expires_at is None


@pytest.mark.parametrize(
    "value",
    ({}, {"id": "g"}, {"formats": {}}, {"image_url": 7}, [], None, 3, b"<html>", b""),
    ids=str,
)
def test_an_answer_without_a_picture(provider: Provider, value: Any) -> None:
    with pytest.raises(UnexpectedResponse, match="names no picture"):
        submitted(provider, value)
    polled = answer("poll", {"status": "completed", "result": None})
    with pytest.raises(UnexpectedResponse, match="names no picture"):
        provider.parse_response(job(provider, URL, state={"job": "j"}), polled)


@pytest.mark.parametrize(
    "value", ({}, {"upload_url": 7}, {"upload_url": ""}, [], None, b"<"), ids=str
)
def test_an_upload_without_a_url(provider: Provider, value: Any) -> None:
    with pytest.raises(UnexpectedResponse, match="/upload_url"):
        provider.parse_response(job(provider), answer("upload", value))


@pytest.mark.parametrize("value", ({}, {"status": None}, [], None, b"<html>"), ids=str)
def test_a_job_without_a_status(provider: Provider, value: Any) -> None:
    with pytest.raises(UnexpectedResponse, match="/status"):
        provider.parse_response(job(provider, state={"job": "j"}), answer("poll", value))


def test_a_reference_needs_words(provider: Provider) -> None:
    for told, good in ((None, False), ("", False), ("  ", False), ("a hat", True)):
        now = job(provider, URL, (URL, "x"), (URL, told))  # type: ignore[arg-type]  # None is tried
        found = provider.validate(now.request, now.model).problems
        assert [problem.path for problem in found] == (
            [] if good else ["/references/1/description"]
        )


# -- settling


def lost(provider: Provider, **facts: Any) -> Job:
    return job(provider, URL, status="sent", sent_at=SENT, **facts)


def listing(*rows: tuple[str, float], **more: Any) -> HttpResponse:
    """A list of (job, seconds after the edit was sent)."""
    jobs = [
        {
            "job_id": name,
            "status": "processing",
            "created_at": (SENT + timedelta(seconds=after)).isoformat().replace("+00:00", "Z"),
        }
        for name, after in rows
    ]
    return answer(
        "settle", {"generations": jobs, "limit": 20, "offset": 0, "total": len(jobs), **more}
    )


def searching(provider: Provider, **facts: Any) -> Job:
    now = lost(provider, **facts)
    step = provider.reconcile(now, None)
    assert isinstance(step, Next)
    return evolve(now, state=step.state, status="unknown")


def test_a_header_names_the_job(provider: Provider) -> None:
    for status in (200, 502):
        partial = HttpResponse(status=status, headers={"X-Depicta-Job-Id": " j-1 "})
        step = provider.reconcile(lost(provider), partial)
        assert step is not None
        assert step.state == {"job": "j-1"}
        assert step.facts.vendor_ids == {"job_id": "j-1"}


@pytest.mark.parametrize("name", (None, "", "..", "a/b", "a b", "a?b=c"))
def test_without_a_good_header_the_list_is_read(provider: Provider, name: str | None) -> None:
    headers = {} if name is None else {"X-Depicta-Job-Id": name}
    step = provider.reconcile(lost(provider), HttpResponse(status=200, headers=headers))
    assert step is not None
    now = evolve(lost(provider), state=step.state)
    request = provider.build_request(now)
    assert (request.method, request.url, request.purpose) == ("GET", "/v1/jobs", "settle")
    assert (request.query, request.spends) == ({}, False)


def test_what_was_never_sent_is_not_looked_up(provider: Provider) -> None:
    assert provider.reconcile(job(provider, URL), None) is None


@pytest.mark.parametrize("after", (-2, -1, 0, 0.5, 90, 120))
def test_the_only_new_job_is_it(provider: Provider, after: float) -> None:
    step = provider.parse_response(searching(provider), listing(("new", after), ("old", -300)))
    assert isinstance(step, Next)
    assert step.state == {"job": "new"}
    assert step.facts.vendor_ids == {"job_id": "new"}


@pytest.mark.parametrize("after", (-2.5, -3600, 121, 86400))
def test_a_job_of_another_time_is_not(provider: Provider, after: float) -> None:
    with pytest.raises(OutcomeUnknown, match="no job") as caught:
        provider.parse_response(searching(provider), listing(("other", after)))
    assert caught.value.charged == "unknown"
    assert "jobs resume 01K" in str(caught.value)


def test_no_job_at_all_is_no_proof(provider: Provider) -> None:
    with pytest.raises(OutcomeUnknown, match="no job") as caught:
        provider.parse_response(searching(provider), listing())
    assert caught.value.charged == "unknown"


def test_two_new_jobs_are_one_too_many(provider: Provider) -> None:
    two = listing(("a", 1), ("b", 0))
    with pytest.raises(OutcomeUnknown, match="2 jobs"):
        provider.parse_response(searching(provider), two)
    step = provider.parse_response(searching(provider, taken=frozenset({"a"})), two)
    assert isinstance(step, Next)
    assert step.state == {"job": "b"}


@pytest.mark.parametrize(("apart", "told"), ((-122, True), (0, True), (122, True), (123, False)))
def test_another_edit_that_is_not_settled_may_be_the_one(
    provider: Provider, apart: int, told: bool
) -> None:
    job = searching(provider)
    assert job.sent_at is not None
    job = evolve(job, rivals=(job.sent_at + timedelta(seconds=apart),))
    if told:
        with pytest.raises(OutcomeUnknown, match="another edit of ours"):
            provider.parse_response(job, listing(("a", 1)))
        with pytest.raises(OutcomeUnknown, match="no job for this edit yet"):
            provider.parse_response(job, listing())
    else:
        step = provider.parse_response(job, listing(("a", 1)))
        assert isinstance(step, Next)
        assert step.state == {"job": "a"}


def test_a_job_known_by_its_generation_is_taken(provider: Provider) -> None:
    value = json.loads(listing(("a", 1), ("b", 0)).body)
    value["generations"][0]["result"] = RESULT
    step = provider.parse_response(
        searching(provider, taken=frozenset({"g1"})), answer("settle", value)
    )
    assert isinstance(step, Next)
    assert step.state == {"job": "b"}


def test_a_list_of_several_pages(provider: Provider) -> None:
    now = searching(provider)
    step = provider.parse_response(now, listing(("late", 500), ("mine", 3), total=5))
    assert isinstance(step, Next)
    now = evolve(now, state=step.state)
    request = provider.build_request(now)
    assert (request.url, request.query) == ("/v1/jobs", {"offset": 2})
    # A new job has pushed one over to this page: it is still one job.
    last = provider.parse_response(now, listing(("mine", 3), ("old", -100), total=6))
    assert isinstance(last, Next)
    assert last.state == {"job": "mine"}
    with pytest.raises(OutcomeUnknown, match="2 jobs"):
        provider.parse_response(now, listing(("another", 2), ("old", -100), total=6))


def test_pages_end_where_older_jobs_begin_or_nothing_comes(provider: Provider) -> None:
    step = provider.parse_response(searching(provider), listing(("a", 1), ("b", -9), total=900))
    assert isinstance(step, Next)
    assert step.state == {"job": "a"}
    with pytest.raises(OutcomeUnknown):
        provider.parse_response(searching(provider), listing(total=900))


@pytest.mark.parametrize(
    "value",
    (
        {},
        [],
        None,
        b"<html>",
        {"generations": {}},
        {"generations": [None]},
        {"generations": [{"job_id": "a"}]},
        {"generations": [{"job_id": "a", "created_at": "yesterday"}]},
        {"generations": [{"job_id": 7, "created_at": "2026-11-20T12:00:00Z"}]},
        {"generations": [{"job_id": "../x", "created_at": "2026-11-20T12:00:00Z"}]},
    ),
    ids=str,
)
def test_a_list_that_cannot_be_read(provider: Provider, value: Any) -> None:
    with pytest.raises(UnexpectedResponse, match="list of jobs") as caught:
        provider.parse_response(searching(provider), answer("settle", value))
    assert caught.value.charged == "unknown"


def test_a_time_without_a_zone_is_utc(provider: Provider) -> None:
    value = {"generations": [{"job_id": "a", "created_at": "2026-11-20T12:00:01"}]}
    step = provider.parse_response(searching(provider), answer("settle", value))
    assert isinstance(step, Next)


def test_no_hook_breaks_on_a_state_of_another_version(provider: Provider) -> None:
    with pytest.raises(PluginError):
        provider.build_request(job(provider, URL, state={"job": "../../x"}))
