"""What is sent for each kind of edit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from imgedit import (
    DataURI,
    EditRequest,
    FilePart,
    HttpRequest,
    ImageSource,
    Job,
    Json,
    Multipart,
    Reference,
)
from imgedit.discovery import Provider

URL = "https://pictures.example/a%20b.jpg?sig=1%2F2"


def built(venice: Provider, job: Job) -> HttpRequest:
    request = venice.build_request(job)
    assert isinstance(request, HttpRequest)
    assert (request.method, request.purpose) == ("POST", "submit")
    assert request == venice.build_request(job)
    return request


def test_a_file_goes_as_a_form(venice: Provider, make_job: Callable[..., Job]) -> None:
    job = make_job()
    request = built(venice, job)
    assert request.url == "/image/edit"
    assert isinstance(request.body, Multipart)
    assert request.body.parts[0] == ("image", FilePart(job.request.image))
    assert dict(request.body.parts[1:]) == {
        "prompt": "remove the tree",
        "model": "firered-image-edit",
    }


def test_a_url_goes_as_json(venice: Provider, make_job: Callable[..., Job]) -> None:
    request = built(venice, make_job(URL))
    assert request.url == "/image/edit"
    assert request.body == Json(
        {"prompt": "remove the tree", "model": "firered-image-edit", "image": URL}
    )


def test_references_go_to_multi_edit(
    venice: Provider, make_job: Callable[..., Job], picture: Callable[..., bytes]
) -> None:
    further = [ImageSource.of(picture(red)) for red in (30, 40)]
    job = make_job(references=[Reference(image) for image in further])
    request = built(venice, job)
    assert request.url == "/image/multi-edit"
    assert isinstance(request.body, Multipart)
    assert request.body.parts[:3] == tuple(
        ("images", FilePart(image)) for image in (job.request.image, *further)
    )
    assert dict(request.body.parts[3:]) == {
        "prompt": "remove the tree",
        "modelId": "firered-image-edit",
    }


def test_urls_go_to_multi_edit_as_json(venice: Provider, make_job: Callable[..., Job]) -> None:
    job = make_job(URL, references=[Reference(ImageSource.of("http://pictures.example/b"))])
    request = built(venice, job)
    assert request.url == "/image/multi-edit"
    assert request.body == Json(
        {
            "prompt": "remove the tree",
            "modelId": "firered-image-edit",
            "images": [URL, "http://pictures.example/b"],
        }
    )


def test_a_file_beside_a_url_goes_as_a_data_uri(
    venice: Provider, make_job: Callable[..., Job]
) -> None:
    job = make_job(references=[Reference(ImageSource.of(URL))])
    body = built(venice, job).body
    assert isinstance(body, Json)
    assert body.value["images"] == [DataURI(job.request.image), URL]


def test_quality_goes_to_multi_edit(venice: Provider, make_job: Callable[..., Job]) -> None:
    request = built(venice, make_job(model="gpt-image-2-edit", quality="low", resolution="4k"))
    assert request.url == "/image/multi-edit"
    assert isinstance(request.body, Multipart)
    assert dict(request.body.parts[1:]) == {
        "prompt": "remove the tree",
        "modelId": "gpt-image-2-edit",
        "resolution": "4K",
        "quality": "low",
    }
    body = built(venice, make_job(URL, model="gpt-image-2-edit", quality="low")).body
    assert isinstance(body, Json)
    assert body.value["images"] == [URL]


@pytest.mark.parametrize("image", (None, URL))
def test_every_field_has_the_vendors_name(
    venice: Provider, make_job: Callable[..., Job], image: str | None
) -> None:
    options = {
        "safe_mode": False,
        "enhance_prompt": True,
        "disable_prompt_optimization_thinking": True,
        "transparent_background": True,
        "anon_user_id": "user 1",
    }
    job = make_job(
        image,
        model="nano-banana-pro-edit",
        aspect_ratio="16:9",
        resolution="2k",
        output_format="png",
        options=options,
        label="mine alone",
    )
    body = built(venice, job).body
    fields = body.value if isinstance(body, Json) else dict(body.parts)  # type: ignore[union-attr]
    assert {name: value for name, value in fields.items() if name != "image"} == {
        "prompt": "remove the tree",
        "model": "nano-banana-pro-edit",
        "aspect_ratio": "16:9",
        "resolution": "2K",
        "output_format": "png",
        **options,
    }


def problems(venice: Provider, model: str = "firered-image-edit", **fields: Any) -> dict[str, str]:
    image = fields.pop("image", ImageSource(width=1000, height=1000, size=5000))
    request = EditRequest(image=image, prompt=fields.pop("prompt", "x"), model=model, **fields)
    found = venice.validate(request, venice.manifest.pick(model).model)
    return {problem.path: problem.code for problem in found.problems}


ANOTHER = Reference(ImageSource(width=1000, height=1000, size=5000))


@pytest.mark.parametrize(
    ("fields", "expected"),
    (
        ({}, {}),
        ({"prompt": "x" * 32_768}, {}),
        ({"prompt": "x" * 32_769}, {"/prompt": "maxLength"}),
        ({"n": 2}, {"/n": "unsupported"}),
        ({"seed": 1}, {"/seed": "unsupported"}),
        ({"mask": ANOTHER.image}, {"/mask": "unsupported"}),
        ({"resolution": "1k"}, {"/resolution": "unsupported"}),
        ({"resolution": "2k", "model": "qwen-image-3-edit"}, {}),
        ({"resolution": "4k", "model": "qwen-image-3-edit"}, {"/resolution": "enum"}),
        ({"resolution": "4k", "model": "nano-banana-2-edit"}, {}),
        ({"quality": "low"}, {"/quality": "unsupported"}),
        ({"quality": "high", "model": "gpt-image-2-edit"}, {}),
        ({"quality": "high", "model": "grok-imagine-image-2-0-edit"}, {"/quality": "enum"}),
        ({"aspect_ratio": "4:3"}, {}),
        ({"aspect_ratio": "5:7"}, {"/aspect_ratio": "enum"}),
        ({"output_format": "gif"}, {"/output_format": "enum"}),
        ({"references": [ANOTHER] * 2}, {}),
        ({"references": [ANOTHER] * 3}, {"/references": "maxItems"}),
        ({"references": [ANOTHER], "model": "luma-uni-1-edit"}, {"/references": "unsupported"}),
        ({"references": [ANOTHER], "model": "luma-uni-1-max-edit"}, {"/references": "unsupported"}),
        (
            {"references": [Reference(ANOTHER.image, "the hat")]},
            {"/references/0/description": "unsupported"},
        ),
        ({"options": {"safe_mode": "no"}}, {"/options/safe_mode": "type"}),
        ({"options": {"steps": 4}}, {"/options/steps": "unsupported"}),
        ({"options": {"anon_user_id": "a|b"}}, {}),
        ({"options": {"anon_user_id": "a||b"}}, {"/options/anon_user_id": "pattern"}),
        ({"options": {"anon_user_id": "a\n"}}, {"/options/anon_user_id": "pattern"}),
        ({"options": {"anon_user_id": "a" * 129}}, {"/options/anon_user_id": "maxLength"}),
        ({"options": {"transparent_background": True}}, {"/output_format": "rule"}),
        (
            {"options": {"transparent_background": True}, "output_format": "jpeg"},
            {"/output_format": "rule"},
        ),
        ({"options": {"transparent_background": True}, "output_format": "webp"}, {}),
        ({"options": {"transparent_background": False}}, {}),
        ({"image": ImageSource(width=256, height=256, size=24_999_999)}, {}),
        ({"image": ImageSource(width=256, height=255, size=1)}, {"/image/pixels": "minimum"}),
        ({"image": ImageSource(width=5760, height=5760, size=1)}, {}),
        ({"image": ImageSource(width=5760, height=5761, size=1)}, {"/image/pixels": "maximum"}),
        (
            {"image": ImageSource(width=999, height=999, size=25_000_000)},
            {"/image/bytes": "exclusiveMaximum"},
        ),
    ),
)
def test_what_is_refused_before_anything_is_sent(
    venice: Provider, fields: dict[str, Any], expected: dict[str, str]
) -> None:
    assert problems(venice, **fields) == expected


def test_of_a_url_picture_the_facts_stay_unchecked(venice: Provider) -> None:
    request = EditRequest(image=ImageSource.of(URL), prompt="x")
    checked = venice.validate(request, venice.manifest.pick(None).model)
    assert checked.problems == ()
    assert sorted(checked.unchecked) == ["/image/bytes", "/image/pixels"]


def test_the_retired_default_is_replaced(venice: Provider) -> None:
    picked = venice.manifest.pick("qwen-edit")
    assert picked.model.id == "firered-image-edit"
    assert "2026-06-26" in picked.warnings[0]
    assert venice.manifest.pick(None).model.id == "firered-image-edit"
    assert venice.manifest.pick(None).warnings == ()
