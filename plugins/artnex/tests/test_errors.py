"""Every row of the vendor's table of errors: what it means, what it cost, how often it is sent."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import field, frozen

import imgedit
from imgedit import HttpResponse, ImgEditError, Job
from imgedit.discovery import Provider
from imgedit.testing.server import Answer

EDIT = "/v1/edit"
SAID = "The vendor's own words."
HTML = b"<html><body>Bad gateway</body></html>"


def failed(code: str | None = None, **more: Any) -> dict[str, Any]:
    value = {"success": False, "error": code, "message": SAID, **more}
    return {name: item for name, item in value.items() if item is not None}


@frozen
class Row:
    """An answer and what is made of it."""

    status: int
    body: Any
    kind: str
    exit: int
    charged: str = field(default="no", kw_only=True)
    code: str | None = field(default=None, kw_only=True)
    headers: dict[str, str] = field(factory=dict, kw_only=True)

    @property
    def bytes(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()

    @property
    def answer(self) -> Answer:
        headers = {"Content-Type": "application/json", **self.headers}
        return Answer(status=self.status, headers=headers, body=self.bytes)


def row(status: int, code: str, kind: str, exit: int) -> Row:
    return Row(status, failed(code), kind, exit, code=code)


DOCUMENTED = (
    row(400, "missing_prompt", "InvalidRequest", 7),
    row(400, "missing_image", "ImageRejected", 7),
    row(400, "invalid_image_format", "ImageRejected", 7),
    row(400, "image_too_large", "ImageRejected", 7),
    row(400, "invalid_model", "ModelUnavailable", 7),
    row(401, "invalid_api_key", "AuthenticationError", 3),
    row(402, "insufficient_credits", "InsufficientCredits", 4),
    row(429, "rate_limit_exceeded", "QuotaExhausted", 6),
)
LATER = {"Retry-After": "1"}
ROWS = {
    **{f"{one.status} {one.code}": one for one in DOCUMENTED},
    # The overview promises a message alone.
    "400 without a code": Row(400, {"message": SAID}, "InvalidRequest", 7),
    "401 without a code": Row(401, {"message": SAID}, "AuthenticationError", 3),
    "402 without a code": Row(402, {"message": SAID}, "InsufficientCredits", 4),
    "422": Row(422, failed("content_refused"), "InvalidRequest", 7, code="content_refused"),
    "422 without a code": Row(422, {"message": SAID}, "InvalidRequest", 7),
    "429 without a code": Row(429, {"message": SAID}, "QuotaExhausted", 6),
    "429 soon": Row(429, failed(), "QuotaExhausted", 6, headers=LATER),
    "403": Row(403, {"message": SAID}, "PermissionDenied", 3),
    "404": Row(404, {"message": SAID}, "NotFound", 7),
    "413 page": Row(413, HTML, "ImageRejected", 7),
    "500": Row(
        500, failed("internal"), "ProviderUnavailable", 8, charged="unknown", code="internal"
    ),
    "500 page": Row(500, HTML, "ProviderUnavailable", 8, charged="unknown"),
    "502 page": Row(502, HTML, "ProviderUnavailable", 8, charged="unknown"),
    "503 soon": Row(503, b"", "ProviderUnavailable", 8, charged="unknown", headers=LATER),
    "504": Row(504, b"", "ProviderUnavailable", 8, charged="unknown"),
    "500 that cost": Row(500, failed(credits_used=200), "ProviderUnavailable", 7, charged="yes"),
    "500 that says 0": Row(
        500, failed(credits_used=0), "ProviderUnavailable", 8, charged="unknown"
    ),
    # Errors inside a 200: nobody documents them, so a code that is not known settles nothing.
    **{
        f"200 {one.code}": Row(200, one.body, one.kind, one.exit, code=one.code)
        for one in DOCUMENTED
    },
    "200 failed": Row(200, failed(), "JobFailed", 8, charged="unknown"),
    "200 new code": Row(200, failed("new"), "JobFailed", 8, charged="unknown", code="new"),
    "200 failed, billed": Row(200, failed(credits_used=200), "JobFailed", 7, charged="yes"),
}
HOSTILE = {
    "nothing": b"",
    "HTML": HTML,
    "null": b"null",
    "a list": b"[]",
    "a number": b"7",
    "half": b'{"success": true, "images": [{"url": "https://cdn.exa',
    "not UTF-8": b"\xff\xfe\x00{",
    "no pictures": b'{"success": true, "images": []}',
    "wrong types": b'{"success": 1, "images": {"url": 3}, "error": [], "message": {}}',
    "deep": b"[" * 100_000,
}

each_row = pytest.mark.parametrize("row", ROWS.values(), ids=ROWS.keys())


@each_row
def test_what_the_table_says(provider: Provider, make_job: Callable[..., Job], row: Row) -> None:
    response = HttpResponse(status=row.status, headers=row.headers, body=row.bytes)
    error = provider.map_error(make_job(), response)
    assert type(error).__name__ == row.kind
    assert error.charged == row.charged
    assert error.retryable == (row.kind == "ProviderUnavailable")
    assert (error.status, error.code) == (row.status, row.code)
    if row.body not in (HTML, b""):
        assert SAID in str(error)
    if row.charged == "yes":
        assert "It cost 200 artnex:credits" in str(error) or "200 credits" in str(error)


@each_row
def test_over_http(
    vendor: Any,
    client: imgedit.SyncClient,
    quick: list[float],
    photo: Path,
    tmp_path: Path,
    row: Row,
) -> None:
    vendor.on("POST", EDIT, row.answer)
    with pytest.raises(ImgEditError) as caught:
        client.edit(photo, "x", provider="artnex", model="seedream-edit", out=tmp_path / "out.png")
    error = caught.value
    assert (type(error).__name__, error.charged) == (row.kind, row.charged)
    assert error.distribution == "imgedit-artnex 0.1.0"
    assert not error.retryable
    assert len(vendor.requests) == vendor.submits == 1
    assert quick == []
    assert not (tmp_path / "out.png").exists()


@each_row
def test_on_the_command_line(vendor: Any, call: Callable[..., Any], photo: Path, row: Row) -> None:
    vendor.on("POST", EDIT, row.answer)
    done = call("edit", photo, "x", "-p", "artnex", "-m", "seedream-edit", "-o", "out.png")
    assert done.code == row.exit
    assert (done.error["type"], done.error["charged"]) == (row.kind, row.charged)
    assert (done.error["status"], done.error["code"]) == (row.status, row.code)
    assert vendor.submits == 1
    # Whatever it was, going on with the job sends nothing again and tells the same of the money.
    again = call("jobs", "resume", done.error["job_id"])
    assert again.code != 0
    assert again.error["charged"] == row.charged
    assert len(vendor.requests) == 1


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_200_that_cannot_be_read(
    vendor: Any, call: Callable[..., Any], photo: Path, body: bytes
) -> None:
    vendor.on("POST", EDIT, Answer(body=body, headers={"Content-Type": "application/json"}))
    done = call("edit", photo, "x", "-p", "artnex", "-m", "seedream-edit", "-o", "out.png")
    assert done.code == 8
    assert (done.error["type"], done.error["charged"]) == ("UnexpectedResponse", "unknown")
    again = call("jobs", "resume", done.error["job_id"])
    assert (again.code, again.error["charged"]) == (8, "unknown")
    assert len(vendor.requests) == 1


@pytest.mark.parametrize("status", (400, 401, 402, 422, 429, 500))
@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
def test_an_error_that_cannot_be_read(
    provider: Provider, make_job: Callable[..., Job], status: int, body: bytes
) -> None:
    error = provider.map_error(make_job(), HttpResponse(status=status, body=body))
    assert isinstance(error, imgedit.ProviderError)
    assert error.charged == ("unknown" if status == 500 else "no")
    assert error.status == status


def test_a_redirect_is_not_followed(vendor: Any, call: Callable[..., Any], photo: Path) -> None:
    vendor.on("POST", EDIT, Answer.redirect(f"{vendor.url}/elsewhere", status=307))
    done = call("edit", photo, "x", "-p", "artnex", "-m", "seedream-edit")
    assert (done.code, done.error["charged"]) == (8, "unknown")
    assert len(vendor.requests) == 1


def test_the_id_of_a_failure_is_shown(vendor: Any, call: Callable[..., Any], photo: Path) -> None:
    body = failed("invalid_model", request_id="req_9")
    vendor.on("POST", EDIT, Answer.json(body, status=400))
    done = call("edit", photo, "x", "-p", "artnex", "-m", "seedream-edit")
    assert done.error["request_id"] == "req_9"


def test_the_key_is_not_shown_where_the_vendor_repeats_it(
    vendor: Any, call: Callable[..., Any], photo: Path
) -> None:
    key = "canary-4b1d77e0"
    body = {"success": False, "error": "invalid_api_key", "message": f"The key {key} is not valid."}
    vendor.on("POST", EDIT, Answer.json(body, status=401))
    done = call("edit", photo, "x", "-p", "artnex", "-m", "seedream-edit")
    assert vendor.requests[0].headers["authorization"] == f"Bearer {key}"
    assert "is not valid" in done.error["message"]
    assert "ARTNEX_API_KEY" in done.error["message"]
    assert key not in json.dumps(done.json)
