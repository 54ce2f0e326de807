"""Which addresses a connection may go to.

A URL that a vendor, a plugin or a user's file names must not make this machine talk to itself,
to its network or to a cloud's metadata service. Names, redirects and odd spellings of addresses
can all lead there, so the check is made where a socket is opened, on the final address.
"""

from __future__ import annotations

import errno
import ipaddress
import socket
from collections.abc import Callable, Collection
from functools import lru_cache
from typing import Any

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_REFUSED = tuple(
    (ipaddress.ip_network(block), why)
    for block, why in (
        ("::ffff:0:0/96", "an IPv4 address inside an IPv6 one"),
        ("::/96", "an IPv4 address inside an IPv6 one"),
        ("64:ff9b::/96", "an IPv4 address behind a translator"),
        ("64:ff9b:1::/48", "an IPv4 address behind a translator"),
        ("2002::/16", "an IPv4 address behind a tunnel (6to4)"),
        ("2001::/32", "an IPv4 address behind a tunnel (Teredo)"),
        ("192.88.99.0/24", "a tunnel (6to4)"),
        # For protocols only; not every Python knows these two blocks as a whole.
        ("192.0.0.0/24", "not a public address"),
        ("2001::/23", "not a public address"),
        ("3fff::/20", "an address for documentation"),
        ("5f00::/16", "not a public address"),
        ("fec0::/10", "not a public address"),
        # Public by its number, but a cloud's own service on every machine there.
        ("168.63.129.16/32", "a cloud's metadata service"),
    )
)


class Refused(OSError):
    """The guard refused an address; its text is the same for every address."""

    def __init__(self) -> None:
        super().__init__(errno.EACCES, "the address is not a public one")


@lru_cache(maxsize=1024)
def parse_address(text: str) -> IPAddress | None:
    """The IP address that a text spells, brackets and zone left aside; None when it is a name."""
    try:
        return ipaddress.ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        return None


def check_address(
    address: str | IPAddress, allowed: Collection[IPAddress] = frozenset()
) -> str | None:
    """Why a connection to `address` is refused, in a few words; None when it is fine.

    Only public unicast addresses are fine, and those in `allowed`, exactly. An IPv6 address that
    carries an IPv4 one is refused whatever it carries.
    """
    ip = parse_address(address) if isinstance(address, str) else address
    if ip is None:
        return "not an address"
    if isinstance(ip, ipaddress.IPv6Address) and ip.scope_id is not None:
        ip = ipaddress.IPv6Address(int(ip))
    if ip in allowed:
        return None
    return _why_not_public(ip)


@lru_cache(maxsize=1024)
def _why_not_public(ip: IPAddress) -> str | None:
    for block, why in _REFUSED:
        if ip.version == block.version and ip in block:
            if ip.is_loopback or ip.is_unspecified:
                break
            return why
    if ip.is_loopback:
        return "this machine itself"
    if ip.is_unspecified:
        return "this machine itself"
    if ip.is_link_local:
        return "an address of the local link"
    if ip.is_multicast:
        return "a group of machines (multicast)"
    if not ip.is_global or ip.is_reserved:
        return "not a public address"
    return None


def guarded_sockets(allowed: Collection[IPAddress]) -> Callable[[Any], socket.socket]:
    """A maker of sockets for a connector: it sees the final address of every connection.

    Raises (when it is called):
        Refused: the address is neither public nor in `allowed`.
    """

    def make(info: Any) -> socket.socket:
        family, kind, protocol, _, address = info
        if check_address(address[0], allowed) is not None:
            raise Refused
        return socket.socket(family, kind, protocol)

    return make
