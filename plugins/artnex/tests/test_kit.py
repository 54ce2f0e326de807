"""The conformance kit's proof of this provider; the answers are those of the vendor's pages."""

from __future__ import annotations

from typing import Any

from imgedit.testing import ErrorAnswer, ProviderTests


def failed(code: str, **more: Any) -> dict[str, Any]:
    return {"success": False, "error": code, "message": "no", **more}


class TestArtnex(ProviderTests):
    provider = "artnex"
    request = {"prompt": "remove the tree", "model": "seedream-edit"}
    answers = {
        "submit": {
            "success": True,
            "images": [{"url": "https://cdn.artnex.example/results/1.png"}],
            "request_id": "req_abc123xyz",
            "credits_used": 200,
        }
    }
    sends = {
        "submit": {
            "model": "seedream-edit",
            "prompt": "remove the tree",
            "image": "data:image/png;base64,{image}",
        }
    }
    cost = 200
    errors = (
        ErrorAnswer((400, failed("missing_image")), "ImageRejected"),
        ErrorAnswer((400, failed("invalid_image_format")), "ImageRejected"),
        ErrorAnswer((400, failed("image_too_large")), "ImageRejected"),
        ErrorAnswer((400, failed("missing_prompt")), "InvalidRequest"),
        ErrorAnswer((400, failed("invalid_model")), "ModelUnavailable"),
        ErrorAnswer((401, failed("invalid_api_key")), "AuthenticationError"),
        ErrorAnswer((402, failed("insufficient_credits")), "InsufficientCredits"),
        ErrorAnswer((422, failed("unprocessable")), "InvalidRequest"),
        ErrorAnswer((429, failed("rate_limit_exceeded")), "QuotaExhausted"),
        ErrorAnswer((500, failed("internal")), "ProviderUnavailable", "unknown"),
        ErrorAnswer((500, failed("internal", credits_used=200)), "ProviderUnavailable", "yes"),
        ErrorAnswer(failed("new"), "JobFailed", "unknown"),
    )
