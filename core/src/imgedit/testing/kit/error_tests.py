"""Standard tests of errors: each becomes the right one, and garbage becomes one at all."""

from __future__ import annotations

import time
import tracemalloc
from typing import TYPE_CHECKING, Any, Final

from attrs import evolve

from ...contract.exchange import HttpRequest, HttpResponse
from ...contract.outcome import Done
from ...discovery import values
from ...errors import OutcomeUnknown, ProviderError, UnexpectedResponse, provider_errors
from ...manifest import is_error
from .flow_tests import NOT_AGAIN, WHOLE, read
from .hostile import GARBAGE, bodies, large, response
from .load_tests import LOADS
from .rows import NoExample, example, taker
from .standard import skip, standard
from .subject import CANARY, said

if TYPE_CHECKING:
    from .answers import ErrorAnswer
    from .subject import Subject

DOCUMENTED = "test_documented_errors_are_mapped"
NOTICED = "test_errors_inside_a_success_are_noticed"
ROWS = "test_every_row_of_the_error_table_counts"
HOSTILE = "test_hostile_answers_give_one_error"
GARBAGE_TEST = "test_garbage_is_no_answer"

SECONDS: Final = 20.0
"""For the thousands of small hostile answers together; some hundredths are usual."""
STATUSES: Final = range(400, 600)
LARGE: Final = (1 << 20, 27 << 20)
_LARGE_SECONDS: Final = 10.0
_MEMORY: Final = 8  # times the size of the body


class ErrorTests:
    """A vendor's errors, documented and other."""

    level: int

    @standard(needs=[LOADS, NOT_AGAIN])
    def test_errors_inside_a_success_are_noticed(self, subject: Subject) -> None:
        """An error that the vendor sends with status 200 is one for us, too.

        If this fails: describe it in the manifest's `errors.fails_when`, or raise a ProviderError
        in `parse_response`.
        """
        tried = 0
        for case, answer in subject.errors():
            if answer.status >= 400:
                continue
            tried += 1
            error = _error_of(subject, case, answer)
            assert error is not None, (
                f"the {answer.status} that means {case.name} is taken for a success"
            )
        if not tried:
            skip("no error with a status below 400 is given: see `errors`")

    @standard(needs=[LOADS, NOTICED, HOSTILE])
    def test_documented_errors_are_mapped(self, subject: Subject) -> None:
        """Each documented error becomes its class, with the stated charge and retryability.

        If this fails: correct the row in the manifest's `errors.rows` (the first that fits
        counts), the places of code and message, or the expectation.
        """
        if not subject.tests.errors:
            skip("no errors are given: see `errors`")
        for case, answer in subject.errors():
            error = _error_of(subject, case, answer)
            about = f"the {answer.status} that means {case.name}"
            assert error is not None, f"{about} is taken for a success"
            name = type(error).__name__
            assert name == case.name, f"{about} becomes {name}"
            assert error.charged == case.charged, (
                f"{about} has charged {error.charged!r}, documented is {case.charged!r}"
            )
            wanted = case.retryable
            if wanted is None:
                wanted = provider_errors()[case.name].default_retryable
            assert error.retryable == wanted, f"{about} has retryable {error.retryable}"
            if case.retry_after is not None:
                after = error.retry_after
                near = after is not None and abs(after - case.retry_after) <= 2
                assert near, (
                    f"{about} says to come back after {after} seconds, "
                    f"documented is {case.retry_after:g} (milliseconds?)"
                )
            assert CANARY not in str(error), f"{about} shows the key"

    @standard(needs=[LOADS, HOSTILE])
    def test_every_row_of_the_error_table_counts(self, subject: Subject) -> None:
        """Each row of `errors.rows` takes the answer it describes, and says what it says there.

        If this fails: a row before it takes the same answers (put the special one first), or the
        hook `map_error` answers otherwise than the table.
        """
        manifest = subject.manifest
        rows = manifest.errors.get("rows", ())
        if not rows:
            skip("the manifest has no rows")
        for number, row in enumerate(rows):
            try:
                answer = example(manifest, row)
                if answer is None:
                    other = taker(manifest, row)
                    place = f"row {rows.index(other)}" if other in rows else "nothing"
                    raise AssertionError(f"row {number} ({row}) never counts: {place} comes first")
            except NoExample:
                continue
            job = subject.job_at(answer.purpose)
            error = subject.hooks.call("map_error", job=job, response=evolve(answer))
            assert type(error).__name__ == row["is"], (
                f"map_error makes {type(error).__name__} of what row {number} calls {row['is']}"
            )
            if answer.purpose == "submit":
                wanted = row.get("charged", "unknown")
                assert error.charged == wanted, f"row {number}: charged is {error.charged!r}"
            retryable = row.get("retryable", type(error).default_retryable)
            assert error.retryable == retryable, f"row {number}: retryable is {error.retryable}"

    @standard(needs=[LOADS, DOCUMENTED, ROWS])
    def test_a_server_error_does_not_say_that_it_was_free(self, subject: Subject) -> None:
        """A 5xx without the vendor's own words (an HTML page, nothing) may have been charged.

        A gateway says it, too, when the vendor has the edit already: with charged "no" it would
        be sent again and paid again.

        If this fails: let the row, or `map_error`, look for the vendor's code as well. Where the
        vendor says that a bare status costs nothing, give that answer in `errors`.
        """
        if not subject.tests.errors:
            skip("no errors are given: see `errors`")
        free = {
            answer.status
            for case, answer in subject.errors()
            if case.purpose == "submit" and case.charged == "no" and not _is_object(answer)
        }
        job = subject.sent_job()
        for status in range(500, 600):
            for name in ("nothing", "an HTML page"):
                answer = response(status, GARBAGE[name])
                error = _one_error(subject, job, answer, f"{status} with {name}")
                assert error.charged != "no" or status in free, (
                    f"{status} with {name}, as a gateway sends it, is said to have cost nothing"
                )

    @standard(needs=[LOADS])
    def test_hostile_answers_give_one_error(self, subject: Subject) -> None:
        """Statuses 400 to 599 with any body give one ProviderError, in bounded time and memory.

        If this fails: `map_error` relies on the shape of the body. `response.at(pointer)` gives
        None where something else stands.
        """
        small = bodies(subject.manifest)
        ends = time.monotonic() + SECONDS
        for purpose in ("submit", "poll"):
            job = subject.job_at(purpose)
            for status in STATUSES:
                for name, body in small.items():
                    answer = response(status, body, purpose)
                    _one_error(subject, job, answer, f"{status} with {name}")
                    assert time.monotonic() < ends, f"{status} with {name} takes too long"

    @standard(needs=[LOADS, HOSTILE])
    def test_huge_error_answers_are_bearable(self, subject: Subject) -> None:
        """Error bodies of 1 MB and 27 MB give one error, in bounded time and memory.

        If this fails: the whole body is copied or searched; look at the fields that matter only.
        """
        job = subject.sent_job()
        for size in LARGE:
            body = large(subject.manifest, size)
            for status in (400, 429, 500):
                about = f"{status} with {size >> 20} MB"
                tracemalloc.start()
                began = time.monotonic()
                try:
                    _one_error(subject, job, response(status, body), about)
                    peak = tracemalloc.get_traced_memory()[1]
                finally:
                    tracemalloc.stop()
                assert time.monotonic() - began < _LARGE_SECONDS, f"{about} takes too long"
                assert peak < _MEMORY * size, f"{about} takes {peak >> 20} MB of memory"

    @standard(needs=[LOADS, *WHOLE])
    def test_garbage_is_no_answer(self, subject: Subject) -> None:
        """A success without sense (HTML, null, half a JSON) is never taken for a job or a result.

        If this fails: ask for the id or the status with `response.json()[...]`: the KeyError of
        what is missing keeps the answer, and the job, for a plugin that can read it. A job without
        an id would be asked after for ever, and a ProviderError says that it is over.
        """
        tried = 0
        for exchange in subject.flow.exchanges:
            request = exchange.request
            if not isinstance(request, HttpRequest) or request.url.startswith("http"):
                continue
            if not exchange.response.pictures and not _is_object(exchange.response):
                continue  # the vendor's own answer says nothing either
            tried += 1
            for name, body in GARBAGE.items():
                answer = response(200, body, request.purpose)
                if is_error(subject.manifest, answer, own_api=True):
                    continue
                about = f"a {request.purpose} that is answered with {name}"
                refusal = _refusal(subject, exchange.job, answer)
                assert refusal is None, f"{about} is the job's end for it: {refusal}"
                step = read(subject, exchange.job, answer)
                # The engine refuses a result without pictures by itself.
                assert step is None or (isinstance(step, Done) and not step.images), (
                    f"{about} leads to {step}"
                )
        if not tried:
            skip("it reads no JSON")


def _error_of(subject: Subject, case: ErrorAnswer, answer: HttpResponse) -> ProviderError | None:
    """What a documented error becomes on the way that the engine goes; None = no error."""
    job = subject.job_at(case.purpose)
    if case.state is not None:
        job = evolve(job, state=case.state)
    if is_error(subject.manifest, answer, own_api=True):
        return _one_error(subject, job, answer, f"the {answer.status} that means {case.name}")
    try:
        values.step(subject.hooks.call("parse_response", job=job, response=evolve(answer)))
    except ProviderError as error:
        if not error.charge_is_said:
            error.charged = "unknown" if case.purpose == "submit" else "yes"
        return error
    except Exception:
        return None
    return None


def _one_error(subject: Subject, job: Any, answer: HttpResponse, about: str) -> ProviderError:
    try:
        error = subject.hooks.call("map_error", job=job, response=evolve(answer))
    except Exception as wrong:
        raise AssertionError(f"map_error raised {said(wrong)} for {about}") from None
    assert isinstance(error, ProviderError), f"map_error gives {type(error).__name__} for {about}"
    assert len(str(error)) < 4000, f"the error for {about} is {len(str(error))} characters long"
    return error


def _refusal(subject: Subject, job: Any, answer: HttpResponse) -> str | None:
    """The error by which the hook ends a job that was sent, None when it may go on later."""
    if job.status == "planned":
        return None
    try:
        subject.hooks.call("parse_response", job=job, response=evolve(answer))
    except (UnexpectedResponse, OutcomeUnknown):
        return None
    except ProviderError as error:
        return said(error)
    except Exception:
        return None
    return None


def _is_object(answer: HttpResponse) -> bool:
    try:
        return isinstance(answer.json(), dict | list)
    except ValueError:
        return False
