"""The provider against a stand-in of Acme: prices, whole edits, errors, a lost answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from importlib.resources import files
from typing import Any

import imgedit_acme
import pytest
from standin import Acme

import imgedit
from imgedit import SyncClient
from imgedit.manifest import validate_manifest
from imgedit.testing.pictures import png
from imgedit.testing.server import Answer

MANIFEST: dict[str, Any] = json.loads((files(imgedit_acme) / "provider.json").read_text("utf-8"))


@pytest.fixture
def acme(monkeypatch: pytest.MonkeyPatch) -> Iterator[Acme]:
    # As installed, but without the two seconds between one question and the next.
    imgedit.register("acme", imgedit_acme, {**MANIFEST, "poll": {"seconds": [0.01]}})
    with Acme() as server:
        monkeypatch.setenv("ACME_API_KEY", "canary")
        monkeypatch.setenv("IMGEDIT_ACME_BASE_URL", server.base_url)
        yield server
        assert server.unexpected == []


@pytest.fixture
def client(acme: Acme) -> Iterator[SyncClient]:
    with SyncClient() as made:
        yield made


def test_the_manifest_is_right() -> None:
    assert validate_manifest(MANIFEST) == []


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


@pytest.mark.parametrize(
    ("status", "code", "expected", "charged"),
    (
        (400, "invalid", imgedit.InvalidRequest, "no"),
        (401, "bad_key", imgedit.AuthenticationError, "no"),
        (402, "no_funds", imgedit.InsufficientCredits, "no"),
        (500, "oops", imgedit.ProviderUnavailable, "unknown"),
    ),
)
def test_a_refused_edit(
    client: SyncClient,
    acme: Acme,
    status: int,
    code: str,
    expected: type[imgedit.ProviderError],
    charged: str,
) -> None:
    answer = {"error": {"code": code, "message": "no"}, "trace": "t-5f0c"}
    acme.on("POST", "/v2/edits", Answer.json(answer, status=status))
    acme.on("GET", "/v2/edits", Answer.json({"edits": []}))
    with pytest.raises(imgedit.ProviderError) as caught:
        client.edit(png(), "warmer", provider="acme")
    assert caught.value.charged == charged
    if charged == "no":
        assert type(caught.value) is expected
        assert (caught.value.code, caught.value.request_id) == (code, "t-5f0c")


def test_a_field_that_acme_complains_of(client: SyncClient, acme: Acme) -> None:
    error = {"code": "invalid", "message": "no", "fields": {"instruction": "is rude"}}
    acme.on("POST", "/v2/edits", Answer.json({"error": error}, status=400))
    with pytest.raises(imgedit.InvalidRequest) as caught:
        client.edit(png(), "warmer", provider="acme")
    assert [problem.path for problem in caught.value.problems] == ["/prompt"]


@pytest.mark.parametrize(
    ("code", "expected"),
    (
        ("unsafe", imgedit.ContentRejected),
        ("bad_picture", imgedit.ImageRejected),
        ("internal", imgedit.JobFailed),
    ),
)
def test_an_edit_that_failed(
    client: SyncClient, acme: Acme, code: str, expected: type[imgedit.ProviderError]
) -> None:
    failed = {"edit_id": "e_1", "state": "failed", "error": {"code": code, "message": "no"}}
    acme.on("GET", "/v2/edits/*", Answer.json(failed))
    with pytest.raises(expected) as caught:
        client.edit(png(), "warmer", provider="acme")
    assert caught.value.charged == "no"


def test_an_edit_whose_answer_was_lost_is_found_by_its_tag(client: SyncClient, acme: Acme) -> None:
    acme.bills["e_1"] = 2
    acme.on("POST", "/v2/edits", Answer(fault="drop_after_body"))
    result = client.edit(png(), "warmer", provider="acme")
    assert acme.count("POST", "/v2/edits") == 1
    (asked,) = acme.received("GET", "/v2/edits")
    assert asked.query == {"tag": result.job_id}
    assert result.vendor_ids == {"edit_id": "e_1"}
