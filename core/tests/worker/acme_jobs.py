"""Functions that the tests let the worker run. The child finds this file at the end of its path."""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from imgedit.contract.model import Problem
from imgedit.errors import ImageRejected, ValidationError

seen = []


class AcmeRejected(ImageRejected):
    """A plugin's own subclass: the parent cannot know it."""


def write(*, text, to):
    Path(to, "1.png").write_text(text)
    return {"to": to, "pid": os.getpid()}


def echo(*, value, to):
    return value


def pid(*, to):
    return os.getpid()


def remember(*, name, to):
    seen.append(name)
    return list(seen)


def loud(*, to):
    print("printed on stdout")
    os.write(1, b"written to descriptor 1\n")
    sys.__stdout__.write("and by another way\n")
    subprocess.run(["echo", "by a process of its own"], check=True)
    print("something not in ASCII: \u00e9 \ud800")
    return "still heard"


def read_stdin(*, to):
    return sys.stdin.read()


def flood(*, megabytes, to):
    for _ in range(megabytes):
        os.write(2, b"x" * 1024 * 1024)
    return "done"


def say_and_die(*, to):
    sys.stderr.write("the last words\n")
    os._exit(7)


def leave(*, to):
    sys.exit(3)


def interrupt(*, to):
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(0.05)
    return "not interrupted"


def kill_self(*, number, to):
    os.kill(os.getpid(), number)
    time.sleep(10)


def crash(*, to):
    import faulthandler

    faulthandler._sigsegv()


def eat(*, megabytes, to):
    return len(bytearray(megabytes * 1024 * 1024))


def refuse(*, to):
    raise ImageRejected("The picture is upside down", hint="Turn it around.", code="upside_down")


def refuse_as_subclass(*, to):
    raise AcmeRejected("Not this one")


def refuse_with_problems(*, to):
    raise ValidationError(problems=[Problem(path="/prompt", message="not understood", code="rule")])


def fail(*, to):
    raise LookupError("no such colour")


def fail_badly(*, to):
    class Awkward(Exception):
        def __str__(self):
            raise RuntimeError("not even that")

    raise Awkward


def fail_at_length(*, to):
    raise LookupError("x" * 1_000_000)


def not_json(*, which, to):
    loop = []
    loop.append(loop)
    deep = []
    for _ in range(100_000):
        deep = [deep]
    return {
        "nan": {"a": [1, float("nan")]},
        "infinity": float("-inf"),
        "key": {"a": {1: "b"}},
        "bytes": [b"x"],
        "set": {"a": {1}},
        "surrogate": "\ud800",
        "loop": loop,
        "deep": deep,
        "large": "x" * (64 * 1024 * 1024 + 1),
    }[which]


async def coroutine(*, to):
    return 1


def sleep(*, seconds, to):
    Path(to, "pid").write_text(str(os.getpid()))
    time.sleep(seconds)
    return "slept"


def sleep_with_company(*, seconds, to):
    with Path(to, "alive").open("w") as alive:
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], stdout=alive)
    return sleep(seconds=seconds, to=to)


def leave_a_wish(*, to):
    """Something to do at a good end."""
    atexit.register(Path(to, "wish").write_text, "fulfilled")


def leave_a_thread(*, to):
    threading.Thread(target=time.sleep, args=(60,)).start()
    return os.getpid()


def leave_a_fork(*, to):
    if os.fork() == 0:
        time.sleep(60)
    os._exit(5)


def garble(*, data, to):
    """Write to every descriptor that this function was never given."""
    for number in range(3, 64):
        try:
            os.write(number, bytes(data))
        except OSError:
            continue


def look_around(*, to):
    return {"path": sys.path, "json": json.__file__, "cwd": os.getcwd()}


not_a_function = 42
