"""The conformance kit's proof of this provider; the answers are those of the vendor's pages."""

from __future__ import annotations

from typing import Any

import pytest

from imgedit.testing import Answer, ErrorAnswer, ProviderTests, Received

STORAGE = "https://storage.magichour.example"


def places(received: Received) -> dict[str, Any]:
    items = enumerate(received.json()["items"])
    paths = [f"api-assets/{n}/image.{item['extension']}" for n, item in items]
    ends = "2026-11-21T00:00:00Z"
    return {
        "items": [
            {"upload_url": f"{STORAGE}/{path}?X-Sig=a%2Fb", "expires_at": ends, "file_path": path}
            for path in paths
        ]
    }


def project(status: str, charged: int = 50, **more: Any) -> dict[str, Any]:
    """What polling answers, with everything that the vendor's own client requires."""
    return {
        "id": "c-1",
        "name": None,
        "status": status,
        "image_count": 1,
        "type": "AI_IMAGE_EDITOR",
        "created_at": "2026-11-20T00:00:00Z",
        "enabled": True,
        "credits_charged": charged,
        "total_frame_cost": charged,
        "error": None,
        **more,
    }


def failed(code: str) -> dict[str, Any]:
    return project("error", 0, downloads=[], error={"code": code, "message": "no"})


class TestMagicHour(ProviderTests):
    provider = "magichour"
    request = {"prompt": "remove the tree", "model": "seedream-v5-pro", "resolution": "2k"}
    answers = {
        "prepare": places,
        "upload": Answer(),
        "submit": {"id": "c-1", "credits_charged": 150, "frame_cost": 150},
        "poll": [
            project("rendering", downloads=[], error=None),
            project(
                "complete",
                150,
                error=None,
                downloads=[
                    {"url": f"{STORAGE}/out/1.png?s=1", "expires_at": "2026-11-22T00:00:00.000Z"}
                ],
            ),
        ],
        "balance": {"credits": 1200},
    }
    sends = {
        "submit": {
            "model": "seedream-v5-pro",
            "style": {"prompt": "remove the tree"},
            "image_count": 1,
            "resolution": "2k",
            "assets": {"image_file_paths": ["api-assets/0/image.png"]},
        }
    }
    cost = 150
    errors = (
        ErrorAnswer((400, {"message": "no"}), "InvalidRequest"),
        ErrorAnswer((401, {"message": "no"}), "AuthenticationError"),
        ErrorAnswer((402, {"message": "no"}), "InsufficientCredits"),
        ErrorAnswer((422, {"message": "no"}), "ImageRejected", purpose="prepare"),
        ErrorAnswer((429, {"message": "no"}), "RateLimited"),
        ErrorAnswer((500, {"message": "no"}), "ProviderUnavailable", "unknown"),
        ErrorAnswer((502, b""), "ProviderUnavailable"),
        ErrorAnswer(failed("content_policy_violation"), "ContentRejected", purpose="poll"),
        ErrorAnswer(failed("file_too_large"), "ImageRejected", purpose="poll"),
        ErrorAnswer(failed("unknown_error"), "JobFailed", purpose="poll"),
        ErrorAnswer(project("canceled", 0, downloads=[]), "JobFailed", purpose="poll"),
        ErrorAnswer(project("canceled", 50, downloads=[]), "JobFailed", "yes", purpose="poll"),
    )


SLOTS = {"upload_url": f"{STORAGE}/a.png?s=1", "expires_at": "x", "file_path": "api-assets/a.png"}


@pytest.mark.parametrize(
    ("name", "body"),
    (
        ("V1FilesUploadUrlsCreateResponse", {"items": [SLOTS]}),
        ("V1AiImageEditorCreateResponse", TestMagicHour.answers["submit"]),
        *(("V1ImageProjectsGetResponse", body) for body in TestMagicHour.answers["poll"]),
        ("V1ImageProjectsGetResponse", failed("file_too_large")),
        ("V1ImageProjectsGetResponse", project("canceled", 0, downloads=[])),
    ),
)
def test_the_vendors_own_client_takes_the_recorded_bodies(name: str, body: Any) -> None:
    models = pytest.importorskip("magic_hour.types.models", reason="the extra [test] brings it")
    assert getattr(models, name).model_validate(body)
