"""Files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from pathlib import Path

_NO_LINKS = {errno.EPERM, errno.EACCES, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK, errno.EXDEV}


def create_beside(to: Path, mode: int = 0o666) -> tuple[int, Path]:
    """A new empty file in the folder of `to`, under a name of its own: (descriptor, path).

    Raises:
        OSError: it cannot be created.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    path = to.with_name(f".{to.name[:80]}.{secrets.token_hex(6)}.part")
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


def write_whole(to: Path, data: bytes, *, durable: bool) -> None:
    """Write a private file, or replace it; durable = it is on the disk afterwards.

    Raises:
        OSError: it cannot be written; what was there is as before.
    """
    descriptor, part = create_beside(to, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        publish(part, to, overwrite=True, durable=durable)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink()
        raise


def sync_folder(folder: Path) -> None:
    """Make a new name in a folder survive a power cut, where the system can."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
