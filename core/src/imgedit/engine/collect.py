"""From `Done` to files: download, verify, write; and a fresh URL where an old one has ended."""

from __future__ import annotations

import asyncio
import io
import os
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from attrs import evolve

from ..contract.exchange import HttpResponse
from ..contract.image import ImageSource
from ..contract.outcome import Done, Output, Step
from ..errors import (
    BudgetExceeded,
    DownloadFailed,
    ImgEditError,
    JournalError,
    OutputError,
    UnexpectedResponse,
)
from ..files import write_private
from ..images.check import BadPicture, check_result
from ..images.facts import PictureFacts
from ..manifest.places import first_wait
from .exchange import timeout
from .finish import present, to_result
from .output import cannot_write
from .placing import handed_out, keep
from .retry import pause
from .sidecar import write_sidecars
from .temporary import flat, picture_name

if TYPE_CHECKING:
    from ..transport.errors import BadDownload
    from .run import Run

MOST_BYTES: Final = 256 * 1024 * 1024
MOST_PIXELS: Final = 300_000_000
LARGE: Final = 1 << 20
"""Bytes from which on a file is read in a thread; below, to ask one costs more."""

_TRIES: Final = 4
_ENDED: Final = frozenset({400, 401, 403, 404, 410})


async def keep_pictures(run: Run, done: Done) -> Done:
    """Put base64 pictures of an answer into the spool, so that a stored job holds no bytes.

    Raises:
        UnexpectedResponse: there is no picture, or one that came in the answer is none.
        OutputError: there is no room for one, or one is no longer in the spool.
    """
    if not done.images:
        raise UnexpectedResponse("the provider returned no picture")
    images = []
    for index, output in enumerate(done.images):
        if output.base64 is not None:
            path = run.runtime.file(run.record.id, f"answer-{index + 1}")
            run.runtime.made(run.record.id, path)
            try:
                await asyncio.to_thread(_decode, output.base64, path, run.runtime.durable)
            except OSError as error:
                raise cannot_write(path, error) from None
            output = evolve(output, base64=None, image=_picture(path))  # the same output, kept
        elif output.image is not None:
            try:
                await _check(output.image, output)
            except OSError as error:
                reason = error.strerror or type(error).__name__
                what = f"the picture that came in the answer cannot be read: {reason}"
                raise OutputError(what) from None
        images.append(output)
    return evolve(done, images=images)


def _decode(text: str, path: Path, durable: bool) -> None:
    import pybase64

    if text.startswith("data:"):
        text = text.partition(",")[2]
    try:
        data = pybase64.b64decode(text, validate=True)
    except ValueError:
        raise UnexpectedResponse("the picture in the answer is not valid base64") from None
    write_private(path, data, durable=durable)  # the answer it came in may not be kept


def _picture(path: Path) -> ImageSource:
    try:
        return ImageSource.stored(path)
    except ImgEditError as error:
        raise UnexpectedResponse(f"what the answer holds is no picture: {error.message}") from None


async def _check(image: ImageSource, output: Output) -> PictureFacts:
    """The facts of a picture that came in an answer; raises UnexpectedResponse for a bad one."""
    try:
        if (image.size or LARGE) < LARGE:
            facts = _judge(image, output, image.sha256)
        else:
            facts = await asyncio.to_thread(_judge, image, output, image.sha256)
    except BadPicture as bad:
        raise UnexpectedResponse(str(bad)) from None
    if output.sha256 is not None and output.sha256.lower() != facts.sha256:
        raise UnexpectedResponse("the picture does not have the hash that was announced")
    return facts


async def collect(run: Run, refresh: Callable[[], Awaitable[Step]]) -> None:
    """Bring every picture of a done job to its place; what is there already stays.

    `refresh` does one free exchange in the job's present state.

    Raises:
        DownloadFailed: a picture could not be fetched; the job can be resumed.
        OutputError: a picture could not be written, it stays in the spool; or its sidecar.
    """
    done = run.record.job.done
    assert done is not None  # the status says so
    wanted = run.record.job.request.n
    if len(done.images) < wanted:
        _warn(run, too_few(wanted, len(done.images)))
    if run.record.files:  # of an earlier try
        run.record = await asyncio.to_thread(present, run.record)
    files = list(run.record.files)
    have = {file.index for file in files}
    refreshed = False
    index = 0
    try:
        while index < len(done.images):
            if index in have:
                index += 1
                continue
            try:
                source, facts = await _fetch(run, done.images[index], index)
            except _Ended as ended:
                if refreshed or done.refresh is None:
                    raise ended.error from None
                refreshed = True
                url = done.images[index].url is not None
                why = "URL has ended" if url else "file is no longer in the spool"
                done = await _refresh(run, done, refresh, why)
                continue
            try:
                file, warning = await keep(run, source, facts, index, len(done.images))
            except OutputError:
                _stay(run, source, index)
                raise
            if warning is not None:
                _warn(run, warning)
            files.append(file)
            files.sort(key=lambda file: file.index)
            run.record = evolve(run.record, files=tuple(files))
            index += 1
    except asyncio.CancelledError:
        run.write_held()
        with suppress(JournalError, BudgetExceeded):
            run.save()  # what was placed; an error is stored with it anyway
        raise
    except ImgEditError:
        run.write_held()
        raise
    if run.record.wish.sidecar:
        result = to_result(run.record)
        await asyncio.to_thread(write_sidecars, run.record, result, resumed=run.resumed)
    run.save(error=None)
    run.runtime.tidy(run.record)
    run.emit("done", "done")


def too_few(wanted: int, came: int) -> str:
    """The warning for a result with fewer pictures than were asked for."""
    return f"{wanted} pictures were asked for and {came} came"


class _Ended(Exception):
    """A URL that no longer works, or a file that is gone; a refresh may give a new one."""

    def __init__(self, error: DownloadFailed) -> None:
        super().__init__()
        self.error = error


async def _fetch(run: Run, output: Output, index: int) -> tuple[Path | bytes, PictureFacts]:
    """A picture and its facts; a small one of a client without a journal makes no file yet."""
    left = await asyncio.to_thread(handed_out, run, index) if run.placed else None
    if left is not None and (kept := await asyncio.to_thread(_kept, left, output)) is not None:
        return left, kept
    if output.image is not None:
        path = run.runtime.file_of(output.image, run.record.id)
        try:
            return path, await _check(output.image, output)
        except OSError:
            raise _Ended(_failed(run, "the picture is no longer in the spool")) from None
    from ..transport.errors import BadDownload

    assert output.url is not None  # an Output has one of the three
    runtime = run.runtime
    name = picture_name(index)
    target = runtime.file(run.record.id, name)
    earlier = (flat(Path(folder), run.record.id, name) for folder in run.record.folders)
    for path in (target, *earlier) if run.resumed else ():
        if (kept := await asyncio.to_thread(_kept, path, output)) is not None:
            return path, kept
    attempt = 0
    while True:
        attempt += 1
        run.check_time()
        run.emit("downloading", f"downloading picture {index + 1}", attempt=attempt)
        try:
            got = await runtime.transport.download(
                output.url,
                target,
                site=runtime.site(run.provider, base_url=run.record.base_url),
                max_bytes=MOST_BYTES,
                timeout=max(0.001, run.left),
                idle=timeout(run, "download"),
                sha256=output.sha256,
                size=output.size,
                overwrite=True,
                durable=runtime.durable,
                memory=0 if runtime.durable else LARGE,
            )
            if got.data is not None:
                return got.data, _judge(got.data, output, got.sha256)
            runtime.made(run.record.id, target)
            if got.size < LARGE:
                return target, _judge(target, output, got.sha256)
            return target, await asyncio.to_thread(_judge, target, output, got.sha256)
        except BadPicture as bad:
            target.unlink(missing_ok=True)
            error, again = _failed(run, str(bad)), bad.reason == "truncated"
        except BadDownload as bad:
            if bad.disk is not None:
                raise cannot_write(target, bad.disk) from None
            if bad.code == "timeout":
                run.check_time()  # then this is what is to be said
            error, again = _failed(run, bad.reason, bad.status), bad.retryable
            error.retry_after = _asked(bad)
            if bad.status in _ENDED:
                raise _Ended(error) from None
        seconds = pause(attempt, error.retry_after)
        if not again or attempt >= _TRIES or seconds is None or seconds >= run.left:
            raise error
        await runtime.sleep(seconds)


def _kept(path: Path, output: Output) -> PictureFacts | None:
    """The facts of what was fetched before and not brought to its place; its URL may have ended."""
    if not os.path.exists(path):
        return None
    try:
        facts = _judge(path, output, None)
    except BadPicture:
        return None
    announced = (output.sha256 or facts.sha256 or "").lower(), output.size or facts.size
    return facts if announced == (facts.sha256, facts.size) else None


def _stay(run: Run, source: Path | bytes, index: int) -> None:
    """Keep what was fetched into memory where a resume looks for it: its URL may have ended."""
    if isinstance(source, bytes):
        path = run.runtime.file(run.record.id, picture_name(index))
        with suppress(OSError):
            write_private(path, source, durable=False)
            run.runtime.made(run.record.id, path)


def _asked(bad: BadDownload) -> float | None:
    """Seconds to wait before the next try, when the answer said so."""
    if bad.status is None:
        return None
    answer = HttpResponse(status=bad.status, headers=bad.headers or {})
    return first_wait(answer, ("header:retry-after",), time.time())


def _judge(picture: ImageSource | Path | bytes, output: Output, sha256: str | None) -> PictureFacts:
    """The facts of a picture; its hash is taken as it came, else from its bytes."""
    with _opened(picture) as file:
        facts = check_result(
            file,
            max_pixels=MOST_PIXELS,
            announced=output.media_type,
            digest=sha256 is None,
        )
    return facts if sha256 is None else evolve(facts, sha256=sha256)


def _opened(picture: ImageSource | Path | bytes) -> BinaryIO:
    if isinstance(picture, bytes):
        return io.BytesIO(picture)
    return picture.open("rb") if isinstance(picture, Path) else picture.open()


def _failed(run: Run, reason: str, status: int | None = None) -> DownloadFailed:
    return DownloadFailed(
        f"the picture could not be fetched: {reason}",
        charged=run.record.charged,
        status=status,
    )


async def _refresh(run: Run, done: Done, refresh: Callable[[], Awaitable[Step]], why: str) -> Done:
    """One free exchange for fresh URLs."""
    run.emit("retrying", f"the picture's {why}, asking for a new one")
    run.record = run.record.with_job(state=done.refresh)
    fresh = await refresh()
    if not isinstance(fresh, Done) or len(fresh.images) != len(done.images):
        raise _failed(run, f"its {why} and the provider gave no new one")
    fresh = await keep_pictures(run, fresh)
    job = run.record.job
    run.save(job=evolve(job, done=fresh, facts=job.facts.merged(fresh.facts)))
    return fresh


def _warn(run: Run, text: str) -> None:
    if text not in run.record.warnings:
        run.record = evolve(run.record, warnings=(*run.record.warnings, text))
        run.emit("warning", text)
