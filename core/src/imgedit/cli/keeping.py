"""A job that is stored nowhere: the command line keeps it as a file, so that it can go on."""

from __future__ import annotations

import codecs
import os
import shlex
import tempfile
from contextlib import suppress
from itertools import chain, count
from pathlib import Path

from ..engine import ways
from ..errors import ImgEditError, UsageError
from ..files import write_private
from .screen import Screen

_HERE = ways.resume("json", "")
_THERE = ways.resume("json", "", out=True)
_WHAT = "error.job, the job as JSON,"
KEEP = f"Keep {_WHAT} and go on with: {_HERE}"


def without_journal(error: ImgEditError) -> None:
    """What helps after an error without a journal: a job that may be paid goes on from a file."""
    if error.charged == "no":
        error.hint = "Run it again when you like."
    else:
        error.only_here = any(way in (error.hint or "") for way in (_HERE, _THERE))


def keep_job(screen: Screen, error: ImgEditError) -> None:
    """Write the only copy of a job to a file, else to stderr; the hint then says how it goes on."""
    if error.job is None:
        typed = screen.watch.job_id
        file = shlex.quote(typed) if typed and os.path.isfile(typed) else "FILE.json"
        _advise(error, f"imgedit jobs resume {file}")
    if not error.only_here or error.job is None:
        return
    error.only_here = False  # it is kept from now on
    name = f"imgedit-{error.job_id}.json"
    given = screen.watch.file
    kept = given if _holds_more(given, error.job) else _written(given, name, error.job)
    if kept is None:
        screen.note(error.job, style="")
    what = f"{kept}, the only copy of the job,"
    if kept is None:
        what = f"the line of JSON on stderr, the only copy of the job, as the file {name}"
    error.hint = f"{_beside(error.job)}{(error.hint or '').replace(_WHAT, what)}"
    _advise(error, f"imgedit jobs resume {shlex.quote(kept or name)}")


def _holds_more(given: str | None, job: str) -> bool:
    """Whether a file holds the paid answer, of which the job has only pictures in a folder now."""
    from ..engine.store import loads

    if given is None or not _beside(job) or loads(job).answer is not None:
        return False
    try:
        return loads(read_job(given) or "").answer is not None
    except ImgEditError:  # the file is gone
        return False


def _beside(job: str) -> str:
    """Where the pictures lie that came already, which a file of the job does not hold."""
    from ..engine.store import loads
    from ..engine.temporary import brought

    record = loads(job)
    came = {str(path.parent) for path in brought(record) if os.path.exists(path)}
    folders = [folder for folder in record.folders if folder in came]
    return f"What came of it lies in {', '.join(folders)}. " if folders else ""


def _advise(error: ImgEditError, command: str) -> None:
    """Put what goes on with a job as a file for what does so in Python alone."""
    if error.hint is not None:
        error.hint = error.hint.replace(_HERE, command).replace(_THERE, f"{command} -o FILE")


def _written(given: str | None, name: str, text: str) -> str | None:
    """The file; None = there is no room.

    The one that the job went on from, else a new one in the working directory or among temporary
    files: another of that name may know more of the job.
    """
    if given is not None:
        with suppress(OSError):
            write_private(Path(given).resolve(), text.encode())
            return given
    for place in (Path(), Path(tempfile.gettempdir())):
        file = _free(place / name)
        with suppress(OSError):
            write_private(file, text.encode())
            return str(file)
    return None


def _free(file: Path) -> Path:
    """The path, with a number where something has it already."""
    names = (file.with_stem(f"{file.stem}-{number}") for number in count(2))
    return next(path for path in chain((file,), names) if not os.path.lexists(path))


def read_job(given: str) -> str | None:
    """The job as JSON, when a file is given; None = it is an id.

    Raises:
        UsageError: the file cannot be read, or holds something else.
    """
    from ..engine.record import may_name_file

    if not may_name_file(given):
        return None
    try:
        data = Path(given).read_bytes()
        wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))  # of PowerShell's `>`
        text = data.decode("utf-16" if wide else "utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text"
        raise UsageError(f"{given} cannot be read: {reason}", charged="unknown") from None
    if not text.lstrip().startswith("{"):
        hint = "Such a file holds nothing but the job as JSON: { ... }"
        raise UsageError(f"{given} is no job", charged="unknown", hint=hint)
    return text
