"""The root conftest keeps tests away from the network and from the user's files."""

from __future__ import annotations

import asyncio
import os
import socket

import pytest

OUTSIDE = ("192.0.2.1", 80)  # reserved for documentation: nothing is there


@pytest.mark.parametrize("method", ("connect", "connect_ex"))
def test_another_machine_is_refused(method):
    with socket.socket() as outside, pytest.raises(Exception, match="only reach this machine") as e:
        getattr(outside, method)(OUTSIDE)
    assert not isinstance(e.value, OSError), "code under test would take it for a network failure"


def test_a_datagram_to_another_machine_is_refused():
    with (
        socket.socket(type=socket.SOCK_DGRAM) as outside,
        pytest.raises(Exception, match="only reach this machine"),
    ):
        outside.sendto(b"x", OUTSIDE)


def test_asyncio_is_refused_too():
    with pytest.raises(Exception, match="only reach this machine"):
        asyncio.run(asyncio.open_connection(*OUTSIDE))


def test_no_name_is_resolved():
    with pytest.raises(socket.gaierror):
        socket.create_connection(("example.org", 80))


@pytest.mark.parametrize("host", ("127.0.0.1", "localhost"))
def test_this_machine_is_reached(host):
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection((host, server.getsockname()[1])) as client,
    ):
        server.accept()[0].close()
        assert client.recv(1) == b""


def test_no_key_and_no_setting_of_the_user_is_seen(tmp_path):
    assert not [name for name in os.environ if name.endswith("_API_KEY")]
    assert [name for name in os.environ if name.startswith("IMGEDIT_")] == ["IMGEDIT_HOME"]
    assert os.listdir(os.environ["IMGEDIT_HOME"]) == []
