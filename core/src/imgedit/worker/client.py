"""The parent's side: `LocalWorker` hands jobs to a thread, which runs them in one child."""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
import weakref
from collections.abc import Mapping
from concurrent.futures import Future
from typing import Any, TypeAlias

from .._worker import GRACE, MAX_FRAME, FrameError
from .child import Child, out_of_memory
from .errors import WorkerFailed

JSON: TypeAlias = "Mapping[str, JSON] | list[JSON] | str | int | float | bool | None"

DEFAULT_MEMORY = 4 * 1024**3


class LocalWorker:
    """Runs functions by name in a child process, one at a time, in the order of the calls.

    The child is started by the first `run` and kept. One worker may be used from several event
    loops and threads. A worker that is forgotten, or alive when Python ends, takes its child along.
    """

    def __init__(self, *, memory_limit: int | None = DEFAULT_MEMORY) -> None:
        """`memory_limit`: bytes of address space, where the system can limit it; None: no limit."""
        self._memory_limit = memory_limit
        self._closed = False
        self._open()

    def _open(self) -> None:
        self._jobs = _Dispatcher(self._memory_limit)
        self._finalizer = weakref.finalize(self, self._jobs.abort)

    async def run(
        self, function: str, arguments: Mapping[str, JSON], to: str | os.PathLike[str]
    ) -> JSON:
        """Call `function` ("module:name") as `name(**arguments, to=to)`; return what it returns.

        Cancelling kills the child, whatever it is doing; the next call gets a new one.
        Raises WorkerFailed for everything that goes wrong, RuntimeError on a closed worker.
        """
        import asyncio

        if self._closed:
            raise RuntimeError("this worker is closed")
        if self._jobs.forked:
            self._finalizer.detach()
            self._jobs.disown()
            self._open()
        job = _Job(function, _encode(function, arguments, to))
        self._jobs.submit(job)
        try:
            return await asyncio.wrap_future(job.outcome)
        except asyncio.CancelledError:
            if self._jobs.abandon(job):
                # Until the killed child is gone it could still write to `to`.
                await asyncio.wait([asyncio.wrap_future(job.over)], timeout=GRACE)
            raise
        finally:
            self._jobs.abandon(job)

    async def close(self) -> None:
        """End the child; what still runs or waits fails (kind "killed"). Closing twice is fine."""
        import asyncio

        self._closed = True
        self._finalizer.detach()
        if self._jobs.forked:
            self._jobs.disown()
            return
        self._jobs.close()
        await asyncio.shield(asyncio.wrap_future(self._jobs.ended))

    def kill(self) -> None:
        """End the child at once; what runs in it fails (kind "killed"). The next run starts anew.

        Any thread may call this, a signal handler or exit handler too.
        """
        self._jobs.kill()


def _encode(function: str, arguments: Mapping[str, JSON], to: str | os.PathLike[str]) -> bytes:
    if "to" in arguments:
        raise WorkerFailed("request", f"An argument of {function} may not be called `to`.")
    call = {
        "function": function,
        "arguments": dict(arguments),
        "to": os.path.abspath(os.fspath(to)),
        "path": _import_path(),
    }
    try:
        frame = json.dumps(call, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise WorkerFailed(
            "request", f"The arguments of {function} are not JSON ({error})."
        ) from None
    if len(frame) > MAX_FRAME:
        raise WorkerFailed(
            "request",
            f"The arguments of {function} are {len(frame)} bytes of JSON; "
            f"at most {MAX_FRAME} are allowed.",
        )
    return frame


def _import_path() -> list[str]:
    try:
        return [os.path.abspath(entry) for entry in sys.path]
    except FileNotFoundError:  # the current folder was deleted
        return [entry for entry in sys.path if os.path.isabs(entry)]


class _Job:
    def __init__(self, function: str, frame: bytes) -> None:
        self.function = function
        self.frame = frame
        self.outcome: Future[Any] = Future()
        self.over: Future[None] = Future()
        self.stopped = False


class _Dispatcher:
    """One thread that takes jobs from a queue and owns the child.

    It knows nothing of the `LocalWorker`, so that the worker can be garbage-collected while the
    thread waits. The lock can be entered twice, because a finalizer may run inside any statement.
    """

    def __init__(self, memory_limit: int | None) -> None:
        self._owner = os.getpid()
        self.ended: Future[None] = Future()
        self._memory_limit = memory_limit
        self._lock = threading.RLock()
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._child: Child | None = None
        self._current: _Job | None = None
        self._closed = False

    @property
    def forked(self) -> bool:
        """Whether the thread and the child are those of the process that forked this one."""
        return self._owner != os.getpid()

    def disown(self) -> None:
        # Without the lock: the thread that held it does not exist here.
        if self._child is not None:
            self._child.disown()

    def submit(self, job: _Job) -> None:
        with self._lock:
            if self._closed:
                raise RuntimeError("this worker is closed")
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._serve, name="imgedit-worker", daemon=True
                )
                self._thread.start()
            self._queue.put(job)

    def abandon(self, job: _Job) -> bool:
        """Forget a job that nobody awaits any more; True if the child had to be killed for it."""
        if job.outcome.cancel() or job.outcome.done():
            return False
        with self._lock:
            if self._current is not job:
                return False
            self.kill()
            return True

    def kill(self) -> None:
        if self.forked:
            return
        with self._lock:
            if self._current is not None:
                self._current.stopped = True
            if self._child is not None:
                self._child.kill()

    def close(self) -> None:
        with self._lock:
            if self._closed:
                return
            self._closed = True
            if self._thread is None:
                self.ended.set_result(None)
                return
            if self._current is not None:
                self.kill()
            self._queue.put(None)

    def abort(self) -> None:
        """End everything now; for finalizers and the end of Python."""
        if self.forked:
            return
        with self._lock:
            self.close()
            self.kill()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(GRACE)

    def _serve(self) -> None:
        try:
            while (job := self._queue.get()) is not None:
                self._settle(job)
                del job
        finally:
            with self._lock:
                child, self._child = self._child, None
            if child is not None:
                child.end(grace=GRACE)
            self.ended.set_result(None)

    def _settle(self, job: _Job) -> None:
        with self._lock:
            if not job.outcome.set_running_or_notify_cancel():
                return
            self._current = job
        try:
            result, failure = self._perform(job), None
        except BaseException as error:
            result, failure = None, error
        with self._lock:
            self._current = None
        if failure is None:
            job.outcome.set_result(result)
        else:
            if job.stopped:
                failure = WorkerFailed("killed", f"The worker was stopped in {job.function}.")
            job.outcome.set_exception(failure)
        job.over.set_result(None)

    def _perform(self, job: _Job) -> Any:
        child = self._ready_child(job)
        try:
            answer = child.ask(job.frame)
        except (FrameError, ValueError, RecursionError) as error:
            self._discard()
            raise WorkerFailed(
                "answer", f"What the worker process sent for {job.function} is not JSON ({error})."
            ) from None
        match answer:
            case {"result": result}:
                return result
            case {"error": {"kind": "memory", "message": str(detail)}}:
                self._discard()  # what is left of its memory may be too little for the next job
                raise out_of_memory(job.function, detail)
            case {"error": {"kind": "refused", "message": message, "type": name, "facts": facts}}:
                raise WorkerFailed("refused", message, name, facts)
            case {"error": {"kind": "answer", "message": message}}:
                raise WorkerFailed("answer", f"{job.function} did not return JSON: {message}.")
            case {"error": {"message": message, "type": name, "trace": trace}}:
                said = f"{name}: {message}" if message else name
                raise WorkerFailed("raised", f"{job.function} failed ({said}).", name, trace=trace)
        failure = child.describe_end(job.function)
        with self._lock:
            self._child = None
        raise failure

    def _ready_child(self, job: _Job) -> Child:
        if self._child is not None and not self._child.usable:
            self._discard()
        with self._lock:
            if job.stopped or self._closed:
                raise WorkerFailed("killed", f"The worker was stopped before {job.function}.")
            if self._child is not None:
                return self._child
            child = self._child = Child(self._memory_limit)
        try:
            child.wait_until_ready()
        except WorkerFailed:
            with self._lock:
                self._child = None
            raise
        return child

    def _discard(self) -> None:
        with self._lock:
            child, self._child = self._child, None
        if child is not None:
            child.end()
