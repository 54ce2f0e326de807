"""A vendor on loopback, in a process of its own: as fast as plain asyncio can be.

``python server.py MILLISECONDS`` prints its port, answers each edit after that time, and ends
when its standard input is closed.

- ``POST /edit/ANSWER/SIZE``: the answer is a picture of SIZE bytes, as ANSWER says: ``binary`` (the
  picture itself), ``base64`` (inside JSON), ``openai`` (the same as that vendor lays it out) or
  ``download`` (JSON with its URL). What follows in the path is not looked at.
- ``GET /pictures/SIZE``: that picture.
"""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from functools import cache
from hashlib import sha256

from pictures import png


@cache
def content(path: str, host: str) -> tuple[str, bytes]:
    """The media type and the body of the answer to a request."""
    kind, size = path.removeprefix("/edit").split("/")[1:3]
    picture = png(int(size))
    if kind in ("pictures", "binary"):
        return "image/png", picture
    if kind == "base64":
        return "application/json", _json(base64=base64.b64encode(picture).decode())
    if kind == "openai":
        data = [{"b64_json": base64.b64encode(picture).decode()}]
        return "application/json", _json(created=0, data=data)
    url = f"http://{host}/pictures/{size}"
    return "application/json", _json(url=url, sha256=sha256(picture).hexdigest())


@cache
def answer(path: str, host: str) -> bytes:
    """The whole answer to a request."""
    media_type, body = content(path, host)
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {media_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _json(**values: object) -> bytes:
    return json.dumps(values).encode()


class Connection(asyncio.Protocol):
    """One request after the other; bodies are counted, not kept."""

    def __init__(self, delay: float) -> None:
        self.delay = delay
        self.head = b""
        self.missing = 0
        self.path = ""
        self.host = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if self.missing:
            self.missing -= len(data)
        else:
            self.head += data
            head, end, body = self.head.partition(b"\r\n\r\n")
            if not end:
                return
            self.head = b""
            first, *lines = head.decode("latin-1").split("\r\n")
            self.path = first.split(" ")[1]
            headers = dict(line.lower().split(": ", 1) for line in lines)
            self.host = headers["host"]
            self.missing = int(headers.get("content-length", "0")) - len(body)
        if self.missing == 0:
            delay = self.delay if self.path.startswith("/edit/") else 0
            asyncio.get_running_loop().call_later(delay, self.reply)

    def reply(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(answer(self.path, self.host))


async def main(delay: float) -> None:
    """Serve until standard input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(delay), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]) / 1000))
