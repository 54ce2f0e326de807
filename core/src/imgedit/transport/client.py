"""Sending one request and fetching one file."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import aiohttp
from yarl import URL

from ..contract.exchange import HttpRequest, HttpResponse, Multipart
from .body import Encoded, PictureChanged, close, encode
from .download import Downloaded, Fetch
from .errors import Lost, NotSent
from .failures import EXPECTED
from .flight import AlreadySent, Flight, Stopped
from .payload import EncodedPayload
from .pools import CONNECT_SECONDS, Pools
from .receive import receive
from .site import Site, Target

# These follow from the connection and the body; a plugin cannot set them.
_OURS = frozenset(
    {"connection", "content-length", "cookie", "expect", "host", "te", "trailer",
     "transfer-encoding", "upgrade"}
)  # fmt: skip


class Transport:
    """Connections to vendors; make and use it inside one event loop, then `close` it.

    Args:
        concurrency: how many exchanges may be under way at once.
        proxy: "http://[user:password@]host:port"; a private base URL is reached without it.
            Targets are then checked by their literal address and by our own lookup only: that a
            name leads elsewhere a moment later is the proxy's matter.
        ssl_context: for https; None = the system's certificates.
        user_agent: how we introduce ourselves.
    """

    def __init__(
        self,
        *,
        concurrency: int = 8,
        proxy: str | None = None,
        ssl_context: ssl.SSLContext | None = None,
        user_agent: str = "imgedit",
    ) -> None:
        self._pools = Pools(concurrency, proxy, ssl_context)
        self._user_agent = user_agent

    async def exchange(
        self,
        request: HttpRequest,
        *,
        site: Site,
        timeout: float,
        spool: Path,
        boundary: str,
        on_sent: Callable[[], Awaitable[None]] | None = None,
        extra_headers: Mapping[str, str] | None = None,
        durable: bool = False,
        on_write: Callable[[int], None] | None = None,
        pictures: int = 1,
        most: float | None = None,
    ) -> HttpResponse:
        """Send a request once and read the answer, whatever its status; redirects are answers.

        A spending request goes over a fresh connection and is never repeated. Credentials are
        added when it goes to the site, not when its URL is absolute; an answer that repeats them
        comes back without them.

        Args:
            request: what to send.
            site: where "/path" lies, and the credentials.
            timeout: seconds for the whole exchange; with `most`, until its answer begins to
                arrive, and then in which nothing of it comes.
            spool: folder for a picture in the answer; it is made when it is missing.
            boundary: of a multipart body; the same one gives the same bytes.
            on_sent: awaited when the connection stands, before any byte leaves. When it raises,
                nothing leaves and its exception comes out as it is.
            extra_headers: win over the request's ("Idempotency-Key").
            durable: a picture in the answer is flushed to the disk before this returns.
            on_write: called, perhaps in a thread, before so many bytes of a picture in the answer
                are written.
            pictures: how many may be in the answer.
            most: seconds for the whole exchange whose answer arrives.

        Raises:
            PluginError: the request cannot be built; nothing was sent.
            NotSent: nothing was sent.
            Lost: it may have been sent; its answer did not arrive whole.
            TooLarge: likewise, the answer is too large (64 MiB of JSON and 32 more for each
                further picture, 256 at most; 2 million values of it; 256 MiB of picture, 64 of one
                that comes compressed; 1 MiB of anything else).
        """
        try:
            response = await self._exchange(
                request,
                site,
                timeout,
                spool,
                boundary,
                on_sent,
                extra_headers or {},
                durable,
                on_write,
                pictures,
                most,
            )
        except Lost as lost:
            if lost.headers:
                lost.headers = site.credentials.mask_headers(lost.headers)
            raise
        return site.credentials.mask_answer(response)

    async def _exchange(
        self,
        request: HttpRequest,
        site: Site,
        timeout: float,
        spool: Path,
        boundary: str,
        on_sent: Callable[[], Awaitable[None]] | None,
        extra_headers: Mapping[str, str],
        durable: bool,
        on_write: Callable[[int], None] | None,
        pictures: int,
        most: float | None,
    ) -> HttpResponse:
        target = site.target(request)
        try:
            encoded = None if request.body is None else encode(request.body, boundary)
            files = [] if encoded is None else encoded.open()
        except PictureChanged as error:
            raise NotSent(str(error), retryable=False) from None
        payload = None if encoded is None else EncodedPayload(encoded, files)
        flight = Flight(on_sent, request.spends, target.host, timeout, timeout)
        trouble: Exception | None
        try:
            pool = await self._pools.of(site)
            await pool.check(target.host)
            session = pool.fresh if request.spends else pool.shared
            begun = asyncio.get_running_loop().time()
            async with asyncio.timeout_at(begun + timeout) as end:
                flight.answer = await session.request(
                    request.method,
                    URL(target.url, encoded=True),
                    data=payload,
                    headers=self._headers(request, site, target, encoded, extra_headers),
                    allow_redirects=False,
                    proxy=pool.proxy,
                    timeout=aiohttp.ClientTimeout(
                        total=None, sock_connect=min(timeout, CONNECT_SECONDS), sock_read=timeout
                    ),
                    trace_request_ctx=flight,
                )
                if most is not None:
                    flight.most = most
                    end.reschedule(begun + most)
                async with flight.answer:
                    return await receive(
                        flight.answer,
                        request,
                        spool,
                        durable=durable,
                        pictures=pictures,
                        on_write=on_write,
                    )
        except Stopped:
            trouble = flight.failure
        except AlreadySent:
            trouble = Lost(f"{target.host} closed the connection without an answer")
        except EXPECTED as error:
            trouble = flight.trouble(error, None if payload is None else payload.failure)
        finally:
            close(files)
        # Outside of `except`: an exception of aiohttp's holds the headers, not even `__context__`
        # may lead to it.
        raise trouble or RuntimeError("stopped without a reason")

    async def download(
        self,
        url: str,
        to: Path,
        *,
        site: Site | None = None,
        max_bytes: int = 256 << 20,
        timeout: float = 300,
        idle: float | None = None,
        sha256: str | None = None,
        size: int | None = None,
        overwrite: bool = False,
        allow_http: bool = False,
        mode: int = 0o666,
        durable: bool = True,
        memory: int = 0,
    ) -> Downloaded:
        """Fetch a file without credentials; it appears whole and checked, or not at all.

        Follows at most 3 redirects, each checked; never from https:// to http://.

        Args:
            url: https://, or http:// while the site's base URL is, or with `allow_http`.
            to: the new file.
            site: whose file it is: a site with a private base URL allows that one address.
            max_bytes: the most it may have.
            timeout: seconds for everything.
            idle: seconds in which nothing comes, None = as long as there is time.
            sha256, size: what was announced; another file is refused.
            overwrite: an existing file is replaced.
            allow_http: http:// is fine (a picture whose URL the user gave).
            mode: permissions of the file, less the umask.
            durable: it survives a power cut.
            memory: up to so many bytes are not written, they come as `Downloaded.data`.

        Raises:
            BadDownload: it could not be fetched; no file was made.
            FileExistsError: there is a file already; nothing was fetched, or what was fetched
                is deleted.
        """
        fetch = Fetch(
            pool=await Fetch.pool_of(self._pools, site),
            to=to,
            max_bytes=max_bytes,
            timeout=timeout,
            idle=idle,
            sha256=sha256,
            size=size,
            overwrite=overwrite,
            allow_http=allow_http or (site is not None and site.insecure),
            mode=mode,
            durable=durable,
            memory=memory,
            user_agent=self._user_agent,
        )
        return await fetch.run(url)

    async def close(self) -> None:
        """Close every connection."""
        await self._pools.close()

    async def __aenter__(self) -> Transport:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _headers(
        self,
        request: HttpRequest,
        site: Site,
        target: Target,
        encoded: Encoded | None,
        extra: Mapping[str, str],
    ) -> dict[str, str]:
        kind = None if encoded is None else encoded.content_type
        content = {} if kind is None else {"Content-Type": kind}
        sources = [
            {
                "User-Agent": self._user_agent,
                "Accept": "*/*",
                "Accept-Encoding": "gzip, deflate",
            },
            content,
            request.headers,
            content if isinstance(request.body, Multipart) else {},  # it names the boundary
            extra,
            site.credentials.headers() if target.trusted else {},
        ]
        # One spelling per name, and the later one wins.
        chosen = {
            name.lower(): (name, value)
            for source in sources
            for name, value in source.items()
            if name.lower() not in _OURS
        }
        return dict(chosen.values())
