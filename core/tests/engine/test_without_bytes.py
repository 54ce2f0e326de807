"""A job as JSON tells of its pictures and does not hold them: bytes end with their client."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import imgedit
from imgedit import DataURI, HttpRequest, Json, errors, hookimpl
from imgedit.engine.store import dumps, loads
from imgedit.testing.acme import build_request
from imgedit.testing.pictures import png
from imgedit.testing.server import Answer, ScriptedServer

Resume = Callable[..., imgedit.EditResult]


async def cut_off(client: imgedit.Client) -> str:
    """Cancel an edit of bytes in its upload; the job as JSON."""

    def stop(event: imgedit.Event) -> None:
        if event.kind == "uploading":
            task.cancel()

    edit = client.edit(png(), "make it so", provider="acme", on_event=stop)
    task = asyncio.ensure_future(edit)
    with pytest.raises(asyncio.CancelledError) as caught:
        await task
    return str(caught.value.job)  # type: ignore[attr-defined]  # put there by the engine


def job_cut_off() -> str:
    async def run() -> str:
        async with imgedit.Client() as client:
            return await cut_off(client)

    return asyncio.run(run())


def test_what_was_not_sent_yet_begins_again(
    acme: Any, server: ScriptedServer, resume: Resume
) -> None:
    job = job_cut_off()
    with pytest.raises(errors.ImageRejected, match="without a journal") as caught:
        resume(job)
    assert caught.value.charged == "no"
    assert caught.value.hint == "Start the edit again."
    assert server.count("POST", "/upload") <= 1
    assert server.count("POST", "/edit") == 0


def test_the_same_client_still_has_them(acme: Any, server: ScriptedServer) -> None:
    async def run() -> imgedit.EditResult:
        async with imgedit.Client() as client:
            return await client.resume(await cut_off(client))

    assert asyncio.run(run()).image.size == len(png())
    assert server.count("POST", "/edit") == 1


def test_a_journal_keeps_them(
    acme: Any, server: ScriptedServer, resume: Resume, tmp_path: Path
) -> None:
    path = tmp_path / "jobs.sqlite3"

    async def run() -> str:
        async with imgedit.Client(journal=path) as client:
            return await cut_off(client)

    assert resume(asyncio.run(run()), journal=path).image.size == len(png())
    assert server.count("POST", "/edit") == 1


def test_what_is_uploaded_is_not_needed_again(
    acme: Any, server: ScriptedServer, resume: Resume
) -> None:
    record = loads(job_cut_off())
    job = record.with_job(state={"handles": {record.job.request.image.sha256: "h1"}})
    assert resume(dumps(job)).image.size == len(png())
    assert server.count("POST", "/edit") == 1


def test_a_repeat_under_a_key_needs_them(
    acme: Any, edit: Any, server: ScriptedServer, resume: Resume
) -> None:
    @hookimpl
    def inside(job: imgedit.Job) -> Any:
        if job.state:
            return build_request(job)
        body = Json({"image": DataURI(job.request.image)})
        return HttpRequest(method="POST", url="/edit", purpose="submit", body=body)

    acme({"idempotency": {"header": "Idempotency-Key", "hours": 24}}, build_request=inside)
    server.on("POST", "/edit", Answer(fault="drop_after_body"))
    with pytest.raises(errors.OutcomeUnknown) as lost:
        edit(png())
    submits = server.count("POST", "/edit")
    with pytest.raises(errors.OutcomeUnknown) as caught:
        resume(lost.value.job)
    assert caught.value.charged == "unknown"
    assert server.count("POST", "/edit") == submits
