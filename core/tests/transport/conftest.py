"""What the tests of hostile addresses share: a resolver that lies, and who was reached."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parent))

from hostile_forms import PUBLIC, resolve

from imgedit.testing.server import ScriptedServer


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[str], list[str]]], None]:
    """Let names lead where a function says: from the start, where `resolve` says."""
    literal = socket.getaddrinfo

    def use(find: Callable[[str], list[str]]) -> None:
        def getaddrinfo(host: Any, port: Any, *rest: Any, **more: Any) -> list[Any]:
            name = host.decode() if isinstance(host, bytes) else host
            try:
                return list(literal(host, port, *rest, **more))
            except OSError:  # it is a name
                return [row for ip in find(name) for row in literal(ip, port, *rest, **more)]

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)

    use(lambda name: [resolve(name)])
    return use


@pytest.fixture
def reached(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses beyond this machine to which a connection was tried; none is made."""
    found: list[str] = []
    connect = socket.socket.connect

    def tried(self: socket.socket, address: Any) -> None:
        if address[0] == PUBLIC:
            found.append(address[0])
            raise ConnectionRefusedError(111, "refused")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", tried)
    return found


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        yield running
