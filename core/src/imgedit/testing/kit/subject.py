"""The provider under test: loaded as the core loads it, with what its author says of it."""

from __future__ import annotations

import contextlib
import inspect
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from attrs import evolve

from ...contract.exchange import HttpResponse
from ...contract.image import ImageSource
from ...contract.job import Job
from ...contract.model import Model
from ...contract.request import EditRequest
from ...discovery import registry
from ...errors import ImgEditError, PluginError, ValidationError
from ...manifest import Manifest, key_names
from ..pictures import png
from .answers import Script, to_answer, to_response
from .hooks import Call, Hooks, fresh_copy
from .play import SENT_AT, Flow, copied, play

CANARY = "canary-key-0b5e55ed"
JOB_ID = "01JKKKKKKKKKKKKKKKKKKKKKKK"
_PROMPT = "make it warmer"


class Subject:
    """One provider, and the tests' knowledge of it.

    Args:
        tests: an instance of the author's class, see `ProviderTests` for its attributes.
    """

    def __init__(self, tests: Any) -> None:
        self.tests = tests
        self.name: str = tests.provider
        self.verdicts: dict[str, bool] = {}
        self.held: set[str] = set()  # tests that need not be run again, on their own or as a need

    @contextmanager
    def in_place(self) -> Iterator[Subject]:
        """While this holds, the environment has a canary for every key that the manifest names."""
        try:
            names = [name for part in key_names(self.manifest).values() for name in part]
        except PluginError:
            names = []
        before = {name: os.environ.get(name) for name in names}
        os.environ.update(dict.fromkeys(names, CANARY))
        try:
            yield self
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value

    # -- what is loaded

    @property
    def manifest(self) -> Manifest:
        """Its manifest.

        Raises:
            PluginError: it is not installed, or its manifest cannot be read.
        """
        return registry().manifest(self.name)

    @cached_property
    def module(self) -> Any:
        """Its package, imported.

        Raises:
            PluginError: it does not load.
        """
        known = registry()
        known.provider(self.name)
        return known._entry(self.name).load()

    @cached_property
    def hooks(self) -> Hooks:
        """Its hooks, of a copy that was imported with the canary in the environment."""
        return self.fresh_hooks()

    def fresh_hooks(self, manifest: Manifest | None = None) -> Hooks:
        """Its hooks as another process has them, perhaps with another manifest."""
        return Hooks(fresh_copy(self.module), manifest or self.manifest, self.name)

    # -- what the author says

    @cached_property
    def folder(self) -> Path | None:
        """Where the recorded answers are that stand in files."""
        data = getattr(self.tests, "data", None)
        if data is not None:
            return Path(data)
        for cls in type(self.tests).__mro__:
            try:
                folder = Path(inspect.getfile(cls)).parent / "data"
            except (TypeError, OSError):
                continue
            if folder.is_dir():
                return folder
        return None

    @property
    def script(self) -> Script:
        """The recorded answers, from their beginning."""
        return Script(self.tests.answers, self.folder)

    @cached_property
    def request(self) -> EditRequest:
        """The author's good request."""
        fields = dict(self.tests.request)
        image = ImageSource.of(fields.pop("image", None) or png(512, 384))
        prompt = fields.pop("prompt", None) or next(iter(self.tests.prompts), _PROMPT)
        if fields.get("mask") is not None:
            fields["mask"] = ImageSource.of(fields["mask"])
        request = EditRequest(image=image, prompt=prompt, **fields)
        return evolve(request, model=self.model_of(request.model).id)

    def model_of(self, name: str | None) -> Model:
        """The model that a name leads to; without a default the first one."""
        try:
            return self.manifest.pick(name).model
        except ValidationError:
            if name is None:
                return self.manifest.models[0]
            raise

    def job(self, request: EditRequest | None = None, **facts: Any) -> Job:
        """A planned job."""
        request = request or self.request
        model = self.model_of(request.model)
        return Job(id=JOB_ID, provider=self.name, request=request, model=model, **facts)

    @property
    def bare(self) -> bool:
        """Whether the author recorded nothing, and the provider needs that."""
        return not self.tests.answers and not self.manifest.local

    @property
    def described(self) -> bool:
        """Whether an author said anything of it."""
        tests = self.tests
        return any((tests.request, tests.answers, tests.prompts, tests.errors, tests.sends))

    @cached_property
    def flow(self) -> Flow:
        """The good request with the recorded answers."""
        return play(self.hooks, self.job(), self.script)

    # -- where it can stand

    def sent_job(self) -> Job:
        """The good request when its submit has left and nothing came back."""
        for exchange in self.flow.of("submit"):
            return evolve(exchange.job, status="sent", sent_at=SENT_AT)
        return self.job(status="sent", sent_at=SENT_AT)

    def job_at(self, purpose: str) -> Job:
        """The good request when an exchange of this purpose is to be answered."""
        if purpose == "submit":
            return self.sent_job()
        for exchange in self.flow.of(purpose):
            return exchange.job
        return self.job(status="accepted" if purpose == "poll" else "planned")

    def recorded(self, purpose: str) -> HttpResponse | None:
        """The first recorded answer of a purpose that depends on no request."""
        answering = self.script.next(purpose)
        if answering is None or callable(answering):
            return None
        return to_response(answering, purpose)  # type: ignore[arg-type]  # the author's own word

    def errors(self) -> list[tuple[Any, HttpResponse]]:
        """What the author says of the vendor's errors, with each answer."""
        return [
            (case, to_response(to_answer(case.answer, self.folder), case.purpose))
            for case in self.tests.errors
        ]

    def calls(self) -> list[Call]:
        """Every call of a hook that the good request, its errors and its lists make."""
        request = self.request
        found = [
            Call(hook, "", lambda: _parts(self.job(request))) for hook in ("validate", "price")
        ]
        for number, exchange in enumerate(self.flow.exchanges, 1):
            when = f"for exchange {number} ({exchange.request.purpose})"
            before = exchange.job
            if exchange.request.spends:
                before = evolve(before, status="planned", sent_at=None)
            found.append(Call("build_request", when, _job(before)))
            found.append(Call("parse_response", when, _answered(exchange.job, exchange.response)))
        for case, response in self.errors():
            when = f"for the {response.status} that means {case.name}"
            found.append(Call("map_error", when, _answered(self.job_at(case.purpose), response)))
        sent = self.sent_job()
        found.append(Call("reconcile", "without an answer", _answered(sent, None)))
        for exchange in self.flow.of("submit"):
            headers = HttpResponse(
                status=exchange.response.status, headers=exchange.response.headers
            )
            found.append(Call("reconcile", "with headers only", _answered(sent, headers)))
        found += self._settling(sent)
        found.append(Call("list_models", "", dict))
        if (models := self.recorded("models")) is not None:
            found.append(Call("parse_models", "", lambda: {"response": evolve(models)}))
        return [call for call in found if call.hook in self.hooks.own]

    def aside(self) -> Iterator[tuple[Flow, Script]]:
        """What may follow beside the flow: settling a lost submit, and fresh URLs."""
        heads = (_head(one.response) for one in self.flow.of("submit"))
        for response in (None, *heads) if "reconcile" in self.hooks.own else ():
            with contextlib.suppress(Exception):  # the tests of reconcile say so
                sent = self.sent_job()
                step = self.hooks.call("reconcile", job=copied(sent), response=response)
                job = evolve(sent, state=step.state, status="unknown")
                yield play(self.hooks, job, self.script), self.script
        done = self.flow.done
        if done is not None and done.refresh is not None:
            job = evolve(self.flow.last, state=done.refresh)
            ends = self.script.ends()
            yield play(self.hooks, job, ends), ends.again()

    def _settling(self, sent: Job) -> Iterator[Call]:
        """The calls that find out what became of a submit whose answer was lost."""
        answer = self.recorded("settle")
        if answer is None or "reconcile" not in self.hooks.own:
            return
        try:
            found = self.hooks.call("reconcile", job=copied(sent), response=None)
            job = evolve(sent, state=found.state, status="unknown")
        except Exception:
            return  # the tests of reconcile say so
        yield Call("build_request", "to settle", _job(job))
        yield Call("parse_response", "for what settles", _answered(job, answer))


def _head(response: HttpResponse) -> HttpResponse:
    return HttpResponse(status=response.status, headers=response.headers)


def _parts(job: Job) -> dict[str, Any]:
    fresh = copied(job)
    return {"request": fresh.request, "model": fresh.model}


def _job(job: Job) -> Any:
    return lambda: {"job": copied(job)}


def _answered(job: Job, response: HttpResponse | None) -> Any:
    return lambda: {
        "job": copied(job),
        "response": None if response is None else evolve(response),
    }


def said(error: BaseException) -> str:
    """An exception in one line."""
    text = error.message if isinstance(error, ImgEditError) else str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
