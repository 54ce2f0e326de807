"""Answers that are lost: looked up by the job's name or in the list, never paid twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import imgedit
from imgedit import errors
from imgedit.testing.pictures import png
from imgedit.testing.server import Answer

EDIT = "/v1/edit/image"
JOB = "1f0c2d3e-aaaa-4bbb-8ccc-000000000007"
ASK = f"/v1/jobs/{JOB}"
URL = "https://pictures.example/a.jpg"

Edit = Callable[..., imgedit.EditResult]

GATEWAY = b"<html>502 Bad Gateway</html>"
LOST = (
    Answer(fault="drop_before_body"),
    Answer(fault="drop_after_body"),
    Answer(fault="reset_after_body"),
    Answer(status=500, body=GATEWAY),
    Answer(status=502, body=GATEWAY),
    Answer.json({"message": "Service Unavailable"}, status=503),
    Answer(status=504, body=GATEWAY),
    Answer.redirect("https://elsewhere.example/"),
)
lost_answers = pytest.mark.parametrize(
    "lost", LOST, ids=[f"{one.fault or one.status}" for one in LOST]
)


def good(vendor: Any, result: imgedit.EditResult) -> None:
    assert result.image.read() == png()
    assert result.vendor_ids["job_id"] == JOB
    assert str(result.cost) == "0.045000 EUR"
    assert str(result.balance) == "9.955000 EUR"
    assert result.attempts == 1
    assert vendor.edits == 1


@pytest.mark.parametrize(
    "lost",
    ("drop_inside", "html", "half", "empty", "no picture", "502", "503", "redirect"),
)
def test_by_the_header(vendor: Any, edit: Edit, lost: str) -> None:
    named = {"X-Depicta-Job-Id": JOB}
    answer = {
        "drop_inside": vendor.edited(fault="drop_inside"),
        "html": Answer(body=GATEWAY, headers=named),
        "half": Answer(body=b'{"id": "9a', headers=named),
        "empty": Answer(headers=named),
        "no picture": vendor.edited(image_url=..., formats=...),
        "502": Answer(status=502, body=GATEWAY, headers=named),
        "503": Answer.json({"message": "Service Unavailable"}, status=503, headers=named),
        "redirect": Answer.redirect("https://elsewhere.example/", headers=named),
    }[lost]
    vendor.on("POST", EDIT, answer)
    vendor.on("GET", ASK, vendor.job("pending"), vendor.job("processing"), vendor.job("completed"))
    good(vendor, edit(URL))
    assert vendor.count("GET", ASK) == 3
    assert vendor.count("GET", "/v1/jobs") == 0


@lost_answers
@pytest.mark.parametrize("status", ("pending", "processing", "completed"))
def test_through_the_list(vendor: Any, edit: Edit, lost: Answer, status: str) -> None:
    vendor.on("POST", EDIT, lost)
    vendor.on("GET", "/v1/jobs", vendor.listed({"status": status}, {"name": "old", "age": 60}))
    vendor.on("GET", ASK, vendor.job(status), vendor.job("completed"))
    good(vendor, edit(URL))
    assert vendor.count("GET", "/v1/jobs") == 1


@lost_answers
def test_no_job_is_no_proof(vendor: Any, edit: Edit, resume: Any, lost: Answer) -> None:
    vendor.on("POST", EDIT, lost)
    vendor.on("GET", "/v1/jobs", vendor.listed({"name": "old", "age": 60}))
    with pytest.raises(errors.OutcomeUnknown, match="no job for this edit yet") as caught:
        edit(URL)
    assert (caught.value.charged, caught.value.retryable) == ("unknown", False)
    for _ in range(2):
        with pytest.raises(errors.OutcomeUnknown):
            resume(caught.value.job_id)
    # It was only late.
    vendor.on("GET", "/v1/jobs", vendor.listed({"age": 1}))
    good(vendor, resume(caught.value.job_id))


def test_several_jobs_stay_unknown(vendor: Any, edit: Edit, resume: Any) -> None:
    vendor.on("POST", EDIT, Answer(fault="drop_after_body"))
    vendor.on("GET", "/v1/jobs", vendor.listed({"name": "a"}, {"name": "b"}))
    with pytest.raises(errors.OutcomeUnknown, match="2 jobs") as caught:
        edit(URL)
    assert caught.value.charged == "unknown"
    with pytest.raises(errors.OutcomeUnknown, match="2 jobs"):
        resume(caught.value.job_id)
    assert (vendor.edits, vendor.count("GET", "/v1/jobs")) == (1, 2)
    assert vendor.count("GET", "/v1/jobs/*") == 0


def test_our_other_jobs_are_told_apart(vendor: Any, edit: Edit, tmp_path: Path) -> None:
    vendor.on("POST", EDIT, vendor.edited(id="another", headers={"X-Depicta-Job-Id": "first"}))
    edit(URL, out=tmp_path / "first.png")
    vendor.forget()
    vendor.on("POST", EDIT, Answer(fault="drop_after_body"))
    rows = ({}, {"name": "first", "status": "completed"})
    vendor.on("GET", "/v1/jobs", vendor.listed(*rows))
    good(vendor, edit(URL))


def test_a_list_of_two_pages(vendor: Any, edit: Edit) -> None:
    vendor.on("POST", EDIT, Answer(fault="drop_after_body"))
    vendor.on(
        "GET",
        "/v1/jobs",
        vendor.listed({"name": "later", "age": -300}, total=3),
        vendor.listed({}, {"name": "old", "age": 60}, total=3),
    )
    good(vendor, edit(URL))
    assert [one.query for one in vendor.received("GET", "/v1/jobs")] == [{}, {"offset": "1"}]


@pytest.mark.parametrize(
    ("code", "kind"),
    (
        ("content_rejected", errors.ContentRejected),
        ("insufficient_credits", errors.InsufficientCredits),
        ("internal_error", errors.JobFailed),
    ),
)
def test_a_job_that_failed_was_not_charged(
    vendor: Any, edit: Edit, resume: Any, code: str, kind: Any
) -> None:
    vendor.on("POST", EDIT, vendor.edited(fault="drop_inside"))
    error = {"code": code, "message": "why"}
    vendor.on("GET", ASK, vendor.job("processing"), vendor.job("failed", error=error))
    with pytest.raises(kind, match="why") as caught:
        edit(URL)
    assert type(caught.value) is kind
    assert (caught.value.charged, caught.value.code) == ("no", code)
    with pytest.raises(kind):
        resume(caught.value.job_id)
    assert (vendor.edits, vendor.count("GET", ASK)) == (1, 2)  # it is over: nobody was asked again


@pytest.mark.parametrize(
    "trouble",
    (
        Answer.json({"error": "not_found"}, status=404),
        Answer.json({"error": "auth_invalid"}, status=401),
        Answer(status=500),
        Answer(body=b"<html>"),
        Answer(fault="drop_after_body"),
    ),
    ids=["404", "401", "500", "html", "dropped"],
)
@pytest.mark.parametrize("where", ("/v1/jobs", ASK))
def test_trouble_while_looking_leaves_it_unknown(
    vendor: Any, edit: Edit, resume: Any, where: str, trouble: Answer
) -> None:
    header = {} if where == "/v1/jobs" else {"X-Depicta-Job-Id": JOB}
    vendor.on("POST", EDIT, Answer(status=502, body=GATEWAY, headers=header))
    vendor.on("GET", where, trouble)
    with pytest.raises(errors.ProviderError) as caught:
        edit(URL)
    assert (caught.value.charged, caught.value.retryable) == ("unknown", False)
    vendor.on("GET", where, vendor.listed({"age": 1}) if header == {} else vendor.job("completed"))
    good(vendor, resume(caught.value.job_id))


def test_a_refusal_is_not_looked_up(vendor: Any, edit: Edit) -> None:
    broken = {"error": "internal_error", "message": "oops", "request_id": "r1"}
    vendor.on("POST", EDIT, Answer.json(broken, status=500), vendor.edited())
    assert edit(URL).attempts == 2
    assert vendor.count("GET", "/v1/jobs*") == 0


def test_parallel_edits_each_keep_their_own(vendor: Any, tmp_path: Path) -> None:
    """Both answers are lost after the headers: each header names its own job."""
    pictures = {name: png(color=(shade, 0, 0)) for name, shade in (("j1", 10), ("j2", 20))}
    fresh = iter(pictures)
    for name, data in pictures.items():
        one = {"url": f"{vendor.url}/out/{name}.png"}
        done = vendor.result(image_url=..., id=f"g-{name}", formats={"png": one})
        vendor.on("GET", f"/v1/jobs/{name}", vendor.job("completed", job_id=name, result=done))
        vendor.on("GET", f"/out/{name}.png", Answer.picture(data))
    vendor.on(
        "POST",
        EDIT,
        lambda _: vendor.edited(fault="drop_inside", headers={"X-Depicta-Job-Id": next(fresh)}),
    )

    async def run() -> list[imgedit.EditResult]:
        async with imgedit.Client(journal=tmp_path / "jobs.sqlite3") as client:
            edits = [client.edit(URL, "make it so", provider="depicta") for _ in range(2)]
            results = await asyncio.gather(*edits)
            for result in results:
                assert result.image.read() == pictures[result.vendor_ids["job_id"]]
            return results

    assert {one.vendor_ids["id"] for one in asyncio.run(run())} == {"g-j1", "g-j2"}
    assert vendor.edits == 2


def test_without_a_journal_the_errors_json_goes_on(vendor: Any, quick: list[float]) -> None:
    vendor.on("POST", EDIT, Answer(fault="drop_after_body"))
    with imgedit.SyncClient() as client:
        with pytest.raises(errors.OutcomeUnknown) as caught:
            client.edit(URL, "make it so", provider="depicta")
        assert caught.value.job is not None
        vendor.on("GET", "/v1/jobs", vendor.listed({"age": 1}))
        good(vendor, client.resume(caught.value.job))


@pytest.mark.parametrize("body", (GATEWAY, b'{"id": "9a', b"", b"{}"), ids=repr)
def test_an_answer_that_cannot_be_read_and_names_no_job(
    vendor: Any, edit: Edit, resume: Any, body: bytes
) -> None:
    vendor.on("POST", EDIT, Answer(body=body))
    with pytest.raises(errors.ProviderError) as caught:
        edit(URL)
    assert caught.value.charged == "unknown"
    with pytest.raises(errors.ProviderError) as again:
        resume(caught.value.job_id)
    assert again.value.charged == "unknown"
    vendor.on("GET", "/v1/jobs", vendor.listed({"age": 1}))
    good(vendor, resume(caught.value.job_id))
