"""The child in which the function of a `LocalRequest` runs: `python -P -m imgedit._worker [BYTES]`.

BYTES, when given, limits the address space on systems that can do so. A frame is a 4-byte
big-endian length and that many bytes of JSON. The parent writes
`{"function": "module:name", "arguments": {...}, "to": "/folder", "path": [...]}`; the answer is
`{"result": ...}` or `{"error": {"kind", "type", "message", "core", "facts", "trace"}}`. The first
frame that the child writes is `{"ready": <process id>}`. End of input ends the child, at once.

Only the standard library is imported here, and little of it: the child must start quickly.
"""

from __future__ import annotations

import errno
import functools
import json
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable
from typing import IO, Any

MAX_FRAME = 64 * 1024 * 1024
GRACE = 2.0  # seconds that an idle child may take to end after its input did
_TRACE_CHARS = 6_000
_MESSAGE_CHARS = 4_000
_NO_ROOM = (errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC))


class FrameError(Exception):
    """A frame is longer than `MAX_FRAME`."""


class _NotJSON(Exception):
    """What the function returned cannot be an answer."""


def read_frame(stream: IO[bytes]) -> bytes | None:
    """Return the next frame of an unbuffered `stream`; None when it ends, in mid-frame too.

    Raises FrameError for a frame that is too long and OSError for a broken stream.
    """
    header = _read_exactly(stream, 4)
    if header is None:
        return None
    length = int.from_bytes(header, "big")
    if length > MAX_FRAME:
        raise FrameError(f"a frame of {length} bytes; at most {MAX_FRAME} are allowed")
    return _read_exactly(stream, length)


def write_frame(stream: IO[bytes], payload: bytes) -> None:
    """Write one frame to an unbuffered `stream`.

    Raises FrameError for a frame that is too long and OSError for a broken stream.
    """
    if len(payload) > MAX_FRAME:
        raise FrameError(f"a frame of {len(payload)} bytes; at most {MAX_FRAME} are allowed")
    for part in (len(payload).to_bytes(4, "big"), payload):
        view = memoryview(part)
        while view:
            view = view[stream.write(view) :]


def _read_exactly(stream: IO[bytes], count: int) -> bytes | None:
    parts = []
    while count:
        part = stream.read(min(count, 1024 * 1024))
        if not part:
            return None
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def main(arguments: list[str]) -> int:
    # Ctrl-C reaches the whole terminal; the parent decides what becomes of this process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    source, sink = _take_over_the_pipes()
    if arguments:
        _limit_memory(int(arguments[0]))
    _report_crashes()

    requests: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
    busy = threading.Event()
    threading.Thread(target=_listen, args=(source, requests, busy), daemon=True).start()
    write_frame(sink, json.dumps({"ready": os.getpid()}).encode())
    while (frame := requests.get()) is not None:
        busy.set()
        answer = _answer(frame)
        _flush()
        busy.clear()  # before the answer: whoever has it may close the pipe and expect a good end
        try:
            write_frame(sink, answer)
        except OSError:
            return 1  # the parent is gone
    return 0


def _take_over_the_pipes() -> tuple[IO[bytes], IO[bytes]]:
    """Keep the parent's pipes to ourselves: what the function reads or prints never meets them."""
    source, sink = os.dup(0), os.dup(1)  # duplicates are not inherited by processes started here
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    sys.stdout.reconfigure(line_buffering=True, errors="backslashreplace")  # type: ignore[union-attr]
    if hasattr(os, "register_at_fork"):
        # A fork without exec would keep the answer pipe open after this process has died.
        os.register_at_fork(after_in_child=functools.partial(os.close, sink))
    return open(source, "rb", buffering=0), open(sink, "wb", buffering=0)


def _limit_memory(size: int) -> None:
    # One job at a time needs no pool of threads, and on a machine with many cores the pool's
    # stacks alone would use up the address space.
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    try:
        import resource
    except ImportError:
        return
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    if hard != resource.RLIM_INFINITY:
        size = min(size, hard)
    try:
        resource.setrlimit(resource.RLIMIT_AS, (size, hard))
    except (OSError, ValueError):
        return  # some systems have the name but not the limit


def _report_crashes() -> None:
    import faulthandler

    faulthandler.enable(file=2, all_threads=False)


def _listen(
    source: IO[bytes], requests: queue.SimpleQueue[bytes | None], busy: threading.Event
) -> None:
    """Pass frames on; when the parent is gone, end the process even in the middle of a function."""
    try:
        while (frame := read_frame(source)) is not None:
            requests.put(frame)
    except (OSError, FrameError) as error:
        sys.stderr.write(f"imgedit worker: {error}\n")
    requests.put(None)
    if not busy.is_set():
        # Longer than an orderly end takes, unless a thread of a plugin keeps the process alive.
        time.sleep(GRACE)
    if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)  # and what the function has started
    os._exit(1)


def _answer(frame: bytes) -> bytes:
    function = "?"
    try:
        call = json.loads(frame)
        function = call["function"]
        _extend_path(call["path"])
        result = _find(function)(**call["arguments"], to=call["to"])
        return _encode(result)
    except MemoryError as error:
        # Its frames hold the large values; without them there is room for an answer.
        error.__traceback__ = error.__context__ = None
        return _failure("memory", error)
    except _NotJSON as error:
        return _failure("answer", error)
    except OSError as error:
        return _failure("raised", _no_room() if error.errno in _NO_ROOM else error)
    except BaseException as error:
        # SystemExit and KeyboardInterrupt too: an answer is better than a dead child.
        return _failure("raised", error)


def _no_room() -> Exception:
    """A full disk is no fault of the plugin's."""
    from imgedit.errors import OutputError

    return OutputError(
        "there is no room for the result while it is made",
        hint="Free some space where imgedit keeps its files, and run the edit again.",
    )


def _extend_path(entries: Iterable[str]) -> None:
    """Append what the parent can import from; never before the standard library."""
    known = set(sys.path)
    new = [entry for entry in dict.fromkeys(entries) if entry not in known]
    if new:
        import importlib

        sys.path.extend(new)
        importlib.invalidate_caches()


def _find(function: str) -> Callable[..., Any]:
    import importlib

    module_name, _, name = function.partition(":")
    if not module_name or not name.isidentifier():
        raise ValueError(f"{function!r} is not of the form 'module:name'")
    if module_name == "__main__":
        raise ModuleNotFoundError(
            "a function of a script or notebook cannot run in the worker; move it into a module"
        )
    found = getattr(importlib.import_module(module_name), name, None)
    if found is None:
        raise AttributeError(f"module {module_name!r} has no function {name!r}")
    if not callable(found):
        raise TypeError(f"{name!r} in module {module_name!r} is not a function")
    return found  # type: ignore[no-any-return]


def _encode(result: object) -> bytes:
    try:
        _check(result, "")
        # Not ASCII only: a lone surrogate is refused here, as it would be by every reader.
        payload = json.dumps({"result": result}, ensure_ascii=False, allow_nan=False).encode()
    except RecursionError:
        raise _NotJSON("the value is nested too deeply") from None
    except (TypeError, ValueError) as error:
        raise _NotJSON(str(error)) from None
    if len(payload) > MAX_FRAME:
        raise _NotJSON(f"{len(payload)} bytes of JSON; at most {MAX_FRAME} are allowed")
    return payload


def _check(value: object, at: str) -> None:
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise _NotJSON(f"a key of type {type(key).__name__} at {at or 'the top'}")
            _check(item, f"{at}/{key}")
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            _check(item, f"{at}/{index}")
    elif isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            raise _NotJSON(f"the number {value} at {at or 'the top'}")
    elif not (value is None or isinstance(value, str | int)):
        raise _NotJSON(f"a value of type {type(value).__name__} at {at or 'the top'}")


def _failure(kind: str, error: BaseException) -> bytes:
    name, core = _public_name(error)
    described = {
        "kind": "refused" if core else kind,
        "type": name,
        "message": _message(error, core)[:_MESSAGE_CHARS],
        "core": core,
        "facts": _facts(error) if core else {},
        "trace": _trace(error) if kind == "raised" else "",
    }
    return json.dumps({"error": described}).encode()


def _public_name(error: BaseException) -> tuple[str, bool]:
    """Return the class's name; for a subclass of a core error, the core class the parent knows."""
    module = sys.modules.get("imgedit.errors")
    for cls in type(error).__mro__:
        if module is not None and vars(module).get(cls.__name__) is cls:
            return cls.__name__, True
    return type(error).__name__, False


def _message(error: BaseException, core: bool) -> str:
    # `str` of a core error adds sentences, which the parent's copy will add again.
    try:
        return str(error.message if core else error)  # type: ignore[attr-defined]
    except Exception:
        return ""


def _facts(error: Any) -> dict[str, Any]:
    """Return what else of a core error crosses the pipe, as JSON."""
    facts: dict[str, Any] = {"retryable": bool(error.retryable)}
    for name in ("hint", "code"):
        value = getattr(error, name)
        facts[name] = None if value is None else str(value)
    facts["problems"] = [
        {"path": str(item.path), "message": str(item.message), "code": str(item.code)}
        for item in error.problems
    ]
    return facts


def _trace(error: BaseException) -> str:
    import traceback

    try:
        tail = error.__traceback__
        outside = tail.tb_next if tail is not None else None
        lines = traceback.format_exception(type(error), error, outside)
        return "".join(lines)[-_TRACE_CHARS:]
    except Exception:  # an exception whose own methods fail
        return ""


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:  # noqa: S112 - the plugin may have put anything there
            continue


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
