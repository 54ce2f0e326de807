"""Edits through the real engine, over HTTP, against a Magic Hour on loopback."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import imgedit
from imgedit import errors
from imgedit.testing.pictures import png
from imgedit.testing.server import Answer, Received

CREATE = "/v1/ai-image-editor"
SLOTS = "/v1/files/upload-urls"
PROJECT = "/v1/image-projects/cuid-example"
KEY = "mhk_live_canary4711"

Edit = Callable[..., imgedit.EditResult]


def steps(vendor: Any) -> list[str]:
    return [f"{request.method} {request.path}" for request in vendor.requests]


def test_from_a_file(vendor: Any, edit: Edit, photo: Path, quick: list[float]) -> None:
    result = edit(photo, model="qwen-edit", resolution="640px")
    assert steps(vendor) == [
        f"POST {SLOTS}",
        "PUT /api-assets/1/image.png",
        f"POST {CREATE}",
        f"GET {PROJECT}",
        f"GET {PROJECT}",
        "GET /out/1.png",
    ]
    assert quick == [1, 2]
    slots, put, create, *polls, download = vendor.requests
    assert slots.json() == {"items": [{"type": "image", "extension": "png"}]}
    assert create.json() == {
        "model": "qwen-edit",
        "style": {"prompt": "make it so"},
        "image_count": 1,
        "resolution": "640px",
        "assets": {"image_file_paths": ["api-assets/1/image.png"]},
    }
    for own in (slots, create, *polls):
        assert own.headers["authorization"] == f"Bearer {KEY}"
    for foreign in (put, download):
        assert "authorization" not in foreign.headers
        assert KEY not in str(foreign)
    assert "content-type" not in put.headers
    assert "transfer-encoding" not in put.headers
    assert put.headers["content-length"] == str(len(photo.read_bytes()))
    assert put.target == "/api-assets/1/image.png?X-Sig=a%2Fb%3D%3D&X-Date=2026%3A11"
    assert put.body == photo.read_bytes()

    assert result.image.read() == png()
    assert result.image.sha256 == hashlib.sha256(png()).hexdigest()
    assert result.image.expires_at is not None
    assert result.vendor_ids == {"id": "cuid-example"}
    assert result.cost == imgedit.Money(Decimal(50), "magichour:credits")
    assert result.quote is not None
    assert (result.quote.amount, result.quote.basis) == (10, "exact")
    assert (result.model, result.attempts, result.warnings) == ("qwen-edit", 1, ())


def test_the_polls_charge_is_the_cost(vendor: Any, edit: Edit) -> None:
    vendor.on("GET", PROJECT, vendor.project("complete", credits_charged=45))
    assert edit("https://pictures.example/a.jpg").cost == imgedit.Money(45, "magichour:credits")


def test_from_urls(vendor: Any, edit: Edit) -> None:
    image = "https://pictures.example/a.jpg?size=%2Fx"
    further = "https://magichour.ai/my-library?imageId=abc"
    result = edit(image, references=[further])
    assert vendor.count("POST", SLOTS) == vendor.count("PUT") == 0
    assert vendor.received("POST", CREATE)[0].json()["assets"] == {
        "image_file_paths": [image, further]
    }
    assert "/image/media_type" in result.unchecked


def test_a_file_beside_a_url_and_the_same_file_twice(
    vendor: Any, edit: Edit, photo: Path, other: Path
) -> None:
    url = "https://pictures.example/a.jpg"
    edit(photo, references=[url, other, photo.read_bytes()])
    (slots,) = vendor.received("POST", SLOTS)
    assert len(slots.json()["items"]) == 2
    places = {put.body: put.path.removeprefix("/") for put in vendor.received("PUT")}
    assert len(places) == vendor.count("PUT") == 2
    mine, others = places[photo.read_bytes()], places[other.read_bytes()]
    paths = vendor.received("POST", CREATE)[0].json()["assets"]["image_file_paths"]
    assert paths == [mine, url, others, mine]


def test_four_pictures(vendor: Any, edit: Edit, photo: Path, tmp_path: Path) -> None:
    names = [f"{number}.png" for number in range(1, 5)]
    colors = {f"/out/{name}": png(color=(index, 0, 0)) for index, name in enumerate(names)}
    vendor.on("GET", "/out/*", lambda request: Answer.picture(colors[request.path]))
    vendor.on("GET", PROJECT, vendor.project("complete", names))
    result = edit(photo, n=4)
    assert vendor.received("POST", CREATE)[0].json()["image_count"] == 4
    assert [image.read() for image in result.images] == list(colors.values())
    assert [image.path.name for image in result.images] == [f"out-{n}.png" for n in range(1, 5)]


def test_fewer_pictures_than_asked_for(vendor: Any, edit: Edit, photo: Path) -> None:
    vendor.on("GET", PROJECT, vendor.project("complete", ["1.png", "2.png"]))
    result = edit(photo, n=4)
    assert len(result.images) == 2
    assert any("4 pictures were asked for" in text for text in result.warnings)


@pytest.mark.parametrize("status", (403, 404, 410))
def test_a_download_that_has_ended_is_asked_for_again(
    vendor: Any, edit: Edit, photo: Path, status: int
) -> None:
    vendor.on("GET", PROJECT, vendor.project("complete"), vendor.project("complete", ["2.png"]))
    answers = {"/out/1.png": Answer(status=status), "/out/2.png": Answer.picture(png())}
    vendor.on("GET", "/out/*", lambda request: answers[request.path])
    result = edit(photo)
    assert result.image.read() == png()
    assert result.image.url == f"{vendor.url}/out/2.png"
    assert vendor.count("GET", PROJECT) == 2
    assert vendor.creates == 1


def test_a_download_that_stays_away_can_be_fetched_later(
    vendor: Any, edit: Edit, resume: Any, photo: Path, tmp_path: Path
) -> None:
    vendor.on("GET", "/out/*", Answer(status=404))
    with pytest.raises(errors.DownloadFailed) as caught:
        edit(photo)
    assert caught.value.charged == "yes"
    assert vendor.count("GET", PROJECT) == 3  # two polls, one refresh
    vendor.on("GET", "/out/*", Answer.picture(png()))
    result = resume(caught.value.job_id)
    assert result.image.path == tmp_path / "out.png"
    assert vendor.creates == 1


@pytest.mark.parametrize("status", (400, 403, 404))
def test_an_upload_place_that_has_ended_is_asked_for_again(
    vendor: Any, edit: Edit, photo: Path, other: Path, status: int
) -> None:
    vendor.on("PUT", "/api-assets/*", Answer(), Answer(status=status), Answer())
    edit(photo, references=[other])
    assert vendor.count("POST", SLOTS) == 2
    assert [put.path for put in vendor.received("PUT")] == [
        f"/api-assets/{number}/image.png" for number in (1, 2, 3, 4)
    ]
    paths = vendor.received("POST", CREATE)[0].json()["assets"]["image_file_paths"]
    assert paths == ["api-assets/3/image.png", "api-assets/4/image.png"]


def test_an_upload_place_that_never_works(vendor: Any, edit: Edit, photo: Path) -> None:
    vendor.on("PUT", "/api-assets/*", Answer(status=403, body=b"<Error>AccessDenied</Error>"))
    with pytest.raises(errors.ProviderUnavailable) as caught:
        edit(photo)
    assert caught.value.charged == "no"
    assert (vendor.count("POST", SLOTS), vendor.count("PUT"), vendor.creates) == (2, 2, 0)


def test_an_upload_that_stumbles_is_repeated(vendor: Any, edit: Edit, photo: Path) -> None:
    vendor.on("POST", SLOTS, Answer(status=503), vendor.slots)
    vendor.on("PUT", "/api-assets/*", Answer(fault="drop_after_body"), Answer(status=500), Answer())
    edit(photo)
    assert (vendor.count("POST", SLOTS), vendor.count("PUT"), vendor.creates) == (2, 3, 1)


def test_polls_that_stumble_are_repeated(vendor: Any, edit: Edit, photo: Path) -> None:
    vendor.on(
        "GET",
        PROJECT,
        vendor.project("queued"),
        Answer(status=429),
        Answer(status=502),
        Answer(fault="drop_after_body"),
        vendor.project("rendering"),
        vendor.project("complete"),
    )
    edit(photo)
    assert (vendor.count("GET", PROJECT), vendor.creates) == (6, 1)


def test_complete_without_a_picture_can_be_resumed(
    vendor: Any, edit: Edit, resume: Any, photo: Path
) -> None:
    vendor.on("GET", PROJECT, vendor.project("complete", []))
    with pytest.raises(errors.UnexpectedResponse) as caught:
        edit(photo)
    assert caught.value.charged == "yes"
    vendor.on("GET", PROJECT, vendor.project("complete"))
    assert resume(caught.value.job_id).image.read() == png()
    assert vendor.creates == 1


def test_a_deleted_edit_is_over(vendor: Any, edit: Edit, resume: Any, photo: Path) -> None:
    vendor.on("GET", PROJECT, vendor.project("complete", [], enabled=False))
    with pytest.raises(errors.JobFailed, match="deleted") as caught:
        edit(photo)
    assert caught.value.charged == "yes"
    with pytest.raises(errors.JobFailed, match="deleted") as again:
        resume(caught.value.job_id)
    assert again.value.charged == "yes"
    assert vendor.count("GET", PROJECT) == 1
    assert vendor.creates == 1


def test_an_edit_that_takes_too_long_can_be_resumed(
    vendor: Any, edit: Edit, resume: Any, photo: Path
) -> None:
    vendor.on("GET", PROJECT, vendor.project("rendering"))
    with pytest.raises(errors.DeadlineExceeded) as caught:
        edit(photo, deadline=0.4)
    assert caught.value.charged == "yes"
    vendor.on("GET", PROJECT, vendor.project("complete"))
    assert resume(caught.value.job_id).cost == imgedit.Money(50, "magichour:credits")
    assert vendor.creates == 1


@pytest.mark.parametrize(
    "body", (b"<html>", b'{"id": "cuid', b"[]", b"null", b"", b'{"credits_charged": 50}'), ids=str
)
def test_a_create_that_cannot_be_read(
    vendor: Any, edit: Edit, resume: Any, photo: Path, body: bytes
) -> None:
    vendor.on("POST", CREATE, Answer(body=body, headers={"Content-Type": "application/json"}))
    with pytest.raises(errors.UnexpectedResponse) as caught:
        edit(photo)
    assert caught.value.charged == "unknown"
    with pytest.raises(errors.UnexpectedResponse):
        resume(caught.value.job_id)
    assert vendor.creates == 1


@pytest.mark.parametrize("fault", ("drop_before_body", "drop_after_body", "drop_inside"))
def test_a_create_whose_answer_is_lost(
    vendor: Any, edit: Edit, resume: Any, photo: Path, fault: Any
) -> None:
    vendor.on("POST", CREATE, vendor.created(fault=fault))
    with pytest.raises(errors.OutcomeUnknown) as caught:
        edit(photo)
    assert caught.value.charged == "unknown"
    with pytest.raises(errors.ImgEditError) as again:
        resume(caught.value.job_id)
    assert again.value.charged == "unknown"
    assert vendor.creates == 1


def test_a_create_that_fails_with_502_is_sent_again(vendor: Any, edit: Edit, photo: Path) -> None:
    vendor.on("POST", CREATE, Answer(status=502), Answer(status=429), vendor.created())
    result = edit(photo)
    assert vendor.creates == 3
    assert result.attempts == 3
    bodies = {request.body for request in vendor.received("POST", CREATE)}
    assert len(bodies) == 1
    assert vendor.count("PUT") == 1


def test_a_picture_of_another_type_is_not_sent(vendor: Any, edit: Edit, tmp_path: Path) -> None:
    gif = tmp_path / "a.gif"
    gif.write_bytes(
        b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;"
    )
    with pytest.raises(errors.ValidationError) as caught:
        edit(gif)
    assert [problem.path for problem in caught.value.problems] == ["/image/media_type"]
    assert vendor.requests == []


def test_no_key(vendor: Any, edit: Edit, photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MAGIC_HOUR_API_KEY")
    with pytest.raises(errors.ConfigError, match="MAGIC_HOUR_API_KEY"):
        edit(photo)
    assert vendor.requests == []


def test_the_signature_of_a_download_arrives_as_it_was(vendor: Any, edit: Edit) -> None:
    seen: list[Received] = []

    def picture(request: Received) -> Answer:
        seen.append(request)
        return Answer.picture(png())

    vendor.on("GET", "/out/*", picture)
    vendor.on("GET", PROJECT, vendor.project("complete", ["a%2Fb.png?sig=x%3D%2F&e=1"]))
    edit("https://pictures.example/a.png")
    assert [request.target for request in seen] == ["/out/a%2Fb.png?sig=x%3D%2F&e=1"]
