"""Where the files of jobs lie: beside a journal, or in a temporary folder of one client."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import evolve

from ..contract.image import ImageSource
from ..errors import JournalError, OutputError
from ..files import sync_folder
from .journal import Journal
from .output import RESULT, cannot_write
from .record import JobRecord
from .temporary import brought, clear, flat, make_again, make_temporary, take_away

if TYPE_CHECKING:
    from .ways import Way


class Spool:
    """The files of a client's jobs.

    Attributes:
        asides: jobs with an answer in the spool, as far as is known.
    """

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.asides: set[str] = set()
        self._spool: Path | None = None
        self._temporary = True
        self._folders: set[str] = set()  # jobs with a folder in the spool
        self._loose: dict[str, list[Path]] = {}  # and files beside those, by job

    @cached_property
    def durable(self) -> bool:
        """Whether jobs outlive this process: the journal has a place for their pictures, too."""
        try:
            return self.journal.spool is not None
        except JournalError:  # it cannot be made, of which whoever needs it is told
            return True

    @property
    def way(self) -> Way:
        """Who knows the jobs of this client, when it is said how they go on."""
        way: Way = getattr(self.journal, "way", "client")
        return way if self.durable else "json"

    @property
    def spool(self) -> Path:
        """The folder for pictures: the journal's, or a temporary one that ends with the client.

        Raises:
            OutputError, JournalError: it cannot be made.
        """
        if self._spool is None:
            kept = self.journal.spool
            self._temporary = kept is None
            self._spool = kept.absolute() if kept else make_temporary()
        elif self._temporary:
            make_again(self._spool)
        return self._spool

    def noted(self, record: JobRecord) -> tuple[str, ...]:
        """The temporary folders in which pictures of a job may lie, with the one of this client."""
        here = None if self._spool is None or not self._temporary else str(self._spool)
        known = record.folders
        return known if here is None or here in known else (*known, here)

    def folder(self, job_id: str) -> Path:
        """The folder of one job in the spool.

        Raises:
            OutputError: it cannot be made.
        """
        folder = self.spool / job_id
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise cannot_write(folder, error) from None
        if self.durable and job_id not in self._folders:
            sync_folder(folder.parent)  # what will lie there may be the only copy
        self._folders.add(job_id)
        return folder

    def file(self, job_id: str, name: str) -> Path:
        """The place of one of a job's files in the spool.

        A temporary spool is one flat folder. A journal's jobs have folders of their own, which
        outlive this process.

        Raises:
            OutputError: its folder cannot be made.
        """
        if self.durable:
            return self.folder(job_id) / name
        return flat(self.spool, job_id, name)

    def made(self, job_id: str, path: Path) -> None:
        """Note a file that a job needs for as long as it runs."""
        self._loose.setdefault(job_id, []).append(path)

    def answers(self, job_id: str) -> Path:
        """The folder for pictures that come in answers, under names of their own.

        Raises:
            OutputError: it cannot be made.
        """
        return self.folder(job_id) if self.durable else self.spool

    def kept(self, image: ImageSource, job_id: str) -> ImageSource:
        """The picture as a file when jobs outlive the process, else as it is."""
        if image.url is not None or image.path is not None or not self.durable:
            return image
        return evolve(image, path=str(self.file_of(image, job_id)), data=None)

    def file_of(self, image: ImageSource, job_id: str) -> Path:
        """A file with the picture's bytes.

        Raises:
            OutputError: there is no room for it.
        """
        if image.path is not None:
            return Path(image.path)
        target = self.folder(job_id) / f"{(image.sha256 or 'picture')[:32]}.{image.extension}"
        if not os.path.exists(target):
            try:
                target.write_bytes(image.read())
            except OSError as error:
                raise cannot_write(target, error) from None
        return target

    def tidy(self, record: JobRecord) -> None:
        """Remove what a finished job no longer needs.

        Results that lay there stay, also when the job got another place: somebody has their path.
        """
        take_away(record, self._spool)
        if not self.durable:
            self._tidy_temporary(record)
            return
        with suppress(OSError, OutputError, JournalError):
            folder = self.spool / record.id
            for path in folder.iterdir():
                if path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
                elif not path.name.startswith(RESULT):
                    path.unlink()
            folder.rmdir()

    def _tidy_temporary(self, record: JobRecord) -> None:
        for output in () if record.job.done is None else record.job.done.images:
            if output.image is not None and output.image.path is not None:
                self.made(record.id, Path(output.image.path))
        self.drop(record.id)

    def drop(self, job_id: str) -> None:
        """Remove every file in the spool of a job that has nothing there to be fetched."""
        if self.durable or job_id in self._folders:
            self._folders.discard(job_id)
            shutil.rmtree(self.spool / job_id, ignore_errors=True)
        for path in self._loose.pop(job_id, ()):
            if path.parent == self.spool:
                path.unlink(missing_ok=True)

    def end_spool(self) -> None:
        """Remove a temporary spool, but for pictures that came for a job which can go on.

        The job as JSON has their paths.
        """
        if self._spool is not None and self._temporary:
            with suppress(JournalError):  # then all of it stays
                jobs = self.journal.unfinished([])
                clear(self._spool, {path for job in jobs for path in brought(job)})
