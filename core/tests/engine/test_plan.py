"""Before anything is sent: pictures, checks, prices, limits."""

from __future__ import annotations

import asyncio
import errno
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import imgedit
from imgedit import errors
from imgedit.engine import prepare
from imgedit.testing.acme import MANIFEST
from imgedit.testing.pictures import png
from imgedit.testing.server import Answer, ScriptedServer


def with_exif(kind: str = "JPEG") -> bytes:
    exif = Image.Exif()
    exif[0x010F] = "canary camera"
    exif[0x0112] = 6
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "green").save(out, kind, exif=exif)
    return out.getvalue()


@pytest.mark.parametrize("kind", ("JPEG", "PNG", "WEBP"))
@pytest.mark.parametrize("form", ("path", "bytes", "file", "data uri"))
def test_metadata_is_removed_before_upload(
    acme: Any, edit: Any, server: ScriptedServer, tmp_path: Path, kind: str, form: str
) -> None:
    data = with_exif(kind)
    path = tmp_path / "photo"
    path.write_bytes(data)
    image: Any = {
        "path": path,
        "bytes": data,
        "file": io.BytesIO(data),
        "data uri": "data:image/any;base64," + __import__("base64").b64encode(data).decode(),
    }[form]
    edit(image)
    (upload,) = [one for one in server.requests if one.path == "/upload"]
    (part,) = upload.parts()
    assert b"canary camera" not in part.body
    assert Image.open(io.BytesIO(part.body)).getexif()[0x0112] == 6
    assert path.read_bytes() == data


def test_a_full_disk_while_metadata_is_removed(
    acme: Any, edit: Any, server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> Iterator[bytes]:
        yield b"the first piece fits"
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(prepare, "_LARGE", 0)  # as if the picture were large
    monkeypatch.setattr(prepare, "stripped_chunks", full)
    with pytest.raises(errors.OutputError, match="no room") as caught:
        edit(with_exif(), journal=tmp_path / "jobs.sqlite3")
    assert caught.value.charged == "no"
    assert server.requests == []
    assert list((tmp_path / "jobs.sqlite3.spool").rglob("*")) == []


@pytest.mark.parametrize("keep", (False, True), ids=("removed", "kept"))
def test_a_picture_that_vanishes_before_it_is_read(
    acme: Any, edit: Any, server: ScriptedServer, tmp_path: Path, keep: bool
) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(with_exif())
    image = imgedit.ImageSource.of(path)
    path.unlink()
    with pytest.raises(errors.ValidationError, match="cannot be read: No such file") as caught:
        edit(image, keep_metadata=keep)
    assert [problem.path for problem in caught.value.problems] == ["/image"]
    assert server.requests == []


def test_metadata_stays_when_asked(acme: Any, edit: Any, server: ScriptedServer) -> None:
    edit(with_exif(), keep_metadata=True)
    (upload,) = [one for one in server.requests if one.path == "/upload"]
    assert upload.parts()[0].body == with_exif()


def test_a_type_that_cannot_be_stripped_goes_with_a_warning(
    acme: Any, edit: Any, server: ScriptedServer
) -> None:
    out = io.BytesIO()
    Image.new("RGB", (4, 4)).save(out, "BMP")
    result = edit(out.getvalue())
    assert any("metadata cannot be removed" in warning for warning in result.warnings)


def test_a_url_the_vendor_takes_is_passed_on(acme: Any, edit: Any, server: ScriptedServer) -> None:
    url = "https://pictures.acme.example/a.png?sig=a%2Fb+c"
    result = edit(url)
    (submit,) = [one for one in server.requests if one.path == "/edit"]
    assert submit.json()["images"] == [url]
    assert server.count("POST", "/upload") == 0
    assert result.unchecked == ()


def test_what_is_not_known_of_a_url_is_said(acme: Any, edit: Any, server: ScriptedServer) -> None:
    acme({"limits": {"picture.bytes": {"maximum": 5}}})
    assert edit("https://pictures.acme.example/a.png").unchecked == ("/image/bytes",)


def test_another_url_is_fetched_guarded(acme: Any, edit: Any, server: ScriptedServer) -> None:
    # A loopback address of the user's is not fetched either: a page could have named it.
    with pytest.raises(errors.ImgEditError) as caught:
        edit(f"{server.url}/out.png")
    assert caught.value.charged == "no"
    assert "https://" not in str(caught.value)  # http:// alone would be no reason
    assert server.requests == []


@pytest.mark.parametrize(
    ("keywords", "path"),
    (
        ({"quality": "high"}, "/quality"),
        ({"seed": 4}, "/seed"),
        ({"aspect_ratio": "16:9"}, "/aspect_ratio"),
        ({"options": {"turbo": True}}, "/options/turbo"),
        ({"n": 5}, "/n"),
        ({"n": 0}, "/n"),
        ({"references": [(png(), "a cat")]}, "/references/0/description"),
        ({"references": [png()] * 3}, "/references"),
        ({"model": "onee"}, "/model"),
        ({"output_format": "gif"}, "/output_format"),
    ),
    ids=str,
)
def test_what_a_model_does_not_take_is_refused(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, keywords: Any, path: str
) -> None:
    with pytest.raises(errors.ValidationError) as caught:
        edit(source, **keywords)
    assert [problem.path for problem in caught.value.problems] == [path]
    assert server.requests == []


def test_all_problems_at_once(acme: Any, edit: Any, source: Path) -> None:
    with pytest.raises(errors.ValidationError) as caught:
        edit(source, "", quality="high", n=9)
    assert {problem.path for problem in caught.value.problems} == {"/prompt", "/quality", "/n"}


def test_every_bad_picture_is_named(acme: Any, edit: Any, source: Path, tmp_path: Path) -> None:
    text = tmp_path / "text.png"
    text.write_text("hello")
    with pytest.raises(errors.ValidationError) as caught:
        edit(text, mask=tmp_path / "none.png", references=[b"", png()[:-10]])
    problems = {problem.path: problem.code for problem in caught.value.problems}
    assert problems == {
        "/image": "not_a_picture",
        "/mask": "not_found",
        "/references/0/image": "not_a_picture",
        "/references/1/image": "truncated",
    }


@pytest.mark.parametrize(
    ("limit", "refused"),
    (
        ("0.04 USD", None),
        ("0.039 USD", "may cost 0.04 USD"),
        ("100 EUR", "no rate"),
        ("0 USD", "may cost"),
    ),
)
def test_max_cost(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, limit: str, refused: str | None
) -> None:
    if refused is None:
        assert str(edit(source, max_cost=limit).cost) == "0.04 USD"
        return
    with pytest.raises(errors.BudgetExceeded, match=refused):
        edit(source, max_cost=limit)
    assert server.requests == []


@pytest.mark.parametrize(
    "price", ({"unknown": "not published"}, {"amounts": "0.01+"}, {"amounts": "~0.01"}), ids=str
)
def test_max_cost_needs_an_upper_bound(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, price: Any
) -> None:
    acme({"models": [{"id": "one", "price": price}]})
    with pytest.raises(errors.BudgetExceeded, match="no upper bound"):
        edit(source, max_cost="5 USD")
    assert server.requests == []


@pytest.mark.parametrize("limit", ("5", "USD", "-1 USD", "much", "1e400000000 USD", "nan USD", ""))
def test_a_limit_that_is_no_money(acme: Any, edit: Any, source: Path, limit: str) -> None:
    with pytest.raises(errors.UsageError, match="not an amount"):
        edit(source, max_cost=limit)


def test_unknown_keywords_name_the_nearest(acme: Any, edit: Any, source: Path) -> None:
    with pytest.raises(TypeError, match="'aspect_ratio'"):
        edit(source, aspect="16:9")


@pytest.mark.parametrize(
    ("change", "corner", "centre"),
    (("white", 0, 255), ("black", 255, 0), ("transparent", 255, 0)),
)
def test_masks_are_converted(
    acme: Any,
    edit: Any,
    server: ScriptedServer,
    source: Path,
    change: str,
    corner: int,
    centre: int,
) -> None:
    acme({"mask": {"change": change, "same_size": True}})
    picture = Image.new("L", (64, 48), 0)
    picture.paste(255, (16, 12, 48, 36))
    out = io.BytesIO()
    picture.save(out, "PNG")
    result = edit(source, mask=out.getvalue())
    assert [row["to"] for row in result.adaptations] == (
        [] if change == "white" else [f"{change} = change"]
    )
    _, upload = [one for one in server.requests if one.path == "/upload"]
    sent = Image.open(io.BytesIO(upload.parts()[0].body))
    channel = sent.getchannel("A") if change == "transparent" else sent.convert("L")
    assert (channel.getpixel((0, 0)), channel.getpixel((32, 24))) == (corner, centre)


def test_a_mask_of_another_size_is_refused(
    acme: Any, edit: Any, server: ScriptedServer, source: Path
) -> None:
    acme({"mask": {"change": "black", "same_size": True}})
    with pytest.raises(errors.ValidationError) as caught:
        edit(source, mask=png(10, 10))
    assert caught.value.problems[0].path == "/mask"
    assert server.requests == []


def test_a_mask_that_cannot_be_decoded_is_refused(
    acme: Any, edit: Any, server: ScriptedServer, source: Path
) -> None:
    acme({"mask": {"change": "black"}})
    broken = bytearray(png())
    at = broken.index(b"IDAT") + 4
    broken[at : at + 8] = bytes(8)
    with pytest.raises(errors.ValidationError, match="cannot be decoded") as caught:
        edit(source, mask=bytes(broken))
    assert caught.value.problems[0].path == "/mask"
    assert server.requests == []


def test_quotes_of_all_models(acme: Any, source: Path) -> None:
    models = [
        {"id": "dear", "price": {"amounts": "0.50"}},
        {"id": "cheap", "price": {"amounts": "0.02"}},
        {"id": "unknown", "price": {"unknown": "not published"}},
        {"id": "single", "price": {"amounts": "0.01"}, "limits": {"n": {"maximum": 1}}},
    ]
    acme({"models": models, "default_model": "dear"})

    async def run() -> Any:
        async with imgedit.Client() as client:
            return await client.quote(source, "make it so", provider="acme", n=2)

    quotes = asyncio.run(run())
    assert [(offer.model, offer.quote.amount) for offer in quotes.quotes] == [
        ("cheap", __import__("decimal").Decimal("0.04")),
        ("dear", __import__("decimal").Decimal("1.00")),
        ("unknown", None),
    ]
    assert [unable.model for unable in quotes.unable] == ["single"]


def test_a_preview_sends_nothing_and_needs_no_key(
    acme: Any, server: ScriptedServer, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ACME_API_KEY")

    async def run() -> Any:
        async with imgedit.Client() as client:
            return await client.preview(source, "make it so", provider="acme")

    upload, submit = asyncio.run(run())
    assert (upload["purpose"], upload["placeholder"]) == ("upload", False)
    assert (submit["purpose"], submit["placeholder"], submit["spends"]) == ("submit", True, True)
    assert submit["body"]["prompt"] == "make it so"
    assert submit["headers"]["Authorization"] == "Bearer ***"
    assert server.requests == []


def test_credentials_of_several_parts(
    acme: Any, edit: Any, server: ScriptedServer, source: Path
) -> None:
    acme(
        {
            "auth": {
                "env": {"key": "ACME_API_KEY", "project": "ACME_PROJECT"},
                "basic": ["{project}", "{key}"],
            }
        }
    )
    keys = {"acme": {"key": "canary-a", "project": "canary-b"}}
    edit(source, keys=keys)
    (submit,) = [one for one in server.requests if one.path == "/edit"]
    token = __import__("base64").b64encode(b"canary-b:canary-a").decode()
    assert submit.headers["authorization"] == f"Basic {token}"
    server.on("POST", "/edit", Answer.json({"message": f"bad {token} canary-a"}, status=401))
    with pytest.raises(errors.AuthenticationError) as caught:
        edit(source, keys=keys)
    assert "canary" not in str(caught.value)
    assert token not in str(caught.value)


def test_further_hosts_take_credentials(
    acme: Any, edit: Any, server: ScriptedServer, source: Path
) -> None:
    with ScriptedServer() as queue:
        queue.on("POST", "/edit", Answer.json({"urls": [f"{server.url}/out.png"]}))

        @imgedit.hookimpl
        def build_request(job: imgedit.Job) -> imgedit.HttpRequest:
            body = imgedit.Json(job.wire())
            return imgedit.HttpRequest(
                method="POST", url="queue:/edit", purpose="submit", body=body
            )

        manifest = {**MANIFEST, "hosts": {"queue": queue.url}}
        acme(manifest, build_request=build_request)
        edit(source)
        (submit,) = queue.requests
        assert submit.headers["authorization"].startswith("Bearer canary")


def test_poll_after_is_what_the_vendor_says(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, quick: list[float]
) -> None:
    acme({"poll": {"seconds": [0.01], "after": "header:retry-after"}})
    server.on(
        "GET",
        "/jobs/7",
        Answer.json({"id": "7"}, headers={"Retry-After": "9"}),
        Answer.json({"urls": [f"{server.url}/out.png"]}),
    )
    edit(source)
    assert 9 in [round(seconds) for seconds in quick]
