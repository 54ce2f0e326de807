"""The hooks as what they are: functions of a job and an answer."""

from __future__ import annotations

import json
from typing import Any

import pytest
from attrs import evolve

from imgedit import (
    Done,
    EditRequest,
    HttpResponse,
    ImageSource,
    Job,
    JobFailed,
    Json,
    Next,
    Output,
    Raw,
    Reference,
    UnexpectedResponse,
    Wait,
)
from imgedit.discovery import Provider
from imgedit.manifest import check, document
from imgedit.testing.pictures import png

RED = ImageSource.of(png(color=(200, 0, 0)))
BLUE = ImageSource.of(png(color=(0, 0, 200)))
URL = ImageSource(url="https://pictures.example/a.jpg")


def job(
    provider: Provider, image: ImageSource = RED, *references: ImageSource, **facts: Any
) -> Job:
    state = facts.pop("state", {})
    status = facts.pop("status", "planned")
    request = EditRequest(
        image=image,
        prompt="make it so",
        references=[Reference(one) for one in references],
        **facts,
    )
    model = provider.manifest.pick(request.model).model
    return Job(
        id="01K", provider="magichour", request=request, model=model, state=state, status=status
    )


def answer(purpose: Any, value: Any) -> HttpResponse:
    return HttpResponse(status=200, body=json.dumps(value).encode(), purpose=purpose)


def slots(*names: str) -> dict[str, Any]:
    return {
        "items": [
            {"upload_url": f"https://videos.magichour.ai/{name}?s=1", "file_path": f"api/{name}"}
            for name in names
        ]
    }


def test_every_state_from_files(provider: Provider) -> None:
    now = job(provider, RED, BLUE, model="qwen-edit", resolution="1k", aspect_ratio="16:9")
    first = provider.build_request(now)
    assert (first.method, first.url, first.purpose) == ("POST", "/v1/files/upload-urls", "prepare")
    png_item = {"type": "image", "extension": "png"}
    assert first.body == Json({"items": [png_item, png_item]})

    step = provider.parse_response(now, answer("prepare", slots("r.png", "b.png")))
    assert isinstance(step, Next)
    now = evolve(now, state=step.state)
    put = provider.build_request(now)
    assert (put.method, put.purpose) == ("PUT", "upload")
    assert put.url == "https://videos.magichour.ai/r.png?s=1"
    assert put.body == Raw(RED)
    assert put.headers == {}

    empty = HttpResponse(status=200, purpose="upload")
    step = provider.parse_response(now, empty)
    assert isinstance(step, Next)
    now = evolve(now, state=step.state)
    put = provider.build_request(now)
    assert (put.url, put.body) == ("https://videos.magichour.ai/b.png?s=1", Raw(BLUE))

    step = provider.parse_response(now, empty)
    assert isinstance(step, Next)
    now = evolve(now, state=step.state)
    create = provider.build_request(now)
    assert (create.method, create.url, create.purpose) == (
        "POST",
        "/v1/ai-image-editor",
        "submit",
    )
    assert create.body == Json(
        {
            "model": "qwen-edit",
            "style": {"prompt": "make it so"},
            "image_count": 1,
            "aspect_ratio": "16:9",
            "resolution": "1k",
            "assets": {"image_file_paths": ["api/r.png", "api/b.png"]},
        }
    )
    assert provider.build_request(now) == create

    step = provider.parse_response(now, answer("submit", {"id": "c/1", "credits_charged": 20}))
    assert isinstance(step, Wait)
    assert step.state == {"id": "c/1"}
    assert step.seconds is None
    assert step.facts.vendor_ids == {"id": "c/1"}
    assert step.facts.cost == 20
    now = evolve(now, state=step.state, status="accepted")
    poll = provider.build_request(now)
    assert (poll.method, poll.url, poll.purpose) == ("GET", "/v1/image-projects/c%2F1", "poll")
    assert poll.body is None

    for status in ("draft", "queued", "rendering", "something new"):
        step = provider.parse_response(now, answer("poll", {"status": status, "downloads": []}))
        assert isinstance(step, Wait)
        assert step.state == {"id": "c/1"}

    done = provider.parse_response(
        now,
        answer(
            "poll",
            {
                "status": "complete",
                "credits_charged": 19,
                "downloads": [
                    {"url": "https://x.example/1.png", "expires_at": "2026-11-22T00:00:00Z"},
                    {"url": "https://x.example/2.png", "expires_at": None},
                ],
            },
        ),
    )
    assert isinstance(done, Done)
    assert [one.url for one in done.images] == [
        "https://x.example/1.png",
        "https://x.example/2.png",
    ]
    assert done.images[0].expires_at is not None
    assert done.images[0].expires_at.isoformat() == "2026-11-22T00:00:00+00:00"
    assert done.facts.cost == 19
    assert done.refresh == {"id": "c/1"}


def test_the_same_picture_is_uploaded_once(provider: Provider) -> None:
    again = ImageSource.of(png(color=(200, 0, 0)))
    now = job(provider, RED, BLUE, again)
    request = provider.build_request(now)
    assert isinstance(request.body, Json)
    assert len(request.body.value["items"]) == 2
    state = {"handles": {RED.sha256: "api/r.png", BLUE.sha256: "api/b.png"}}
    create = provider.build_request(evolve(now, state=state))
    assert isinstance(create.body, Json)
    paths = create.body.value["assets"]["image_file_paths"]
    assert paths == ["api/r.png", "api/b.png", "api/r.png"]


def test_urls_need_no_upload(provider: Provider) -> None:
    create = provider.build_request(job(provider, URL))
    assert create.purpose == "submit"
    assert isinstance(create.body, Json)
    assert create.body.value["assets"] == {"image_file_paths": [URL.url]}
    mixed = provider.build_request(job(provider, URL, RED))
    assert mixed.body == Json({"items": [{"type": "image", "extension": "png"}]})


def test_the_default_model_and_the_name(provider: Provider) -> None:
    create = provider.build_request(job(provider, URL, n=4, options={"name": "Sunrise"}))
    assert isinstance(create.body, Json)
    assert create.body.value == {
        "model": "default",
        "style": {"prompt": "make it so"},
        "image_count": 4,
        "name": "Sunrise",
        "assets": {"image_file_paths": [URL.url]},
    }


def test_extensions_are_those_that_magic_hour_lists(provider: Provider) -> None:
    listed = {"png", "jpg", "jpeg", "jfif", "heic", "heif", "webp", "avif", "jp2", "tiff", "tif"}
    listed.add("bmp")
    taken = provider.manifest.models[0].limits["picture.media_type"]
    assert taken is not None
    for media_type in taken["enum"]:
        assert ImageSource(media_type=media_type, sha256="0").extension in listed
    for media_type in ("image/gif", "image/jxl", "image/x-icon"):
        sheet = document(
            EditRequest(image=ImageSource(media_type=media_type, sha256="0"), prompt="x")
        )
        problems = check(sheet, provider.manifest.models[0]).problems
        assert [problem.path for problem in problems] == ["/image/media_type"]


@pytest.mark.parametrize(
    "value",
    (
        {"items": []},
        slots("a", "b"),
        {"items": [{"upload_url": "https://x.example/a"}]},
        {"items": [{"upload_url": 7, "file_path": "api/a"}]},
        {},
        [],
        None,
        "text",
    ),
    ids=str,
)
def test_upload_places_that_cannot_be_read(provider: Provider, value: Any) -> None:
    with pytest.raises(UnexpectedResponse):
        provider.parse_response(job(provider), answer("prepare", value))


@pytest.mark.parametrize("value", ({}, {"id": 7}, {"id": ""}, [], None, 3), ids=str)
def test_a_create_without_an_id(provider: Provider, value: Any) -> None:
    with pytest.raises(UnexpectedResponse):
        provider.parse_response(job(provider, URL), answer("submit", value))


@pytest.mark.parametrize("charge", (None, "many", True, -5, {}, 1e99, 10**40, 0, 12), ids=str)
def test_a_strange_charge_loses_no_job(provider: Provider, charge: Any) -> None:
    value = {"id": "c1", "credits_charged": charge}
    step = provider.parse_response(job(provider, URL), answer("submit", value))
    assert isinstance(step, Wait)
    assert step.state == {"id": "c1"}
    assert step.facts.cost == (charge if charge in (0, 12) and charge is not True else None)


def polled(provider: Provider, **value: Any) -> Any:
    now = job(provider, state={"id": "c1"}, status="accepted")
    return provider.parse_response(now, answer("poll", value))


def test_complete_without_downloads(provider: Provider) -> None:
    for downloads in ([], None):
        with pytest.raises(UnexpectedResponse, match="names no picture"):
            polled(provider, status="complete", downloads=downloads)
    with pytest.raises(UnexpectedResponse):
        polled(provider, status="complete", downloads=[{"href": "https://x.example/"}])
    with pytest.raises(UnexpectedResponse):
        polled(provider, downloads=[])


@pytest.mark.parametrize("value", ("", "soon", 1764000000, True, {}, [], None), ids=str)
def test_a_strange_end_of_a_url_loses_no_picture(provider: Provider, value: Any) -> None:
    url = "https://x.example/1.png"
    done = polled(provider, status="complete", downloads=[{"url": url, "expires_at": value}])
    assert done.images == (Output(url=url),)


@pytest.mark.parametrize("value", ({}, {"url": None}, {"url": ""}, {"url": 7}, None, "x"), ids=str)
def test_a_download_without_a_url_loses_no_other(provider: Provider, value: Any) -> None:
    url = "https://x.example/1.png"
    done = polled(provider, status="complete", downloads=[value, {"url": url}])
    assert done.images == (Output(url=url),)
    for downloads in ([value], value):
        with pytest.raises(UnexpectedResponse, match="names no picture"):
            polled(provider, status="complete", downloads=downloads)


def test_a_deleted_edit(provider: Provider) -> None:
    for status in ("complete", "rendering"):
        with pytest.raises(JobFailed, match="deleted") as caught:
            polled(provider, status=status, enabled=False, downloads=[], credits_charged=50)
        assert caught.value.charged == "yes"
    with pytest.raises(JobFailed, match="deleted") as caught:
        polled(provider, status="queued", enabled=False, downloads=[], credits_charged=0)
    assert caught.value.charged == "unknown"
    kept = polled(
        provider,
        status="complete",
        enabled=False,
        downloads=[{"url": "https://x.example/1.png", "expires_at": None}],
    )
    assert isinstance(kept, Done)


def test_nothing_to_look_a_lost_create_up_with(provider: Provider) -> None:
    assert provider.reconcile(job(provider, URL, status="sent"), None) is None
    assert provider.list_models() is None
