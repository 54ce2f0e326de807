"""The hooks as what they are: functions of a job and an answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from imgedit import DataURI, Done, Facts, HttpResponse, Job, Json, Output, UnexpectedResponse
from imgedit.discovery import Provider
from imgedit.manifest import is_error

URL = "https://pictures.example/a%20b.jpg?sig=1%2F2"
RESULT = "https://cdn.artnex.ai/edits/1.png?sig=a%2Fb"

GOOD = {
    "success": True,
    "images": [{"url": RESULT}],
    "request_id": "req_abc123xyz",
    "credits_used": 240,
}


def answer(value: Any) -> HttpResponse:
    return HttpResponse(status=200, body=json.dumps(value).encode())


def test_a_file_travels_as_a_data_uri(provider: Provider, make_job: Callable[..., Job]) -> None:
    job = make_job()
    built = provider.build_request(job)
    assert (built.method, built.url, built.purpose) == ("POST", "/edit", "submit")
    assert built.spends
    assert (built.headers, built.query) == ({}, {})
    assert built.body == Json(
        {
            "model": "seedream-edit",
            "prompt": "remove the tree",
            "image": DataURI(job.request.image),
        }
    )
    assert provider.build_request(job) == built


def test_a_url_goes_as_it_is(provider: Provider, make_job: Callable[..., Job]) -> None:
    built = provider.build_request(make_job(URL))
    assert built.body.value["image"] == URL


def test_the_choices_of_one_model(provider: Provider, make_job: Callable[..., Job]) -> None:
    job = make_job(URL, model="gpt-image-2-edit", resolution="4k", quality="medium")
    assert provider.build_request(job).body == Json(
        {
            "model": "gpt-image-2-edit",
            "prompt": "remove the tree",
            "resolution": "4k",
            "quality": "medium",
            "image": URL,
        }
    )


def test_a_good_answer(provider: Provider, make_job: Callable[..., Job]) -> None:
    assert provider.parse_response(make_job(), answer(GOOD)) == Done(
        [Output(url=RESULT)],
        facts=Facts(vendor_ids={"request_id": "req_abc123xyz"}, cost=Decimal(240)),
    )


@pytest.mark.parametrize(
    "strange", (None, "240", -1, True, [240], {"amount": 240}, "many", 1e99, 10**40), ids=repr
)
def test_a_strange_charge_does_not_cost_the_picture(
    provider: Provider, make_job: Callable[..., Job], strange: Any
) -> None:
    done = provider.parse_response(make_job(), answer({**GOOD, "credits_used": strange}))
    assert done.facts.cost is None
    assert [output.url for output in done.images] == [RESULT]


@pytest.mark.parametrize("strange", (None, "", 7, ["req"], {"id": "req"}), ids=repr)
def test_a_strange_id_does_not_cost_the_picture(
    provider: Provider, make_job: Callable[..., Job], strange: Any
) -> None:
    done = provider.parse_response(make_job(), answer({**GOOD, "request_id": strange}))
    assert done.facts == Facts(cost=Decimal(240))


def test_an_answer_with_only_the_picture_is_enough(
    provider: Provider, make_job: Callable[..., Job]
) -> None:
    done = provider.parse_response(make_job(), answer({"images": [{"url": RESULT}]}))
    assert done == Done([Output(url=RESULT)])


@pytest.mark.parametrize(
    "images",
    (
        None,
        [],
        {},
        "x",
        3,
        [None],
        [[]],
        [{}],
        [{"url": None}],
        [{"url": ""}],
        [{"url": 7}],
        [RESULT],
    ),
    ids=repr,
)
def test_an_answer_without_a_picture(
    provider: Provider, make_job: Callable[..., Job], images: Any
) -> None:
    with pytest.raises(UnexpectedResponse, match="named no picture") as caught:
        provider.parse_response(make_job(), answer({**GOOD, "images": images}))
    assert caught.value.request_id == "req_abc123xyz"


@pytest.mark.parametrize(
    ("value", "expected"),
    (
        (GOOD, False),
        ({**GOOD, "success": False}, True),
        ({"success": False, "error": "x", "message": "y"}, True),
        ({"images": []}, False),
        ([], False),
        (None, False),
        ("success", False),
    ),
    ids=str,
)
def test_what_counts_as_a_failure(provider: Provider, value: Any, expected: bool) -> None:
    assert is_error(provider.manifest, answer(value), own_api=True) is expected
