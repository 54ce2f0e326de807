"""What is known of one request on its way: whether it left, and what came back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import aiohttp
from attrs import define

from .errors import Lost, NotSent
from .failures import explain
from .receive import headers_of


class AlreadySent(Exception):
    """aiohttp is about to send a spending request again; it must not."""


class Stopped(Exception):
    """`on_sent` failed; the reason is kept in the flight."""


@define
class Flight:
    """One request on its way: what is known of whether it left.

    `timeout` and `most` are seconds, as for `Transport.exchange`.
    """

    on_sent: Callable[[], Awaitable[None]] | None
    spends: bool
    host: str
    timeout: float
    most: float
    sent: bool = False
    failure: Exception | None = None
    answer: aiohttp.ClientResponse | None = None

    async def leaving(self) -> None:
        """The connection stands, and the first byte is about to go."""
        if self.sent:
            if self.spends:
                raise AlreadySent
            return
        if self.on_sent is not None:
            try:
                await self.on_sent()
            except Exception as error:
                # An OSError or a TimeoutError must not come out as a network error.
                self.failure = error
                raise Stopped from None
        self.sent = True

    def trouble(self, error: BaseException, why: Exception | None) -> NotSent | Lost:
        """What an exception of `failures.EXPECTED` means; `why` = what is known to be behind it."""
        failure = explain(error, self.host, self.timeout)
        reason = failure.reason if why is None else str(why)
        if self.answer is not None and failure.timed_out:
            end = f"did not end within {round(self.most, 1):g} s"
            if isinstance(error, aiohttp.SocketTimeoutError):
                end = f"then nothing more came for {self.timeout:g} s"
            reason = f"the answer of {self.host} began to arrive and {end}"
        if not self.sent:
            return NotSent(
                reason,
                retryable=failure.retryable,
                refused_by_guard=failure.refused,
                timed_out=failure.timed_out,
            )
        return Lost(
            reason,
            status=None if self.answer is None else self.answer.status,
            headers=None if self.answer is None else headers_of(self.answer),
            timed_out=failure.timed_out,
        )
