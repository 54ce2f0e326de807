"""The conformance kit's proof of this provider; the envelope is that of the vendor's page."""

from __future__ import annotations

from typing import Any

from imgedit.testing import ErrorAnswer, ProviderTests


def envelope(code: int, data: Any = None) -> dict[str, Any]:
    return {"code": code, "message": "ok" if code == 0 else "no", "data": data}


class TestGptImageApi(ProviderTests):
    provider = "gptimageapi"
    request = {"prompt": "remove the tree", "quality": "high", "n": 2, "aspect_ratio": "4:3"}
    answers = {
        "submit": envelope(
            0, {"images": [{"url": f"https://cdn.gptimage.example/{n}.png"} for n in (1, 2)]}
        )
    }
    sends = {
        "submit": {
            "model": "gpt-image-2",
            "prompt": "remove the tree",
            "size": "4:3",
            "quality": "high",
            "n": 2,
            "image": "data:image/png;base64,{image}",
        }
    }
    errors = (
        ErrorAnswer(envelope(1001), "JobFailed", "unknown"),
        ErrorAnswer(envelope(401), "JobFailed", "unknown"),
        ErrorAnswer((400, envelope(1)), "InvalidRequest"),
        ErrorAnswer((401, envelope(2)), "AuthenticationError"),
        ErrorAnswer((402, envelope(3)), "InsufficientCredits"),
        ErrorAnswer((429, envelope(8), {"Retry-After": "7"}), "RateLimited", retry_after=7),
        ErrorAnswer((500, envelope(9)), "ProviderUnavailable", "unknown"),
    )
