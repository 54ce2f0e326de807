"""A free question to a vendor that belongs to no job: its models, what is left on an account."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ..contract.exchange import HttpRequest, HttpResponse
from ..errors import ImgEditError, NetworkError, ProviderError, UnexpectedResponse
from .retry import TRIES, may_repeat, pause

if TYPE_CHECKING:
    from ..discovery import Provider
    from .runtime import Runtime

_SECONDS = 60.0
_IN_ALL = 180.0


async def ask(runtime: Runtime, provider: Provider, request: HttpRequest) -> HttpResponse:
    """Send it, again when that may help, and return an answer that is no error.

    Raises:
        ConfigError: there is no key.
        ProviderError: the vendor refused, failed or could not be reached; nothing was charged.
    """
    if request.spends:
        raise AssertionError("a question costs nothing")
    begun = asyncio.get_running_loop().time()
    attempt = 0
    while True:
        attempt += 1
        try:
            return await _once(runtime, provider, request)
        except ProviderError as error:
            free(error, provider)
            seconds = pause(attempt, error.retry_after)
            spent = asyncio.get_running_loop().time() - begun
            tries = TRIES.get(request.purpose, 4)
            if not may_repeat(error, spends=False) or attempt >= tries or seconds is None:
                raise
            if spent + seconds > _IN_ALL:
                raise
            await runtime.sleep(seconds)


def free(error: ImgEditError, provider: Provider) -> None:
    """Say whose error it is, and that a question is never charged."""
    error.charged = "no"
    error.fill(provider=provider.name, distribution=provider.label)


async def _once(runtime: Runtime, provider: Provider, request: HttpRequest) -> HttpResponse:
    from ..manifest import is_error
    from ..transport.errors import Lost, NotSent, TooLarge

    title = provider.manifest.title
    site = await runtime.reach(provider)
    timeout = float(provider.manifest.timeouts.get(request.purpose, _SECONDS))
    trouble: ProviderError
    try:
        with tempfile.TemporaryDirectory(prefix="imgedit-") as spool:
            response = await runtime.transport.exchange(
                request, site=site, timeout=timeout, spool=Path(spool), boundary="imgedit"
            )
    except NotSent as lost:
        trouble = NetworkError(
            f"{title} could not be reached: {lost.reason}", retryable=lost.retryable
        )
    except TooLarge as large:
        trouble = UnexpectedResponse(f"the answer is too large to be one: {large.reason}")
    except Lost as lost:
        trouble = NetworkError(f"the answer was lost: {lost.reason}")
    else:
        if 300 <= response.status < 400:
            raise UnexpectedResponse(
                f"the answer is a redirect ({response.status}), which is never followed here",
                status=response.status,
            )
        own_api = not request.url.startswith(("https://", "http://"))
        if is_error(provider.manifest, response, own_api=own_api):
            raise provider.map_error(None, response)
        return response
    raise trouble
