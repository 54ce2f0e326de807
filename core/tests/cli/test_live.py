"""`imgedit models --live` and `imgedit balance`: a vendor is asked, free."""

from __future__ import annotations

import json
import stat
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import imgedit
from imgedit.config import Paths
from imgedit.engine import lists
from imgedit.engine.record import now
from imgedit.testing.server import Answer, ScriptedServer

SCHEMAS = Path(__file__).parents[3] / "schemas"
LIVE = {
    "models": [
        {"id": "one", "usd": "0.05"},
        {"id": "two", "usd": "0.01", "formats": ["png", "webp"]},
    ]
}


@imgedit.hookimpl
def list_models() -> imgedit.HttpRequest:
    return imgedit.HttpRequest(
        method="GET", url="/models", query={"kind": "edit"}, purpose="models"
    )


@imgedit.hookimpl
def parse_models(response: imgedit.HttpResponse) -> list[dict[str, Any]] | None:
    found = []
    for one in response.json()["models"]:
        row = {"id": one["id"], "price": {"amounts": one["usd"]}}
        if "formats" in one:
            row["limits"] = {"output_format": {"enum": one["formats"]}, "mask": None}
        found.append({**row, **one.get("more", {})})
    return found


MANIFEST: dict[str, Any] = {
    "sources": {"page": {"url": "https://acme.example/prices", "read": "2026-11-20"}},
    "price": {"source": "page"},
    "models": [
        {"id": "one", "price": {"amounts": "0.04"}},
        {"id": "old", "price": {"amounts": "0.02"}},
        {"id": "auto", "send": None, "price": {"unknown": "Acme chooses"}},
    ],
    "balance": {
        "path": "/account",
        "amounts": [{"at": "/usd"}, {"at": "/cents", "unit": "acme:points", "scale": "0.01"}],
    },
}


@pytest.fixture
def live(acme: Any, server: ScriptedServer) -> ScriptedServer:
    """Acme has a list of models now."""
    acme(MANIFEST, list_models=list_models, parse_models=parse_models)
    server.on("GET", "/models", Answer.json(LIVE))
    return server


def prices(call: Any, photo: Path) -> dict[str, tuple[str | None, str | None, str | None]]:
    quotes = call("quote", photo, "x", "--json").document["quotes"]
    return {row["model"]: (row["amount"], row["source"], row["as_of"]) for row in quotes}


# -- models


def test_the_vendor_is_asked_and_says_what_has_changed(
    live: ScriptedServer, call: Any, key: str
) -> None:
    document = call("models", "acme", "--live", "--json").document
    (request,) = live.requests
    assert (request.method, request.path, request.query) == ("GET", "/models", {"kind": "edit"})
    assert request.headers["authorization"] == f"Bearer {key}"
    rows = {
        row["id"]: row["price"]["amounts"]
        for row in document["models"]
        if "amounts" in row["price"]
    }
    assert rows == {"one": "0.05", "old": "0.02", "two": "0.01"}
    for row in document["models"]:
        schema = json.loads((SCHEMAS / "model.schema.json").read_text())
        Draft202012Validator(schema).validate(row)
    (told,) = document["live"]
    assert told["source"] == f"{live.url}/models?kind=edit"
    assert [(change["kind"], change["model"]) for change in document["changes"]] == [
        ("added", "two"),
        ("price", "one"),
        ("removed", "old"),
    ]
    assert {"provider", "field", "before", "after", "says"} < document["changes"][0].keys()


def test_the_same_for_a_person(live: ScriptedServer, call: Any, key: str) -> None:
    ran = call("models", "acme", "--live")
    assert "As Acme itself said on " in ran.out
    assert ran.out.endswith(
        "Changed since the plugin was written:\n"
        "  new: two, 0.01 USD\n"
        "  one: 0.04 USD → 0.05 USD\n"
        "  gone: old is not in the list of Acme\n"
    )
    same = {"models": [{"id": "one", "usd": "0.0400"}, {"id": "old", "usd": "0.02"}]}
    live.on("GET", "/models", Answer.json(same))
    assert "Nothing has changed" in call("models", "acme", "--live").out


def test_the_answer_counts_from_then_on(
    live: ScriptedServer, call: Any, key: str, photo: Path
) -> None:
    page = ("https://acme.example/prices", "2026-11-20")
    assert prices(call, photo) == {
        "old": ("0.02", *page),
        "one": ("0.04", *page),
        "auto": (None, *page),
    }
    call("models", "acme", "--live")
    here = (f"{live.url}/models?kind=edit", now().date().isoformat())
    assert prices(call, photo) == {
        "two": ("0.01", *here),
        "old": ("0.02", *page),
        "one": ("0.05", *here),
        "auto": (None, *page),
    }
    assert len(live.requests) == 1
    document = call("models", "acme", "--json").document
    assert [row["provider"] for row in document["live"]] == ["acme"]
    assert len(document["changes"]) == 3
    assert "As Acme itself said on" in call("models").out
    dry = call("edit", photo, "x", "-m", "two", "--format", "webp", "--dry-run", "--json")
    assert dry.document["requests"][0]["purpose"] == "upload"
    assert call("edit", photo, "x", "-m", "one", "--format", "webp", "--dry-run").code == 2


def test_it_counts_for_seven_days_at_this_address_and_for_this_manifest(
    live: ScriptedServer,
    acme: Any,
    call: Any,
    key: str,
    photo: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    call("models", "acme", "--live")
    assert "two" in prices(call, photo)
    for age, counts in ((-1, False), (lists.DAYS - 0.01, True), (lists.DAYS, False)):
        later = now() + timedelta(days=age)
        with monkeypatch.context() as patch:
            patch.setattr(lists, "now", lambda later=later: later)
            assert ("two" in prices(call, photo)) is counts
    with monkeypatch.context() as patch:
        patch.setenv("IMGEDIT_ACME_BASE_URL", f"{live.url}/v2")
        assert "two" not in prices(call, photo)
    acme({**MANIFEST, "title": "Acme 2"}, list_models=list_models, parse_models=parse_models)
    assert "two" not in prices(call, photo)


def kept_file() -> Path:
    (file,) = (Paths.from_environment().cache / "models").iterdir()
    return file


def test_what_is_kept_is_private_and_may_be_spoilt(
    live: ScriptedServer, call: Any, key: str, photo: Path
) -> None:
    call("models", "acme", "--live")
    file = kept_file()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    good = file.read_text()
    assert "canary" not in good
    for bad in (
        "",
        "[]",
        "null",
        "[" * 100_000,
        good[:-9],
        good.replace('"rows"', '"row"'),
        "\xff",
    ):
        file.write_text(bad, encoding="latin-1")
        assert "two" not in prices(call, photo)
    broken = json.loads(good)
    broken["rows"] = [{"id": "two", "limits": 3}]
    file.write_text(json.dumps(broken))
    ran = call("quote", photo, "x", "--json")
    assert ran.code == 0
    assert "cannot be used" in ran.err
    assert "two" not in ran.out


def test_a_row_that_is_wrong_is_left_out(
    live: ScriptedServer, call: Any, key: str, photo: Path
) -> None:
    bad = {"id": "bad", "usd": "much"}
    live.on("GET", "/models", Answer.json({"models": [*LIVE["models"], bad]}))
    ran = call("models", "acme", "--live")
    assert ran.code == 0
    assert "Left out" in ran.err
    assert "bad: /models/" in ran.err
    assert set(prices(call, photo)) == {"one", "two", "old", "auto"}
    live.on("GET", "/models", Answer.json({"models": [bad]}))
    assert call("models", "acme", "--live").code == 7


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    (
        (Answer.json({"message": "bad key canary-key-4711"}, status=401), 3, "401"),
        (Answer(status=429, headers={"Retry-After": "3600"}), 6, "429"),
        (Answer(status=500), 7, "500"),
        (Answer(body=b"<html>", headers={"Content-Type": "text/html"}), 7, "cannot be read"),
        (Answer.json({"models": 3}), 7, "cannot be read"),
        (Answer(status=302, headers={"Location": "https://evil.example/"}), 7, "redirect"),
        (Answer(fault="drop_inside", body=b"{" * 100), 7, "lost"),
        (Answer.json({"state": "failed"}), 7, "200"),
    ),
    ids=lambda value: str(value)[:40],
)
@pytest.mark.parametrize("command", (("models", "acme", "--live"), ("balance", "acme")))
def test_errors_are_told_and_nothing_was_charged(
    live: ScriptedServer,
    call: Any,
    key: str,
    quick: None,
    command: tuple[str, ...],
    answer: Answer,
    code: int,
    said: str,
) -> None:
    for path in ("/models", "/account"):
        live.on("GET", path, answer)
    ran = call(*command, "--json", "--verbose")
    if command[0] == "balance":
        said = said.replace("cannot be read", "names no balance")
    error = ran.document["error"]
    assert (ran.code, error["charged"], error["provider"]) == (code, "no", "acme")
    assert error["distribution"]
    assert said in error["message"]
    assert not (Paths.from_environment().cache / "models").exists()


def test_a_question_is_repeated_when_that_may_help(
    live: ScriptedServer, call: Any, key: str, quick: None
) -> None:
    live.on("GET", "/account", Answer(status=503), Answer(status=429), Answer.json({"usd": "1.5"}))
    assert call("balance", "acme").out == "1.5 USD\n"
    assert len(live.requests) == 3


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits take no time."""
    from imgedit.engine.runtime import Runtime

    async def sleep(_self: Runtime, seconds: float) -> None:
        pass

    monkeypatch.setattr(Runtime, "sleep", sleep)


def test_without_a_key_nothing_is_asked(live: ScriptedServer, call: Any, no_keyring: None) -> None:
    for command in (("models", "acme", "--live"), ("balance", "acme")):
        ran = call(*command)
        assert ran.code == 2
        assert "ACME_API_KEY" in ran.err
    assert live.requests == []


def test_who_has_no_list_and_no_balance(
    acme: Any, server: ScriptedServer, call: Any, key: str
) -> None:
    for command in (("models", "acme", "--live"), ("balance", "acme")):
        ran = call(*command, "--json")
        assert (ran.code, ran.document["error"]["type"]) == (2, "UsageError")
    assert call("models", "--live").code == 2
    assert call("balance", "nobody").code == 2
    assert server.requests == []


def test_a_key_from_a_program_is_used_once_and_never_shown(
    live: ScriptedServer, call: Any, quick: None, tmp_path: Path
) -> None:
    ran = tmp_path / "ran"
    code = f"open({str(ran)!r}, 'a').write('.'); print('canary-from-program')"
    Paths.from_environment().config_file.write_text(
        f"[providers.acme]\napi_key_command = {json.dumps([sys.executable, '-c', code])}\n"
    )
    live.on("GET", "/models", Answer(status=500, body=b"canary-from-program"))
    assert call("models", "acme", "--live", "--verbose").code == 7
    assert {one.headers["authorization"] for one in live.requests} == {"Bearer canary-from-program"}
    assert ran.read_text() == "."


# -- balance


def test_a_balance(live: ScriptedServer, call: Any, key: str) -> None:
    live.on("GET", "/account", Answer.json({"usd": "9.9550", "cents": 1250}))
    found = call("balance", "acme", "--json").document["balance"]
    assert found["amounts"] == [
        {"amount": "9.9550", "unit": "USD"},
        {"amount": "12.50", "unit": "acme:points"},
    ]
    assert found["provider"] == "acme"
    assert found["as_of"].startswith(now().date().isoformat())
    assert call("balance", "acme").out == "9.9550 USD\n12.50 points\n"
    live.on("GET", "/account", Answer.json({"usd": None}))
    assert call("balance", "acme").code == 7


# -- from Python


def test_a_client_without_a_configuration_keeps_nothing_on_the_disk(
    live: ScriptedServer, key: str, photo: Path
) -> None:
    with imgedit.SyncClient() as client:
        found = client.live_models("acme")
        assert [row["id"] for row in found.rows] == ["one", "two"]
        assert {change.kind for change in found.changes} == {"added", "price", "removed"}
        quotes = client.quote(photo, "x", provider="acme").quotes
        assert {offer.model: str(offer.quote.amount) for offer in quotes}["two"] == "0.01"
        live.on("GET", "/account", Answer.json({"usd": 3}))
        assert [str(one) for one in client.balance("acme").amounts] == ["3 USD"]
    assert not Paths.from_environment().cache.exists()
    with imgedit.SyncClient() as client:
        assert "two" not in {offer.model for offer in client.quote(photo, "x").quotes}


def test_an_edit_takes_the_vendors_price(live: ScriptedServer, key: str, photo: Path) -> None:
    with imgedit.SyncClient() as client:
        client.live_models("acme")
        with pytest.raises(imgedit.BudgetExceeded):
            client.edit(photo, "x", provider="acme", model="one", max_cost="0.04 USD")
