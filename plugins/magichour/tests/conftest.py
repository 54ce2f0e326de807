"""A Magic Hour on loopback, clients for it, and the real command line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from imgedit.discovery import Provider, registry
from imgedit.testing import Sandbox
from imgedit.testing.pictures import png
from imgedit.testing.server import Answer, Received, ScriptedServer

KEY = "mhk_live_canary4711"
ID = "cuid-example"
CREATE = "/v1/ai-image-editor"
SLOTS = "/v1/files/upload-urls"
PROJECT = f"/v1/image-projects/{ID}"


class MagicHour(ScriptedServer):
    """A server on which one good edit is scripted; each step may be scripted anew."""

    def __enter__(self) -> MagicHour:
        super().__enter__()
        self.slots_given = 0
        self.on("POST", SLOTS, self.slots)
        self.on("PUT", "/api-assets/*", Answer())
        self.on("POST", CREATE, self.created())
        self.on("GET", PROJECT, self.project("rendering"), self.project("complete"))
        self.on("GET", "/out/*", Answer.picture(png()))
        return self

    def slots(self, request: Received) -> Answer:
        """A place for each item, in order; the signature must arrive byte for byte."""
        items = []
        for item in request.json()["items"]:
            self.slots_given += 1
            path = f"api-assets/{self.slots_given}/image.{item['extension']}"
            items.append(
                {
                    "upload_url": f"{self.url}/{path}?X-Sig=a%2Fb%3D%3D&X-Date=2026%3A11",
                    "expires_at": "2026-11-21T00:00:00Z",
                    "file_path": path,
                }
            )
        return Answer.json({"items": items})

    @staticmethod
    def created(**facts: Any) -> Answer:
        """The answer to a create."""
        return Answer.json({"id": ID, "credits_charged": 50, "frame_cost": 50}, **facts)

    def project(self, status: str, outputs: Sequence[str] = ("1.png",), **changes: Any) -> Answer:
        """The answer to a poll, all of it; a complete one names `outputs`."""
        files = outputs if status == "complete" else ()
        expires = "2026-11-22T00:00:00.000Z"
        value = {
            "id": ID,
            "name": "Ai Image Editor - 2026",
            "status": status,
            "image_count": 1,
            "type": "AI_IMAGE_EDITOR",
            "created_at": "2026-11-21T00:00:00.000Z",
            "enabled": True,
            "credits_charged": 50,
            "total_frame_cost": 50,
            "downloads": [
                {"url": f"{self.url}/out/{name}", "expires_at": expires} for name in files
            ],
            "error": None,
        }
        return Answer.json({**value, **changes})

    def failed(self, code: str | None, text: str = "it went wrong", **changes: Any) -> Answer:
        """A poll of an edit that failed and was refunded."""
        error = None if code is None else {"code": code, "message": text}
        facts = {"error": error, "credits_charged": 0, **changes}
        return self.project(facts.pop("status", "error"), **facts)

    @property
    def creates(self) -> int:
        """How many creates arrived."""
        return self.count("POST", CREATE)


@pytest.fixture
def vendor(command_line: Sandbox) -> Iterator[MagicHour]:
    """The server, with the key and the base URL in the environment."""
    with MagicHour() as server:
        command_line.use("magichour", server.url, KEY)
        yield server
        assert server.unexpected == []


@pytest.fixture
def provider() -> Provider:
    """The installed provider, as the core sees it."""
    return registry().provider("magichour")
