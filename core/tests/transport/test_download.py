"""Fetching a result: guarded, capped, checked, and a file that is whole or not there."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from imgedit.files import publish, whole
from imgedit.testing.server import Answer, ScriptedServer
from imgedit.transport import BadDownload, Credentials, Downloaded, Site, Transport

PICTURE = (Path(__file__).parents[3] / "examples" / "rocket.jpg").read_bytes()
SHA256 = hashlib.sha256(PICTURE).hexdigest()


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        yield running


def download(url: str, to: Path, *, base: str | None = None, **facts: Any) -> Downloaded:
    async def run() -> Downloaded:
        key = Credentials({"Authorization": "Bearer canary"}, ["canary"])
        site = None if base is None else Site(name="acme", base_url=base, credentials=key)
        async with Transport() as transport:
            return await transport.download(url, to, site=site, **facts)

    return asyncio.run(run())


def refused(server: ScriptedServer, path: str, to: Path, **facts: Any) -> BadDownload:
    """The download fails, and leaves nothing behind."""
    with pytest.raises(BadDownload) as caught:
        download(server.url + path, to, base=server.url, **facts)
    assert list(to.parent.iterdir()) == []
    return caught.value


def test_the_file_arrives_unchanged(server: ScriptedServer, tmp_path: Path) -> None:
    server.on("GET", "*", Answer.picture(PICTURE, "image/JPEG; q=1", headers={"ETag": "e"}))
    to = tmp_path / "out.jpg"
    target = "/a//b/%2e%2E/c%2f.jpg?X-Sig=a/b%2B==&e="
    found = download(server.url + target, to, base=server.url, sha256=SHA256.upper(), size=None)
    assert to.read_bytes() == PICTURE
    assert (found.path, found.size, found.sha256) == (to, len(PICTURE), SHA256)
    assert found.media_type == "image/jpeg"
    assert found.headers["etag"] == ("e",)
    assert list(tmp_path.iterdir()) == [to]
    assert server.requests[0].target == target
    assert "authorization" not in server.requests[0].headers
    assert server.requests[0].headers["accept-encoding"] == "identity"


def test_a_large_file(server: ScriptedServer, tmp_path: Path) -> None:
    body = os.urandom(3_000_000)
    server.on("GET", "/big", Answer(body=body))
    found = download(f"{server.url}/big", tmp_path / "big", base=server.url)
    assert found.path.read_bytes() == body
    assert found.sha256 == hashlib.sha256(body).hexdigest()


@pytest.mark.parametrize(("room", "in_memory"), ((len(PICTURE), True), (len(PICTURE) - 1, False)))
def test_what_fits_into_memory_makes_no_file(
    server: ScriptedServer, tmp_path: Path, room: int, in_memory: bool
) -> None:
    server.on("GET", "*", Answer.picture(PICTURE))
    to = tmp_path / "out.jpg"
    found = download(server.url + "/x.jpg", to, base=server.url, memory=room, sha256=SHA256)
    assert (found.size, found.sha256) == (len(PICTURE), SHA256)
    assert found.data == (PICTURE if in_memory else None)
    assert list(tmp_path.iterdir()) == ([] if in_memory else [to])


def test_a_picture_in_memory_is_checked_too(server: ScriptedServer, tmp_path: Path) -> None:
    server.on("GET", "*", Answer.picture(PICTURE))
    to = tmp_path / "out.jpg"
    assert refused(server, "/x.jpg", to, memory=1 << 20, sha256="0" * 64).code == "hash"
    assert refused(server, "/x.jpg", to, memory=1 << 20, max_bytes=9).code == "too_large"


def test_nothing_is_overwritten_unless_asked(server: ScriptedServer, tmp_path: Path) -> None:
    server.on("GET", "/f", Answer(body=b"new"))
    to = tmp_path / "out"
    to.write_bytes(b"old")
    with pytest.raises(FileExistsError):
        download(f"{server.url}/f", to, base=server.url)
    assert server.count() == 0
    assert to.read_bytes() == b"old"
    download(f"{server.url}/f", to, base=server.url, overwrite=True)
    assert to.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [to]


def test_a_file_that_appears_meanwhile_is_kept(server: ScriptedServer, tmp_path: Path) -> None:
    to = tmp_path / "out"

    def answer(_: Any) -> Answer:
        to.write_bytes(b"somebody else's")
        return Answer(body=b"new")

    server.on("GET", "/f", answer)
    with pytest.raises(FileExistsError):
        download(f"{server.url}/f", to, base=server.url)
    assert to.read_bytes() == b"somebody else's"
    assert list(tmp_path.iterdir()) == [to]


def test_without_hard_links_nothing_is_overwritten_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: object) -> None:
        raise OSError(errno.EPERM, "no hard links here")

    monkeypatch.setattr(os, "link", no_links)
    (tmp_path / "a").write_bytes(b"a")
    publish(tmp_path / "a", tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"a"
    (tmp_path / "b").write_bytes(b"b")
    with pytest.raises(FileExistsError):
        publish(tmp_path / "b", tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"a"


@pytest.mark.parametrize(
    ("status", "retryable"), ((404, False), (403, False), (410, False), (503, True), (429, True))
)
def test_a_status_that_is_no_file(
    server: ScriptedServer, tmp_path: Path, status: int, retryable: bool
) -> None:
    server.on("GET", "/f", Answer(status=status, body=b"gone", headers={"Retry-After": "3"}))
    error = refused(server, "/f", tmp_path / "out")
    assert (error.code, error.status, error.retryable) == ("status", status, retryable)
    assert (error.headers or {})["retry-after"] == ("3",)


def test_a_file_that_is_cut_off(server: ScriptedServer, tmp_path: Path) -> None:
    server.on("GET", "/f", Answer(body=PICTURE, fault="drop_inside"))
    error = refused(server, "/f", tmp_path / "out")
    assert (error.code, error.retryable) == ("truncated", True)


def test_what_was_announced_is_checked(server: ScriptedServer, tmp_path: Path) -> None:
    server.on("GET", "/f", Answer(body=PICTURE))
    assert refused(server, "/f", tmp_path / "out", sha256="0" * 64).code == "hash"
    assert refused(server, "/f", tmp_path / "out", size=len(PICTURE) - 1).code == "size"


def test_files_are_capped(server: ScriptedServer, tmp_path: Path) -> None:
    chunked = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        + (b"186a0\r\n" + bytes(100_000) + b"\r\n") * 20
    )
    server.on("GET", "/f", Answer(body=bytes(2_000_000)), Answer(raw=chunked))
    for _ in range(2):
        assert refused(server, "/f", tmp_path / "out", max_bytes=1_000_000).code == "too_large"
    assert server.count() == 2


@pytest.mark.parametrize("limit", ("timeout", "idle"))
@pytest.mark.parametrize("fault", ("hang", "hang_inside"))
def test_no_file_in_time(server: ScriptedServer, tmp_path: Path, fault: Any, limit: str) -> None:
    server.on("GET", "/f", Answer(body=PICTURE, fault=fault))
    error = refused(server, "/f", tmp_path / "out", **{limit: 0.3})
    assert (error.code, error.retryable) == ("timeout", True)
    assert "0.3 s" in error.reason


def test_a_line_may_be_slow_but_not_for_ever(trickle: Any, tmp_path: Path) -> None:
    to, url = tmp_path / "out", trickle(PICTURE, pieces=15, seconds=0.1)
    with pytest.raises(BadDownload) as caught:
        download(f"{url}/f", to, base=url, timeout=0.3, idle=1)
    assert (caught.value.code, list(tmp_path.iterdir())) == ("timeout", [])
    download(f"{url}/f", to, base=url, timeout=30, idle=1)
    assert to.read_bytes() == PICTURE


def test_a_server_that_is_gone(server: ScriptedServer, tmp_path: Path) -> None:
    url = server.url
    server.close()
    with pytest.raises(BadDownload) as caught:
        download(f"{url}/f", tmp_path / "out", base=url)
    assert (caught.value.code, caught.value.retryable) == ("network", True)


def test_a_disk_that_does_not_take_it(server: ScriptedServer, tmp_path: Path) -> None:
    server.on("GET", "/f", Answer(body=PICTURE))
    with pytest.raises(BadDownload) as caught:
        download(f"{server.url}/f", tmp_path / "no" / "folder", base=server.url)
    assert caught.value.code == "disk"


# Redirects


def test_three_redirects_are_followed_and_no_more(server: ScriptedServer, tmp_path: Path) -> None:
    for number in range(4):
        server.on("GET", f"/{number}", Answer.redirect(f"/{number + 1}?s=%7e", 302 + number % 2))
    server.on("GET", "/4", Answer(body=PICTURE))
    assert download(f"{server.url}/1", tmp_path / "a", base=server.url).sha256 == SHA256
    assert [request.target for request in server.requests] == [
        "/1", "/2?s=%7e", "/3?s=%7e", "/4?s=%7e",
    ]  # fmt: skip
    (tmp_path / "a").unlink()
    server.forget()
    assert refused(server, "/0", tmp_path / "out").code == "redirect"
    assert server.count() == 4


@pytest.mark.parametrize(
    ("to", "code"),
    (
        ("https://127.0.0.2:1/secret", "guard"),
        ("http://[::1]:1/secret", "guard"),
        ("https://10.0.0.1/", "guard"),
        ("//169.254.169.254/latest", "guard"),
        ("http://0x7f000002:1/", "guard"),
        ("http://2130706434:1/", "url"),
        ("http://user@127.0.0.1/", "url"),
        ("file:///etc/passwd", "url"),
        ("gopher://127.0.0.1/", "url"),
        ("http://[broken", "url"),
        ("", "status"),
    ),
)
def test_every_hop_is_guarded(
    server: ScriptedServer, tmp_path: Path, to: str, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The house's tests resolve no names, and to Python this spelling is one.
    real = socket.getaddrinfo

    def odd(host: Any, port: Any, *rest: Any, **more: Any) -> Any:
        return real("127.0.0.2" if host == "0x7f000002" else host, port, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", odd)
    server.on("GET", "/f", Answer.redirect(to))
    error = refused(server, "/f", tmp_path / "out")
    assert (error.code, error.retryable) == (code, False)
    assert server.count() == 1


def test_which_urls_are_fetched_at_all(server: ScriptedServer, tmp_path: Path) -> None:
    server.on("GET", "/f", Answer(body=PICTURE))
    to = tmp_path / "out"
    public = "https://api.acme.example"
    for base, allow_http, code in (
        (public, False, "url"),
        (public, True, "guard"),
        (None, False, "url"),
        (None, True, "guard"),
    ):
        with pytest.raises(BadDownload) as caught:
            download(f"{server.url}/f", to, base=base, allow_http=allow_http)
        assert caught.value.code == code
    assert server.connections == 0


def test_another_port_of_the_allowed_address_is_fine(
    server: ScriptedServer, tmp_path: Path
) -> None:
    with ScriptedServer() as files:
        files.on("GET", "/f", Answer(body=PICTURE))
        assert download(f"{files.url}/f", tmp_path / "out", base=server.url).sha256 == SHA256


def test_canceling_leaves_no_file(server: ScriptedServer, tmp_path: Path) -> None:
    server.on("GET", "/f", Answer(body=bytes(2_000_000), fault="hang_inside"))

    async def run() -> None:
        async with Transport() as transport:
            site = Site(name="acme", base_url=server.url)
            task = asyncio.create_task(
                transport.download(f"{server.url}/f", tmp_path / "out", site=site)
            )
            while not list(tmp_path.iterdir()):
                await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(run())
    assert list(tmp_path.iterdir()) == []


def test_a_name_may_be_as_long_as_the_disk_allows(tmp_path: Path) -> None:
    """What is written first, beside it, has no longer name, in bytes either."""
    to = tmp_path / ("\N{ARTIST PALETTE}" * 62 + ".png")
    with whole(to) as file:
        file.write(PICTURE)
    assert to.read_bytes() == PICTURE
    assert os.listdir(tmp_path) == [to.name]
