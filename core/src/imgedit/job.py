"""`EditJob`: an edit that runs while its caller does something else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from .contract.event import Event
from .engine.record import JobRecord
from .result import EditResult

OnEvent = Callable[[Event], object]


class EditJob:
    """An edit that is under way; made by `Client.submit`."""

    def __init__(
        self,
        record: JobRecord,
        turns: asyncio.Semaphore,
        work: Callable[[OnEvent], Awaitable[EditResult]],
        on_event: OnEvent | None,
    ) -> None:
        self.id = record.id
        self.quote = record.quote
        self._seen: list[Event] = []
        self._news = asyncio.Event()
        self._also = on_event
        self._stopped: asyncio.CancelledError | None = None
        self._task = asyncio.create_task(self._run(turns, work))
        self._task.add_done_callback(lambda _: self._news.set())

    async def _run(
        self, turns: asyncio.Semaphore, work: Callable[[OnEvent], Awaitable[EditResult]]
    ) -> EditResult:
        try:
            async with turns:
                return await work(self._take)
        except asyncio.CancelledError as stopped:
            self._stopped = stopped
            raise

    def _take(self, event: Event) -> None:
        self._seen.append(event)
        self._news.set()
        if self._also is not None:
            self._also(event)

    async def events(self) -> AsyncIterator[Event]:
        """Every event from the beginning, then each as it comes; ends with the job."""
        shown = 0
        while True:
            while shown < len(self._seen):
                yield self._seen[shown]
                shown += 1
            if self._task.done():
                return
            self._news.clear()
            await self._news.wait()

    async def result(self) -> EditResult:
        """Wait for the result; giving up waiting does not stop the job.

        Raises:
            ImgEditError: as `Client.edit`.
            asyncio.CancelledError: it was canceled; its `job` goes on with `Client.resume`.
        """
        await self._over()
        end = self.end
        if isinstance(end, asyncio.CancelledError):
            raise end
        return self._task.result()

    @property
    def task(self) -> asyncio.Task[EditResult]:
        """In which it runs."""
        return self._task

    @property
    def end(self) -> EditResult | BaseException | None:
        """The result, or the error or the cancellation that ended it; None = it is not over."""
        if not self._task.done():
            return None
        if self._task.cancelled():
            return self._stopped or asyncio.CancelledError()
        return self._task.exception() or self._task.result()

    async def cancel(self) -> str | None:
        """Stop driving the job; returns it as JSON when it can be resumed, else None.

        What the provider has begun goes on there, and may be charged.
        """
        self._task.cancel()
        await self._over()
        return getattr(self.end, "job", None)

    async def _over(self) -> None:
        """Wait for its end; what is over is not waited for, not even for a turn of the loop."""
        if not self._task.done():
            await asyncio.wait([self._task])
