"""Standard tests over real HTTP, against a vendor on loopback that misbehaves."""

from __future__ import annotations

import contextlib
import email.utils
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from ...contract.exchange import HttpResponse
from ...contract.outcome import Wait
from ...errors import DownloadFailed, ImgEditError
from ..faults import FAULTS
from ..server import Answer
from .error_tests import DOCUMENTED, GARBAGE_TEST
from .fact_tests import COST, FACTS
from .flow_tests import BODIES, RESUMES, TAKEN, WAITS, WHOLE
from .key_tests import FOREIGN, HEADER_ONLY, NO_OTHER_HOST
from .load_tests import LOADS
from .rows import NoExample, refused
from .settle_tests import REFRESH, SETTLED
from .standard import skip, standard
from .subject import CANARY

if TYPE_CHECKING:
    from .stand import Outcome, Stand
    from .subject import Subject

GOOD: Final = "test_http_a_good_edit"
SOUND: Final = (
    LOADS, TAKEN, *WHOLE, RESUMES, BODIES, COST, SETTLED, REFRESH, FACTS, FOREIGN, HEADER_ONLY,
    NO_OTHER_HOST, WAITS, DOCUMENTED, GARBAGE_TEST,
)  # fmt: skip
DRIVEN: Final = (*SOUND, GOOD)

_LOST: Final = (
    "drop_before_body", "drop_after_body", "reset_after_body", "drop_inside", "hang", "hang_inside",
)  # fmt: skip
_SHORT: Final = 0.6
_MOST_CRASHES: Final = 40


class HttpTests:
    """The engine drives the provider, and the server counts."""

    level: int

    @standard(needs=SOUND)
    def test_http_a_good_edit(self, subject: Subject) -> None:
        """The good request over HTTP gives its pictures; the key is in its header alone.

        If this fails: the offline tests hold, so look at what only a socket shows: paths, hosts,
        headers.
        """
        with _stand(subject) as stand:
            outcome = stand.edit()
            assert outcome.result is not None, f"it ended with {outcome}"
            assert not stand.server.unexpected, f"nobody listens at {stand.server.unexpected[0]}"
            _submitted(stand, 1)
            _only_in_header(stand, subject)

    @standard(needs=DRIVEN)
    def test_http_a_lost_answer_is_never_sent_again(self, subject: Subject) -> None:
        """When the answer to the submit is lost in any way, there is no second submit.

        If this fails: something leads back to the submit; `reconcile` must give a state in which
        the job is only asked after.
        """
        for name in _LOST:
            with _stand(subject) as stand:
                stand.server.fault(*stand.submit, name)
                outcome = stand.edit(timeout=_SHORT if "hang" in name else 10)
                _once(stand, outcome, subject, FAULTS[name].says)

    @standard(needs=DRIVEN)
    def test_http_an_unreadable_answer_is_never_sent_again(self, subject: Subject) -> None:
        """A success that cannot be read (HTML, nothing, half, a bomb) leads to no second submit.

        If this fails: `parse_response` took it for an answer, or went back to the start.
        """
        for name in ("html", "empty", "half", "gzip_bomb"):
            with _stand(subject) as stand:
                stand.server.fault(*stand.submit, name)
                _once(stand, stand.edit(), subject, FAULTS[name].says)

    @standard(needs=DRIVEN)
    def test_http_rate_limits_are_kept_to(self, subject: Subject) -> None:
        """429 with a time to come back, as seconds, date or milliseconds, is waited for.

        If this fails: the place in `errors.retry_after` has another unit than the manifest says
        (`|ms`, `|unix`, `|unix_ms`).
        """
        for about, headers in rate_limits(subject):
            with _stand(subject) as stand:
                answer = Answer(status=429, headers=headers)
                error = mapped(subject, answer)
                stand.server.next(*stand.submit, answer)
                outcome = stand.edit()
                if not (error.retryable and error.charged == "no"):
                    assert outcome.error is not None, f"after 429 ({about}) it ended with {outcome}"
                    _submitted(stand, 1)
                    continue
                assert outcome.result is not None, f"after 429 ({about}) it ended with {outcome}"
                _submitted(stand, 2)
                assert any(1 <= seconds <= 4 for seconds in outcome.waits), (
                    f"429 ({about}) says to wait 2 seconds, it waited {outcome.waits}"
                )

    @standard(needs=DRIVEN)
    def test_http_server_errors_are_not_paid_twice(self, subject: Subject) -> None:
        """After a 5xx the submit is repeated only where the vendor says that nothing was charged.

        If this fails: look at the rows for 5xx and their `charged`.
        """
        for status in (500, 502, 503, 504):
            with _stand(subject) as stand:
                stand.server.fault(*stand.submit, f"status_{status}")
                error = mapped(subject, Answer(status=status))
                outcome = stand.edit()
                if error.charged != "no":
                    _once(stand, outcome, subject, f"answers {status}")

    @standard(needs=DRIVEN)
    def test_http_a_slow_queue_is_waited_for(self, subject: Subject) -> None:
        """A job that takes thirty polls arrives, with one submit, and its state stays small.

        If this fails: the state grows with every poll, or a later poll asks for something else.
        """
        waiting = [one for one in subject.flow.of("poll") if isinstance(one.step, Wait)]
        if not waiting:
            skip("no poll that has to wait is recorded")
        with _stand(subject) as stand:
            stand.slow(30)
            outcome = stand.edit()
            assert outcome.result is not None, f"after thirty polls it ended with {outcome}"
            _submitted(stand, 1)
            sizes = stand.state_sizes
            assert max(sizes[-5:]) <= max(sizes[:8]) + 64, (
                f"the state grows with every poll, to {sizes[-1]} bytes"
            )

    @standard(needs=DRIVEN)
    def test_http_a_refused_question_ends_no_job(self, subject: Subject) -> None:
        """A poll that is refused in a success (too busy, a bad key) leaves the paid job as it is.

        If this fails: `map_error` takes it for the end of the job; let the row answer.
        """
        tried = 0
        for row in subject.manifest.errors.get("rows", ()):
            with contextlib.suppress(NoExample):
                tried += _refused_question(subject, row)
        if not tried:
            skip("no row refuses a poll in a success")

    @standard(needs=DRIVEN)
    def test_http_a_result_that_is_gone_can_be_fetched_later(self, subject: Subject) -> None:
        """A 404 for the picture is DownloadFailed; resuming fetches it, and pays nothing.

        If this fails: `refresh` leads to something else than the finished job.
        """
        with _stand(subject) as stand:
            _needs_downloads(stand)
            for route in stand.results:
                stand.server.fault(*route, "not_found", times=3)
            outcome = stand.edit()
            _download_failed(outcome)
            stand.server.mend()
            _fetched_later(stand)

    @standard(needs=DRIVEN)
    def test_http_another_picture_than_announced_is_refused(self, subject: Subject) -> None:
        """A picture that does not have the announced hash is not taken for the result.

        If this fails: give the `sha256` of the answer to the Output.
        """
        with _stand(subject) as stand:
            done = subject.flow.done
            if done is None or not all(output.sha256 for output in done.images[:1]):
                skip("the vendor announces no hash")
            _needs_downloads(stand)
            for route in stand.results:
                stand.server.fault(*route, "other_picture", times=20)
            _download_failed(stand.edit())
            assert not list(stand.folder.glob("out*.png")), "another picture was saved"
            stand.server.mend()
            _fetched_later(stand)

    @standard(needs=DRIVEN)
    def test_http_redirects_take_no_key_along(self, subject: Subject) -> None:
        """A redirect of an API answer is not followed, one of a picture only without the key.

        If this fails: this is the core's own promise; tell its developers.
        """
        for route_of in ("submit", "poll", "result"):
            with _stand(subject) as stand:
                routes = {"submit": [stand.submit], "poll": stand.polls, "result": stand.results}
                for route in routes[route_of]:
                    stand.server.fault(*route, "redirect", times=20)
                outcome = stand.edit()
                seen = stand.server.elsewhere.requests
                if route_of != "result":
                    assert not seen, f"the redirect of a {route_of} was followed"
                for received in seen:
                    assert CANARY not in repr(received), "the key went along with a redirect"
                if route_of == "submit":
                    _once(stand, outcome, subject, "redirects")

    @standard(needs=DRIVEN)
    def test_http_a_bomb_does_no_harm(self, subject: Subject) -> None:
        """A small picture of 400 megapixels is refused, and can be fetched later.

        If this fails: this is the core's own promise; tell its developers.
        """
        _spoilt(subject, "picture_bomb")

    @standard(needs=DRIVEN)
    def test_http_a_truncated_picture_is_refused(self, subject: Subject) -> None:
        """A picture that ends early is not taken for the result, and can be fetched later.

        If this fails: this is the core's own promise; tell its developers.
        """
        _spoilt(subject, "half")

    @standard(needs=DRIVEN)
    def test_http_a_crash_anywhere_costs_nothing(self, subject: Subject) -> None:
        """Killed after any commit to the journal, the job goes on, and is submitted once.

        If this fails: a step needs something that is not in the state.
        """
        for commit in range(1, _MOST_CRASHES):
            with _stand(subject) as stand:
                outcome = stand.edit(crash=commit)
                if not outcome.crashed:
                    assert outcome.result is not None, f"without a crash it ended with {outcome}"
                    return
                for record in stand.left_over():
                    sent = record.job.status == "sent"
                    after = stand.resume(record.id)
                    if not sent:
                        assert after.result is not None, (
                            f"cut off after commit {commit} ({record.job.status}) and resumed, "
                            f"it ended with {after}"
                        )
                count = stand.server.taken(*stand.submit)
                assert count <= 1, f"cut off after commit {commit} it was submitted {count} times"
        raise AssertionError(f"it makes more than {_MOST_CRASHES} commits")


@contextmanager
def _stand(subject: Subject) -> Iterator[Stand]:
    from .stand import standing

    if subject.manifest.local:
        skip("it sends nothing")
    if subject.flow.done is None:
        skip("the recorded answers do not reach the end")
    with standing(subject) as stand:
        if stand.shared:
            skip("questions go to the address of the submit, too: a server cannot count submits")
        yield stand


def _submitted(stand: Stand, times: int) -> None:
    count = stand.server.count(*stand.submit)
    assert count == times, f"{count} submits arrived, {times} should"


def _once(stand: Stand, outcome: Outcome, subject: Subject, fault: str) -> None:
    """One submit arrived whatever came of it, and resuming sends no other."""
    about = f"the server {fault}"
    error = outcome.error
    if error is not None:
        assert error.charged != "no", f"{about}: {outcome} says that nothing was charged"
    for record in stand.left_over():
        stand.resume(record.id)
    if subject.manifest.idempotency is None:
        count = stand.server.count(*stand.submit)
        assert count == 1, f"{about}: {count} submits arrived"


def _refused_question(subject: Subject, row: Mapping[str, Any]) -> bool:
    """Play a poll that this row refuses; False = there is none."""
    response = refused(subject.manifest, row)
    if response is None or not subject.flow.of("poll"):
        return False
    about = f"a poll that is answered with {response.body.decode()}"
    with _stand(subject) as stand:
        answer = Answer(status=200, headers=response.headers, body=response.body)
        stand.server.next(*stand.polls[0], answer)
        outcome = stand.edit()
        for record in stand.left_over():
            outcome = stand.resume(record.id)
        assert outcome.result is not None, f"{about} ends the paid job: {outcome}"
        _submitted(stand, 1)
    return True


def _only_in_header(stand: Stand, subject: Subject) -> None:
    auth = subject.manifest.auth or {}
    header = "authorization" if "basic" in auth else str(auth.get("header", "")).lower()
    for received in stand.server.requests:
        place = f"{received.method} {received.path}"
        foreign = received.path.startswith("/-/place")
        assert CANARY not in received.target, f"the key is in the address of {place}"
        assert CANARY.encode() not in received.body, f"the key is in the body of {place}"
        for name, value in received.headers.items():
            if CANARY in value:
                assert not foreign, f"the key goes to the host of {place}"
                assert name == header, f"the key is in {name} of {place}"


def rate_limits(subject: Subject) -> Iterator[tuple[str, dict[str, str]]]:
    """Ways to say "in two seconds"."""
    now = int(time.time())
    date = email.utils.formatdate(now, usegmt=True)
    yield "seconds", {"Retry-After": "2"}
    yield "a date", {"Date": date, "Retry-After": email.utils.formatdate(now + 2, usegmt=True)}
    values = {"ms": "2000", "unix": str(now + 2), "unix_ms": str((now + 2) * 1000), "": "2"}
    for place in subject.manifest.errors.get("retry_after", ()):
        where, _, kind = place.partition("|")
        name = where.removeprefix("header:")
        plain = name.lower() == "retry-after" and not kind  # the seconds above
        if name != where and kind in values and not plain:
            yield f"{name} in {kind or 'seconds'}", {"Date": date, name: values[kind]}


def mapped(subject: Subject, answer: Answer) -> ImgEditError:
    """What the provider makes of this answer to its submit."""
    response = HttpResponse(status=answer.status, headers=answer.headers, body=answer.body)
    error: Any = subject.hooks.call("map_error", job=subject.sent_job(), response=response)
    assert isinstance(error, ImgEditError)
    return error


def _needs_downloads(stand: Stand) -> None:
    if not stand.results:
        skip("the pictures come in the answers")


def _download_failed(outcome: Outcome) -> None:
    error = outcome.error
    assert isinstance(error, DownloadFailed), f"it ended with {outcome}"
    assert error.charged == "yes", f"{outcome} does not say that it was charged"
    assert error.job is not None, "the error does not carry the job"


def _fetched_later(stand: Stand) -> None:
    (record,) = stand.left_over()
    after = stand.resume(record.id)
    assert after.result is not None, f"when the server was well again it ended with {after}"
    _submitted(stand, 1)


def _spoilt(subject: Subject, name: str) -> None:
    with _stand(subject) as stand:
        inside = [one for one in subject.flow.exchanges if one.response.pictures]
        if stand.results:
            for route in stand.results:
                stand.server.fault(*route, name, times=20)
            _download_failed(stand.edit())
            stand.server.mend()
            _fetched_later(stand)
        elif inside and inside[0].request.spends:
            stand.server.fault(*stand.submit, name)
            outcome = stand.edit()
            assert outcome.error is not None, "it was taken for a picture"
            _once(stand, outcome, subject, FAULTS[name].says)
        else:
            skip("its pictures come neither by download nor as the answer")
