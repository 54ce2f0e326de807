"""Room on the disk for an answer, taken before it is paid for: a full disk fails first."""

from __future__ import annotations

import errno
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

from ..errors import JournalError

EACH: Final = 32 << 20
"""Bytes for one picture of 13 MB as base64 in an answer, beside which it is decoded."""

_MOST: Final = 8


class Room:
    """Space beside the pictures of a journal, held until the answer begins to arrive.

    Args:
        folder: where the answer will lie.
        pictures: how many are asked for.

    Raises:
        JournalError: the disk is full; nothing was sent.
    """

    def __init__(self, folder: Path, pictures: int) -> None:
        self._file: IO[bytes] | None = None
        try:
            # It has no name: who is killed leaves nothing.
            self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  # `give_back` closes it
            _take(self._file, EACH * min(pictures, _MOST))
        except OSError as error:
            self.give_back()
            limited = "Raise the limit on the size of files (ulimit -f)."
            raise JournalError(
                f"there is no room for the answer in {folder.parent}: "
                f"{error.strerror or type(error).__name__}",
                hint=limited if error.errno == errno.EFBIG else "Make room on that disk.",
            ) from None

    def give_back(self) -> None:
        """Free the space for the answer; a second call does nothing."""
        file, self._file = self._file, None
        if file is not None:
            with suppress(OSError):  # a disk that is full may say so once more
                file.close()


def _take(file: IO[bytes], size: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file.fileno(), 0, size)
        return
    block = bytes(1 << 20)
    for _ in range(0, size, len(block)):
        file.write(block)
    file.flush()
