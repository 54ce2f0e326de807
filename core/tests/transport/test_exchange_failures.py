"""An exchange that fails: not sent, or lost, and never a guess."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from imgedit.contract.exchange import Json
from imgedit.contract.exchange import Raw as RawBody
from imgedit.contract.image import ImageSource
from imgedit.errors import JournalError
from imgedit.testing.server import Answer, ScriptedServer
from imgedit.transport import Lost, NotSent, Transport

from .exchanges import PICTURE, Told, clean, exchange, free_port, post, site_of


def test_refused(tmp_path: Path) -> None:
    told = Told()
    with pytest.raises(NotSent, match="refused") as caught:
        exchange(f"http://127.0.0.1:{free_port()}", post(), tmp_path, on_sent=told)
    assert caught.value.retryable
    assert told.times == 0
    clean(caught.value)


def test_an_unknown_name(tmp_path: Path) -> None:
    told = Told()
    with pytest.raises(NotSent, match=r"name no\.such\.example cannot be found") as caught:
        exchange("https://no.such.example", post(), tmp_path, on_sent=told)
    assert caught.value.retryable
    assert told.times == 0
    clean(caught.value)


def test_tls_that_never_completes(tmp_path: Path) -> None:
    told = Told()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(NotSent) as caught:
            exchange(url, post(), tmp_path, on_sent=told, timeout=0.5)
    assert caught.value.timed_out
    assert told.times == 0
    clean(caught.value)


def test_tls_with_a_server_that_has_none(tmp_path: Path) -> None:
    told = Told()
    with socket.create_server(("127.0.0.1", 0)) as plain:

        def answer() -> None:
            connection, _ = plain.accept()
            with connection:
                connection.recv(10_000)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(NotSent, match="secure") as caught:
            exchange(f"https://127.0.0.1:{plain.getsockname()[1]}", post(), tmp_path, on_sent=told)
        thread.join()
    assert told.times == 0
    clean(caught.value)


@pytest.mark.parametrize(
    "error", (JournalError("disk full"), OSError("disk full"), TimeoutError("slow"), ValueError())
)
def test_when_on_sent_fails_nothing_leaves(
    server: ScriptedServer, tmp_path: Path, error: Exception
) -> None:
    server.on("POST", "/edit", Answer())
    with pytest.raises(type(error)) as caught:
        exchange(server.url, post(Json({})), tmp_path, on_sent=Told(error))
    assert caught.value is error
    assert server.count() == 0


def test_when_the_time_ends_inside_on_sent_nothing_leaves(
    server: ScriptedServer, tmp_path: Path
) -> None:
    server.on("POST", "/edit", Answer())
    with pytest.raises(NotSent) as caught:
        exchange(server.url, post(), tmp_path, on_sent=Told(seconds=2), timeout=0.3)
    assert caught.value.timed_out
    assert server.count() == 0


def test_a_picture_that_is_gone_is_noticed_before_connecting(
    server: ScriptedServer, tmp_path: Path
) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(PICTURE)
    image = ImageSource.of(path)
    path.unlink()
    with pytest.raises(NotSent, match="picture") as caught:
        exchange(server.url, post(RawBody(image)), tmp_path)
    assert not caught.value.retryable
    assert server.connections == 0


@pytest.mark.parametrize(
    "fault", ("drop_before_body", "drop_after_body", "reset_after_body", "drop_inside")
)
@pytest.mark.parametrize("method", ("POST", "PUT", "GET"))
def test_a_lost_answer_is_lost_and_never_asked_for_again(
    server: ScriptedServer, tmp_path: Path, fault: Any, method: str
) -> None:
    headers = {"X-Id": "7"}
    server.on(method, "/edit", Answer(fault=fault, body=b'{"id": 1}', headers=headers))
    told = Told()
    body = None if method == "GET" else Json({"a": "x" * 100})
    with pytest.raises(Lost) as caught:
        exchange(server.url, post(body, method=method), tmp_path, on_sent=told)
    assert server.count() == told.times == 1
    inside = fault == "drop_inside"
    assert caught.value.status == (200 if inside else None)
    assert (caught.value.headers or {}).get("x-id") == (("7",) if inside else None)
    assert not caught.value.timed_out
    clean(caught.value)


def test_a_reset_on_accept_is_sent_as_soon_as_on_sent_was_asked(
    server: ScriptedServer, tmp_path: Path
) -> None:
    server.drop_next_connections(1)
    told = Told()
    # The reset may come before the connection is used at all.
    with pytest.raises((Lost, NotSent)) as caught:
        exchange(server.url, post(Json({})), tmp_path, on_sent=told)
    assert isinstance(caught.value, Lost) == (told.times == 1)
    assert server.connections == 1
    clean(caught.value)


@pytest.mark.parametrize("fault", ("hang", "hang_inside"))
def test_no_answer_in_time(server: ScriptedServer, tmp_path: Path, fault: Any) -> None:
    server.on("POST", "/edit", Answer(fault=fault, body=b"12"))
    said = "did not end within" if fault == "hang_inside" else "gave no answer within"
    with pytest.raises(Lost, match=rf"{said} 0\.4 s") as caught:
        exchange(server.url, post(), tmp_path, timeout=0.4)
    assert caught.value.timed_out
    assert caught.value.status == (200 if fault == "hang_inside" else None)
    assert server.count() == 1
    clean(caught.value)


@contextmanager
def dripping(pieces: int) -> Iterator[str]:
    """A server whose answer comes steadily, for a tenth of a second for each piece."""

    def serve(listening: socket.socket) -> None:
        with listening.accept()[0] as connection, suppress(OSError):
            while not connection.recv(1 << 16).endswith(b"\r\n\r\n"):
                pass
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % pieces)
            for _ in range(pieces):
                time.sleep(0.1)
                connection.sendall(b"x")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening,))
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        thread.join()


def test_an_answer_that_arrives_steadily_may_take_longer(tmp_path: Path) -> None:
    with dripping(10) as url:
        assert exchange(url, post(), tmp_path, timeout=0.6, most=60).body == b"x" * 10


def test_and_ends_with_the_time_that_is_given_in_all(tmp_path: Path) -> None:
    with dripping(10) as url, pytest.raises(Lost, match=r"did not end within 0\.5 s") as caught:
        exchange(url, post(), tmp_path, timeout=0.4, most=0.5)
    assert caught.value.timed_out
    clean(caught.value)


@pytest.mark.parametrize(
    ("fault", "said"), (("hang", "gave no answer within"), ("hang_inside", "nothing more came for"))
)
def test_an_answer_that_stops_arriving_is_not_waited_for(
    server: ScriptedServer, tmp_path: Path, fault: Any, said: str
) -> None:
    server.on("POST", "/edit", Answer(fault=fault, body=b"12"))
    with pytest.raises(Lost, match=rf"{said} 0\.4 s") as caught:
        exchange(server.url, post(), tmp_path, timeout=0.4, most=60)
    assert caught.value.timed_out
    clean(caught.value)


@pytest.mark.parametrize(
    "raw",
    (
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Encoding: gzip\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        b"HTTP/1.1 200 OK\r\n",
    ),
)
def test_an_answer_that_is_not_http(server: ScriptedServer, tmp_path: Path, raw: bytes) -> None:
    server.on("POST", "/edit", Answer(raw=raw))
    with pytest.raises(Lost) as caught:
        exchange(server.url, post(), tmp_path)
    assert server.count() == 1
    clean(caught.value)


def test_half_a_picture_leaves_no_file(server: ScriptedServer, tmp_path: Path) -> None:
    server.on("POST", "/edit", Answer.picture(PICTURE, "image/jpeg", fault="drop_inside"))
    with pytest.raises(Lost) as caught:
        exchange(server.url, post(), tmp_path)
    assert caught.value.status == 200
    assert list(tmp_path.iterdir()) == []


def test_a_picture_that_cannot_be_stored_says_so(server: ScriptedServer, tmp_path: Path) -> None:
    server.on("POST", "/edit", Answer.picture(PICTURE, "image/jpeg"))
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(Lost, match="stored") as caught:
        exchange(server.url, post(), tmp_path / "file" / "spool")
    assert caught.value.disk
    assert caught.value.status == 200


def test_canceling_reaches_the_server_and_is_no_error_of_ours(
    server: ScriptedServer, tmp_path: Path
) -> None:
    server.on("POST", "/edit", Answer(fault="hang"))
    told = Told()

    async def run() -> None:
        async with Transport() as transport:
            task = asyncio.create_task(
                transport.exchange(
                    post(),
                    site=site_of(server.url),
                    timeout=5,
                    spool=tmp_path,
                    boundary="b",
                    on_sent=told,
                )
            )
            while not server.count():
                await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(run())
    assert told.times == 1
