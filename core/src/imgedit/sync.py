"""`SyncClient` and `edit`: the same without async, also inside a running event loop."""

from __future__ import annotations

import asyncio
import atexit
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import suppress
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

from .client import Client
from .contract.event import Event
from .engine.record import JobRecord
from .job import EditJob
from .result import EditResult

if TYPE_CHECKING:
    from typing import Self

    from .engine.live import Balance, LiveModels
    from .engine.quotes import Quotes
    from .errors import JournalError
    from .ledger.spend import Left, Spend

_T = TypeVar("_T")


class SyncClient:
    """Mirrors `Client` on an event loop of its own, in a background thread.

    A context manager; it takes what `Client` takes. Ctrl-C stops the edit in a way that it can
    be resumed: the KeyboardInterrupt then carries `job`, `job_id` and `charged` of the one that was
    waited for; what else runs in this client is canceled, too.
    """

    def __init__(self, **arguments: Any) -> None:
        self._open(lambda: Client(**arguments))

    @classmethod
    def from_config(cls, **arguments: Any) -> Self:
        """As `Client.from_config`."""
        client = cls.__new__(cls)
        client._open(lambda: Client.from_config(**arguments))
        return client

    def _open(self, make: Callable[[], Client]) -> None:
        self._client = make()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name="imgedit", daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        while True:
            try:
                self._loop.run_forever()
            except (KeyboardInterrupt, SystemExit):
                continue  # whoever waits for the task that raised it gets it, too
            return

    def _run(self, work: Awaitable[_T], job: EditJob | None = None) -> _T:
        """What the work comes to, on the loop; `job` is the one that is waited for, if any."""
        if self._loop.is_closed():
            if isinstance(work, Coroutine):
                work.close()
            raise RuntimeError("this client is closed")
        future = asyncio.run_coroutine_threadsafe(_carried(work), self._loop)
        try:
            value, error = future.result()
        except KeyboardInterrupt as interrupt:
            self._stop()
            stopped = job.stopped_by if job else future.result()[1] if future.done() else None
            for name in ("job", "job_id", "charged", "stored"):
                setattr(interrupt, name, getattr(stopped, name, None))
            raise
        if error is None:
            return cast("_T", value)
        try:
            raise error
        finally:
            del error  # it holds this frame

    def _call(self, work: Callable[[], _T]) -> _T:
        """What the work comes to where edits run: a journal is used by one thread at a time."""
        if threading.current_thread() is self._thread:  # a callback asks
            return work()

        async def there() -> _T:
            return work()

        return self._run(there())

    def _stop(self) -> None:
        """Cancel what runs and wait until it has put itself away."""

        async def stop() -> None:
            tasks = asyncio.all_tasks() - {asyncio.current_task()}
            for task in tasks:
                task.cancel()
            if tasks:
                await asyncio.wait(tasks, timeout=5)

        with suppress(TimeoutError):
            asyncio.run_coroutine_threadsafe(stop(), self._loop).result(10)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the client and its loop; results without a place of their own are deleted."""
        if self._loop.is_closed():
            return
        self._run(self._client.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def edit(self, image: Any, prompt: str, **keywords: Any) -> EditResult:
        """As `Client.edit`."""
        return self._run(self._client.edit(image, prompt, **keywords))

    def submit(self, image: Any, prompt: str, **keywords: Any) -> SyncEditJob:
        """As `Client.submit`."""
        return SyncEditJob(self, self._run(self._client.submit(image, prompt, **keywords)))

    def resume(self, job: JobRecord | str, **keywords: Any) -> EditResult:
        """As `Client.resume`."""
        return self._run(self._client.resume(job, **keywords))

    def quote(self, image: Any, prompt: str, **keywords: Any) -> Quotes:
        """As `Client.quote`."""
        return self._run(self._client.quote(image, prompt, **keywords))

    def preview(self, image: Any, prompt: str, **keywords: Any) -> list[dict[str, Any]]:
        """As `Client.preview`."""
        return self._run(self._client.preview(image, prompt, **keywords))

    def models(self, provider: str | None = None) -> list[dict[str, Any]]:
        """As `Client.models`."""
        return self._client.models(provider)

    def live_models(self, provider: str) -> LiveModels:
        """As `Client.live_models`."""
        return self._run(self._client.live_models(provider))

    def balance(self, provider: str) -> Balance:
        """As `Client.balance`."""
        return self._run(self._client.balance(provider))

    def jobs(
        self, limit: int = 50, unreadable: list[JournalError] | None = None
    ) -> list[JobRecord]:
        """As `Client.jobs`."""
        return self._call(lambda: self._client.jobs(limit, unreadable))

    def job(self, job_id: str) -> JobRecord:
        """As `Client.job`."""
        return self._call(lambda: self._client.job(job_id))

    def unfinished(self, unreadable: list[JournalError] | None = None) -> list[JobRecord]:
        """As `Client.unfinished`."""
        return self._call(lambda: self._client.unfinished(unreadable))

    def driven(self) -> Mapping[str, str]:
        """As `Client.driven`."""
        return self._call(self._client.driven)

    def settle(self, job_id: str, **keywords: Any) -> JobRecord:
        """As `Client.settle`."""
        return self._call(lambda: self._client.settle(job_id, **keywords))

    def prune(self, older_than: timedelta) -> list[str]:
        """As `Client.prune`."""
        return self._call(lambda: self._client.prune(older_than))

    def spend(self, **keywords: Any) -> list[Spend]:
        """As `Client.spend`."""
        return self._call(lambda: self._client.spend(**keywords))

    def budgets(self) -> list[Left]:
        """As `Client.budgets`."""
        return self._call(self._client.budgets)


class SyncEditJob:
    """An edit that is under way; made by `SyncClient.submit`."""

    def __init__(self, client: SyncClient, job: EditJob) -> None:
        self.id = job.id
        self.quote = job.quote
        self._client = client
        self._job = job

    def events(self) -> Iterator[Event]:
        """As `EditJob.events`."""
        stream = self._job.events()
        while True:
            try:
                yield self._client._run(anext(stream), self._job)
            except StopAsyncIteration:
                return

    def result(self) -> EditResult:
        """As `EditJob.result`."""
        return self._client._run(self._job.result(), self._job)

    def cancel(self) -> str | None:
        """As `EditJob.cancel`."""
        return self._client._run(self._job.cancel(), self._job)


async def _carried(work: Awaitable[_T]) -> tuple[_T | None, BaseException | None]:
    """What it comes to, or what it raises: a future would make another error of a cancellation."""
    try:
        return await work, None
    except BaseException as error:
        return None, error


@cache
def _shared() -> SyncClient:
    """One client for all calls of `imgedit.edit`; it ends with Python."""
    client = SyncClient()
    atexit.register(client.close)
    return client


def edit(image: Any, prompt: str, **keywords: Any) -> EditResult:
    """Edit a picture; see `Client.edit` for what it takes and raises.

    Works in scripts, in notebooks and inside a running event loop. Without `out` the picture
    lies in a temporary file until Python ends: `result.image.save(path)`.
    """
    return _shared().edit(image, prompt, **keywords)
