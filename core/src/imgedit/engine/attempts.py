"""One exchange of a job, and its repeats: what is sent once more, and what never is.

"sent" is stored before a byte of a submit leaves, and a submit whose outcome is not known is sent
again only under an idempotency key (see `settle`).
"""

from __future__ import annotations

from typing import Any, Final

from attrs import evolve

from ..contract.exchange import HttpRequest, HttpResponse, LocalRequest
from ..errors import (
    AuthenticationError,
    Conflict,
    DeadlineExceeded,
    DownloadFailed,
    ImgEditError,
    NetworkError,
    OutcomeUnknown,
    PermissionDenied,
    ProviderError,
    ProviderUnavailable,
    RateLimited,
    UnexpectedResponse,
)
from ..manifest import is_error
from ..manifest.hints import hint_for
from .exchange import perform
from .pace import turn
from .record import now
from .retry import TRIES, may_repeat, pause
from .run import Run
from .settle import lost, may_repeat_under_key, settle

_SLOT_GONE: Final = frozenset({400, 401, 403, 404, 410})
_TOO_SOON: Final = frozenset({408, 425})

NO_ANSWER: Final = (
    RateLimited, ProviderUnavailable, NetworkError, DownloadFailed, DeadlineExceeded,
    AuthenticationError, PermissionDenied,
)  # fmt: skip
"""Of a question, these say that the vendor does not answer it now: nothing of the job."""


class Again(Exception):
    """The record has changed: the loop looks at it afresh."""


class Attempts(Run):
    """What a job sends, one exchange after another."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.number = self.record.job.exchanges
        self._slots_renewed = False
        self._repeats = False

    async def exchange(self, request: HttpRequest | LocalRequest) -> HttpResponse:
        """The answer to a request, which is repeated where that is free.

        Raises:
            ProviderError: the last one, whose `charged` is what is known of the job.
            Again: the outcome of a submit is to be looked up: the record leads there.
        """
        attempt = 0
        before: ProviderError | None = None
        while True:
            attempt += 1
            try:
                response = await self._try(request, before)
                self.runtime.repeats.give_back(repeated=attempt > 1)
                return response
            except ProviderError as error:
                far_off, before = error is before, error  # the turn of its repeat
                self.fill(error)
                if isinstance(error, NetworkError):
                    self.check_time()  # then this is what is to be said
                if request.spends and error.charged == "unknown":
                    again = _may_succeed(error) and not far_off and attempt < TRIES["submit"]
                    if again and may_repeat_under_key(self) and await self.rested(attempt, error):
                        continue
                    await settle(self, error)
                    raise Again from None
                self._renew_slots(request, error)
                if far_off or not may_repeat(error, spends=request.spends):
                    raise
                if isinstance(request, LocalRequest) or attempt >= TRIES.get(request.purpose, 4):
                    raise
                if not await self.rested(attempt, error):
                    raise

    async def rested(self, attempt: int, error: ProviderError) -> bool:
        """Wait before a repeat; False = that would take too long, or too many failed of late."""
        seconds = pause(attempt, error.retry_after)
        if seconds is None or seconds >= self.left:
            return False
        if not self.runtime.repeats.take(error):
            error.add_note("Too many requests failed of late, so it was not tried once more.")
            return False
        self.emit("retrying", error.message, seconds=seconds, attempt=attempt + 1)
        await self.runtime.sleep(seconds)
        return True

    async def _try(
        self, request: HttpRequest | LocalRequest, before: ProviderError | None
    ) -> HttpResponse:
        """One exchange; `before` is the error of the one that it repeats."""
        self.check_time()
        if request.spends:
            if self.kept == "sent" and self.record.job.status == "planned":
                self.save()  # nothing left after all: that must be known before it is sent again
            await turn(self, before)
        elif not self.stored:
            if isinstance(request, HttpRequest):  # a job without a key is none: it must not wait
                await self.runtime.reach(self.provider, base_url=self.record.base_url)
            self.save()
        response = await perform(self, request, self.number, on_sent=self.sent)
        if isinstance(request, LocalRequest):
            return response
        if 300 <= response.status < 400:
            error: ProviderError = UnexpectedResponse(
                f"the answer is a redirect ({response.status}), which is never followed here",
                status=response.status,
                charged=self.record.charged,
            )
        elif not is_error(self.provider.manifest, response, own_api=_own_api(request)):
            if request.spends:
                job = evolve(self.record.job, status="accepted")
                self.save(job=job, charged="yes", answer=response, aside=False)
                self.emit("accepted", "the provider took the request")
            return response
        else:
            error = self.provider.map_error(self.record.job, response)
        if request.spends:
            self._submit_refused(error, response)
        elif not is_about_the_job(error) or (
            response.status >= 400 and self.record.job.status != "planned"
        ):
            self.correct(error)  # a refused question says nothing of the submit
        elif response.status < 400 and not isinstance(error, UnexpectedResponse):
            raise self.final(error)  # the vendor says in an answer of its own that the job is over
        raise error

    def sent(self) -> None:
        """Called before the first byte of a submit leaves; whatever it raises stops it."""
        before = self.record
        self._repeats = before.charged == "unknown"
        if self._repeats and not may_repeat_under_key(self):
            raise lost(self)  # its time ended while this waited for its turn
        first = (before.first_sent_at or before.job.sent_at) if self._repeats else None
        job = evolve(before.job, status="sent", sent_at=now(), exchanges=self.number + 1)
        try:
            self.save(
                job=job,
                charged="unknown",
                partial=None,
                reconciled=False,
                attempts=before.attempts + 1,
                first_sent_at=first,
            )
        except BaseException as error:
            self.record = before
            if isinstance(error, ImgEditError) and not self.is_told(error):
                error.charged = before.charged
            raise
        self.emit("sending", "sending the request", attempt=self.record.attempts)

    def _submit_refused(self, error: ProviderError, response: HttpResponse) -> None:
        """What an error answer to a submit makes of the job."""
        if self._repeats and error.charged == "no":
            # This one did not count; the first, whose outcome is not known, may have.
            error.charged = "unknown"
            if not isinstance(error, AuthenticationError | PermissionDenied):
                # The one that it has is for an edit that cost nothing.
                error.hint = hint_for(type(error), self.provider.manifest, "unknown")
        elif error.charged == "no":
            # It is known not to count, so another one is allowed.
            self.save(job=evolve(self.record.job, status="planned", sent_at=None), charged="no")
        else:
            self.record = evolve(self.record, charged=error.charged, partial=response)
            if error.charged == "yes":
                self.final(error)

    def _renew_slots(self, request: HttpRequest | LocalRequest, error: ProviderError) -> None:
        """An upload place on another host that has run out: begin the uploads again, once."""
        if (
            isinstance(request, HttpRequest)
            and request.purpose == "upload"
            and not _own_api(request)
            and error.status in _SLOT_GONE
            and self.record.job.status == "planned"
            and not self._slots_renewed
        ):
            self._slots_renewed = True
            self.record = self.record.with_job(state={})
            raise Again


def is_about_the_job(error: ProviderError) -> bool:
    """Whether an error tells of the job, its end and its money, and not of a refused question."""
    return not isinstance(error, NO_ANSWER)


def _may_succeed(error: ProviderError) -> bool:
    """Whether the same bytes, sent once more under their key, may be answered otherwise."""
    too_soon = isinstance(error, UnexpectedResponse) and error.status in _TOO_SOON
    return error.retryable or too_soon or isinstance(error, OutcomeUnknown | Conflict)


def _own_api(request: HttpRequest) -> bool:
    return not request.url.startswith(("http://", "https://"))
