"""Reading an answer: text into memory up to a limit, a picture into a file."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..contract.exchange import HttpRequest, HttpResponse
from ..contract.image import ImageSource
from ..files import PAID
from ..images.facts import NotAPicture, read_facts
from ..images.sniff import HEAD_SIZE, extension_for, sniff
from .errors import Lost, TooLarge
from .sink import PIECE, DiskFailed, Sink

if TYPE_CHECKING:
    import aiohttp

MAX_JSON = (64 << 20, 32 << 20)  # for one picture, which may lie inside as base64; for one more
MAX_OTHER = 1 << 20
MAX_PICTURE = 256 << 20
MAX_VALUES = 2_000_000  # of JSON: as objects they take many times their text's memory
MAX_UNPACKED = 64 << 20  # of what comes compressed: a picture hardly shrinks, a bomb does


def bounded(limit: int, headers: Mapping[str, tuple[str, ...]]) -> int:
    """The most bytes of an answer, given the most of one that comes as it is."""
    return min(limit, MAX_UNPACKED) if "content-encoding" in headers else limit


def most_json(pictures: int) -> int:
    """The most bytes of JSON for so many pictures: never more than one picture may have."""
    first, further = MAX_JSON
    return min(first + further * max(pictures - 1, 0), MAX_PICTURE)


def headers_of(answer: aiohttp.ClientResponse) -> dict[str, tuple[str, ...]]:
    """An answer's headers: lower-case name → all values."""
    found: dict[str, tuple[str, ...]] = {}
    for name, value in answer.headers.items():
        lower = name.lower()
        found[lower] = (*found.get(lower, ()), value)
    return found


async def receive(
    answer: aiohttp.ClientResponse,
    request: HttpRequest,
    spool: Path,
    *,
    durable: bool,
    pictures: int,
    on_write: Callable[[int], None] | None = None,
) -> HttpResponse:
    """Read an answer to its end; `pictures` are the most that it should hold.

    `on_write` is told of the bytes of a picture before they are written.

    Raises:
        TooLarge: it is larger than any answer should be.
        Lost: a picture could not be stored.
        aiohttp.ClientError, TimeoutError: it did not arrive whole.
    """
    headers = headers_of(answer)
    pieces = _pieces(answer)
    head = b""
    while len(head) < HEAD_SIZE:
        piece = await anext(pieces, b"")
        head += piece
        if not piece:
            break
    kind = answer.content_type  # application/octet-stream when there is none
    media_type = None
    if answer.status < 300 and (kind.startswith("image/") or kind.endswith("octet-stream")):
        media_type = sniff(head)
    if media_type is not None:
        name = f"{PAID if request.spends else 'answer-'}{secrets.token_hex(8)}"
        to = spool / f"{name}.{extension_for(media_type)}"
        try:
            picture = await _picture(
                answer, head, pieces, media_type, to, durable=durable, on_write=on_write
            )
        except DiskFailed as error:
            raise Lost(
                f"the picture in the answer cannot be stored: {error}",
                status=answer.status,
                headers=headers,
                disk=True,
            ) from None
        return HttpResponse(
            status=answer.status, headers=headers, pictures=(picture,), purpose=request.purpose
        )
    limit = MAX_OTHER
    if kind.endswith("json") or head.lstrip()[:1] in (b"{", b"["):
        limit = most_json(pictures)
    body = [head]
    size = len(head)
    while size <= limit and (piece := await anext(pieces, b"")):
        body.append(piece)
        size += len(piece)
    if size > limit:
        answer.close()
        if answer.status < 400:
            raise _too_large(answer, limit)
        # Of an error the beginning says enough.
        body = [b"".join(body)[:limit]]
    whole = b"".join(body)
    if size > MAX_OTHER and sum(map(whole.count, (b",", b"[", b"{"))) > MAX_VALUES:
        if answer.status < 400:
            reason = f"the answer holds more than {MAX_VALUES:,} values"
            raise TooLarge(reason, status=answer.status, headers=headers)
        whole = whole[:MAX_OTHER]
    return HttpResponse(status=answer.status, headers=headers, body=whole, purpose=request.purpose)


async def _pieces(answer: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    # Decompressed by aiohttp, a bounded piece at a time.
    while data := await answer.content.read(PIECE):
        yield data


async def _picture(
    answer: aiohttp.ClientResponse,
    head: bytes,
    pieces: AsyncIterator[bytes],
    media_type: str,
    to: Path,
    *,
    durable: bool,
    on_write: Callable[[int], None] | None,
) -> ImageSource:
    sink = Sink(to, mode=0o600, on_write=on_write)
    limit = bounded(MAX_PICTURE, headers_of(answer))
    try:
        try:
            to.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise DiskFailed(error) from None
        await sink.put(head)
        async for piece in pieces:
            await sink.put(piece)
            if sink.size > limit:
                answer.close()
                raise _too_large(answer, limit)
        await sink.finish(durable=durable)
        try:
            sink.publish(overwrite=True, durable=durable)
        except OSError as error:
            raise DiskFailed(error) from None
    except BaseException:
        sink.discard()
        raise
    width, height, animated = _look(to)
    return ImageSource(
        media_type=media_type,
        width=width,
        height=height,
        size=sink.size,
        sha256=sink.sha256,
        animated=animated,
        path=str(to.absolute()),
    )


def _look(path: Path) -> tuple[int | None, int | None, bool]:
    try:
        with open(path, "rb") as file:
            facts = read_facts(file, digest=False)
    except (NotAPicture, OSError):
        return None, None, False
    return facts.width, facts.height, facts.animated


def _too_large(answer: aiohttp.ClientResponse, limit: int) -> TooLarge:
    return TooLarge(
        f"the answer is larger than {limit >> 20} MiB",
        status=answer.status,
        headers=headers_of(answer),
    )
