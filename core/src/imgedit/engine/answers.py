"""Large answers that were paid for: a file in the spool, so that rows of the journal stay small."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from attrs import evolve, fields, frozen

from ..contract.exchange import HttpResponse
from ..errors import OutputError
from ..files import write_private
from . import ways

if TYPE_CHECKING:
    from .run import Run

LARGE: Final = 1 << 20
"""Bytes up to which a body lies in the row itself."""

_NAME = "answer"


@frozen(kw_only=True)
class KeptAnswer(HttpResponse):
    """An answer whose body lies in `file`, too; as it is stored it lies there only."""

    file: str


def keep_answer(run: Run, response: HttpResponse) -> HttpResponse:
    """The answer; a large body of it is on the disk now, and its row will hold the path only.

    Whoever cancels must not come between an answer that is there and its row: nothing waits here.
    """
    if len(response.body) <= LARGE or not run.runtime.durable:
        return response
    try:
        path = run.runtime.file(run.record.id, _NAME)
        write_private(path, response.body)
    except (OSError, OutputError):
        return response  # the journal may be on another disk; if not, it says what is wrong
    facts = {one.name: getattr(response, one.name) for one in fields(HttpResponse) if one.init}
    return KeptAnswer(**facts, file=str(path))


def stored_answer(run: Run) -> HttpResponse:
    """The answer of the record, which has it whole from now on.

    Raises:
        OutputError: its file cannot be read any more.
    """
    answer = run.record.answer
    assert answer is not None  # who asks has seen it
    try:
        answer = _whole(answer)
    except OSError as error:
        raise OutputError(
            f"the stored answer cannot be read: {error.strerror or type(error).__name__}",
            mend=f"Bring {error.filename} back. If it is gone for good, end the job with: "
            f"{ways.settle(run.runtime.way, run.record.id, charged=True)}",
        ) from None
    run.record = evolve(run.record, answer=answer)
    return answer


def what_came(partial: HttpResponse | None) -> HttpResponse | None:
    """What is there of an answer that told nothing of its money: without its file, its head."""
    with suppress(OSError):
        return partial and _whole(partial)
    return partial


def forget_answer(run: Run) -> None:
    """Delete what `keep_answer` made: the job is over."""
    if run.runtime.durable:
        with suppress(OSError):
            (run.runtime.spool / run.record.id / _NAME).unlink()


def _whole(answer: HttpResponse) -> HttpResponse:
    if not isinstance(answer, KeptAnswer) or answer.body:
        return answer
    return evolve(answer, body=Path(answer.file).read_bytes())
