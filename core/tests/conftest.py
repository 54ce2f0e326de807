"""A system keyring to use, in the place of the machine's own."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from threading import Event, Thread
from types import ModuleType
from typing import Any

import pytest


class NoKeyringError(RuntimeError):
    """As keyring raises it where there is none."""


class Keyring(ModuleType):
    """What imgedit uses of the package keyring; `wrong` is raised by everything."""

    def __init__(self) -> None:
        super().__init__("keyring")
        self.errors = ModuleType("keyring.errors")
        self.errors.NoKeyringError = NoKeyringError  # type: ignore[attr-defined]
        self.kept: dict[tuple[str, str], str] = {}
        self.wrong: Exception | None = None
        self.forgets = False

    def get_password(self, service: str, user: str) -> str | None:
        self._check()
        return self.kept.get((service, user))

    def set_password(self, service: str, user: str, value: str) -> None:
        self._check()
        if not self.forgets:
            self.kept[service, user] = value

    def delete_password(self, service: str, user: str) -> None:
        self._check()
        del self.kept[service, user]

    def _check(self) -> None:
        if self.wrong is not None:
            raise self.wrong


@pytest.fixture
def keyring(monkeypatch: pytest.MonkeyPatch) -> Keyring:
    """An empty keyring."""
    made = Keyring()
    monkeypatch.setitem(sys.modules, "keyring", made)
    monkeypatch.setitem(sys.modules, "keyring.errors", made.errors)
    return made


@pytest.fixture
def no_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package keyring is not installed."""
    monkeypatch.setitem(sys.modules, "keyring", None)


@pytest.fixture
def trickle() -> Iterator[Callable[..., str]]:
    """Serve a body piece by piece, with so many seconds before each; gives the base URL."""
    over, doors = Event(), list[socket.socket]()

    def answer(line: socket.socket, body: bytes, pieces: int, seconds: float) -> None:
        size = -(-len(body) // pieces)
        with line, suppress(OSError):
            line.recv(1 << 16)
            line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
            for at in range(0, len(body), size):
                if over.wait(seconds):
                    break
                line.sendall(body[at : at + size])

    def serve(door: socket.socket, *what: Any) -> None:
        with suppress(OSError):
            while True:
                Thread(target=answer, args=(door.accept()[0], *what), daemon=True).start()

    def start(body: bytes, *, pieces: int, seconds: float) -> str:
        door = socket.create_server(("127.0.0.1", 0))
        doors.append(door)
        Thread(target=serve, args=(door, body, pieces, seconds), daemon=True).start()
        return f"http://127.0.0.1:{door.getsockname()[1]}"

    yield start
    over.set()
    for door in doors:
        with suppress(OSError):
            door.shutdown(socket.SHUT_RDWR)
        door.close()
