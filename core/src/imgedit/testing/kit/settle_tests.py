"""Standard tests of what happens beside the flow: a submit that was lost, URLs that have ended."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from attrs import evolve

from ...contract.exchange import HttpResponse
from ...contract.outcome import Done
from ...discovery import values
from .flow_tests import WHOLE, read, sends_again, texts, whole
from .load_tests import LOADS
from .standard import skip, standard
from .subject import said

if TYPE_CHECKING:
    from .subject import Subject

SETTLED = "test_a_lost_submit_is_settled_for_free"
REFRESH = "test_a_refresh_is_free"


class SettleTests:
    """What follows when an answer or a result is lost spends nothing."""

    level: int

    @standard(needs=[LOADS, *WHOLE])
    def test_a_lost_submit_is_settled_for_free(self, subject: Subject) -> None:
        """`reconcile` leads to exchanges that spend nothing, and never raises.

        If this fails: return `Next` with a state in which `build_request` asks after the job, or
        None when the vendor has no way to ask.
        """
        if "reconcile" not in subject.hooks.own:
            skip("it has no reconcile")
        for response in _what_arrived(subject):
            job = subject.sent_job()
            try:
                found = values.lookup(subject.hooks.call("reconcile", job=job, response=response))
            except values.BadValue as bad:
                raise AssertionError(f"reconcile returned {bad}") from None
            except Exception as error:
                raise AssertionError(f"reconcile raised {said(error)}") from None
            if found is None:
                continue
            job = evolve(job, state=found.state, status="unknown")
            request = subject.hooks.call("build_request", job=job)
            again = sends_again(subject, request)
            assert not again, "the state of reconcile leads to another submit"

    @standard(needs=[LOADS, *WHOLE, SETTLED])
    def test_settling_takes_no_other_job(self, subject: Subject) -> None:
        """A job that is known to be another one (`job.taken`) is never taken for this one.

        If this fails: leave out what is in `job.taken` before you decide which job it is; when
        none or several are left, raise OutcomeUnknown.
        """
        answer = subject.recorded("settle")
        if "reconcile" not in subject.hooks.own or answer is None:
            skip("no answer with the purpose settle is recorded")
        found = subject.hooks.call("reconcile", job=subject.sent_job(), response=None)
        if found is None:
            skip("without an answer it cannot be settled")
        ids = frozenset(texts(answer.json()))
        job = evolve(subject.sent_job(), state=found.state, status="unknown", taken=ids)
        step = read(subject, job, evolve(answer))
        if step is None:
            return
        assert not isinstance(step, Done), "all jobs of the answer belong to others, and it is done"
        claimed = {*texts(getattr(step, "state", None)), *step.facts.vendor_ids.values()}
        mine = sorted(claimed & ids - set(texts(found.state)))
        assert not mine, f"all jobs of the answer belong to others, and it takes {mine}"

    @standard(needs=[LOADS, *WHOLE])
    def test_a_refresh_is_free(self, subject: Subject) -> None:
        """The state that gives fresh URLs (`Done.refresh`) leads to no submit.

        If this fails: a refresh asks for the finished job again; where the vendor has no such
        question, leave `refresh` out.
        """
        flow = whole(subject)
        assert flow.done is not None
        if flow.done.refresh is None:
            skip("it offers no refresh")
        job = evolve(flow.last, state=flow.done.refresh)
        request = subject.hooks.call("build_request", job=job)
        assert not sends_again(subject, request), "the state of the refresh leads to a submit"


def _what_arrived(subject: Subject) -> Iterator[HttpResponse | None]:
    yield None
    for exchange in subject.flow.of("submit"):
        answer = exchange.response
        yield HttpResponse(status=answer.status, headers=answer.headers)
        yield HttpResponse(status=502, headers={"Content-Type": "text/html"}, body=b"<html>")
