"""The kit's test of the good sample, as an author would write it."""

from __future__ import annotations

from typing import Any, ClassVar

from imgedit.testing import Answer, ErrorAnswer, ProviderTests, Received, png

STORAGE = "https://storage.acme-cdn.example"
RESET = {"Date": "Fri, 20 Nov 2026 12:00:00 GMT", "X-Acme-Reset": "1795176030000"}


def places(received: Received) -> dict[str, Any]:
    """One upload place for each picture."""
    count = len(received.json()["types"])
    return {
        "places": [
            {"put": f"{STORAGE}/up/{n}?sig=a%2Fb%3D&exp=9", "name": f"acme:{n}"}
            for n in range(count)
        ]
    }


class AcmeTests(ProviderTests):
    provider = "acme"
    request: ClassVar = {
        "prompt": "make it warmer",
        "n": 2,
        "resolution": "2k",
        "seed": 7,
        "mask": png(512, 384, (255, 255, 255)),
        "options": {"tone": "warm"},
    }
    answers: ClassVar = {
        "prepare": places,
        "upload": Answer(),
        "submit": Answer.json(
            {"job": "j-17", "created": "2026-11-20T12:00:00Z", "eta_ms": 1500},
            headers={"X-Acme-Job": "j-17"},
        ),
        "poll": [
            {"job": "j-17", "state": "running", "percent": 40, "eta_ms": 900},
            "done.json",
        ],
        "settle": {"edits": [{"job": "j-17"}]},
        "models": {"models": [{"name": "paint", "usd": "0.05"}, {"name": "etch", "usd": "0.02"}]},
    }
    sends: ClassVar = {
        "submit": {
            "model": "paint",
            "text": "make it warmer",
            "count": 2,
            "size": "2048px",
            "seed": 7,
            "style": {"tone": "warm"},
            "label": "01JKKKKKKKKKKKKKKKKKKKKKKK",
            "picture": "acme:0",
            "mask": "{mask}",
        }
    }
    cost = "0.16"
    errors = (
        ErrorAnswer((401, {"error": {"code": "bad_key"}}), "AuthenticationError"),
        ErrorAnswer((402, {"error": {"code": "no_funds"}}), "InsufficientCredits"),
        ErrorAnswer((413, {"error": {"code": "picture_too_large"}}), "ImageRejected"),
        ErrorAnswer((400, {"error": {"code": "moderated"}}), "ContentRejected", "yes"),
        ErrorAnswer((429, {"error": {"code": "slow"}}, RESET), "RateLimited", retry_after=30),
        ErrorAnswer((429, {"error": {"message": "the day's quota"}}), "QuotaExhausted"),
        ErrorAnswer((500, b""), "ProviderUnavailable", "unknown"),
        ErrorAnswer((503, b""), "ProviderUnavailable", "no"),
        ErrorAnswer((403, {}, {"X-Acme-Plan": "ended"}), "ProviderError"),
        ErrorAnswer({"state": "failed", "error": {"code": "broken"}}, "JobFailed", purpose="poll"),
        ErrorAnswer(
            {"state": "failed", "error": {"code": "moderated"}},
            "ContentRejected",
            "yes",
            purpose="poll",
        ),
        ErrorAnswer({"state": "gone"}, "JobFailed", purpose="poll"),
    )
