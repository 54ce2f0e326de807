"""One job under way: its record, its clock, its events, and how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import evolve

from ..contract.event import Event, Kind
from ..contract.job import Status
from ..contract.outcome import Facts
from ..errors import (
    ConfigError,
    DeadlineExceeded,
    ImgEditError,
    JournalError,
    OutputError,
    PluginError,
    ProviderError,
)
from . import ways
from .aside import drop_aside, is_news, put_aside, row_of
from .finish import present
from .next_step import NextStep
from .record import JobRecord, now
from .store import dumps
from .summary import error_row

if TYPE_CHECKING:
    from ..discovery import Provider
    from .held import Held
    from .runtime import Runtime

Error = TypeVar("Error", bound=ImgEditError)


# What says nothing of the job itself: it may go on when that is mended.
_LATER = (ConfigError, DeadlineExceeded, JournalError, OutputError)


class Run:
    """What every step of a job works on; `record` is always the job as it is now."""

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
        self.runtime = runtime
        self.provider = provider
        done = kept == "done" == record.job.status
        self._ended = record if done and record.finished else None
        self.record = record if self._ended is None else present(record)
        self.placed = record.files  # before this run; some may be gone
        self.on_event = on_event
        self.stored = self.resumed = kept is not None
        self.kept = kept  # what the journal has
        self.settle_tried = False
        self._held: dict[str, Held] = {}
        self.lost_by: ProviderError | None = None  # why the outcome became unknown
        self._begun = asyncio.get_running_loop().time()
        self._ends = self._begun + seconds
        self._seconds_before = record.seconds
        self._final: ImgEditError | None = None
        self._later: ImgEditError | None = None
        self._only_here = False  # a paid answer that could be stored nowhere

    # -- time, storage, events

    @property
    def left(self) -> float:
        """Seconds until the deadline."""
        return self._ends - asyncio.get_running_loop().time()

    def check_time(self) -> None:
        """Raises DeadlineExceeded when the time given is over."""
        if self.left <= 0:
            raise self.too_late()

    def too_late(self) -> DeadlineExceeded:
        """The error for a job whose time is over."""
        return DeadlineExceeded(
            "the time given ran out before the picture was there", charged=self.record.charged
        )

    def save(self, **changes: Any) -> None:
        """Store the record as it is now, with these fields of it changed."""
        elapsed = asyncio.get_running_loop().time() - self._begun
        seconds = round(self._seconds_before + elapsed, 3)
        changes |= {"seconds": seconds, "folders": self.runtime.noted(self.record)}
        self.record = evolve(self.record, updated_at=now(), **changes)
        if self._ended is not None and not self.record.finished:
            return  # what is stored is finished, and stays so if its picture does not come again
        self._ended = None
        row = row_of(self.runtime, self.record)
        try:
            self.runtime.journal.save(row, purse=self.runtime.purse_for(self.record))
        except Exception as error:  # a journal of somebody's own may raise anything
            if is_news(self.record, self.kept) and not self.is_told(error):
                large = row.aside and not self.record.aside
                self._only_here = not (large or put_aside(self.runtime, self.record))
            raise
        self._only_here = False
        drop_aside(self.runtime, row)
        self.stored = True
        self.kept = self.record.job.status

    def hold(self, picture: Held) -> None:
        """Keep a result in memory until it is handed over."""
        self._held[str(picture.path)] = picture

    def write_held(self) -> None:
        """Make files of the results in memory, which are not handed over, where there is room."""
        with suppress(OutputError):
            for picture in self.hand_over().values():
                picture.write()

    def hand_over(self) -> Mapping[str, Held]:
        """The results in memory by their paths; whoever has the result has their bytes from now."""
        held, self._held = self._held, {}
        return held

    def emit(
        self,
        kind: Kind,
        text: str,
        *,
        progress: float | None = None,
        seconds: float | None = None,
        attempt: int = 1,
    ) -> None:
        """Tell the caller and the add-ons what happens."""
        job = self.record.job
        self.runtime.tell(
            Event(
                kind=kind,
                job_id=job.id,
                provider=job.provider,
                model=job.model.id,
                text=text,
                progress=progress,
                seconds=seconds,
                attempt=attempt,
            ),
            self.on_event,
            job,
        )

    # -- the end

    def final(self, error: Error) -> Error:
        """Mark an error as the end of the job."""
        self._final = error
        return error

    def later(self, error: ImgEditError) -> None:
        """Mark an error after which even a job that was not sent may go on."""
        self._later = error

    def fill(self, error: ImgEditError) -> None:
        """Put on an error whose it is."""
        provider = self.provider
        error.fill(
            provider=provider.name,
            distribution=provider.label,
            job_id=self.record.id,
        )

    def is_told(self, error: Exception) -> bool:
        """Whether the journal said what is known of the money: others drove this job since."""
        if not isinstance(error, JournalError):
            return False
        return error.charge_is_said and error.job_id == self.record.id

    def correct(self, error: ImgEditError) -> None:
        """Put what is known of the job's money on an error that says nothing of it."""
        error.charged, error.cost = self.record.charged, None

    def blame(self, message: str) -> PluginError:
        """The error for a plugin that breaks a rule of the engine's."""
        error = PluginError(f"{self.provider.distribution}: {message}", charged=self.record.charged)
        self.fill(error)
        return error

    def close(self, error: ImgEditError) -> None:
        """Store how it ended, and put on the error what the caller needs to go on."""
        self.fill(error)
        unpaid = self.record.job.status == "planned" and self.record.charged == "no"
        if (unpaid or not isinstance(error, ProviderError)) and not self.is_told(error):
            self.correct(error)
        if error.charged != "no":
            error.retryable = False  # a new edit could be paid twice
            # What failed and says 0 does not prove that nothing was charged.
            if error.charged == "unknown" or (error.cost is not None and not error.cost.amount):
                error.cost = None
        given_back = error is self._final and error.charged == "no"
        if self._ended is not None and not given_back:
            error.retryable = False
            error.charged, error.hint = self.record.charged, self._next.after(error)
            return
        before = self.record
        mended = isinstance(error, _LATER if self.stored else DeadlineExceeded)
        later = mended or error is self._later
        over = error is self._final or (before.job.status == "planned" and not later)
        if over and error.charged == "unknown":
            error.hint = self._next.look()
        self.record = self._after(error, over=over)
        told = (over and not self.stored) or self._save_end(error)
        if not self.stored:
            error.job_id = None  # there is no such job
        elif not (told and over):  # what the journal was not told is not over there
            goes_on = before if over else self.record
            error.job = dumps(goes_on)
            if goes_on.job.status != "planned":
                error.retryable = False  # it goes on, and nothing is to be begun anew
            error.hint = self._next.after(error)
            here = ways.resume("json", self.record.id) in error.hint
            error.only_here = here and self.runtime.durable

    def _after(self, error: ImgEditError, *, over: bool) -> JobRecord:
        """The record that says what happened to the job."""
        record, job = self.record, self.record.job
        if over:
            facts = job.facts
            if error.cost is not None and error.cost.unit == job.model.unit:
                facts = facts.merged(Facts(cost=error.cost.amount))
            record = record.with_job(status="failed", facts=facts)
            return evolve(record, charged=error.charged, error=error_row(error), answer=None)
        if record.charged == "unknown" and record.answer is None:
            return evolve(record.in_doubt(), error=error_row(error))
        if self.stored and isinstance(error, ProviderError):
            return evolve(record, error=error_row(error))
        return record

    @property
    def _next(self) -> NextStep:
        return NextStep(
            record=self.record,
            way="json" if self._only_here else self.runtime.way,
            resumed=self.resumed,
            ended=self._ended is not None,
        )

    def _save_end(self, error: ImgEditError) -> bool:
        """Store the end; False = it fails, which must not hide what happened before.

        Unless that is nothing of the job's: others drove it, and this one was in their way.
        """
        try:
            self.save()
        except ImgEditError as trouble:
            if self.is_told(error):
                return True
            if self.is_told(trouble):
                self.fill(trouble)
                raise trouble from error
            if trouble.message != error.message:
                error.add_note(f"It could not be stored, too: {trouble.message}")
            return False
        except Exception as trouble:  # of a journal that keeps to no protocol
            error.add_note(f"It could not be stored, too: {type(trouble).__name__}")
            return False
        return True

    def tag(self, error: asyncio.CancelledError) -> None:
        """Put on a cancellation what who cancelled needs to go on."""
        stored = self._ended or self.record
        error.job = dumps(stored)  # type: ignore[attr-defined]  # read by who cancelled
        job_id = self.record.id if self.stored else None  # else nothing knows it by that name
        error.job_id = job_id  # type: ignore[attr-defined]  # likewise
        error.charged = self.record.charged  # type: ignore[attr-defined]  # likewise
        error.stored = self.stored  # type: ignore[attr-defined]  # likewise
