"""Pictures, a job, and a server on this machine that Venice is taken to be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from imgedit import EditRequest, ImageSource, Job
from imgedit.discovery import Provider, registry
from imgedit.testing import Sandbox
from imgedit.testing.pictures import png
from imgedit.testing.server import Answer, ScriptedServer

KEY = "canary-7d1f02c4"


def _png(red: int, width: int = 320, height: int = 240) -> bytes:
    """A PNG of one colour, large enough for Venice."""
    return png(width, height, (red, 120, 60))


@pytest.fixture(scope="session")
def picture() -> Callable[..., bytes]:
    """Makes PNG bytes; the first argument, 0 to 255, makes another picture."""
    return _png


@pytest.fixture(scope="session")
def result() -> bytes:
    """The bytes that the server answers with."""
    return _png(200)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A picture to edit, in a file."""
    path = tmp_path / "photo.png"
    path.write_bytes(_png(20))
    return path


@pytest.fixture(scope="session")
def venice() -> Provider:
    """The installed provider, as the core has it."""
    return registry().provider("venice")


@pytest.fixture
def make_job(venice: Provider) -> Callable[..., Job]:
    """A planned job; keywords are fields of the request."""

    def make(image: Any = None, **fields: Any) -> Job:
        source = ImageSource.of(_png(20) if image is None else image)
        request = EditRequest(image=source, prompt="remove the tree", **fields)
        model = venice.manifest.pick(request.model).model
        return Job(id="01JOB", provider="venice", request=request, model=model)

    return make


@pytest.fixture
def server(command_line: Sandbox) -> Iterator[ScriptedServer]:
    """Venice, as far as this process and its children can tell."""
    with ScriptedServer() as server:
        command_line.use("venice", f"{server.url}/api/v1", KEY)
        yield server
        assert server.unexpected == []


@pytest.fixture
def good(result: bytes) -> Callable[..., Answer]:
    """A good answer; the argument is further headers."""

    def answer(headers: dict[str, str] | None = None, **facts: Any) -> Answer:
        usual = {
            "CF-RAY": "8f0c-FRA",
            "x-venice-model-id": "firered-image-edit",
            "x-venice-balance-usd": "9.99",
            "x-venice-is-content-violation": "false",
        }
        return Answer.picture(result, headers={**usual, **(headers or {})}, **facts)

    return answer
