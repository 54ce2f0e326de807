"""The values that cross between the core and a plugin."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import imgedit
from imgedit import (
    Done,
    EditRequest,
    Facts,
    HttpRequest,
    HttpResponse,
    ImageSource,
    Job,
    LocalRequest,
    Model,
    Money,
    Output,
    Quote,
    Reference,
)
from imgedit.contract.exchange import PURPOSES, resolve
from imgedit.contract.image import hooks_running
from imgedit.errors import PluginError, ValidationError
from imgedit.testing.pictures import png


@pytest.mark.parametrize(
    "url",
    (
        "edit",
        "/a/../b",
        "/a//b",
        "/a?b=1",
        "/a#b",
        "/a b",
        "/a\nb",
        "/%2e%2e/b",
        "/ä",
        "ftp://x/y",
        "queue:edit",
        "Queue:/edit",
        "",
        None,
    ),
)
def test_urls_that_are_refused(url: Any) -> None:
    with pytest.raises(ValueError, match=r"url|path"):
        HttpRequest(method="GET", url=url, purpose="poll")


@pytest.mark.parametrize(
    ("url", "host"),
    (
        ("/v1/edit", None),
        ("queue:/v1/edit", "queue"),
        ("https://storage.example/put?sig=a%2Fb//..#x", None),
    ),
)
def test_urls_that_are_taken(url: str, host: str | None) -> None:
    request = HttpRequest(method="PUT", url=url, purpose="upload")
    assert (request.url, request.host) == (url, host)


@pytest.mark.parametrize("purpose", PURPOSES)
def test_only_a_submit_spends(purpose: Any) -> None:
    request = HttpRequest(method="POST", url="/x", purpose=purpose)
    assert request.spends == (purpose == "submit")
    with pytest.raises(AttributeError):
        request.spends = False  # type: ignore[misc]  # it is read-only, that is the test
    assert not LocalRequest(function="a:b").spends


@pytest.mark.parametrize(
    "facts",
    (
        {"method": "BREW"},
        {"purpose": "pay"},
        {"headers": {"X-A": "1\r\nX-B: 2"}},
        {"headers": {"X A": "1"}},
        {"headers": {"X-A": 1}},
    ),
    ids=str,
)
def test_requests_that_are_refused(facts: Any) -> None:
    with pytest.raises(ValueError, match=r"method|purpose|header"):
        HttpRequest(**{"method": "GET", "url": "/x", "purpose": "poll", **facts})


def test_headers_are_lower_case_and_keep_all_values() -> None:
    response = HttpResponse(status=200, headers={"X-A": ["1", "2"], "x-b": "3"})
    assert response.headers == {"x-a": ("1", "2"), "x-b": ("3",)}
    assert (response.header("X-A"), response.header("X-C")) == ("1", None)


@pytest.mark.parametrize(
    "body", (b"", b"{", b"NaN", b"[1e999", b"1e" + b"9" * 30, b"\xff", b"[" * 100_000), ids=repr
)
def test_what_is_not_json(body: bytes) -> None:
    response = HttpResponse(status=200, body=body)
    with pytest.raises(ValueError):  # noqa: PT011  # any sentence will do
        response.json()
    assert response.at("/a") is None


def test_json_keeps_decimals_and_is_parsed_once() -> None:
    response = HttpResponse(status=200, body=b'{"a": 0.10, "b": [{"c~/": 1}]}')
    assert response.at("/a") == Decimal("0.10")
    assert response.at("/b/0/c~0~1") == 1
    assert response.json() is response.json()
    assert response.at("/b/7") is None


@given(st.text())
def test_a_pointer_never_fails(pointer: str) -> None:
    resolve({"a": [1, {"b": 2}], "": 0}, pointer)


@pytest.mark.parametrize("amount", (0.1, True, "x", "NaN", "Infinity", "1e99", [1]), ids=repr)
def test_amounts_that_are_refused(amount: Any) -> None:
    with pytest.raises(ValueError, match="amount"):
        Facts(cost=amount)


def test_facts_gather() -> None:
    first = Facts(vendor_ids={"id": "1"}, cost=3, warnings=["a"], model="m")
    later = Facts(vendor_ids={"run": "2"}, cost="0", warnings=["a", "b"])
    both = first.merged(later)
    assert both == Facts(vendor_ids={"id": "1", "run": "2"}, cost=0, warnings=["a", "b"], model="m")
    with pytest.raises(ValueError, match="not a text"):
        Facts(warnings="text")


@pytest.mark.parametrize(
    "facts",
    (
        {"basis": "exact", "amount": 1, "at_most": 2},
        {"basis": "unknown", "amount": 1},
        {"basis": "exact"},
        {"basis": "at_least", "amount": -1},
        {"basis": "at_least", "amount": 2, "at_most": 1},
        {"basis": "unknown", "at_most": -1},
        {"basis": "unknown", "at_most": 0},
        {"basis": "guess", "amount": 1},
    ),
    ids=str,
)
def test_quotes_that_contradict_themselves(facts: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # each says something else
        Quote(unit="USD", **facts)


def test_money_reads_well() -> None:
    assert str(Money(Decimal("0.040"), "USD")) == "0.040 USD"
    assert str(Money(Decimal(240), "acme:credits")) == "240 credits"
    assert str(Money(Decimal("1E+3"), "EUR")) == "1000 EUR"


@pytest.mark.parametrize("given", ({}, {"url": "https://a", "base64": "AA=="}, {"url": 7}), ids=str)
def test_an_output_is_one_thing(given: Any) -> None:
    with pytest.raises(ValueError, match=r"exactly one|string"):
        Output(**given)


@pytest.mark.parametrize("told", ("", "soon", "2026-13-01", 1764000000, True, {}, [], 0.5), ids=str)
def test_a_time_that_cannot_be_read_is_left_out(told: Any) -> None:
    assert Output(url="https://a.example/1.png", expires_at=told).expires_at is None


def test_a_time_without_a_zone_is_utc() -> None:
    moment = datetime(2026, 11, 22, tzinfo=UTC)
    for told in ("2026-11-22", "2026-11-22T00:00:00Z", moment, moment.replace(tzinfo=None)):
        assert Output(url="https://a.example/1.png", expires_at=told).expires_at == moment  # type: ignore[arg-type]  # texts are taken, too


def test_done_takes_any_sequence() -> None:
    outputs = [Output(url="https://a.example/1.png")]
    assert Done(outputs).images == tuple(outputs)


# -- pictures


def test_the_content_tells_the_type_never_the_name(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(png(5, 7))
    image = ImageSource.of(path)
    assert (image.media_type, image.extension, image.width, image.height) == (
        "image/png",
        "png",
        5,
        7,
    )
    assert image.size == len(png(5, 7))
    assert image.url is None


@pytest.mark.parametrize(
    ("value", "code"),
    (
        ("missing.png", "not_found"),
        (".", "not_a_picture"),
        (b"", "not_a_picture"),
        (b"hello", "not_a_picture"),
        (b"<!doctype html>", "not_a_picture"),
        (png()[:-8], "truncated"),
        (io.StringIO("text"), "type"),
        ("data:image/png;base64", "format"),
        ("data:image/png;base64,????", "format"),
        ("bad\0name", "not_found"),
    ),
)
def test_what_is_no_picture(value: Any, code: str) -> None:
    with pytest.raises(ValidationError) as caught:
        ImageSource.of(value, at="/mask")
    (problem,) = caught.value.problems
    assert (problem.path, problem.code) == ("/mask", code)


def test_hooks_cannot_read_pictures(tmp_path: Path) -> None:
    image = ImageSource.of(png())
    with hooks_running():
        assert image.width == 64
        for read in (image.read, image.open, image.unchanged, lambda: image.path):
            with pytest.raises(PluginError, match="no I/O"):
                read()
    assert image.read() == png()


def job_of(*pictures: ImageSource, **state: Any) -> Job:
    image, *references = pictures
    request = EditRequest(
        image=image, prompt="x", references=[Reference(one) for one in references]
    )
    return Job(
        id="1",
        provider="acme",
        request=request,
        model=Model(id="m", title="M", send="m"),
        state=state,
    )


def test_the_same_picture_uploads_once_and_in_order() -> None:
    a, b = ImageSource.of(png(1, 1)), ImageSource.of(png(2, 2))
    again = ImageSource.of(png(1, 1))
    url = ImageSource.of("https://pictures.example/x.png")
    job = job_of(a, b, again, url)
    assert job.to_upload == (a, b)
    state = job.uploaded(a, "h1")
    assert job.state == {}
    done = job_of(a, b, again, url, **state)
    assert done.to_upload == (b,)
    assert (done.handle(a), done.handle(again), done.handle(url)) == ("h1", "h1", url.url)
    with pytest.raises(KeyError):
        done.handle(b)


def test_a_request_shows_no_prompt() -> None:
    request = EditRequest(image=ImageSource.of(png()), prompt="canary prompt")
    assert "canary" not in repr(request)
    assert "canary" not in repr(imgedit.HttpResponse(status=200, body=b"canary"))
