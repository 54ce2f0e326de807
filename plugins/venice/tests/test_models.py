"""Venice's own list of models, read as rows of the manifest."""

from __future__ import annotations

import copy
import json
from decimal import Decimal
from typing import Any

import pytest

from imgedit import EditRequest, HttpResponse, ImageSource, Reference, UnexpectedResponse
from imgedit.discovery import Provider
from imgedit.manifest import Manifest, changes, validate_manifest, with_live_rows
from imgedit.testing.server import Answer, ScriptedServer


def price(usd: float) -> dict[str, float]:
    return {"usd": usd, "diem": usd}


def entry(model: str, constraints: dict[str, Any], pricing: dict[str, Any], **more: Any) -> Any:
    usual = {"aspectRatios": ["auto", "1:1", "16:9"], "promptCharacterLimit": 1500}
    return {
        "id": model,
        "object": "model",
        "type": "inpaint",
        "owned_by": "venice.ai",
        "created": 1763500000,
        "model_spec": {
            "name": model.title(),
            "description": "Edits pictures.",
            "privacy": "anonymized",
            "offline": False,
            "beta": False,
            "traits": [],
            "modelSource": "https://models.example/x",
            "constraints": {**usual, "combineImages": True, **constraints},
            "pricing": pricing,
            **more,
        },
    }


BODY: dict[str, Any] = {
    "object": "list",
    "type": "inpaint",
    "data": [
        entry("firered-image-edit", {"combineImages": False}, {"inpaint": price(0.05)}),
        entry(
            "nano-banana-pro-edit",
            {"resolutions": ["1K", "2K", "4K"], "maxInputImages": 14, "defaultResolution": "2K"},
            {
                "inpaint": price(0.18),
                "resolutions": {"1K": price(0.18), "2K": price(0.23), "4K": price(0.35)},
            },
        ),
        entry(
            "seedream-v5-pro-edit",
            {"resolutions": ["1K", "2K"], "singleImageAspectRatio": False},
            {
                "inpaint": price(0.06),
                "resolutions": {"1K": price(0.06), "2K": price(0.11)},
                "inputImages": {"included": 1, "additional": price(0.00345)},
            },
        ),
        entry(
            "gpt-image-2-edit",
            {
                "resolutions": ["1K", "2K", "4K"],
                "qualities": ["low", "medium", "high"],
                "maxInputImages": 16,
                "supportsTransparentBackground": False,
            },
            {
                "inpaint": price(0.34),
                "resolutions": {"1K": price(0.34), "2K": price(0.52), "4K": price(0.84)},
                "quality": {
                    "1K": {"low": price(0.03), "medium": price(0.08), "high": price(0.34)},
                    "2K": {"low": price(0.03), "medium": price(0.14), "high": price(0.52)},
                    "4K": {"low": price(0.04), "medium": price(0.22), "high": price(0.84)},
                },
                "inputImages": {"included": 1, "additional": price(0.0092)},
            },
        ),
        entry(
            "qwen-image-2-edit",
            {},
            {"inpaint": price(0.05)},
            deprecation={
                "autoRemap": True,
                "date": "2026-12-01T00:00:00.000Z",
                "startsAt": "2026-11-01T00:00:00.000Z",
                "removesAt": "2026-12-31T00:00:00.000Z",
                "replacementModelId": "qwen-image-3-edit",
            },
        ),
        entry("flux-2-max-edit", {}, {"inpaint": price(0.12)}, offline=True),
        entry("brand-new-edit", {"maxInputImages": 1}, {"inpaint": price(0.021)}),
        {**entry("a-text-model", {}, {}), "type": "text"},
    ],
}


def answer(body: Any, status: int = 200) -> HttpResponse:
    text = body if isinstance(body, str) else json.dumps(body)
    headers = {"content-type": ("application/json",)}
    return HttpResponse(status=status, headers=headers, body=text.encode(), purpose="models")


def rows(venice: Provider, body: Any) -> list[dict[str, Any]]:
    found = venice.parse_models(answer(body))
    assert found is not None
    return found


@pytest.fixture
def live(venice: Provider) -> Manifest:
    return with_live_rows(venice.manifest, rows(venice, BODY), source="list", read="2026-11-21")


def cost(venice: Provider, live: Manifest, model: str, pictures: int = 1, **fields: Any) -> Any:
    image = ImageSource.of("https://pictures.example/a.png")
    references = [Reference(image)] * (pictures - 1)
    request = EditRequest(image=image, prompt="x", model=model, references=references, **fields)
    found = live.model(model)
    assert found is not None
    return venice.with_manifest(live).price(request, found)


def test_the_list_is_asked_for(venice: Provider) -> None:
    request = venice.list_models()
    assert request is not None
    assert (request.method, request.url, dict(request.query)) == (
        "GET",
        "/models",
        {"type": "inpaint"},
    )
    assert (request.purpose, request.spends, request.body) == ("models", False, None)


def test_the_rows_are_right_over_the_manifest(venice: Provider) -> None:
    assert validate_manifest(with_live_rows(venice.manifest, rows(venice, BODY)).raw) == []


@pytest.mark.parametrize(
    ("model", "fields", "expected"),
    (
        ("firered-image-edit", {}, "0.05"),
        ("nano-banana-pro-edit", {}, "0.23"),
        ("nano-banana-pro-edit", {"resolution": "4k"}, "0.35"),
        ("seedream-v5-pro-edit", {}, "0.06"),
        ("seedream-v5-pro-edit", {"resolution": "2k", "pictures": 3}, "0.1169"),
        ("gpt-image-2-edit", {}, "0.34"),
        ("gpt-image-2-edit", {"quality": "low", "resolution": "4k", "pictures": 2}, "0.0492"),
        ("brand-new-edit", {}, "0.021"),
    ),
)
def test_prices_are_the_lists(
    venice: Provider, live: Manifest, model: str, fields: dict[str, Any], expected: str
) -> None:
    quote = cost(venice, live, model, **fields)
    assert (quote.amount, quote.at_most, quote.basis) == (
        Decimal(expected),
        Decimal(expected),
        "exact",
    )
    assert (quote.source, quote.as_of) == ("list", "2026-11-21")


def test_prices_by_quality_stay_so_without_a_list_of_resolutions(venice: Provider) -> None:
    def priced(tiers: dict[str, Any], **fields: Any) -> Any:
        body = {"data": [entry("new-edit", {}, {"inpaint": price(0.08), "quality": tiers})]}
        found = with_live_rows(venice.manifest, rows(venice, body))
        assert validate_manifest(found.raw) == []
        quote = cost(venice, found, "new-edit", **fields)
        return quote.amount, quote.at_most

    low, high, most = Decimal("0.03"), Decimal("0.34"), Decimal("0.52")
    tiers = {"1K": {"low": price(0.03), "high": price(0.34)}}
    assert priced(tiers) == (low, high)
    assert priced(tiers, quality="high") == (high, high)
    tiers["2K"] = {"low": price(0.03), "high": price(0.52)}
    assert priced(tiers, quality="high") == (high, high)
    assert priced(tiers, quality="high", resolution="2k") == (most, most)
    assert priced({"1K": {}}) == (None, None)


def test_what_may_be_charged_for_a_rewritten_prompt_stays(venice: Provider, live: Manifest) -> None:
    quote = cost(venice, live, "firered-image-edit", options={"enhance_prompt": True})
    assert (quote.amount, quote.at_most) == (Decimal("0.05"), Decimal("0.09"))


def test_limits_are_the_lists(live: Manifest) -> None:
    def limit(model: str, key: str) -> Any:
        found = live.model(model)
        assert found is not None
        return found.limits.get(key)

    assert limit("firered-image-edit", "references") is None
    assert limit("nano-banana-pro-edit", "references") == {"maxItems": 13}
    assert limit("seedream-v5-pro-edit", "references") == {"maxItems": 2}
    assert limit("brand-new-edit", "references") is None
    assert limit("brand-new-edit", "prompt") == {"minLength": 1, "maxLength": 1500}
    assert limit("brand-new-edit", "aspect_ratio") == {"enum": ["auto", "1:1", "16:9"]}
    assert limit("brand-new-edit", "resolution") is None
    assert limit("nano-banana-pro-edit", "resolution") == {
        "enum": ["1k", "2k", "4k"],
        "default": "2k",
    }
    assert limit("gpt-image-2-edit", "quality") == {
        "enum": ["low", "medium", "high"],
        "default": "high",
    }
    assert limit("gpt-image-2-edit", "options.transparent_background") is None
    assert limit("brand-new-edit", "options.transparent_background") is not None


def test_a_ratio_that_would_be_ignored_is_refused(
    venice: Provider, live: Manifest, picture: Any
) -> None:
    image = ImageSource.of(picture(1))
    model = live.model("seedream-v5-pro-edit")
    assert model is not None
    request = EditRequest(image=image, prompt="x", aspect_ratio="16:9")
    (problem,) = venice.with_manifest(live).validate(request, model).problems
    assert (problem.path, problem.code) == ("/references", "rule")
    request = EditRequest(
        image=image, prompt="x", aspect_ratio="16:9", references=[Reference(image)]
    )
    assert venice.with_manifest(live).validate(request, model).problems == ()


def test_a_model_that_will_end_is_warned_of(live: Manifest) -> None:
    (warning,) = live.pick("qwen-image-2-edit").warnings
    assert warning.endswith(
        "deprecated since 2026-11-01, there until 2026-12-31: use qwen-image-3-edit"
    )


def test_what_has_changed_is_said(venice: Provider, live: Manifest) -> None:
    ids = [row["id"] for row in rows(venice, BODY)]
    found = changes(venice.manifest, live, ids)
    said = [change.says for change in found]
    assert "new: brand-new-edit, 0.021 USD" in said
    assert "gone: flux-2-max-edit is not in the list of Venice.ai" in said, "it is offline"
    assert "firered-image-edit: 0.04 USD → 0.05 USD" in said
    assert "nano-banana-pro-edit: references up to 2 → up to 13" in said
    assert not [one for one in found if one.model == "gpt-image-2-edit" and one.kind == "price"]
    assert [one.after for one in found if one.kind == "lifecycle"] == [
        {"deprecated": "2026-11-01", "ends": "2026-12-31", "use": "qwen-image-3-edit"}
    ]


@pytest.mark.parametrize("body", ("", "null", "[]", "<html>", '{"data": null}', '{"data": {}}'))
def test_an_answer_that_is_no_list(venice: Provider, body: str) -> None:
    with pytest.raises(UnexpectedResponse):
        venice.parse_models(answer(body))


WRONG = (None, "x", 3, -1, True, [], {}, [3], {"usd": "x"}, {"usd": -1}, {"usd": None})


@pytest.mark.parametrize("wrong", WRONG, ids=repr)
def test_whatever_is_wrong_in_an_entry_no_price_is_made_up(venice: Provider, wrong: Any) -> None:
    whole = BODY["data"][3]
    for part in ("constraints", "pricing"):
        for name in whole["model_spec"][part]:
            body = copy.deepcopy(BODY)
            body["data"] = [copy.deepcopy(whole)]
            body["data"][0]["model_spec"][part][name] = wrong
            manifest = with_live_rows(venice.manifest, rows(venice, body))
            quote = cost(venice, manifest, "gpt-image-2-edit", pictures=2)
            usual, least = Decimal("0.3492"), Decimal("0.0392")  # least: no quality is the usual
            if (name, wrong) == ("inputImages", None):
                usual = Decimal("0.34")
            assert quote.amount in (None, usual, least)


def test_entries_that_are_none_are_passed_over(venice: Provider) -> None:
    found = rows(venice, {"data": [None, 3, {}, {"id": 3}, {"id": ""}, {"id": "bare-edit"}]})
    assert [row["id"] for row in found] == ["bare-edit"]
    assert "unknown" in found[0]["price"]


def test_the_command_line_asks_and_keeps(server: ScriptedServer, call: Any, photo: Any) -> None:
    server.on("GET", "/api/v1/models", Answer.json(BODY))
    document = call("models", "venice", "--live").json
    assert {"model": "brand-new-edit", "kind": "added"}.items() <= document["changes"][0].items()
    (request,) = server.requests
    assert request.query == {"type": "inpaint"}
    ran = call("quote", photo, "x", "-p", "venice", "-m", "firered-image-edit")
    (quote,) = ran.json["quotes"]
    assert (quote["amount"], quote["source"]) == (
        "0.05",
        f"{server.url}/api/v1/models?type=inpaint",
    )
    assert len(server.requests) == 1
