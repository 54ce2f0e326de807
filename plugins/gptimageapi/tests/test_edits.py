"""Whole edits against a server on this machine: what it receives, what the user gets."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import imgedit
from imgedit.manifest.schema import schema_problems
from imgedit.testing.pictures import png

EDIT = "/v1/images/edit"
URL = "http://pictures.example/a%20b.jpg?sig=1%2F2"


def result(number: int = 1) -> bytes:
    return png(color=(number, 0, 0))


def test_a_file_on_the_command_line(vendor: Any, command_line: Any, photo: Path) -> None:
    ran = command_line.run(
        "edit", "photo.png", "change the sky", "-p", "gptimageapi", "-o", "o.png"
    )
    assert ran.code == 0, ran.err
    assert schema_problems(ran.json, "edit-result") == []
    assert photo.with_name("o.png").read_bytes() == result()
    (shown,) = ran.json["images"]
    assert shown["sha256"] == hashlib.sha256(result()).hexdigest()
    assert shown["url"] == f"{vendor.url}/results/1.png"
    assert shown["expires_at"] is None
    assert ran.json["model"] == "gpt-image-2"
    assert (ran.json["cost"], ran.json["balance"], ran.json["vendor_ids"]) == (None, None, {})
    quote = ran.json["quote"]
    assert (quote["amount"], quote["at_most"], quote["basis"]) == ("4", "16", "at_least")
    assert (ran.json["warnings"], ran.json["attempts"]) == ([], 1)

    submit, download = vendor.requests
    assert submit.headers["authorization"] == "Bearer canary-c2a95e13"
    assert submit.headers["content-type"] == "application/json"
    assert int(submit.headers["content-length"]) == submit.size
    assert submit.json() == {
        "model": "gpt-image-2",
        "prompt": "change the sky",
        "n": 1,
        "image": f"data:image/png;base64,{b64encode(photo.read_bytes()).decode()}",
    }
    assert "authorization" not in download.headers


def test_several_pictures_on_the_command_line(vendor: Any, command_line: Any, photo: Path) -> None:
    vendor.on("POST", EDIT, vendor.good(3))
    ran = command_line.run(
        *("edit", URL, "x", "-p", "gptimageapi", "-n", "3", "--quality", "high"),
        *("--aspect-ratio", "9:21", "-o", "out.png"),
    )
    assert ran.code == 0, ran.err
    quote = ran.json["quote"]
    assert (quote["amount"], quote["at_most"], quote["basis"]) == ("48", "48", "exact")
    for number in (1, 2, 3):
        assert photo.with_name(f"out-{number}.png").read_bytes() == result(number)
    assert vendor.requests[0].json() == {
        "model": "gpt-image-2",
        "prompt": "x",
        "size": "9:21",
        "quality": "high",
        "n": 3,
        "image": URL,
    }
    assert vendor.submits == 1


def test_fewer_pictures_than_asked_for(vendor: Any, call: Callable[..., Any], photo: Path) -> None:
    vendor.on("POST", EDIT, vendor.good(2))
    ran = call("edit", photo, "x", "-p", "gptimageapi", "-n", "3", "-o", "out.png")
    assert ran.code == 0, ran.err
    assert len(ran.json["images"]) == 2
    assert any("3 pictures were asked for and 2 came" in text for text in ran.json["warnings"])


def test_in_python(vendor: Any, client: imgedit.SyncClient, photo: Path) -> None:
    vendor.on("POST", EDIT, vendor.good(2))
    edited = client.edit(photo, "x", provider="gptimageapi", quality="low", n=2)
    assert [image.read() for image in edited.images] == [result(1), result(2)]
    assert edited.cost is None
    assert str(edited.quote.amount) == "8"


REFUSED = (
    (("--resolution", "1k"), "/resolution"),
    (("--mask", "photo.png"), "/mask"),
    (("--reference", "photo.png"), "/references"),
    (("--seed", "1"), "/seed"),
    (("--quality", "auto"), "/quality"),
    (("--aspect-ratio", "wide"), "/aspect_ratio"),
    (("-n", "0"), "/n"),
    (("-m", "gpt-image-1"), "/model"),
)


@pytest.mark.parametrize(("arguments", "path"), REFUSED, ids=[" ".join(row[0]) for row in REFUSED])
def test_nothing_is_sent_for_what_the_vendor_cannot(
    vendor: Any, call: Callable[..., Any], photo: Path, arguments: tuple[str, ...], path: str
) -> None:
    ran = call("edit", photo, "x", "-p", "gptimageapi", "-o", "out.png", *arguments)
    assert ran.code == 2
    assert [problem["path"] for problem in ran.error["problems"]] == [path]
    assert ran.error["charged"] == "no"
    assert vendor.requests == []


def test_quotes(call: Callable[..., Any], photo: Path) -> None:
    for arguments, expected in (
        (("--quality", "low"), ("4", "4", "exact")),
        (("--quality", "medium", "-n", "2"), ("16", "16", "exact")),
        (("--quality", "high", "-n", "3"), ("48", "48", "exact")),
        ((), ("4", "16", "at_least")),
    ):
        (row,) = call("quote", photo, "x", "-p", "gptimageapi", *arguments).json["quotes"]
        assert (row["amount"], row["at_most"], row["basis"]) == expected


def test_a_limit_is_held_against_the_most(
    vendor: Any, call: Callable[..., Any], photo: Path
) -> None:
    arguments = ("edit", photo, "x", "-p", "gptimageapi", "-o", "o.png", "--max-cost")
    ran = call(*arguments, "15 gptimageapi:credits")
    assert (ran.code, ran.error["type"]) == (4, "BudgetExceeded")
    assert vendor.requests == []
    assert call(*arguments, "4 gptimageapi:credits", "--quality", "low").code == 0


def test_what_would_be_sent(vendor: Any, call: Callable[..., Any], photo: Path) -> None:
    ran = call("edit", photo, "change it", "-p", "gptimageapi", "--dry-run")
    assert ran.code == 0, ran.err
    (request,) = ran.json["requests"]
    assert (request["method"], request["url"]) == ("POST", vendor.url + EDIT)
    assert (request["purpose"], request["spends"]) == ("submit", True)
    assert "change it" in json.dumps(request["body"])
    assert vendor.requests == []


def test_without_a_key_nothing_is_sent(
    vendor: Any, call: Callable[..., Any], photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GPTIMAGEAPI_API_KEY")
    ran = call("edit", photo, "x", "-p", "gptimageapi")
    assert ran.code == 2
    assert "GPTIMAGEAPI_API_KEY" in ran.error["message"]
    assert vendor.requests == []
