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
from imgedit.testing.server import Answer

EDIT = "/v1/edit"
URL = "https://pictures.example/a%20b.jpg?sig=1%2F2"
GIF = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;"


def test_a_file_on_the_command_line(vendor: Any, command_line: Any, photo: Path) -> None:
    ran = command_line.run(
        *("edit", "photo.png", "change the sky", "-p", "artnex"),
        *("-m", "seedream-edit", "-o", "out.png"),
    )
    assert ran.code == 0, ran.err
    assert schema_problems(ran.json, "edit-result") == []
    assert photo.with_name("out.png").read_bytes() == png()
    (shown,) = ran.json["images"]
    assert shown["sha256"] == hashlib.sha256(png()).hexdigest()
    assert shown["url"] == f"{vendor.url}/results/1.png"
    assert shown["expires_at"] is None  # 24 hours are inferred only
    assert ran.json["model"] == "seedream-edit"
    assert ran.json["cost"] == {"amount": "200", "unit": "artnex:credits"}
    assert (ran.json["quote"]["amount"], ran.json["quote"]["basis"]) == ("200", "exact")
    assert ran.json["vendor_ids"] == {"request_id": "req_abc123xyz"}
    assert ran.json["balance"] is None
    assert (ran.json["warnings"], ran.json["attempts"]) == ([], 1)

    submit, download = vendor.requests
    assert submit.headers["authorization"] == "Bearer canary-4b1d77e0"
    assert submit.headers["content-type"] == "application/json"
    assert int(submit.headers["content-length"]) == submit.size
    assert submit.json() == {
        "model": "seedream-edit",
        "prompt": "change the sky",
        "image": f"data:image/png;base64,{b64encode(photo.read_bytes()).decode()}",
    }
    assert "authorization" not in download.headers


def test_a_url_on_the_command_line(vendor: Any, command_line: Any, photo: Path) -> None:
    ran = command_line.run(
        "edit", URL, "x", "-p", "artnex", "-m", "nano-banana-edit", "-o", "o.png"
    )
    assert ran.code == 0, ran.err
    assert sorted(ran.json["unchecked"]) == ["/image/bytes", "/image/media_type"]
    assert vendor.requests[0].json()["image"] == URL


def test_a_plain_http_url_is_fetched_here_and_guarded(
    vendor: Any, call: Callable[..., Any], photo: Path
) -> None:
    vendor.on("GET", "/photo.png", Answer.picture(photo.read_bytes()))
    url = f"{vendor.url}/photo.png"  # on this machine: that is what the guard is for
    ran = call("edit", url, "x", "-p", "artnex", "-m", "seedream-edit", "-o", "out.png")
    assert (ran.code, ran.error["type"], ran.error["charged"]) == (7, "NetworkError", "no")
    assert vendor.requests == []


def test_resolution_and_quality(vendor: Any, call: Callable[..., Any], photo: Path) -> None:
    vendor.on("POST", EDIT, vendor.good(credits_used=1234))
    ran = call(
        *("edit", photo, "x", "-p", "artnex", "-m", "gpt-image-2-edit", "-o", "out.png"),
        *("--resolution", "2k", "--quality", "high"),
    )
    assert ran.code == 0, ran.err
    assert ran.json["cost"]["amount"] == "1234"
    assert (ran.json["quote"]["amount"], ran.json["quote"]["basis"]) == (None, "unknown")
    assert "does not publish" in ran.json["quote"]["reason"]
    sent = vendor.requests[0].json()
    assert (sent["resolution"], sent["quality"]) == ("2k", "high")


def test_every_model_by_its_name(vendor: Any, client: imgedit.SyncClient, provider: Any) -> None:
    models = [model.id for model in provider.manifest.models]
    for model in models:
        client.edit(URL, "x", provider="artnex", model=model)
    sent = [request.json() for request in vendor.received("POST", EDIT)]
    assert sent == [{"model": model, "prompt": "x", "image": URL} for model in models]


def test_a_result_is_the_vendors_bytes(
    vendor: Any, client: imgedit.SyncClient, photo: Path, tmp_path: Path
) -> None:
    vendor.on("GET", "/results/*", Answer.picture(png(), "application/octet-stream"))
    result = client.edit(
        photo, "x", provider="artnex", model="seedream-edit", out=tmp_path / "out.jpg"
    )
    assert result.image.read() == png()
    assert result.image.path.name.endswith(".png")
    assert any("image/png" in text for text in result.warnings)


REFUSED = (
    (("-m", "seedream-edit", "--resolution", "1k"), "/resolution"),
    (("-m", "seedream-edit", "--mask", "photo.png"), "/mask"),
    (("-m", "seedream-edit", "--reference", "photo.png"), "/references"),
    (("-m", "seedream-edit", "-n", "2"), "/n"),
    (("-m", "seedream-edit", "--option", "webhook=x"), "/options/webhook"),
    (("-m", "seedream"), "/model"),
    ((), "/model"),
)


@pytest.mark.parametrize(("arguments", "path"), REFUSED, ids=[" ".join(row[0]) for row in REFUSED])
def test_nothing_is_sent_for_what_artnex_cannot(
    vendor: Any, call: Callable[..., Any], photo: Path, arguments: tuple[str, ...], path: str
) -> None:
    ran = call("edit", photo, "x", "-p", "artnex", "-o", "out.png", *arguments)
    assert ran.code == 2
    assert [problem["path"] for problem in ran.error["problems"]] == [path]
    assert ran.error["charged"] == "no"
    assert vendor.requests == []


def test_no_model_lists_the_six_with_their_credits(
    vendor: Any, call: Callable[..., Any], photo: Path
) -> None:
    message = call("edit", photo, "x", "-p", "artnex").error["message"]
    for credits_ in ("240", "200", "800", "1000"):
        assert f"({credits_} credits)" in message
    assert "gpt-image-2-edit (price unknown)" in message


def test_quotes(call: Callable[..., Any], photo: Path, tmp_path: Path) -> None:
    ran = call("quote", photo, "x", "-p", "artnex")
    assert ran.code == 0
    assert [(row["model"], row["amount"]) for row in ran.json["quotes"]] == [
        ("seedream-edit", "200"),
        ("nano-banana-edit", "240"),
        ("nano-banana-pro-edit", "800"),
        ("seedream-v4.5-edit", "800"),
        ("nano-banana-pro-edit-ultra", "1000"),
        ("gpt-image-2-edit", None),
    ]
    (tmp_path / "a.gif").write_bytes(GIF)
    ran = call("quote", "a.gif", "x" * 5000, "-p", "artnex")
    assert ran.json["quotes"] == []
    for row in ran.json["unable"]:
        found = {problem["path"]: problem["code"] for problem in row["problems"]}
        assert found == {"/image/media_type": "enum", "/prompt": "maxLength"}


def test_a_limit_in_credits(vendor: Any, call: Callable[..., Any], photo: Path) -> None:
    arguments = ("edit", photo, "x", "-p", "artnex", "-o", "out.png", "--max-cost")
    ran = call(*arguments, "239 artnex:credits", "-m", "nano-banana-edit")
    assert (ran.code, ran.error["type"]) == (4, "BudgetExceeded")
    ran = call(*arguments, "99999 artnex:credits", "-m", "gpt-image-2-edit")
    assert (ran.code, ran.error["type"]) == (4, "BudgetExceeded")
    assert "does not publish" in ran.error["message"]
    assert vendor.requests == []
    assert call(*arguments, "240 artnex:credits", "-m", "nano-banana-edit").code == 0


def test_what_would_be_sent(vendor: Any, call: Callable[..., Any], photo: Path) -> None:
    ran = call("edit", photo, "change it", "-p", "artnex", "-m", "seedream-edit", "--dry-run")
    assert ran.code == 0, ran.err
    (request,) = ran.json["requests"]
    assert (request["method"], request["url"]) == ("POST", vendor.url + EDIT)
    assert (request["purpose"], request["spends"]) == ("submit", True)
    assert "change it" in json.dumps(request["body"])
    assert vendor.requests == []


def test_without_a_key_nothing_is_sent(
    vendor: Any, call: Callable[..., Any], photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ARTNEX_API_KEY")
    ran = call("edit", photo, "x", "-p", "artnex", "-m", "seedream-edit")
    assert ran.code == 2
    assert "ARTNEX_API_KEY" in ran.error["message"]
    assert vendor.requests == []
