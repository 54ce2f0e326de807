"""An acme provider made in the process: a module, its manifest, a job."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from imgedit.contract.image import ImageSource
from imgedit.contract.job import Job
from imgedit.contract.request import EditRequest
from imgedit.discovery import Provider, Registry

GOOD = """
    from imgedit import Done, HttpRequest, Json, Output, hookimpl

    __version__ = "0.1.0"

    @hookimpl
    def build_request(job):
        return HttpRequest(method="POST", url="/edit", purpose="submit", body=Json(job.wire()))

    @hookimpl
    def parse_response(job, response):
        return Done([Output(url=response.json()["url"])])
"""


def acme_manifest(**changes: Any) -> dict[str, Any]:
    return {
        "manifest": 1,
        "name": "acme",
        "title": "Acme",
        "base_url": "https://api.acme.example",
        "unit": "USD",
        "auth": {"env": ["ACME_API_KEY"], "header": "Authorization", "value": "Bearer {key}"},
        "default_model": "one",
        "wire": {"prompt": "prompt"},
        "limits": {"prompt": {"maxLength": 100}, "options.tags": {"type": "object"}},
        "sources": {"docs": {"url": "https://acme.example/docs", "read": "2026-11-20"}},
        "models": [{"id": "one", "price": {"amounts": "0.04", "source": "docs"}}],
        **changes,
    }


def module_of(source: str, name: str = "imgedit_acme") -> ModuleType:
    module = ModuleType(name)
    exec(compile(textwrap.dedent(source), f"{name}/__init__.py", "exec"), vars(module))
    return module


@pytest.fixture
def registry() -> Registry:
    """A registry of its own, with nothing installed."""
    return Registry({"imgedit.providers": {}, "imgedit.addons": {}, "imgedit.commands": {}})


@pytest.fixture
def acme(registry: Registry) -> Callable[..., Provider]:
    """``acme(source) -> Provider``: a good provider with this source after it."""

    def make(source: str = "", **changes: Any) -> Provider:
        module = module_of(textwrap.dedent(GOOD) + textwrap.dedent(source))
        return registry.register("acme", module, acme_manifest(**changes))

    return make


@pytest.fixture
def request_() -> EditRequest:
    return EditRequest(
        image=ImageSource(url="https://pictures.example/cat.png"),
        prompt="a secret wish",
        options={"tags": {"a": 1}},
    )


@pytest.fixture
def job(registry: Registry, acme: Callable[..., Provider], request_: EditRequest) -> Job:
    model = acme().manifest.models[0]
    return Job(id="01", provider="acme", request=request_, model=model, state={"id": "x"})
