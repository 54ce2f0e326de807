"""A Depicta on loopback, clients for it, and the real command line."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from imgedit.discovery import Provider, registry
from imgedit.testing import Sandbox
from imgedit.testing.pictures import png
from imgedit.testing.server import Answer, Received, ScriptedServer

KEY = "dpct_canary4711"
JOB = "1f0c2d3e-aaaa-4bbb-8ccc-000000000007"
GENERATION = "9a8b7c6d-aaaa-4bbb-8ccc-000000000001"
EDIT = "/v1/edit/image"

PICTURES = {
    "png": png(),
    "jpeg": base64.b64decode(
        "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKFE6PTBCYFVlZF9VXVtq"
        "eJmBanGQc1tdhbWGkJ6jq62rZ4C8ybqmx5moq6T/2wBDARweHigjKE4rK06kbl1upKSkpKSkpKSkpKSk"
        "pKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKSkpKT/wAARCAAMABADASIAAhEBAxEB/8QA"
        "FQABAQAAAAAAAAAAAAAAAAAAAAT/xAAUEAEAAAAAAAAAAAAAAAAAAAAA/8QAFQEBAQAAAAAAAAAAAAAA"
        "AAAABAX/xAAUEQEAAAAAAAAAAAAAAAAAAAAA/9oADAMBAAIRAxEAPwCMAdXf/9k="
    ),
    "webp": base64.b64decode("UklGRh4AAABXRUJQVlA4TBEAAAAvD8ACAAdQlCIXpf+BiOh/AAA="),
}


class Depicta(ScriptedServer):
    """A server on which one good edit is scripted; each step may be scripted anew."""

    def __enter__(self) -> Depicta:
        super().__enter__()
        self.uploads = 0
        self.on("POST", "/v1/upload", self.uploaded)
        self.on("POST", EDIT, self.edited())
        self.on("GET", f"/v1/jobs/{JOB}", self.job("completed"))
        self.on("GET", "/v1/jobs", self.listed())
        for kind, data in PICTURES.items():
            self.on("GET", f"/out/1.{kind}", Answer.picture(data, f"image/{kind}"))
        return self

    def uploaded(self, request: Received) -> Answer:
        """A URL for each upload, with a signature that must come back byte for byte."""
        self.uploads += 1
        return Answer.json({"upload_url": f"{self.url}/in/{self.uploads}?sig=a%2Fb%3D"})

    def result(self, **changes: Any) -> dict[str, Any]:
        """What an edit leads to."""
        value: dict[str, Any] = {
            "id": GENERATION,
            "ai_generated": True,
            "image_url": f"{self.url}/out/1.png",
            "image_hash": hashlib.sha256(PICTURES["png"]).hexdigest(),
            "formats": {kind: self.format(kind) for kind in PICTURES},
            "cost_eur": "0.045000",
            "balance_eur": "9.955000",
            "model": "gemini-2.5-flash-image",
        }
        value |= changes
        return {name: one for name, one in value.items() if one is not ...}

    def format(self, kind: str, **changes: Any) -> dict[str, Any]:
        """One of the formats of a result."""
        data = PICTURES[kind]
        return {
            "url": f"{self.url}/out/1.{kind}",
            "format": kind,
            "size_bytes": len(data),
            "hash": hashlib.sha256(data).hexdigest(),
            "expires_at": "2026-11-21T01:00:00Z",
        } | changes

    def edited(self, **facts: Any) -> Answer:
        """The answer to an edit."""
        headers = facts.pop("headers", {"X-Depicta-Job-Id": JOB})
        fault = facts.pop("fault", None)
        return Answer.json(self.result(**facts), headers=headers, fault=fault)

    def job(self, status: str, **changes: Any) -> Answer:
        """The answer to a question after a job."""
        return Answer.json(self.row(status=status, **changes))

    def row(
        self, name: str = JOB, *, status: str = "processing", age: float = 0, **changes: Any
    ) -> dict[str, Any]:
        """A job as the vendor describes it, made `age` seconds ago."""
        made = (datetime.now(UTC) - timedelta(seconds=age)).isoformat()
        return {
            "job_id": name,
            "status": status,
            "created_at": made,
            "started_at": made,
            "completed_at": made if status in ("completed", "failed") else None,
            "scenes_completed": 0,
            "scenes_total": 0,
            **({"result": self.result()} if status == "completed" else {}),
            **(
                {"error": {"code": "internal_error", "message": "it broke"}}
                if status == "failed"
                else {}
            ),
            **changes,
        }

    def listed(self, *rows: dict[str, Any], **changes: Any) -> Any:
        """The list of jobs; ages count from the question. Rows are arguments of `row`."""

        def answer(request: Received) -> Answer:
            fresh = [self.row(**row) for row in rows]
            value = {"generations": fresh, "limit": 20, "offset": 0, "total": len(rows)}
            return Answer.json(value | changes)

        return answer

    @property
    def edits(self) -> int:
        """How many edits arrived."""
        return self.count("POST", EDIT)


@pytest.fixture
def vendor(command_line: Sandbox) -> Iterator[Depicta]:
    """The server, with the key and the base URL in the environment."""
    with Depicta() as server:
        command_line.use("depicta", server.url, KEY)
        yield server
        assert server.unexpected == []


@pytest.fixture(scope="session")
def provider() -> Provider:
    """The installed provider, as the core sees it."""
    return registry().provider("depicta")
