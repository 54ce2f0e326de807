"""A provider for the tests of an app: it answers at once, from this machine, and costs nothing."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any, Final

from attrs import field, frozen

from ..contract.exchange import HttpRequest, HttpResponse, Json
from ..contract.job import Job
from ..contract.outcome import Done, Facts, Output
from ..errors import Charged, PluginError, ProviderError, provider_errors
from ..hookspecs import hookimpl
from .pictures import png
from .server import Answer, Received, ScriptedServer
from .spending import no_spending

_LARGEST: Final = 2048
_MANIFEST: Final[Mapping[str, Any]] = {
    "manifest": 1,
    "title": "A fake",
    "unit": "USD",
    "default_model": "fake",
    "limits": {
        "n": {"minimum": 1, "maximum": 10},
        "aspect_ratio": {"minLength": 1},
        "resolution": {"minLength": 1},
        "quality": {"minLength": 1},
        "output_format": {"enum": ["png", "jpeg", "webp"]},
        "seed": {"minimum": 0},
        "mask": {},
        "references": {"maxItems": 10},
        "references.description": {},
    },
    "models": [{"id": "fake", "title": "A fake", "price": {"amounts": "0.04"}}],
}
_OF_THE_VENDOR: Final = ("auth", "hosts", "idempotency", "errors", "balance", "timeouts", "local")


@frozen(kw_only=True)
class FakeEdit:
    """An edit that arrived: the request document, and its prompt and model by themselves."""

    prompt: str
    model: str | None
    document: Mapping[str, Any]


@frozen(kw_only=True)
class Fake:
    """The provider that `fake` gives.

    Attributes:
        name: what it is called.
        edits: what arrived, in order.
    """

    name: str
    edits: list[FakeEdit] = field(factory=list)
    _next: list[Answer] = field(factory=list)

    def fail(
        self,
        error: type[ProviderError] | str,
        message: str = "the fake was told to fail",
        *,
        charged: Charged = "no",
        retry_after: float | None = None,
    ) -> None:
        """Let the next edit end with this error.

        Raises:
            KeyError: there is no such class of ProviderError.
        """
        name = error if isinstance(error, str) else error.__name__
        provider_errors()[name]
        row = {"is": name, "message": message, "charged": charged, "retry_after": retry_after}
        self._next.append(Answer.json(row, status=400))

    def lose(self) -> None:
        """Let the next edit's answer be lost: it may have been paid (OutcomeUnknown)."""
        self._next.append(Answer(fault="drop_after_body"))

    def _answer(self, received: Received) -> Answer:
        asked = received.json()
        self.edits.append(
            FakeEdit(prompt=asked["prompt"], model=asked.get("model"), document=asked)
        )
        if self._next:
            return self._next.pop(0)
        facts = asked["image"]
        width, height = facts.get("width") or 64, facts.get("height") or 48
        picture = png(min(width, _LARGEST), min(height, _LARGEST), (90, 120, 200))
        text = base64.b64encode(picture).decode()
        return Answer.json({"pictures": [text] * asked["n"], "id": f"fake-{len(self.edits)}"})


@contextmanager
def fake(name: str = "fake") -> Iterator[Fake]:
    """A fake provider in this process while this holds; it is also what is chosen unasked.

    Under the name of an installed provider it takes that one's place: the same models, limits and
    prices, so that an app's own way to it is tested, but nothing reaches the vendor and no key is
    needed. What any other provider would spend is refused (see `no_spending`). As a fixture::

        @pytest.fixture
        def acme():
            with imgedit.testing.fake("acme") as fake:
                yield fake

        def test_the_app(acme):
            my_app.improve("photo.jpg")
            assert acme.edits[0].prompt == "make it warmer"
    """
    from ..discovery import registry

    known = registry()
    before = dict(known._entries)
    made = Fake(name=name)
    with ScriptedServer() as server, no_spending():
        server.on("POST", "/edit", made._answer)
        wanted = {"IMGEDIT_PROVIDER": name, f"IMGEDIT_{name.upper()}_BASE_URL": server.url}
        kept = {variable: os.environ.get(variable) for variable in wanted}
        known.register(name, _module(name), {**_manifest_of(name), "base_url": server.url})
        os.environ.update(wanted)
        try:
            yield made
        finally:
            known._entries.clear()
            known._entries.update(before)
            for variable, value in kept.items():
                if value is None:
                    os.environ.pop(variable, None)
                else:
                    os.environ[variable] = value


def _manifest_of(name: str) -> dict[str, Any]:
    """The manifest of the provider whose place it takes, without what is the vendor's alone."""
    from ..discovery import registry

    try:
        raw = registry().manifest(name).raw
    except PluginError:
        return {**_MANIFEST, "name": name}
    return {key: value for key, value in raw.items() if key not in _OF_THE_VENDOR}


def _module(name: str) -> ModuleType:
    """The fake's hooks, with the checks and prices of the provider whose place it takes."""
    from ..discovery import registry
    from ..discovery.checks import hookimpls

    module = ModuleType(f"fake_{name}")
    try:
        registry().provider(name)
        installed = registry()._entry(name).load()
    except PluginError:
        installed = None
    if installed is not None:
        for one in hookimpls(installed, ("validate", "price")):
            setattr(module, one.name, one.function)
    for hook in (build_request, parse_response, map_error):
        setattr(module, hook.__name__, hook)
    return module


@hookimpl
def build_request(job: Job) -> HttpRequest:
    """The request document itself."""
    from ..manifest import document

    body = Json(document(job.request))
    return HttpRequest(method="POST", url="/edit", purpose="submit", body=body)


@hookimpl
def parse_response(job: Job, response: HttpResponse) -> Done:
    """The pictures, all the same."""
    answer = response.json()
    facts = Facts(vendor_ids={"id": answer["id"]})
    return Done([Output(base64=text) for text in answer["pictures"]], facts=facts)


@hookimpl
def map_error(job: Job | None, response: HttpResponse) -> ProviderError | None:
    """What the test asked for."""
    name = response.at("/is")
    if not isinstance(name, str):
        return None
    error: ProviderError = provider_errors()[name](
        str(response.at("/message")), charged=response.at("/charged"), status=response.status
    )
    after = response.at("/retry_after")
    error.retry_after = None if after is None else float(after)
    return error
