"""Rows of the output documents. A key is never left out: unknown is null."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..contract.model import Model, Problem
from ..contract.money import Quote, plain

if TYPE_CHECKING:
    from decimal import Decimal

    from .read import Manifest


def problem_row(problem: Problem) -> dict[str, Any]:
    """One row of `problems`."""
    return {"path": problem.path, "message": problem.message, "code": problem.code}


def quote_row(quote: Quote) -> dict[str, Any]:
    """A quote; amounts are decimal strings."""
    return {
        "amount": _amount(quote.amount),
        "at_most": _amount(quote.at_most),
        "unit": quote.unit,
        "basis": quote.basis,
        "reason": quote.reason,
        "parts": [
            {"what": part.what, "amount": _amount(part.amount), "at_most": _amount(part.at_most)}
            for part in quote.parts
        ],
        "source": quote.source,
        "as_of": quote.as_of,
        "unchecked": list(quote.unchecked),
    }


def model_row(provider: str, model: Model, manifest: Manifest) -> dict[str, Any]:
    """One row of the list of models."""
    return {
        "provider": provider,
        "id": model.id,
        "title": model.title,
        "limits": {key: dict(one) for key, one in model.limits.items() if one is not None},
        "rules": [dict(rule) for rule in model.rules],
        "price": {} if model.price is None else dict(model.price),
        "unit": model.unit,
        "default": model.id == manifest.default_model,
        "lifecycle": dict(manifest.lifecycle[model.id]) if model.id in manifest.lifecycle else None,
        "retired": None,
    }


def retired_rows(provider: str, manifest: Manifest) -> list[dict[str, Any]]:
    """Rows for names that are accepted although their model is gone."""
    rows = []
    for name, entry in manifest.retired.items():
        rows.append(
            {
                "provider": provider,
                "id": name,
                "title": name,
                "limits": {},
                "rules": [],
                "price": {},
                "unit": manifest.unit,
                "default": False,
                "lifecycle": None,
                "retired": {"use": entry["use"], "since": entry.get("since")},
            }
        )
    return rows


def _amount(amount: Decimal | None) -> str | None:
    return None if amount is None else plain(amount)
