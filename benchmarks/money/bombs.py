"""Small things that are large inside: pictures and compressed bodies, given to a real client.

Pictures are tried as an answer, as a result to be downloaded, as an input and as a mask; bodies
as an answer and as a result. Nothing is decoded or unpacked beyond a bound, so each is refused in
little memory.
"""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import os
import struct
import subprocess
import sys
import tempfile
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from attrs import asdict, frozen

from imgedit.testing.pictures import png, png_bomb

MOST_MIB = {"picture": 8.0, "body": 160.0}
"""The most memory that Python may hold while one is refused. A body may be 64 MiB of JSON, for
pictures lie in it as base64; it is held as pieces and as one."""

_SIDE = 60_000


@frozen(kw_only=True)
class Trial:
    """What came of one: `kind` is "picture" or "body", `said` the error, "" = it was taken."""

    kind: str
    bomb: str
    way: str
    said: str
    charged: str
    submits: int
    seconds: float
    mib: float


def trials() -> list[Trial]:
    """Try them all, in a process of its own."""
    here = Path(__file__).parents[1]
    path = os.pathsep.join(filter(None, (str(here), os.environ.get("PYTHONPATH"))))
    done = subprocess.run(
        [sys.executable, "-m", "money.bombs"],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=300,
    )
    return [Trial(**json.loads(line)) for line in done.stdout.splitlines()]


def words(found: list[Trial]) -> str:
    """In a line."""
    taken = [f"{one.bomb} as {one.way}" for one in found if not one.said]
    slowest = max(found, key=lambda one: one.seconds)
    most = {
        kind: max((one.mib for one in found if one.kind == kind), default=0.0) for kind in MOST_MIB
    }
    return (
        f"{len(found)} of them, {len(found) - len(taken)} refused"
        f"{' (taken: ' + ', '.join(taken) + ')' if taken else ''}; the slowest in "
        f"{slowest.seconds:.2f} s ({slowest.bomb} as {slowest.way}); at most {most['picture']:.0f} "
        f"MiB of memory for a picture (cap {MOST_MIB['picture']:.0f}), {most['body']:.0f} for a "
        f"body (cap {MOST_MIB['body']:.0f})"
    )


def good(found: list[Trial]) -> bool:
    """Whether every one was refused within its cap, with one submit at most."""
    return all(one.said and one.mib <= MOST_MIB[one.kind] and one.submits <= 1 for one in found)


# -- what is tried


def pictures() -> dict[str, tuple[str, bytes]]:
    """Name → media type and bytes: small files whose decoded pixels would fill gigabytes."""
    side = _SIDE.to_bytes(2, "big")
    little = struct.pack("<HH", _SIDE, _SIDE)
    scan = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00" + bytes(64) + b"\xff\xd9"
    start = b"\xff\xc0\x00\x0b\x08" + side + side + b"\x01\x01\x11\x00"
    canvas = (_SIDE - 1).to_bytes(3, "little") * 2
    extended = b"VP8X\x0a\0\0\0" + b"\0\0\0\0" + canvas + b"VP8L\x0a\0\0\0" + b"\x2f" + bytes(9)
    image = b"\x2c\0\0\0\0" + little + b"\0" + b"\x02\x02\x4c\x01\0" + b"\x3b"
    return {
        "PNG": ("image/png", png_bomb(_SIDE, _SIDE)),
        "JPEG": ("image/jpeg", b"\xff\xd8" + start + scan),
        "WebP": ("image/webp", b"RIFF" + struct.pack("<I", len(extended) + 4) + b"WEBP" + extended),
        "GIF": ("image/gif", b"GIF89a" + little + b"\x80\0\0" + bytes(6) + image),
    }


def bodies() -> dict[str, tuple[Mapping[str, str], bytes]]:
    """Name → headers and bytes: about a megabyte that unpacks to a gigabyte, or into objects."""
    text, head = {"Content-Type": "application/json"}, b"\x89PNG\r\n\x1a\n"
    picture = {"Content-Type": "image/png"}
    once = _squeezed(b'{"id": "', 31)
    return {
        "gzip JSON": ({**text, "Content-Encoding": "gzip"}, once),
        "gzip twice": ({**text, "Content-Encoding": "gzip, gzip"}, gzip.compress(once)),
        "deflate JSON": ({**text, "Content-Encoding": "deflate"}, _squeezed(b'{"id": "', 15)),
        "bare deflate": ({**text, "Content-Encoding": "deflate"}, _squeezed(b'{"id": "', -15)),
        "gzip objects": (
            {**text, "Content-Encoding": "gzip"},
            gzip.compress(b'{"id": [' + b"{}," * (20 << 20) + b"{}]}", 1),
        ),
        "gzip picture": ({**picture, "Content-Encoding": "gzip"}, _squeezed(head, 31)),
        "deflate picture": ({**picture, "Content-Encoding": "deflate"}, _squeezed(head, 15)),
        # Not what we ask for, and so nothing that a server may send.
        "brotli": ({**text, "Content-Encoding": "br"}, b"\x1b\xff\xff\x7f" + bytes(64)),
        "zstd": ({**text, "Content-Encoding": "zstd"}, b"\x28\xb5\x2f\xfd\xa4" + bytes(64)),
    }


def _squeezed(head: bytes, wbits: int, filler: bytes = b" ", mib: int = 1024) -> bytes:
    """The head and so many MiB of the filler; one piece is packed, and repeated."""
    begin = zlib.compressobj(9, zlib.DEFLATED, wbits)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = packer.compress(filler * ((1 << 20) // len(filler))) + packer.flush(zlib.Z_FULL_FLUSH)
    return begin.compress(head) + begin.flush(zlib.Z_FULL_FLUSH) + piece * mib


# -- in the process of its own


@contextmanager
def _client(server: Any) -> Iterator[Callable[..., Any]]:
    """A function that edits with the provider acme on that server; it returns or raises."""
    import imgedit
    from imgedit.testing.acme import KEY, MANIFEST, make
    from imgedit.testing.waits import instant_waits

    with tempfile.TemporaryDirectory(prefix="imgedit-bombs-") as folder:
        os.environ.update(IMGEDIT_HOME=folder, IMGEDIT_ACME_BASE_URL=server.url, ACME_API_KEY=KEY)
        manifest = {
            **MANIFEST,
            "limits": {**MANIFEST["limits"], "image.pixels": {"maximum": 50_000_000}},
            "mask": {"change": "black"},
            "timeouts": dict.fromkeys(("upload", "submit", "poll", "download"), 60),
        }
        imgedit.register("acme", make(), manifest)
        number = 0

        def edit(image: bytes | None = None, mask: bytes | None = None) -> None:
            nonlocal number
            number += 1
            journal = Path(folder, f"{number}.sqlite3")

            async def one() -> None:
                async with imgedit.Client(journal=journal) as client:
                    await client.edit(image or png(8, 8), "x", provider="acme", mask=mask)

            with instant_waits():
                asyncio.run(one())

        yield edit


def _tried(
    server: Any, edit: Callable[..., Any], kind: str, bomb: str, way: str, **given: bytes
) -> Trial:
    import imgedit

    server.forget()
    said = charged = ""
    tracemalloc.start()
    begun = time.process_time()
    try:
        edit(**given)
    except imgedit.ImgEditError as error:
        said, charged = str(error), error.charged
    seconds = time.process_time() - begun
    mib = tracemalloc.get_traced_memory()[1] / (1 << 20)
    tracemalloc.stop()
    return Trial(
        kind=kind,
        bomb=bomb,
        way=way,
        said=said,
        charged=charged,
        submits=server.count("POST", "/edit"),
        seconds=seconds,
        mib=mib,
    )


def _all() -> Iterator[Trial]:
    from imgedit.testing.server import Answer, ScriptedServer

    with ScriptedServer() as server, _client(server) as edit:
        server.on("POST", "/upload", Answer.json({"handle": "h"}))
        by_url = Answer.json({"urls": [f"{server.url}/out"]})
        server.on("POST", "/edit", Answer.picture(png(8, 8)))
        edit()  # what is imported and opened once does not count
        for bomb, (media_type, data) in pictures().items():
            answers = {
                "an answer": Answer.picture(data, media_type),
                "base64": Answer.json({"base64": base64.b64encode(data).decode()}),
                "a result": by_url,
            }
            server.on("GET", "/out", Answer.picture(data, media_type))
            for way, answer in answers.items():
                server.on("POST", "/edit", answer)
                yield _tried(server, edit, "picture", bomb, way)
            yield _tried(server, edit, "picture", bomb, "an input", image=data)
            yield _tried(server, edit, "picture", bomb, "a mask", mask=data)
        for bomb, (headers, data) in bodies().items():
            server.on("POST", "/edit", Answer(body=data, headers=headers))
            yield _tried(server, edit, "body", bomb, "an answer")
            server.on("POST", "/edit", by_url)
            server.on("GET", "/out", Answer(body=data, headers=headers))
            yield _tried(server, edit, "body", bomb, "a result")


if __name__ == "__main__":
    for trial in _all():
        print(json.dumps(asdict(trial)), flush=True)
