"""Acme's provider: the kit's proof on recorded answers, then whole edits against the stand-in."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from standin import Acme

import imgedit
from imgedit import SyncClient
from imgedit.testing import Answer, ErrorAnswer, ProviderTests, Sandbox, instant_waits, png


def error(code: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": "no"}, "trace": "t-5f0c"}


def failed(code: str) -> dict[str, Any]:
    return {"edit_id": "e_17", "state": "failed", **error(code)}


class TestAcme(ProviderTests):
    provider = "acme"
    request = {"prompt": "make it warmer", "model": "studio", "resolution": "2k", "n": 2}
    answers = {
        "upload": (201, {"file_id": "f_81"}),
        "submit": (202, {"edit_id": "e_17", "state": "queued"}),
        "poll": [{"edit_id": "e_17", "state": "running", "percent": 40}, "done.json"],
        "settle": {"edits": [{"edit_id": "e_17"}]},
    }
    errors = (
        ErrorAnswer((400, error("invalid")), "InvalidRequest"),
        ErrorAnswer((401, error("bad_key")), "AuthenticationError"),
        ErrorAnswer((402, error("no_funds")), "InsufficientCredits"),
        ErrorAnswer((429, error("slow_down"), {"Retry-After": "7"}), "RateLimited", retry_after=7),
        ErrorAnswer((503, error("busy")), "ProviderUnavailable"),
        ErrorAnswer((503, {}), "ProviderUnavailable", "unknown"),
        ErrorAnswer(failed("unsafe"), "ContentRejected", purpose="poll"),
        ErrorAnswer(failed("bad_picture"), "ImageRejected", purpose="poll"),
        ErrorAnswer(failed("internal"), "JobFailed", purpose="poll"),
    )
    cost = "0.30"


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    return Sandbox(tmp_path, monkeypatch)


@pytest.fixture
def acme(sandbox: Sandbox) -> Iterator[Acme]:
    with Acme() as server, instant_waits():
        sandbox.use("acme", server.base_url, key="canary")
        yield server
        assert server.unexpected == []


@pytest.fixture
def client(acme: Acme) -> Iterator[SyncClient]:
    with SyncClient() as made:
        yield made


@pytest.mark.parametrize(
    ("asked", "cents"),
    (
        ({"model": "sketch"}, 2),
        ({"model": "sketch", "n": 3}, 6),
        ({"model": "studio"}, 8),
        ({"model": "studio", "resolution": "2k", "n": 2}, 30),
        ({"model": "studio", "references": [png(), png(9, 9)]}, 10),
    ),
)
def test_what_is_quoted_is_what_acme_bills(
    client: SyncClient, asked: dict[str, Any], cents: int
) -> None:
    result = client.edit(png(), "warmer", provider="acme", **asked)
    assert result.quote is not None
    assert result.cost is not None
    assert result.quote.basis == "exact"
    assert result.quote.amount == result.cost.amount == Decimal(cents) / 100


def test_an_edit_uploads_creates_and_polls(client: SyncClient, acme: Acme) -> None:
    result = client.edit(
        png(), "warmer", provider="acme", model="studio", resolution="2k", output_format="jpeg"
    )
    assert [(one.method, one.path) for one in acme.requests] == [
        ("POST", "/v2/files"),
        ("POST", "/v2/edits"),
        ("GET", "/v2/edits/e_1"),
        ("GET", "/files/1.png"),
    ]
    upload, create = acme.requests[:2]
    assert upload.parts()[0].name == "file"
    assert upload.headers["authorization"] == "Key canary"
    assert create.json() == {
        "model": "studio",
        "instruction": "warmer",
        "count": 1,
        "size": 2048,
        "format": "jpg",
        "picture": "f_1",
        "tag": result.job_id,
    }
    assert result.vendor_ids == {"edit_id": "e_1"}


def test_what_sketch_does_not_take_is_refused(client: SyncClient, acme: Acme) -> None:
    with pytest.raises(imgedit.ValidationError, match="studio would"):
        client.edit(png(), "warmer", provider="acme", resolution="2k")
    assert acme.requests == []


def test_a_field_that_acme_complains_of(client: SyncClient, acme: Acme) -> None:
    error = {"code": "invalid", "message": "no", "fields": {"instruction": "is rude"}}
    acme.on("POST", "/v2/edits", Answer.json({"error": error}, status=400))
    with pytest.raises(imgedit.InvalidRequest) as caught:
        client.edit(png(), "warmer", provider="acme")
    assert [problem.path for problem in caught.value.problems] == ["/prompt"]


def test_an_edit_whose_answer_was_lost_is_found_by_its_tag(client: SyncClient, acme: Acme) -> None:
    acme.bills["e_1"] = 2
    acme.on("POST", "/v2/edits", Answer(fault="drop_after_body"))
    result = client.edit(png(), "warmer", provider="acme")
    assert acme.count("POST", "/v2/edits") == 1
    (asked,) = acme.received("GET", "/v2/edits")
    assert asked.query == {"tag": result.job_id}
    assert result.vendor_ids == {"edit_id": "e_1"}


def test_an_edit_that_was_killed_goes_on(sandbox: Sandbox, acme: Acme) -> None:
    (sandbox.folder / "photo.png").write_bytes(png())
    acme.on("GET", "/files/*", Answer(fault="hang"), Answer.picture(png()))
    edit = ("edit", "photo.png", "warmer", "-p", "acme", "-o", "out.png")
    sandbox.kill_when(lambda: acme.wait_for("GET", "/files/*"), *edit)
    (job,) = sandbox.call("jobs").jobs
    assert job["cost"] == {"amount": "0.02", "unit": "USD"}
    ran = sandbox.call("jobs", "resume", job["id"])
    assert ran.code == 0, ran.error
    assert (sandbox.folder / "out.png").read_bytes() == png()
    assert acme.count("POST", "/v2/edits") == 1
