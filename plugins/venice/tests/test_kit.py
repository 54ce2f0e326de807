"""The conformance kit's proof of this provider; statuses and codes are the vendor's own."""

from __future__ import annotations

from typing import Any

from imgedit.testing import PICTURE, Answer, ErrorAnswer, ProviderTests

RESET = {"Date": "Fri, 20 Nov 2026 12:00:00 GMT", "x-ratelimit-reset-requests": "1795176030000"}


def said(text: str, **more: Any) -> dict[str, Any]:
    return {"error": text, **more}


class TestVenice(ProviderTests):
    provider = "venice"
    request = {"prompt": "remove the tree", "model": "grok-imagine-edit", "resolution": "2k"}
    answers = {
        "submit": Answer.picture(
            PICTURE, headers={"CF-RAY": "8f0c-FRA", "x-venice-model-id": "grok-imagine-edit"}
        ),
        "models": {
            "data": [
                {
                    "id": "firered-image-edit",
                    "type": "inpaint",
                    "model_spec": {"name": "FireRed", "pricing": {"inpaint": {"usd": 0.05}}},
                }
            ]
        },
        "balance": {"canConsume": True, "balances": {"usd": 9.5, "diem": 1}},
    }
    sends = {
        "submit": {
            "model": "grok-imagine-edit",
            "prompt": "remove the tree",
            "resolution": "2K",
            "image": "<file {image}>",
        }
    }
    errors = (
        ErrorAnswer((400, said("no", code="INVALID_REQUEST")), "InvalidRequest"),
        ErrorAnswer((400, said("no", code="INVALID_MODEL")), "ModelUnavailable"),
        ErrorAnswer((400, said("no", code="CORRUPTED_IMAGE")), "ImageRejected"),
        ErrorAnswer((400, said("Your prompt violates the content policy")), "ContentRejected"),
        ErrorAnswer((401, said("Authentication failed")), "AuthenticationError"),
        ErrorAnswer((401, said("no", code="PRO_ONLY_MODEL")), "PermissionDenied"),
        ErrorAnswer((402, said("Insufficient USD or Diem balance")), "InsufficientCredits"),
        ErrorAnswer((404, said("Specified model not found")), "ModelUnavailable"),
        ErrorAnswer((413, said("too large")), "ImageRejected"),
        ErrorAnswer((429, said("Rate limit exceeded"), RESET), "RateLimited", retry_after=30),
        ErrorAnswer((429, said("Too many failed attempts")), "RateLimited", retryable=False),
        ErrorAnswer((500, said("Inference processing failed")), "ProviderUnavailable", "unknown"),
        ErrorAnswer((503, said("The model is at capacity")), "ProviderUnavailable"),
        ErrorAnswer((504, said("Timed out")), "ProviderUnavailable", "unknown"),
    )
