"""Standard tests of one edit from the request to its pictures, with the recorded answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from attrs import evolve

from ...contract.exchange import HttpRequest, HttpResponse, LocalRequest
from ...contract.job import Job
from ...contract.outcome import Next, Step, Wait
from ...discovery import values
from ...manifest.poll import deadline_seconds
from .encode import encode
from .hook_tests import ARGUMENTS, STEADY
from .load_tests import LOADS
from .play import BUILT, FLOW, ONCE, PURE, READ, STATE
from .standard import skip, standard
from .subject import CANARY, said

if TYPE_CHECKING:
    from .play import Exchange
    from .subject import Subject

TAKEN = "test_a_good_request_is_taken"
NOT_AGAIN = "test_a_failed_job_is_not_sent_again"
BODIES = "test_bodies_are_as_the_vendor_documents_them"
RESUMES = "test_the_flow_resumes_from_every_state"
WAITS = "test_waits_make_sense"
WHOLE = (*FLOW, PURE, ARGUMENTS, STEADY)
"""What holds when an edit can be driven by the engine."""


class FlowTests:
    """The good request goes through, and could be cut off anywhere."""

    level: int

    @standard(needs=[LOADS])
    def test_a_good_request_is_taken(self, subject: Subject) -> None:
        """The author's good request has no problem, and a price or a reason for none.

        If this fails: the request does not fit the manifest's limits, or `validate` refuses it.
        Correct whichever of the two is wrong; a good request is what the vendor's page shows.
        """
        request = subject.request
        model = subject.model_of(request.model)
        checked = subject.hooks.provider.validate(request, model)
        assert not checked.problems, "; ".join(map(str, checked.problems))
        quote = subject.hooks.provider.price(request, model)
        assert quote.amount is not None or quote.reason, "an unknown price needs its reason"

    @standard(needs=[LOADS, TAKEN])
    def test_a_good_request_is_built(self, subject: Subject) -> None:
        """`build_request` gives a request that can be sent, at every step.

        If this fails: the hook raised, or its value holds what cannot travel (see docs/hooks.md).
        """
        _no_trouble(subject, BUILT)

    @standard(needs=[LOADS, BUILT])
    def test_a_job_submits_once(self, subject: Subject) -> None:
        """Exactly one exchange of an edit has the purpose "submit": the one that spends.

        If this fails: mark as "submit" what makes the vendor charge, and nothing else; what asks
        after the job is "poll", what brings a picture there "upload", what prepares it "prepare".
        """
        _no_trouble(subject, ONCE)
        flow = subject.flow
        if flow.done is None:
            skip("the recorded answers do not reach the end")
        count = len(flow.of("submit"))
        assert count == 1, f"{count} exchanges have the purpose submit, one should"

    @standard(needs=[LOADS, BUILT])
    def test_every_state_survives_json(self, subject: Subject) -> None:
        """What a hook puts into a state comes back from a journal as it was.

        If this fails: a state holds texts, numbers, true, false, null, lists and objects with
        texts for names. Write a date as text, an amount as text.
        """
        _no_trouble(subject, STATE)
        for exchange in subject.flow.exchanges:
            state = getattr(exchange.step, "state", None)
            if state is not None:
                assert CANARY not in json.dumps(values.state(state)), "a state holds the key"

    @standard(needs=[LOADS, BUILT, ONCE, STATE])
    def test_recorded_answers_lead_to_the_pictures(self, subject: Subject) -> None:
        """The vendor's recorded answers are understood, and lead to as many pictures as came.

        If this fails: `answers` has an answer for each purpose, in the vendor's own words, and
        `parse_response` must find in it what it needs. `pictures` says how many there are.
        """
        if subject.bare:
            skip("no answers are recorded: give `answers`")
        _no_trouble(subject, READ)
        done = whole(subject).done
        wanted = subject.tests.pictures or subject.request.n
        count = len(done.images)
        assert count == wanted, f"{wanted} pictures were recorded and {count} came out"
        urls = [output.url for output in done.images if output.url is not None]
        assert len(set(urls)) == len(urls), "two pictures of the result have the same address"
        for url in urls:
            assert url.startswith(("https://", "http://")), f"{url!r} is no address of a picture"

    @standard(needs=[LOADS, BUILT, PURE, STEADY])
    def test_bodies_are_as_the_vendor_documents_them(self, subject: Subject) -> None:
        """What the good request sends is what the vendor's own example sends (`sends`).

        If this fails: a name, a value or the form of a picture (bare base64, data URI, file,
        handle) differs from the vendor's page. Names and values belong into `wire`.
        """
        wanted = subject.tests.sends
        if not wanted:
            skip("no body is given to compare with: see `sends`")
        seen = {one.request.purpose: one for one in reversed(subject.flow.exchanges)}
        for purpose, body in wanted.items():
            exchange = seen.get(purpose)
            if exchange is None and subject.flow.trouble is not None:
                skip(f"{subject.flow.trouble.test} does not hold, see there")
            assert exchange is not None, f"nothing is sent with the purpose {purpose}"
            sent = _body(exchange)
            expected = _with_pictures(body, subject)
            assert sent == expected, (
                f"the {purpose} sends\n{json.dumps(sent, indent=1)}\n"
                f"and the vendor documents\n{json.dumps(expected, indent=1)}"
            )

    @standard(needs=[LOADS, *WHOLE])
    def test_the_flow_resumes_from_every_state(self, subject: Subject) -> None:
        """Another process that has only the job asks for the same, and reaches the same end.

        If this fails: something that a later step needs was kept outside of `state` (in a module,
        on a function), where a crash loses it.
        """
        flow = whole(subject)
        for number, exchange in enumerate(flow.exchanges, 1):
            hooks = subject.fresh_hooks()
            job = exchange.job
            if exchange.request.spends:
                job = evolve(job, status="planned", sent_at=None)
            try:
                request = encode(hooks.call("build_request", job=job))
                assert request.whole() == exchange.sent.whole(), "it asks for something else"
                step = hooks.call(
                    "parse_response", job=exchange.job, response=evolve(exchange.response)
                )
                assert values.step(step) == exchange.step, "the same answer leads elsewhere"
            except Exception as error:
                raise AssertionError(
                    f"cut off before exchange {number} ({exchange.request.purpose}) and resumed "
                    f"elsewhere: {said(error)}"
                ) from None

    @standard(needs=[LOADS, *WHOLE])
    def test_a_failed_job_is_not_sent_again(self, subject: Subject) -> None:
        """When the vendor says that the job failed, the edit ends: it is never begun again.

        If this fails: raise a ProviderError (or let the manifest's error table do it) instead of
        going back to a state from which the edit is sent once more.
        """
        tried = 0
        for case, response in subject.errors():
            if case.purpose == "submit" or response.status >= 400:
                continue
            tried += 1
            job = subject.job_at(case.purpose)
            step = read(subject, job, response)
            if isinstance(step, Next | Wait):
                again = subject.hooks.call("build_request", job=evolve(job, state=step.state))
                assert not sends_again(subject, again), (
                    f"after a {case.purpose} that means {case.name} the edit is sent again"
                )
        if not tried:
            skip("no failed job is recorded: see `errors`")

    @standard(needs=[LOADS, *WHOLE])
    def test_waits_make_sense(self, subject: Subject) -> None:
        """Waits are seconds within the deadline, progress is a share between 0 and 1.

        If this fails: the vendor tells milliseconds or per cent; divide.
        """
        deadline = deadline_seconds(subject.manifest)
        for exchange in whole(subject).exchanges:
            raw = subject.hooks.call(
                "parse_response", job=exchange.job, response=evolve(exchange.response)
            )
            if isinstance(raw, Wait):
                assert raw.seconds is None or raw.seconds <= deadline, (
                    f"it waits {raw.seconds} seconds, the deadline is {deadline:g}"
                )
                assert raw.progress is None or 0 <= raw.progress <= 1, (
                    f"progress is {raw.progress}, a share is at most 1"
                )


def texts(value: Any) -> Iterator[str]:
    """Every text inside of a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from texts(item)


def read(subject: Subject, job: Job, response: HttpResponse) -> Step | None:
    """What an answer leads to; None when the hook refuses to read it."""
    try:
        return values.step(subject.hooks.call("parse_response", job=job, response=response))
    except Exception:
        return None


def sends_again(subject: Subject, request: HttpRequest | LocalRequest) -> bool:
    """Whether a request sends the edit once more, whatever it says of its purpose."""
    submits = subject.flow.of("submit")
    return request.spends or any(encode(request).repeats(one.sent) for one in submits)


def _no_trouble(subject: Subject, test: str) -> None:
    trouble = subject.flow.trouble
    if trouble is not None and trouble.test == test:
        raise AssertionError(trouble.said)


def whole(subject: Subject) -> Any:
    """The flow to its end; skips where the recorded answers do not lead there."""
    if subject.flow.done is None:
        skip("the recorded answers do not reach the end")
    return subject.flow


def _body(exchange: Exchange) -> Any:
    body = exchange.sent.body
    try:
        return json.loads(body)
    except ValueError:
        form: dict[str, Any] = {}
        for part in exchange.sent.received().parts():
            name = part.name
            value = f"<file {part.text}>" if part.filename is not None else part.text
            form[name] = value if name not in form else [form[name], value]
        return form


def _with_pictures(value: Any, subject: Subject) -> Any:
    """An author's example with {image}, {mask} and {reference} as they stand in our bytes."""
    if isinstance(value, dict):
        return {name: _with_pictures(item, subject) for name, item in value.items()}
    if isinstance(value, list):
        return [_with_pictures(item, subject) for item in value]
    if isinstance(value, str):
        request = subject.request
        pictures = {"image": request.image}
        if request.mask is not None:
            pictures["mask"] = request.mask
        if request.references:
            pictures["reference"] = request.references[0].image
        for name, image in pictures.items():
            value = value.replace(f"{{{name}}}", f"<{image.url or image.sha256}>")
    return value
