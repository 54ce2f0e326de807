"""Acme as a provider of imgedit: upload places, one PUT per picture, create, poll, settle."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from imgedit import (
    Base64,
    Done,
    EditRequest,
    Facts,
    HttpRequest,
    HttpResponse,
    Job,
    JobFailed,
    Json,
    Model,
    Next,
    OutcomeUnknown,
    Output,
    Problem,
    ProviderError,
    Quote,
    Raw,
    Wait,
    hookimpl,
)


@hookimpl
def validate(request: EditRequest, model: Model) -> list[Problem]:
    """Acme reads @ as the name of a user."""
    if "@" in request.prompt:
        return [Problem(path="/prompt", message="must not hold an @", code="pattern")]
    return []


@hookimpl
def price(request: EditRequest, model: Model) -> Quote | None:
    """The manifest knows it all."""
    return None


@hookimpl
def build_request(job: Job) -> HttpRequest:
    """The next exchange."""
    if "search" in job.state:
        query = {"label": job.state["search"]}
        return HttpRequest(method="GET", url="/edits", purpose="settle", query=query)
    if "id" in job.state:
        url = f"status:/edits/{job.state['id']}"
        return HttpRequest(method="GET", url=url, purpose="poll")
    if not job.to_upload:
        return HttpRequest(method="POST", url="/edits", purpose="submit", body=Json(_edit(job)))
    image = job.to_upload[0]
    place = job.state.get("places", {}).get(image.sha256)
    if place is None:
        body = Json({"types": [one.media_type for one in job.to_upload]})
        return HttpRequest(method="POST", url="/places", purpose="prepare", body=body)
    return HttpRequest(method="PUT", url=place["put"], purpose="upload", body=Raw(image))


@hookimpl
def parse_response(job: Job, response: HttpResponse) -> Done | Next | Wait:
    """Read what was asked for."""
    match response.purpose:
        case "prepare":
            return Next({**job.state, "places": _places(job, response.json()["places"])})
        case "upload":
            image = job.to_upload[0]
            return Next(job.uploaded(image, job.state["places"][image.sha256]["name"]))
        case "submit":
            answer = response.json()
            state = {"id": answer["job"], "since": answer["created"]}
            facts = Facts(vendor_ids={"id": answer["job"]})
            return Wait(state, seconds=answer["eta_ms"] / 1000, facts=facts)
        case "settle":
            return _settled(job, response)
    return _polled(job, response)


@hookimpl
def map_error(job: Job | None, response: HttpResponse) -> ProviderError | None:
    """The table knows them all, but the one that tells by a header that the plan has ended."""
    if response.header("x-acme-plan") == "ended":
        return ProviderError("the plan at Acme has ended", charged="no", status=response.status)
    return None


@hookimpl
def reconcile(job: Job, response: HttpResponse | None) -> Next | None:
    """By the job's name when the headers arrived, else by our own label."""
    name = None if response is None else response.header("x-acme-job")
    if name:
        return Next({"id": name}, facts=Facts(vendor_ids={"id": name}))
    return Next({"search": job.id})


@hookimpl
def list_models() -> HttpRequest:
    """Acme lists its models."""
    return HttpRequest(method="GET", url="/models", purpose="models")


@hookimpl
def parse_models(response: HttpResponse) -> list[dict[str, Any]]:
    """The list in the manifest's words."""
    return [
        {"id": row["name"], "price": {"amounts": row["usd"], "source": "docs"}}
        for row in response.json()["models"]
    ]


def _edit(job: Job) -> dict[str, Any]:
    request = job.request
    body = {**job.wire(), "label": job.id, "picture": job.handle(request.image)}
    if request.references:
        body["others"] = [
            {"picture": job.handle(one.image), "about": one.description}
            for one in request.references
        ]
    if request.mask is not None:
        body["mask"] = Base64(request.mask)
    return body


def _places(job: Job, places: list[dict[str, str]]) -> dict[str, dict[str, str]]:
    pairs = zip(job.to_upload, places, strict=True)
    return {image.sha256 or "": {"put": one["put"], "name": one["name"]} for image, one in pairs}


def _settled(job: Job, response: HttpResponse) -> Next:
    names = [row["job"] for row in response.json()["edits"]]
    found = [name for name in names if name not in job.taken]
    if len(found) != 1:
        raise OutcomeUnknown(f"Acme lists {len(found)} jobs that could be this edit")
    return Next({"id": found[0]}, facts=Facts(vendor_ids={"id": found[0]}))


def _polled(job: Job, response: HttpResponse) -> Done | Wait:
    answer = response.json()
    if answer["state"] == "running":
        return Wait(job.state, seconds=answer["eta_ms"] / 1000, progress=answer["percent"] / 100)
    if answer["state"] != "done":
        raise JobFailed(f"Acme says {answer['state']!r}", charged="no")
    images = [
        Output(
            url=one["url"],
            sha256=one.get("sha256"),
            size=one.get("bytes"),
            expires_at=answer.get("until"),
        )
        for one in answer["results"]
    ]
    return Done(images, facts=Facts(cost=_cost(answer.get("usd"))), refresh=job.state)


def _cost(usd: Any) -> Decimal | None:
    """What was charged; what is no amount costs no picture."""
    good = isinstance(usd, int | Decimal) and not isinstance(usd, bool)
    return Decimal(usd) if good else None
