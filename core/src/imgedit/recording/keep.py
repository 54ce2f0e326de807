"""The answers of one edit, taken on their way from the transport to the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..contract.exchange import HttpRequest, HttpResponse
from ..transport import Transport

if TYPE_CHECKING:
    from ..client import Client


class KeepingTransport(Transport):
    """A transport that keeps what API calls answered; downloads are no API calls.

    Attributes:
        answers: in order. Of polls in a row only the first and the last are kept.
    """

    def __init__(self, answers: list[HttpResponse], **keywords: Any) -> None:
        super().__init__(**keywords)
        self.answers = answers

    async def exchange(self, request: HttpRequest, **options: Any) -> HttpResponse:
        """As `Transport.exchange`; the answer is kept, without the credentials."""
        response = await super().exchange(request, **options)
        polls = [one.purpose == "poll" and one.status < 400 for one in self.answers[-2:]]
        if polls == [True, True] and response.purpose == "poll" and response.status < 400:
            self.answers.pop()
        self.answers.append(response)
        return response


def keep_answers(client: Client, answers: list[HttpResponse]) -> None:
    """Let a client that has sent nothing yet add to `answers` what comes."""
    runtime = client.runtime
    runtime.transport = KeepingTransport(
        answers, concurrency=runtime.concurrency, proxy=runtime.config.proxy
    )
