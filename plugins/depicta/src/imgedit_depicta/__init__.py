"""Depicta as a provider of imgedit; what is a fact of the vendor's stands in provider.json.

https://depicta.ai/docs/api/operations/editimage/, read 2026-11-20. Each local picture is uploaded,
then one request makes the edit and waits for it. Every edit is also a job at Depicta: when its
answer is lost, `settling` looks the job up. `live` reads the vendor's list of models.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from imgedit import (
    Done,
    EditRequest,
    Facts,
    FilePart,
    HttpRequest,
    HttpResponse,
    Job,
    Json,
    Model,
    Multipart,
    Next,
    Output,
    Problem,
    UnexpectedResponse,
    Wait,
    hookimpl,
)

from .live import list_models as list_models
from .live import parse_models as parse_models
from .settling import find, job_named
from .settling import reconcile as reconcile
from .values import amount, text

_USUAL: Final = "png"


@hookimpl
def validate(request: EditRequest, model: Model) -> list[Problem]:
    """A reference without words is refused: Depicta's model would not know what it is for."""
    return [
        Problem(
            path=f"/references/{index}/description",
            message="is missing: Depicta must be told what each reference shows",
            code="required",
        )
        for index, reference in enumerate(request.references)
        if not (reference.description or "").strip()
    ]


@hookimpl
def build_request(job: Job) -> HttpRequest:
    """The next exchange: a job that is known is asked after, pictures go before the edit."""
    if "job" in job.state:
        path = f"/v1/jobs/{quote(job.state['job'], safe='')}"
        return HttpRequest(method="GET", url=path, purpose="poll")
    if "search" in job.state:
        query = job.state["search"]["query"]
        return HttpRequest(method="GET", url="/v1/jobs", purpose="settle", query=query)
    if job.to_upload:
        body = Multipart([("image", FilePart(job.to_upload[0]))])
        return HttpRequest(method="POST", url="/v1/upload", purpose="upload", body=body)
    return HttpRequest(method="POST", url="/v1/edit/image", purpose="submit", body=_edit(job))


@hookimpl
def parse_response(job: Job, response: HttpResponse) -> Done | Next | Wait:
    """Read what `build_request` asked for."""
    match response.purpose:
        case "upload":
            return Next(job.uploaded(job.to_upload[0], text(response, "/upload_url")))
        case "submit":
            return _done(job, response.at(""), job_named(response))
        case "settle":
            return find(job, response)
        case _:
            return _polled(job, response)


def _edit(job: Job) -> Json:
    request = job.request
    body = {**job.wire(), "input_image_url": job.handle(request.image)}
    if request.references:
        body["reference_images"] = [
            {"url": job.handle(one.image), "description": one.description}
            for one in request.references
        ]
    return Json(body)


def _polled(job: Job, response: HttpResponse) -> Done | Wait:
    name = job.state["job"]
    if text(response, "/status") != "completed":  # one that failed never comes here
        return Wait(job.state, facts=Facts(vendor_ids={"job_id": name}))
    result = response.at("/result")
    # The reference nests the result; the vendor's own client looks for it at the top.
    return _done(job, result if isinstance(result, Mapping) else response.at(""), name)


def _done(job: Job, result: Any, name: str | None) -> Done:
    outputs = _outputs(result) if isinstance(result, Mapping) else {}
    if not outputs:
        raise UnexpectedResponse("Depicta's answer names no picture")
    asked = job.request.output_format or _USUAL
    kind = asked if asked in outputs else next(iter(outputs))
    chosen = outputs.pop(kind)
    facts = _facts(result, name)
    if kind != asked:
        warning = f"Depicta made no {asked} of this picture: it is {kind}"
        facts = facts.merged(Facts(warnings=[warning]))
    # Asking after the job is free, and may show fresh URLs when these have ended.
    again = {"job": name} if name else None
    return Done([_with(chosen, outputs)], facts=facts, refresh=again)


def _with(chosen: dict[str, Any], others: Mapping[str, dict[str, Any]]) -> Output:
    return Output(**chosen, variants={kind: Output(**one) for kind, one in others.items()})


def _outputs(result: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Format → the fields of its Output; png first, from the older fields where there is none."""
    outputs = {}
    if _is_url(url := result.get("image_url")):
        digest = result.get("image_hash")
        outputs[_USUAL] = _output(_USUAL, {"url": url, "hash": digest})
    formats = result.get("formats")
    for kind, one in (formats if isinstance(formats, Mapping) else {}).items():
        if isinstance(one, Mapping) and _is_url(one.get("url")):
            outputs[kind] = _output(kind, one)
    return outputs


def _is_url(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _output(kind: str, one: Mapping[str, Any]) -> dict[str, Any]:
    """What is announced is checked; the core leaves out what is in another form than agreed."""
    return {
        "url": one["url"],
        "media_type": f"image/{kind}",
        "sha256": one.get("hash"),
        "size": one.get("size_bytes"),
        "expires_at": one.get("expires_at"),
    }


def _facts(result: Mapping[str, Any], name: str | None) -> Facts:
    ids = {"id": result.get("id"), "job_id": name}
    model, generated = result.get("model"), result.get("ai_generated")
    cost = amount(result.get("cost_eur"))
    return Facts(
        vendor_ids={key: value for key, value in ids.items() if value and isinstance(value, str)},
        cost=None if cost is None or cost < 0 else cost,
        balance=amount(result.get("balance_eur")),
        model=model if isinstance(model, str) else None,
        ai_generated=generated if isinstance(generated, bool) else None,
    )
