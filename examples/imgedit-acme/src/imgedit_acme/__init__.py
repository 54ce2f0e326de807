"""Acme Pictures as a provider of imgedit; what is a fact of the vendor's stands in provider.json.

https://acme.example/api, read 2026-11-20. Pictures are uploaded, an edit is started, and it is
asked after until it is done.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from urllib.parse import quote

from imgedit import (
    Done,
    Facts,
    FilePart,
    HttpRequest,
    HttpResponse,
    Job,
    Json,
    Multipart,
    Next,
    OutcomeUnknown,
    Output,
    Wait,
    hookimpl,
)


@hookimpl
def build_request(job: Job) -> HttpRequest:
    """The next exchange of a job, from what its state says."""
    if "id" in job.state:
        path = f"/edits/{quote(job.state['id'], safe='')}"
        return HttpRequest(method="GET", url=path, purpose="poll")
    if "tag" in job.state:
        query = {"tag": job.state["tag"]}
        return HttpRequest(method="GET", url="/edits", purpose="settle", query=query)
    if job.to_upload:
        body = Multipart([("file", FilePart(job.to_upload[0]))])
        return HttpRequest(method="POST", url="/files", purpose="upload", body=body)
    return HttpRequest(method="POST", url="/edits", purpose="submit", body=_edit(job))


@hookimpl
def parse_response(job: Job, response: HttpResponse) -> Done | Next | Wait:
    """What the answer leads to; error answers never come here."""
    answer = response.json()
    match response.purpose:
        case "upload":
            return Next(job.uploaded(job.to_upload[0], answer["file_id"]))
        case "submit":
            return _started(answer["edit_id"])
        case "settle":
            found = [one["edit_id"] for one in answer["edits"]]
            ours = [edit_id for edit_id in found if edit_id not in job.taken]
            if len(ours) != 1:
                raise OutcomeUnknown(f"{len(ours)} edits at Acme could be this one")
            return _started(ours[0])
        case _:
            return _polled(job, response)


@hookimpl
def reconcile(job: Job) -> Next:
    """An edit whose answer was lost is found again by its tag."""
    return Next({"tag": job.id})


def _edit(job: Job) -> Json:
    request = job.request
    body = {**job.wire(), "picture": job.handle(request.image), "tag": job.id}
    if request.references:
        body["more_pictures"] = [job.handle(reference.image) for reference in request.references]
    return Json(body)


def _started(edit_id: str) -> Wait:
    return Wait({"id": edit_id}, facts=Facts(vendor_ids={"edit_id": edit_id}))


def _polled(job: Job, response: HttpResponse) -> Done | Wait:
    answer = response.json()
    if answer["state"] != "done":
        return Wait(job.state, progress=answer.get("percent", 0) / 100)
    images = [Output(url=one["url"], expires_at=one.get("expires")) for one in answer["results"]]
    facts = Facts(cost=_dollars(answer.get("billed_cents")))
    return Done(images, facts=facts, refresh=job.state)


def _dollars(cents: Any) -> Decimal | None:
    """What was billed; None when it is no number: the picture is paid, and not lost for that."""
    if isinstance(cents, bool) or not isinstance(cents, int | Decimal):
        return None
    return Decimal(cents) / 100
