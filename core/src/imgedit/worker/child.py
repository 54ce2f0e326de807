"""One child process: started, written to, read from, ended. Everything here blocks."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, Any, cast

from .._worker import GRACE, FrameError, read_frame, write_frame
from .errors import WorkerFailed

_log = logging.getLogger("imgedit.worker")
_RING = 64 * 1024
_TAIL_CHARS = 6_000


class Child:
    """A running `imgedit._worker`.

    All methods belong to one thread, except `kill`, which any thread may call at any time.
    """

    def __init__(self, memory_limit: int | None) -> None:
        """Start the process. Raises WorkerFailed (kind "start") if the system cannot."""
        self._killed = False
        self._kills = _kernel_kills()
        try:
            self._process = subprocess.Popen(
                _command(memory_limit),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                # A group of its own: Ctrl-C passes it by, and `kill` reaches what it started.
                start_new_session=True,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            raise WorkerFailed(
                "start", f"The worker process could not be started ({error})."
            ) from None
        self._input = cast("IO[bytes]", self._process.stdin)
        self._output = cast("IO[bytes]", self._process.stdout)
        self._errors = _Drain(cast("IO[bytes]", self._process.stderr))

    @property
    def usable(self) -> bool:
        """Whether it can take a job: it runs, and nobody has killed it."""
        return not self._killed and self._process.poll() is None

    def wait_until_ready(self) -> None:
        """Raises WorkerFailed (kind "start") if the process ends before it can take a job."""
        try:
            ready = json.loads(self._read() or b"null")
        except (FrameError, ValueError):
            ready = None
        if isinstance(ready, dict) and "ready" in ready:
            return
        self.end()
        tail = self._errors.tail()
        lines = tail.strip().splitlines() or [f"exit code {self._process.returncode}"]
        said = next((line for line in reversed(lines) if "rror" in line), lines[-1])
        raise WorkerFailed(
            "start",
            f"The worker process could not be started ({said}). It runs "
            f"`{sys.executable} -P -m imgedit._worker`.",
            trace=tail,
        )

    def ask(self, frame: bytes) -> Any:
        """Send a job and return the child's answer, parsed; None if the child ended instead.

        Raises FrameError or ValueError for an answer that is not one; the child is then useless.
        """
        self._errors.mark()
        try:
            write_frame(self._input, frame)
        except OSError:
            return None
        answer = self._read()
        return None if answer is None else json.loads(answer)

    def _read(self) -> bytes | None:
        try:
            return read_frame(self._output)
        except OSError:
            return None

    def kill(self) -> None:
        """End the process and what it started, at once, without waiting for them to be gone."""
        self._killed = True
        if self._process.returncode is not None:
            return
        if hasattr(os, "killpg"):
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                pass
            else:
                return
        self._process.kill()

    def end(self, *, grace: float = 0) -> int:
        """Close its input, kill what is left after `grace` seconds; return its exit code."""
        self._input.close()
        if grace:
            self._await_end(grace)
        self.kill()
        code = self._process.wait()
        self._output.close()
        self._errors.join()
        return code

    def _await_end(self, seconds: float) -> None:
        """Wait for the process to end but do not reap it: its number still guards its group."""
        if not hasattr(os, "waitid"):
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(seconds)
            return
        until = time.monotonic() + seconds
        pause = 0.001
        while time.monotonic() < until:
            try:
                if os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                    return
            except ChildProcessError:
                return
            time.sleep(pause)
            pause = min(2 * pause, 0.05)

    def disown(self) -> None:
        """In a forked process: let go of a child that is the parent's, without ending it."""
        self._process.returncode = 0
        self._input.close()
        self._output.close()

    def describe_end(self, function: str) -> WorkerFailed:
        """Reap the child that ended in the middle of `function` and say why it did."""
        code = self.end(grace=GRACE)
        tail = self._errors.tail()
        if code == -9 and _kernel_kills() > self._kills:
            return out_of_memory(function, "the system ended it", trace=tail)
        if code >= 0:
            return WorkerFailed(
                "exited",
                f"The worker process ended with exit code {code} in {function}.",
                trace=tail,
            )
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = f"signal {-code}"
        hint = " Perhaps the system ran out of memory." if code == -9 else ""
        return WorkerFailed(
            "killed", f"The worker process was killed ({name}) in {function}.{hint}", trace=tail
        )


def out_of_memory(function: str, detail: str, *, trace: str = "") -> WorkerFailed:
    """The error of a job that needed more memory than there is."""
    detail = f" ({detail})" if detail else ""
    return WorkerFailed("memory", f"{function} ran out of memory{detail}.", trace=trace)


def _command(memory_limit: int | None) -> list[str]:
    if not sys.executable or getattr(sys, "frozen", False):
        # `sys.executable` would be the whole application, started once more.
        raise WorkerFailed(
            "start", "Edits on this machine need a Python interpreter to run in; there is none."
        )
    command = [sys.executable, "-P"]
    if sys.flags.ignore_environment:
        command.append("-E")
    if sys.flags.no_user_site:
        command.append("-s")
    command += ["-m", "imgedit._worker"]
    return command if memory_limit is None else [*command, str(memory_limit)]


def _kernel_kills() -> int:
    """Return how many processes the kernel has ended for lack of memory; 0 where it is not told."""
    try:
        for line in Path("/proc/vmstat").read_text().splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    except (OSError, ValueError):
        pass
    return 0


class _Drain:
    """Reads a child's standard error to its end, keeps the last of it, and logs it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._ring = bytearray()
        self._count = 0
        self._mark = 0
        self._lock = threading.Lock()
        self._thread = threading.Thread(
            target=self._run, args=(stream,), name="imgedit-worker-stderr", daemon=True
        )
        self._thread.start()

    def _run(self, stream: IO[bytes]) -> None:
        with stream:
            while chunk := stream.read(_RING):
                with self._lock:
                    self._count += len(chunk)
                    self._ring += chunk
                    del self._ring[:-_RING]
                if _log.isEnabledFor(logging.DEBUG):
                    _log.debug("%s", chunk.decode("utf-8", "replace").rstrip())

    def mark(self) -> None:
        """Forget what belongs to earlier jobs: `tail` begins here."""
        with self._lock:
            self._mark = self._count

    def tail(self) -> str:
        with self._lock:
            size = min(self._count - self._mark, len(self._ring))
            recent = bytes(self._ring[len(self._ring) - size :])
        return recent.decode("utf-8", "replace")[-_TAIL_CHARS:]

    def join(self) -> None:
        # A process that the function started may hold the pipe open for as long as it likes.
        self._thread.join(1.0)
