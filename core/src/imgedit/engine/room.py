"""Room on the disk for an answer, taken before it is paid for: a full disk fails first."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from ..errors import JournalError

if TYPE_CHECKING:
    from .run import Run

EACH: Final = 32 << 20
"""Bytes for one picture of 13 MB as base64 in an answer, beside which it is decoded."""

_MOST: Final = 8

_BESIDE: Final = 1 << 20
"""Of these, bytes for names, rows and blocks that are not full."""

_CANNOT: Final = (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS)
"""What some file systems say to whoever wants space."""


class Room:
    """Space where an answer will lie, which becomes that of the answer as it is written.

    Args:
        folder: where the answer will lie.
        pictures: how many may come.
        beside: bytes that others were promised there, where nothing is taken for them, nor for
            this one; None = it is taken. A temporary folder may lie in memory.

    Raises:
        JournalError: the disk is full (`retryable`), or no file may be so large; nothing was sent.
    """

    def __init__(self, folder: Path, pictures: int, *, beside: int | None = None) -> None:
        self._file: IO[bytes] | None = None
        size = EACH * min(pictures, _MOST)
        self.left = size - _BESIDE
        try:
            # To try it would take what there is, for a moment, from an answer that arrives.
            disk = shutil.disk_usage(folder)
            if disk.free < size + (beside or 0) and disk.total:  # some do not tell
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            if beside is not None:
                return
            # It has no name: who is killed leaves nothing.
            self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  # `give_back` closes it
            _take(self._file, size)
        except OSError as error:
            self.give_back()
            limited = "Raise the limit on the size of files (ulimit -f)."
            raise JournalError(
                f"there is no room for the answer in {folder.parent}: "
                f"{error.strerror or type(error).__name__}",
                hint=limited if error.errno == errno.EFBIG else "Make room on that disk.",
                retryable=error.errno in (errno.ENOSPC, errno.EDQUOT),
            ) from None

    def make_way(self, size: int) -> None:
        """Free as much as is about to be written of the answer, perhaps in a thread."""
        self.left = max(0, self.left - size)
        file = self._file
        if file is not None:
            with suppress(OSError, ValueError):  # it is given back already
                file.truncate(self.left)

    def give_back(self) -> None:
        """Free what is left; a second call does nothing."""
        file, self._file = self._file, None
        if file is not None:
            with suppress(OSError):  # a disk that is full may say so once more
                file.close()


class Rooms:
    """The rooms that the edits of one client hold at the same time."""

    def __init__(self) -> None:
        self._held: set[Room] = set()
        self._given_back = asyncio.Event()

    @asynccontextmanager
    async def taken(self, run: Run) -> AsyncIterator[Room]:
        """Room for the answer of one edit; while others hold what it lacks, it waits for that.

        Who leaves the block has the answer, and stores it before others can take what is free.

        Raises:
            DeadlineExceeded: the time given ran out before.
            JournalError: as for `Room`.
        """
        told = False
        while (room := self._room(run)) is None:
            if not told:
                run.emit("waiting", "the disk has no room for one more answer now")
            told = True
            await self._wait(run)
        self._held.add(room)
        try:
            yield room
        finally:
            room.give_back()
            self._held.remove(room)
            self._given_back.set()

    def _room(self, run: Run) -> Room | None:
        job = run.record.job
        folder = run.runtime.answers(job.id)
        try:
            if run.runtime.durable:
                return Room(folder, job.request.n)
            # Of what comes without a journal only an answer that is a picture needs a file.
            return Room(folder, 1, beside=sum(room.left for room in self._held))
        except JournalError as error:
            if error.retryable and self._held:
                return None
            raise

    async def _wait(self, run: Run) -> None:
        self._given_back.clear()
        try:
            async with asyncio.timeout(max(0.001, run.left)):
                await self._given_back.wait()
        except TimeoutError:
            raise run.too_late() from None


def _take(file: IO[bytes], size: int) -> None:
    if hasattr(os, "posix_fallocate"):
        try:
            os.posix_fallocate(file.fileno(), 0, size)
            return
        except OSError as error:
            if error.errno not in _CANNOT:
                raise
    block = bytes(1 << 20)
    for _ in range(0, size, len(block)):
        file.write(block)
    file.flush()
