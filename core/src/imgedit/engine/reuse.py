"""The same edit is not bought twice: the stored result of an identical one is handed out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from ..contract.event import Event
from ..contract.request import EditRequest
from ..errors import ImgEditError, UsageError
from .collect import too_few
from .output import place
from .placing import named_place
from .plan import Ask, Picked, check_places, pick
from .record import JobRecord, SavedFile, Wish
from .same import whole

if TYPE_CHECKING:
    from .runtime import Runtime


@frozen(kw_only=True)
class Earlier:
    """A finished job, and the ask to which it is the answer."""

    ask: Ask
    picked: Picked
    record: JobRecord


async def look(runtime: Runtime, asks: Sequence[Ask]) -> Earlier | None:
    """The first of these asks whose same edit was done before and is there, byte for byte.

    All are looked at before any of them is sent: which one served before does not matter.

    Raises:
        UsageError: there is no journal to look into; JournalError: it cannot be read.
    """
    if not runtime.durable:
        raise UsageError(
            "there is no journal, so no earlier edit is known that could be reused",
            hint="Give the client a journal, or take `journal = false` out of config.toml.",
        )
    for ask in asks:
        try:
            picked = pick(runtime, ask)
        except ImgEditError:
            continue  # it is raised when its turn comes
        if picked.fingerprint is None:
            continue
        for record in runtime.journal.find(picked.fingerprint):
            if record.finished and await asyncio.to_thread(whole, record):
                return Earlier(ask=ask, picked=picked, record=record)
    return None


async def hand_out(
    runtime: Runtime, earlier: Earlier, on_event: Callable[[Event], object] | None
) -> JobRecord:
    """The job with its pictures copied to where they are wanted now, and no cost.

    Raises:
        OutputError: they cannot be written there.
    """
    begun = time.monotonic()
    ask, record = earlier.ask, earlier.record
    job = record.job
    assert job.done is not None  # only done jobs are found
    check_places(ask, ask.request.n)
    files, warnings = record.files, [*ask.warnings, *earlier.picked.warnings]
    if len(job.done.images) < job.request.n:
        warnings.append(too_few(job.request.n, len(job.done.images)))
    if ask.out is not None:
        files, told = await asyncio.to_thread(_copy, Path(ask.out), files, ask.wish)
        warnings += told
    present = record.with_job(
        request=_said(job.request, earlier.picked.request),
        facts=evolve(job.facts, cost=Decimal(0), balance=None),
    )
    present = evolve(
        present,
        wish=ask.wish,
        files=files,
        warnings=tuple(dict.fromkeys(warnings)),
        attempts=0,
        seconds=round(time.monotonic() - begun, 3),
    )
    done = Event(
        kind="done",
        job_id=job.id,
        provider=job.provider,
        model=job.model.id,
        text=f"reused the result of job {job.id}",
    )
    runtime.tell(done, on_event)
    return present


def _copy(
    out: Path, files: Sequence[SavedFile], wish: Wish
) -> tuple[tuple[SavedFile, ...], list[str]]:
    """Put every picture where the user wants it now."""
    copies, warnings = [], []
    for file in files:
        target, warning = named_place(out, file.index, len(files), file.media_type, wish)
        if warning is not None:
            warnings.append(warning)
        place(Path(file.path), target, overwrite=wish.overwrite and warning is None)
        copies.append(evolve(file, path=str(target.absolute())))
    return tuple(copies), warnings


def _said(stored: EditRequest, asked: EditRequest) -> EditRequest:
    """The stored request with what the user wrote, which the journal may not keep."""
    references = [
        evolve(before, description=now.description)
        for before, now in zip(stored.references, asked.references, strict=True)
    ]
    return evolve(stored, prompt=asked.prompt, label=asked.label, references=references)
