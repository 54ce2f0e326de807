"""An Artnex on loopback, a client for it, and the real command line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from imgedit import EditRequest, ImageSource, Job
from imgedit.discovery import Provider, registry
from imgedit.testing import Sandbox
from imgedit.testing.pictures import png
from imgedit.testing.server import Answer, ScriptedServer

KEY = "canary-4b1d77e0"
EDIT = "/v1/edit"


class Artnex(ScriptedServer):
    """A server on which one good edit is scripted; the answers may be scripted anew."""

    def __enter__(self) -> Artnex:
        super().__enter__()
        self.on("POST", EDIT, self.good())
        self.on("GET", "/results/*", Answer.picture(png()))
        return self

    def good(self, *, fault: Any = None, **changes: Any) -> Answer:
        """The answer to an edit."""
        value = {
            "success": True,
            "images": [{"url": f"{self.url}/results/1.png"}],
            "request_id": "req_abc123xyz",
            "credits_used": 200,
        }
        return Answer.json({**value, **changes}, fault=fault)

    @property
    def submits(self) -> int:
        """How often an edit arrived."""
        return self.count("POST", EDIT)


@pytest.fixture
def vendor(command_line: Sandbox) -> Iterator[Artnex]:
    """The server, as far as this process and its children can tell the vendor."""
    with Artnex() as server:
        command_line.use("artnex", f"{server.url}/v1", KEY)
        yield server
        assert server.unexpected == []


@pytest.fixture
def provider() -> Provider:
    """The installed provider, as the core sees it."""
    return registry().provider("artnex")


@pytest.fixture
def make_job(provider: Provider) -> Callable[..., Job]:
    """A planned job; keywords are fields of the request."""

    def make(image: Any = None, **fields: Any) -> Job:
        source = ImageSource.of(png() if image is None else image)
        asked = {"model": "seedream-edit", "prompt": "remove the tree", **fields}
        request = EditRequest(image=source, **asked)
        model = provider.manifest.pick(request.model).model
        return Job(id="01JOB", provider="artnex", request=request, model=model)

    return make
