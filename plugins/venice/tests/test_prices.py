"""Every price of the vendor's table, written out once more here."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from imgedit import EditRequest, ImageSource, Quote, Reference
from imgedit.discovery import Provider

# model, price by resolution, price of a picture, how many of them are included
BY_RESOLUTION: list[tuple[str, dict[str | None, str], str, int]] = [
    ("firered-image-edit", {None: "0.04"}, "0", 0),
    ("qwen-edit-uncensored", {None: "0.04"}, "0", 0),
    ("qwen-image-2-edit", {None: "0.05"}, "0", 0),
    ("qwen-image-2-pro-edit", {None: "0.10"}, "0", 0),
    ("qwen-image-3-edit", {None: "0.04", "1k": "0.04", "2k": "0.04"}, "0.00345", 0),
    ("qwen-image-3-pro-edit", {None: "0.05", "1k": "0.05", "2k": "0.09"}, "0.00345", 0),
    ("grok-imagine-edit", {None: "0.03", "1k": "0.03", "2k": "0.04"}, "0.0023", 0),
    ("grok-imagine-quality-edit", {None: "0.06", "1k": "0.06", "2k": "0.09"}, "0.0115", 0),
    ("grok-imagine-image-2-0-edit", {None: "0.07", "1k": "0.07", "2k": "0.10"}, "0.0115", 0),
    ("flux-2-max-edit", {None: "0.12"}, "0.0345", 1),
    ("gpt-image-1-5-edit", {None: "0.31"}, "0.02806", 1),
    (
        "gpt-image-2-edit",
        {None: "0.34", "1k": "0.34", "2k": "0.52", "4k": "0.84"},
        "0.0092",
        1,
    ),
    ("nano-banana-2-edit", {None: "0.10", "1k": "0.10", "2k": "0.14", "4k": "0.19"}, "0", 0),
    ("nano-banana-2-lite-edit", {None: "0.06"}, "0", 0),
    ("nano-banana-pro-edit", {None: "0.18", "1k": "0.18", "2k": "0.23", "4k": "0.35"}, "0", 0),
    ("seedream-v4-edit", {None: "0.05"}, "0", 0),
    ("seedream-v5-lite-edit", {None: "0.05"}, "0", 0),
    ("seedream-v5-pro-edit", {None: "0.06", "1k": "0.06", "2k": "0.11"}, "0.00345", 1),
    ("wan-2-7-pro-edit", {None: "0.094"}, "0", 0),
    ("luma-uni-1-edit", {None: "0.06"}, "0", 0),
    ("luma-uni-1-max-edit", {None: "0.13"}, "0", 0),
]

BY_QUALITY = {
    "grok-imagine-image-2-0-edit": {
        "low": {"1k": "0.05", "2k": "0.07"},
        "medium": {"1k": "0.07", "2k": "0.10"},
    },
    "gpt-image-2-edit": {
        "low": {"1k": "0.03", "2k": "0.03", "4k": "0.04"},
        "medium": {"1k": "0.08", "2k": "0.14", "4k": "0.22"},
        "high": {"1k": "0.34", "2k": "0.52", "4k": "0.84"},
    },
}


def _cases() -> Iterator[tuple[str, str | None, str | None, int, Decimal]]:
    """Model, resolution, quality, pictures in all, price."""
    for model, table, extra, included in BY_RESOLUTION:
        most = 1 if model.startswith("luma") else 3
        for pictures in range(1, most + 1):
            more = Decimal(extra) * max(0, pictures - included)
            for resolution, price in table.items():
                yield model, resolution, None, pictures, Decimal(price) + more
            for quality, row in BY_QUALITY.get(model, {}).items():
                for resolution, price in row.items():
                    yield model, resolution, quality, pictures, Decimal(price) + more


def price(venice: Provider, model: str, pictures: int = 1, **fields: Any) -> Quote:
    image = ImageSource(width=1000, height=1000, size=5000)
    request = EditRequest(
        image=image,
        prompt="x",
        model=model,
        references=[Reference(image)] * (pictures - 1),
        **fields,
    )
    found = venice.manifest.pick(model).model
    assert venice.validate(request, found).problems == ()
    return venice.price(request, found)


def test_these_are_all_models(venice: Provider) -> None:
    assert [row[0] for row in BY_RESOLUTION] == [model.id for model in venice.manifest.models]
    assert len(BY_RESOLUTION) == 21


@pytest.mark.parametrize(("model", "resolution", "quality", "pictures", "expected"), list(_cases()))
def test_the_price(
    venice: Provider,
    model: str,
    resolution: str | None,
    quality: str | None,
    pictures: int,
    expected: Decimal,
) -> None:
    quote = price(venice, model, pictures, resolution=resolution, quality=quality)
    assert (quote.amount, quote.at_most, quote.unit) == (expected, expected, "USD")
    assert quote.basis == "exact"
    assert quote.as_of == "2026-11-20"
    assert quote.source is not None
    assert "static-models.json" in quote.source


def test_a_rewritten_prompt_may_cost_extra(venice: Provider) -> None:
    quote = price(venice, "firered-image-edit", options={"enhance_prompt": True})
    assert (quote.amount, quote.at_most) == (Decimal("0.04"), Decimal("0.08"))
    assert quote.basis == "at_least"
    assert any("rewritten prompt" in part.what for part in quote.parts)
    plain = price(venice, "firered-image-edit", options={"enhance_prompt": False})
    assert plain.basis == "exact"


def test_the_other_options_cost_nothing(venice: Provider) -> None:
    options = {"safe_mode": False, "transparent_background": True, "anon_user_id": "me"}
    quote = price(venice, "firered-image-edit", options=options, output_format="png")
    assert (quote.amount, quote.basis) == (Decimal("0.04"), "exact")
