"""Whose fault an exception is that came out of a hook."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePath
from types import CodeType, FrameType
from typing import Any

from attrs import field, frozen

from .scan import one_line


@frozen(kw_only=True, eq=False)
class Party:
    """A plugin that takes part in a call.

    Attributes:
        label: distribution and version.
        package: the top-level package whose frames are its own, None when it has none.
        codes: of its hook functions, for modules made in the process.
    """

    label: str
    package: str | None
    codes: frozenset[CodeType] = field(default=frozenset())

    def ran(self, frame: FrameType) -> bool:
        """Whether a frame is this plugin's."""
        if frame.f_code in self.codes:
            return True
        module = frame.f_globals.get("__name__")
        return bool(self.package) and str(module).partition(".")[0] == self.package


def code_of(functions: Sequence[Any]) -> frozenset[CodeType]:
    """The code objects of some functions or methods."""
    codes = (getattr(function, "__code__", None) for function in functions)
    return frozenset(code for code in codes if code is not None)


@frozen(kw_only=True)
class Blame:
    """Who raised, where, and what may be told of it."""

    party: Party | None
    place: str
    said: str


def blame(error: BaseException, parties: Sequence[Party]) -> Blame:
    """Find the last plugin frame of a traceback.

    What a foreign exception says may quote a prompt, so only its type is told; the values of our
    own contract say what was wrong with them in words that quote no request.
    """
    party: Party | None = None
    place = innermost = ""
    for frame, line in _frames(error):
        innermost = str(frame.f_globals.get("__name__"))
        for one in parties:
            if one.ran(frame):
                party = one
                place = _place(frame, line)
    said = type(error).__name__
    if innermost.startswith("imgedit.contract.") and not isinstance(error, KeyError):
        said += f": {one_line(getattr(error, 'message', error))}"
    elif isinstance(error, TypeError) and (match := _UNKNOWN_FIELD.search(str(error))):
        said += f": {match[0]}"
    return Blame(party=party, place=place, said=said)


_UNKNOWN_FIELD = re.compile(
    r"\w+\.?__init__\(\) (?:got an unexpected keyword argument '\w+'"
    r"|missing \d+ required (?:keyword-only |positional )?arguments?: ['\w, ]+"
    r"|takes .+ but .+ given)"
)


def at(error: BaseException) -> str:
    """An exception's type, and where it was raised; what it says may quote a prompt."""
    place = ""
    for frame, line in _frames(error):
        place = _place(frame, line)
    return f"{type(error).__name__} ({place})"


def core_is_last(error: BaseException) -> bool:
    """Whether the innermost frame is the core's own: then it is a bug of ours."""
    names = [str(frame.f_globals.get("__name__")) for frame, _ in _frames(error)]
    return bool(names) and not names[-1].startswith("pluggy")


def _place(frame: FrameType, line: int) -> str:
    return f"{'/'.join(PurePath(frame.f_code.co_filename).parts[-2:])}, line {line}"


def _frames(error: BaseException) -> Iterator[tuple[FrameType, int]]:
    trace = error.__traceback__
    while trace is not None:
        yield trace.tb_frame, trace.tb_lineno
        trace = trace.tb_next
