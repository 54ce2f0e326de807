"""`acme`: a sample provider with an upload, a create and a poll, for tests.

It is a whole provider in one module, and its manifest a dict: `make()` gives a module for
`imgedit.register("acme", make(), MANIFEST)`. What it asks for: POST /upload, POST /edit,
GET /jobs/{id}.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

from ..contract.exchange import FilePart, HttpRequest, HttpResponse, Json, Multipart
from ..contract.job import Job
from ..contract.outcome import Done, Facts, Next, Output, Wait
from ..hookspecs import hookimpl

MANIFEST: dict[str, Any] = {
    "manifest": 1,
    "name": "acme",
    "title": "Acme",
    "unit": "USD",
    "base_url": "https://api.acme.example",
    "auth": {"env": ["ACME_API_KEY"], "header": "Authorization", "value": "Bearer {key}"},
    "accepts_url": "^https://pictures\\.acme\\.example/",
    "poll": {"seconds": [0.01], "deadline": 20},
    "timeouts": {"submit": 5, "poll": 5, "upload": 5, "download": 5},
    "wire": {"prompt": "prompt", "n": "n", "model": "model", "output_format": "format"},
    "limits": {
        "n": {"minimum": 1, "maximum": 4},
        "output_format": {"enum": ["png", "jpeg"]},
        "references": {"maxItems": 2},
        "mask": {},
    },
    "default_model": "one",
    "models": [{"id": "one", "price": {"amounts": "0.04"}}],
    "errors": {
        "code": ["/code"],
        "message": ["/message"],
        "fails_when": {"/state": {"const": "failed"}},
        "rows": [
            {"code": ["moderated"], "is": "ContentRejected", "charged": "yes"},
            {"status": [200], "is": "JobFailed", "charged": "no"},
            {"status": [503], "is": "ProviderUnavailable", "charged": "no"},
        ],
    },
}
KEY = "canary-key-4711"


@hookimpl
def build_request(job: Job) -> HttpRequest:
    """Upload, create, poll."""
    if "id" in job.state:
        return HttpRequest(method="GET", url=f"/jobs/{job.state['id']}", purpose="poll")
    if job.to_upload:
        body = Multipart([("file", FilePart(job.to_upload[0]))])
        return HttpRequest(method="POST", url="/upload", purpose="upload", body=body)
    handles = [job.handle(image) for image in job.request.pictures]
    return HttpRequest(
        method="POST", url="/edit", purpose="submit", body=Json({**job.wire(), "images": handles})
    )


@hookimpl
def parse_response(job: Job, response: HttpResponse) -> Done | Next | Wait:
    """Read what `build_request` asked for; a picture or URLs may come at once."""
    if response.picture is not None:
        return Done([Output(image=response.picture)])
    answer = response.json()
    if response.purpose == "upload":
        return Next(job.uploaded(job.to_upload[0], answer["handle"]))
    if "urls" in answer:
        return Done(
            [Output(url=url, sha256=answer.get("sha256")) for url in answer["urls"]],
            facts=Facts(
                cost=answer.get("cost"),
                vendor_ids={"id": str(answer["id"])} if "id" in answer else {},
            ),
            refresh={"id": answer["id"]} if "id" in answer else None,
        )
    if "base64" in answer:
        return Done([Output(base64=answer["base64"])])
    state = {**job.state, "id": answer.get("id", job.state.get("id"))}
    return Wait(state, facts=Facts(vendor_ids={"id": str(state["id"])}))


def make(name: str = "acme", **hooks: Any) -> ModuleType:
    """A provider module; hooks given replace or join the ones above."""
    module = ModuleType(name)
    chosen = {"build_request": build_request, "parse_response": parse_response, **hooks}
    for hook, function in chosen.items():
        setattr(module, hook, function)
    return module
