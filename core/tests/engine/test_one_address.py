"""A vendor with one address for everything, as JSON-RPC and GraphQL have it, is asked there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import imgedit
from imgedit import HttpResponse, Job, errors, hookimpl
from imgedit.testing.pictures import png
from imgedit.testing.server import Answer, Received, ScriptedServer


@hookimpl
def build_request(job: Job) -> Any:
    asks = job.state.get("asks", "edit")
    purpose = {"edit": "submit", "list": "settle"}.get(asks, "poll")
    body = imgedit.Json({"method": asks, "prompt": job.request.prompt})
    return imgedit.HttpRequest(method="POST", url="/rpc", purpose=purpose, body=body)


@hookimpl
def parse_response(job: Job, response: HttpResponse) -> Any:
    answer = response.json()
    if "urls" in answer:
        images = [imgedit.Output(url=url) for url in answer["urls"]]
        return imgedit.Done(images=images, refresh={"asks": "links"})
    return imgedit.Wait({"asks": "job"}, facts=imgedit.Facts(vendor_ids={"id": answer["id"]}))


@hookimpl
def reconcile(job: Job, response: HttpResponse | None) -> Any:
    return imgedit.Next({"asks": "list"})


@pytest.mark.parametrize("lost", (False, True), ids=("arrived", "lost"))
def test_it_is_polled_looked_up_and_asked_for_new_urls(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, tmp_path: Path,
    lost: bool,
) -> None:  # fmt: skip
    asked: list[str] = []

    def answer(received: Received) -> Answer:
        asked.append(received.json()["method"])
        if asked[-1] == "edit" and lost:
            return Answer(status=502)
        if asked[-1] == "job" and asked.count("job") == 1:
            return Answer(status=404)
        if asked[-1] == "job":
            return Answer.json({"urls": [f"{server.url}/old.png"]})
        if asked[-1] == "links":
            return Answer.json({"urls": [f"{server.url}/out.png"]})
        return Answer.json({"id": "7"})

    server.on("POST", "/rpc", answer)
    server.on("GET", "/old.png", Answer(status=403))
    acme(build_request=build_request, parse_response=parse_response, reconcile=reconcile)
    path = tmp_path / "jobs.sqlite3"
    with pytest.raises(errors.NotFound) as caught:
        edit(source, journal=path)
    assert caught.value.charged == "yes"
    assert resume(caught.value.job_id, journal=path).image.size == len(png())
    assert asked == ["edit", *(["list"] if lost else []), "job", "job", "links"]
