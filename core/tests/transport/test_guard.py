"""The address check, as a pure function."""

from __future__ import annotations

import ipaddress
import socket

import pytest

from imgedit.transport.guard import Refused, check_address, guarded_sockets, parse_address

PUBLIC = (
    "1.1.1.1",
    "8.8.8.8",
    "93.184.216.34",
    "172.15.255.255",
    "172.32.0.0",
    "192.167.255.255",
    "100.63.255.255",
    "100.128.0.0",
    "11.0.0.0",
    "223.255.255.255",
    "2606:4700:4700::1111",
    "2a00:1450:4001:81b::200e",
    "2003::1",
)
REFUSED = (
    "127.0.0.1",
    "127.1.2.3",
    "127.255.255.255",
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.0.1",
    "169.254.169.254",
    "169.254.170.2",
    "100.64.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::a00:1",
    "2002:7f00:1::",
    "2002:808:808::1",
    "2001::1",
    "2001:2::1",
    "2001:10::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:db8::1",
    "3fff::1",
    "5f00::1",
    "100::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
    "[::1]",
)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_fine(address: str) -> None:
    assert check_address(address) is None


@pytest.mark.parametrize("address", REFUSED)
def test_everything_else_is_refused_with_a_reason(address: str) -> None:
    assert check_address(address)


@pytest.mark.parametrize("address", ("", "localhost", "acme.example", "127.1", "0x7f000001", "1"))
def test_what_is_no_address_is_refused(address: str) -> None:
    assert check_address(address) == "not an address"


def test_an_allowed_address_allows_no_other() -> None:
    allowed = frozenset({ipaddress.ip_address("10.0.0.5"), ipaddress.ip_address("::1")})
    assert check_address("10.0.0.5", allowed) is None
    assert check_address("::1", allowed) is None
    assert check_address("8.8.8.8", allowed) is None
    assert check_address("10.0.0.6", allowed)
    assert check_address("127.0.0.1", allowed)
    assert check_address("::ffff:10.0.0.5", allowed)


def test_reasons_help() -> None:
    assert check_address("127.0.0.1") == check_address("::1") == "this machine itself"
    assert check_address("169.254.169.254") == "an address of the local link"
    assert "IPv4" in (check_address("::ffff:8.8.8.8") or "")


def test_brackets_and_zones_are_understood() -> None:
    assert parse_address("[fe80::1%eth0]") == ipaddress.ip_address("fe80::1")
    assert parse_address("acme.example") is None


def test_a_refused_socket_is_never_made() -> None:
    make = guarded_sockets({ipaddress.ip_address("127.0.0.1")})
    refused = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.2", 80))
    with pytest.raises(Refused) as caught:
        make(refused)
    assert "127" not in str(caught.value)
    make((socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", 80))).close()
    make((socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("1.1.1.1", 80))).close()
