"""Which edits are the same: the fingerprint of a request, and what the journal has of it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..contract.request import EditRequest
from . import ways

if TYPE_CHECKING:
    from .record import JobRecord, SavedFile
    from .runtime import Runtime


def fingerprint(
    request: EditRequest, *, provider: str, base_url: str | None, keep_metadata: bool
) -> str | None:
    """SHA-256 in hex of all that decides what comes back; None = that cannot be told.

    It covers the bytes of every picture as they were given, the request but its label, and who is
    asked where. A picture given as a URL may be another one tomorrow: it has no fingerprint.
    """
    from ..manifest import document

    hashes = [image.sha256 for image in request.pictures]
    if None in hashes:
        return None
    sheet = document(request)
    sheet.pop("label", None)
    try:
        text = json.dumps(
            [provider, base_url, keep_metadata, hashes, sheet],
            sort_keys=True,
            separators=(",", ":"),
            default=str,
        )
    except (TypeError, ValueError, RecursionError):  # the options are no JSON: they are refused
        return None
    return hashlib.sha256(text.encode()).hexdigest()


def whole(record: JobRecord) -> bool:
    """Whether every picture of a job lies where it was put, byte for byte; reads them."""
    return all(is_there(file) for file in record.files)


def note_of_same(runtime: Runtime, mark: str) -> str | None:
    """A sentence on an earlier job with this fingerprint that may make another one needless."""
    found = list(runtime.journal.find(mark))
    for record in found:
        if record.finished and all(_seems_there(file) for file in record.files):
            return (
                f"job {record.id} is the same edit and its result is still there: --reuse "
                "(reuse=True) returns it at no cost"
            )
    return _note_of_open(runtime, found)


def note_of_none(runtime: Runtime, mark: str | None) -> str | None:
    """Why nothing was reused although the user asked for it; None = there is nothing to tell."""
    if mark is None:
        return "a picture given as a URL may have changed since, so no earlier result is reused"
    found = list(runtime.journal.find(mark))
    if told := _note_of_open(runtime, found):
        return told
    for record in found:
        if record.finished:
            return (
                f"job {record.id} is the same edit, but its result is gone or was changed since: "
                "it is edited anew"
            )
    return None


def _note_of_open(runtime: Runtime, found: Sequence[JobRecord]) -> str | None:
    """A sentence on the newest that may be paid and is not finished; first on what can go on."""
    left = [
        record
        for record in found
        if not (record.finished or record.charged == "no" or runtime.is_driven(record.id))
    ]
    driven = runtime.journal.driven() if left else {}
    for record in sorted(left, key=lambda record: record.id in driven):
        what = f"job {record.id} is the same edit"
        if who := driven.get(record.id):
            show = ways.show(runtime.way, record.id)
            return f"{what}, and {who} drove it as this one began: {show}"
        paid = "is paid" if record.charged == "yes" else "may be charged"
        step = ways.resume(runtime.way, record.id)
        return f"{what}, it {paid} and was not finished yet: {step}"
    return None


def _seems_there(file: SavedFile) -> bool:
    try:
        return Path(file.path).stat().st_size == file.size
    except (OSError, ValueError):
        return False


def is_there(file: SavedFile) -> bool:
    """Whether a picture lies where it was put, byte for byte; reads it."""
    try:
        with open(file.path, "rb") as picture:
            if os.fstat(picture.fileno()).st_size != file.size:
                return False
            return hashlib.file_digest(picture, "sha256").hexdigest() == file.sha256
    except (OSError, ValueError):
        return False
