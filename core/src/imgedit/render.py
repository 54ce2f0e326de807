"""Results and errors as the JSON documents of the command line; a key is never left out."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from .contract.convert import json_number
from .contract.money import Money
from .engine.summary import error_row
from .errors import ImgEditError

if TYPE_CHECKING:
    from .result import EditResult, ResultImage


def money_row(money: Money | None) -> dict[str, str] | None:
    """An amount as a decimal string with its unit."""
    return None if money is None else {"amount": f"{money.amount:f}", "unit": money.unit}


def result_document(result: EditResult) -> dict[str, Any]:
    """The document of `schemas/edit-result.schema.json`."""
    from .manifest.render import quote_row

    return {
        "job_id": result.job_id,
        "provider": result.provider,
        "model": result.model,
        "vendor_ids": dict(result.vendor_ids),
        "images": [_image_row(image) for image in result.images],
        "cost": money_row(result.cost),
        "quote": None if result.quote is None else quote_row(result.quote),
        "balance": money_row(result.balance),
        "ai_generated": result.ai_generated,
        "adaptations": [dict(change) for change in result.adaptations],
        "warnings": list(result.warnings),
        "unchecked": list(result.unchecked),
        "tried": [
            {"provider": one.provider, "model": one.model, "type": one.type, "message": one.message}
            for one in result.tried
        ],
        "reused": result.reused,
        "attempts": result.attempts,
        "seconds": dict(result.seconds),
        "raw": _numbers(result.raw),
    }


def _image_row(image: ResultImage) -> dict[str, Any]:
    return {
        "path": str(image.path),
        "url": image.url,
        "media_type": image.media_type,
        "width": image.width,
        "height": image.height,
        "bytes": image.size,
        "sha256": image.sha256,
        "expires_at": None if image.expires_at is None else image.expires_at.isoformat(),
        "c2pa": image.c2pa,
        "variants": {
            name: {
                "url": variant.url,
                "media_type": variant.media_type,
                "bytes": variant.size,
                "sha256": variant.sha256,
                "expires_at": None
                if variant.expires_at is None
                else variant.expires_at.isoformat(),
            }
            for name, variant in image.variants.items()
        },
    }


def error_document(error: ImgEditError) -> dict[str, Any]:
    """The document of `schemas/error.schema.json`."""
    return {"error": error_row(error)}


def _numbers(value: Any) -> Any:
    """A vendor's JSON with its Decimals as numbers."""
    if isinstance(value, Decimal):
        return json_number(value)
    if isinstance(value, dict):
        return {key: _numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_numbers(item) for item in value]
    return value
