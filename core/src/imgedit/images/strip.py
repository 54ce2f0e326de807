"""Leave EXIF, GPS and other metadata out of a picture file without touching its pixels."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import BinaryIO, Final

from imgedit.images.plan import CannotStrip, PlanBuilder, Stripped, Unchanged
from imgedit.images.sniff import HEAD_SIZE, extension_for, sniff
from imgedit.images.source import CHUNK_SIZE, Damaged, Source

__all__ = [
    "CannotStrip",
    "Stripped",
    "Unchanged",
    "can_strip",
    "plan_strip",
    "stripped_chunks",
    "write_stripped",
]

# The module of each type, imported when such a picture comes.
_STRIPS: Final = {"image/jpeg": "jpeg", "image/png": "png", "image/webp": "webp"}


def can_strip(media_type: str) -> bool:
    """Whether pictures of this type can be stripped at all: JPEG, PNG and WebP."""
    return media_type in _STRIPS


def plan_strip(file: BinaryIO) -> Stripped | Unchanged | CannotStrip:
    """Plan `file` without its metadata; pixels, colour profile and orientation stay as they are.

    Reads the file once, in chunks. Gone are EXIF with GPS, XMP, IPTC, comments and texts, content
    credentials ("c2pa" in `removed`), previews, what stands behind the picture's end, and segments
    that no decoder needs. An orientation other than 1 stays as the one tag of a new EXIF.
    CannotStrip for other types, for damage, and for what is no picture; raises only OSError.
    """
    source = Source(file)
    media_type = sniff(source.peek(HEAD_SIZE))
    if media_type is None:
        return CannotStrip("it is not a picture")
    if not can_strip(media_type):
        name = extension_for(media_type).upper()
        return CannotStrip(f"metadata can be stripped from JPEG, PNG and WebP, not from {name}")
    plan = PlanBuilder()
    try:
        import_module(f"imgedit.images.{_STRIPS[media_type]}").strip(source, plan)
        return plan.finish()
    except Damaged as problem:
        return CannotStrip(f"the picture is damaged: {problem}")


def stripped_chunks(file: BinaryIO, plan: Stripped) -> Iterator[bytes]:
    """The stripped file in chunks. Raises OSError when `file` is shorter than it was."""
    for part in plan.parts:
        if isinstance(part, bytes):
            yield part
            continue
        offset, left = part
        file.seek(offset)
        while left:
            data = file.read(min(left, CHUNK_SIZE))
            if not data:
                raise OSError("the picture file became shorter while it was read")
            left -= len(data)
            yield data


def write_stripped(file: BinaryIO, plan: Stripped, out: BinaryIO) -> None:
    """Write the stripped `file` to `out`. Raises OSError, also when `file` became shorter."""
    for data in stripped_chunks(file, plan):
        out.write(data)
