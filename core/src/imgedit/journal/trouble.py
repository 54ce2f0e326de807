"""What SQLite complains of, in words that help."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from ..errors import JournalError

_KEEP = (
    "To begin a new journal, move the file away together with its -wal and -shm files and the "
    "spool beside it. Keep the files: no other journal knows their jobs, and some may be paid."
)


def in_plain_words(error: sqlite3.Error, path: Path, patience: float) -> JournalError:
    """The JournalError for an error of SQLite."""
    name = getattr(error, "sqlite_errorname", None) or ""
    kind = "_".join(name.split("_")[:2])
    match kind:
        case "SQLITE_BUSY" | "SQLITE_LOCKED":
            return JournalError(
                f"the journal {path} was locked by another process for {patience:g} seconds",
                hint="Wait until that one has finished.",
                retryable=True,
            )
        case "SQLITE_NOTADB":
            return JournalError(
                f"the file {path} is not a journal", hint="Choose another place for the journal."
            )
        case "SQLITE_CORRUPT":
            return JournalError(f"the journal {path} is damaged", hint=_KEEP)
        case "SQLITE_READONLY" | "SQLITE_PERM" | "SQLITE_AUTH":
            return JournalError(
                f"the journal {path} cannot be written: it is read-only",
                hint="Change the rights of the file and of its folder, or choose another place.",
            )
        case "SQLITE_FULL":
            return JournalError(
                f"the journal {path} cannot be written: the disk is full",
                hint="Make room on that disk.",
            )
        case "SQLITE_CANTOPEN":
            return JournalError(
                f"the journal {path} cannot be opened",
                hint="Look at the rights of the file and of its folder.",
            )
        case "SQLITE_IOERR":
            return JournalError(
                f"the journal {path} cannot be read or written: the disk reports an error ({name})",
                hint="Look at the disk and at the room that is left on it.",
            )
    if isinstance(error, sqlite3.ProgrammingError) and not name:
        return JournalError(f"the journal {path} is closed", hint="Open it again.")
    if kind == "SQLITE_ERROR" or not name:
        return JournalError(f"the journal {path} is not as imgedit made it: {error}", hint=_KEEP)
    return JournalError(f"the journal {path} failed: {name}")
