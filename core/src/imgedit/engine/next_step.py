"""What to do next with a job that can go on: never another edit, which would be paid again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from attrs import frozen

from ..errors import (
    ContentRejected,
    DownloadFailed,
    ImgEditError,
    InvalidRequest,
    JournalError,
    LegallyUnavailable,
    OutcomeUnknown,
    OutputError,
    ProviderError,
    UnexpectedResponse,
)
from . import ways
from .store import dumps

if TYPE_CHECKING:
    from ..contract.image import ImageSource
    from .record import JobRecord
    from .ways import Way

_FORGOTTEN = (404, 410)
_OF_THE_REQUEST = (InvalidRequest, ContentRejected, LegallyUnavailable)

Error = TypeVar("Error", bound=ImgEditError)


@contextmanager
def of_a_job(
    record: JobRecord | None = None, way: Way | None = None, *, out: bool = False
) -> Iterator[None]:
    """Put on what is raised inside what `told_of` does, unless it says itself what was charged.

    None for the record = it could not even be read.
    """
    try:
        yield
    except ImgEditError as error:
        if error.charge_is_said:
            raise
        if record is not None:
            told_of(error, record, way, out=out)
        else:
            error.charged, error.retryable = "unknown", False
        raise


def told_of(error: Error, record: JobRecord, way: Way | None, *, out: bool = False) -> Error:
    """Put on an error whose job it is, what is known of its money, and how it goes on.

    Whoever raised it knows nothing of the job. With `out` its new place was refused: it has the
    old one still. None for the way = the job was not to go on.
    """
    error.charged = record.charged
    error.fill(provider=record.job.provider, job_id=record.id)
    if record.charged != "no" or record.job.status != "planned":
        error.retryable = False  # a new edit could be paid twice
    if way is None or (record.finished and record.job.status != "done"):
        return error  # there is nothing to go on with
    error.fill(job=dumps(record))
    step = "give the place again" if out else "go on with"
    command = ways.resume(way, record.id, out=out)
    error.hint = f"{_mends(error) or 'Mend that.'} Then {step}: {command}"
    return error


@frozen(kw_only=True)
class NextStep:
    """What a user can do with a job after an error.

    Attributes:
        record: the job as it is now.
        way: who knows it.
        resumed: whether this was a try to go on with it already.
        ended: whether it was finished before, and is only looked at once more.
    """

    record: JobRecord
    way: Way
    resumed: bool
    ended: bool

    def after(self, error: ImgEditError) -> str:
        """What mends the cause, then how this job goes on."""
        mends = _mends(error)
        if mends is not None and self.record.id in mends:
            # A plugin knows the command line only.
            named = self.way == "client" and ways.jobs("command") in mends
            if self.way == "json" or named:
                mends = None
            elif self._has_news(error):
                return f"{mends.rstrip('.')}. What came here: {ways.resume('json', self.record.id)}"
            else:
                return mends
        step = self._step(error)
        if mends is None:
            return step
        return f"{mends.rstrip('.')}. {step.replace('Go on', 'Then go on', 1)}"

    def look(self) -> str:
        """When only the user's account tells whether it was charged."""
        look = "Look in your account at the provider whether it was charged"
        if self.way == "json":
            return f"{look}."
        return f"{look}, then say so: {ways.settle(self.way, self.record.id)}"

    def _step(self, error: ImgEditError) -> str:
        name, done = self.record.id, self.record.job.status == "done"
        unknown = self.resumed and error.charged == "unknown"
        command = ways.resume(self.way, name)
        if self.way == "json":
            keep = f"Keep error.job, the job as JSON, and go on with: {command}"
            if unknown and isinstance(error, OutcomeUnknown | UnexpectedResponse):
                if self.record.answer is None:
                    return self.look()
                return self._in_vain(f"{keep.replace('Keep', 'For that keep', 1)}. ")
            if done and self._nowhere:
                return "The picture is gone for good: there is no address to fetch it from."
            return keep
        end = f"end the job with: {ways.settle(self.way, name, charged=True)}"
        if isinstance(error, JournalError):
            return f"When it works again, go on with: {command}"
        if self.ended and isinstance(error, ProviderError):
            return self._gone(command)
        if done and self.resumed and isinstance(error, ProviderError):
            fetch = f"Fetch it later with: {command}"
            if self._nowhere:
                fetch = "There is no address to fetch it from"
            return f"{fetch}. If it is gone for good, {end}"
        if unknown and (isinstance(error, UnexpectedResponse) or self.record.answer is not None):
            return self._in_vain()
        if not done and error.charged == "yes" and error.status in _FORGOTTEN:
            return f"Go on with: {command}. If the provider does not know it any more, {end}"
        verb = "Fetch it later" if isinstance(error, DownloadFailed) else "Go on"
        return f"{verb} with: {command}"

    def _in_vain(self, keep: str = "") -> str:
        """When the stored answer was read once more: the next time leads nowhere, too."""
        look = self.look().replace("Look", "Otherwise look", 1)
        return f"A newer version of the plugin may be able to read it. {keep}{look}"

    def _has_news(self, error: ImgEditError) -> bool:
        """Whether others drove the job to its end while its answer was on the way."""
        return isinstance(error, JournalError) and self.record.job.status in ("accepted", "done")

    def _gone(self, command: str) -> str:
        """When pictures of a finished job were deleted and do not come again."""
        hint = "The picture was deleted, moved or changed; the job stays finished."
        return hint if self._nowhere else f"{hint} Look for it once more with: {command}"

    @property
    def _nowhere(self) -> bool:
        """Whether there is no address and no file from which the pictures that lack could come."""
        done = self.record.job.done
        assert done is not None  # only done jobs come here
        if done.refresh is not None:
            return False
        have = {file.index for file in self.record.files}
        lost = [output for index, output in enumerate(done.images) if index not in have]
        gone = (output.url is None and not _is_there(output.image) for output in lost)
        return bool(lost) and all(gone)


def _is_there(image: ImageSource | None) -> bool:
    return image is not None and (image.path is None or os.path.exists(image.path))


def _mends(error: ImgEditError) -> str | None:
    """What mends the cause: the hint of an output, or of a request, is for a new edit."""
    if isinstance(error, _OF_THE_REQUEST):
        return None  # the job that goes on keeps its model, its prompt and its pictures
    return error.mend if isinstance(error, OutputError) else error.hint
