"""However an address is spelled, and wherever it comes from: nothing on this side is reached.

A server listens on this machine, and the resolver is the worst there can be: every connection that
is made is counted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hostile_forms import ALLOWED, FORBIDDEN, PUBLIC, resolve

from imgedit.testing.server import Answer, ScriptedServer
from imgedit.transport import BadDownload, NotSent, Site, Transport
from imgedit.transport.guard import check_address, parse_address
from imgedit.transport.site import safe_url

Resolver = Callable[[Callable[[str], list[str]]], None]


@pytest.fixture
def trap() -> Iterator[ScriptedServer]:
    """What must not be reached; it would answer."""
    with ScriptedServer() as running:
        running.on("GET", "*", Answer(body=b"secret"))
        yield running


@pytest.fixture
def allowed() -> Iterator[ScriptedServer]:
    """A server at another address of this machine, which may be reached."""
    for host in ("127.0.0.2", "::1"):  # not every system has either
        try:
            with ScriptedServer(host=host) as running:
                yield running
                return
        except OSError:
            continue
    pytest.skip("this machine has one address only")


def fetch(*urls: str, base: str | None = None, to: Path) -> list[BadDownload | None]:
    """What comes of downloads by one transport, one after another."""

    async def run() -> list[BadDownload | None]:
        found: list[BadDownload | None] = []
        async with Transport() as transport:
            site = None if base is None else Site(name="acme", base_url=base, configured=True)
            for url in urls:
                try:
                    await transport.download(
                        url, to, site=site, timeout=10, allow_http=True, overwrite=True
                    )
                except BadDownload as bad:
                    found.append(bad)
                else:
                    found.append(None)
        return found

    return asyncio.run(run())


def judged(url: str) -> str | None:
    """The check alone, with no network: why a URL is refused, None = it is fine."""
    try:
        host = urlsplit(safe_url(url)).hostname or ""
    except ValueError as error:
        return str(error)
    address = host if parse_address(host) is not None else resolve(host)
    return check_address(address)


def test_the_table_is_long() -> None:
    assert len(FORBIDDEN) >= 90
    assert len(set(FORBIDDEN.values())) == len(FORBIDDEN)


@pytest.mark.parametrize("form", FORBIDDEN)
def test_the_check_alone_refuses(form: str) -> None:
    assert judged(FORBIDDEN[form].format(port=8080))


@pytest.mark.parametrize("form", ALLOWED)
def test_the_check_alone_lets_public_ones_pass(form: str) -> None:
    assert judged(ALLOWED[form]) is None


@pytest.mark.parametrize("form", FORBIDDEN)
def test_no_connection_to(form: str, trap: ScriptedServer, resolver: Any, tmp_path: Path) -> None:
    (bad,) = fetch(FORBIDDEN[form].format(port=trap.port), to=tmp_path / "f")
    assert bad is not None
    assert (bad.code, bad.retryable) in (("url", False), ("guard", False))
    assert trap.connections == 0


@pytest.mark.parametrize("form", ALLOWED)
def test_public_ones_are_tried(
    form: str, resolver: Any, reached: list[str], tmp_path: Path
) -> None:
    (bad,) = fetch(ALLOWED[form], to=tmp_path / "f")
    assert bad is not None
    assert bad.code == "network"
    assert set(reached) == {PUBLIC}


def test_what_is_allowed_is_reached(trap: ScriptedServer, resolver: Any, tmp_path: Path) -> None:
    """The trap counts: the same URLs arrive where the user's own base URL is there."""
    urls = [FORBIDDEN[form].format(port=trap.port) for form in ("plain", "capitals", "localhost")]
    assert fetch(*urls, base=trap.url, to=tmp_path / "f") == [None] * 3
    assert (tmp_path / "f").read_bytes() == b"secret"
    assert trap.connections >= 1
    assert trap.count("GET") == 3


@pytest.mark.parametrize("form", FORBIDDEN)
def test_no_redirect_to(
    form: str, trap: ScriptedServer, allowed: ScriptedServer, resolver: Any, tmp_path: Path
) -> None:
    """A server that may be reached sends us on to one that may not."""
    there = FORBIDDEN[form].format(port=trap.port)
    if set(there) & set("\r\n\0"):
        pytest.skip("no header can hold it")
    # Headers are bytes: what is not ASCII goes out as UTF-8.
    line = b"Location: " + there.encode()
    raw = b"HTTP/1.1 302 Found\r\n" + line + b"\r\nContent-Length: 0\r\n\r\n"
    allowed.on("GET", "/f", Answer(raw=raw))
    (bad,) = fetch(f"{allowed.url}/f", base=allowed.url, to=tmp_path / "f")
    assert bad is not None
    assert bad.code in ("url", "guard", "redirect", "status")
    assert allowed.count("GET", "/f") == 1
    assert trap.connections == 0


def test_a_redirect_to_what_is_allowed_is_followed(
    allowed: ScriptedServer, resolver: Any, tmp_path: Path
) -> None:
    allowed.on("GET", "/f", Answer.redirect(f"{allowed.url}/g"))
    allowed.on("GET", "/g", Answer(body=b"a picture"))
    assert fetch(f"{allowed.url}/f", base=allowed.url, to=tmp_path / "f") == [None]


# -- names that change their mind


def answers(*each: list[str]) -> Callable[[str], list[str]]:
    """A resolver that says one thing after another; the last one stays."""
    left = list(each)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


def test_a_base_url_that_was_public_when_it_was_looked_up(
    trap: ScriptedServer, resolver: Resolver, tmp_path: Path
) -> None:
    """Its address decides what may be reached; then, for the connection, it is another one."""
    resolver(answers([PUBLIC], ["127.0.0.1"]))
    url = f"http://rebind.example:{trap.port}"
    (bad,) = fetch(f"{url}/f", base=url.replace("http://", "https://"), to=tmp_path / "f")
    assert bad is not None
    assert bad.code == "guard"
    assert trap.connections == 0


def test_a_private_base_url_that_moves_to_another_private_address(
    trap: ScriptedServer, allowed: ScriptedServer, resolver: Resolver, tmp_path: Path
) -> None:
    resolver(answers([allowed.host], ["127.0.0.1"]))
    base = f"https://inner.example:{trap.port}"
    (bad,) = fetch(f"http://inner.example:{trap.port}/f", base=base, to=tmp_path / "f")
    assert bad is not None
    assert bad.code == "guard"
    assert trap.connections == 0


def test_a_private_base_url_that_stays_is_reached(
    trap: ScriptedServer, resolver: Resolver, tmp_path: Path
) -> None:
    resolver(answers(["127.0.0.1"]))
    base = f"https://inner.example:{trap.port}"
    assert fetch(f"http://inner.example:{trap.port}/f", base=base, to=tmp_path / "f") == [None]
    assert trap.count("GET", "/f") == 1


def test_a_name_with_a_public_and_a_private_address(
    trap: ScriptedServer, resolver: Resolver, reached: list[str], tmp_path: Path
) -> None:
    """The public one does not answer; the private one is not what is tried next."""
    for found in ([PUBLIC, "127.0.0.1"], ["127.0.0.1", PUBLIC]):
        resolver(answers(found))
        (bad,) = fetch(f"http://both.example:{trap.port}/f", to=tmp_path / "f")
        assert bad is not None
        assert bad.code in ("network", "guard")
    assert trap.connections == 0


def test_a_name_that_is_private_the_second_time(
    trap: ScriptedServer, resolver: Resolver, reached: list[str], tmp_path: Path
) -> None:
    resolver(answers([PUBLIC], ["127.0.0.1"]))
    url = f"http://rebind.example:{trap.port}/f"
    first = fetch(url, to=tmp_path / "f")
    second = fetch(url, to=tmp_path / "f")  # by a client that remembers nothing
    assert [one and one.code for one in (*first, *second)] == ["network", "guard"]
    assert reached == [PUBLIC]
    assert trap.connections == 0


def test_a_redirect_to_a_name_that_is_private_by_then(
    trap: ScriptedServer, allowed: ScriptedServer, resolver: Resolver, tmp_path: Path
) -> None:
    resolver(answers(["127.0.0.1"]))
    allowed.on("GET", "/f", Answer.redirect(f"http://rebind.example:{trap.port}/g"))
    (bad,) = fetch(f"{allowed.url}/f", base=allowed.url, to=tmp_path / "f")
    assert bad is not None
    assert bad.code == "guard"
    assert trap.connections == 0


def test_behind_a_proxy_names_are_looked_up_before_they_are_handed_on(
    trap: ScriptedServer, resolver: Resolver, tmp_path: Path
) -> None:
    """The proxy would reach this machine for us."""

    async def run() -> list[str]:
        found = []
        async with Transport(proxy=trap.url) as transport:
            for form in ("plain", "two parts", "localhost", "mapped", "metadata"):
                url = FORBIDDEN[form].format(port=trap.port)
                try:
                    await transport.download(url, tmp_path / "f", allow_http=True, timeout=10)
                except (BadDownload, NotSent) as bad:
                    found.append(getattr(bad, "code", "guard"))
        return found

    assert asyncio.run(run()) == ["guard"] * 5
    assert trap.connections == 0
