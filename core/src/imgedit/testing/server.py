"""A small HTTP server on loopback whose answers, and misbehaviour, a test writes down.

::

    with ScriptedServer() as server:
        server.on("POST", "/edit", Answer.json({"id": "1"}))
        server.on("GET", "/jobs/*", Answer.json({"state": "busy"}), Answer.json({"state": "done"}))
        server.on("GET", "/out.png", Answer(body=png, headers={"Content-Type": "image/png"}))
        ...                                   # a client, here or in another process: server.url
        assert server.count("POST", "/edit") == 1
        assert server.requests[0].headers["authorization"] == "Bearer canary"

It runs on a thread of its own, so that tests need no event loop and the client may be another
process. It needs the standard library only.
"""

from __future__ import annotations

import asyncio
import contextlib
import email.parser
import email.policy
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote

from attrs import field, frozen

Fault = Literal[
    "drop_before_body", "drop_after_body", "reset_after_body", "drop_inside", "hang", "hang_inside"
]
"""How an answer goes wrong.

- drop_before_body: the connection is closed once the request's headers are in.
- drop_after_body: it is closed once the whole request is in; no byte of an answer is sent.
- reset_after_body: the same with a reset (RST) instead of an orderly end.
- drop_inside: status, headers and half of the body are sent, then it is closed.
- hang: the request is read and nothing is sent, until the client or the server gives up.
- hang_inside: half of the body is sent, then nothing more.
"""

_REASONS = {200: "OK", 201: "Created", 202: "Accepted", 204: "No Content", 302: "Found"}


@frozen
class Part:
    """One part of a multipart/form-data request."""

    name: str
    filename: str | None
    content_type: str | None
    body: bytes = field(repr=lambda body: f"<{len(body)} bytes>")

    @property
    def text(self) -> str:
        """The part's body as text."""
        return self.body.decode()


@frozen(kw_only=True)
class Received:
    """A request as it arrived.

    Attributes:
        method, target: from the request line, as received ("/a%2Fb?x=1").
        path: decoded, without the query; query: name → last value.
        headers: lower-case name → value (of several, the last).
        body: all of it; empty when the server was made with `keep_bodies=False`.
        size: the body's bytes. connection: which connection it came on, from 1.
    """

    method: str
    target: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = field(repr=lambda body: f"<{len(body)} bytes>")
    size: int
    connection: int

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    def parts(self) -> list[Part]:
        """The parts of a multipart/form-data body, in order."""
        head = f"Content-Type: {self.headers['content-type']}\r\n\r\n".encode()
        message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + self.body)
        found = []
        for part in message.iter_parts():
            disposition = part["Content-Disposition"].params
            content = part.get_payload(decode=True)
            found.append(
                Part(
                    disposition.get("name", ""),
                    disposition.get("filename"),
                    part.get_content_type() if "Content-Type" in part else None,
                    content if isinstance(content, bytes) else b"",
                )
            )
        return found

    def form(self) -> dict[str, str]:
        """The parts that are not files, as text."""
        return {part.name: part.text for part in self.parts() if part.filename is None}


@frozen(kw_only=True)
class Answer:
    """What the server sends back.

    Attributes:
        status, headers, body: a Content-Length is added unless `headers` has one.
        delay: seconds to wait before it.
        fault: how it goes wrong, or None.
        raw: sent verbatim instead of all that, then the connection is closed.
        close: whether the connection is closed after it, in order.
    """

    status: int = 200
    headers: Mapping[str, str | Sequence[str]] = field(factory=dict)
    body: bytes = field(default=b"", repr=lambda body: f"<{len(body)} bytes>")
    delay: float = 0
    fault: Fault | None = None
    raw: bytes | None = None
    close: bool = False

    @classmethod
    def json(cls, value: Any, **facts: Any) -> Answer:
        """An answer with a JSON body; `facts` are the other attributes."""
        headers = {"Content-Type": "application/json", **facts.pop("headers", {})}
        return cls(body=json.dumps(value).encode(), headers=headers, **facts)

    @classmethod
    def picture(cls, body: bytes, media_type: str = "image/png", **facts: Any) -> Answer:
        """An answer that is a picture."""
        headers = {"Content-Type": media_type, **facts.pop("headers", {})}
        return cls(body=body, headers=headers, **facts)

    @classmethod
    def redirect(cls, to: str, status: int = 302, **facts: Any) -> Answer:
        """A redirect."""
        return cls(status=status, headers={"Location": to, **facts.pop("headers", {})}, **facts)


Handler = Callable[[Received], Answer]


class ScriptedServer:
    """The server; a context manager.

    Args:
        keep_bodies: False = request bodies are counted but not kept.
        host: "127.0.0.1", or "::1".
    """

    def __init__(self, *, keep_bodies: bool = True, host: str = "127.0.0.1") -> None:
        self.requests: list[Received] = []
        self.unexpected: list[Received] = []
        self.connections = 0
        self.drop_connections = 0
        self.host = host
        self.port = 0
        self._keep = keep_bodies
        self._routes: dict[tuple[str, str], list[Answer | Handler]] = {}
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._open: dict[asyncio.Future[None], asyncio.StreamWriter] = {}
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The server's address, "http://127.0.0.1:12345"."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    def on(self, method: str, path: str, *answers: Answer | Handler) -> None:
        """Answer `method` on `path` with these, one after another; the last one repeats.

        `path` may hold "*" (any characters); the route added first wins. The same method and
        path again replaces the answers. An answer may be a function of the request; it runs on
        the server's thread. What fits no route gets a 404 and is kept in `unexpected`.
        """
        if not answers:
            raise ValueError("a route needs an answer")
        with self._lock:
            self._routes[method, path] = list(answers)

    def drop_next_connections(self, count: int) -> None:
        """Reset the next `count` connections as soon as they are accepted."""
        with self._lock:
            self.drop_connections = count

    def count(self, method: str | None = None, path: str = "*") -> int:
        """How many requests came with this method (None = any) on this path."""
        return len(self.received(method, path))

    def received(self, method: str | None = None, path: str = "*") -> list[Received]:
        """The requests with this method (None = any) on this path, in order."""
        with self._lock:
            return [
                request
                for request in self.requests
                if method in (None, request.method) and fnmatchcase(request.path, path)
            ]

    def wait_for(self, method: str | None = None, path: str = "*", count: int = 1) -> None:
        """Return as soon as `count` requests with this method on this path have come.

        Raises:
            AssertionError: they did not within half a minute.
        """
        ends = time.monotonic() + 30
        while self.count(method, path) < count:
            came = [f"{one.method} {one.target}" for one in self.received()]
            assert time.monotonic() < ends, f"waited in vain for {method} {path}; came: {came}"
            time.sleep(0.01)

    def forget(self) -> None:
        """Empty `requests` and `unexpected`."""
        with self._lock:
            self.requests.clear()
            self.unexpected.clear()

    def __enter__(self) -> ScriptedServer:
        ready = threading.Event()
        failed: list[BaseException] = []
        self._thread = threading.Thread(target=self._run, args=(ready, failed), daemon=True)
        self._thread.start()
        ready.wait(10)
        if failed:
            raise failed[0]
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening and drop every connection; once closed, connecting is refused."""
        if self._thread is None or self._loop is None:
            return
        loop, thread = self._loop, self._thread
        self._loop = self._thread = None
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(self._stop.set)
        thread.join(10)

    def _run(self, ready: threading.Event, failed: list[BaseException]) -> None:
        try:
            asyncio.run(self._serve(ready))
        except BaseException as error:
            failed.append(error)
        finally:
            ready.set()

    async def _serve(self, ready: threading.Event) -> None:
        loop = self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        server = await asyncio.start_server(self._accepted, self.host, 0, backlog=1024)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await self._stop.wait()
        # Closing at once would leak a connection that is just being accepted (CPython 3.11).
        with contextlib.suppress(NotImplementedError):  # the loop of Windows has no readers
            for listener in server.sockets:
                loop.remove_reader(listener.fileno())
        await asyncio.sleep(0.005)
        for task, writer in list(self._open.items()):
            task.cancel()
            writer.transport.abort()
        await asyncio.gather(*list(self._open), return_exceptions=True)
        await asyncio.sleep(0)  # the aborted transports close their sockets
        server.close()

    def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A plain function: the task is known, and can be ended, before it has begun.
        task = asyncio.ensure_future(self._connected(reader, writer))
        self._open[task] = writer
        task.add_done_callback(lambda done: self._open.pop(done, None))

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with self._lock:
            self.connections += 1
            number = self.connections
            drop = self.drop_connections > 0
            self.drop_connections -= drop
        try:
            if drop:
                _reset(writer)
            else:
                while await self._one(reader, writer, number):
                    pass
        except (OSError, EOFError, asyncio.LimitOverrunError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()

    async def _one(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int
    ) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ", 2)
        headers = {}
        for line in filter(None, head[1:]):
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        path, _, query = target.partition("?")
        facts: dict[str, Any] = {
            "method": method,
            "target": target,
            "path": unquote(path),
            "query": dict(parse_qsl(query, keep_blank_values=True)),
            "headers": headers,
            "connection": number,
        }
        known = self._find(method, facts["path"])
        early = known[0] if known else None
        if isinstance(early, Answer) and early.fault == "drop_before_body":
            self._record(Received(**facts, body=b"", size=0), known)
            return False
        if headers.get("expect", "").lower() == "100-continue":
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body, size = await self._body(reader, headers)
        request = Received(**facts, body=body, size=size)
        answer = self._record(request, known)
        if not isinstance(answer, Answer):
            answer = answer(request)
        keep = await self._send(writer, request, answer)
        return keep and headers.get("connection", "").lower() != "close"

    async def _body(
        self, reader: asyncio.StreamReader, headers: Mapping[str, str]
    ) -> tuple[bytes, int]:
        kept = bytearray()
        size = 0

        async def take(length: int) -> None:
            nonlocal size
            while length:
                data = await reader.read(min(length, 1 << 20))
                if not data:
                    raise EOFError("the request ended early")
                length -= len(data)
                size += len(data)
                if self._keep:
                    kept.extend(data)

        if headers.get("transfer-encoding", "").lower() == "chunked":
            while length := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
                await take(length)
                await reader.readexactly(2)
            await reader.readuntil(b"\r\n")
        else:
            await take(int(headers.get("content-length", 0)))
        return bytes(kept), size

    def _find(self, method: str, path: str) -> list[Answer | Handler] | None:
        with self._lock:
            for (verb, pattern), answers in self._routes.items():
                if verb == method and fnmatchcase(path, pattern):
                    return answers
        return None

    def _record(
        self, request: Received, answers: list[Answer | Handler] | None
    ) -> Answer | Handler:
        with self._lock:
            self.requests.append(request)
            if answers is None:
                self.unexpected.append(request)
                text = f"no route for {request.method} {request.path}"
                return Answer.json({"error": {"message": text}}, status=404)
            return answers.pop(0) if len(answers) > 1 else answers[0]

    async def _send(self, writer: asyncio.StreamWriter, request: Received, answer: Answer) -> bool:
        if answer.delay:
            await asyncio.sleep(answer.delay)
        if answer.fault in ("drop_before_body", "drop_after_body"):
            return False
        if answer.fault == "reset_after_body":
            _reset(writer)
            return False
        if answer.fault == "hang":
            await asyncio.Event().wait()
        if answer.raw is not None:
            writer.write(answer.raw)
            await writer.drain()
            return False
        lines = [f"HTTP/1.1 {answer.status} {_REASONS.get(answer.status, 'Status')}"]
        for name, values in answer.headers.items():
            every = (values,) if isinstance(values, str) else values
            lines += [f"{name}: {value}" for value in every]
        names = {name.lower() for name in answer.headers}
        if names.isdisjoint({"content-length", "transfer-encoding"}) and answer.status != 204:
            lines.append(f"Content-Length: {len(answer.body)}")
        if answer.close:
            lines.append("Connection: close")
        body = b"" if request.method == "HEAD" else answer.body
        half = answer.fault in ("drop_inside", "hang_inside")
        writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
        writer.write(body[: len(body) // 2] if half else body)
        await writer.drain()
        if answer.fault == "hang_inside":
            await asyncio.Event().wait()
        return not half and not answer.close


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST: no lingering data, no orderly end."""
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
