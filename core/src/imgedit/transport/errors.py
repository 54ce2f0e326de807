"""What can go wrong with an exchange; never an exception of aiohttp's.

The engine turns these into the errors that users see. Their texts hold no key, no query string
and no body.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Headers = Mapping[str, tuple[str, ...]]


class NotSent(Exception):
    """It is certain that no byte of the request left.

    `on_sent` may have been called all the same, when the time ran out inside it.

    Attributes:
        reason: what happened, in words.
        retryable: whether the same request may get through later.
        refused_by_guard: the address is not public, and nobody allowed it.
        timed_out: the time ran out.
    """

    def __init__(
        self,
        reason: str,
        *,
        retryable: bool = True,
        refused_by_guard: bool = False,
        timed_out: bool = False,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retryable = retryable
        self.refused_by_guard = refused_by_guard
        self.timed_out = timed_out


class Lost(Exception):
    """The request left, at least in part, and its answer did not arrive whole.

    Attributes:
        reason: what happened, in words.
        status, headers: of the answer (lower-case name → all values), None when none came.
        timed_out: the time ran out.
        disk: the answer came, but could not be stored on this machine.
    """

    def __init__(
        self,
        reason: str,
        *,
        status: int | None = None,
        headers: Headers | None = None,
        timed_out: bool = False,
        disk: bool = False,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.headers = headers
        self.timed_out = timed_out
        self.disk = disk


class TooLarge(Lost):
    """The answer is larger than any answer should be; reading it was given up."""


DownloadCode = Literal[
    "status", "truncated", "too_large", "redirect", "guard", "hash", "size", "url", "network",
    "timeout", "disk",
]  # fmt: skip


class BadDownload(Exception):
    """A file could not be fetched; nothing was written, and nothing is charged for trying.

    Attributes:
        code: "status" (not a 2xx), "truncated", "too_large", "redirect" (too many, or to where
            they must not lead), "guard" (not a public address), "hash" and "size" (not what
            was announced), "url" (unusable), "network", "timeout", "disk".
        reason: the same in words.
        status, headers: of the last answer, when there was one.
        retryable: whether the same URL may work later.
        disk: of the code "disk", the system's error.
    """

    def __init__(
        self,
        code: DownloadCode,
        reason: str,
        *,
        status: int | None = None,
        headers: Headers | None = None,
        retryable: bool = False,
        disk: OSError | None = None,
    ) -> None:
        super().__init__(reason)
        self.code: DownloadCode = code
        self.reason = reason
        self.status = status
        self.headers = headers
        self.retryable = retryable
        self.disk = disk
