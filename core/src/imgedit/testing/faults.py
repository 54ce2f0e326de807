"""A vendor that misbehaves on demand, on loopback.

::

    with FaultServer() as server:
        server.on("POST", "/edit", Answer.json({"id": "7"}))
        server.fault("POST", "/edit", "drop_after_body")      # the next one; then as scripted
        ...                                                   # an edit against server.url
        assert server.taken("POST", "/edit") == 1             # submits that may have been paid
        assert server.elsewhere.requests == []                # what followed a redirect
"""

from __future__ import annotations

import email.utils
import time
import zlib
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Any, Final

from attrs import evolve, frozen

from .pictures import png, png_bomb
from .server import Answer, Handler, Received, ScriptedServer

Make = Callable[[Answer, "FaultServer"], Answer]


@frozen
class FaultKind:
    """One way to misbehave: what it is, and how it makes a bad answer from a good one.

    `taken` says whether the vendor may have done the work when it answers so.
    """

    says: str
    make: Make
    taken: bool = False


def _status(status: int, **headers: str) -> Make:
    def make(_good: Answer, _server: FaultServer) -> Answer:
        return Answer(status=status, headers=headers, body=b"")

    return make


def _fault(name: Any) -> Make:
    def make(good: Answer, _server: FaultServer) -> Answer:
        return evolve(good, body=good.body or b"{}", fault=name)

    return make


def _body(make_body: Callable[[bytes], bytes]) -> Make:
    def make(good: Answer, _server: FaultServer) -> Answer:
        return evolve(good, body=make_body(good.body))

    return make


def _html(good: Answer, _server: FaultServer) -> Answer:
    page = b"<!doctype html><html><body>We will be right back.</body></html>"
    return Answer(status=good.status, headers={"Content-Type": "text/html"}, body=page)


def _in_seconds(seconds: int) -> Make:
    def make(_good: Answer, _server: FaultServer) -> Answer:
        return Answer(status=429, headers={"Retry-After": str(seconds)})

    return make


def _at_a_date(seconds: int) -> Make:
    def make(_good: Answer, _server: FaultServer) -> Answer:
        now = int(time.time())
        headers = {
            "Date": email.utils.formatdate(now, usegmt=True),
            "Retry-After": email.utils.formatdate(now + seconds, usegmt=True),
        }
        return Answer(status=429, headers=headers)

    return make


def _redirected(good: Answer, server: FaultServer) -> Answer:
    server.elsewhere.on("GET", "*", good)
    server.elsewhere.on("POST", "*", good)
    return Answer.redirect(f"{server.elsewhere.url}/stolen", status=307)


def _gzip_bomb(_good: Answer, _server: FaultServer) -> Answer:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    return Answer(status=200, headers=headers, body=_bomb())


@lru_cache(maxsize=1)
def _bomb() -> bytes:
    """A little on the wire that would be 256 MiB of JSON text."""
    packer = zlib.compressobj(1, wbits=31)
    block = b"x" * (1 << 20)
    packed = [packer.compress(b'{"a": "'), *(packer.compress(block) for _ in range(256))]
    return b"".join([*packed, packer.flush()])


def _picture_bomb(_good: Answer, _server: FaultServer) -> Answer:
    return Answer.picture(_many_pixels())


@lru_cache(maxsize=1)
def _many_pixels() -> bytes:
    return png_bomb(20_000, 20_000)


def _other_picture(_good: Answer, _server: FaultServer) -> Answer:
    return Answer.picture(png(31, 17, (1, 2, 3)))


FAULTS: Final[Mapping[str, FaultKind]] = {
    "drop_before_body": FaultKind(
        "closes once the headers are in", _fault("drop_before_body"), True
    ),
    "drop_after_body": FaultKind("closes without an answer", _fault("drop_after_body"), True),
    "reset_after_body": FaultKind("resets without an answer", _fault("reset_after_body"), True),
    "drop_inside": FaultKind("closes inside of the answer", _fault("drop_inside"), True),
    "hang": FaultKind("never answers", _fault("hang"), True),
    "hang_inside": FaultKind("stops inside of the answer", _fault("hang_inside"), True),
    "retry_after_seconds": FaultKind("429, come back in 2 seconds", _in_seconds(2)),
    "retry_after_date": FaultKind("429, come back at a date", _at_a_date(2)),
    "status_500": FaultKind("500", _status(500), True),
    "status_502": FaultKind("502", _status(502), True),
    "status_503": FaultKind("503", _status(503), True),
    "status_504": FaultKind("504", _status(504), True),
    "not_found": FaultKind("404", _status(404)),
    "html": FaultKind("an HTML page with status 200", _html, True),
    "empty": FaultKind("nothing with status 200", _body(lambda _: b""), True),
    "half": FaultKind("the first half, as if it were all", _body(lambda b: b[: len(b) // 2]), True),
    "redirect": FaultKind("a 307 to another host", _redirected),
    "other_picture": FaultKind("another picture than announced", _other_picture, True),
    "gzip_bomb": FaultKind("a little that unpacks to 256 MiB", _gzip_bomb, True),
    "picture_bomb": FaultKind("a small file of 400 megapixels", _picture_bomb, True),
}
"""Every way in which a `FaultServer` misbehaves: its name → what it is.

`says` is a clause for people; `taken` whether the vendor may have done the work when it answers so.
The names are those that `FaultServer.fault` takes; `for name in FAULTS` tries them all.
"""


class FaultServer(ScriptedServer):
    """A `ScriptedServer` whose routes can be told to misbehave; a context manager.

    Attributes:
        elsewhere: another server, to which redirects lead.
    """

    def __init__(self, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.elsewhere = ScriptedServer()
        self._faults: dict[tuple[str, str], list[str]] = {}
        self._good: dict[tuple[str, str], list[Any]] = {}
        self._taken: list[tuple[str, str]] = []

    def __enter__(self) -> FaultServer:
        self.elsewhere.__enter__()
        super().__enter__()
        return self

    def close(self) -> None:
        """Stop both servers."""
        super().close()
        self.elsewhere.close()

    def on(self, method: str, path: str, *answers: Any) -> None:
        """Answer `method` on `path` with these, see `ScriptedServer.on`."""
        if not answers:
            raise ValueError("a route needs an answer")
        self._good[method, path] = list(answers)
        self._faults.setdefault((method, path), [])
        super().on(method, path, lambda received: self._answer(method, path, received))

    def fault(self, method: str, path: str, name: str, *, times: int = 1) -> None:
        """Let the next `times` requests on a route meet a fault (a name in `FAULTS`).

        The answer that they would have had stays for the next one. `path` is spelt as it was in
        `on`.

        Raises:
            KeyError: there is no such fault, or no such route.
        """
        if name not in FAULTS:
            raise KeyError(f"there is no fault {name!r}: {', '.join(FAULTS)}")
        with self._lock:
            self._faults[method, path] += [name] * times

    def next(self, method: str, path: str, *answers: Answer) -> None:
        """Give the next requests on a route these answers, before those that are scripted."""
        with self._lock:
            self._good[method, path][:0] = answers

    def mend(self) -> None:
        """Forget the faults that were not met yet."""
        with self._lock:
            for names in self._faults.values():
                names.clear()

    def taken(self, method: str | None = None, path: str = "*") -> int:
        """How many requests on a route may have been acted upon: answered well, or lost."""
        with self._lock:
            return sum(method in (None, verb) and fnmatchcase(at, path) for verb, at in self._taken)

    def forget(self) -> None:
        """Empty the lists of requests; faults that were not met are dropped."""
        super().forget()
        self.elsewhere.forget()
        self.mend()
        with self._lock:
            self._taken.clear()

    def _find(self, method: str, path: str) -> list[Answer | Handler] | None:
        """As there; a fault that comes before the body must be known before it is read."""
        with self._lock:
            for (verb, pattern), names in self._faults.items():
                if verb == method and fnmatchcase(path, pattern):
                    if names[:1] != ["drop_before_body"]:
                        break
                    names.pop(0)
                    early = Answer(fault="drop_before_body")
                    self._taken.append((method, path))
                    return [early]
        return super()._find(method, path)

    def _answer(self, method: str, path: str, received: Received) -> Answer:
        with self._lock:
            names = self._faults[method, path]
            name = names.pop(0) if names else None
            good = self._good[method, path]
            scripted = good.pop(0) if len(good) > 1 and name is None else good[0]
        answer: Answer = scripted if isinstance(scripted, Answer) else scripted(received)
        taken = answer.status < 400
        if name is not None:
            answer = FAULTS[name].make(answer, self)
            taken = FAULTS[name].taken
        if taken:
            with self._lock:
                self._taken.append((method, received.path))
        return answer
