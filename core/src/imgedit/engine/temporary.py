"""The folder for pictures of a client without a journal, and what stays of it after its end."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from .output import cannot_write

if TYPE_CHECKING:
    from .record import JobRecord

_PREFIX = "imgedit-"

_living: set[Path] = set()  # folders whose clients are not closed


def make_temporary() -> Path:
    """A new folder, 0700.

    Raises:
        OutputError: there is no place for one.
    """
    try:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    except OSError as error:
        raise cannot_write(Path(tempfile.gettempdir()) / _PREFIX, error) from None
    _living.add(folder)
    return folder


def make_again(folder: Path) -> None:
    """Make the folder when it is gone: systems remove what lay there for days.

    Raises:
        OutputError: it cannot be made.
    """
    if os.path.isdir(folder):
        return
    try:
        folder.mkdir(mode=0o700, parents=True)
    except OSError as error:
        raise cannot_write(folder, error) from None


def lives(folder: Path) -> bool:
    """Whether files may be made in the folder; while its client is not closed it is made again.

    Raises:
        OutputError: it cannot be made.
    """
    if folder in _living:
        make_again(folder)
    return os.path.isdir(folder)


def brought(record: JobRecord) -> Iterator[Path]:
    """The files of all pictures that came for a job."""
    images = [] if record.job.done is None else [image.image for image in record.job.done.images]
    for answer in (record.answer, record.partial):
        images += () if answer is None else answer.pictures
    yield from (Path(image.path) for image in images if image is not None and image.path)
    yield from (Path(file.path) for file in record.files)
    for folder in map(Path, record.folders):
        fetched = (flat(folder, record.id, picture_name(index)) for index in range(len(images)))
        yield from filter(os.path.exists, fetched)  # their URLs may work once only


def flat(folder: Path, job_id: str, name: str) -> Path:
    """The place of a job's file: to make a folder for each job may cost more than the file."""
    return folder / f"{job_id}-{name}"


def picture_name(index: int) -> str:
    """The name of a picture that was fetched."""
    return f"picture-{index + 1}"


def clear(folder: Path, needed: Collection[Path]) -> None:
    """Remove the folder of a client that ends, but for the files that are needed."""
    _living.discard(folder)
    if not any(path.is_relative_to(folder) for path in needed):
        shutil.rmtree(folder, ignore_errors=True)
        return
    for path in sorted(folder.rglob("*"), reverse=True):
        with suppress(OSError):
            if path.is_dir():
                path.rmdir()
            elif path not in needed:
                path.unlink()


def take_away(record: JobRecord, own: Path | None) -> None:
    """Remove what earlier clients left for a job that is finished now; `own` = not from here."""
    left = {Path(folder) for folder in record.folders} - {own}
    if not left:
        return
    results = {Path(file.path) for file in record.files}
    for path in set(brought(record)) - results:
        if path.parent in left:
            with suppress(OSError):
                path.unlink()
    for folder in left:
        with suppress(OSError):  # there is more in it
            folder.rmdir()
