"""Bytes on their way into a new file, hashed as they pass."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from ..files import create_beside, publish

PIECE = 120 * 1024  # what is read of an answer at once
BATCH = 2 * PIECE
LARGE = 1 << 20


class DiskFailed(Exception):
    """A file cannot be created or written; says why, and `error` is the system's."""

    def __init__(self, error: OSError) -> None:
        super().__init__(error.strerror or type(error).__name__)
        self.error = error


class Sink:
    """A new file beside `to` that fills up.

    The first megabyte is written at once, which costs less than to ask a thread; what follows
    is written in one. Up to `memory` bytes make no file: they become `data`. `on_write` is told
    how many bytes come next.

    `put` and `finish` raise DiskFailed: an OSError would look like a broken connection.
    """

    def __init__(
        self,
        to: Path,
        *,
        mode: int = 0o666,
        memory: int = 0,
        on_write: Callable[[int], None] | None = None,
    ) -> None:
        self._to = to
        self._on_write = on_write
        self._mode = mode
        self._memory = memory
        self._file: BinaryIO | None = None
        self._waiting: list[bytes] = []
        self._batch = 0
        self._hash = hashlib.sha256()
        self.path: Path | None = None
        self.data: bytes | None = None
        self.size = 0

    @property
    def sha256(self) -> str:
        """Of what was put in and finished."""
        return self._hash.hexdigest()

    async def put(self, data: bytes) -> None:
        """Take the next bytes."""
        self._waiting.append(data)
        self._batch += len(data)
        self.size += len(data)
        if self._batch >= BATCH and self.size > self._memory:
            if self.size > LARGE:
                await asyncio.to_thread(self._write)
            else:
                self._write()

    async def finish(self, *, durable: bool) -> None:
        """Write the rest and close; durable = it survives a power cut."""
        if self.size <= self._memory:
            self.data = b"".join(self._waiting)
            self._hash.update(self.data)
        elif durable or self.size > LARGE:
            await asyncio.to_thread(self._finish, durable)
        else:
            self._finish(durable)

    def publish(self, *, overwrite: bool, durable: bool) -> None:
        """Give the finished file its name; raises as `files.publish` does."""
        if self.data is not None:
            return
        assert self.path is not None  # it is finished
        publish(self.path, self._to, overwrite=overwrite, durable=durable)
        self.path = None

    def discard(self) -> None:
        """Close and delete what has no name yet; fine at any time."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()
            self._file = None
        if self.path is not None:
            with contextlib.suppress(OSError):
                os.unlink(self.path)

    def _write(self) -> BinaryIO:
        if self._on_write is not None:
            self._on_write(self._batch)
        try:
            if self._file is None or self.path is None:
                descriptor, self.path = create_beside(self._to, self._mode)
                self._file = os.fdopen(descriptor, "wb")
            waiting, self._waiting, self._batch = self._waiting, [], 0
            for data in waiting:
                self._hash.update(data)
                self._file.write(data)
        except OSError as error:
            raise DiskFailed(error) from None
        return self._file

    def _finish(self, durable: bool) -> None:
        file = self._write()
        try:
            file.flush()
            if durable:
                os.fsync(file.fileno())
            file.close()
        except OSError as error:
            raise DiskFailed(error) from None
        self._file = None
