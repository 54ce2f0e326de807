"""Ways to write an address that must not be reached, and some that may be."""

from __future__ import annotations

import socket
import unicodedata
from urllib.parse import unquote

PUBLIC = "93.184.216.34"

# Whatever resolves these says what is right of them; every other name leads to this machine.
_PUBLIC_NAMES = ("public.example", "xn--bcher-kva.example", "localhost.public.example")

# `{port}` is where something listens on this machine: a connection that is made is counted.
FORBIDDEN = {
    # IPv4, as inet_aton and browsers read it
    "plain": "http://127.0.0.1:{port}/",
    "https": "https://127.0.0.1:{port}/",
    "another of the block": "http://127.255.255.254:{port}/",
    "two parts": "http://127.1:{port}/",
    "three parts": "http://127.0.1:{port}/",
    "one number": "http://2130706433:{port}/",
    "one hex number": "http://0x7f000001:{port}/",
    "hex parts": "http://0x7f.0x0.0x0.0x1:{port}/",
    "one octal number": "http://017700000001:{port}/",
    "octal parts": "http://0177.0.0.01:{port}/",
    "mixed": "http://0x7f.0.1:{port}/",
    "padded": "http://127.000.000.001:{port}/",
    "trailing dot": "http://127.0.0.1.:{port}/",
    "zero": "http://0:{port}/",
    "all zeros": "http://0.0.0.0:{port}/",
    # IPv6, and IPv4 inside it
    "loopback": "http://[::1]:{port}/",
    "loopback, written out": "http://[0:0:0:0:0:0:0:1]:{port}/",
    "unspecified": "http://[::]:{port}/",
    "mapped": "http://[::ffff:127.0.0.1]:{port}/",
    "mapped, hex": "http://[::ffff:7f00:1]:{port}/",
    "mapped, metadata": "http://[::ffff:169.254.169.254]/latest/meta-data",
    "compatible": "http://[::127.0.0.1]:{port}/",
    "translated": "http://[::ffff:0:127.0.0.1]:{port}/",
    "6to4": "http://[2002:7f00:1::]:{port}/",
    "Teredo": "http://[2001:0:4136:e378:8000:63bf:80ff:fffe]:{port}/",
    "NAT64": "http://[64:ff9b::127.0.0.1]:{port}/",
    "NAT64, local": "http://[64:ff9b:1::7f00:1]:{port}/",
    "zone": "http://[fe80::1%25lo]:{port}/",
    "zone of the loopback": "http://[::1%25lo]:{port}/",
    "link-local": "http://[fe80::1]:{port}/",
    "site-local": "http://[fec0::1]:{port}/",
    "unique local": "http://[fd12:3456:789a::1]:{port}/",
    "multicast": "http://[ff02::1]:{port}/",
    "not closed": "http://[::1:{port}/",
    # inner networks and clouds
    "10": "http://10.0.0.1:{port}/",
    "172.16": "http://172.16.0.1:{port}/",
    "192.168": "http://192.168.1.1:{port}/",
    "shared": "http://100.64.0.1:{port}/",
    "metadata": "http://169.254.169.254/latest/meta-data/",
    "metadata, one number": "http://2852039166/latest/meta-data/",
    "metadata, IPv6": "http://[fd00:ec2::254]/latest/meta-data/",
    "metadata, containers": "http://169.254.170.2/v2/credentials",
    "metadata, Alibaba": "http://100.100.100.200/latest/meta-data/",
    "metadata, Azure": "http://168.63.129.16/machine",
    "metadata, Oracle": "http://192.0.0.192/opc/v1/instance/",
    "broadcast": "http://255.255.255.255:{port}/",
    # names
    "localhost": "http://localhost:{port}/",
    "capitals": "http://LocalHost:{port}/",
    "localhost, trailing dot": "http://localhost.:{port}/",
    "below localhost": "http://app.localhost:{port}/",
    "localdomain": "http://localhost.localdomain:{port}/",
    "metadata name": "http://metadata.google.internal:{port}/computeMetadata/v1/",
    "public name, private address": "http://127.0.0.1.nip.example:{port}/",
    "bare name": "http://router:{port}/",
    # other letters
    "fullwidth digits": "http://１２７.０.０.１:{port}/",
    "circled digits": "http://①②⑦.⓪.⓪.①:{port}/",
    "fullwidth dots": "http://127．0．0．1:{port}/",
    "ideographic dots": "http://127。0。0。1:{port}/",
    "halfwidth dots": "http://127｡0｡0｡1:{port}/",
    "fullwidth letters": "http://ｌｏｃａｌｈｏｓｔ:{port}/",
    "soft hyphen": "http://local\xadhost:{port}/",
    "Arabic digits": "http://١٢٧.٠.٠.١:{port}/",
    "IDN to this machine": "http://häuser.example:{port}/",
    # users, backslashes, control characters, percent
    "user": "http://public.example@127.0.0.1:{port}/",
    "user and password": "http://public.example:80@127.0.0.1:{port}/",
    "host as user": "http://127.0.0.1:{port}@public.example/",
    "two users": "http://a@public.example@127.0.0.1:{port}/",
    "empty user": "http://@127.0.0.1:{port}/",
    "backslash before user": "http://127.0.0.1:{port}\\@public.example/",
    "backslash behind host": "http://public.example\\@127.0.0.1:{port}/",
    "backslashes": "http:\\\\127.0.0.1:{port}\\",
    "tab in the host": "http://127.0.\t0.1:{port}/",
    "line feed in the host": "http://127.0.0.1\n:{port}/",
    "header smuggled": "http://127.0.0.1:{port}/ HTTP/1.1\r\nX-Evil: 1\r\n\r\n",
    "null": "http://127.0.0.1\0.public.example:{port}/",
    "blank first": " http://127.0.0.1:{port}/",
    "percent digits": "http://%31%32%37.0.0.1:{port}/",
    "percent dots": "http://127%2e0%2e0%2e1:{port}/",
    "percent name": "http://%6c%6f%63%61%6c%68%6f%73%74:{port}/",
    "percent null": "http://127.0.0.1%00.public.example:{port}/",
    "percent slash": "http://127.0.0.1%2f.public.example:{port}/",
    # schemes, ports, no host
    "capital scheme": "HTTP://127.0.0.1:{port}/",
    "file": "file:///etc/passwd",
    "file on a host": "file://127.0.0.1/etc/passwd",
    "ftp": "ftp://127.0.0.1:{port}/",
    "gopher": "gopher://127.0.0.1:{port}/_GET",
    "web socket": "ws://127.0.0.1:{port}/",
    "script": "javascript:fetch('http://127.0.0.1:{port}/')",
    "no scheme": "//127.0.0.1:{port}/",
    "padded port": "http://127.0.0.1:0{port}/",
    "port too large": "http://127.0.0.1:99999/",
    "negative port": "http://127.0.0.1:-1/",
    "two ports": "http://127.0.0.1:{port}:80/",
    "no host": "http://:{port}/",
    "empty host": "http:///127.0.0.1:{port}/",
    "only a dot": "http://.:{port}/",
    "empty brackets": "http://[]:{port}/",
}

# They look like the ones above, and lead to a public address.
ALLOWED = {
    "name": "http://public.example/a.png",
    "https": "https://public.example/a.png",
    "address": f"http://{PUBLIC}/a.png",
    "port": "http://public.example:8080/a.png",
    "trailing dot": "http://public.example./a.png",
    "IDN": "http://bücher.example/a.png",
    "localhost inside": "http://localhost.public.example/",
    "address in the path": "http://public.example/127.0.0.1:80/a%2fb",
    "address in the query": "http://public.example?@127.0.0.1/",
    "address in the fragment": "http://public.example#@127.0.0.1/",
    "percent in the path": "http://public.example/%31%32%37.png",
}


def resolve(name: str) -> str:
    """The worst that a resolver may say: any spelling is understood, any name is this machine."""
    name = unicodedata.normalize("NFKC", unquote(name)).rstrip(".").lower()
    try:
        return socket.inet_ntoa(socket.inet_aton(name))
    except (OSError, UnicodeError):
        return PUBLIC if name in _PUBLIC_NAMES else "127.0.0.1"
