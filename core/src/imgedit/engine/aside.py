"""What the journal could not store of a paid answer: a file beside its pictures, until it can."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from ..errors import JournalError, OutputError
from ..files import write_private
from .record import JobRecord
from .rules import supersedes
from .store import dumps, loads

if TYPE_CHECKING:
    from .runtime import Runtime

ASIDE: Final = "job.json"
_IN_DOUBT: Final = ("sent", "unknown")


def is_news(record: JobRecord, kept: str | None) -> bool:
    """Whether a paid answer would be lost if the journal kept what it has: a job in doubt."""
    return kept in _IN_DOUBT and record.job.status in ("accepted", "done")


def put_aside(runtime: Runtime, record: JobRecord) -> bool:
    """Keep the record where the journal could not; False = nobody can find it but in the error."""
    if not runtime.durable:
        return False
    try:
        write_private(runtime.file(record.id, ASIDE), dumps(record).encode())
    except (OSError, OutputError):
        return False
    return True


def with_aside(runtime: Runtime, record: JobRecord, kept: str | None) -> JobRecord:
    """The record, or what was put aside of it, when that is later; `kept` is what is stored."""
    if kept not in _IN_DOUBT or not runtime.durable:
        return record
    try:
        text = (runtime.spool / record.id / ASIDE).read_text(encoding="utf-8")
        aside = loads(text)
    except (OSError, ValueError, JournalError):
        return record
    return aside if aside.id == record.id and supersedes(aside, record) else record


def drop_aside(runtime: Runtime, record: JobRecord) -> None:
    """What was put aside is stored now."""
    if runtime.durable:
        with suppress(OSError):
            (runtime.spool / record.id / ASIDE).unlink(missing_ok=True)
