"""aiohttp's exceptions in words of our own."""

from __future__ import annotations

import asyncio
import os
import ssl

import aiohttp
from attrs import frozen

from .guard import Refused

EXPECTED = (aiohttp.ClientError, asyncio.TimeoutError, OSError)
"""What aiohttp raises when a network, or the other side, misbehaves."""


@frozen
class Failure:
    """Why an exchange broke off."""

    reason: str
    retryable: bool = True
    refused: bool = False
    timed_out: bool = False
    truncated: bool = False


def explain(error: BaseException, host: str, seconds: float) -> Failure:
    """One of `EXPECTED` as words; they hold no URL and nothing of the request."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        cause = error.certificate_error
        why = cause.verify_message if isinstance(cause, ssl.SSLCertVerificationError) else ""
        text = f"the certificate of {host} was not accepted"
        return Failure(f"{text}: {why}" if why else text, retryable=False)
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return Failure(f"the name {host} cannot be found")
    if isinstance(error, aiohttp.ClientConnectorSSLError):
        return Failure(f"no secure connection to {host}: {_words(error.os_error)}")
    if isinstance(error, aiohttp.ClientProxyConnectionError):
        return Failure(f"the proxy cannot be reached: {_words(error.os_error)}")
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return Failure(f"the proxy refused the connection ({error.status})")
    if isinstance(error, aiohttp.ClientConnectorError):
        if isinstance(error.os_error, Refused):
            return Failure(
                f"{host} leads to an address that is not a public one",
                retryable=False,
                refused=True,
            )
        return Failure(f"{host} cannot be reached: {_words(error.os_error)}")
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return Failure(f"no connection to {host} in time", timed_out=True)
    if isinstance(error, asyncio.TimeoutError):
        return Failure(f"{host} gave no answer within {seconds:g} s", timed_out=True)
    if isinstance(error, aiohttp.ClientPayloadError):
        return Failure(f"the answer of {host} is cut off or damaged", truncated=True)
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return Failure(f"{host} closed the connection without an answer")
    if isinstance(error, aiohttp.ClientResponseError):
        return Failure(f"the answer of {host} is not HTTP")
    if isinstance(error, aiohttp.InvalidURL):
        return Failure("the URL cannot be used", retryable=False)
    return Failure(f"the connection to {host} broke off")


def _words(error: OSError | None) -> str:
    """An OSError without addresses and file names."""
    if error is None or error.errno is None or error.errno <= 0:
        return "the connection failed"
    if isinstance(error, ssl.SSLError):
        return (error.reason or "TLS failed").replace("_", " ").lower()
    return os.strerror(error.errno).lower()
