"""The manifest as a document: what each model takes and costs, and the code beside it."""

from __future__ import annotations

import copy
import inspect
import json
import re
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import imgedit_artnex
from imgedit import EditRequest, ImageSource, Job, ValidationError
from imgedit.discovery import Provider, registry
from imgedit.manifest import document, quote, read_manifest, validate_manifest

HERE = Path(inspect.getfile(imgedit_artnex)).parent
CREDITS = {
    "nano-banana-edit": "240",
    "seedream-edit": "200",
    "nano-banana-pro-edit": "800",
    "seedream-v4.5-edit": "800",
    "nano-banana-pro-edit-ultra": "1000",
    "gpt-image-2-edit": None,
}


def raw() -> dict[str, Any]:
    return dict(json.loads((HERE / "provider.json").read_text(encoding="utf-8")))


def picture(**facts: Any) -> ImageSource:
    known = {"media_type": "image/jpeg", "width": 1000, "height": 800, "size": 5000}
    return ImageSource(**{**known, **facts})


def ask(**fields: Any) -> EditRequest:
    return EditRequest(**{"image": picture(), "prompt": "warmer", **fields})


def test_it_is_right() -> None:
    assert validate_manifest(raw()) == []
    assert registry().check("artnex").status == "ok"


def test_every_price_names_its_source_and_date(provider: Provider) -> None:
    sources = raw()["sources"]
    assert {source["read"] for source in sources.values()} == {"2026-11-20"}
    assert all(source["note"] for source in sources.values())
    for model in provider.manifest.models:
        assert model.price is not None
        assert model.price["source"] in sources


@pytest.mark.parametrize(("model", "credits_"), CREDITS.items())
def test_prices(provider: Provider, model: str, credits_: str | None) -> None:
    found = provider.price(ask(), provider.manifest.pick(model).model)
    expected = None if credits_ is None else Decimal(credits_)
    assert (found.amount, found.at_most) == (expected, expected)
    assert found.basis == ("unknown" if credits_ is None else "exact")
    assert (found.unit, found.as_of) == ("artnex:credits", "2026-11-20")
    assert found.source == "https://docs.artnex.app/api/edit-image"


def test_these_are_all_models(provider: Provider) -> None:
    assert [model.id for model in provider.manifest.models] == list(CREDITS)


@pytest.mark.parametrize("resolution", ("1k", "2k", "4k", None))
@pytest.mark.parametrize("quality", ("low", "medium", "high", None))
def test_the_nine_prices_that_nobody_publishes(
    provider: Provider, resolution: str | None, quality: str | None
) -> None:
    model = provider.manifest.pick("gpt-image-2-edit").model
    request = ask(resolution=resolution, quality=quality)
    assert provider.validate(request, model).problems == ()
    found = provider.price(request, model)
    assert (found.amount, found.at_most, found.basis) == (None, None, "unknown")
    assert found.reason is not None
    assert "does not publish" in found.reason


def test_without_a_model_there_is_a_list_with_prices(provider: Provider) -> None:
    with pytest.raises(ValidationError) as caught:
        provider.manifest.pick(None)
    (problem,) = caught.value.problems
    assert problem.path == "/model"
    for model, credits_ in CREDITS.items():
        price = "price unknown" if credits_ is None else f"{credits_} credits"
        assert f"{model} ({price})" in problem.message


ONE = picture()
REFUSED = (
    ({"prompt": "x" * 4001}, "/prompt", "maxLength"),
    ({"prompt": ""}, "/prompt", "minLength"),
    ({"image": picture(media_type="image/gif")}, "/image/media_type", "enum"),
    ({"image": picture(size=10_000_001)}, "/image/bytes", "maximum"),
    ({"mask": ONE}, "/mask", "unsupported"),
    ({"n": 2}, "/n", "unsupported"),
    ({"seed": 1}, "/seed", "unsupported"),
    ({"aspect_ratio": "1:1"}, "/aspect_ratio", "unsupported"),
    ({"output_format": "png"}, "/output_format", "unsupported"),
    ({"options": {"webhook": "x"}}, "/options/webhook", "unsupported"),
    ({"resolution": "1k"}, "/resolution", "unsupported"),
    ({"quality": "low"}, "/quality", "unsupported"),
)


@pytest.mark.parametrize(("fields", "path", "code"), REFUSED, ids=[row[1] for row in REFUSED])
def test_what_is_not_taken(
    provider: Provider, fields: dict[str, Any], path: str, code: str
) -> None:
    for model in provider.manifest.models:
        found = {p.path: p.code for p in provider.validate(ask(**fields), model).problems}
        if model.id == "gpt-image-2-edit" and path in ("/resolution", "/quality"):
            assert found == {}
        else:
            assert found == {path: code}


@pytest.mark.parametrize("fields", ({"resolution": "8k"}, {"resolution": "1K"}, {"quality": "x"}))
def test_what_the_one_model_with_choices_refuses(provider: Provider, fields: Any) -> None:
    model = provider.manifest.pick("gpt-image-2-edit").model
    (problem,) = provider.validate(ask(**fields), model).problems
    assert (problem.path, problem.code) == ("/" + next(iter(fields)), "enum")


@pytest.mark.parametrize("media_type", ("image/jpeg", "image/png", "image/webp"))
def test_what_just_fits(provider: Provider, media_type: str) -> None:
    request = ask(prompt="x" * 4000, image=picture(media_type=media_type, size=10_000_000))
    for model in provider.manifest.models:
        assert provider.validate(request, model).problems == ()


def test_a_number_changed_in_the_document_changes_the_quote(make_job: Callable[..., Job]) -> None:
    changed = copy.deepcopy(raw())
    changed["models"][1]["price"]["amounts"] = "201"
    manifest = read_manifest(changed, name="artnex")
    found = quote(document(ask()), manifest.pick("seedream-edit").model, manifest)
    assert found.amount == Decimal(201)


def test_no_price_and_no_limit_stands_in_the_code() -> None:
    code = (HERE / "__init__.py").read_text(encoding="utf-8")
    body = code.partition('"""\n')[2]  # the docstring has the date
    assert re.findall(r"\d+\.\d+|\b\d{2,}\b", body) == []
    assert not hasattr(imgedit_artnex, "price")
    assert not hasattr(imgedit_artnex, "validate")
    assert len(code.splitlines()) < 80


def test_loading_it_imports_nothing_heavy() -> None:
    heavy = ("aiohttp", "asyncio", "jsonschema", "cattrs", "ssl")
    script = f"import sys, imgedit_artnex; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"
