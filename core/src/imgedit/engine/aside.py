"""A paid answer beside the journal, whole in a file: a large one, or what the journal did not take.

The file is as late as the row or later: whoever was killed between the two finds it there. So is
a picture that came as the answer, which is a file before it is anything else.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from attrs import evolve

from ..contract.exchange import HttpResponse
from ..contract.image import ImageSource
from ..errors import ImgEditError, JournalError, OutputError
from ..files import PAID, write_private
from . import ways
from .record import JobRecord
from .rules import supersedes
from .store import dumps, loads

if TYPE_CHECKING:
    from .spool import Spool

ASIDE: Final = "job.json"

LARGE: Final = 1 << 20
"""Bytes up to which the body of an answer lies in the row itself."""

_IN_DOUBT: Final = ("sent", "unknown")


def is_news(record: JobRecord, kept: str | None) -> bool:
    """Whether a paid answer would be lost if the journal kept what it has: a job in doubt."""
    return kept in _IN_DOUBT and record.job.status in ("accepted", "done")


def row_of(files: Spool, record: JobRecord) -> JobRecord:
    """The record as the journal is to have it: of a large answer, which is put aside, the head.

    Whoever cancels must not come between an answer that is there and its row: nothing waits here.
    """
    if not files.durable:
        return record
    large: dict[str, Any] = {
        name: evolve(answer, body=b"")
        for name, answer in (("answer", record.answer), ("partial", record.partial))
        if answer is not None and len(answer.body) > LARGE
    }
    if record.finished:  # nobody reads it any more
        return evolve(record, aside=False, **large) if large or record.aside else record
    # The journal may be on another disk; if not, it says what is wrong.
    if large and put_aside(files, record):
        return evolve(record, aside=True, **large)
    return record


def put_aside(files: Spool, record: JobRecord) -> bool:
    """Keep the record where the journal could not; False = nobody can find it but in the error."""
    if not files.durable:
        return False
    try:
        write_private(files.file(record.id, ASIDE), dumps(record).encode())
    except (OSError, OutputError, JournalError):
        return False
    files.asides.add(record.id)
    return True


def with_aside(files: Spool, record: JobRecord, kept: str | None) -> JobRecord:
    """The record with what was put aside of it; `kept` is the status of what is stored.

    Of a job in doubt that may be all that came of it. A large answer that is gone stays a head.
    """
    if not files.durable or not (record.aside or kept in _IN_DOUBT):
        return record
    try:
        folder = files.spool / record.id
    except JournalError:
        return record
    try:
        aside = loads((folder / ASIDE).read_text(encoding="utf-8"))
    except (OSError, ValueError, JournalError):
        return _with_picture(record, folder) if record.job.status in _IN_DOUBT else record
    if aside.id != record.id:
        return record
    files.asides.add(record.id)
    if kept in _IN_DOUBT and supersedes(aside, record):
        return aside
    came = aside.partial if aside.answer is None else aside.answer
    if not record.aside or came is None:
        return record
    if record.answer is None:
        return evolve(record, partial=came, aside=False)
    return evolve(record, answer=came, aside=False)


def _with_picture(record: JobRecord, folder: Path) -> JobRecord:
    """The record of a job in doubt with the picture that was its answer, if it lies there.

    When it was looked up, its state leads to the answers of those questions.
    """
    file = next(iter(sorted(folder.glob(f"{PAID}*"))), None)
    if file is None or record.reconciled:
        return record
    try:
        picture = ImageSource.stored(file)
    except ImgEditError:  # what the vendor sent is none
        return record
    answer = HttpResponse(status=200, pictures=(picture,), purpose="submit")
    return evolve(record.with_job(status="accepted"), charged="yes", answer=answer)


def whole_answer(files: Spool, record: JobRecord) -> HttpResponse:
    """The answer of a record that has one.

    Raises:
        OutputError: it lay aside, and is gone.
    """
    assert record.answer is not None  # who asks has seen it
    if record.aside:
        raise OutputError(
            "the stored answer cannot be read: its file is gone or damaged",
            mend=f"Bring {files.spool / record.id / ASIDE} back. If it is gone for good, end the "
            f"job with: {ways.settle(files.way, record.id, charged=True)}",
        )
    return record.answer


def drop_aside(files: Spool, row: JobRecord) -> None:
    """Delete what the row that is stored now does not need."""
    needless = row.finished or (row.id in files.asides and not row.aside)
    if needless and files.durable:
        files.asides.discard(row.id)
        with suppress(OSError):
            (files.spool / row.id / ASIDE).unlink(missing_ok=True)
