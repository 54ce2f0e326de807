"""The manifest as a document: what the model takes and costs, and the code beside it."""

from __future__ import annotations

import copy
import inspect
import json
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import imgedit_gptimageapi
from imgedit import EditRequest, ImageSource, Reference, ValidationError
from imgedit.discovery import Provider, registry
from imgedit.manifest import document, quote, read_manifest, validate_manifest

HERE = Path(inspect.getfile(imgedit_gptimageapi)).parent


def raw() -> dict[str, Any]:
    return dict(json.loads((HERE / "provider.json").read_text(encoding="utf-8")))


def picture(**facts: Any) -> ImageSource:
    known = {"media_type": "image/jpeg", "width": 1000, "height": 800, "size": 5000}
    return ImageSource(**{**known, **facts})


def ask(**fields: Any) -> EditRequest:
    return EditRequest(**{"image": picture(), "prompt": "warmer", **fields})


def test_it_is_right() -> None:
    assert validate_manifest(raw()) == []
    assert registry().check("gptimageapi").status == "ok"


def test_the_price_names_its_source_and_date(provider: Provider) -> None:
    (source,) = raw()["sources"].values()
    assert source["read"] == "2026-11-20"
    assert "Inferred" in source["note"]
    assert "Not published" in source["note"]
    (model,) = provider.manifest.models
    assert model.price is not None
    assert model.price["source"] == "docs"


@pytest.mark.parametrize("n", (1, 2, 3, 7))
@pytest.mark.parametrize(
    ("quality", "least", "most"), (("low", 4, 4), ("medium", 8, 8), ("high", 16, 16), (None, 4, 16))
)
def test_prices(provider: Provider, quality: str | None, least: int, most: int, n: int) -> None:
    model = provider.manifest.pick(None).model
    request = ask(quality=quality, n=n)
    assert provider.validate(request, model).problems == ()
    found = provider.price(request, model)
    assert (found.amount, found.at_most) == (Decimal(least * n), Decimal(most * n))
    assert found.basis == ("exact" if quality else "at_least")
    assert (found.unit, found.as_of) == ("gptimageapi:credits", "2026-11-20")
    assert found.source == "https://gptimageapi.dev"


def test_the_shape_does_not_change_the_price(provider: Provider) -> None:
    model = provider.manifest.pick("gpt-image-2").model
    for ratio in ("1:1", "4:3", "16:9", "9:21", "1:2", "2:1"):
        assert provider.price(ask(quality="high", aspect_ratio=ratio), model).amount == Decimal(16)


ONE = picture()
REFUSED = (
    ({"prompt": ""}, "/prompt", "minLength"),
    ({"n": 0}, "/n", "minimum"),
    ({"quality": "ultra"}, "/quality", "enum"),
    ({"aspect_ratio": "1024x1024"}, "/aspect_ratio", "pattern"),
    ({"aspect_ratio": "wide"}, "/aspect_ratio", "pattern"),
    ({"mask": ONE}, "/mask", "unsupported"),
    ({"references": [Reference(ONE)]}, "/references", "unsupported"),
    ({"seed": 1}, "/seed", "unsupported"),
    ({"resolution": "1k"}, "/resolution", "unsupported"),
    ({"output_format": "png"}, "/output_format", "unsupported"),
    ({"options": {"user": "x"}}, "/options/user", "unsupported"),
)


@pytest.mark.parametrize(("fields", "path", "code"), REFUSED, ids=[row[1] for row in REFUSED])
def test_what_is_not_taken(
    provider: Provider, fields: dict[str, Any], path: str, code: str
) -> None:
    model = provider.manifest.pick(None).model
    found = {p.path: p.code for p in provider.validate(ask(**fields), model).problems}
    assert found == {path: code}


def test_what_nobody_limits_is_taken(provider: Provider) -> None:
    model = provider.manifest.pick(None).model
    large = picture(media_type="image/tiff", width=20_000, height=20_000, size=90_000_000)
    request = ask(prompt="x" * 50_000, image=large, n=100, aspect_ratio="7:11")
    assert provider.validate(request, model).problems == ()


def test_another_model_is_refused(provider: Provider) -> None:
    with pytest.raises(ValidationError, match=r"gpt-image-2"):
        provider.manifest.pick("gpt-image-1")


def test_a_number_changed_in_the_document_changes_the_quote() -> None:
    changed = copy.deepcopy(raw())
    changed["models"][0]["price"]["amounts"]["high"] = "17"
    manifest = read_manifest(changed, name="gptimageapi")
    asked = document(ask(quality="high", n=2))
    assert quote(asked, manifest.pick(None).model, manifest).amount == Decimal(34)


def test_no_price_and_no_limit_stands_in_the_code() -> None:
    code = (HERE / "__init__.py").read_text(encoding="utf-8")
    body = code.partition('"""\n')[2]  # the docstring has the date
    assert re.findall(r"\d+\.\d+|\b\d{2,}\b", body) == []
    assert not hasattr(imgedit_gptimageapi, "price")
    assert not hasattr(imgedit_gptimageapi, "validate")
    assert len(code.splitlines()) < 60


def test_loading_it_imports_nothing_heavy() -> None:
    heavy = ("aiohttp", "asyncio", "jsonschema", "cattrs", "ssl")
    script = f"import sys, imgedit_gptimageapi; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"
