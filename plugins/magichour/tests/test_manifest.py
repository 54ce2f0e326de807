"""provider.json against the vendor's tables, written out here a second time."""

from __future__ import annotations

import ast
import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import imgedit_magichour
from imgedit import EditRequest, HttpResponse, ImageSource, Job, Reference
from imgedit.discovery import Provider
from imgedit.manifest import is_error, validate_manifest

HERE = Path(imgedit_magichour.__file__).parent
URL = ImageSource(url="https://pictures.example/a.png")

# Model, credits for a picture at the lowest resolution, resolutions, plan, further pictures.
MODELS = (
    ("flux-2-klein", 5, "640px 1k 2k", "every plan", 5),
    ("krea-2", 10, "640px 1k", "every plan", 1),
    ("qwen-edit", 10, "640px 1k 2k", "every plan", 2),
    ("qwen-image-2.1", 10, "640px 1k 2k", "every plan", 2),
    ("seedream-v4", 40, "640px 1k 2k 4k", "Creator", 9),
    ("gpt-image-2", 50, "640px 1k 2k 4k", "Creator", 9),
    ("nano-banana", 50, "640px 1k", "Creator", 9),
    ("nano-banana-2-lite", 50, "640px 1k", "Creator", 9),
    ("nano-banana-2.1", 50, "640px 1k 2k 4k", "Creator", 9),
    ("seedream-v4.5", 50, "640px 1k 2k 4k", "Creator", 9),
    ("seedream-v5-pro", 75, "640px 1k 2k", "Creator", 9),
    ("gpt-image-2.5-flare", 100, "640px 1k 2k 4k", "Creator", 9),
    ("nano-banana-2", 100, "640px 1k 2k 4k", "Creator", 9),
    ("nano-banana-pro", 150, "1k 2k 4k", "Creator", 9),
)


def raw() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((HERE / "provider.json").read_text(encoding="utf-8"))
    return found


def test_it_is_valid_and_complete(provider: Provider) -> None:
    assert validate_manifest(raw()) == []
    ids = [model.id for model in provider.manifest.models]
    assert len(ids) == 15
    assert set(ids) == {"default", *(row[0] for row in MODELS)}
    assert provider.manifest.base_url == "https://api.magichour.ai"
    assert provider.manifest.default_model == "default"


@pytest.mark.parametrize(
    ("model", "least", "resolutions", "plan", "extra"), MODELS, ids=[row[0] for row in MODELS]
)
def test_each_model(
    provider: Provider, model: str, least: int, resolutions: str, plan: str, extra: int
) -> None:
    picked = provider.manifest.pick(model).model
    assert picked.send == model
    assert plan in picked.title
    first, *higher = resolutions.split()
    for n in (1, 4, 9, 16):
        exact = provider.price(EditRequest(image=URL, prompt="x", resolution=first, n=n), picked)
        assert (exact.amount, exact.at_most, exact.basis) == (least * n, least * n, "exact")
        assert exact.unit == "magichour:credits"
        assert exact.source is not None
        assert exact.as_of == "2026-11-20"
    for resolution in (*higher, None):
        quote = provider.price(
            EditRequest(image=URL, prompt="x", resolution=resolution, n=4), picked
        )
        if model == "seedream-v5-pro":
            low, high = {"1k": (75, 75), "2k": (150, 150), None: (75, 150)}[resolution]
            assert (quote.amount, quote.at_most) == (4 * low, 4 * high)
        else:
            assert (quote.amount, quote.at_most, quote.basis) == (4 * least, None, "at_least")
            assert quote.reason
    for resolution in ("640px", "1k", "2k", "4k", "auto", "1K"):
        request = EditRequest(image=URL, prompt="x", resolution=resolution)
        problems = provider.validate(request, picked).problems
        paths = [problem.path for problem in problems]
        assert paths == ([] if resolution in resolutions.split() else ["/resolution"])
    for count, good in ((extra, True), (extra + 1, False)):
        request = EditRequest(image=URL, prompt="x", references=[Reference(URL)] * count)
        paths = [problem.path for problem in provider.validate(request, picked).problems]
        assert paths == ([] if good else ["/references"])


def test_the_default_model_has_no_price(provider: Provider) -> None:
    quote = provider.price(
        EditRequest(image=URL, prompt="x", resolution="640px"),
        provider.manifest.pick(None).model,
    )
    assert (quote.amount, quote.at_most, quote.basis) == (None, None, "unknown")
    assert quote.reason is not None
    assert "default" in quote.reason


def test_the_price_of_a_credit(provider: Provider) -> None:
    rates = {rate.name: rate.amount for rate in provider.manifest.rates}
    assert len(rates) == 18
    for plan, base in (("creator", "0.0012"), ("pro", "0.00195"), ("business", "0.0025")):
        assert rates[plan] == Decimal(base)
        for count, share in (
            ("100,000", "0.9"),
            ("1,000,000", "0.8"),
            ("5,000,000", "0.7"),
            ("10,000,000", "0.6"),
            ("50,000,000", "0.5"),
        ):
            assert rates[f"{plan} above {count} a month"] == Decimal(base) * Decimal(share)


@pytest.mark.parametrize(
    ("path", "fields"),
    (
        ("/n", {"n": 2}),
        ("/n", {"n": 25}),
        ("/aspect_ratio", {"aspect_ratio": "21:9"}),
        ("/prompt", {"prompt": "x" * 15001}),
        ("/prompt", {"prompt": ""}),
        ("/mask", {"mask": URL}),
        ("/seed", {"seed": 1}),
        ("/quality", {"quality": "high"}),
        ("/output_format", {"output_format": "png"}),
        ("/options/style", {"options": {"style": "x"}}),
        ("/options/name", {"options": {"name": 7}}),
        ("/references/0/description", {"references": [Reference(URL, "a hat")]}),
    ),
    ids=str,
)
def test_what_is_not_taken(provider: Provider, path: str, fields: dict[str, Any]) -> None:
    model = provider.manifest.pick("nano-banana-2").model
    request = EditRequest(**{"image": URL, "prompt": "x", **fields})
    found = {problem.path for problem in provider.validate(request, model).problems}
    assert found == {path}


def test_what_is_taken(provider: Provider) -> None:
    model = provider.manifest.pick("nano-banana-2").model
    for ratio in ("auto", "16:9", "9:16", "4:3", "3:2", "1:1", "4:5", "2:3"):
        request = EditRequest(image=URL, prompt="x" * 15000, aspect_ratio=ratio, n=16)
        assert provider.validate(request, model).problems == ()


@pytest.mark.parametrize(
    ("url", "taken"),
    (
        ("https://pictures.example/a.png", True),
        ("https://pictures.example/b/a.jpeg?width=3", True),
        ("https://pictures.example/a.heif#x", True),
        ("https://pictures.example/a.tif", True),
        ("https://magichour.ai/my-library?imageId=abc", True),
        ("https://pictures.example/a", False),
        ("https://pictures.example/a.gif", False),
        ("https://pictures.example/?name=a.png", False),
        ("https://pictures.png", False),
        ("http://pictures.example/a.png", False),
        ("https://magichour.ai.example/my-library?imageId=abc", False),
    ),
)
def test_urls_that_magic_hour_fetches(provider: Provider, url: str, taken: bool) -> None:
    assert provider.manifest.accepts_url is not None
    assert bool(re.search(provider.manifest.accepts_url, url)) is taken


# Purpose, status, body → class, charged, retryable.
ERRORS = (
    ("submit", 400, {"message": "Missing request body"}, "InvalidRequest", "no", False),
    ("submit", 401, {"message": "Unauthorized"}, "AuthenticationError", "no", False),
    ("submit", 402, {"message": "Payment required"}, "InsufficientCredits", "no", False),
    ("submit", 403, {"message": "not in your plan"}, "PermissionDenied", "no", False),
    ("submit", 404, {"message": "Not Found"}, "NotFound", "no", False),
    ("submit", 422, {"message": "Unable to edit image"}, "InvalidRequest", "no", False),
    ("submit", 429, {"message": "slow down"}, "RateLimited", "no", True),
    ("submit", 500, {"message": "oops"}, "ProviderUnavailable", "unknown", True),
    ("submit", 502, None, "ProviderUnavailable", "no", True),
    ("submit", 503, None, "ProviderUnavailable", "unknown", True),
    ("submit", 504, None, "ProviderUnavailable", "unknown", True),
    ("prepare", 422, {"message": "extension must be png"}, "ImageRejected", "no", False),
    ("prepare", 500, {"message": "oops"}, "ProviderUnavailable", "no", True),
    ("upload", 403, None, "ProviderUnavailable", "no", False),
    ("upload", 413, None, "ImageRejected", "no", False),
    ("poll", 404, {"message": "Not Found"}, "NotFound", "yes", False),
    ("poll", 401, {"message": "Unauthorized"}, "AuthenticationError", "yes", False),
    ("poll", 502, None, "ProviderUnavailable", "yes", True),
)


@pytest.mark.parametrize(
    ("purpose", "status", "body", "kind", "charged", "retryable"),
    ERRORS,
    ids=[f"{row[0]}-{row[1]}" for row in ERRORS],
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
    text = b"<Error>AccessDenied</Error>" if body is None else json.dumps(body).encode()
    response = HttpResponse(status=status, body=text, purpose=purpose)
    assert is_error(provider.manifest, response, own_api=purpose != "upload")
    error = provider.map_error(made(provider, purpose), response)
    assert type(error).__name__ == kind
    assert (error.charged, error.retryable, error.status) == (charged, retryable, status)
    if body is not None:
        assert body["message"] in error.message


JOBS = (
    ("error", "content_policy_violation", "ContentRejected"),
    ("error", "insufficient_credits", "InsufficientCredits"),
    ("error", "no_source_face", "ImageRejected"),
    ("error", "invalid_file_format", "ImageRejected"),
    ("error", "file_too_large", "ImageRejected"),
    ("error", "invalid_parameters", "InvalidRequest"),
    ("error", "a_new_code", "JobFailed"),
    ("error", None, "JobFailed"),
    ("canceled", None, "JobFailed"),
)


@pytest.mark.parametrize(
    ("status", "code", "kind"), JOBS, ids=[f"{row[0]}-{row[1]}" for row in JOBS]
)
@pytest.mark.parametrize(("shown", "charged"), ((0, "no"), (50, "yes"), (None, "no")))
def test_how_a_job_ends_badly(
    provider: Provider, status: str, code: str | None, kind: str, shown: int | None, charged: str
) -> None:
    told = None if code is None else {"code": code, "message": "Please use another image"}
    body = {"id": "c1", "status": status, "error": told, "credits_charged": shown}
    response = HttpResponse(status=200, body=json.dumps(body).encode(), purpose="poll")
    assert is_error(provider.manifest, response, own_api=True)
    error = provider.map_error(made(provider, "poll"), response)
    assert type(error).__name__ == kind
    assert (error.charged, error.retryable, error.request_id) == (charged, False, "c1")
    assert error.code == (code or status)
    assert (error.cost.amount if error.cost else None) == shown
    if told:
        assert told["message"] in str(error)


@pytest.mark.parametrize("status", ("draft", "queued", "rendering", "complete"))
def test_a_job_under_way_is_no_error(provider: Provider, status: str) -> None:
    body = {"id": "c1", "status": status, "error": None}
    response = HttpResponse(status=200, body=json.dumps(body).encode(), purpose="poll")
    assert not is_error(provider.manifest, response, own_api=True)


def made(provider: Provider, purpose: str) -> Job:
    """A job as it is when an exchange of this purpose is answered."""
    status = {"submit": "sent", "poll": "accepted"}.get(purpose, "planned")
    return Job(
        id="01K",
        provider="magichour",
        request=EditRequest(image=URL, prompt="x"),
        model=provider.manifest.pick(None).model,
        status=status,  # type: ignore[arg-type]  # one of the three above
    )


def test_the_balance(provider: Provider) -> None:
    assert provider.manifest.balance == {"path": "/v1/account", "amounts": [{"at": "/credits"}]}


def test_no_fact_stands_in_the_code() -> None:
    tree = ast.parse((HERE / "__init__.py").read_text(encoding="utf-8"))
    numbers = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and type(node.value) in (int, float)
    }
    assert numbers <= {0}
    text = (HERE / "__init__.py").read_text(encoding="utf-8")
    assert not [row[0] for row in MODELS if row[0] in text]
