"""Standard tests of how hooks behave: pure, deterministic, and careful with what they are given."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

from attrs import evolve

from ...contract.exchange import HttpRequest, HttpResponse, LocalRequest
from ...contract.image import ImageSource
from ...contract.job import Job
from ...engine.record import JobRecord
from ...engine.store import dumps
from ...errors import PluginError
from .encode import encode
from .load_tests import LOADS
from .play import PURE, SENT_AT
from .purity import Impure, Watch
from .standard import standard
from .subject import JOB_ID

if TYPE_CHECKING:
    from .subject import Subject

ARGUMENTS = "test_hooks_leave_their_arguments_alone"
STEADY = "test_hooks_answer_the_same_twice"


class HookTests:
    """Hooks are functions of their arguments."""

    level: int

    @standard(needs=[LOADS])
    def test_hooks_are_pure(self, subject: Subject) -> None:
        """No hook reaches for a file, a socket, the clock, the environment or randomness.

        They are stopped when they try, along the good request, its errors and its lists.

        If this fails: take what the line needs from the job or the answer. Put pictures into a
        body instead of reading them; for a number that differs per edit use `job.id`.
        """
        trouble = subject.flow.trouble
        if trouble is not None and trouble.test == PURE:
            raise AssertionError(trouble.said)
        watch = Watch(subject.hooks.module, subject.hooks.own.values())
        for call in subject.calls():
            arguments = call.arguments()
            # What it reached for is noted; what else it raises has tests of its own.
            with contextlib.suppress(Exception, Impure), watch.watching():
                subject.hooks.call(call.hook, **arguments)
            assert watch.found is None, f"{call} {watch.found}"

    @standard(needs=[LOADS, PURE])
    def test_hooks_answer_the_same_twice(self, subject: Subject) -> None:
        """Called twice with equal arguments, a hook gives equal answers.

        If this fails: something is kept between calls, in a module or on a function. A job's
        state is the only memory that is there after a crash.
        """
        for call in subject.calls():
            first, second = (_outcome(subject, call) for _ in range(2))
            assert first == second, f"{call} first gives\n{first}\nand then\n{second}"

    @standard(needs=[LOADS])
    def test_hooks_leave_their_arguments_alone(self, subject: Subject) -> None:
        """No hook changes the job, the request, the model or the answer in place.

        If this fails: make a new value, `{**job.state, "id": ...}`, and copy what you take out of
        an answer before you change it.
        """
        for call in subject.calls():
            arguments = call.arguments()
            before = {name: _text(value) for name, value in arguments.items()}
            with contextlib.suppress(Exception):  # another test's matter
                subject.hooks.call(call.hook, **arguments)
            for name, value in arguments.items():
                assert _text(value) == before[name], f"{call} changes `{name}` in place"


def _outcome(subject: Subject, call: Any) -> Any:
    try:
        return comparable(subject.hooks.call(call.hook, **call.arguments()))
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def comparable(value: Any) -> Any:
    """What a hook gave back in a form that can be compared and shown."""
    if isinstance(value, HttpRequest | LocalRequest):
        try:
            return encode(value).whole()
        except PluginError as error:
            return error.message
    if isinstance(value, Exception):
        charged = getattr(value, "charged", None)
        return f"{type(value).__name__}: {value} ({charged})"
    return value


def _text(value: Any) -> str:
    if isinstance(value, Job):
        record = JobRecord(
            job=value, distribution="", version="", created_at=SENT_AT, updated_at=SENT_AT
        )
        return dumps(record)
    if isinstance(value, HttpResponse):
        try:
            return json.dumps(value.json(), default=str) + repr(value.headers)
        except ValueError:
            return repr(evolve(value))
    if hasattr(value, "limits"):
        image = ImageSource(url="https://acme.example/")
        from ...contract.request import EditRequest

        request = EditRequest(image=image, prompt="")
        return _text(Job(id=JOB_ID, provider="", request=request, model=value))
    if hasattr(value, "options"):
        return json.dumps(dict(value.options), default=str)
    return repr(value)
