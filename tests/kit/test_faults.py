"""The fault server: every fault does what its name says, once, and the good answer waits."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from imgedit.images.facts import read_facts
from imgedit.testing import FAULTS, Answer, FaultServer, png

GOOD = Answer.json({"id": "7", "text": "x" * 200})


def ask(
    server: FaultServer, path: str = "/edit", seconds: float = 10
) -> tuple[int, dict[str, str], bytes]:
    async def one() -> tuple[int, dict[str, str], bytes]:
        timeout = aiohttp.ClientTimeout(total=seconds)
        async with (
            aiohttp.ClientSession(timeout=timeout, auto_decompress=False) as session,
            session.post(server.url + path, data=b"a body", allow_redirects=False) as answer,
        ):
            headers = {name.lower(): value for name, value in answer.headers.items()}
            return answer.status, headers, await answer.read()

    return asyncio.run(one())


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_comes_once(name: str) -> None:
    with FaultServer() as server:
        server.on("POST", "/edit", GOOD)
        server.fault("POST", "/edit", name)
        try:
            status, headers, body = ask(server, seconds=0.5 if "hang" in name else 10)
        except (aiohttp.ClientError, TimeoutError) as error:
            assert name.startswith(("drop", "reset", "hang"))
            assert isinstance(error, TimeoutError) == ("hang" in name)
        else:
            assert not name.startswith(("drop", "reset", "hang"))
            assert (status, body) != (GOOD.status, GOOD.body)
            check(name, status, headers, body, server)
        assert server.taken("POST", "/edit") == FAULTS[name].taken
        assert ask(server)[2] == GOOD.body
        assert server.count("POST", "/edit") == 2
        assert server.taken() == FAULTS[name].taken + 1


def check(name: str, status: int, headers: dict[str, str], body: bytes, server: Any) -> None:
    if name.startswith("status_"):
        assert status == int(name.removeprefix("status_"))
    elif name.startswith("retry_after"):
        assert status == 429
        assert ("GMT" in headers["retry-after"]) == (name == "retry_after_date")
    elif name == "redirect":
        assert (status, server.elsewhere.url in headers["location"]) == (307, True)
    elif name == "half":
        assert body == GOOD.body[: len(GOOD.body) // 2]
    elif name == "gzip_bomb":
        assert headers["content-encoding"] == "gzip"
        assert len(body) < 4 << 20
    elif name == "picture_bomb":
        assert len(body) < 1 << 20


def test_the_bomb_has_too_many_pixels(tmp_path: Path) -> None:
    with FaultServer() as server:
        server.on("POST", "/edit", GOOD)
        server.fault("POST", "/edit", "picture_bomb")
        path = tmp_path / "bomb.png"
        path.write_bytes(ask(server)[2])
    with open(path, "rb") as file:
        facts = read_facts(file)
    assert (facts.width, facts.height, facts.truncated) == (20_000, 20_000, False)


def test_faults_on_routes_and_in_order() -> None:
    with FaultServer() as server:
        server.on("POST", "/edit", Answer.json(1), Answer.json(2))
        server.on("POST", "/upload", lambda received: Answer.json(received.size))
        server.fault("POST", "/edit", "status_503", times=2)
        server.fault("POST", "/edit", "not_found")
        server.next("POST", "/edit", Answer.json(0))
        seen = [ask(server)[0] for _ in range(3)] + [ask(server)[2] for _ in range(4)]
        assert seen == [503, 503, 404, b"0", b"1", b"2", b"2"]
        assert ask(server, "/upload")[2] == b"6"
        assert server.unexpected == []
        server.fault("POST", "/upload", "html", times=9)
        server.mend()
        assert ask(server, "/upload")[0] == 200
        server.forget()
        assert (server.count(), server.taken(), server.elsewhere.requests) == (0, 0, [])


def test_what_it_refuses() -> None:
    with FaultServer() as server:
        server.on("POST", "/edit", GOOD)
        with pytest.raises(KeyError, match="no fault 'hangs'"):
            server.fault("POST", "/edit", "hangs")
        with pytest.raises(KeyError):
            server.fault("POST", "/nowhere", "hang")
        with pytest.raises(ValueError, match="needs an answer"):
            server.on("POST", "/edit")


def test_where_a_redirect_leads_nothing_is_lost() -> None:
    with FaultServer() as server:
        server.on("GET", "/out.png", Answer.picture(png()))
        server.fault("GET", "/out.png", "redirect")

        async def follow() -> bytes:
            async with (
                aiohttp.ClientSession() as session,
                session.get(f"{server.url}/out.png") as answer,
            ):
                return await answer.read()

        assert asyncio.run(follow()) == png()
        assert len(server.elsewhere.requests) == 1
