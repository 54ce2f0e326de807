"""The command line in this process: every row of the error table, with exit code and submits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from imgedit.testing.pictures import png
from imgedit.testing.server import Answer

CREATE = "/v1/ai-image-editor"
SLOTS = "/v1/files/upload-urls"
PROJECT = "/v1/image-projects/cuid-example"

Run = Callable[..., tuple[int, Any]]


@pytest.fixture
def run(call: Callable[..., Any]) -> Run:
    """`imgedit ... --json` → exit code and document."""

    def one(*arguments: str | Path) -> tuple[int, Any]:
        ran = call(*arguments)
        return ran.code, ran.json

    return one


def refused(status: int, message: str | None = "no", **facts: Any) -> Answer:
    if message is None:
        return Answer(status=status, body=b"<html>Bad gateway</html>", **facts)
    return Answer.json({"message": message}, status=status, **facts)


# Path, answer → class, exit code, charged, submits.
ROWS = (
    (CREATE, refused(400, "Missing request body"), "InvalidRequest", 7, "no", 1),
    (CREATE, refused(401, "Unauthorized"), "AuthenticationError", 3, "no", 1),
    (CREATE, refused(402, "Payment required"), "InsufficientCredits", 4, "no", 1),
    (CREATE, refused(403), "PermissionDenied", 3, "no", 1),
    (CREATE, refused(404, "Not Found"), "NotFound", 7, "no", 1),
    (CREATE, refused(422, "Unable to edit image"), "InvalidRequest", 7, "no", 1),
    (CREATE, refused(429), "RateLimited", 6, "no", 3),
    (CREATE, refused(429, headers={"Retry-After": "3600"}), "RateLimited", 6, "no", 1),
    (CREATE, refused(500), "ProviderUnavailable", 8, "unknown", 1),
    (CREATE, refused(502, None), "ProviderUnavailable", 7, "no", 3),
    (CREATE, refused(503, None), "ProviderUnavailable", 8, "unknown", 1),
    (CREATE, refused(504, None), "ProviderUnavailable", 8, "unknown", 1),
    (CREATE, Answer.redirect("https://x.example/"), "UnexpectedResponse", 8, "unknown", 1),
    (SLOTS, refused(401, "Unauthorized"), "AuthenticationError", 3, "no", 0),
    (SLOTS, refused(422, "extension must be png"), "ImageRejected", 7, "no", 0),
    (SLOTS, refused(502, None), "ProviderUnavailable", 7, "no", 0),
    (SLOTS, Answer.json({"items": []}), "UnexpectedResponse", 7, "no", 0),
    (PROJECT, refused(401, "Unauthorized"), "AuthenticationError", 3, "yes", 1),
    (PROJECT, refused(404, "Not Found"), "NotFound", 7, "yes", 1),
    (PROJECT, refused(429), "RateLimited", 6, "yes", 1),
    (PROJECT, refused(500), "ProviderUnavailable", 7, "yes", 1),
)


@pytest.mark.parametrize(
    ("path", "answer", "kind", "code", "charged", "submits"),
    ROWS,
    ids=[f"{row[0].rpartition('/')[2]}-{row[1].status}-{row[2]}" for row in ROWS],
)
def test_every_error(
    vendor: Any,
    run: Run,
    photo: Path,
    path: str,
    answer: Answer,
    kind: str,
    code: int,
    charged: str,
    submits: int,
) -> None:
    vendor.on("GET" if path == PROJECT else "POST", path, answer)
    ended, document = run("edit", photo, "make it so", "-p", "magichour", "-o", "out.png")
    error = document["error"]
    assert (error["type"], error["charged"], ended) == (kind, charged, code)
    assert vendor.creates == submits
    assert (error["provider"], error["distribution"]) == ("magichour", "imgedit-magichour 0.1.0")
    assert error["status"] == (
        None if kind == "UnexpectedResponse" and path == SLOTS else answer.status
    )
    assert not Path("out.png").exists()
    # What is not over goes on, and what was sent is not sent again.
    if charged != "no":
        ended, document = run("jobs", "resume", error["job_id"])
        assert document["error"]["charged"] == charged
        assert ended == code
        assert vendor.creates == submits


JOBS = (
    ("content_policy_violation", "error", "ContentRejected", 5),
    ("insufficient_credits", "error", "InsufficientCredits", 4),
    ("no_source_face", "error", "ImageRejected", 7),
    ("invalid_file_format", "error", "ImageRejected", 7),
    ("file_too_large", "error", "ImageRejected", 7),
    ("invalid_parameters", "error", "InvalidRequest", 7),
    ("something_new", "error", "JobFailed", 7),
    (None, "error", "JobFailed", 7),
    (None, "canceled", "JobFailed", 7),
)


@pytest.mark.parametrize(
    ("code", "status", "kind", "exit_code"), JOBS, ids=[f"{row[1]}-{row[0]}" for row in JOBS]
)
def test_every_failure_of_a_job_is_refunded(
    vendor: Any, run: Run, photo: Path, code: str | None, status: str, kind: str, exit_code: int
) -> None:
    vendor.on("GET", PROJECT, vendor.project("queued"), vendor.failed(code, status=status))
    ended, document = run("edit", photo, "make it so", "-p", "magichour", "-o", "out.png")
    error = document["error"]
    assert (error["type"], error["charged"], ended) == (kind, "no", exit_code)
    assert (error["code"], error["request_id"]) == (code or status, "cuid-example")
    if code is not None:
        assert "it went wrong" in error["message"]
    _, listed = run("jobs")
    (job,) = listed["jobs"]
    assert job["status"] == "failed"
    assert job["cost"] == {"amount": "0", "unit": "magichour:credits"}
    # It is over: resuming asks nobody.
    vendor.forget()
    ended, document = run("jobs", "resume", error["job_id"])
    assert (ended, document["error"]["type"], document["error"]["charged"]) == (
        exit_code,
        kind,
        "no",
    )
    assert vendor.requests == []


def test_a_failure_that_was_billed(vendor: Any, run: Run, photo: Path) -> None:
    vendor.on("GET", PROJECT, vendor.failed("no_source_face", credits_charged=20))
    ended, document = run("edit", photo, "make it so", "-p", "magichour", "-o", "out.png")
    assert (ended, document["error"]["charged"]) == (7, "yes")
    assert "20 credits" in document["error"]["message"]


def test_what_would_be_sent(vendor: Any, run: Run, photo: Path) -> None:
    ended, document = run(
        "edit", photo, "make it so", "-p", "magichour", "-m", "qwen-edit", "--dry-run"
    )
    assert ended == 0
    first, create = document["requests"]
    assert (first["method"], first["url"]) == ("POST", vendor.url + SLOTS)
    assert (first["purpose"], first["spends"], first["placeholder"]) == ("prepare", False, False)
    assert first["body"] == {"items": [{"type": "image", "extension": "png"}]}
    assert (create["method"], create["url"]) == ("POST", vendor.url + CREATE)
    assert (create["purpose"], create["spends"], create["placeholder"]) == ("submit", True, True)
    assert create["body"]["model"] == "qwen-edit"
    assert len(create["body"]["assets"]["image_file_paths"]) == 1
    assert vendor.requests == []


def test_a_limit_in_credits(vendor: Any, run: Run, photo: Path) -> None:
    arguments = ("edit", photo, "x", "-p", "magichour", "-m", "qwen-edit", "-o", "out.png")
    limit = ("--max-cost", "10 magichour:credits")
    ended, document = run(*arguments, *limit)
    assert (ended, document["error"]["type"]) == (4, "BudgetExceeded")
    assert vendor.requests == []
    ended, document = run(*arguments, *limit, "--resolution", "640px")
    assert ended == 0
    assert document["quote"]["at_most"] == "10"
    assert Path("out.png").read_bytes() == png()


def test_quotes_of_every_model(run: Run, photo: Path) -> None:
    ended, document = run("quote", photo, "x", "-p", "magichour", "--resolution", "4k", "-n", "9")
    assert ended == 0
    able = {row["model"]: row["amount"] for row in document["quotes"]}
    assert able == {
        "seedream-v4": "360",
        "gpt-image-2": "450",
        "nano-banana-2.1": "450",
        "seedream-v4.5": "450",
        "gpt-image-2.5-flare": "900",
        "nano-banana-2": "900",
        "nano-banana-pro": "1350",
        "default": None,
    }
    assert len(document["unable"]) == 7
