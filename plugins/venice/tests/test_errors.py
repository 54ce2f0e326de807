"""Every row of the vendor's table of errors: what it means, what it cost, how often it is sent."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import imgedit
from imgedit import HttpResponse, ImgEditError, Job, UnexpectedResponse
from imgedit.discovery import Provider
from imgedit.testing.server import Answer, ScriptedServer

EXITS = {
    "AuthenticationError": 3,
    "PermissionDenied": 3,
    "InsufficientCredits": 4,
    "ContentRejected": 5,
    "RateLimited": 6,
}
HTML = "<html><body>Bad gateway</body></html>"
SOON, LATE = {"Retry-After": "0"}, {"Retry-After": "120"}


class Row(NamedTuple):
    """An answer and what is made of it."""

    status: int
    body: Any
    kind: str
    charged: str = "no"
    retryable: bool = False
    headers: dict[str, str] = {}  # never changed
    submits: int = 1
    code: str | None = None
    problems: tuple[str, ...] = ()

    @property
    def exit(self) -> int:
        """The command line's exit code."""
        return 8 if self.charged == "unknown" else EXITS.get(self.kind, 7)

    @property
    def bytes(self) -> bytes:
        """The body as sent."""
        return (self.body if isinstance(self.body, str) else json.dumps(self.body)).encode()


def said(text: str, **more: Any) -> dict[str, Any]:
    return {"error": text, **more}


def invalid(**fields: list[str]) -> dict[str, Any]:
    """A 400 of the schema's kind."""
    details: dict[str, Any] = {name: {"_errors": reasons} for name, reasons in fields.items()}
    issues = [{"code": "custom", "path": [name], "message": why[0]} for name, why in fields.items()]
    return {
        "error": "Invalid request parameters",
        "details": {"_errors": [], **details},
        "issues": issues,
    }


POLICY = "Your prompt violates the content policy of Venice.ai or the model provider"
POOR = "Insufficient USD or Diem balance to complete request. Visit https://venice.ai/settings/api"

ROWS = {
    "400 validation": Row(
        400, invalid(prompt=["Too long"]), "InvalidRequest", problems=("/prompt",)
    ),
    "400 validation of an option": Row(
        400, invalid(safe_mode=["No"]), "InvalidRequest", problems=("/options/safe_mode",)
    ),
    "400 validation of modelId": Row(
        400, invalid(modelId=["Required"]), "InvalidRequest", problems=("/model",)
    ),
    "400 validation of the picture": Row(
        400,
        invalid(image=["Image must have 65536 pixels"]),
        "ImageRejected",
        problems=("/image",),
    ),
    "400 unknown key": Row(
        400,
        {
            "error": "Invalid request parameters",
            "details": {"_errors": ["Unrecognized key(s) in object: 'quality'"]},
            "issues": [],
        },
        "InvalidRequest",
    ),
    "400 invalid JSON": Row(400, said("Invalid JSON request"), "InvalidRequest"),
    "400 content type": Row(
        400, said("'Content-Type' must be 'application/json'"), "InvalidRequest"
    ),
    "400 resolution": Row(
        400, said('"4K" is not supported by qwen-image-3-edit'), "InvalidRequest"
    ),
    "400 details as text": Row(
        400, said("Bad request", details="The image is corrupt"), "ImageRejected"
    ),
    "400 INVALID_REQUEST": Row(
        400, said("no", code="INVALID_REQUEST"), "InvalidRequest", code="INVALID_REQUEST"
    ),
    "400 INVALID_MODEL": Row(
        400, said("no", code="INVALID_MODEL"), "ModelUnavailable", code="INVALID_MODEL"
    ),
    "400 invalid model": Row(400, said("invalid model id"), "ModelUnavailable"),
    "400 CORRUPTED_IMAGE": Row(
        400, said("no", code="CORRUPTED_IMAGE"), "ImageRejected", code="CORRUPTED_IMAGE"
    ),
    "400 IMAGE_TOO_SMALL": Row(
        400, said("no", code="IMAGE_TOO_SMALL"), "ImageRejected", code="IMAGE_TOO_SMALL"
    ),
    **{
        f"400 under {name}": Row(400, body, "ImageRejected")
        for name, body in {
            "error.message": {"error": {"message": "The image is too blurry to edit"}},
            "message": {"message": "The image is too blurry to edit"},
        }.items()
    },
    "400 policy": Row(400, said(POLICY), "ContentRejected"),
    "401": Row(401, said("Authentication failed"), "AuthenticationError"),
    "401 inactive": Row(
        401,
        said("no", code="AUTHENTICATION_FAILED_INACTIVE_KEY"),
        "AuthenticationError",
        code="AUTHENTICATION_FAILED_INACTIVE_KEY",
    ),
    "401 PRO_ONLY_MODEL": Row(
        401, said("no", code="PRO_ONLY_MODEL"), "PermissionDenied", code="PRO_ONLY_MODEL"
    ),
    "402 key": Row(402, said(POOR), "InsufficientCredits"),
    "402 spend limit": Row(
        402,
        said("no", code="API_KEY_USD_SPEND_LIMIT_EXCEEDED"),
        "InsufficientCredits",
        code="API_KEY_USD_SPEND_LIMIT_EXCEEDED",
    ),
    "402 wallet": Row(
        402,
        {"code": "PAYMENT_REQUIRED", "x402Version": 1},
        "InsufficientCredits",
        headers={"PAYMENT-REQUIRED": "e30="},
        code="PAYMENT_REQUIRED",
    ),
    "402 no credential arrived": Row(402, {"x402Version": 1, "accepts": []}, "InsufficientCredits"),
    "403": Row(403, said("API access is disabled"), "PermissionDenied"),
    "404 model": Row(404, said("Specified model not found: x"), "ModelUnavailable"),
    "404 MODEL_NOT_FOUND": Row(
        404, {"code": "MODEL_NOT_FOUND"}, "ModelUnavailable", code="MODEL_NOT_FOUND"
    ),
    "404 page": Row(404, HTML, "NotFound"),
    "410": Row(410, said("This model has been retired"), "ModelUnavailable"),
    "413": Row(
        413,
        said("File exceeds the maximum allowed size of 25 MB.", code="PAYLOAD_TOO_LARGE"),
        "ImageRejected",
        code="PAYLOAD_TOO_LARGE",
    ),
    "415": Row(
        415, said("no", code="INVALID_CONTENT_TYPE"), "InvalidRequest", code="INVALID_CONTENT_TYPE"
    ),
    "422 policy": Row(422, said(POLICY), "ContentRejected"),
    "422 CONTENT_POLICY_VIOLATION": Row(
        422,
        {"code": "CONTENT_POLICY_VIOLATION"},
        "ContentRejected",
        code="CONTENT_POLICY_VIOLATION",
    ),
    "422 IMAGE_TOO_LARGE": Row(
        422, said("no", code="IMAGE_TOO_LARGE"), "ImageRejected", code="IMAGE_TOO_LARGE"
    ),
    "422": Row(422, said("no"), "InvalidRequest"),
    "429 for a while": Row(
        429, said("Rate limit exceeded"), "RateLimited", retryable=True, headers=LATE
    ),
    "429 MODEL_OVERLOADED": Row(
        429,
        said("no", code="MODEL_OVERLOADED"),
        "RateLimited",
        retryable=True,
        headers=SOON,
        submits=3,
        code="MODEL_OVERLOADED",
    ),
    "429 error budget (50)": Row(
        429,
        said("Too many failed attempts (> 50) resulting in a non-success status code"),
        "RateLimited",
        headers=SOON,
    ),
    "429 error budget (20)": Row(
        429, said("Too many failed attempts (> 20)"), "RateLimited", headers=SOON
    ),
    **{
        f"500 {code}": Row(500, said("no", code=code), "ProviderUnavailable", "unknown", code=code)
        for code in ("INFERENCE_FAILED", "IMAGE_EDIT_ERROR", "UPSCALE_FAILED", "UNKNOWN_ERROR")
    },
    "500": Row(500, said("Inference processing failed"), "ProviderUnavailable", "unknown"),
    "502 page": Row(502, HTML, "ProviderUnavailable", "unknown"),
    **{
        f"503 {code}": Row(
            503,
            {"code": code},
            "ProviderUnavailable",
            retryable=True,
            headers=SOON,
            submits=3,
            code=code,
        )
        for code in ("MODEL_OFFLINE", "MODEL_AT_CAPACITY")
    },
    "503": Row(
        503,
        said("The model is at capacity"),
        "ProviderUnavailable",
        retryable=True,
        headers=SOON,
        submits=3,
    ),
    "503 offline": Row(
        503,
        said("This model is currently offline."),
        "ProviderUnavailable",
        retryable=True,
        headers=SOON,
        submits=3,
    ),
    "503 page": Row(503, HTML, "ProviderUnavailable", "unknown"),
    **{
        f"503 of a gateway: {name}": Row(503, body, "ProviderUnavailable", "unknown")
        for name, body in {
            "message": {"message": "Service Unavailable"},
            "error object": {"error": {"message": "Service Unavailable"}},
            "error": said("Service Unavailable"),
        }.items()
    },
    "503 another code": Row(
        503,
        {"code": "UNAVAILABLE", "message": "Service Unavailable"},
        "ProviderUnavailable",
        "unknown",
        code="UNAVAILABLE",
    ),
    "504 REQUEST_TIMEOUT": Row(
        504,
        said("no", code="REQUEST_TIMEOUT"),
        "ProviderUnavailable",
        "unknown",
        code="REQUEST_TIMEOUT",
    ),
    "200 with JSON": Row(200, said("no picture today"), "UnexpectedResponse", "unknown"),
    "200 with HTML": Row(200, HTML, "UnexpectedResponse", "unknown"),
    "200 with nothing": Row(200, "", "UnexpectedResponse", "unknown"),
    "302": Row(302, "", "UnexpectedResponse", "unknown", headers={"Location": "/elsewhere"}),
}

REFUSALS = {name: row for name, row in ROWS.items() if row.status >= 400}

each_row = pytest.mark.parametrize("row", ROWS.values(), ids=ROWS.keys())


def answer(row: Row) -> Answer:
    kind = "text/html" if isinstance(row.body, str) else "application/json"
    headers = {"Content-Type": kind, "CF-RAY": "8f0c-FRA", **row.headers}
    return Answer(status=row.status, headers=headers, body=row.bytes)


@pytest.mark.parametrize("row", REFUSALS.values(), ids=REFUSALS.keys())
def test_what_the_table_says(venice: Provider, make_job: Callable[..., Job], row: Row) -> None:
    response = HttpResponse(
        status=row.status, headers={"cf-ray": "8f0c-FRA", **row.headers}, body=row.bytes
    )
    error = venice.map_error(make_job(), response)
    assert type(error).__name__ == row.kind
    assert error.charged == row.charged
    assert error.retryable == (row.retryable or row.kind == "ProviderUnavailable")
    assert error.status == row.status
    assert error.code == row.code
    assert error.request_id == "8f0c-FRA"
    assert {problem.path for problem in error.problems} == set(row.problems)


@each_row
def test_over_http(
    server: ScriptedServer, client: imgedit.SyncClient, photo: Path, tmp_path: Path, row: Row
) -> None:
    server.on("POST", "/api/v1/image/edit", answer(row))
    with pytest.raises(ImgEditError) as caught:
        client.edit(photo, "remove the tree", provider="venice", out=tmp_path / "out.png")
    error = caught.value
    assert type(error).__name__ == row.kind
    assert error.charged == row.charged
    assert error.retryable == row.retryable
    assert error.distribution == "imgedit-venice 0.1.0"
    assert server.count("POST") == len(server.requests) == row.submits
    assert not (tmp_path / "out.png").exists()
    job = client.job(error.job_id or "")
    expected = {"no": "failed", "unknown": "accepted" if row.status == 200 else "unknown"}
    assert job.job.status == expected[row.charged]


@each_row
def test_on_the_command_line(
    server: ScriptedServer, call: Callable[..., Any], photo: Path, row: Row
) -> None:
    server.on("POST", "/api/v1/image/edit", answer(row))
    ran = call("edit", photo, "remove the tree", "-p", "venice", "-o", "out.png")
    assert ran.code == row.exit
    assert ran.error["type"] == row.kind
    assert ran.error["charged"] == row.charged
    assert ran.error["status"] == row.status
    assert ran.error["code"] == row.code
    assert server.count("POST") == len(server.requests) == row.submits
    assert not photo.with_name("out.png").exists()


@pytest.mark.parametrize("reset", ("x-ratelimit-reset-requests", "x-ratelimit-resets"))
def test_reset_headers_are_unix_milliseconds(
    venice: Provider, make_job: Callable[..., Job], reset: str
) -> None:
    moment = int((time.time() + 45) * 1000)
    headers = {reset: str(moment)}
    response = HttpResponse(status=429, headers=headers, body=b'{"error": "Rate limit exceeded"}')
    error = venice.map_error(make_job(), response)
    assert error.retry_after == pytest.approx(45, abs=3)


def test_retry_after_goes_before_the_reset_headers(
    venice: Provider, make_job: Callable[..., Job]
) -> None:
    headers = {"retry-after": "7", "x-ratelimit-reset-requests": "4102444800000"}
    response = HttpResponse(status=429, headers=headers, body=b'{"error": "overloaded"}')
    assert venice.map_error(make_job(), response).retry_after == 7


def test_a_repeat_after_a_429_is_charged_once(
    server: ScriptedServer,
    client: imgedit.SyncClient,
    quick: list[float],
    photo: Path,
    good: Callable[..., Answer],
    result: bytes,
) -> None:
    busy = Answer.json(
        said("no", code="MODEL_OVERLOADED"), status=429, headers={"Retry-After": "1"}
    )
    server.on("POST", "/api/v1/image/edit", busy, good())
    edited = client.edit(photo, "remove the tree", provider="venice")
    (waited,) = quick
    assert waited >= 1
    assert server.count("POST") == 2
    assert edited.attempts == 2
    assert edited.image.read() == result
    record = client.job(edited.job_id)
    assert (record.job.status, record.charged) == ("done", "yes")


def test_the_vendors_words_are_shown_but_not_the_key(
    server: ScriptedServer, client: imgedit.SyncClient, photo: Path
) -> None:
    server.on("POST", "/api/v1/image/edit", Answer.json(said("Authentication failed"), status=401))
    with pytest.raises(imgedit.AuthenticationError) as caught:
        client.edit(photo, "remove the tree", provider="venice")
    text = str(caught.value)
    assert "Venice.ai answered 401: Authentication failed" in text
    assert "Nothing was charged." in text
    assert "VENICE_API_KEY" in text
    assert server.requests[0].headers["authorization"] == "Bearer canary-7d1f02c4"
    assert "canary" not in text + repr(caught.value)


@pytest.mark.parametrize("status", (400, 403, 500, 503))
@pytest.mark.parametrize("form", ("error", "error.message", "message", "details"))
def test_the_vendors_words_are_shown_in_every_form(
    venice: Provider, make_job: Callable[..., Job], status: int, form: str
) -> None:
    words = "Not in your region"
    body = {"error": {"message": words}} if form == "error.message" else {form: words}
    response = HttpResponse(status=status, headers={}, body=json.dumps(body).encode())
    assert words in str(venice.map_error(make_job(), response))


@pytest.mark.parametrize(
    ("headers", "body", "said"),
    (
        ({"Content-Type": "text/html; charset=utf-8"}, b"<html>", "with text/html instead"),
        ({}, b"?", "with something unnamed instead"),
        ({}, b"", "with nothing instead"),
    ),
)
def test_what_came_instead_of_a_picture_is_said(
    venice: Provider,
    make_job: Callable[..., Job],
    headers: dict[str, str],
    body: bytes,
    said: str,
) -> None:
    response = HttpResponse(status=200, headers=headers, body=body, purpose="submit")
    with pytest.raises(UnexpectedResponse, match=said):
        venice.parse_response(make_job(), response)
