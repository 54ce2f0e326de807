"""Running children and comparing what they took."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from attrs import field, frozen

HERE = Path(__file__).parent
ROUNDS = int(os.environ.get("ROUNDS", "12"))
"""How often contenders take turns where a turn is short."""

_LONGEST = 120.0
# Without compiled files the length of a source would be measured, which users do not meet.
_INHERITED = {
    name: value
    for name, value in os.environ.items()
    if not name.startswith("IMGEDIT_") and name != "PYTHONDONTWRITEBYTECODE"
}


@frozen(kw_only=True)
class Row:
    """One line of a table; `met` is None where it cannot be measured."""

    what: str
    goal: str
    measured: str
    met: bool | None
    numbers: str

    def __str__(self) -> str:
        met = {True: "yes", False: "**no**", None: "-"}[self.met]
        return f"| {self.what} | {self.goal} | {self.measured} | {met} | {self.numbers} |"


@frozen
class Child:
    """A process to measure: arguments for a Python, what its environment has besides, and which."""

    arguments: Sequence[str]
    environment: Mapping[str, str] = field(factory=dict)
    python: str = sys.executable

    def cpu_ms(self) -> float:
        """Run it; milliseconds of CPU from its start to its end, its children's included."""
        return self._run()[0]

    def figures(self) -> Any:
        """Run it; what it prints of itself, as JSON."""
        return json.loads(self._run()[1])

    def _run(self) -> tuple[float, str]:
        with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            process = subprocess.Popen(
                [self.python, *self.arguments],
                env={**_INHERITED, **self.environment},
                cwd=HERE,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )
            stuck = threading.Timer(_LONGEST, process.kill)
            stuck.start()
            try:
                _, status, usage = os.wait4(process.pid, 0)
            finally:
                stuck.cancel()
            process.returncode = os.waitstatus_to_exitcode(status)
            out.seek(0)
            err.seek(0)
            if process.returncode:
                raise SystemExit(f"{self.arguments} ended with {process.returncode}:\n{err.read()}")
            return (usage.ru_utime + usage.ru_stime) * 1000, out.read()


def take_turns(
    contenders: Mapping[str, Child], measure: Callable[[Child], Any], rounds: int
) -> dict[str, list[Any]]:
    """Every figure of every contender: A B A B ..., after one run each to warm the caches."""
    for child in contenders.values():
        measure(child)
    found: dict[str, list[Any]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, child in contenders.items():
            found[name].append(measure(child))
    return found


def least_cpu(contenders: Mapping[str, Child], rounds: int = ROUNDS) -> dict[str, float]:
    """The least CPU that each contender took, in milliseconds."""
    return {
        name: min(figures) for name, figures in take_turns(contenders, Child.cpu_ms, rounds).items()
    }


@contextmanager
def vendor(delay_ms: int) -> Iterator[str]:
    """A vendor on loopback that takes so long for an edit; gives its base URL."""
    process = subprocess.Popen(
        [sys.executable, "server.py", str(delay_ms)],
        cwd=HERE,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process:
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()
