"""What holds for every test of every distribution: no network, no keys, no files of the user's."""

from __future__ import annotations

import ipaddress
import itertools
import os
import signal
import socket
import sys
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# Machines that run tests are slow and shared: an example's own time says nothing about the code.
hypothesis.settings.register_profile("imgedit", deadline=None, print_blob=True)
hypothesis.settings.load_profile("imgedit")

for _name in list(os.environ):
    if _name.startswith("IMGEDIT_") or _name.endswith("_API_KEY"):
        del os.environ[_name]

# Hundreds of tests start a program: its modules are compiled once, not at every start.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# Nothing is reached by a certificate of the system's, and each start of an edit reads them all.
if not os.environ.get("RELEASE_CHECK"):  # which asks the package index
    os.environ["SSL_CERT_FILE"] = os.environ["SSL_CERT_DIR"] = os.devnull

# A job in the background ignores Ctrl-C, and so would every program that a test starts and stops.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


class NetworkRefused(Exception):
    """A test tried to reach another machine.

    Not an OSError: the code under test would take that for a network failure and go on.
    """


def _is_local(address: Any) -> bool:
    if not isinstance(address, tuple):
        return True  # the path of a Unix socket
    host = str(address[0])
    if host in ("", "localhost"):
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


_real_getaddrinfo = socket.getaddrinfo


class _LoopbackSocket(socket.socket):
    """Holds the three guarded methods; they are grafted on ``socket.socket`` itself."""

    def connect(self, address: Any) -> None:
        _refuse_others(address)
        super(socket.socket, self).connect(address)

    def connect_ex(self, address: Any) -> int:
        _refuse_others(address)
        return super(socket.socket, self).connect_ex(address)

    def sendto(self, *arguments: Any) -> int:
        _refuse_others(arguments[-1])
        return super(socket.socket, self).sendto(*arguments)


def _refuse_others(address: Any) -> None:
    if not _is_local(address):
        raise NetworkRefused(f"Tests may only reach this machine, not {address!r}.")


def _local_getaddrinfo(host: Any, *arguments: Any, **keywords: Any) -> Any:
    """Resolve as a machine without a name server would: this machine and literal addresses."""
    name = host.decode() if isinstance(host, bytes) else host
    if name not in (None, "", "localhost"):
        try:
            ipaddress.ip_address(name.partition("%")[0])
        except ValueError:
            raise socket.gaierror(
                socket.EAI_NONAME, f"Tests resolve no names, {name!r} neither."
            ) from None
    return _real_getaddrinfo(host, *arguments, **keywords)


@pytest.fixture(autouse=True, scope="session")
def _no_network() -> Iterator[None]:
    """Refuse every connection to another machine, for the whole session."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex", "sendto"):
            patch.setattr(socket.socket, name, getattr(_LoopbackSocket, name), raising=False)
        patch.setattr(socket, "getaddrinfo", _local_getaddrinfo)
        yield


@pytest.fixture(scope="session")
def _new_home(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """Make an empty folder; counted here, for pytest reads all of a folder to number the next."""
    homes, numbers = tmp_path_factory.mktemp("homes"), itertools.count()

    def make() -> Path:
        home = homes / str(next(numbers))
        home.mkdir()
        return home

    return make


@pytest.fixture(autouse=True)
def _own_home(monkeypatch: pytest.MonkeyPatch, _new_home: Callable[[], Path]) -> None:
    """Give every test an empty home of its own: no configuration, no keys, no journal."""
    monkeypatch.setenv("IMGEDIT_HOME", str(_new_home()))
    # The keyring of whoever runs the tests is not read either.
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
