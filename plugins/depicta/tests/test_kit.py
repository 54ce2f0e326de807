"""The conformance kit's proof of this provider; the answers are those of the vendor's pages."""

from __future__ import annotations

from typing import Any

from imgedit.testing import Answer, ErrorAnswer, ProviderTests

MADE = "2026-11-20T12:00:01+00:00"
RESULT: dict[str, Any] = {
    "id": "g-1",
    "ai_generated": True,
    "image_url": "https://images.depicta.example/1.png",
    "image_hash": "a1" * 32,
    "formats": {
        kind: {
            "url": f"https://images.depicta.example/1.{kind}",
            "format": kind,
            "size_bytes": size,
            "hash": mark * 32,
            "expires_at": "2026-11-21T01:00:00Z",
        }
        for kind, size, mark in (("png", 48213, "a1"), ("jpeg", 20111, "b2"), ("webp", 9003, "c3"))
    },
    "cost_eur": "0.045000",
    "balance_eur": "9.955000",
    "model": "gemini-2.5-flash-image",
}


def row(status: str, **more: Any) -> dict[str, Any]:
    return {"job_id": "j-1", "status": status, "created_at": MADE, **more}


def refused(code: str) -> dict[str, Any]:
    """An error answer, which is flat at Depicta whatever its status."""
    return {"error": code, "message": "no", "details": None, "request_id": "r-1"}


def failed(code: str) -> dict[str, Any]:
    """A job that failed, which says so inside."""
    return row("failed", error={"code": code, "message": "no"})


class TestDepicta(ProviderTests):
    provider = "depicta"
    request = {
        "prompt": "remove the tree",
        "model": "gemini-2.5-flash-image",
        "resolution": "2k",
        "options": {"strictness": "normal"},
    }
    answers = {
        "upload": [
            {"upload_url": f"https://in.depicta.example/{n}?sig=a%2Fb"} for n in range(1, 7)
        ],
        "submit": Answer.json(RESULT, headers={"X-Depicta-Job-Id": "j-1"}),
        "poll": [row("processing"), row("completed", result=RESULT)],
        "settle": {"generations": [row("processing")], "limit": 20, "offset": 0, "total": 1},
        "models": {
            "models": [
                {
                    "id": "gemini-2.5-flash-image",
                    "name": "Nano Banana",
                    "operations": ["edit"],
                    "image_sizes": ["1K", "2K"],
                    "approximate_cost_eur": "0.048000",
                }
            ]
        },
        "balance": {"user": {"balance_eur": "9.955000"}},
    }
    sends = {
        "submit": {
            "model": "gemini-2.5-flash-image",
            "prompt": "remove the tree",
            "image_size": "2K",
            "strictness": "normal",
            "input_image_url": "https://in.depicta.example/1?sig=a%2Fb",
        }
    }
    cost = "0.045"
    errors = (
        ErrorAnswer((400, refused("bad_request")), "InvalidRequest"),
        ErrorAnswer((400, refused("bad_request")), "ImageRejected", purpose="upload"),
        ErrorAnswer((401, refused("auth_invalid")), "AuthenticationError"),
        ErrorAnswer((402, refused("credit_insufficient")), "InsufficientCredits"),
        ErrorAnswer((403, refused("account_suspended")), "PermissionDenied"),
        ErrorAnswer((403, refused("model_not_allowed")), "ModelUnavailable"),
        ErrorAnswer((404, refused("not_found")), "NotFound"),
        ErrorAnswer((413, refused("payload_too_large")), "ImageRejected", purpose="upload"),
        ErrorAnswer((422, refused("validation_error")), "InvalidRequest"),
        ErrorAnswer((422, refused("model_not_capable")), "ModelUnavailable"),
        ErrorAnswer((403, refused("content_rejected")), "ContentRejected"),
        ErrorAnswer((451, refused("content_rejected")), "ContentRejected"),
        ErrorAnswer(
            (429, refused("rate_limited"), {"Retry-After": "9"}), "RateLimited", retry_after=9
        ),
        ErrorAnswer((500, refused("internal_error")), "ProviderUnavailable"),
        ErrorAnswer((502, b"<html></html>"), "ProviderUnavailable", "unknown"),
        ErrorAnswer((503, refused("busy")), "ProviderUnavailable", "unknown"),
        ErrorAnswer(failed("internal_error"), "JobFailed", purpose="poll"),
        ErrorAnswer(failed("insufficient_credits"), "InsufficientCredits", purpose="poll"),
        ErrorAnswer(failed("content_rejected"), "ContentRejected", purpose="poll"),
    )
