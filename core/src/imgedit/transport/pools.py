"""Connections, kept apart by what they may reach and by whether they are shared."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Collection
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from attrs import define, field, frozen

from .errors import NotSent
from .flight import Flight
from .guard import IPAddress, check_address, guarded_sockets, parse_address
from .site import Site, is_loopback

CONNECT_SECONDS = 30
_INNER_NAMES = (".local", ".internal", ".localhost", ".localdomain", ".lan", ".home.arpa")


@frozen(eq=False)
class Pool:
    """Connections with one permission: `shared` are kept and used again, `fresh` never."""

    allowed: frozenset[IPAddress]
    proxy: str | None
    shared: aiohttp.ClientSession
    fresh: aiohttp.ClientSession

    async def check(self, host: str) -> None:
        """Behind a proxy the guard sees only the proxy: look the target up ourselves.

        Raises:
            NotSent: it is not a public address.
        """
        if self.proxy is None:
            return
        if not await _public(host, self.allowed):
            raise NotSent(
                f"{host} leads to an address that is not a public one",
                retryable=False,
                refused_by_guard=True,
            )

    async def close(self) -> None:
        """Close every connection."""
        await self.shared.close()
        await self.fresh.close()


@define
class Pools:
    """All connections of a transport."""

    concurrency: int
    proxy: str | None
    ssl_context: ssl.SSLContext | None
    _pools: dict[tuple[str, str] | None, Pool] = field(factory=dict, init=False)
    _lock: asyncio.Lock = field(factory=asyncio.Lock, init=False)

    async def of(self, site: Site | None) -> Pool:
        """The pool for a site: one of its own when its base URL is private, else the common one.

        Raises:
            NotSent: the site's host cannot be found.
        """
        key = None
        if site is not None and site.private_host is not None:
            key = (site.name, site.base_url)
        found = self._pools.get(key)
        if found is None:
            async with self._lock:
                found = self._pools.get(key)
                if found is None:
                    found = self._pools[key] = await self._make(site if key else None)
        return found

    async def _make(self, site: Site | None) -> Pool:
        allowed: frozenset[IPAddress] = frozenset()
        proxy = self.proxy
        if site is not None and site.private_host is not None:
            found = await _lookup(site.private_host, urlsplit(site.base_url).port)
            allowed = frozenset(ip for ip in found if check_address(ip) is not None)
            if allowed:
                proxy = None  # what is on our side of the proxy is reached directly
        reach = allowed
        if proxy is not None:
            parts = urlsplit(proxy)
            reach = frozenset(await _lookup(parts.hostname or "", parts.port))
        return Pool(
            allowed,
            proxy,
            self._session(reach, force_close=False),
            self._session(reach, force_close=True),
        )

    def _session(self, reach: Collection[IPAddress], *, force_close: bool) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            # aiohttp's own limit of 100 would cap the client's concurrency silently.
            limit=max(8, self.concurrency + self.concurrency // 4),
            force_close=force_close,
            socket_factory=guarded_sockets(reach),
            ssl=self.ssl_context or True,
        )
        trace = aiohttp.TraceConfig()
        trace.on_request_headers_sent.append(_leaving)
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            trace_configs=[trace],
            # A presigned upload is refused when a header is there that was not signed.
            skip_auto_headers=("Content-Type", "User-Agent", "Accept"),
            requote_redirect_url=False,
        )

    async def close(self) -> None:
        """Close every pool."""
        pools, self._pools = self._pools, {}
        for pool in pools.values():
            await pool.close()


async def _leaving(_session: Any, context: SimpleNamespace, _params: Any) -> None:
    flight: Flight | None = context.trace_request_ctx
    if flight is not None:
        await flight.leaving()


async def _lookup(host: str, port: int | None = None) -> list[IPAddress]:
    """The addresses of a host.

    Raises:
        NotSent: it has none.
    """
    literal = parse_address(host)
    if literal is not None:
        return [literal]
    loop = asyncio.get_running_loop()
    try:
        rows = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NotSent(f"the name {host} cannot be found") from None
    return [ipaddress.ip_address(str(row[4][0]).partition("%")[0]) for row in rows]


async def _public(host: str, allowed: Collection[IPAddress]) -> bool:
    if is_loopback(host) or host.rstrip(".").lower().endswith(_INNER_NAMES):
        return False
    try:
        addresses = await _lookup(host)
    except NotSent:
        # Only the proxy knows such names; one without a dot is a machine of the inner network.
        return "." in host.rstrip(".")
    return all(check_address(ip, allowed) is None for ip in addresses)
