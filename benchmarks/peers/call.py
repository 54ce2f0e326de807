"""One edit with a contender at each of several addresses, all at once; what came of them, as JSON.

``python -m peers.call CONTENDER PICTURE BASE_URL[@TIMEOUT]...``
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import json
import logging
import sys
from typing import Any

from work import driver

_LONGEST = 100.0


def only_loopback(event: str, arguments: tuple[Any, ...]) -> None:
    """Refuse every other machine, whatever the client would like to ask there."""
    if event in ("socket.connect", "socket.sendto") and isinstance(arguments[1], tuple):
        host = str(arguments[1][0])
    elif event == "socket.getaddrinfo" and arguments[0]:
        host = str(arguments[0])
    else:
        return
    if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
        raise PermissionError(f"this may only reach this machine, not {host}")


async def call(contender: str, picture: str, address: str) -> str:
    """What came of one edit: "done", or the name of the error."""
    base_url, _, timeout = address.partition("@")
    try:
        async with driver(contender, base_url, picture, float(timeout) if timeout else None) as one:
            await asyncio.wait_for(one.edit(picture), _LONGEST)
    except Exception as error:
        return type(error).__name__
    return "done"


async def main(contender: str, picture: str, first: str, *others: str) -> None:
    """The first one alone: what is imported late would hold up the others.

    Those with a time-out come before the rest: making many clients at once would use it up.
    """
    found = {}
    with contextlib.redirect_stdout(sys.stderr):  # litellm prints advice
        found[first] = await call(contender, picture, first)
        for hurried in (True, False):
            wave = [address for address in others if ("@" in address) is hurried]
            ends = await asyncio.gather(*(call(contender, picture, each) for each in wave))
            found.update(zip(wave, ends, strict=True))
    print(json.dumps([found[address] for address in (first, *others)]))


if __name__ == "__main__":
    logging.disable()
    sys.addaudithook(only_loopback)
    asyncio.run(main(*sys.argv[1:]))
