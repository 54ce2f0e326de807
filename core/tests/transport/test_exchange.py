"""One exchange over real sockets: what comes back, what never leaves, what is lost."""

from __future__ import annotations

import asyncio
import gzip
import os
import socket
import stat
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from imgedit.contract.exchange import Base64, FilePart, HttpRequest, HttpResponse, Json, Multipart
from imgedit.contract.exchange import Raw as RawBody
from imgedit.contract.image import ImageSource
from imgedit.errors import JournalError
from imgedit.testing.server import Answer, ScriptedServer
from imgedit.transport import Credentials, Lost, NotSent, Site, TooLarge, Transport, receive

CANARY = "canary-0123456789"
PICTURE = (Path(__file__).parents[3] / "examples" / "rocket.jpg").read_bytes()


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        yield running


def site_of(url: str, **facts: Any) -> Site:
    key = Credentials({"Authorization": f"Bearer {CANARY}"}, [CANARY])
    return Site(name="acme", base_url=url, credentials=key, **facts)


def post(body: Any = None, **facts: Any) -> HttpRequest:
    facts = {"method": "POST", "url": "/edit", "purpose": "submit", "body": body, **facts}
    return HttpRequest(**facts)


POLL = HttpRequest(method="GET", url="/jobs/1", purpose="poll")


class Told:
    """Counts `on_sent`, and may fail in it."""

    def __init__(self, error: BaseException | None = None, seconds: float = 0) -> None:
        self.times = 0
        self.error = error
        self.seconds = seconds

    async def __call__(self) -> None:
        self.times += 1
        await asyncio.sleep(self.seconds)
        if self.error is not None:
            raise self.error


def exchange(
    url: str,
    request: HttpRequest,
    spool: Path,
    *,
    on_sent: Callable[[], Awaitable[None]] | None = None,
    timeout: float = 5,
    site: dict[str, Any] | None = None,
    pictures: int = 1,
    most: float | None = None,
    **facts: Any,
) -> HttpResponse:
    async def run() -> HttpResponse:
        async with Transport(**facts) as transport:
            return await transport.exchange(
                request,
                site=site_of(url, **(site or {})),
                timeout=timeout,
                spool=spool,
                boundary="b0undary",
                on_sent=on_sent,
                pictures=pictures,
                most=most,
            )

    return asyncio.run(run())


def clean(error: BaseException) -> None:
    """No exception of aiohttp's, and no key, can be reached from an error."""
    assert error.__cause__ is None
    seen: BaseException | None = error
    while seen is not None:
        assert not type(seen).__module__.startswith("aiohttp")
        assert CANARY not in repr(seen) + str(seen) + repr(vars(seen))
        seen = seen.__context__
    assert CANARY not in "".join(traceback.format_exception(error))


# What arrives


def test_a_json_edit_arrives_as_it_was_meant(server: ScriptedServer, tmp_path: Path) -> None:
    server.on("POST", "/edit", Answer.json({"id": 1}, headers={"X-Id": "a", "x-id": "b"}))
    told = Told()
    image = ImageSource.of(PICTURE)
    request = post(Json({"prompt": "x", "image": Base64(image)}), query={"v": 2})
    answer = exchange(server.url, request, tmp_path, on_sent=told)
    assert (answer.status, answer.json(), answer.purpose) == (200, {"id": 1}, "submit")
    assert answer.headers["x-id"] == ("a", "b")
    received = server.requests[0]
    assert received.target == "/edit?v=2"
    assert received.headers["authorization"] == f"Bearer {CANARY}"
    assert received.headers["content-type"] == "application/json"
    assert received.headers["connection"] == "close"
    assert "transfer-encoding" not in received.headers
    assert told.times == 1


def test_large_bodies_have_a_length_and_the_same_bytes(
    server: ScriptedServer, tmp_path: Path
) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(PICTURE[:100] + os.urandom(3_000_000))
    image = ImageSource(media_type="image/jpeg", size=3_000_100, sha256="x", path=str(path))
    server.on("POST", "/edit", Answer())
    server.on("PUT", "/put", Answer())
    exchange(server.url, post(Multipart([("image", FilePart(image))])), tmp_path)
    put = post(RawBody(image), method="PUT", url=f"{server.url}/put", purpose="upload")
    exchange(server.url, put, tmp_path)
    first, second = server.requests
    assert first.parts()[0].body == second.body == path.read_bytes()
    assert first.headers["content-type"] == "multipart/form-data; boundary=b0undary"
    assert second.headers["content-length"] == "3000100"
    assert not {"content-type", "authorization", "transfer-encoding"} & second.headers.keys()


def test_absolute_urls_go_out_byte_for_byte_without_credentials(
    server: ScriptedServer, tmp_path: Path
) -> None:
    target = "/a//b/%2e%2E/c%2f?x=%7e&sig=a/b%2B==&e="
    server.on("PUT", "*", Answer())
    request = post(None, method="PUT", url=server.url + target, purpose="upload")
    exchange(server.url, request, tmp_path)
    assert server.requests[0].target == target
    assert "authorization" not in server.requests[0].headers


def test_the_cores_headers_win(server: ScriptedServer, tmp_path: Path) -> None:
    server.on("POST", "/edit", Answer())
    headers = {
        "authorization": "Bearer plugin",
        "Host": "evil.example",
        "Content-Length": "1",
        "content-type": "application/vnd.acme+json",
    }
    exchange(server.url, post(Json([1, 2]), headers=headers), tmp_path)
    received = server.requests[0]
    assert received.headers["authorization"] == f"Bearer {CANARY}"
    assert received.headers["host"] in server.url
    assert received.headers["content-type"] == "application/vnd.acme+json"
    assert received.body == b"[1,2]"


def test_a_submit_has_a_fresh_connection_polls_share_one(
    server: ScriptedServer, tmp_path: Path
) -> None:
    server.on("POST", "/edit", Answer())
    server.on("GET", "/jobs/1", Answer())

    async def run() -> None:
        site = site_of(server.url)
        async with Transport() as transport:
            for request in (POLL, POLL, post(), post(), POLL):
                await transport.exchange(
                    request, site=site, timeout=5, spool=tmp_path, boundary="b"
                )

    asyncio.run(run())
    assert [request.connection for request in server.requests] == [1, 1, 2, 3, 1]


def test_connections_are_not_capped_below_the_concurrency(
    server: ScriptedServer, tmp_path: Path
) -> None:
    server.on("GET", "/jobs/1", Answer(delay=0.5))

    async def run() -> float:
        async with Transport(concurrency=150) as transport:
            site = site_of(server.url)
            began = time.monotonic()
            await asyncio.gather(
                *(
                    transport.exchange(POLL, site=site, timeout=20, spool=tmp_path, boundary="b")
                    for _ in range(150)
                )
            )
            return time.monotonic() - began

    asyncio.run(run())
    assert server.connections == 150


# Answers of every kind


@pytest.mark.parametrize("kind", ("image/jpeg", "application/octet-stream", "image/png"))
def test_a_picture_goes_to_the_spool(server: ScriptedServer, tmp_path: Path, kind: str) -> None:
    server.on("POST", "/edit", Answer.picture(PICTURE, kind, headers={"X-Cost": "0.04"}))
    answer = exchange(server.url, post(), tmp_path / "new" / "spool")
    picture = answer.picture
    assert picture is not None
    assert answer.body == b""
    assert answer.header("x-cost") == "0.04"
    assert picture == ImageSource.of(PICTURE)
    assert picture.read() == PICTURE
    assert [path.name for path in (tmp_path / "new" / "spool").iterdir()] == [
        Path(picture.path or "").name
    ]
    if os.name != "nt":
        assert stat.S_IMODE(os.stat(picture.path or "").st_mode) == 0o600


def test_a_picture_that_is_none_stays_a_body(server: ScriptedServer, tmp_path: Path) -> None:
    server.on("POST", "/edit", Answer.picture(b"<html>sorry</html>"))
    answer = exchange(server.url, post(), tmp_path)
    assert answer.pictures == ()
    assert answer.body == b"<html>sorry</html>"


@pytest.mark.parametrize("status", (400, 401, 429, 500, 503))
def test_error_answers_are_answers(server: ScriptedServer, tmp_path: Path, status: int) -> None:
    server.on("POST", "/edit", Answer.json({"error": "x"}, status=status))
    answer = exchange(server.url, post(), tmp_path)
    assert (answer.status, answer.json()) == (status, {"error": "x"})
    assert server.count() == 1


@pytest.mark.parametrize("status", (301, 302, 303, 307, 308))
def test_redirects_are_not_followed(server: ScriptedServer, tmp_path: Path, status: int) -> None:
    server.on("POST", "/edit", Answer.redirect(f"{server.url}/elsewhere", status))
    answer = exchange(server.url, post(Json({})), tmp_path)
    assert answer.status == status
    assert answer.header("location") == f"{server.url}/elsewhere"
    assert server.count() == 1


def test_cookies_are_not_kept(server: ScriptedServer, tmp_path: Path) -> None:
    server.on("GET", "/jobs/1", Answer(headers={"Set-Cookie": "a=b"}))

    async def run() -> None:
        async with Transport() as transport:
            for _ in range(2):
                await transport.exchange(
                    POLL, site=site_of(server.url), timeout=5, spool=tmp_path, boundary="b"
                )

    asyncio.run(run())
    assert "cookie" not in server.requests[1].headers


def test_27_mb_of_text_is_given_up(server: ScriptedServer, tmp_path: Path) -> None:
    server.on("POST", "/edit", Answer(body=b"sorry " * 4_500_000))
    with pytest.raises(TooLarge) as caught:
        exchange(server.url, post(), tmp_path)
    assert caught.value.status == 200
    clean(caught.value)


def test_of_a_long_error_the_beginning_is_kept(server: ScriptedServer, tmp_path: Path) -> None:
    server.on("POST", "/edit", Answer(status=500, body=b"sorry " * 1_000_000))
    answer = exchange(server.url, post(), tmp_path)
    assert answer.status == 500
    assert answer.body.startswith(b"sorry")
    assert len(answer.body) <= 1 << 20


def test_json_may_be_large(server: ScriptedServer, tmp_path: Path) -> None:
    text = "A" * 5_000_000
    server.on("POST", "/edit", Answer.json({"image": text}))
    assert exchange(server.url, post(), tmp_path).json() == {"image": text}


def test_json_may_be_larger_for_more_pictures(
    server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receive, "MAX_JSON", (3_000, 1_000))
    monkeypatch.setattr(receive, "MAX_PICTURE", 6_000)
    for size, pictures in ((3_001, 1), (4_001, 2), (5_001, 3), (6_001, 50)):
        server.on("POST", "/edit", Answer(body=b"[" + b" " * (size - 2) + b"]"))
        with pytest.raises(TooLarge):
            exchange(server.url, post(), tmp_path, pictures=pictures)
        server.on("POST", "/edit", Answer(body=b"[" + b" " * (size - 3) + b"]"))
        assert exchange(server.url, post(), tmp_path, pictures=pictures).json() == []


def test_compressed_answers_are_read_and_bombs_given_up(
    server: ScriptedServer, tmp_path: Path
) -> None:
    small = gzip.compress(b'{"a": 1}')
    bomb = gzip.compress(b" " * 100_000_000)
    gzipped = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    server.on("POST", "/edit", *(Answer(body=body, headers=gzipped) for body in (small, bomb)))
    assert exchange(server.url, post(), tmp_path).json() == {"a": 1}
    with pytest.raises(TooLarge):
        exchange(server.url, post(), tmp_path)


# Nothing left


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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


# Sent, and the answer is lost


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


# The guard


@pytest.mark.parametrize(
    "url",
    (
        "https://127.0.0.2:1/x",
        "https://localhost:1/x",
        "https://[::1]:1/x",
        "https://10.0.0.1/x",
        "https://169.254.169.254/latest",
        "https://[::ffff:127.0.0.1]:1/x",
    ),
)
def test_a_plugins_url_cannot_reach_this_machine(tmp_path: Path, url: str) -> None:
    told = Told()
    request = post(None, method="PUT", url=url, purpose="upload")
    with pytest.raises(NotSent, match="not a public one") as caught:
        exchange("https://api.acme.example", request, tmp_path, on_sent=told)
    assert caught.value.refused_by_guard
    assert not caught.value.retryable
    assert told.times == 0
    clean(caught.value)


def test_a_private_base_url_allows_its_own_address_only(
    server: ScriptedServer, tmp_path: Path
) -> None:
    server.on("GET", "/jobs/1", Answer())
    assert exchange(server.url, POLL, tmp_path).status == 200
    other = HttpRequest(method="GET", url=f"http://127.0.0.2:{server.port}/", purpose="poll")
    with pytest.raises(NotSent) as caught:
        exchange(server.url, other, tmp_path)
    assert caught.value.refused_by_guard
    assert server.count() == 1


def test_permission_is_not_shared_between_sites(server: ScriptedServer, tmp_path: Path) -> None:
    server.on("GET", "/jobs/1", Answer())
    absolute = HttpRequest(method="GET", url=f"https://127.0.0.1:{server.port}/", purpose="poll")

    async def run() -> None:
        async with Transport() as transport:
            own = site_of(server.url)
            await transport.exchange(POLL, site=own, timeout=5, spool=tmp_path, boundary="b")
            other = site_of("https://api.acme.example")
            with pytest.raises(NotSent) as caught:
                await transport.exchange(
                    absolute, site=other, timeout=5, spool=tmp_path, boundary="b"
                )
            assert caught.value.refused_by_guard

    asyncio.run(run())


# A proxy


def test_behind_a_proxy_the_target_is_checked(server: ScriptedServer, tmp_path: Path) -> None:
    server.on("CONNECT", "*", Answer(status=403))
    proxy = f"http://user:{CANARY}@127.0.0.1:{server.port}"
    with pytest.raises(NotSent) as caught:
        exchange(
            "https://api.acme.example",
            post(None, url="https://10.0.0.1/x"),
            tmp_path,
            proxy=proxy,
        )
    assert caught.value.refused_by_guard
    assert server.count() == 0
    with pytest.raises(NotSent, match="proxy") as caught:
        exchange("https://1.1.1.1", post(), tmp_path, proxy=proxy)
    assert server.count("CONNECT") == 1
    assert "authorization" not in server.requests[0].headers
    clean(caught.value)


def test_a_private_base_url_is_reached_without_the_proxy(
    server: ScriptedServer, tmp_path: Path
) -> None:
    server.on("GET", "/jobs/1", Answer())
    answer = exchange(server.url, POLL, tmp_path, proxy=f"http://127.0.0.1:{free_port()}")
    assert answer.status == 200


def test_the_environment_sets_no_proxy(
    server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    server.on("GET", "/jobs/1", Answer())
    assert exchange(server.url, POLL, tmp_path).status == 200


# The budget of an import, and of memory


def test_the_package_alone_imports_no_aiohttp() -> None:
    code = (
        "import sys; from imgedit.transport import Site, Credentials, NotSent, body_preview;"
        "sys.exit(bool({'aiohttp', 'asyncio', 'ssl'} & sys.modules.keys()))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)


SERVER = """
import sys
from imgedit.testing.server import Answer, ScriptedServer
with ScriptedServer(keep_bodies=False) as server:
    body = b"\\x89PNG\\r\\n\\x1a\\n" + bytes(20 << 20)
    server.on("POST", "/edit", Answer.picture(body))
    print(server.url, flush=True)
    sys.stdin.read()
    print(server.requests[-1].size, flush=True)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_20_mib_there_and_back_cost_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(20 << 20))
    code = f"""
import asyncio, sys
from pathlib import Path
from imgedit.contract.exchange import Base64, HttpRequest, Json
from imgedit.contract.image import ImageSource
from imgedit.transport import Site, Transport

def peak():
    for line in open("/proc/self/status"):
        if line.startswith("VmHWM"):
            return int(line.split()[1])

async def main(url):
    async with Transport() as transport:
        site = Site(name="acme", base_url=url)
        size = {path.stat().st_size}
        for count in (1000, size):
            Path("{tmp_path}/b.png").write_bytes(Path("{path}").read_bytes()[:1000])
            where = "{path}" if count == size else "{tmp_path}/b.png"
            image = ImageSource(media_type="image/png", size=count, sha256="0", path=where)
            request = HttpRequest(
                method="POST", url="/edit", purpose="submit", body=Json([Base64(image)])
            )
            if count == size:
                open("/proc/self/clear_refs", "w").write("5")
                before = peak()
            answer = await transport.exchange(
                request, site=site, timeout=30, spool=Path("{tmp_path}/spool"), boundary="b"
            )
            assert answer.picture.size == size, answer
        print(peak() - before)

asyncio.run(main(sys.argv[1]))
"""
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert server.stdin is not None
    assert server.stdout is not None
    try:
        url = server.stdout.readline().strip()
        done = subprocess.run(
            [sys.executable, "-c", code, url], capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        assert int(done.stdout) < 4096, f"{done.stdout.strip()} KiB"
        sent = server.communicate(timeout=20)[0]
        assert int(sent) == (path.stat().st_size + 2) // 3 * 4 + 4
    finally:
        server.kill()
        server.wait()
