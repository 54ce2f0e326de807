"""Edits through the real engine, over HTTP, against a Depicta on loopback."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import imgedit
from imgedit import errors
from imgedit.testing.pictures import png
from imgedit.testing.server import Answer

EDIT = "/v1/edit/image"
JOB = "1f0c2d3e-aaaa-4bbb-8ccc-000000000007"
GENERATION = "9a8b7c6d-aaaa-4bbb-8ccc-000000000001"
KEY = "dpct_canary4711"
URL = "https://pictures.example/a.jpg?size=%2Fx"

Edit = Callable[..., imgedit.EditResult]


def steps(vendor: Any) -> list[str]:
    return [f"{request.method} {request.target}" for request in vendor.requests]


def test_from_files(vendor: Any, edit: Edit, photo: Path, other: Path, tmp_path: Path) -> None:
    result = edit(
        photo,
        model="gemini-2.5-flash-image",
        resolution="2k",
        aspect_ratio="4:5",
        options={"strictness": "normal"},
        references=[(other, "a green wall"), (URL, "a car"), (photo, "as it was")],
    )
    assert steps(vendor) == [
        "POST /v1/upload",
        "POST /v1/upload",
        f"POST {EDIT}",
        "GET /out/1.png",
    ]
    first, second, create, download = vendor.requests
    for upload, path in ((first, photo), (second, other)):
        (part,) = upload.parts()
        assert (part.name, part.content_type) == ("image", "image/png")
        assert part.filename
        assert part.body == path.read_bytes()
    assert create.json() == {
        "model": "gemini-2.5-flash-image",
        "prompt": "make it so",
        "aspect_ratio": "4:5",
        "image_size": "2K",
        "strictness": "normal",
        "input_image_url": f"{vendor.url}/in/1?sig=a%2Fb%3D",
        "reference_images": [
            {"url": f"{vendor.url}/in/2?sig=a%2Fb%3D", "description": "a green wall"},
            {"url": URL, "description": "a car"},
            {"url": f"{vendor.url}/in/1?sig=a%2Fb%3D", "description": "as it was"},
        ],
    }
    for own in (first, second, create):
        assert own.headers["authorization"] == f"Bearer {KEY}"
    assert "authorization" not in download.headers
    assert KEY not in str(download)

    assert result.image.path == tmp_path / "out.png"
    assert result.image.read() == png()
    assert result.image.sha256 == hashlib.sha256(png()).hexdigest()
    assert str(result.cost) == "0.045000 EUR"
    assert str(result.balance) == "9.955000 EUR"
    assert result.vendor_ids == {"id": GENERATION, "job_id": JOB}
    assert result.ai_generated is True
    assert (result.model, result.attempts, result.warnings) == ("gemini-2.5-flash-image", 1, ())
    assert result.quote is not None
    assert result.quote.basis == "estimate"


def test_from_a_url(vendor: Any, edit: Edit) -> None:
    result = edit(URL)
    assert steps(vendor) == [f"POST {EDIT}", "GET /out/1.png"]
    assert vendor.requests[0].json() == {"prompt": "make it so", "input_image_url": URL}
    assert "/image/bytes" in result.unchecked


@pytest.mark.parametrize("kind", ("png", "jpeg", "webp"))
def test_each_format(vendor: Any, edit: Edit, tmp_path: Path, kind: str) -> None:
    result = edit(URL, output_format=kind, out=tmp_path / f"o.{kind}")
    image = result.image
    assert (image.media_type, image.url) == (f"image/{kind}", f"{vendor.url}/out/1.{kind}")
    assert image.path.name == f"o.{kind}"
    assert vendor.count("GET") == 1  # the other two are not fetched
    assert set(image.variants) == {"png", "jpeg", "webp"} - {kind}
    for name, variant in image.variants.items():
        told = vendor.format(name)
        assert (variant.url, variant.sha256) == (told["url"], told["hash"])
        assert (variant.size, variant.media_type) == (told["size_bytes"], f"image/{name}")
        assert variant.expires_at is not None


@pytest.mark.parametrize("kind", ("png", "webp"))
def test_without_formats_it_is_the_png(vendor: Any, edit: Edit, tmp_path: Path, kind: str) -> None:
    vendor.on("POST", EDIT, vendor.edited(formats=...))
    result = edit(URL, output_format=kind, out=tmp_path / f"o.{kind}")
    assert result.image.read() == png()
    assert result.image.variants == {}
    assert any("Depicta made no webp" in text for text in result.warnings) == (kind == "webp")


@pytest.mark.parametrize("wrong", ({"hash": "ab" * 32}, {"size_bytes": 5}), ids=str)
def test_a_picture_that_is_not_the_announced_one_is_refused(
    vendor: Any, edit: Edit, resume: Any, tmp_path: Path, wrong: dict[str, Any]
) -> None:
    vendor.on("POST", EDIT, vendor.edited(formats={"png": vendor.format("png", **wrong)}))
    with pytest.raises(errors.DownloadFailed) as caught:
        edit(URL)
    assert caught.value.charged == "yes"
    assert list(tmp_path.glob("out*")) == []
    assert vendor.edits == 1
    # A forged picture is no better later; when it is the right one again, it is taken.
    with pytest.raises(errors.DownloadFailed):
        resume(caught.value.job_id)
    assert vendor.edits == 1


def test_the_older_hash_is_checked_too(vendor: Any, edit: Edit, resume: Any) -> None:
    vendor.on("POST", EDIT, vendor.edited(formats=...))
    vendor.on("GET", "/out/1.png", Answer.picture(png(color=(1, 1, 1))))
    with pytest.raises(errors.DownloadFailed) as caught:
        edit(URL)
    vendor.on("GET", "/out/1.png", Answer.picture(png()))
    assert resume(caught.value.job_id).image.read() == png()
    assert vendor.edits == 1


@pytest.mark.parametrize("status", (403, 404, 410))
def test_a_url_that_has_ended_is_asked_for_again(vendor: Any, edit: Edit, status: int) -> None:
    gone = vendor.format("png", url=f"{vendor.url}/gone.png")
    vendor.on("GET", "/gone.png", Answer(status=status))
    vendor.on("POST", EDIT, vendor.edited(formats={"png": gone}))
    result = edit(URL)
    assert result.image.read() == png()
    assert steps(vendor) == [
        f"POST {EDIT}",
        "GET /gone.png",
        f"GET /v1/jobs/{JOB}",
        "GET /out/1.png",
    ]


def test_a_url_that_has_ended_for_good(vendor: Any, edit: Edit) -> None:
    vendor.on("GET", "/out/1.png", Answer(status=403))
    with pytest.raises(errors.DownloadFailed) as caught:
        edit(URL)
    assert caught.value.charged == "yes"
    assert (vendor.edits, vendor.count("GET", f"/v1/jobs/{JOB}")) == (1, 1)


def test_an_upload_that_stumbles_is_repeated(vendor: Any, edit: Edit, photo: Path) -> None:
    vendor.on(
        "POST",
        "/v1/upload",
        Answer(status=503),
        Answer(fault="drop_after_body"),
        Answer(status=429, headers={"Retry-After": "3"}),
        vendor.uploaded,
    )
    edit(photo)
    assert (vendor.count("POST", "/v1/upload"), vendor.edits) == (4, 1)


def test_too_many_at_once_waits_as_long_as_told(
    vendor: Any, edit: Edit, quick: list[float]
) -> None:
    busy = Answer.json({"error": "rate_limited"}, status=429, headers={"Retry-After": "7"})
    vendor.on("POST", EDIT, busy, vendor.edited())
    assert edit(URL).attempts == 2
    assert len(quick) == 1
    assert 7 <= quick[0] < 8
    assert len({request.body for request in vendor.received("POST", EDIT)}) == 1


def test_a_reference_without_words_sends_nothing(vendor: Any, edit: Edit, photo: Path) -> None:
    with pytest.raises(errors.ValidationError) as caught:
        edit(photo, references=[photo])
    (problem,) = caught.value.problems
    assert problem.path == "/references/0/description"
    assert "what each reference shows" in str(problem)
    assert vendor.requests == []


def test_no_key(vendor: Any, edit: Edit, photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DEPICTA_API_KEY")
    with pytest.raises(errors.ConfigError, match="DEPICTA_API_KEY"):
        edit(photo)
    assert vendor.requests == []
