"""Hooks do no I/O: while one runs, whatever reaches out of it is stopped and told.

Python's profiler sees every call of a function written in C, however it was imported, so that
`from time import time` is no way around. What the core itself does for a hook does not count, nor
does an import inside of a hook, nor logging.
"""

from __future__ import annotations

import datetime as dt
import gc
import io
import os
import random
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Final

from ...discovery.blame import code_of

_CORE: Final = str(Path(__file__).resolve().parents[2]) + os.sep
_KIT: Final = str(Path(__file__).resolve().parent) + os.sep

_BY_NAME: Final[dict[tuple[Any, str], str]] = {
    ("time", "time"): "the clock",
    ("time", "time_ns"): "the clock",
    ("time", "monotonic"): "the clock",
    ("time", "monotonic_ns"): "the clock",
    ("time", "perf_counter"): "the clock",
    ("time", "perf_counter_ns"): "the clock",
    ("time", "sleep"): "the clock",
    ("builtins", "open"): "a file",
    ("io", "open"): "a file",
    ("_io", "open"): "a file",
    ("io", "open_code"): "a file",
    ("builtins", "print"): "the terminal",
    ("builtins", "input"): "the terminal",
    ("_thread", "start_new_thread"): "a thread",
    ("_thread", "start_joinable_thread"): "a thread",
    ("_posixsubprocess", "fork_exec"): "another process",
    ("_winapi", "CreateProcess"): "another process",
    ("_uuid", "generate_time_safe"): "randomness",
}
_SYSTEM: Final = {
    "urandom": "randomness",
    "getrandom": "randomness",
    "getpid": "the process",
    "fork": "another process",
    "system": "another process",
    "putenv": "the environment",
    "unsetenv": "the environment",
    "getcwd": "a file",
}
_SYSTEM_FILES: Final = frozenset(
    {
        "open", "stat", "lstat", "listdir", "scandir", "mkdir", "remove", "unlink", "rename",
        "replace", "rmdir", "readlink", "access", "chmod", "read", "write", "chdir", "utime",
    }
)  # fmt: skip
_ENVIRON: Final = frozenset(
    getattr(type(os.environ), name).__code__
    for name in ("__getitem__", "__setitem__", "__delitem__", "__iter__", "copy")
)


class Impure(BaseException):
    """Stops a hook that reaches out; no `except Exception` of the plugin catches it."""


class Watch:
    """Sees what the hooks of one module reach for; `found` says what, once something was."""

    def __init__(self, module: Any, functions: Any = ()) -> None:
        file = getattr(module, "__file__", None)
        self._folder = None
        if file is not None and getattr(module, "__path__", None) is not None:
            self._folder = str(Path(file).resolve().parent) + os.sep
        self._files = {code.co_filename for code in code_of(list(functions))}
        if file is not None:
            self._files.add(file)
        self.found: str | None = None

    @contextmanager
    def watching(self) -> Iterator[None]:
        """While this holds, reaching out raises `Impure`."""
        before, collecting = sys.getprofile(), gc.isenabled()
        gc.disable()  # what others do when garbage is collected is not the hook's doing
        sys.setprofile(self._see)
        try:
            yield
        finally:
            sys.setprofile(before)
            if collecting:
                gc.enable()

    def _see(self, frame: FrameType, event: str, argument: Any) -> None:
        if event == "c_call":
            what = _of_c(argument)
            caller: FrameType | None = frame
        elif event == "call":
            what = _of_python(frame)
            caller = frame.f_back
        else:
            return
        if what is not None and (where := self._asked_by(caller)) is not None:
            name = getattr(argument, "__name__", None) or frame.f_code.co_name
            self.found = f"reaches for {what} ({name}, {where})"
            raise Impure(self.found)

    def _asked_by(self, frame: FrameType | None) -> str | None:
        """The plugin's line that leads here; None when it is the core's doing, or an import's."""
        while frame is not None:
            file = frame.f_code.co_filename
            if file in self._files or (self._folder and file.startswith(self._folder)):
                return f"{os.path.basename(file)} line {frame.f_lineno}"
            if file.startswith((_CORE, "<frozen importlib")):
                return None
            if frame.f_globals.get("__name__") == "logging":
                return None
            frame = frame.f_back
        return None


def _of_c(function: Any) -> str | None:
    name, module = getattr(function, "__name__", ""), getattr(function, "__module__", None)
    owner = getattr(function, "__self__", None)
    if (found := _BY_NAME.get((module, name))) is not None:
        return found
    if module in ("posix", "nt"):
        return _SYSTEM.get(name) or ("a file" if name in _SYSTEM_FILES else None)
    if module in ("_socket", "socket") or isinstance(owner, socket.SocketType):
        return "a socket"
    if isinstance(owner, type):
        clock = issubclass(owner, dt.date) and name in ("now", "utcnow", "today")
        return "the clock" if clock else None
    if owner is random._inst:  # what the module's functions use
        return "randomness"
    if isinstance(owner, io.IOBase) and owner in (sys.stdout, sys.stderr, sys.stdin):
        return "the terminal"
    return None


def _of_python(frame: FrameType) -> str | None:
    code = frame.f_code
    if code in _ENVIRON:
        return "the environment"
    if code.co_name == "__init__" and code.co_filename == socket.__file__:
        return "a socket"
    return None
