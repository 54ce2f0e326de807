"""provider.json against the vendor's pages, written out here a second time; the live list."""

from __future__ import annotations

import ast
import copy
import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import imgedit_depicta
from imgedit import EditRequest, HttpResponse, ImageSource, Job, Reference, UnexpectedResponse
from imgedit.discovery import Provider
from imgedit.manifest import (
    check,
    document,
    is_error,
    quote,
    read_balance,
    read_manifest,
    to_wire,
    validate_manifest,
    with_live_rows,
)

HERE = Path(imgedit_depicta.__file__).parent
URL = ImageSource(url="https://pictures.example/a.png")
RATIOS = ("1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9")


def raw() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((HERE / "provider.json").read_text(encoding="utf-8"))
    return found


def ask(**fields: Any) -> EditRequest:
    return EditRequest(**{"image": URL, "prompt": "x", **fields})


def test_it_is_valid_and_complete(provider: Provider) -> None:
    assert validate_manifest(raw()) == []
    assert [model.id for model in provider.manifest.models] == [
        "auto",
        "gemini-2.5-flash-image",
        "bytedance-seed/seedream-4.5",
    ]
    assert provider.manifest.base_url == "https://api.depicta.ai"
    assert provider.manifest.unit == "EUR"
    assert provider.manifest.timeouts == {"submit": 360, "upload": 120, "download": 120}


def test_prices(provider: Provider) -> None:
    for name, amount, basis in (
        (None, None, "unknown"),
        ("bytedance-seed/seedream-4.5", None, "unknown"),
        ("gemini-2.5-flash-image", Decimal("0.048"), "estimate"),
    ):
        found = provider.price(ask(), provider.manifest.pick(name).model)
        assert (found.amount, found.at_most, found.basis) == (amount, None, basis)
        assert found.unit == "EUR"
        assert found.reason
        assert found.source is not None
        assert found.as_of == "2026-11-20"


def test_a_number_changed_in_the_file_changes_the_quote() -> None:
    changed = raw()
    changed["models"][1]["price"]["amounts"] = "~0.05"
    changed["limits"]["references"]["maxItems"] = 1
    manifest = read_manifest(changed)
    model = manifest.pick("gemini-2.5-flash-image").model
    assert quote(document(ask()), model, manifest).amount == Decimal("0.05")
    sheet = document(ask(references=[Reference(URL, "a")] * 2))
    assert [problem.path for problem in check(sheet, model).problems] == ["/references"]


@pytest.mark.parametrize(
    ("path", "fields"),
    (
        ("/n", {"n": 2}),
        ("/aspect_ratio", {"aspect_ratio": "auto"}),
        ("/resolution", {"resolution": "1K"}),
        ("/output_format", {"output_format": "gif"}),
        ("/quality", {"quality": "high"}),
        ("/mask", {"mask": URL}),
        ("/seed", {"seed": 1}),
        ("/options/strictness", {"options": {"strictness": "strict"}}),
        ("/options/style", {"options": {"style": "x"}}),
        ("/references", {"references": [Reference(URL, "a hat")] * 6}),
        ("/references/0/description", {"references": [Reference(URL)]}),
        ("/image/bytes", {"image": ImageSource(sha256="0", size=50_000_001)}),
        (
            "/references/0/image/bytes",
            {"references": [Reference(ImageSource(sha256="0", size=50_000_001), "a hat")]},
        ),
    ),
    ids=str,
)
def test_what_is_not_taken(provider: Provider, path: str, fields: dict[str, Any]) -> None:
    model = provider.manifest.pick(None).model
    found = {problem.path for problem in provider.validate(ask(**fields), model).problems}
    assert found == {path}


@pytest.mark.parametrize(
    "fields",
    (
        *({"aspect_ratio": ratio} for ratio in RATIOS),
        *({"resolution": size} for size in ("1k", "2k", "4k")),
        *({"output_format": kind} for kind in ("png", "jpeg", "webp")),
        *({"options": {"strictness": how}} for how in ("normal", "liberal")),
        {"references": [Reference(URL, "a hat")] * 5},
        {"image": ImageSource(sha256="0", size=50_000_000)},
    ),
    ids=str,
)
def test_what_is_taken(provider: Provider, fields: dict[str, Any]) -> None:
    for model in provider.manifest.models:
        assert provider.validate(ask(**fields), model).problems == ()


@pytest.mark.parametrize(
    ("url", "taken"),
    (
        ("https://pictures.example/a", True),
        ("https://images.depicta.ai/x?sig=1", True),
        ("http://pictures.example/a.png", False),
        ("ftp://pictures.example/a.png", False),
    ),
)
def test_urls_that_depicta_fetches(provider: Provider, url: str, taken: bool) -> None:
    assert provider.manifest.accepts_url is not None
    assert bool(re.search(provider.manifest.accepts_url, url)) is taken


GATEWAY = {"message": "Service Unavailable"}


def told(code: str, message: str = "why", **more: Any) -> dict[str, Any]:
    return {"error": code, "message": message, "details": None, "request_id": "r1", **more}


# Purpose, status, body → class, charged, retryable.
ERRORS = (
    ("submit", 400, told("bad_request"), "InvalidRequest", "no", False),
    ("submit", 401, told("auth_invalid"), "AuthenticationError", "no", False),
    ("submit", 402, told("credit_insufficient"), "InsufficientCredits", "no", False),
    ("submit", 403, told("auth_email_not_verified"), "PermissionDenied", "no", False),
    ("submit", 403, told("account_suspended"), "PermissionDenied", "no", False),
    ("submit", 403, told("model_not_allowed"), "ModelUnavailable", "no", False),
    ("submit", 403, told("content_rejected"), "ContentRejected", "no", False),
    ("submit", 404, told("not_found"), "NotFound", "no", False),
    ("submit", 409, told("something"), "Conflict", "no", False),
    ("submit", 413, told("payload_too_large"), "ImageRejected", "no", False),
    ("submit", 422, told("validation_error"), "InvalidRequest", "no", False),
    ("submit", 422, told("model_not_capable"), "ModelUnavailable", "no", False),
    ("submit", 429, told("rate_limited"), "RateLimited", "no", True),
    ("submit", 451, told("content_rejected"), "ContentRejected", "no", False),
    ("submit", 451, None, "ContentRejected", "no", False),
    ("submit", 500, told("internal_error"), "ProviderUnavailable", "no", True),
    ("submit", 500, told("something"), "ProviderUnavailable", "unknown", True),
    ("submit", 500, GATEWAY, "ProviderUnavailable", "unknown", True),
    ("submit", 502, told("something"), "ProviderUnavailable", "unknown", True),
    ("submit", 502, told("internal_error"), "ProviderUnavailable", "unknown", True),
    ("submit", 503, told("something"), "ProviderUnavailable", "unknown", True),
    ("submit", 503, GATEWAY, "ProviderUnavailable", "unknown", True),
    ("submit", 500, None, "ProviderUnavailable", "unknown", True),
    ("submit", 502, None, "ProviderUnavailable", "unknown", True),
    ("submit", 503, None, "ProviderUnavailable", "unknown", True),
    ("submit", 504, told("timeout"), "ProviderUnavailable", "unknown", True),
    ("submit", 418, told("teapot"), "UnexpectedResponse", "unknown", False),
    ("upload", 413, told("payload_too_large"), "ImageRejected", "no", False),
    ("upload", 422, told("validation_error"), "ImageRejected", "no", False),
    ("upload", 502, None, "ProviderUnavailable", "no", True),
    ("settle", 500, told("internal_error"), "ProviderUnavailable", "unknown", True),
    ("settle", 401, told("auth_invalid"), "AuthenticationError", "unknown", False),
    ("poll", 404, told("not_found"), "NotFound", "yes", False),
    ("poll", 429, told("rate_limited"), "RateLimited", "yes", True),
)


def made(provider: Provider, purpose: str) -> Job:
    """A job as it is when an exchange of this purpose is answered."""
    status = {"submit": "sent", "settle": "unknown", "poll": "accepted"}.get(purpose, "planned")
    model = provider.manifest.pick(None).model
    return Job(id="01K", provider="depicta", request=ask(), model=model, status=status)  # type: ignore[arg-type]  # one of the four


@pytest.mark.parametrize(
    ("purpose", "status", "body", "kind", "charged", "retryable"),
    ERRORS,
    ids=[f"{row[0]}-{row[1]}-{(row[2] or {}).get('error')}" for row in ERRORS],
)
def test_what_an_answer_means(
    provider: Provider,
    purpose: Any,
    status: int,
    body: Any,
    kind: str,
    charged: str,
    retryable: bool,
) -> None:
    text = b"<html>Bad gateway</html>" if body is None else json.dumps(body).encode()
    response = HttpResponse(status=status, body=text, purpose=purpose)
    assert is_error(provider.manifest, response, own_api=True)
    error = provider.map_error(made(provider, purpose), response)
    assert type(error).__name__ == kind
    assert (error.charged, error.retryable, error.status) == (charged, retryable, status)
    if body is not None:
        assert (error.code, error.request_id) == (body.get("error"), body.get("request_id"))
        assert body["message"] in error.message


def test_details_are_problems_of_our_fields(provider: Provider) -> None:
    details = {
        "input_image_url": "must be https",
        "image_size": "not for this model",
        "strictness": "unknown",
        "reference_images[0].description": "is too long",
        "model": "is required",
        "surprise": "is odd",
    }
    body = json.dumps(told("validation_error", details=details)).encode()
    response = HttpResponse(status=422, body=body, purpose="submit")
    found = provider.map_error(made(provider, "submit"), response).problems
    assert {(problem.path, problem.message) for problem in found} == {
        ("/image", "must be https"),
        ("/resolution", "not for this model"),
        ("/options/strictness", "unknown"),
        ("/references", "is too long"),
        ("/model", "is required"),
        ("", "surprise: is odd"),
    }


def test_when_to_come_back(provider: Provider) -> None:
    response = HttpResponse(
        status=429, headers={"Retry-After": "7"}, body=json.dumps(told("rate_limited")).encode()
    )
    assert provider.map_error(made(provider, "submit"), response).retry_after == 7


@pytest.mark.parametrize(
    ("code", "kind"),
    (
        ("content_rejected", "ContentRejected"),
        ("insufficient_credits", "InsufficientCredits"),
        ("model_not_capable", "ModelUnavailable"),
        ("internal_error", "JobFailed"),
        ("a_new_code", "JobFailed"),
        (None, "JobFailed"),
    ),
)
@pytest.mark.parametrize("status", ("unknown", "accepted"))
def test_how_a_job_ends_badly(provider: Provider, code: str | None, kind: str, status: Any) -> None:
    why = None if code is None else {"code": code, "message": "it broke"}
    body = json.dumps({"job_id": "j", "status": "failed", "error": why}).encode()
    response = HttpResponse(status=200, body=body, purpose="poll")
    assert is_error(provider.manifest, response, own_api=True)
    job = made(provider, "settle" if status == "unknown" else "poll")
    error = provider.map_error(job, response)
    assert type(error).__name__ == kind
    assert (error.charged, error.retryable, error.code) == ("no", False, code)


@pytest.mark.parametrize("status", ("pending", "processing", "completed"))
def test_a_job_under_way_is_no_error(provider: Provider, status: str) -> None:
    body = json.dumps({"job_id": "j", "status": status, "error": None}).encode()
    response = HttpResponse(status=200, body=body, purpose="poll")
    assert not is_error(provider.manifest, response, own_api=True)


def test_the_balance(provider: Provider) -> None:
    body = json.dumps({"user": {"id": "u", "balance_eur": "9.955000", "held_eur": "0.05"}}).encode()
    assert provider.manifest.balance is not None
    assert provider.manifest.balance["path"] == "/v1/account/profile"
    response = HttpResponse(status=200, body=body, purpose="balance")
    assert [str(money) for money in read_balance(provider.manifest, response)] == ["9.955000 EUR"]


# -- the live list

MODEL = {
    "id": "gemini-2.5-flash-image",
    "name": "Gemini 2.5 Flash Image",
    "description": "quick",
    "approximate_cost_eur": "0.050000",
    "aspect_ratios": ["1:1", "16:9"],
    "image_sizes": ["1K"],
    "fixed_sizes": None,
    "can_generate": True,
    "can_edit": True,
    "operations": ["generate", "edit", "combine"],
    "output_formats": ["png", "jpeg", "webp"],
    "max_combine_inputs": 0,
    "max_characters": 0,
    "supports_multiturn": False,
}


def listed(provider: Provider, *models: Any, bare: bool = False) -> Any:
    value = list(models) if bare else {"models": list(models), "cached_at": "x", "disclaimer": "y"}
    response = HttpResponse(status=200, body=json.dumps(value).encode(), purpose="models")
    return provider.parse_models(response)


def test_the_list_is_asked_for(provider: Provider) -> None:
    request = provider.list_models()
    assert request is not None
    assert (request.method, request.url, request.purpose) == ("GET", "/v1/models", "models")
    assert (request.spends, request.body) == (False, None)


@pytest.mark.parametrize("sizes", (None, []))
def test_a_live_model_without_sizes(provider: Provider, sizes: Any) -> None:
    manifest = with_live_rows(provider.manifest, listed(provider, {**MODEL, "image_sizes": sizes}))
    assert validate_manifest(manifest.raw) == []
    (problem,) = check(document(ask(resolution="1k")), manifest.pick(MODEL["id"]).model).problems
    assert (problem.path, problem.code) == ("/resolution", "unsupported")


@pytest.mark.parametrize("bare", (False, True))
def test_a_live_model(provider: Provider, bare: bool) -> None:
    new = {**MODEL, "id": "flux-9", "name": "Flux 9", "image_sizes": ["1K", "0.5K"]}
    new |= {"aspect_ratios": None, "approximate_cost_eur": None}
    rows = listed(provider, MODEL, new, bare=bare)
    assert [row["id"] for row in rows] == ["gemini-2.5-flash-image", "flux-9"]
    manifest = with_live_rows(provider.manifest, rows)
    assert validate_manifest(manifest.raw) == []

    known = manifest.pick("gemini-2.5-flash-image").model
    assert known.title == "Gemini 2.5 Flash Image"
    found = quote(document(ask()), known, manifest)
    assert (found.amount, found.at_most, found.basis) == (Decimal("0.05"), None, "estimate")
    assert found.source == "https://depicta.ai/docs/api/operations/listmodels/"
    assert check(document(ask(aspect_ratio="16:9", resolution="1k")), known).problems == ()
    assert [
        problem.path
        for problem in check(document(ask(aspect_ratio="21:9", resolution="4k")), known).problems
    ] == ["/aspect_ratio", "/resolution"]

    flux = manifest.pick("flux-9").model
    assert quote(document(ask()), flux, manifest).basis == "unknown"
    (problem,) = check(document(ask(aspect_ratio="1:1")), flux).problems
    assert (problem.path, problem.code) == ("/aspect_ratio", "unsupported")
    assert to_wire(ask(resolution="0.5k"), flux)["image_size"] == "0.5K"
    assert to_wire(ask(resolution="1k"), flux) == {
        "model": "flux-9",
        "prompt": "x",
        "image_size": "1K",
    }
    # Names that the list does not know stay as they are.
    assert manifest.pick(None).model.send is None


@pytest.mark.parametrize(
    "model",
    (
        {**MODEL, "can_edit": False},
        {**MODEL, "can_edit": None},
        {**MODEL, "operations": ["generate"]},
        {**MODEL, "id": None},
        {**MODEL, "id": ""},
        "text",
        None,
    ),
    ids=str,
)
def test_a_model_that_cannot_edit_is_left_out(provider: Provider, model: Any) -> None:
    assert listed(provider, model) == []


def test_a_row_that_says_little_changes_little(provider: Provider) -> None:
    (row,) = listed(provider, {"id": "m"})
    assert row["limits"] == {}
    assert "unknown" in row["price"]
    model = with_live_rows(provider.manifest, [row]).pick("m").model
    assert check(document(ask(aspect_ratio="21:9", resolution="4k")), model).problems == ()


@pytest.mark.parametrize(
    ("cost", "amounts"),
    (
        ("0.048", "~0.048"),
        ("12.000000", "~12"),
        ("100", "~100"),
        (1, "~1"),
        ("0.000000", None),
        ("-1", None),
        ("free", None),
        (True, None),
        ([], None),
    ),
    ids=str,
)
def test_a_live_price(provider: Provider, cost: Any, amounts: str | None) -> None:
    (row,) = listed(provider, {**MODEL, "approximate_cost_eur": cost})
    assert row["price"].get("amounts") == amounts
    assert ("unknown" in row["price"]) is (amounts is None)
    assert validate_manifest(with_live_rows(provider.manifest, [row]).raw) == []


@pytest.mark.parametrize("body", (b"<html>", b"null", b"{}", b'{"models": 3}', b'"x"', b""))
def test_a_list_that_cannot_be_read(provider: Provider, body: bytes) -> None:
    with pytest.raises(UnexpectedResponse, match="list of models"):
        provider.parse_models(HttpResponse(status=200, body=body, purpose="models"))


def test_the_answer_is_left_alone(provider: Provider) -> None:
    before = copy.deepcopy(MODEL)
    listed(provider, MODEL)
    assert before == MODEL


def test_no_fact_stands_in_the_code() -> None:
    for path in HERE.glob("*.py"):
        text = path.read_text(encoding="utf-8")
        numbers = {
            node.value
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.Constant) and type(node.value) in (int, float)
        }
        # Two times of our own choice stand in settling.py; the rest is counting.
        assert numbers <= ({-1, 0, 1, 2} if path.name == "settling.py" else {0}), path
        for model in raw()["models"][1:]:
            assert model["id"] not in text
