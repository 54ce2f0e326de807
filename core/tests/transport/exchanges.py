"""One exchange with a server on this machine, and what is asked of its errors."""

from __future__ import annotations

import asyncio
import socket
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from imgedit.contract.exchange import HttpRequest, HttpResponse
from imgedit.transport import Credentials, Site, Transport

CANARY = "canary-0123456789"


PICTURE = (Path(__file__).parents[3] / "examples" / "rocket.jpg").read_bytes()


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


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
