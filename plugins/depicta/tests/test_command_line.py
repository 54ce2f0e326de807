"""The command line: every row of the error table, what would be sent, and killed edits."""

from __future__ import annotations

import hashlib
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from imgedit.testing.pictures import png
from imgedit.testing.server import Answer

EDIT = "/v1/edit/image"
UPLOAD = "/v1/upload"
JOB = "1f0c2d3e-aaaa-4bbb-8ccc-000000000007"
GENERATION = "9a8b7c6d-aaaa-4bbb-8ccc-000000000001"
ASK = f"/v1/jobs/{JOB}"
LIST = "/v1/jobs"

Call = Callable[..., Any]


def refused(status: int, code: str | None, **facts: Any) -> Answer:
    if code is None:
        return Answer(status=status, body=b"<html>Bad gateway</html>", **facts)
    body = {"error": code, "message": "that is why", "details": {}, "request_id": "r-1"}
    return Answer.json(body, status=status, **facts)


# Path, answer → class, exit code, charged, retryable, submits.
ROWS = (
    (EDIT, refused(400, "bad_request"), "InvalidRequest", 7, "no", False, 1),
    (EDIT, refused(401, "auth_invalid"), "AuthenticationError", 3, "no", False, 1),
    (EDIT, refused(402, "credit_insufficient"), "InsufficientCredits", 4, "no", False, 1),
    (EDIT, refused(403, "auth_email_not_verified"), "PermissionDenied", 3, "no", False, 1),
    (EDIT, refused(403, "account_suspended"), "PermissionDenied", 3, "no", False, 1),
    (EDIT, refused(403, "model_not_allowed"), "ModelUnavailable", 7, "no", False, 1),
    (EDIT, refused(403, "content_rejected"), "ContentRejected", 5, "no", False, 1),
    (EDIT, refused(404, "not_found"), "NotFound", 7, "no", False, 1),
    (EDIT, refused(409, "what_it_says"), "Conflict", 7, "no", False, 1),
    (EDIT, refused(413, "payload_too_large"), "ImageRejected", 7, "no", False, 1),
    (EDIT, refused(422, "validation_error"), "InvalidRequest", 7, "no", False, 1),
    (EDIT, refused(422, "model_not_capable"), "ModelUnavailable", 7, "no", False, 1),
    (EDIT, refused(429, "rate_limited"), "RateLimited", 6, "no", True, 3),
    (
        EDIT,
        refused(429, "rate_limited", headers={"Retry-After": "3600"}),
        "RateLimited",
        6,
        "no",
        True,
        1,
    ),
    (EDIT, refused(451, "content_rejected"), "ContentRejected", 5, "no", False, 1),
    (EDIT, refused(500, "internal_error"), "ProviderUnavailable", 7, "no", True, 3),
    (EDIT, refused(502, "what_it_says"), "OutcomeUnknown", 8, "unknown", False, 1),
    (EDIT, refused(503, "what_it_says"), "OutcomeUnknown", 8, "unknown", False, 1),
    (EDIT, refused(500, None), "OutcomeUnknown", 8, "unknown", False, 1),
    (EDIT, refused(502, None), "OutcomeUnknown", 8, "unknown", False, 1),
    (EDIT, refused(503, None), "OutcomeUnknown", 8, "unknown", False, 1),
    (EDIT, refused(504, "timeout"), "OutcomeUnknown", 8, "unknown", False, 1),
    (EDIT, Answer(fault="drop_after_body"), "OutcomeUnknown", 8, "unknown", False, 1),
    (UPLOAD, refused(401, "auth_invalid"), "AuthenticationError", 3, "no", False, 0),
    (UPLOAD, refused(413, "payload_too_large"), "ImageRejected", 7, "no", False, 0),
    (UPLOAD, refused(422, "validation_error"), "ImageRejected", 7, "no", False, 0),
    (UPLOAD, refused(429, "rate_limited"), "RateLimited", 6, "no", True, 0),
    (UPLOAD, refused(500, None), "ProviderUnavailable", 7, "no", True, 0),
    (UPLOAD, Answer.json({"url": "https://x.example/"}), "UnexpectedResponse", 7, "no", False, 0),
)


@pytest.mark.parametrize(
    ("path", "answer", "kind", "code", "charged", "retryable", "submits"),
    ROWS,
    ids=[f"{row[0].rpartition('/')[2]}-{row[1].fault or row[1].status}-{row[2]}" for row in ROWS],
)
def test_every_error(
    vendor: Any,
    call: Call,
    photo: Path,
    path: str,
    answer: Answer,
    kind: str,
    code: int,
    charged: str,
    retryable: bool,
    submits: int,
) -> None:
    vendor.on("POST", path, answer)
    ran = call("edit", photo, "make it so", "-p", "depicta", "-o", "out.png")
    error = ran.error
    assert (error["type"], error["charged"], ran.code) == (kind, charged, code)
    assert error["retryable"] is retryable
    assert vendor.edits == submits
    assert (error["provider"], error["distribution"]) == ("depicta", "imgedit-depicta 0.1.0")
    if answer.status >= 400 and kind != "OutcomeUnknown":
        assert error["status"] == answer.status
        if b"that is why" in answer.body:
            assert "that is why" in error["message"]
            assert error["request_id"] == "r-1"
    assert not Path("out.png").exists()
    if charged == "unknown":  # it goes on, and what was sent is not sent again
        again = call("jobs", "resume", error["job_id"])
        assert (again.error["charged"], again.code) == (charged, code)
        assert vendor.edits == submits


@pytest.mark.parametrize(
    ("code", "kind", "exit_code"),
    (
        ("content_rejected", "ContentRejected", 5),
        ("insufficient_credits", "InsufficientCredits", 4),
        ("model_not_capable", "ModelUnavailable", 7),
        ("internal_error", "JobFailed", 7),
    ),
)
def test_every_failure_of_a_job_is_free(
    vendor: Any, call: Call, photo: Path, code: str, kind: str, exit_code: int
) -> None:
    vendor.on("POST", EDIT, Answer(fault="drop_after_body"))
    vendor.on("GET", LIST, vendor.listed({"status": "failed"}))
    vendor.on("GET", ASK, vendor.job("failed", error={"code": code, "message": "that is why"}))
    ran = call("edit", photo, "make it so", "-p", "depicta", "-o", "out.png")
    assert (ran.error["type"], ran.error["charged"], ran.code) == (kind, "no", exit_code)
    assert ran.error["code"] == code
    (job,) = call("jobs").jobs
    assert (job["status"], job["vendor_ids"]) == ("failed", {"job_id": JOB})
    assert vendor.edits == 1


def test_details_are_problems(vendor: Any, call: Call, photo: Path) -> None:
    body = {
        "error": "validation_error",
        "message": "the request is not valid",
        "details": {"image_size": "4K is not for this model"},
        "request_id": "r-1",
    }
    vendor.on("POST", EDIT, Answer.json(body, status=422))
    ran = call("edit", photo, "x", "-p", "depicta", "--resolution", "4k")
    assert ran.error["problems"] == [
        {"path": "/resolution", "message": "4K is not for this model", "code": "vendor"}
    ]


def test_a_reference_without_words(vendor: Any, call: Call, photo: Path, other: Path) -> None:
    ran = call("edit", photo, "x", "-p", "depicta", "--reference", other)
    assert (ran.code, ran.error["type"], ran.error["charged"]) == (2, "ValidationError", "no")
    assert ran.error["problems"][0]["path"] == "/references/0/description"
    assert vendor.requests == []


def test_what_would_be_sent(vendor: Any, call: Call, photo: Path, other: Path) -> None:
    ran = call(
        "edit",
        photo,
        "make it so",
        "-p",
        "depicta",
        "--reference",
        f"{other}=a wall",
        "--option",
        "strictness=liberal",
        "--resolution",
        "1k",
        "--dry-run",
    )
    assert ran.code == 0
    upload, edit = ran.json["requests"]
    assert (upload["method"], upload["url"]) == ("POST", vendor.url + UPLOAD)
    assert (upload["purpose"], upload["spends"], upload["placeholder"]) == ("upload", False, False)
    assert (edit["method"], edit["url"]) == ("POST", vendor.url + EDIT)
    assert (edit["purpose"], edit["spends"], edit["placeholder"]) == ("submit", True, True)
    assert edit["body"]["image_size"] == "1K"
    assert edit["body"]["strictness"] == "liberal"
    assert edit["body"]["reference_images"][0]["description"] == "a wall"
    assert "model" not in edit["body"]
    assert vendor.requests == []


def test_an_estimate_is_no_upper_bound(vendor: Any, call: Call, photo: Path) -> None:
    for model in ("gemini-2.5-flash-image", "auto"):
        ran = call("edit", photo, "x", "-p", "depicta", "-m", model, "--max-cost", "5 EUR")
        assert (ran.code, ran.error["type"]) == (4, "BudgetExceeded")
    assert vendor.requests == []


# -- the whole program, in a process of its own


def test_an_edit(vendor: Any, command_line: Any, photo: Path, other: Path) -> None:
    ran = command_line.run(
        *("edit", photo, "make it so", "-p", "depicta", "-o", "out.webp"),
        *("--reference", f"{other}=a wall"),
    )
    assert ran.code == 0, ran.err
    document = ran.json
    (image,) = document["images"]
    data = (command_line.folder / "out.webp").read_bytes()
    assert image["sha256"] == hashlib.sha256(data).hexdigest()
    assert (image["media_type"], image["bytes"]) == ("image/webp", len(data))
    assert image["expires_at"] is not None
    assert set(image["variants"]) == {"png", "jpeg"}
    assert image["variants"]["png"]["sha256"] == hashlib.sha256(png()).hexdigest()
    assert image["variants"]["png"]["bytes"] == len(png())
    assert document["cost"] == {"amount": "0.045000", "unit": "EUR"}
    assert document["balance"] == {"amount": "9.955000", "unit": "EUR"}
    assert document["ai_generated"] is True
    assert document["vendor_ids"] == {"id": GENERATION, "job_id": JOB}
    assert document["model"] == "gemini-2.5-flash-image"
    assert document["quote"]["basis"] == "unknown"
    assert [one.path for one in vendor.requests] == [UPLOAD, UPLOAD, EDIT, "/out/1.webp"]


def test_a_lost_answer_is_settled(vendor: Any, command_line: Any, photo: Path) -> None:
    vendor.on("POST", EDIT, Answer(fault="reset_after_body"))
    vendor.on("GET", LIST, vendor.listed({}))
    ran = command_line.run("edit", photo, "make it so", "-p", "depicta", "-o", "out.png")
    assert ran.code == 0, ran.err
    assert (command_line.folder / "out.png").read_bytes() == png()
    assert vendor.edits == 1


needs_sigkill = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL")


@needs_sigkill
@pytest.mark.parametrize("listed", (1, 0, 2))
def test_killed_after_sending(vendor: Any, command_line: Any, photo: Path, listed: int) -> None:
    vendor.on("POST", EDIT, Answer(fault="hang"))
    edit = ("edit", photo, "make it so", "-p", "depicta", "-o", "out.png")
    command_line.kill_when(lambda: vendor.wait_for("POST", EDIT), *edit)

    rows = [{}, {"name": "somebody-elses"}][:listed]
    vendor.on("GET", LIST, vendor.listed(*rows, {"name": "old", "age": 3600}))
    ran = command_line.run("jobs", "resume")
    if listed == 1:
        assert ran.code == 0, ran.err
        assert (command_line.folder / "out.png").read_bytes() == png()
        (job,) = command_line.run("jobs").jobs
        assert (job["status"], job["vendor_ids"]["job_id"]) == ("done", JOB)
        assert job["cost"] == {"amount": "0.045000", "unit": "EUR"}
    else:
        assert ran.code == 8
        (job,) = command_line.run("jobs").jobs
        assert (job["status"], job["cost"]) == ("unknown", None)
        assert not (command_line.folder / "out.png").exists()
    assert vendor.edits == 1


@needs_sigkill
def test_killed_while_asking_after_the_job(vendor: Any, command_line: Any, photo: Path) -> None:
    vendor.on("POST", EDIT, vendor.edited(fault="drop_inside"))
    vendor.on("GET", ASK, Answer(fault="hang"))
    edit = ("edit", photo, "make it so", "-p", "depicta", "-o", "out.png")
    command_line.kill_when(lambda: vendor.wait_for("GET", ASK), *edit)
    vendor.on("GET", ASK, vendor.job("completed"))
    ran = command_line.run("jobs", "resume")
    assert ran.code == 0, ran.err
    assert (command_line.folder / "out.png").read_bytes() == png()
    assert (vendor.edits, vendor.count("GET", LIST)) == (1, 0)
