"""Bodies: what bytes they are, and what of them is shown."""

from __future__ import annotations

import asyncio
import base64
import json
import os
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from imgedit.contract.exchange import (
    Base64,
    Body,
    DataURI,
    FilePart,
    HttpRequest,
    Json,
    Multipart,
    Raw,
)
from imgedit.contract.image import ImageSource
from imgedit.errors import PluginError
from imgedit.transport import Credentials, Site, body_preview
from imgedit.transport.body import SMALL, PictureChanged, close, encode

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII="
)


def picture(path: Path, size: int) -> ImageSource:
    """A "picture" of any size: only its bytes matter here."""
    path.write_bytes(PIXEL + os.urandom(size - len(PIXEL)))
    return ImageSource(media_type="image/png", size=size, sha256="ab" * 32, path=str(path))


def sent(body: Body, boundary: str = "b0undary") -> bytes:
    """The bytes as they leave, through the pieces; their number must be the one announced."""

    async def collect() -> bytes:
        encoded = encode(body, boundary)
        files = encoded.open()
        try:
            first = b"".join([piece async for piece in encoded.pieces(files)])
            again = b"".join([piece async for piece in encoded.pieces(files)])
        finally:
            close(files)
        assert first == again
        assert len(first) == encoded.size
        return first

    return asyncio.run(collect())


@pytest.mark.parametrize("size", (100, 101, 102, SMALL - 1, SMALL, 3 * SMALL + 1, 3 * SMALL + 2))
def test_pictures_inside_json_at_every_size(tmp_path: Path, size: int) -> None:
    image = picture(tmp_path / "a.png", size)
    text = base64.b64encode(image.read()).decode()
    value = {"prompt": 'say "hi" ü 😀', "images": [Base64(image), {"x": DataURI(image)}]}
    assert json.loads(sent(Json(value))) == {
        "prompt": 'say "hi" ü 😀',
        "images": [text, {"x": f"data:image/png;base64,{text}"}],
    }


def test_bytes_in_memory_and_files_give_the_same(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PIXEL)
    from_file = ImageSource.of(tmp_path / "a.png")
    from_bytes = ImageSource.of(PIXEL)
    assert sent(Json([Base64(from_file)])) == sent(Json([Base64(from_bytes)]))
    assert sent(Raw(from_file)) == sent(Raw(from_bytes)) == PIXEL


def test_decimals_are_exact_and_mappings_are_taken() -> None:
    value = MappingProxyType({"a": Decimal("0.10"), "b": Decimal("1E+2"), "c": (1, None, True)})
    assert sent(Json(value)) == b'{"a":0.10,"b":1E+2,"c":[1,null,true]}'


@pytest.mark.parametrize(
    "value", (float("nan"), Decimal("Infinity"), {"x": object()}, b"bytes", {1, 2}, {(1,): 2})
)
def test_what_is_not_json_is_the_plugins_fault(value: Any) -> None:
    with pytest.raises(PluginError, match="cannot be sent") as caught:
        encode(Json(value), "b")
    assert caught.value.charged == "no"


def test_a_url_has_no_bytes_to_send() -> None:
    with pytest.raises(PluginError, match="URL"):
        encode(Json([Base64(ImageSource.of("https://pictures.example/a.png"))]), "b")


def test_multipart_byte_for_byte() -> None:
    image = ImageSource.of(PIXEL)
    body = Multipart(
        [
            ("prompt", "warm, ü\nbright"),
            ("n", 2),
            ("safe", True),
            ('a"b\r\n', False),
            ("image", FilePart(image)),
            ("mask", FilePart(image, 'm"ä.png')),
        ]
    )
    encoded = encode(body, "b0undary")
    assert encoded.content_type == "multipart/form-data; boundary=b0undary"
    head = 'Content-Disposition: form-data; name="'
    assert (
        sent(body)
        == (
            f'--b0undary\r\n{head}prompt"\r\n\r\nwarm, ü\nbright\r\n'
            f'--b0undary\r\n{head}n"\r\n\r\n2\r\n'
            f'--b0undary\r\n{head}safe"\r\n\r\ntrue\r\n'
            f'--b0undary\r\n{head}a%22b%0D%0A"\r\n\r\nfalse\r\n'
            f'--b0undary\r\n{head}image"; filename="image.png"\r\nContent-Type: image/png\r\n\r\n'
        ).encode()
        + PIXEL
        + (
            f'\r\n--b0undary\r\n{head}mask"; filename="m%22ä.png"\r\n'
            "Content-Type: image/png\r\n\r\n"
        ).encode()
        + PIXEL
        + b"\r\n--b0undary--\r\n"
    )


def test_large_multipart_and_raw(tmp_path: Path) -> None:
    image = picture(tmp_path / "a.png", 2 * SMALL + 5)
    assert sent(Raw(image)) == image.read()
    assert image.read() in sent(Multipart([("image", FilePart(image))]))
    assert encode(Raw(image), "b").content_type is None


@pytest.mark.parametrize("part", (None, 1.5, b"x", ["x"]))
def test_a_part_of_another_type_is_refused(part: Any) -> None:
    with pytest.raises(PluginError, match="part 'x'"):
        encode(Multipart([("x", part)]), "b")


@pytest.mark.parametrize("size", (1000, SMALL + 1000))
@pytest.mark.parametrize("change", ("gone", "shorter", "longer"))
def test_a_picture_that_changed_is_noticed_before_sending(
    tmp_path: Path, size: int, change: str
) -> None:
    path = tmp_path / "a.png"
    image = picture(path, size)
    if change == "gone":
        path.unlink()
    else:
        path.write_bytes(b"x" * (size + (1 if change == "longer" else -1)))
    with pytest.raises(PictureChanged) as caught:
        encode(Json([Base64(image)]), "b").open()
    assert str(tmp_path) not in str(caught.value)


def preview(body: Body | None, **facts: Any) -> dict[str, Any]:
    key = Credentials({"Authorization": "Bearer canary"}, ["canary"])
    site = Site(name="acme", base_url="https://api.acme.example", credentials=key)
    request = HttpRequest(method="POST", url="/edit", purpose="submit", body=body, **facts)
    shown = body_preview(request, site, extra_headers={"Idempotency-Key": "k1"})
    assert "canary" not in json.dumps(shown)
    return shown


def test_the_preview_shows_neither_key_nor_picture() -> None:
    image = ImageSource.of(PIXEL)
    line = f"<image/png, {len(PIXEL)} bytes, sha256 {(image.sha256 or '')[:12]}…"
    assert preview(
        Json({"p": "x", "cost": Decimal("0.5"), "i": [Base64(image)], "j": DataURI(image)}),
        query={"token": "canary"},
        headers={"X-Copy": "is canary"},
    ) == {
        "method": "POST",
        "url": "https://api.acme.example/edit?token=***",
        "headers": {
            "Content-Type": "application/json",
            "X-Copy": "is ***",
            "Idempotency-Key": "k1",
            "Authorization": "Bearer ***",
        },
        "body": {
            "p": "x",
            "cost": 0.5,
            "i": [f"{line}, as base64>"],
            "j": f"{line}, as a data URI>",
        },
        "purpose": "submit",
        "spends": True,
    }
    assert preview(Multipart([("n", 1), ("safe", True), ("image", FilePart(image))]))["body"] == {
        "multipart": [
            {"name": "n", "value": "1"},
            {"name": "safe", "value": "true"},
            {"name": "image", "filename": "image.png", "content": f"{line}>"},
        ]
    }
    assert preview(Raw(image))["body"] == {"raw": f"{line}>"}
    assert preview(None)["body"] is None
