"""Taking a secret out of a text, however the text spells it."""

from __future__ import annotations

import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable

MASK = "***"
_SHORTEST = 4  # a shorter secret would blank out parts of ordinary words
_PLAIN = re.compile(r"[A-Za-z0-9_.-]+")
_NAMES = {'"': "quot", "&": "amp", "'": "apos", "+": "plus", "/": "sol", "<": "lt", ">": "gt",
          "=": "equals"}  # fmt: skip


class Masker:
    """Finds some secrets as they are, in base64, and as JSON, HTML, a URL or a program quotes them.

    An answer that repeats a key may spell it in any of these ways, one inside the other.

    Args:
        values: the secrets; those below 4 characters are left alone.
        mask: what stands in their place.
    """

    __slots__ = ("_anchors", "_mask", "_patterns")

    def __init__(self, values: Iterable[str], mask: str = MASK) -> None:
        self._mask = mask.encode()
        forms: set[str] = set()
        for value in values:
            if len(value) >= _SHORTEST:
                raw = value.encode("utf-8", "surrogatepass")
                forms |= {value, *(code(raw).decode().rstrip("=") for code in _CODES)}
        ordered = sorted(forms, key=lambda form: (-len(form), form))
        self._anchors = [(_anchor(form).encode(), form) for form in ordered]
        self._patterns: dict[str, re.Pattern[bytes]] = {}

    def text(self, text: str) -> str:
        """The text without them."""
        raw = text.encode("utf-8", "surrogatepass")
        found = self.data(raw)
        return text if found is raw else found.decode("utf-8", "surrogatepass")

    def data(self, data: bytes) -> bytes:
        """Text as UTF-8 without them; the same object when there are none."""
        for anchor, form in self._anchors:
            if anchor in data:  # quick: most answers hold none, and some are large
                data = self._pattern(form).sub(self._mask, data)
        return data

    def _pattern(self, form: str) -> re.Pattern[bytes]:
        if form not in self._patterns:
            padding = _spellings("=") + b"*"
            self._patterns[form] = re.compile(b"".join(map(_spellings, form)) + padding)
        return self._patterns[form]


_CODES = (b64encode, urlsafe_b64encode)


def _anchor(form: str) -> str:
    """The longest piece that every spelling leaves as it is; "" = there is none."""
    return max(_PLAIN.findall(form), key=len, default="")


def _spellings(character: str) -> bytes:
    """A pattern for one character."""
    if _PLAIN.fullmatch(character):
        return re.escape(character.encode())
    number = ord(character)
    raw = character.encode("utf-8", "surrogatepass")
    ways = [
        rb"\\*" + re.escape(raw),
        b"".join(b"%%(?:25)*%s" % _hex(byte, 2) for byte in raw),
        b"&(?:amp;)*#0*%d;" % number,
        b"&(?:amp;)*#[xX]0*%s;" % _hex(number, 0),
    ]
    if character in _NAMES:
        ways.append(b"&(?:amp;)*%s;" % _NAMES[character].encode())
    if character == " ":
        ways.append(rb"\+")
    if number < 0x100:
        ways.append(rb"\\+x" + _hex(number, 2))
    if number < 0x10000:
        ways.append(rb"\\+u" + _hex(number, 4))
    return b"(?:%s)" % b"|".join(ways)


def _hex(number: int, digits: int) -> bytes:
    """A number in hexadecimal digits, large or small."""
    return "".join(
        f"[{digit}{digit.upper()}]" if digit.isalpha() else digit
        for digit in f"{number:0{digits}x}"
    ).encode()
