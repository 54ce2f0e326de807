"""A request's body as bytes of a known number, pictures encoded while they are sent.

A body is a row of segments: bytes, and pictures, which pass in pieces, so that neither their size
nor base64 costs memory. A picture of up to `SMALL` bytes is read at once and encoded where it is
sent, which is quickest; a larger one is read in a thread when its turn comes.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import AsyncIterator, Mapping
from decimal import Decimal
from io import BytesIO
from typing import Any, BinaryIO

from attrs import field, frozen

from ..contract.exchange import Base64, Body, DataURI, FilePart, Json, Multipart
from ..contract.image import ImageSource
from ..errors import PluginError

SMALL = 1 << 20
PIECE = 87 * 1024  # divisible by 3: base64 of the pieces is base64 of the whole
_FULL = 124 * 1024  # sent at once: with headers less than the allocator gives back each time
_READ = 2 * PIECE  # of a large picture in one go: a thread costs more than a read
_TOKEN = re.compile(r"[A-Za-z0-9'()+_,./:=?-]{1,70}")


class PictureChanged(Exception):
    """A picture cannot be read any more, or has another size than it had."""


@frozen
class Picture:
    """A picture inside a body, as it is or as base64."""

    image: ImageSource
    base64: bool
    raw_size: int

    @property
    def size(self) -> int:
        """How many bytes it takes in the body."""
        return (self.raw_size + 2) // 3 * 4 if self.base64 else self.raw_size

    def encode(self, data: bytes) -> bytes:
        """A piece of it (a multiple of 3 bytes, but for the last) as it goes out."""
        if not self.base64:
            return data
        import pybase64

        return pybase64.b64encode(data)

    def open(self) -> BinaryIO:
        """Its bytes as a file; a small one is read now.

        Raises:
            PictureChanged: see there.
        """
        try:
            file = self.image.open()
            size = file.seek(0, 2)
            if size <= SMALL and not isinstance(file, BytesIO):
                with file:
                    file.seek(0)
                    file = BytesIO(file.read())
                size = file.seek(0, 2)
        except OSError as error:
            raise PictureChanged(_unreadable(error)) from None
        if size != self.raw_size:
            file.close()
            raise PictureChanged("the picture changed on the disk")
        return file


@frozen(kw_only=True)
class Encoded:
    """A body ready to be sent; it gives the same bytes every time.

    Attributes:
        content_type: None = none is announced.
        segments: bytes and pictures, in order.
        size: bytes of the whole.
    """

    content_type: str | None
    segments: tuple[bytes | Picture, ...]
    size: int = field(init=False)

    def __attrs_post_init__(self) -> None:
        sizes = (len(part) if isinstance(part, bytes) else part.size for part in self.segments)
        object.__setattr__(self, "size", sum(sizes))

    def open(self) -> list[BinaryIO]:
        """Open its pictures, one file per picture segment, in order; `close` them.

        Raises:
            PictureChanged: one cannot be read, or has another size than it had.
        """
        files: list[BinaryIO] = []
        try:
            for part in self.segments:
                if isinstance(part, Picture):
                    files.append(part.open())
        except BaseException:
            close(files)
            raise
        return files

    async def pieces(self, files: list[BinaryIO]) -> AsyncIterator[bytes]:
        """The bytes in pieces of about 120 KiB or one segment; large files are read in a thread.

        Raises:
            PictureChanged: a file became shorter.
        """
        ready = b""
        async for piece in self._encoded(files):
            if ready and len(ready) + len(piece) > _FULL:
                yield ready
                ready = piece
            else:
                ready = ready + piece if ready else piece
        yield ready

    async def _encoded(self, files: list[BinaryIO]) -> AsyncIterator[bytes]:
        from asyncio import to_thread

        left = iter(files)
        for part in self.segments:
            if isinstance(part, bytes):
                yield part
                continue
            file, missing = next(left), part.raw_size
            file.seek(0)
            large = part.raw_size > SMALL
            while missing:
                count = min(_READ if large else PIECE, missing)
                missing -= count
                data = await to_thread(_read, file, count) if large else _read(file, count)
                for at in range(0, count, PIECE):
                    yield part.encode(data[at : at + PIECE])


def close(files: list[BinaryIO]) -> None:
    """Close what `Encoded.open` opened."""
    for file in files:
        file.close()


def _read(file: BinaryIO, count: int) -> bytes:
    try:
        data = file.read(count)
    except OSError as error:
        raise PictureChanged(_unreadable(error)) from None
    if len(data) != count:
        raise PictureChanged("the picture changed on the disk")
    return data


def encode(body: Body, boundary: str) -> Encoded:
    """A body as segments; nothing is read yet.

    Args:
        body: what to send.
        boundary: of a multipart body: the same one gives the same bytes.

    Raises:
        PluginError: it holds what cannot be sent.
    """
    try:
        if isinstance(body, Json):
            return _json(body.value)
        if isinstance(body, Multipart):
            return _multipart(body, boundary)
        return Encoded(content_type=None, segments=(_picture(body.image, base64=False),))
    except (ValueError, TypeError, RecursionError) as error:
        raise PluginError(f"the body of the request cannot be sent: {error}") from None


def _picture(image: Any, *, base64: bool) -> Picture:
    if not isinstance(image, ImageSource):
        raise TypeError(f"a picture is an ImageSource, not {type(image).__name__}")
    if image.size is None:
        raise ValueError("a picture given as a URL has no bytes here")
    return Picture(image, base64, image.size)


def _json(value: Any) -> Encoded:
    token = secrets.token_hex(16)
    found: list[tuple[bytes | Picture, ...]] = []

    def unknown(item: Any) -> Any:
        parts: tuple[bytes | Picture, ...]
        if isinstance(item, Base64):
            parts = (b'"', _picture(item.image, base64=True), b'"')
        elif isinstance(item, DataURI):
            head = f'"data:{item.image.media_type};base64,'.encode()
            parts = (head, _picture(item.image, base64=True), b'"')
        elif isinstance(item, Decimal):
            if not item.is_finite():
                raise ValueError(f"{item} is not a JSON number")
            parts = (str(item).encode(),)
        elif isinstance(item, Mapping):
            return dict(item)
        else:
            raise TypeError(f"{type(item).__name__} is not JSON")
        found.append(parts)
        return f"{token}:{len(found) - 1}"

    text = json.dumps(value, default=unknown, allow_nan=False, separators=(",", ":"))
    if not found:
        return Encoded(content_type="application/json", segments=(text.encode(),))
    segments: list[bytes | Picture] = []
    first, *rest = text.split(f'"{token}:')
    segments.append(first.encode())
    for piece in rest:
        number, _, after = piece.partition('"')
        segments += (*found[int(number)], after.encode())
    return Encoded(content_type="application/json", segments=_merged(segments))


def _multipart(body: Multipart, boundary: str) -> Encoded:
    if not _TOKEN.fullmatch(boundary):
        raise ValueError("the boundary is not a token")
    segments: list[bytes | Picture] = []
    for name, value in body.parts:
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"'
        if isinstance(value, FilePart):
            image = value.image
            filename = _quoted(value.filename or f"image.{image.extension}")
            kind = image.media_type or "application/octet-stream"
            head += f'; filename="{filename}"\r\nContent-Type: {kind}'
            segments += [f"{head}\r\n\r\n".encode(), _picture(image, base64=False), b"\r\n"]
        elif isinstance(value, str | int):
            text = str(value).lower() if isinstance(value, bool) else str(value)
            segments.append(f"{head}\r\n\r\n{text}\r\n".encode())
        else:
            raise TypeError(
                f"the part {name!r} is a str, an int, a bool or a FilePart, "
                f"not {type(value).__name__}"
            )
    segments.append(f"--{boundary}--\r\n".encode())
    kind = f'multipart/form-data; boundary="{boundary}"'
    if re.fullmatch(r"[A-Za-z0-9_.-]+", boundary):
        kind = f"multipart/form-data; boundary={boundary}"
    return Encoded(content_type=kind, segments=_merged(segments))


def _quoted(name: str) -> str:
    """A part's name as browsers write it."""
    if not isinstance(name, str):
        raise TypeError(f"the name of a part is a string, not {type(name).__name__}")
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _merged(segments: list[bytes | Picture]) -> tuple[bytes | Picture, ...]:
    """Neighbouring bytes as one segment."""
    merged: list[bytes | Picture] = []
    for part in segments:
        if isinstance(part, bytes) and merged and isinstance(merged[-1], bytes):
            merged[-1] += part
        else:
            merged.append(part)
    return tuple(merged)


def _unreadable(error: OSError) -> str:
    return f"the picture cannot be read: {error.strerror or type(error).__name__}"
