"""Where in a plugin's files something is wrong: file and line, for its author's editor."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from attrs import frozen

_MOST = 50


@frozen(kw_only=True)
class Place:
    """A place, and what is wrong there.

    Attributes:
        file: its absolute path.
        line: counted from 1, None = the file as a whole.
        says: one sentence without a full stop.
    """

    file: str
    line: int | None
    says: str


def in_manifest(path: Path, problems: Iterable[Any]) -> tuple[Place, ...]:
    """The places of a manifest's problems, each with a JSON pointer (`path`) and a `message`."""
    from ..manifest.lines import Lines

    problems = list(problems)[:_MOST]
    lines: Lines | None = None
    broken: int | None = None
    try:
        lines = Lines(path.read_bytes().decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        broken = error.lineno
    except (OSError, ValueError, RecursionError):
        pass
    found = []
    for problem in problems:
        line = broken
        if lines is not None:
            line = lines.at(problem.path) if lines.repeated is None else lines.repeated
        found.append(Place(file=str(path.absolute()), line=line, says=str(problem)))
    return tuple(found)


def of_function(function: Any, module: Any, says: str) -> Place | None:
    """Where a hook function begins; None stands for one that is missing: the module then."""
    try:
        code = getattr(inspect.unwrap(function), "__code__", None)
    except Exception:  # what stands there may be anything
        code = None
    file = getattr(module, "__file__", None) if code is None else code.co_filename
    if not file:
        return None
    line = None if code is None else code.co_firstlineno
    return Place(file=str(Path(file).absolute()), line=line, says=says)


def of_exception(error: BaseException, package: str, says: str) -> tuple[Place, ...]:
    """The last line of a package that ran before an exception, or that cannot be compiled."""
    if isinstance(error, SyntaxError) and error.filename:
        return (Place(file=error.filename, line=error.lineno, says=says),)
    found: tuple[Place, ...] = ()
    trace = error.__traceback__
    while trace is not None:
        module = str(trace.tb_frame.f_globals.get("__name__"))
        if module.partition(".")[0] == package:
            file = trace.tb_frame.f_code.co_filename
            found = (Place(file=file, line=trace.tb_lineno, says=says),)
        trace = trace.tb_next
    return found
