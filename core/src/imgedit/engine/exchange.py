"""One exchange: over HTTP through the transport, or on this machine through the worker."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from attrs import evolve

from .. import errors
from ..contract.exchange import (
    Base64,
    DataURI,
    FilePart,
    HttpRequest,
    HttpResponse,
    Json,
    LocalRequest,
    Multipart,
    Raw,
)
from ..contract.image import ImageSource
from ..contract.model import Problem
from ..errors import (
    ImageRejected,
    ImgEditError,
    JobFailed,
    NetworkError,
    OutcomeUnknown,
    PluginError,
    UnexpectedResponse,
)
from .pace import TooEarly, gate, later
from .settle import lost as answer_lost
from .spending import check_spending

if TYPE_CHECKING:
    from ..worker import WorkerFailed
    from .run import Run

TIMEOUTS = {"submit": 300.0, "upload": 120.0, "download": 120.0}
"""Seconds until an answer begins where the manifest says nothing; others 60.

What arrives may take all that the deadline leaves: of it they are seconds in which nothing comes.
"""


async def perform(
    run: Run, request: HttpRequest | LocalRequest, number: int, *, on_sent: Callable[[], None]
) -> HttpResponse:
    """Send one request and take its answer; `number` is how many the job sent before.

    `on_sent` is called before the first byte of a submit leaves; what it raises stops it. When
    the provider's limit is reached by then, it is connected to once more later.

    Raises:
        DeadlineExceeded: the time given ran out before it was sent.
        NetworkError: it was not sent; or it was free and its answer was lost.
        OutcomeUnknown: a submit was sent and its answer was lost.
        ProviderError: a local function failed, or a picture's bytes are not there any more.
    """
    _check_at_hand(run, request)
    if isinstance(request, LocalRequest):
        return await _local(run, request)
    rooms = run.runtime.rooms
    while True:
        try:
            if not request.spends:
                await _check_unchanged(run, request)
                return await _http(run, request, number, on_sent)
            async with rooms.taken(run) as room:
                await _check_unchanged(run, request)
                return await _http(run, request, number, on_sent, on_write=room.make_way)
        except TooEarly as early:
            await later(run, early)


def timeout(run: Run, purpose: str) -> float:
    """Seconds for one answer to begin: the manifest's, and no more than the deadline leaves."""
    said = run.provider.manifest.timeouts.get(purpose, TIMEOUTS.get(purpose, 60.0))
    return max(0.001, min(float(said), run.left))


async def _http(
    run: Run,
    request: HttpRequest,
    number: int,
    sent: Callable[[], None],
    on_write: Callable[[int], None] | None = None,
) -> HttpResponse:
    from ..transport.errors import Lost, NotSent, TooLarge

    runtime = run.runtime
    job = run.record.job
    before = run.record
    charged = before.charged
    if request.purpose == "upload":
        run.emit("uploading", "uploading a picture")
    headers: dict[str, str] = {}
    rule = run.provider.manifest.idempotency
    if request.spends and rule:
        run.record = evolve(run.record, idempotency_key=job.id)
        headers[rule["header"]] = job.id

    async def on_sent() -> None:
        await gate(run)
        sent()

    site = await runtime.reach(run.provider, base_url=run.record.base_url)
    if request.spends:
        check_spending(site.target(request).host)
    try:
        return await runtime.transport.exchange(
            request,
            site=site,
            timeout=timeout(run, request.purpose),
            spool=runtime.answers(job.id),
            on_sent=on_sent if request.spends else None,
            boundary=hashlib.sha256(f"{job.id}/{number}".encode()).hexdigest()[:32],
            extra_headers=headers,
            durable=runtime.durable,
            on_write=on_write,
            pictures=job.request.n,
            most=run.left,
        )
    except TooEarly:
        run.record = before
        raise
    except NotSent as lost:
        run.record = before  # the time may have run out after "sent", before the first byte
        await _check_unchanged(run, request)
        raise NetworkError(
            f"{run.provider.manifest.title} could not be reached: {lost.reason}",
            charged=charged,
            retryable=lost.retryable,
        ) from None
    except TooLarge as large:
        if request.spends:
            run.record = evolve(run.record, partial=_arrived(large, request))
        raise UnexpectedResponse(
            f"the answer is too large to be one: {large.reason}",
            charged="unknown" if request.spends else charged,
        ) from None
    except Lost as lost:
        if not request.spends:  # what came of the submit's answer stays: this may look it up
            raise NetworkError(f"the answer was lost: {lost.reason}", charged=charged) from None
        run.record = evolve(run.record, partial=_arrived(lost, request))
        raise OutcomeUnknown(
            f"the request was sent and its answer was lost: {lost.reason}",
            status=lost.status,
        ) from None


def _arrived(lost: Any, request: HttpRequest) -> HttpResponse | None:
    if lost.status is None:
        return None
    return HttpResponse(status=lost.status, headers=lost.headers or {}, purpose=request.purpose)


def _check_at_hand(run: Run, request: HttpRequest | LocalRequest) -> None:
    """A job that was resumed from JSON may lack the bytes that it is to send."""
    sends = request.arguments if isinstance(request, LocalRequest) else request.body
    if all(image.at_hand() for image in _pictures(sends)):
        return
    if run.record.job.status != "planned":  # a repeat under a key: the first one may count
        raise answer_lost(run)
    raise run.final(
        ImageRejected(
            "the picture was in memory only, and ended with its client: without a journal a job "
            "does not keep it",
            charged=run.record.charged,
            hint="Start the edit again.",
        )
    )


def _pictures(value: Any) -> Iterator[ImageSource]:
    """The pictures that a body, or an argument of a local function, holds as bytes."""
    match value:
        case ImageSource():
            yield value
        case Base64() | DataURI() | FilePart() | Raw():
            yield value.image
        case Json(value=inner) | Multipart(parts=inner):
            yield from _pictures(inner)
        case Mapping():
            yield from _pictures(tuple(value.values()))
        case list() | tuple():
            for inner in value:
                yield from _pictures(inner)


async def _check_unchanged(run: Run, request: HttpRequest) -> None:
    """A file that changed since it was validated is not sent: another picture was priced.

    Nor is it sent once more under a key, which stands for the bytes that were sent first.
    """
    first = run.record.job.status == "planned"
    if not (first or request.spends):
        return
    for image in run.record.job.request.pictures if first else _pictures(request.body):
        if image.url is not None or image.untouched():
            continue
        if not await asyncio.to_thread(image.unchanged):
            if not first:
                lost = answer_lost(run)
                lost.message += ", and the picture's file has changed since: it is not sent again"
                raise lost
            raise run.final(
                ImageRejected(
                    "the picture's file has changed, or is gone, since the edit began",
                    hint="Start the edit again.",
                )
            )


async def _local(run: Run, request: LocalRequest) -> HttpResponse:
    import json

    from ..worker import WorkerFailed

    runtime = run.runtime
    job = run.record.job
    folder = runtime.folder(job.id) / "local"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    arguments = {name: _path(run, value) for name, value in request.arguments.items()}
    run.emit("sending", "working on this machine")
    try:
        async with asyncio.timeout(max(0.001, run.left)):
            value = await runtime.worker.run(request.function, arguments, folder)
    except TimeoutError:
        run.check_time()
        raise
    except WorkerFailed as failure:
        raise run.final(_local_error(run, failure)) from None
    try:
        files = sorted(folder.iterdir(), key=lambda path: int(path.stem))
        pictures = [ImageSource.stored(path) for path in files]
    except (ValueError, ImgEditError) as error:
        raise run.final(
            PluginError(f"{request.function} wrote what is no picture: {error}")
        ) from None
    return HttpResponse(
        status=200, body=json.dumps(value).encode(), pictures=pictures, purpose="submit"
    )


def _path(run: Run, value: Any) -> Any:
    """A local function's argument: pictures as file paths, everything else as it is."""
    if isinstance(value, ImageSource):
        return str(run.runtime.file_of(value, run.record.id))
    if isinstance(value, Mapping):
        return {key: _path(run, item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_path(run, item) for item in value]
    return value


def _local_error(run: Run, failure: WorkerFailed) -> ImgEditError:
    match failure.kind:
        case "refused":
            kind = getattr(errors, failure.type or "", JobFailed)
            facts = dict(failure.facts)
            facts["problems"] = [Problem(**problem) for problem in facts.get("problems") or ()]
            facts["charged"] = "no"
            refusal: ImgEditError = kind(failure.message, **facts)
            return refusal
        case "memory":
            return JobFailed(failure.message, charged="no", hint="Try a smaller picture.")
        case "killed" | "exited" | "start":
            return JobFailed(failure.message, charged="no", hint="Run the same edit again.")
        case _:
            return PluginError(f"{run.provider.distribution}: {failure.message}")
