"""What failures mean, what they cost and how often an edit is sent; the vendor documents none."""

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

EDIT = "/v1/images/edit"
SAID = "The vendor's own words."
HTML = b"<html><body>Bad gateway</body></html>"


def failed(code: Any, **more: Any) -> dict[str, Any]:
    return {"code": code, "message": SAID, **more}


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
    submits: int = field(default=1, kw_only=True)

    @property
    def bytes(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()

    @property
    def answer(self) -> Answer:
        headers = {"Content-Type": "application/json", **self.headers}
        return Answer(status=self.status, headers=headers, body=self.bytes)


UNKNOWN: dict[str, Any] = {"charged": "unknown"}
LATER, MUCH_LATER = {"Retry-After": "0"}, {"Retry-After": "3600"}
ROWS = {
    # Errors inside a 200: whether they cost anything is not documented.
    "200 with a code": Row(200, failed(1001), "JobFailed", 8, code="1001", **UNKNOWN),
    "200 with a code below 0": Row(
        200, failed(-1, data=None), "JobFailed", 8, code="-1", **UNKNOWN
    ),
    "200 with a status as code": Row(200, failed(401), "JobFailed", 8, code="401", **UNKNOWN),
    "200 with a text as code": Row(200, failed("busy"), "JobFailed", 8, code="busy", **UNKNOWN),
    "200 with a code and pictures": Row(
        200,
        failed(7, data={"images": [{"url": "https://cdn.example/1.png"}]}),
        "JobFailed",
        8,
        code="7",
        **UNKNOWN,
    ),
    # Errors as a status.
    "400": Row(400, failed(1), "InvalidRequest", 7, code="1"),
    "400 page": Row(400, HTML, "InvalidRequest", 7),
    "401": Row(401, failed(2), "AuthenticationError", 3, code="2"),
    "402": Row(402, failed(3), "InsufficientCredits", 4, code="3"),
    "403": Row(403, failed(4), "PermissionDenied", 3, code="4"),
    "404": Row(404, failed(5), "NotFound", 7, code="5"),
    "413 page": Row(413, HTML, "ImageRejected", 7),
    "415": Row(415, failed(6), "InvalidRequest", 7, code="6"),
    "418": Row(418, failed(6), "UnexpectedResponse", 8, code="6", **UNKNOWN),
    "422": Row(422, failed(7), "InvalidRequest", 7, code="7"),
    "429": Row(429, failed(8), "RateLimited", 6, code="8", submits=3),
    "429 soon": Row(429, b"", "RateLimited", 6, headers=LATER, submits=3),
    "429 late": Row(429, b"", "RateLimited", 6, headers=MUCH_LATER),
    "500": Row(500, failed(9), "ProviderUnavailable", 8, code="9", **UNKNOWN),
    "500 with code 0": Row(500, failed(0), "ProviderUnavailable", 8, code="0", **UNKNOWN),
    "502 page": Row(502, HTML, "ProviderUnavailable", 8, **UNKNOWN),
    "503 soon": Row(503, b"", "ProviderUnavailable", 8, headers=LATER, **UNKNOWN),
    "504": Row(504, b"", "ProviderUnavailable", 8, **UNKNOWN),
}
HOSTILE = {
    "nothing": b"",
    "HTML": HTML,
    "null": b"null",
    "a list": b"[]",
    "a number": b"7",
    "half": b'{"code": 0, "data": {"images": [{"url": "https://cdn.exa',
    "not UTF-8": b"\xff\xfe\x00{",
    "no pictures": b'{"code": 0, "message": "ok", "data": {"images": []}}',
    "no data": b'{"code": 0, "message": "ok", "data": null}',
    "no envelope": b'{"images": [{"url": "https://cdn.example/1.png"}]}',
    "wrong types": b'{"code": 0, "data": {"images": {"url": 3}}, "message": {}}',
    "deep": b"[" * 100_000,
}

each_row = pytest.mark.parametrize("row", ROWS.values(), ids=ROWS.keys())


@each_row
def test_what_the_table_says(provider: Provider, make_job: Callable[..., Job], row: Row) -> None:
    response = HttpResponse(status=row.status, headers=row.headers, body=row.bytes)
    error = provider.map_error(make_job(), response)
    assert type(error).__name__ == row.kind
    assert error.charged == row.charged
    assert error.retryable == (row.kind in ("ProviderUnavailable", "RateLimited"))
    assert (error.status, error.code) == (row.status, row.code)
    if row.body not in (HTML, b""):
        assert SAID in str(error)


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
        client.edit(photo, "x", provider="gptimageapi", out=tmp_path / "out.png")
    error = caught.value
    assert (type(error).__name__, error.charged) == (row.kind, row.charged)
    assert error.distribution == "imgedit-gptimageapi 0.1.0"
    assert error.retryable == (row.kind == "RateLimited")
    assert len(vendor.requests) == vendor.submits == row.submits
    assert len(quick) == row.submits - 1
    assert not (tmp_path / "out.png").exists()


@each_row
def test_on_the_command_line(vendor: Any, call: Callable[..., Any], photo: Path, row: Row) -> None:
    vendor.on("POST", EDIT, row.answer)
    done = call("edit", photo, "x", "-p", "gptimageapi", "-o", "out.png")
    assert done.code == row.exit
    assert (done.error["type"], done.error["charged"]) == (row.kind, row.charged)
    assert (done.error["status"], done.error["code"]) == (row.status, row.code)
    assert vendor.submits == row.submits
    # Whatever it was, going on with the job sends nothing again and tells the same of the money.
    again = call("jobs", "resume", done.error["job_id"])
    assert again.code != 0
    assert again.error["charged"] == row.charged
    assert len(vendor.requests) == row.submits


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_200_that_cannot_be_read(
    vendor: Any, call: Callable[..., Any], photo: Path, body: bytes
) -> None:
    vendor.on("POST", EDIT, Answer(body=body, headers={"Content-Type": "application/json"}))
    done = call("edit", photo, "x", "-p", "gptimageapi", "-o", "out.png")
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
    done = call("edit", photo, "x", "-p", "gptimageapi")
    assert (done.code, done.error["charged"]) == (8, "unknown")
    assert len(vendor.requests) == 1


def test_an_answer_that_arrived_after_429s_is_paid_once(
    vendor: Any, client: imgedit.SyncClient, photo: Path
) -> None:
    vendor.on("POST", EDIT, Answer(status=429), Answer(status=429), vendor.good())
    result = client.edit(photo, "x", provider="gptimageapi")
    assert result.attempts == 3
    assert len({request.body for request in vendor.received("POST", EDIT)}) == 1


def test_a_code_other_than_0_stays_unknown_and_listed(
    vendor: Any, call: Callable[..., Any], photo: Path
) -> None:
    vendor.on("POST", EDIT, Answer.json(failed(1001)), vendor.good())
    done = call("edit", photo, "x", "-p", "gptimageapi", "-o", "out.png")
    assert SAID in done.error["message"]
    for _ in range(2):
        assert call("jobs", "resume", done.error["job_id"]).code == 8
    (job,) = call("jobs").jobs
    assert (job["id"], job["status"]) == (done.error["job_id"], "unknown")
    assert vendor.submits == 1
    assert not photo.with_name("out.png").exists()


def test_the_key_is_not_shown_where_the_vendor_repeats_it(
    vendor: Any, call: Callable[..., Any], photo: Path
) -> None:
    key = "canary-c2a95e13"
    body = {"code": 2, "message": f"The key {key} is not valid."}
    vendor.on("POST", EDIT, Answer.json(body, status=401))
    done = call("edit", photo, "x", "-p", "gptimageapi")
    assert vendor.requests[0].headers["authorization"] == f"Bearer {key}"
    assert "is not valid" in done.error["message"]
    assert "GPTIMAGEAPI_API_KEY" in done.error["message"]
    assert key not in json.dumps(done.json)
