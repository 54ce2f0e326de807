"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

PAID: Final = "answer-submit-"
"""What the name of a picture begins with that came as the answer to a request that costs."""

_NO_LINKS = {errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK, errno.EXDEV}


def create_beside(to: Path, mode: int = 0o666) -> tuple[int, Path]:
    """A new empty file in the folder of `to`, under a name of its own: (descriptor, path).

    Raises:
        OSError: it cannot be created.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    path = to.with_name(f".{to.name[:40]}.{secrets.token_hex(6)}.part")  # 255 bytes at most
    return os.open(path, flags, mode), path


def publish(temporary: Path, to: Path, *, overwrite: bool = False, durable: bool = True) -> None:
    """Give a finished file its name, atomically; both lie in one folder.

    durable = the name survives a power cut.

    Raises:
        FileExistsError: there is a file `to` and it must not be overwritten. `temporary` stays.
        OSError: it cannot be renamed.
    """
    if overwrite:
        os.replace(temporary, to)
    else:
        try:
            os.link(temporary, to)
        except FileExistsError:
            raise
        except OSError as error:
            # A file system without hard links: claim the name first, then take it.
            if error.errno not in _NO_LINKS:
                raise
            os.close(os.open(to, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
            os.replace(temporary, to)
        else:
            os.unlink(temporary)
    if durable:
        sync_folder(to.parent)


@contextlib.contextmanager
def whole(
    to: Path, *, mode: int = 0o666, overwrite: bool = False, durable: bool = True
) -> Iterator[BinaryIO]:
    """A file to write into, which gets its name when the block ends; after an error it is gone.

    durable = it survives a power cut.

    Raises:
        FileExistsError: there is a file `to` and it must not be overwritten.
        OSError: it cannot be written; what was there is as before.
    """
    descriptor, part = create_beside(to, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            if durable:
                file.flush()
                os.fsync(file.fileno())
        publish(part, to, overwrite=overwrite, durable=durable)
    except BaseException:
        with contextlib.suppress(OSError):
            part.unlink()
        raise


def write_private(to: Path, data: bytes, *, durable: bool = True) -> None:
    """Write a file of mode 0600; what was there before is replaced. Raises as `whole` does."""
    with whole(to, mode=0o600, overwrite=True, durable=durable) as file:
        file.write(data)


def sync_folder(folder: Path) -> None:
    """Make a new name in a folder survive a power cut, where the system can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
