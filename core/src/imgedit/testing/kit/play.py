"""An edit played through a provider's hooks with recorded answers: no network, no clock, no file.

It goes as the engine would go, a little stricter, and stops at the first thing that is wrong.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from attrs import evolve, frozen

from ...contract.exchange import HttpRequest, HttpResponse, LocalRequest
from ...contract.image import ImageSource
from ...contract.job import Job
from ...contract.outcome import Done, Step, Wait
from ...discovery import values
from ...engine.record import JobRecord
from ...engine.store import dumps, loads
from ...errors import PluginError
from ...manifest import is_error
from .answers import Script, to_response
from .encode import Sent, encode

if TYPE_CHECKING:
    from .hooks import Hooks

MOST_EXCHANGES: Final = 60
SENT_AT: Final = datetime(2026, 11, 20, 12, tzinfo=UTC)

BUILT = "test_a_good_request_is_built"
ONCE = "test_a_job_submits_once"
STATE = "test_every_state_survives_json"
READ = "test_recorded_answers_lead_to_the_pictures"
PURE = "test_hooks_are_pure"
FLOW = (BUILT, ONCE, STATE, READ)
"""The standard tests that hold when the good request goes through."""


@frozen(kw_only=True)
class Exchange:
    """One exchange: the job as the hooks saw it, what left, what came, what it led to."""

    job: Job
    request: HttpRequest | LocalRequest
    sent: Sent
    response: HttpResponse
    step: Step


@frozen(kw_only=True)
class Trouble:
    """Why the edit could not go on, and the standard test that is there for it."""

    test: str
    said: str


@frozen(kw_only=True)
class Flow:
    """How an edit went.

    Attributes:
        exchanges: in order.
        last: the job at the end; pending: the request that had no answer.
        done: the result, None when it was not reached.
        trouble: what was wrong, None = nothing.
    """

    exchanges: tuple[Exchange, ...]
    last: Job
    done: Done | None = None
    pending: Sent | None = None
    trouble: Trouble | None = None

    @property
    def requests(self) -> list[HttpRequest]:
        """Everything that goes over HTTP, in order."""
        return [one.request for one in self.exchanges if isinstance(one.request, HttpRequest)]

    def of(self, purpose: str) -> list[Exchange]:
        """The exchanges of one purpose."""
        return [one for one in self.exchanges if one.request.purpose == purpose]


def copied(job: Job) -> Job:
    """The job as a journal gives it back; nothing is shared with the original.

    Raises:
        TypeError, ValueError: its state is not JSON.
    """
    record = JobRecord(job=job, distribution="", version="", created_at=SENT_AT, updated_at=SENT_AT)
    return loads(dumps(record)).job


def play(
    hooks: Hooks,
    job: Job,
    script: Script,
    *,
    until: str | None = None,
    most: int = MOST_EXCHANGES,
) -> Flow:
    """Go on with a job until it is done, something is wrong, or `until` (a purpose) is built."""
    found: list[Exchange] = []

    def stop(test: str, said: str, pending: Sent | None = None) -> Flow:
        trouble = Trouble(test=test, said=said)
        return Flow(exchanges=tuple(found), last=job, trouble=trouble, pending=pending)

    submits = 0 if job.status == "planned" else 1
    while len(found) < most:
        try:
            request = values.request(hooks.call("build_request", job=copied(job)))
            sent = encode(request)
        except values.BadValue as bad:
            return stop(BUILT, f"build_request returned {bad}")
        except Exception as error:
            return stop(_reader(error) or BUILT, f"build_request {_raised(error)}")
        submits += request.spends
        if submits > 1:
            return stop(
                ONCE,
                f"exchange {len(found) + 1} is a second submit ({sent.method} {sent.target}): "
                "what spends is sent once, what asks after the job has the purpose poll",
                sent,
            )
        for one in found:
            if one.request.spends != request.spends and sent.repeats(one.sent):
                return stop(
                    ONCE,
                    f"exchange {len(found) + 1} ({request.purpose}) and the {one.request.purpose} "
                    f"before it are the same {sent.method} {sent.target}: the vendor would charge "
                    "for both",
                    sent,
                )
        if request.purpose == until:
            return Flow(exchanges=tuple(found), last=job, pending=sent)
        try:
            response = _answer(request, sent, script, job)
        except Exception as error:
            return stop(READ, f"`answers` for the purpose {request.purpose} {_raised(error)}", sent)
        if response is None:
            return stop(READ, f"`answers` holds no answer for the purpose {request.purpose}", sent)
        own = isinstance(request, HttpRequest) and not request.url.startswith("http")
        if is_error(hooks.manifest, response, own_api=own):
            said = "the manifest takes the recorded answer to"
            return stop(READ, f"{said} {sent.method} {sent.target} for an error", sent)
        if request.spends:
            job = evolve(job, status="accepted", sent_at=SENT_AT)
        try:
            raw = hooks.call("parse_response", job=copied(job), response=evolve(response))
        except Exception as error:
            return stop(_reader(error) or READ, f"parse_response {_raised(error)}", sent)
        if trouble := _state_trouble(raw):
            return stop(STATE, trouble, sent)
        try:
            step = values.step(raw)
        except values.BadValue as bad:
            return stop(READ, f"parse_response returned {bad}", sent)
        found.append(Exchange(job=job, request=request, sent=sent, response=response, step=step))
        job = _after(job, step)
        if isinstance(step, Done):
            return Flow(exchanges=tuple(found), last=job, done=step)
    return stop(READ, f"{most} exchanges with the recorded answers led to no picture")


def _answer(
    request: HttpRequest | LocalRequest, sent: Sent, script: Script, job: Job
) -> HttpResponse | None:
    if isinstance(request, LocalRequest) and "submit" not in script:
        return run_here(request, job)
    answering = script.next(request.purpose)
    if answering is None:
        return None
    return to_response(script.resolve(answering, sent.received()), request.purpose)


def run_here(request: LocalRequest, job: Job) -> HttpResponse:
    """Call a local function in this process, as the core's worker would in a child."""
    pictures = {image.sha256: image for image in job.request.pictures}

    def plain(value: Any) -> Any:
        if isinstance(value, ImageSource):
            path = place / f"{value.sha256}.{value.extension}"
            path.write_bytes(pictures.get(value.sha256, value).read())
            return str(path)
        if isinstance(value, Mapping):
            return {name: plain(item) for name, item in value.items()}
        if isinstance(value, list | tuple):
            return [plain(item) for item in value]
        return value

    import json
    from importlib import import_module

    module, _, name = request.function.partition(":")
    with tempfile.TemporaryDirectory(prefix="imgedit-kit-") as folder:
        place = Path(folder)
        arguments = plain(request.arguments)
        (place / "out").mkdir()
        value = getattr(import_module(module), name)(**arguments, to=place / "out")
        files = sorted((place / "out").iterdir(), key=lambda path: path.name)
        made = [ImageSource.of(path.read_bytes()) for path in files]
    return HttpResponse(
        status=200, body=json.dumps(value).encode(), pictures=made, purpose="submit"
    )


def _state_trouble(raw: Any) -> str | None:
    """What is wrong with a state, None when nothing is (or there is none)."""
    for name in ("state", "refresh"):
        state = getattr(raw, name, None)
        if state is not None:
            try:
                values.state(state, name)
            except values.BadValue as bad:
                return f"parse_response returned {bad}"
    return None


def _after(job: Job, step: Step) -> Job:
    job = evolve(job, facts=job.facts.merged(step.facts), exchanges=job.exchanges + 1)
    if isinstance(step, Done):
        return evolve(job, done=step, status="done")
    waited = isinstance(step, Wait)
    return evolve(job, state=step.state, waits=job.waits + 1 if waited else job.waits)


def _reader(error: Exception) -> str | None:
    """The test for hooks that read pictures, when that is what this error says."""
    read = isinstance(error, PluginError) and "a hook read a picture" in error.message
    return PURE if read else None


def _raised(error: Exception) -> str:
    return f"raised {type(error).__name__}: {error}"
