from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from imgedit import EditRequest, HttpResponse, ImageSource, Job, Reference
from imgedit.manifest import document, read_manifest

_DATA = Path(__file__).parent / "data"


def _picture(**facts: Any) -> ImageSource:
    known = {"media_type": "image/png", "width": 1000, "height": 800, "size": 5000, "sha256": "ab"}
    return ImageSource(**{**known, **facts})


@pytest.fixture
def picture():
    """A picture with facts; keywords change them."""
    return _picture


@pytest.fixture
def acme_raw() -> dict[str, Any]:
    """A manifest that uses every key there is."""
    return json.loads((_DATA / "acme.json").read_text(encoding="utf-8"))


@pytest.fixture
def acme(acme_raw):
    """The same, read."""
    return read_manifest(acme_raw)


@pytest.fixture
def tiny():
    """A small manifest of one model; keywords are laid over the file."""

    def make(model: dict[str, Any] | None = None, **keys: Any):
        raw = {
            "manifest": 1,
            "name": "acme",
            "title": "Acme",
            "base_url": "https://api.acme.example",
            "unit": "USD",
            "default_model": "a",
            "sources": {"docs": {"url": "https://acme.example/docs", "read": "2026-11-20"}},
            "models": [{"id": "a", "price": {"amounts": "1"}, **(model or {})}],
        }
        return read_manifest(copy.deepcopy({**raw, **keys}))

    return make


@pytest.fixture
def ask():
    """A request; references may be pictures or (picture, description) pairs."""

    def make(references: Any = (), **fields: Any) -> EditRequest:
        given = {"image": _picture(), "prompt": "warmer", **fields}
        pairs = [one if isinstance(one, tuple) else (one, None) for one in references]
        return EditRequest(**given, references=[Reference(image, words) for image, words in pairs])

    return make


@pytest.fixture
def doc(ask):
    """The request document of a request."""

    def make(**fields: Any) -> dict[str, Any]:
        return document(ask(**fields))

    return make


@pytest.fixture
def answer():
    """An answer with a JSON body (or bytes as they are)."""

    def make(body: Any = None, status: int = 400, **keys: Any) -> HttpResponse:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return HttpResponse(status=status, body=data, **keys)

    return make


@pytest.fixture
def job(ask):
    """A job of a manifest's model in a status."""

    def make(manifest: Any, status: str = "sent", **fields: Any) -> Job:
        return Job(
            id="01",
            provider=manifest.name,
            request=ask(**fields),
            model=manifest.pick(None).model,
            status=status,
        )

    return make
