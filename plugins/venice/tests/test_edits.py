"""Whole edits against a server on this machine: what it receives, what the user gets."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import imgedit
from imgedit.manifest.schema import schema_problems
from imgedit.testing import Sandbox
from imgedit.testing.server import Answer, ScriptedServer

EDIT, MULTI = "/api/v1/image/edit", "/api/v1/image/multi-edit"
URL = "https://pictures.example/a%20b.jpg?sig=1%2F2"

Good = Callable[..., Answer]


def test_a_file_on_the_command_line(
    server: ScriptedServer, command_line: Sandbox, photo: Path, good: Good, result: bytes
) -> None:
    server.on("POST", EDIT, good())
    arguments = ("edit", "photo.png", "change the sky", "-p", "venice", "-o", "out.png")
    ran = command_line.run(*arguments)
    assert ran.code == 0, ran.err
    assert schema_problems(ran.json, "edit-result") == []
    assert photo.with_name("out.png").read_bytes() == result
    (shown,) = ran.json["images"]
    assert shown["sha256"] == hashlib.sha256(result).hexdigest()
    assert (shown["media_type"], shown["width"], shown["height"]) == ("image/png", 320, 240)
    assert ran.json["model"] == "firered-image-edit"
    assert ran.json["cost"] is None
    assert ran.json["balance"] is None  # the header tells what there was before
    assert ran.json["quote"]["amount"] == "0.04"
    assert ran.json["vendor_ids"] == {"cf-ray": "8f0c-FRA"}
    assert ran.json["warnings"] == []
    assert ran.json["attempts"] == 1

    (request,) = server.requests
    assert request.headers["authorization"] == "Bearer canary-7d1f02c4"
    assert request.headers["content-type"].startswith("multipart/form-data")
    assert int(request.headers["content-length"]) == request.size
    assert request.form() == {
        "prompt": "change the sky",
        "model": "firered-image-edit",
        "output_format": "png",  # the output is named .png
    }
    (part,) = [part for part in request.parts() if part.filename is not None]
    assert (part.name, part.content_type) == ("image", "image/png")
    assert part.body == photo.read_bytes()


def test_a_url_on_the_command_line(
    server: ScriptedServer, command_line: Sandbox, photo: Path, good: Good, result: bytes
) -> None:
    server.on("POST", EDIT, good())
    ran = command_line.run("edit", URL, "change the sky", "-p", "venice", "-o", "out.png")
    assert ran.code == 0, ran.err
    assert photo.with_name("out.png").read_bytes() == result
    assert sorted(ran.json["unchecked"]) == ["/image/bytes", "/image/pixels"]
    (request,) = server.requests
    assert request.headers["content-type"] == "application/json"
    assert request.json() == {
        "prompt": "change the sky",
        "model": "firered-image-edit",
        "output_format": "png",
        "image": URL,
    }


def test_references_and_options_on_the_command_line(
    server: ScriptedServer,
    call: Callable[..., Any],
    photo: Path,
    picture: Callable[..., bytes],
    good: Good,
) -> None:
    photo.with_name("hat.png").write_bytes(picture(77))
    server.on("POST", MULTI, good({"x-venice-model-id": "gpt-image-2-edit"}))
    ran = call(
        *("edit", "photo.png", "put on the hat", "-p", "venice", "-m", "gpt-image-2-edit"),
        *("--reference", "hat.png", "--quality", "low", "--resolution", "4k"),
        *(
            "--aspect-ratio",
            "1:1",
            "--format",
            "webp",
            "--option",
            "safe_mode=false",
            "-o",
            "o.webp",
        ),
    )
    assert ran.code == 0, ran.err
    assert ran.json["quote"]["amount"] == "0.0492"
    assert [image["path"].rpartition(".")[2] for image in ran.json["images"]] == ["png"]
    (request,) = server.requests
    assert request.form() == {
        "prompt": "put on the hat",
        "modelId": "gpt-image-2-edit",
        "quality": "low",
        "resolution": "4K",
        "aspect_ratio": "1:1",
        "output_format": "webp",
        "safe_mode": "false",
    }
    files = [part for part in request.parts() if part.filename is not None]
    assert [part.name for part in files] == ["images", "images"]
    assert [part.body for part in files] == [photo.read_bytes(), picture(77)]


def test_a_file_beside_a_url(
    server: ScriptedServer, client: imgedit.SyncClient, photo: Path, good: Good
) -> None:
    server.on("POST", MULTI, good())
    client.edit(URL, "put on the hat", provider="venice", references=[photo])
    (request,) = server.requests
    data = b64encode(photo.read_bytes()).decode()
    assert request.json() == {
        "prompt": "put on the hat",
        "modelId": "firered-image-edit",
        "images": [URL, f"data:image/png;base64,{data}"],
    }


def test_quality_of_a_url_goes_to_multi_edit(
    server: ScriptedServer, client: imgedit.SyncClient, good: Good
) -> None:
    server.on("POST", MULTI, good({"x-venice-model-id": "gpt-image-2-edit"}))
    edited = client.edit(URL, "x", provider="venice", model="gpt-image-2-edit", quality="medium")
    assert server.requests[0].json() == {
        "prompt": "x",
        "modelId": "gpt-image-2-edit",
        "quality": "medium",
        "images": [URL],
    }
    assert edited.quote is not None
    assert edited.quote.amount == Decimal("0.08")


def test_the_retired_model_is_replaced_and_said(
    server: ScriptedServer, client: imgedit.SyncClient, photo: Path, good: Good
) -> None:
    server.on("POST", EDIT, good())
    edited = client.edit(photo, "x", provider="venice", model="qwen-edit")
    assert server.requests[0].form()["model"] == "firered-image-edit"
    assert edited.model == "firered-image-edit"
    assert any("qwen-edit" in text for text in edited.warnings)


@pytest.mark.parametrize(
    ("headers", "said"),
    (
        ({"x-venice-is-content-violation": "true"}, "against its content policy"),
        ({"x-venice-is-blurred": "true"}, "blurred"),
        ({"x-venice-model-id": "qwen-image-3-edit"}, "used qwen-image-3-edit in place of"),
        ({"x-venice-enhanced-prompt": "a%20lovely%20sky"}, "rewrote the prompt"),
        (
            {
                "x-venice-model-deprecation-warning": "This model will be retired.",
                "x-venice-model-deprecation-date": "2027-01-31",
            },
            "This model will be retired. (2027-01-31)",
        ),
    ),
)
def test_headers_become_warnings(
    server: ScriptedServer,
    client: imgedit.SyncClient,
    photo: Path,
    good: Good,
    headers: dict[str, str],
    said: str,
) -> None:
    server.on("POST", EDIT, good(headers))
    edited = client.edit(photo, "x", provider="venice")
    (warning,) = edited.warnings
    assert said in warning


def test_an_answer_without_headers_is_enough(
    server: ScriptedServer, client: imgedit.SyncClient, photo: Path, result: bytes
) -> None:
    server.on("POST", EDIT, Answer.picture(result, "application/octet-stream"))
    edited = client.edit(photo, "x", provider="venice")
    assert edited.image.read() == result
    assert (edited.warnings, edited.vendor_ids) == ((), {})


def test_nothing_is_sent_for_a_dry_run(
    server: ScriptedServer, call: Callable[..., Any], photo: Path
) -> None:
    ran = call("edit", photo, "change the sky", "-p", "venice", "-o", "out.png", "--dry-run")
    assert ran.code == 0, ran.err
    (request,) = ran.json["requests"]
    assert request["url"] == f"{server.url}{EDIT}"
    assert (request["method"], request["spends"]) == ("POST", True)
    assert "change the sky" in json.dumps(request["body"])
    assert server.requests == []


def test_what_is_wrong_is_said_before_anything_is_sent(
    server: ScriptedServer, call: Callable[..., Any], photo: Path, tmp_path: Path
) -> None:
    ran = call("edit", photo, "x", "-p", "venice", "--mask", photo, "--seed", "1")
    assert ran.code == 2
    assert {problem["path"] for problem in ran.error["problems"]} == {"/mask", "/seed"}
    assert ran.error["charged"] == "no"
    small = tmp_path / "small.png"
    small.write_bytes(_small())
    ran = call("edit", small, "x", "-p", "venice")
    assert ran.code == 2
    assert [problem["path"] for problem in ran.error["problems"]] == ["/image/pixels"]
    assert server.requests == []


def _small() -> bytes:
    from base64 import b64decode

    return b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
    )


def test_without_a_key_nothing_is_sent(
    server: ScriptedServer,
    call: Callable[..., Any],
    photo: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("VENICE_API_KEY")
    ran = call("edit", photo, "x", "-p", "venice")
    assert ran.code != 0
    assert "VENICE_API_KEY" in ran.error["message"]
    assert ran.error["charged"] == "no"
    assert server.requests == []


def test_all_models_are_quoted_cheapest_first(
    call: Callable[..., Any], photo: Path, picture: Callable[..., bytes]
) -> None:
    ran = call("quote", photo, "x", "-p", "venice")
    assert ran.code == 0, ran.err
    amounts = [Decimal(row["amount"]) for row in ran.json["quotes"]]
    assert len(amounts) == 21
    assert amounts == sorted(amounts)
    photo.with_name("hat.png").write_bytes(picture(77))
    ran = call("quote", photo, "x", "-p", "venice", "--reference", "hat.png", "--resolution", "4k")
    able = {row["model"] for row in ran.json["quotes"]}
    assert able == {"gpt-image-2-edit", "nano-banana-2-edit", "nano-banana-pro-edit"}
    assert len(ran.json["unable"]) == 18
