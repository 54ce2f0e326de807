"""Magic Hour as a provider of imgedit; what is a fact of the vendor's stands in provider.json.

https://docs.magichour.ai/api-reference, read 2026-11-20. Upload places for all pictures at once,
one PUT for each, create, poll. There is no way to look a job up without its id, so a create whose
answer was lost cannot be reconciled.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from urllib.parse import quote

from imgedit import (
    Done,
    Facts,
    HttpRequest,
    HttpResponse,
    Job,
    JobFailed,
    Json,
    Next,
    Output,
    Raw,
    UnexpectedResponse,
    Wait,
    hookimpl,
)


@hookimpl
def build_request(job: Job) -> HttpRequest:
    """The next exchange: what has an id is polled; pictures go before the create."""
    if "id" in job.state:
        path = f"/v1/image-projects/{quote(job.state['id'], safe='')}"
        return HttpRequest(method="GET", url=path, purpose="poll")
    if not job.to_upload:
        return HttpRequest(
            method="POST", url="/v1/ai-image-editor", purpose="submit", body=Json(_create(job))
        )
    slot = job.state.get("slots", {}).get(job.to_upload[0].sha256)
    if slot is None:
        items = [{"type": "image", "extension": image.extension} for image in job.to_upload]
        body = Json({"items": items})
        return HttpRequest(method="POST", url="/v1/files/upload-urls", purpose="prepare", body=body)
    return HttpRequest(method="PUT", url=slot["url"], purpose="upload", body=Raw(job.to_upload[0]))


@hookimpl
def parse_response(job: Job, response: HttpResponse) -> Done | Next | Wait:
    """Read what `build_request` asked for."""
    match response.purpose:
        case "prepare":
            return Next({**job.state, "slots": _slots(job, response)})
        case "upload":
            image = job.to_upload[0]
            return Next(job.uploaded(image, job.state["slots"][image.sha256]["path"]))
        case "submit":
            # What was uploaded is of no more use: from here on the id is all there is to know.
            name = _text(response, "/id")
            return Wait({"id": name}, facts=_facts(response, name))
        case _:
            return _polled(job, response)


def _create(job: Job) -> dict[str, Any]:
    request = job.request
    pictures = [request.image, *(reference.image for reference in request.references)]
    return {**job.wire(), "assets": {"image_file_paths": [job.handle(one) for one in pictures]}}


def _slots(job: Job, response: HttpResponse) -> dict[str, dict[str, str]]:
    """Picture → where it goes and what it is called afterwards; the answer keeps the order."""
    count = len(response.at("/items") or ())
    if count != len(job.to_upload):
        raise UnexpectedResponse(
            f"Magic Hour gave {count} upload places for {len(job.to_upload)} pictures"
        )
    return {
        image.sha256 or "": {
            "url": _text(response, f"/items/{index}/upload_url"),
            "path": _text(response, f"/items/{index}/file_path"),
        }
        for index, image in enumerate(job.to_upload)
    }


def _polled(job: Job, response: HttpResponse) -> Done | Wait:
    status = _text(response, "/status")
    facts = _facts(response, job.state["id"])
    images = _images(response.at("/downloads"))
    if status == "complete" and images:
        return Done(images, facts=facts, refresh=job.state)
    if response.at("/enabled") is False:
        raise JobFailed(
            "the edit was deleted at Magic Hour before its picture was fetched",
            charged="yes" if facts.cost else "unknown",
            code="deleted",
        )
    if status == "complete":
        raise UnexpectedResponse("Magic Hour says that the edit is complete and names no picture")
    return Wait(job.state, facts=facts)


def _images(downloads: Any) -> list[Output]:
    """The pictures that have a URL; one without must not cost a paid job the others."""
    rows = [one for one in downloads if isinstance(one, dict)] if type(downloads) is list else []
    return [
        Output(url=url, expires_at=one.get("expires_at"))
        for one in rows
        if isinstance(url := one.get("url"), str) and url
    ]


def _facts(response: HttpResponse, name: str) -> Facts:
    return Facts(vendor_ids={"id": name}, cost=_charge(response.at("/credits_charged")))


def _charge(told: Any) -> Decimal | None:
    """A charge that is missing or strange must not cost a paid edit its picture."""
    try:
        cost = Facts(cost=told).cost if isinstance(told, int | Decimal) else None
    except ValueError:  # true, false, or no end of digits
        return None
    return None if cost is None or cost < 0 else cost


def _text(response: HttpResponse, pointer: str) -> str:
    value = response.at(pointer)
    if not isinstance(value, str) or not value:
        raise UnexpectedResponse(f"{pointer} is missing from the answer of Magic Hour")
    return value
