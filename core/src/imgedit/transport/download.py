"""Fetching a file that a URL names: guarded, capped, hashed, checked, whole or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import aiohttp
from attrs import frozen
from yarl import URL

from .errors import BadDownload, Headers, NotSent
from .failures import EXPECTED, explain
from .pools import CONNECT_SECONDS, Pool, Pools
from .receive import bounded, headers_of
from .sink import PIECE, DiskFailed, Sink
from .site import Site, safe_url

MAX_REDIRECTS = 3
_REDIRECTS = (301, 302, 303, 307, 308)
_TRY_AGAIN = (408, 425, 429, 500, 502, 503, 504)


@frozen(kw_only=True)
class Downloaded:
    """A file that was fetched.

    Attributes:
        path: where it lies. size, sha256: of its bytes.
        data: the bytes of a small file for which there is room in memory: no file was made.
        media_type: what the server called it, lower case without parameters, or None.
        headers: of the answer (lower-case name → all values).
    """

    path: Path
    data: bytes | None = None
    size: int
    sha256: str
    media_type: str | None
    headers: Headers


@frozen(kw_only=True)
class Fetch:
    """One download; the arguments are those of `Transport.download`."""

    pool: Pool
    to: Path
    max_bytes: int
    timeout: float
    idle: float | None
    sha256: str | None
    size: int | None
    overwrite: bool
    allow_http: bool
    mode: int
    durable: bool
    memory: int
    user_agent: str

    @staticmethod
    async def pool_of(pools: Pools, site: Site | None) -> Pool:
        """The pool for a download.

        Raises:
            BadDownload: the site's host cannot be found.
        """
        try:
            return await pools.of(site)
        except NotSent as error:
            raise BadDownload("network", error.reason, retryable=error.retryable) from None

    async def run(self, url: str) -> Downloaded:
        """Fetch it; raises as `Transport.download` does."""
        if not self.overwrite and self.to.exists():
            raise FileExistsError(f"there is a file {self.to.name!r} already")
        sink = Sink(self.to, mode=self.mode, memory=self.memory)
        try:
            async with asyncio.timeout(self.timeout), self._answer(url) as answer:
                headers = headers_of(answer)
                await self._read(answer, headers, sink)
            await sink.finish(durable=self.durable)
            self._check(sink)
            if self.durable:
                await asyncio.to_thread(sink.publish, overwrite=self.overwrite, durable=True)
            else:
                sink.publish(overwrite=self.overwrite, durable=False)
        except TimeoutError:
            raise BadDownload(
                "timeout", f"the download took longer than {self.timeout:g} s", retryable=True
            ) from None
        except DiskFailed as error:
            raise _bad_disk(error.error) from None
        except FileExistsError:
            raise FileExistsError(f"there is a file {self.to.name!r} already") from None
        except OSError as error:
            raise _bad_disk(error) from None
        finally:
            sink.discard()
        kind = headers.get("content-type", ("",))[0].partition(";")[0].strip().lower()
        return Downloaded(
            path=self.to,
            data=sink.data,
            size=sink.size,
            sha256=sink.sha256,
            media_type=kind or None,
            headers=headers,
        )

    @asynccontextmanager
    async def _answer(self, url: str) -> AsyncIterator[aiohttp.ClientResponse]:
        """The 200 answer at the end of the redirects."""
        for _ in range(MAX_REDIRECTS + 1):
            url = self._usable(url)
            host = urlsplit(url).hostname or "?"
            try:
                await self.pool.check(host)
                answer = await self.pool.shared.get(
                    URL(url, encoded=True),
                    headers={"User-Agent": self.user_agent, "Accept": "*/*",
                             "Accept-Encoding": "identity"},
                    allow_redirects=False,
                    proxy=self.pool.proxy,
                    timeout=aiohttp.ClientTimeout(
                        total=None, sock_connect=CONNECT_SECONDS, sock_read=self.idle
                    ),
                )  # fmt: skip
            except NotSent as error:
                raise BadDownload("guard", error.reason) from None
            except EXPECTED as error:
                raise self._network(error, host) from None
            async with answer:
                if answer.status not in _REDIRECTS:
                    if answer.status != 200:
                        raise _bad_status(answer, host)
                    try:
                        yield answer
                    except EXPECTED as error:
                        raise self._network(error, host) from None
                    return
                there = answer.headers.get("Location")
                if not there:
                    raise _bad_status(answer, host)
            after = _joined(url, there)
            if url.startswith("https://") and not after.startswith("https://"):
                raise BadDownload("redirect", f"{host} redirects away from https://")
            url = after
        raise BadDownload("redirect", f"more than {MAX_REDIRECTS} redirects")

    def _usable(self, url: str) -> str:
        try:
            url = safe_url(url)
        except ValueError as error:
            raise BadDownload("url", f"the URL of the file cannot be used: {error}") from None
        if not (self.allow_http or url.startswith("https://")):
            raise BadDownload("url", "the URL of the file is not https://")
        return url

    async def _read(self, answer: aiohttp.ClientResponse, headers: Headers, sink: Sink) -> None:
        announced = headers.get("content-length", ("",))[0]
        limit = bounded(self.max_bytes, headers)
        if announced.isdecimal() and int(announced) > limit:
            raise _too_large(limit)
        while data := await answer.content.read(PIECE):
            await sink.put(data)
            if sink.size > limit:
                answer.close()
                raise _too_large(limit)

    def _check(self, sink: Sink) -> None:
        if self.size is not None and sink.size != self.size:
            raise BadDownload("size", f"the file has {sink.size} bytes, announced were {self.size}")
        if self.sha256 is not None and sink.sha256 != self.sha256.lower():
            raise BadDownload("hash", "the file is not the one announced: its SHA-256 differs")

    def _network(self, error: BaseException, host: str) -> BadDownload:
        failure = explain(error, host, self.timeout)
        if isinstance(error, aiohttp.InvalidURL):
            return BadDownload("url", "the URL of the file cannot be used")
        if failure.refused:
            return BadDownload("guard", failure.reason)
        if isinstance(error, aiohttp.SocketTimeoutError):
            reason = f"nothing came from {host} for {self.idle:g} s"
            return BadDownload("timeout", reason, retryable=True)
        if failure.timed_out:
            return BadDownload("timeout", failure.reason, retryable=True)
        if failure.truncated:
            return BadDownload("truncated", f"the file from {host} is cut off", retryable=True)
        return BadDownload("network", failure.reason, retryable=failure.retryable)


def _too_large(limit: int) -> BadDownload:
    return BadDownload("too_large", f"the file is larger than {limit} bytes")


def _bad_disk(error: OSError) -> BadDownload:
    reason = error.strerror or type(error).__name__
    return BadDownload("disk", f"the file cannot be written: {reason}", disk=error)


def _bad_status(answer: aiohttp.ClientResponse, host: str) -> BadDownload:
    return BadDownload(
        "status",
        f"{host} answered with status {answer.status}",
        status=answer.status,
        headers=headers_of(answer),
        retryable=answer.status in _TRY_AGAIN,
    )


def _joined(url: str, there: str) -> str:
    if there.startswith(("https://", "http://")):
        return there  # byte for byte
    try:
        return urljoin(url, there)
    except ValueError:
        raise BadDownload("redirect", "it redirects to what is not a URL") from None
