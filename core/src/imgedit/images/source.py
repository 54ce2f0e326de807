"""A forward reader over a picture file: bounded memory, hashing what passes."""

from __future__ import annotations

import re
from typing import BinaryIO, Final

CHUNK_SIZE: Final = 64 * 1024
"""Below what a C library asks the system for, and gives back, each time: that costs more than
reading."""

MAX_PIECES: Final = 200_000
"""More segments, chunks, boxes or frames than this in one file are taken for damage."""


class Damaged(Exception):
    """The bytes do not go on as their format demands; says why in a few words."""


class Source:
    """Reads `file` once, from its beginning to its end, at most a chunk at a time.

    With `digest` every byte is read and hashed, whatever a walker skips. Without it, skipping
    seeks where the file can. `pos` is the offset of the next byte.
    """

    __slots__ = ("_at", "_chunk", "_file", "_hash", "_size", "pos")

    def __init__(self, file: BinaryIO, *, digest: bool = False) -> None:
        self._file = file
        self._hash = None
        if digest:
            import hashlib

            self._hash = hashlib.sha256()
        self._size: int | None = None
        if file.seekable():
            self._size = file.seek(0, 2)
            file.seek(0)
        self._chunk = b""
        self._at = 0
        self.pos = 0

    def read(self, count: int) -> bytes:
        """The next `count` bytes, fewer at the end of the file."""
        ready = self._chunk[self._at : self._at + count]
        self._move(len(ready))
        if len(ready) == count:
            return ready
        parts, missing = [ready], count - len(ready)
        while missing and self._fill():
            part = self._chunk[:missing]
            self._move(len(part))
            missing -= len(part)
            parts.append(part)
        return b"".join(parts)

    def peek(self, count: int) -> bytes:
        """The next `count` bytes (at most a chunk) without moving, fewer at the file's end."""
        while len(self._chunk) - self._at < count:
            if not self._fill(keep=self._chunk[self._at :]):
                break
        return self._chunk[self._at : self._at + count]

    def take(self, count: int) -> bytes:
        """Exactly the next `count` bytes, or Damaged."""
        data = self.read(count)
        if len(data) < count:
            raise Damaged("the file ends early")
        return data

    def number(self, count: int, order: str = "big") -> int:
        """The next `count` bytes as an unsigned number, or Damaged."""
        return int.from_bytes(self.take(count), "little" if order == "little" else "big")

    def skip(self, count: int) -> None:
        """Pass over `count` bytes; Damaged when the file has fewer left."""
        buffered = len(self._chunk) - self._at
        if count <= buffered:
            self._move(count)
            return
        self._move(buffered)
        count -= buffered
        if self._hash is None and self._size is not None:
            step = min(count, self._size - self.pos)
            self._chunk, self._at = b"", 0
            self._file.seek(self.pos + step)
            self.pos += step
            count -= step
        while count and self._fill():
            step = min(count, len(self._chunk))
            self._move(step)
            count -= step
        if count:
            raise Damaged("the file ends early")

    def skip_to(self, offset: int) -> None:
        """Pass over everything before `offset`, which must not lie behind."""
        if offset < self.pos:
            raise Damaged("its parts overlap")
        self.skip(offset - self.pos)

    def find(self, pattern: re.Pattern[bytes]) -> bool:
        """Go to the next match of `pattern` (two bytes at most), or to the end and say False."""
        while True:
            if len(self._chunk) - self._at < 2:
                rest = self._chunk[self._at :]
                if not self._fill(keep=rest):
                    match = pattern.search(rest)
                    self._move(match.start() if match else len(rest))
                    return match is not None
            match = pattern.search(self._chunk, self._at)
            if match:
                self._move(match.start() - self._at)
                return True
            # The last byte may be the first half of a match.
            self._move(len(self._chunk) - self._at - 1)

    def window(self) -> tuple[bytes, int]:
        """The buffered bytes and where the next one is among them; no byte left is Damaged."""
        if self._at == len(self._chunk) and not self._fill():
            raise Damaged("the file ends early")
        return self._chunk, self._at

    def more(self) -> bool:
        """Whether a byte is left."""
        return self._at < len(self._chunk) or self._fill()

    def finish(self) -> int:
        """Read (or seek) to the end; the size of the file in bytes."""
        self._move(len(self._chunk) - self._at)
        if self._hash is None and self._size is not None:
            self.pos = self._file.seek(self._size)
        while self._fill():
            self._move(len(self._chunk))
        return self.pos

    def hexdigest(self) -> str | None:
        """The SHA-256 of what was read, None without `digest`."""
        return None if self._hash is None else self._hash.hexdigest()

    def _move(self, count: int) -> None:
        self._at += count
        self.pos += count

    def _fill(self, keep: bytes = b"") -> bool:
        data = self._file.read(CHUNK_SIZE)
        if not data:
            return False
        if self._hash is not None:
            self._hash.update(data)
        self._chunk, self._at = keep + data, 0
        return True
