"""The hooks as what they are: functions of a job and an answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from imgedit import DataURI, Done, HttpResponse, Job, Json, Output, UnexpectedResponse
from imgedit.discovery import Provider
from imgedit.manifest import is_error

URL = "http://pictures.example/a%20b.jpg?sig=1%2F2"
RESULT = "https://cdn.gptimageapi.dev/edits/1234567890.png"


def answer(value: Any) -> HttpResponse:
    return HttpResponse(status=200, body=json.dumps(value).encode())


def good(images: Any) -> HttpResponse:
    return answer({"code": 0, "message": "ok", "data": {"images": images}})


def test_a_file_travels_as_a_data_uri(provider: Provider, make_job: Callable[..., Job]) -> None:
    job = make_job()
    built = provider.build_request(job)
    assert (built.method, built.url, built.purpose) == ("POST", "/v1/images/edit", "submit")
    assert built.spends
    assert (built.headers, built.query) == ({}, {})
    assert built.body == Json(
        {
            "model": "gpt-image-2",
            "prompt": "remove the tree",
            "n": 1,
            "image": DataURI(job.request.image),
        }
    )
    assert provider.build_request(job) == built


def test_everything_that_can_be_asked(provider: Provider, make_job: Callable[..., Job]) -> None:
    job = make_job(URL, model="gpt-image-2", aspect_ratio="4:3", quality="high", n=3)
    assert provider.build_request(job).body == Json(
        {
            "model": "gpt-image-2",
            "prompt": "remove the tree",
            "size": "4:3",
            "quality": "high",
            "n": 3,
            "image": URL,
        }
    )


def test_one_picture_for_each_entry(provider: Provider, make_job: Callable[..., Job]) -> None:
    urls = [f"https://cdn.gptimageapi.dev/edits/{number}.png" for number in range(3)]
    done = provider.parse_response(make_job(n=3), good([{"url": url} for url in urls]))
    assert done == Done([Output(url=url) for url in urls])


def test_what_came_is_not_lost_for_what_is_missing(
    provider: Provider, make_job: Callable[..., Job]
) -> None:
    entries = [None, {"url": RESULT}, {"url": None}, {}, "x", {"url": ""}]
    assert provider.parse_response(make_job(n=6), good(entries)) == Done([Output(url=RESULT)])


@pytest.mark.parametrize("images", (None, [], {}, "x", 3, [None], [[]], [{}], [RESULT]), ids=repr)
def test_an_answer_without_a_picture(
    provider: Provider, make_job: Callable[..., Job], images: Any
) -> None:
    with pytest.raises(UnexpectedResponse, match="named no picture"):
        provider.parse_response(make_job(), good(images))


@pytest.mark.parametrize(
    ("value", "expected"),
    (
        ({"code": 0, "message": "ok", "data": {"images": [{"url": RESULT}]}}, False),
        ({"code": 1, "message": "no"}, True),
        ({"code": -1, "message": "no", "data": None}, True),
        ({"code": "0"}, True),  # to the vendor's own examples this is not 0
        ({"code": None}, True),
        ({"code": False}, True),
        ({"message": "no"}, False),
        ([], False),
        (None, False),
    ),
    ids=str,
)
def test_what_counts_as_a_failure(provider: Provider, value: Any, expected: bool) -> None:
    assert is_error(provider.manifest, answer(value), own_api=True) is expected
