"""A stand-in for the vendor on loopback that plays the recorded answers, and real edits on it."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from attrs import evolve, frozen

from ...client import Client
from ...contract.exchange import HttpRequest, LocalRequest
from ...contract.outcome import Output
from ...discovery import registry
from ...engine.record import JobRecord
from ...errors import ImgEditError
from ...journal import SqliteJournal
from ...result import EditResult
from ..faults import FaultServer
from ..server import Answer, Received
from ..waits import instant_waits
from .answers import PICTURE, Script, is_json

if TYPE_CHECKING:
    from .play import Exchange
    from .subject import Subject

SECONDS: Final = 20.0
"""The deadline of an edit, and of an exchange; `timeout` is that of the submit."""


class Crash(BaseException):
    """The power fails."""


class CrashingJournal(SqliteJournal):
    """A journal after whose n-th commit the process is gone."""

    def __init__(self, path: Path, at: int) -> None:
        super().__init__(path)
        self.left = at
        self.sizes: list[int] = []

    def save(self, record: JobRecord, **keywords: Any) -> None:
        """Store, then perhaps crash."""
        super().save(record, **keywords)
        self.sizes.append(len(json.dumps(dict(record.job.state))))
        self.left -= 1
        if self.left == 0:
            raise Crash


@frozen(kw_only=True)
class Outcome:
    """How an edit went: its result or its error, or that it crashed; and how long it waited."""

    crashed: bool = False
    result: EditResult | None = None
    error: ImgEditError | None = None
    waits: tuple[float, ...] = ()

    def __str__(self) -> str:
        if self.error is not None:
            return f"{type(self.error).__name__} ({self.error})"
        return f"{len(self.result.images) if self.result else 0} pictures"


class Stand:
    """The vendor on loopback, scripted with the good request's recorded answers.

    Attributes:
        server: counts what arrives. submit, results: routes of the submit and of the pictures
            that are downloaded, (method, path). shared: whether anything else goes to that of the
            submit.
        journal: the file of a journal that every edit of this stand shares.
        state_sizes: how long the job's state was at each commit of the last edit.
    """

    def __init__(self, subject: Subject, server: FaultServer, folder: Path) -> None:
        self.subject = subject
        self.server = server
        self.folder = folder
        self.journal = folder / "jobs.sqlite3"
        self.submit: tuple[str, str] = ("", "")
        self.shared = False
        self.polls: list[tuple[str, str]] = []
        self.results: list[tuple[str, str]] = []
        base = urlsplit(subject.manifest.base_url or "").path.rstrip("/")
        self._base = base
        self._places: dict[str, str] = {}
        self.state_sizes: list[int] = []
        self._script()

    # -- what the server answers

    def _script(self) -> None:
        flow = self.subject.flow
        done = flow.done
        assert done is not None  # the tests that come here need it
        outputs = [one for one in _outputs(done.images) if one.url is not None]
        absolute = [one.url for one in flow.requests if one.url.startswith("http")]
        for url in (*absolute, *(one.url or "" for one in outputs)):
            self._place(url)
        answers: dict[tuple[str, str], list[Any]] = {}
        others: set[tuple[str, str]] = set()
        for other, script in ((flow, self.subject.script), *self.subject.aside()):
            new: dict[tuple[str, str], list[Any]] = {}
            for exchange in other.exchanges:
                if isinstance(exchange.request, LocalRequest):
                    continue
                route = exchange.request.method, self._path_of(exchange.request)
                new.setdefault(route, []).append(self._answer(exchange, script, outputs))
                if exchange.request.spends:
                    self.submit = route
                    continue
                others.add(route)
                if exchange.request.purpose == "poll" and route not in self.polls:
                    self.polls.append(route)
            answers = {**new, **answers}
        self.shared = self.submit in others
        for output in outputs:
            route = "GET", self._moved_path(output.url or "")
            self.results.append(route)
            answers[route] = [Answer.picture(PICTURE)]
        for (method, path), several in answers.items():
            self.server.on(method, path, *several)

    def _place(self, url: str) -> None:
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        if parts.netloc:
            self._places.setdefault(origin, f"/-/place{len(self._places)}")

    def _path_of(self, request: HttpRequest) -> str:
        """Where a request arrives."""
        if request.url.startswith("http"):
            return self._moved_path(request.url)
        name = request.host
        if name is None:
            return self._base + request.url
        return f"/-/{name}{request.url.partition(':')[2]}"

    def _moved_path(self, url: str) -> str:
        from urllib.parse import unquote

        return unquote(urlsplit(self.moved(url)).path)

    def moved(self, text: str) -> str:
        """A text in which the vendor's addresses lead to this server."""
        for origin, path in self._places.items():
            text = text.replace(origin, self.server.url + path)
        return text

    def _answer(self, exchange: Exchange, script: Script, outputs: list[Output]) -> Any:
        answering = script.next(exchange.request.purpose)
        if answering is None:
            return Answer()
        if isinstance(answering, Answer):
            return self._here(answering, outputs)

        def answer(received: Received) -> Answer:
            return self._here(script.resolve(answering, received), outputs)

        return answer

    def _here(self, answer: Answer, outputs: list[Output]) -> Answer:
        """A recorded answer that leads to this server, with the hash of its picture."""
        headers: dict[str, Any] = {}
        for name, value in answer.headers.items():
            several = [value] if isinstance(value, str) else list(value)
            headers[name] = [self.moved(one) for one in several]
        body = answer.body
        if is_json(answer):
            text = json.dumps(_replaced(json.loads(body), outputs))
            body = self.moved(text).encode()
        return evolve(answer, headers=headers, body=body)

    def slow(self, polls: int) -> None:
        """Let the job take so many polls: the recorded one that waits is repeated."""
        script = self.subject.script
        waiting = script.next("poll")
        if isinstance(waiting, Answer):
            self.server.next(*self.polls[0], *[self._here(waiting, [])] * polls)

    # -- edits

    def edit(self, *, timeout: float = SECONDS, crash: int = 0, name: str = "out") -> Outcome:
        """The good request through the engine, over HTTP."""
        request = self.subject.request
        fields = {
            name: getattr(request, name)
            for name in (
                "model", "n", "aspect_ratio", "resolution", "quality", "output_format", "mask",
                "references", "seed", "options",
            )
        }  # fmt: skip

        async def work(client: Client) -> EditResult:
            return await client.edit(
                request.image,
                request.prompt,
                provider=self.subject.name,
                out=self.folder / f"{name}.png",
                deadline=SECONDS,
                overwrite=True,
                **fields,
            )

        return self._run(work, timeout, crash)

    def resume(self, job_id: str, *, timeout: float = SECONDS) -> Outcome:
        """Go on with a job of the journal, with the plugin as a new process has it."""

        async def work(client: Client) -> EditResult:
            return await client.resume(job_id, deadline=SECONDS)

        return self._run(work, timeout, 0)

    def left_over(self) -> list[JobRecord]:
        """The jobs in the journal that can go on."""
        journal = SqliteJournal(self.journal)
        try:
            return list(journal.unfinished())
        finally:
            journal.close()

    def _run(self, work: Any, timeout: float, crash: int) -> Outcome:
        async def main() -> EditResult:
            journal = CrashingJournal(self.journal, crash)
            self.state_sizes = journal.sizes
            async with Client(journal=journal) as client:
                result: EditResult = await work(client)
                return result

        with self._registered(timeout), instant_waits() as waits:
            try:
                return Outcome(result=asyncio.run(main()), waits=tuple(waits))
            except Crash:
                return Outcome(crashed=True, waits=tuple(waits))
            except ImgEditError as error:
                return Outcome(error=error, waits=tuple(waits))

    @contextmanager
    def _registered(self, timeout: float) -> Iterator[None]:
        """The plugin, imported anew, with a manifest that leads here."""
        from .hooks import fresh_copy

        known = registry()
        before = dict(known._entries)
        known.register(self.subject.name, fresh_copy(self.subject.module), self._manifest(timeout))
        try:
            yield
        finally:
            known._entries.clear()
            known._entries.update(before)

    def _manifest(self, timeout: float) -> dict[str, Any]:
        raw: Mapping[str, Any] = self.subject.manifest.raw
        purposes = ("prepare", "upload", "poll", "settle", "download")
        changes: dict[str, Any] = {
            "timeouts": {**dict.fromkeys(purposes, SECONDS), "submit": timeout},
            "hosts": {name: f"{self.server.url}/-/{name}" for name in raw.get("hosts") or {}},
        }
        if raw.get("base_url") is not None:
            changes["base_url"] = self.server.url + self._base
        return {**raw, **changes}


@contextmanager
def standing(subject: Subject) -> Iterator[Stand]:
    """A stand for one test; the environment knows nothing of the user's own settings."""
    kept = {name: value for name, value in os.environ.items() if name.startswith("IMGEDIT_")}
    for name in kept:
        del os.environ[name]
    try:
        with tempfile.TemporaryDirectory(prefix="imgedit-kit-") as folder:
            os.environ["IMGEDIT_HOME"] = folder
            with FaultServer() as server:
                yield Stand(subject, server, Path(folder))
    finally:
        os.environ.pop("IMGEDIT_HOME", None)
        os.environ.update(kept)


def _outputs(outputs: Any) -> Iterator[Output]:
    for output in outputs:
        yield output
        yield from _outputs(output.variants.values())


def _replaced(value: Any, outputs: list[Output]) -> Any:
    """An answer in which announced hashes and sizes are those of the picture that will come."""
    hashes = {one.sha256.lower() for one in outputs if one.sha256}
    sizes = {one.size for one in outputs if one.size}
    if isinstance(value, dict):
        return {name: _replaced(item, outputs) for name, item in value.items()}
    if isinstance(value, list):
        return [_replaced(item, outputs) for item in value]
    if isinstance(value, str) and value.lower() in hashes:
        return hashlib.sha256(PICTURE).hexdigest()
    if type(value) is int and value > 1000 and value in sizes:
        return len(PICTURE)
    return value
