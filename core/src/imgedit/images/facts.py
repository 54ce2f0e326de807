"""The facts of a picture file: type, size in pixels and bytes, hash, damage."""

from __future__ import annotations

from importlib import import_module
from typing import BinaryIO, Final

import attrs

from imgedit.images.look import Look
from imgedit.images.sniff import HEAD_SIZE, describe, sniff
from imgedit.images.source import Damaged, Source

_MAY_HIDE_ITS_SIZE: Final = frozenset({"image/heic", "image/heif", "image/avif", "image/jxl"})
# The module of each type, imported when such a picture comes.
_WALKERS: Final = {
    "image/jpeg": ("jpeg", "look"),
    "image/png": ("png", "look"),
    "image/webp": ("webp", "look"),
    "image/gif": ("gif", "look"),
    "image/heic": ("boxes", "look"),
    "image/heif": ("boxes", "look"),
    "image/avif": ("boxes", "look"),
    "image/jp2": ("boxes", "look"),
    "image/jxl": ("boxes", "look"),
    "image/tiff": ("tiff", "look"),
    "image/bmp": ("bitmap", "look_bmp"),
    "image/x-icon": ("bitmap", "look_icon"),
}


class NotAPicture(ValueError):
    """The bytes are no picture; `what` says in a few words what they are ("an HTML page")."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what

    def __str__(self) -> str:
        return f"not a picture: the file is {self.what}"


@attrs.frozen(kw_only=True)
class PictureFacts:
    """`width` and `height` are the stored pixels, before any EXIF rotation; None = not known.

    `size` counts bytes. `sha256` is lower-case hex, None when no digest was asked for.
    `c2pa`: the file carries content credentials.
    `truncated` says that the file ends before its format does, or cannot be followed to its end.
    """

    media_type: str
    width: int | None
    height: int | None
    size: int
    sha256: str | None
    truncated: bool
    animated: bool
    c2pa: bool = False


def read_facts(file: BinaryIO, *, digest: bool = True) -> PictureFacts:
    """Read `file` from its beginning, once and in chunks, with its SHA-256 unless told otherwise.

    Raises NotAPicture for empty files, text and unknown bytes, OSError from the file, nothing
    else. A file that can seek is left at its end.
    """
    source = Source(file, digest=digest)
    media_type, seen = look(source)
    size = source.finish()
    return PictureFacts(
        media_type=media_type,
        width=seen.width,
        height=seen.height,
        size=size,
        sha256=source.hexdigest(),
        truncated=not seen.whole or seen.needs > size,
        animated=seen.animated,
        c2pa=seen.c2pa,
    )


def has_c2pa(file: BinaryIO) -> bool:
    """Whether the picture carries content credentials (a C2PA manifest) inside the file.

    False for what is no picture. Raises only the file's own OSError.
    """
    try:
        return look(Source(file))[1].c2pa
    except NotAPicture:
        return False


def look(source: Source) -> tuple[str, Look]:
    """The media type of a source at its beginning, and what its walk found; raises NotAPicture."""
    head = source.peek(HEAD_SIZE)
    media_type = sniff(head)
    if media_type is None:
        raise NotAPicture(describe(head))
    seen = Look()
    try:
        module, walk = _WALKERS[media_type]
        getattr(import_module(f"imgedit.images.{module}"), walk)(source, seen)
        if media_type not in _MAY_HIDE_ITS_SIZE and not (seen.width and seen.height):
            seen.whole = False
    except Damaged:
        seen.whole = False
    return media_type, seen
