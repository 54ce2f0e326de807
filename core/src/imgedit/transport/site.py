"""A vendor's place on the network: where its API is, and who we are there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from attrs import field, frozen

from ..contract.exchange import HttpRequest
from ..errors import ConfigError, PluginError
from .credentials import Credentials
from .guard import check_address, parse_address

_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))
_HOST = re.compile(r"[A-Za-z0-9._:-]+")


def _without_slash(url: str) -> str:
    return url.rstrip("/")


@frozen
class Target:
    """A URL as it goes out, and whether credentials go with it."""

    url: str
    trusted: bool

    @property
    def host(self) -> str:
        """The host's name, for messages."""
        return urlsplit(self.url).hostname or "?"


@frozen(kw_only=True)
class Site:
    """Where a provider's requests go.

    Attributes:
        name: the provider's name.
        base_url: the API's address, the version path included; no slash at its end.
        hosts: name → base URL of further hosts that take the credentials.
        credentials: go to `base_url` and `hosts`, nowhere else.
        configured: the user set `base_url`: it may then be a private address.
        allow_insecure: `http://` is fine for a base URL that is not on this machine.

    Raises:
        ConfigError: a base URL is unusable, or `http://` to another machine.
    """

    name: str
    base_url: str = field(converter=_without_slash)
    hosts: Mapping[str, str] = field(factory=dict)
    credentials: Credentials = field(factory=Credentials)
    configured: bool = False
    allow_insecure: bool = False

    def __attrs_post_init__(self) -> None:
        for url in (self.base_url, *self.hosts.values()):
            self._check_base(url)

    def _check_base(self, url: str) -> None:
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname, parts.port
        except ValueError:
            host = None
        if not host or parts.scheme not in ("https", "http") or parts.query or parts.fragment:
            raise ConfigError(f"the base URL of {self.name} is not an http(s) address")
        if parts.username is not None or parts.password is not None:
            raise ConfigError(f"the base URL of {self.name} holds a user name: give it as a key")
        if any(character not in _PRINTABLE for character in url):
            raise ConfigError(f"the base URL of {self.name} holds a blank or a special character")
        if parts.scheme == "http" and not self.allow_insecure and not is_loopback(host):
            raise ConfigError(
                f"the base URL of {self.name} is http:// on another machine, which would send "
                "the key in the clear",
                hint="Use https://, or allow_insecure if the network is safe.",
            )

    @property
    def insecure(self) -> bool:
        """Whether the base URL is http://, so that result URLs may be, too."""
        return self.base_url.startswith("http://")

    @property
    def private_host(self) -> str | None:
        """The base URL's host when it may be a private one, else None.

        That is an address that is not public, this machine's name, or whatever the user set.
        """
        host = urlsplit(self.base_url).hostname or ""
        if parse_address(host) is not None:
            return host if check_address(host) else None
        return host if self.configured or is_loopback(host) else None

    def target(self, request: HttpRequest) -> Target:
        """The URL of a request.

        Raises:
            PluginError: it names an unknown host, or an address that is not allowed.
        """
        url = request.url
        if url.startswith(("https://", "http://")):
            try:
                target = Target(safe_url(with_query(url, request.query)), trusted=False)
            except ValueError as error:
                raise PluginError(f"{self.name} asks for an unusable URL: {error}") from None
            if url.startswith("http://") and not self.insecure:
                raise PluginError(f"{self.name} asks for a URL that is not https://")
            return target
        name = request.host
        base, path = self.base_url, url
        if name is not None:
            if name not in self.hosts:
                raise PluginError(f"{self.name} asks for the host {name!r}, which it does not name")
            base, path = self.hosts[name].rstrip("/"), url[len(name) + 1 :]
        return Target(with_query(base + path, request.query), trusted=True)


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its name or address."""
    address = parse_address(host)
    return address.is_loopback if address else host.rstrip(".").lower() == "localhost"


def with_query(url: str, query: Mapping[str, Any]) -> str:
    """The URL with a query; without one it stays as it is. bools become true and false."""
    if not query:
        return url
    pairs = [
        (name, str(value).lower() if isinstance(value, bool) else str(value))
        for name, value in query.items()
    ]
    return f"{url}{'&' if '?' in url else '?'}{urlencode(pairs, quote_via=quote)}"


def safe_url(url: str) -> str:
    """A foreign http(s) URL as it can go out: byte for byte, only blanks and non-ASCII quoted.

    Raises:
        ValueError: it has no host or an odd one, holds a user name or a control character.
    """
    if any(ord(character) < 0x20 or ord(character) == 0x7F for character in url):
        raise ValueError("it holds a control character")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError("it is not a URL") from None
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError("it is not an http(s) URL")
    if "@" in parts.netloc or "\\" in parts.netloc:
        raise ValueError("it holds a user name")
    name = host if host.isascii() else host.encode("idna").decode()  # UnicodeError is a ValueError
    if not _HOST.fullmatch(name):
        raise ValueError("its host is neither a name nor an address")
    if name != host:
        url = url.replace(parts.netloc, parts.netloc.lower().replace(host, name), 1)
    return quote(url, safe=_PRINTABLE)
