"""The six providers' manifests: right as a whole, and their figures as the vendors publish them.

A plugin's own provider.json is read where the plugin is there, else the worked one beside this.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from imgedit import EditRequest, HttpResponse, ImageSource, Job, Reference, ValidationError
from imgedit.manifest import (
    check,
    classify,
    document,
    is_error,
    quote,
    read_balance,
    read_manifest,
    to_wire,
    validate_manifest,
)

ROOT = Path(__file__).parents[2]
NAMES = ("artnex", "depicta", "gptimageapi", "local", "magichour", "venice")


def path_of(name: str) -> Path:
    own = ROOT / "plugins" / name / "src" / f"imgedit_{name}" / "provider.json"
    return own if own.exists() else Path(__file__).parent / "data" / f"{name}.json"


@pytest.fixture(scope="session")
def manifests():
    return {name: read_manifest(path_of(name), name=name) for name in NAMES}


def picture(**facts):
    known = {"media_type": "image/jpeg", "width": 1000, "height": 800, "size": 5000, "sha256": "a"}
    return ImageSource(**{**known, **facts})


def ask(references=0, **fields):
    return EditRequest(
        **{"image": picture(), "prompt": "warmer", **fields},
        references=[Reference(picture())] * references,
    )


@pytest.fixture
def priced(manifests):
    """(amount, at_most, basis) of a request that the model takes."""

    def make(provider, model, **fields):
        manifest = manifests[provider]
        picked = manifest.pick(model).model
        asked = document(ask(**fields))
        assert check(asked, picked, manifest).problems == ()
        found = quote(asked, picked, manifest)
        assert found.source is not None or manifest.local
        assert found.as_of is not None or manifest.local
        amount, at_most = (
            None if one is None else f"{one:f}" for one in (found.amount, found.at_most)
        )
        return amount, at_most, found.basis

    return make


@pytest.fixture
def refused(manifests):
    """{path: code} of what a model does not take."""

    def make(provider, model, **fields):
        manifest = manifests[provider]
        found = check(document(ask(**fields)), manifest.pick(model).model, manifest)
        return {problem.path: problem.code for problem in found.problems}

    return make


@pytest.mark.parametrize("name", NAMES)
def test_a_manifest_is_right_as_a_whole(name):
    raw = json.loads(path_of(name).read_text(encoding="utf-8"))
    assert validate_manifest(raw) == []
    assert {"hook_api", "default_model" if name != "artnex" else "models"} <= raw.keys()
    assert name == "local" or {"homepage", "auth", "sources"} <= raw.keys()


@pytest.mark.parametrize(
    ("provider", "model", "fields", "expected"),
    (
        ("magichour", "seedream-v5-pro", {"n": 4, "resolution": "2k"}, ("600", "600", "exact")),
        ("magichour", "seedream-v5-pro", {"resolution": "1k"}, ("75", "75", "exact")),
        ("magichour", "seedream-v5-pro", {}, ("75", "150", "at_least")),
        ("magichour", "nano-banana-pro", {"resolution": "4k"}, ("150", None, "at_least")),
        ("magichour", "nano-banana-pro", {"resolution": "1k"}, ("150", "150", "exact")),
        ("magichour", "flux-2-klein", {"resolution": "640px", "n": 9}, ("45", "45", "exact")),
        ("magichour", None, {}, (None, None, "unknown")),
        ("venice", "nano-banana-pro-edit", {"resolution": "2k"}, ("0.23", "0.23", "exact")),
        ("venice", "nano-banana-pro-edit", {}, ("0.18", "0.18", "exact")),
        ("venice", None, {}, ("0.04", "0.04", "exact")),
        ("venice", "qwen-image-3-pro-edit", {}, ("0.05345", "0.05345", "exact")),
        (
            "venice",
            "qwen-image-3-pro-edit",
            {"resolution": "2k", "references": 2},
            ("0.10035", "0.10035", "exact"),
        ),
        ("venice", "flux-2-max-edit", {"references": 2}, ("0.1890", "0.1890", "exact")),
        ("venice", "gpt-image-2-edit", {}, ("0.34", "0.34", "exact")),
        (
            "venice",
            "gpt-image-2-edit",
            {"quality": "medium", "resolution": "4k"},
            ("0.22", "0.22", "exact"),
        ),
        ("gptimageapi", "gpt-image-2", {"quality": "high", "n": 3}, ("48", "48", "exact")),
        ("gptimageapi", None, {}, ("4", "16", "at_least")),
        ("artnex", "nano-banana-edit", {}, ("240", "240", "exact")),
        ("artnex", "gpt-image-2-edit", {}, (None, None, "unknown")),
        ("depicta", "gemini-2.5-flash-image", {}, ("0.048", None, "estimate")),
        ("depicta", None, {}, (None, None, "unknown")),
        ("local", None, {}, ("0", "0", "exact")),
    ),
)
def test_figures(priced, provider, model, fields, expected):
    assert priced(provider, model, **fields) == expected


def test_an_unknown_price_says_why(manifests):
    manifest = manifests["artnex"]
    found = quote(document(ask()), manifest.pick("gpt-image-2-edit").model, manifest)
    assert found.reason
    assert "does not publish" in found.reason


def test_enhancing_a_prompt_may_cost_more(manifests):
    manifest = manifests["venice"]
    asked = document(ask(options={"enhance_prompt": True}))
    found = quote(asked, manifest.pick(None).model, manifest)
    assert (str(found.amount), str(found.at_most), found.basis) == ("0.04", "0.08", "at_least")


@pytest.mark.parametrize(
    ("provider", "model", "fields", "expected"),
    (
        (
            "venice",
            None,
            {"image": picture(width=200, height=200)},
            {"/image/pixels": "minimum"},
        ),
        (
            "artnex",
            "seedream-edit",
            {"image": picture(media_type="image/gif"), "prompt": "x" * 5000},
            {"/image/media_type": "enum", "/prompt": "maxLength"},
        ),
        ("artnex", "seedream-edit", {"resolution": "1k"}, {"/resolution": "unsupported"}),
        ("magichour", None, {"n": 3}, {"/n": "enum"}),
        ("magichour", "nano-banana", {"resolution": "2k"}, {"/resolution": "enum"}),
        ("magichour", "krea-2", {"references": 2}, {"/references": "maxItems"}),
        ("venice", None, {"n": 2}, {"/n": "unsupported"}),
        ("venice", "luma-uni-1-edit", {"references": 1}, {"/references": "unsupported"}),
        ("venice", None, {"seed": 1}, {"/seed": "unsupported"}),
        ("depicta", None, {"mask": picture()}, {"/mask": "unsupported"}),
        ("gptimageapi", None, {"resolution": "1k"}, {"/resolution": "unsupported"}),
    ),
)
def test_what_a_vendor_cannot_do(refused, provider, model, fields, expected):
    assert refused(provider, model, **fields) == expected


def test_a_transparent_background_needs_a_format_that_has_it(refused):
    options = {"transparent_background": True}
    wrong = {"options": options, "output_format": "jpeg"}
    assert refused("venice", None, **wrong) == {"/output_format": "rule"}
    assert refused("venice", None, options=options) == {"/output_format": "rule"}
    assert refused("venice", None, options=options, output_format="png") == {}


def test_a_retired_model_names_its_successor(manifests):
    picked = manifests["venice"].pick("qwen-edit")
    assert picked.model.id == "firered-image-edit"
    assert len(picked.warnings) == 1


def test_no_default_model_lists_prices(manifests):
    with pytest.raises(ValidationError, match=r"seedream-edit \(200 credits\)"):
        manifests["artnex"].pick(None)


def test_vendor_names_and_values(manifests):
    def wire(provider, model, **fields):
        return to_wire(ask(**fields), manifests[provider].pick(model).model)

    assert wire("magichour", None, n=4, resolution="2k", options={"name": "x"}) == {
        "model": "default",
        "style": {"prompt": "warmer"},
        "image_count": 4,
        "resolution": "2k",
        "name": "x",
    }
    assert wire("depicta", None, resolution="2k") == {"prompt": "warmer", "image_size": "2K"}
    assert wire("gptimageapi", None, aspect_ratio="9:21") == {
        "model": "gpt-image-2",
        "prompt": "warmer",
        "size": "9:21",
        "n": 1,
    }
    found = wire("venice", None, options={"safe_mode": False})
    assert found["safe_mode"] is False
    assert found["model"] == "firered-image-edit"


def answer(body, status, **keys):
    return HttpResponse(status=status, body=json.dumps(body).encode(), **keys)


@pytest.mark.parametrize(
    ("provider", "status", "body", "cls", "charged"),
    (
        ("artnex", 429, {"error": "rate_limit_exceeded"}, "QuotaExhausted", "no"),
        ("artnex", 400, {"error": "image_too_large"}, "ImageRejected", "no"),
        ("artnex", 200, {"success": False, "error": "invalid_model"}, "ModelUnavailable", "no"),
        ("artnex", 402, {"error": "insufficient_credits"}, "InsufficientCredits", "no"),
        ("artnex", 500, {}, "ProviderUnavailable", "unknown"),
        ("depicta", 451, {"error": "content_rejected"}, "ContentRejected", "no"),
        ("depicta", 402, {"error": "credit_insufficient"}, "InsufficientCredits", "no"),
        ("depicta", 429, {"error": "rate_limited"}, "RateLimited", "no"),
        ("gptimageapi", 200, {"code": 1001, "message": "bad"}, "JobFailed", "unknown"),
        ("gptimageapi", 401, {"code": 1, "message": "no key"}, "AuthenticationError", "no"),
        ("magichour", 502, {"message": "x"}, "ProviderUnavailable", "no"),
        ("magichour", 403, {"message": "x"}, "PermissionDenied", "no"),
        ("venice", 401, {"error": "Authentication failed"}, "AuthenticationError", "no"),
        ("venice", 500, {"error": "Inference failed"}, "ProviderUnavailable", "unknown"),
        (
            "venice",
            422,
            {"error": "Your prompt violates the content policy of Venice.ai"},
            "ContentRejected",
            "no",
        ),
    ),
)
def test_documented_errors(manifests, provider, status, body, cls, charged):
    manifest = manifests[provider]
    model = manifest.models[0]
    job = Job(id="1", provider=provider, request=ask(), model=model, status="sent")
    response = answer(body, status)
    assert is_error(manifest, response, own_api=True)
    error = classify(manifest, job, response)
    assert (type(error).__name__, error.charged) == (cls, charged)


def test_a_failed_job_of_magic_hour_is_not_charged(manifests):
    manifest = manifests["magichour"]
    body = {"status": "error", "error": {"code": "content_policy_violation", "message": "no"}}
    job = Job(id="1", provider="m", request=ask(), model=manifest.models[0], status="accepted")
    response = answer(body, 200, purpose="poll")
    assert is_error(manifest, response, own_api=True)
    error = classify(manifest, job, response)
    assert (type(error).__name__, error.charged) == ("ContentRejected", "no")


def test_venices_resets_are_unix_milliseconds(manifests):
    manifest = manifests["venice"]
    headers = {"x-ratelimit-reset-requests": "1800000005000"}
    error = classify(manifest, None, answer({}, 429, headers=headers), now=1_800_000_000)
    assert error.retry_after == 5


def test_balances(manifests):
    body = {"user": {"balance_eur": "9.955000"}}
    (money,) = read_balance(manifests["depicta"], answer(body, 200))
    assert str(money) == "9.955000 EUR"
    (money,) = read_balance(manifests["magichour"], answer({"credits": 5}, 200))
    assert str(money) == "5 credits"
