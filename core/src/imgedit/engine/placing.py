"""From a picture that was fetched to its place: where the user wants it, or the spool."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import evolve

from ..errors import OutputError
from .finish import present
from .held import Held
from .output import (
    RESULT,
    check_writable,
    fitting,
    free_name,
    is_newer,
    numbered,
    or_elsewhere,
    place,
    second_name,
)
from .record import JobRecord, SavedFile, Wish, now
from .same import is_there

if TYPE_CHECKING:
    from ..images.facts import PictureFacts
    from .run import Run


async def keep(
    run: Run, source: Path | bytes, facts: PictureFacts, index: int, count: int
) -> tuple[SavedFile, str | None]:
    """Bring one of `count` pictures to its place; the file, and a warning for another name.

    Raises:
        OutputError: it cannot be written there, or a file is in the way.
    """
    wish = run.record.wish
    file = SavedFile(
        index=index,
        path="",
        media_type=facts.media_type,
        width=facts.width,
        height=facts.height,
        size=facts.size,
        sha256=facts.sha256 or "",
        c2pa=facts.c2pa,
    )
    if wish.out is not None:
        file, warning = await asyncio.to_thread(
            _place, source, file, count, run.record, run.resumed
        )
        run.record = _moved(run.record, [old for old in run.placed if old.index == index], warning)
        return file, warning
    target = run.runtime.file(run.record.id, _result_name(file))
    if isinstance(source, bytes):
        run.hold(Held(source, target.absolute()))
    elif run.runtime.durable:
        await asyncio.to_thread(place, source, target, overwrite=True)
    else:
        second_name(source, target)
    return evolve(file, path=str(target.absolute())), None


def handed_out(run: Run, index: int) -> Path | None:
    """A result that stayed in the spool when its job got another place, byte for byte."""
    for file in run.placed:
        if file.index == index:
            path = run.runtime.file(run.record.id, _result_name(file))
            if is_there(evolve(file, path=str(path))):
                return path
    return None


def _result_name(file: SavedFile) -> str:
    return fitting(Path(f"{RESULT}{file.index + 1}"), file.media_type).name


def named_place(
    out: Path,
    index: int,
    count: int,
    media_type: str,
    wish: Wish,
    ours: Callable[[Path], bool] = lambda path: False,
) -> tuple[Path, str | None]:
    """Where a picture goes when the user named a file, and a warning when that is another name.

    `ours` says of a file whether it is this very picture, placed before.
    """
    asked = numbered(out, index, count)
    target = fitting(asked, media_type)
    if target in (asked, asked.with_name(asked.name + target.suffix)):
        return target, None
    # The user did not name it: nothing there may be replaced.
    target = free_name(target, sidecar=wish.sidecar, ours=ours)
    return target, _renamed(media_type, target)


def _renamed(media_type: str, path: Path) -> str:
    return f"the picture is {media_type}: it was written to {path.name}"


def _moved(record: JobRecord, old: Iterable[SavedFile], but: str | None = None) -> JobRecord:
    """The record without the warnings of names under which its pictures lie no more."""
    stale = {_renamed(file.media_type, Path(file.path)) for file in old} - {but}
    if stale.isdisjoint(record.warnings):
        return record
    return evolve(record, warnings=tuple(text for text in record.warnings if text not in stale))


def elsewhere(record: JobRecord, out: str, *, overwrite: bool) -> JobRecord:
    """The job with another place for its pictures; those that are written already are copied there.

    Raises:
        OutputError: they cannot be written there.
    """
    place = str(Path(out).absolute())
    if place == record.wish.out and not overwrite:
        return record
    done = record.job.done
    count = record.job.request.n if done is None else len(done.images)
    there = present(record).files

    def ours(path: Path) -> bool:
        # It was copied there before, and that could not be stored.
        return any(is_there(evolve(file, path=str(path))) for file in there)

    sidecar = record.wish.sidecar
    check_writable(out, count, overwrite=overwrite, sidecar=sidecar, ours=ours)
    wish = evolve(record.wish, out=place, overwrite=overwrite, said_at=now())
    record = evolve(record, wish=wish, updated_at=now())
    # One that is gone stays in the list: the job was finished, and is so if it does not come again.
    placed = [
        _place(Path(file.path), file, count, record, True) if file in there else (file, None)
        for file in record.files
    ]
    record = _moved(record, record.files)
    told = (warning for _, warning in placed if warning is not None)
    return evolve(
        record,
        files=tuple(file for file, _ in placed),
        warnings=tuple(dict.fromkeys((*record.warnings, *told))),
    )


def _place(
    source: Path | bytes, file: SavedFile, count: int, record: JobRecord, resumed: bool
) -> tuple[SavedFile, str | None]:
    wish = record.wish

    def ours(path: Path) -> bool:
        # A crash between writing and storing: the file in the way is this very picture.
        return resumed and os.path.isfile(path) and is_there(evolve(file, path=str(path)))

    assert wish.out is not None  # else nobody named a place
    out = Path(wish.out)
    target, warning = named_place(out, file.index, count, file.media_type, wish, ours)
    # A job that is resumed may be old, and what came since may be paid for, too.
    overwrite = (
        wish.overwrite
        and warning is None
        and not (resumed and is_newer(target, record.placed_since))
    )
    try:
        place(source, target, overwrite=overwrite)
    except OutputError as error:
        if overwrite or not ours(target):
            raise or_elsewhere(error) from error.__cause__
    return evolve(file, path=str(target.absolute())), warning
