"""A gptimageapi.dev on loopback, a client for it, and the real command line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from imgedit import EditRequest, ImageSource, Job
from imgedit.discovery import Provider, registry
from imgedit.testing import Sandbox
from imgedit.testing.pictures import png
from imgedit.testing.server import Answer, Received, ScriptedServer

KEY = "canary-c2a95e13"
EDIT = "/v1/images/edit"


class Vendor(ScriptedServer):
    """A server on which one good edit is scripted; the answers may be scripted anew."""

    def __enter__(self) -> Vendor:
        super().__enter__()
        self.on("POST", EDIT, self.good())
        self.on("GET", "/results/*", self.picture)
        return self

    @staticmethod
    def picture(request: Received) -> Answer:
        """A picture of its own for each number."""
        number = int(request.path.rpartition("/")[2].partition(".")[0])
        return Answer.picture(png(color=(number, 0, 0)))

    def good(self, pictures: int = 1, *, fault: Any = None) -> Answer:
        """The answer to an edit."""
        images = [{"url": f"{self.url}/results/{number + 1}.png"} for number in range(pictures)]
        return Answer.json({"code": 0, "message": "ok", "data": {"images": images}}, fault=fault)

    @property
    def submits(self) -> int:
        """How often an edit arrived."""
        return self.count("POST", EDIT)


@pytest.fixture
def vendor(command_line: Sandbox) -> Iterator[Vendor]:
    """The server, as far as this process and its children can tell the vendor."""
    with Vendor() as server:
        command_line.use("gptimageapi", server.url, KEY)
        yield server
        assert server.unexpected == []


@pytest.fixture
def provider() -> Provider:
    """The installed provider, as the core sees it."""
    return registry().provider("gptimageapi")


@pytest.fixture
def make_job(provider: Provider) -> Callable[..., Job]:
    """A planned job; keywords are fields of the request."""

    def make(image: Any = None, **fields: Any) -> Job:
        source = ImageSource.of(png() if image is None else image)
        asked = {"prompt": "remove the tree", **fields}
        request = EditRequest(image=source, **asked)
        model = provider.manifest.pick(request.model).model
        return Job(id="01JOB", provider="gptimageapi", request=request, model=model)

    return make
