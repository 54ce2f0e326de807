"""`SyncClient` and `edit`: the same without async, also inside a running event loop."""

from __future__ import annotations

import asyncio
import atexit
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping
from concurrent.futures import Future
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

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
    be resumed: the KeyboardInterrupt then carries `job`, `job_id` and `charged`.
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
        self._loop.run_forever()

    def _run(self, work: Awaitable[_T]) -> _T:
        if self._loop.is_closed():
            if isinstance(work, Coroutine):
                work.close()
            raise RuntimeError("this client is closed")
        future: Future[_T] = asyncio.run_coroutine_threadsafe(_carried(work), self._loop)
        try:
            return future.result()
        except KeyboardInterrupt as interrupt:
            stopped = self._stop(future)
            for name in ("job", "job_id", "charged", "stored"):
                setattr(interrupt, name, getattr(stopped, name, None))
            raise

    def _stop(self, future: Future[Any]) -> BaseException | None:
        """Cancel what runs and wait until it has put itself away."""
        carried: list[BaseException] = []
        over = threading.Event()

        def cancel() -> None:
            for task in asyncio.all_tasks(self._loop):
                task.add_done_callback(lambda done: _note(done, carried))
                task.cancel()
            self._loop.call_later(0.2, over.set)

        self._loop.call_soon_threadsafe(cancel)
        over.wait(5)
        return carried[0] if carried else None

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
        return self._client.jobs(limit, unreadable)

    def job(self, job_id: str) -> JobRecord:
        """As `Client.job`."""
        return self._client.job(job_id)

    def unfinished(self, unreadable: list[JournalError] | None = None) -> list[JobRecord]:
        """As `Client.unfinished`."""
        return self._client.unfinished(unreadable)

    def driven(self) -> Mapping[str, str]:
        """As `Client.driven`."""
        return self._client.driven()

    def settle(self, job_id: str, **keywords: Any) -> JobRecord:
        """As `Client.settle`."""
        return self._client.settle(job_id, **keywords)

    def prune(self, older_than: timedelta) -> list[str]:
        """As `Client.prune`."""
        return self._client.prune(older_than)

    def spend(self, **keywords: Any) -> list[Spend]:
        """As `Client.spend`."""
        return self._client.spend(**keywords)

    def budgets(self) -> list[Left]:
        """As `Client.budgets`."""
        return self._client.budgets()


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
                yield self._client._run(anext(stream))
            except StopAsyncIteration:
                return

    def result(self) -> EditResult:
        """As `EditJob.result`."""
        return self._client._run(self._job.result())

    def cancel(self) -> str | None:
        """As `EditJob.cancel`."""
        return self._client._run(self._job.cancel())


async def _carried(work: Awaitable[_T]) -> _T:
    return await work


def _note(task: asyncio.Task[Any], carried: list[BaseException]) -> None:
    try:
        task.result()
    except (asyncio.CancelledError, Exception) as error:
        if getattr(error, "job_id", None):
            carried.append(error)


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
