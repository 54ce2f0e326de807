"""The loop that takes one job from a request to its pictures.

What protects money stands here and in `attempts`: a job sends at most one submit that counts, and
what arrived from a spending exchange is stored before it is read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from attrs import evolve

from ..contract.event import Event
from ..contract.exchange import HttpRequest, HttpResponse, LocalRequest
from ..contract.job import Job, Status
from ..contract.outcome import Done, Next, Step, Wait
from ..discovery.blame import at
from ..errors import (
    BudgetExceeded,
    Charged,
    ImgEditError,
    OutcomeUnknown,
    PluginError,
    ProviderError,
    UnexpectedResponse,
)
from ..manifest import poll_seconds
from .aside import whole_answer
from .attempts import Again, Attempts, is_about_the_job
from .ceiling import price_again
from .collect import collect, keep_pictures
from .pace import enter
from .plan import check_places
from .record import JobRecord
from .retry import TRIES, may_repeat
from .settle import may_repeat_under_key, settle, unsettled, with_others
from .summary import readable, stored_error

if TYPE_CHECKING:
    from ..discovery import Provider
    from .runtime import Runtime

_MOST_STEPS = 200


class Drive(Attempts):
    """Drives one job; make a new one to resume."""

    def __init__(
        self,
        runtime: Runtime,
        provider: Provider,
        record: JobRecord,
        *,
        seconds: float,
        on_event: Callable[[Event], object] | None = None,
        kept: Status | None = None,
    ) -> None:
        super().__init__(runtime, provider, record, seconds=seconds, on_event=on_event, kept=kept)
        self._steps = 0
        self._refused = 0

    async def run(self) -> JobRecord:
        """Go on until the pictures are there.

        Raises:
            ImgEditError: with `job`, the job as JSON, when it can go on later.
            asyncio.CancelledError: likewise with `job`, `job_id`, `charged` and `stored`.
        """
        if self.record.finished and self.record.job.status != "done":
            raise stored_error(self.record)
        self.runtime.drives(self.record.id)
        try:
            await enter(self)
            if self.stored and self.record.job.status == "planned":  # much may be otherwise by now
                check_places(self.record.wish, self.record.job.request.n, self.record.placed_since)
                self._price_again()
            if self.record.unread is not None and self.record.job.status == "unknown":
                self.record = self.record.in_doubt()  # its lookup was cut off
            if self.record.aside and self.record.answer and self.record.charged == "unknown":
                # It lay aside and is gone: nothing is left to be read, and it is looked up again.
                self.record = evolve(self.record, partial=self.record.answer, answer=None)
            if self.record.reconciled:  # other jobs may have got their ids since
                self.record = evolve(self.record, job=with_others(self))
            while not self.record.finished:
                try:
                    await self._go_on()
                except Again:
                    continue
        except ImgEditError as error:
            self._leave(error)
            raise
        except asyncio.CancelledError as error:
            self.tag(error)
            raise
        except Exception as error:  # what nobody foresaw ends no paid job, and is told of its money
            wrong = self.blame(f"this edit met a mistake of the plugin's or imgedit's: {at(error)}")
            self._leave(wrong)
            raise wrong from error
        finally:
            self.runtime.lets_go(self.record.id)
        return self.record

    def _price_again(self) -> None:
        """The price of by now; a budget may have room for it later, a plugin may be mended."""
        before = self.record
        try:
            quote = price_again(self.runtime, self.provider, before)
            if quote is not None:
                self.save(quote=quote)
        except (BudgetExceeded, PluginError) as error:
            self.record = before
            self.later(error)
            raise

    def _leave(self, error: ImgEditError) -> None:
        self.close(error)
        if error.job is None and error.charged == "no" and not self.record.files:
            self.runtime.drop(self.record.id)

    async def _go_on(self) -> None:
        record = self.record
        job = record.job
        if job.status == "done":
            await collect(self, self.ask_once)
        elif record.answer is not None:
            await self._read(whole_answer(self.runtime, record))
        elif record.charged == "unknown" and not record.reconciled:
            if may_repeat_under_key(self):
                await self._repeat_under_key()
            await settle(self, None)
        else:
            await self._step()

    async def _step(self) -> None:
        job = self.record.job
        self.number = job.exchanges
        self._steps += 1
        if self._steps > _MOST_STEPS:
            raise self.blame(f"{_MOST_STEPS} exchanges in a row led to nothing to wait for")
        try:
            request = self.build(job)
        except ProviderError as error:
            if job.status == "planned":
                self.final(error)
            raise
        if request.purpose == "submit" and job.status != "planned":
            raise self.blame("build_request asked for a second submit; one at most counts")
        await self._read(await self.exchange(request))

    def build(self, job: Job) -> HttpRequest | LocalRequest:
        """The next request of a job; a refusal of the plugin's says nothing of what was sent."""
        try:
            return self.provider.build_request(job)
        except ProviderError as error:
            self.correct(error)
            raise

    async def ask_once(self) -> Step:
        """One free exchange of a done job, in its present state: what `Done.refresh` leads to."""
        job = self.record.job
        request = self.build(job)
        if request.spends:
            raise self.blame("the state of a refresh led to a submit")
        response = await self.exchange(request)
        try:
            return self.provider.parse_response(job, response)
        except ProviderError as error:
            given_back = error.charge_is_said and error.charged == "no"
            if given_back and is_about_the_job(error):
                raise self.final(error) from None
            self.correct(error)
            raise

    async def _repeat_under_key(self) -> None:
        """A resumed submit whose vendor honours idempotency keys: the same bytes once more."""
        job = self.record.job
        self.number = job.exchanges - 1
        planned = evolve(job, status="planned", sent_at=None, exchanges=self.number)
        try:
            request = self.build(planned)
        except ProviderError as error:
            await settle(self, error)
        else:
            await self._read(await self.exchange(request))
        raise Again

    # -- reading an answer

    async def _read(self, response: HttpResponse) -> None:
        record = self.record
        spending = record.answer is not None
        charged: Charged = "yes" if spending else record.charged  # once it can be read
        try:
            step = self.provider.parse_response(record.job, response)
            if isinstance(step, Done):
                step = await keep_pictures(self, step)
        except UnexpectedResponse as error:
            if spending:
                self.record = evolve(record, charged="unknown")
            error.charged = self.record.charged
            self.fill(error)
            if not spending or self.settle_tried:
                raise
            await settle(self, error)
        except OutcomeUnknown as error:
            if spending:
                self.record = evolve(record, charged="unknown")
            raise unsettled(self, error) from error.__cause__  # it can be looked for again
        except ProviderError as error:
            if not spending and not is_about_the_job(error):
                self.correct(error)
                await self._ask_later(error, response.purpose)
                raise Again from None
            if not error.charge_is_said:
                error.charged = charged
            if error.charged == "unknown" and charged == "unknown":
                raise
            raise self.final(error) from None
        else:
            await self._apply(step, response)

    async def _ask_later(self, error: ProviderError, purpose: str) -> None:
        """Wait before the same question; raises the error instead as for one refused by status."""
        self._refused += 1
        if not may_repeat(error, spends=False) or self._refused >= TRIES.get(purpose, 4):
            raise error
        if not await self.rested(self._refused, error):
            raise error

    async def _apply(self, step: Step, response: HttpResponse) -> None:
        self._refused = 0
        record = self.record
        job = record.job
        found = record.charged == "unknown" and _is_found(step, response)
        facts = job.facts.merged(step.facts)
        if record.charged == "unknown" and not job.taken.isdisjoint(facts.vendor_ids.values()):
            raise unsettled(self, OutcomeUnknown("what was found is another edit of ours"))
        changes: dict[str, Any] = {"facts": facts}
        if isinstance(step, Done):
            changes |= {"done": step, "status": "done"}
        else:
            changes["state"] = step.state
        if isinstance(step, Wait):
            changes["waits"] = job.waits + 1
            if found:
                changes["status"] = "accepted"
        if record.answer is None:
            changes["exchanges"] = job.exchanges + 1
        stored: dict[str, Any] = {
            "job": evolve(job, **changes),
            "answer": None,
            "charged": "yes" if found or record.answer is not None else record.charged,
            "raw": readable(response),
            "error": None,  # of an earlier try, if there is one
        }
        if isinstance(step, Done) and record.answer is not None and _can_wait(step):
            # The files' commit brings it along: until then the stored answer leads here again.
            self.record = evolve(record, **stored)
        else:
            self.save(**stored)
        if isinstance(step, Wait):
            await self._wait(step, response)

    async def _wait(self, step: Wait, response: HttpResponse) -> None:
        self._steps = 0
        seconds = step.seconds
        if seconds is None:
            seconds = poll_seconds(self.provider.manifest, self.record.job.waits - 1, response)
        text = "the provider is working on it"
        self.emit("waiting", text, progress=step.progress, seconds=seconds)
        await self.runtime.sleep(max(0.0, min(seconds, self.left)))
        self.check_time()


def _is_found(step: Step, response: HttpResponse) -> bool:
    """Whether a step shows that a submit whose outcome was unknown did arrive.

    Waiting for a list of jobs shows nothing yet, unless it gave the job's id.
    """
    if isinstance(step, Next):
        return False
    return isinstance(step, Done) or response.purpose != "settle" or bool(step.facts.vendor_ids)


def _can_wait(done: Done) -> bool:
    """Whether other jobs need not know of it while its pictures are fetched, if they must be."""
    return not done.facts.vendor_ids or all(output.image is not None for output in done.images)
