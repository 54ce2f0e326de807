"""Files and folders that nobody else may read."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from ..errors import JournalError
from ..files import sync_folder

_POSIX = os.name == "posix"
_SMALLEST = 512  # bytes of a database with anything in it


def private_folder(path: Path, what: str) -> None:
    """Make a folder, 0700, and those above it, for good; one that exists is left as it is.

    Raises:
        JournalError: it cannot be made; `what` says what it is for.
    """
    if os.path.isdir(path):
        return
    try:
        # The mode of mkdir(parents=True) holds for the last folder only.
        for folder in (*reversed(path.parents), path):
            if not os.path.isdir(folder):
                folder.mkdir(mode=0o700, exist_ok=True)
                sync_folder(folder.parent)
    except OSError as error:
        raise JournalError(
            f"the folder {path} for {what} cannot be made: {_reason(error)}",
            hint="Choose another place, or make the folder yourself.",
        ) from None


def private_file(path: Path) -> None:
    """Make an empty file, 0600; one that exists is left as it is.

    Raises:
        JournalError: there is something else in its place, or it cannot be made.
    """
    if os.path.isdir(path):
        raise JournalError(f"the journal {path} is a folder", hint="Name a file.")
    try:
        # An existing file is never opened here: closing it would drop the locks that another
        # connection of this process holds on it.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        _refuse_scrap(path)
    except OSError as error:
        raise JournalError(
            f"the journal {path} cannot be made: {_reason(error)}",
            hint="Choose another place for it, or run without a journal.",
        ) from None


def keep_to_ourselves(path: Path) -> None:
    """Take the rights of others from a journal and the files that SQLite keeps beside it."""
    for suffix in ("", "-wal", "-shm") if _POSIX else ():
        file = path.with_name(path.name + suffix)
        with suppress(OSError):
            if file.stat().st_mode & 0o077:
                file.chmod(0o600)


def _refuse_scrap(path: Path) -> None:
    with suppress(OSError):
        if 0 < path.stat().st_size < _SMALLEST:  # SQLite would take it for an empty file
            raise JournalError(
                f"the file {path} is not a journal", hint="Choose another place for the journal."
            )


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__
