"""`SyncClient` and `edit`: the same without async, also inside a running event loop."""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Mapping, MutableSet
from concurrent.futures import CancelledError
from contextlib import suppress
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast
from weakref import WeakSet

from .client import Client
from .contract.event import Event
from .engine.next_step import of_a_job
from .engine.record import JobRecord
from .engine.runtime import closed
from .errors import UsageError
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
    waited for; what else runs in this client is canceled, too. Whatever else a handler of signals
    raises (SystemExit, the end of a task's time) stops and carries the one that was waited for.
    An edit that was finished just then is in its `result`, and `job` is None.
    The end of the client stops what still runs in it: who waits in another thread gets the
    CancelledError of an edit that was canceled.

    It is used in the process that made it; its callbacks cannot wait for it.
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
        self._process = os.getpid()
        self._waiting: WeakSet[asyncio.Task[Any]] = WeakSet()  # for a job that they do not run
        self._gate = threading.RLock()  # what is begun, is begun before the end
        self._over = False
        self._closing = threading.RLock()  # one at a time
        self._ending = False
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

    def _refuse(self) -> None:
        """Raises UsageError where nobody would ever answer."""
        if os.getpid() != self._process:
            raise UsageError(
                "this client belongs to another process, of which this one is a copy",
                hint="Make a client in each process, after the fork.",
            )
        if threading.current_thread() is self._thread:
            raise UsageError(
                "a callback of this client cannot wait for it",
                hint="Ask when the edit is over, or from another thread.",
            )
        if self._over:
            raise closed()

    def _run(self, work: Awaitable[_T], job: EditJob | None = None) -> _T:
        """What the work comes to, on the loop; `job` is the one that is waited for, if any."""
        if job is not None and job.task.done():  # which a client that is closed does not change
            return cast("_T", _at_once(work))
        begun: set[asyncio.Task[Any]] = set()
        place = begun if job is None else self._waiting
        try:
            self._refuse()  # in another process the gate may be shut for ever
            with self._gate:
                self._refuse()
                future = asyncio.run_coroutine_threadsafe(_carried(work, place), self._loop)
        except UsageError as refused:
            _drop(work)
            if job is not None:
                refused.charged, refused.job_id = "unknown", job.id
            raise
        try:
            value, error = future.result()
        except BaseException as stop:  # Ctrl-C, or what another handler of a signal raises here
            if isinstance(stop, CancelledError):  # somebody else's, before this one began
                stop = asyncio.CancelledError()  # as for what had begun
                _drop(work)
            elif isinstance(stop, KeyboardInterrupt):
                self._stop(self._running)
            else:
                self._stop(lambda: [*begun, *([] if job is None else [job.task])])
            over = future.done() and not future.cancelled()
            came, ended = future.result() if over else (None, None)
            if isinstance(came, EditJob):  # nobody has it
                job = came
                self._stop(lambda: [came.task])
            _tell(stop, job.end if job else ended or came)
            raise stop from stop.__cause__
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

    def _stop(self, which: Callable[[], Iterable[asyncio.Task[Any] | None]]) -> None:
        """Cancel tasks and wait until they have put themselves away."""

        async def stop() -> None:
            none = (None, asyncio.current_task())
            tasks = [task for task in which() if task not in none and not task.done()]
            for task in tasks:
                task.cancel()
            if tasks:
                await asyncio.wait(tasks, timeout=5)

        with suppress(TimeoutError, CancelledError):  # somebody else stops everything
            asyncio.run_coroutine_threadsafe(stop(), self._loop).result(10)

    def _running(self) -> set[asyncio.Task[Any]]:
        """What runs, on the loop; who only waits for a job ends with it."""
        return asyncio.all_tasks().difference(self._waiting)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop what runs, as Ctrl-C does, then close the client and its loop.

        Results without a place of their own are deleted.
        """
        if self._loop.is_closed() or os.getpid() != self._process:
            return  # what a forked child has is a copy: the original is used on
        if threading.current_thread() is self._thread:
            self._refuse()
        with self._closing:
            if self._ending or self._loop.is_closed():
                return  # a handler of a signal came in between, or somebody else was first
            self._ending = True
            try:
                self._end()
            finally:
                self._ending = False

    def _end(self) -> None:
        self._stop(self._running)
        with self._gate:
            self._over = True
        self._stop(self._running)  # what was begun in between
        asyncio.run_coroutine_threadsafe(self._client.close(), self._loop).result()
        self._stop(asyncio.all_tasks)
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
        with of_a_job(job if isinstance(job, JobRecord) else None):
            self._refuse()
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
        if threading.current_thread() is not self._thread:
            with of_a_job():
                self._refuse()
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


async def _carried(
    work: Awaitable[_T], begun: MutableSet[asyncio.Task[Any]]
) -> tuple[_T | None, BaseException | None]:
    """What it comes to, or what it raises: a future would make another error of a cancellation.

    The task in which it runs is put into `begun`.
    """
    task = asyncio.current_task()
    assert task is not None  # a coroutine runs in one
    begun.add(task)
    try:
        return await work, None
    except BaseException as error:
        return None, error


def _at_once(work: Any) -> object:
    """What work comes to that has nothing to wait for."""
    try:
        work.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("a job that is over was waited for")


def _drop(work: Awaitable[object]) -> None:
    """What is not begun is not waited for, of which Python warns."""
    if isinstance(work, Coroutine):
        work.close()


def _tell(stop: BaseException, stopped: object) -> None:
    """Put on what was raised in who waited what goes on with the job that it stopped."""
    with suppress(AttributeError, TypeError):  # it may be of a kind that takes nothing
        for name in ("job", "job_id", "charged", "stored"):
            setattr(stop, name, getattr(stopped, name, None))
        if isinstance(stopped, EditResult):
            facts: Any = stop
            free = stopped.reused or (stopped.cost is not None and not stopped.cost.amount)
            facts.result, facts.charged = stopped, "no" if free else "yes"
            stop.add_note("The edit was finished all the same: error.result")
        if getattr(stopped, "job", None) is not None:
            stop.add_note("The edit was stopped. To go on with it: client.resume(error.job)")


@cache
def _shared(process: int) -> SyncClient:
    """One client for all calls of `imgedit.edit` in this process; it ends with Python."""
    client = SyncClient()
    atexit.register(client.close)
    return client


def edit(image: Any, prompt: str, **keywords: Any) -> EditResult:
    """Edit a picture; see `Client.edit` for what it takes and raises.

    Works in scripts, in notebooks and inside a running event loop. Without `out` the picture
    lies in a temporary file until Python ends: `result.image.save(path)`.
    """
    return _shared(os.getpid()).edit(image, prompt, **keywords)
