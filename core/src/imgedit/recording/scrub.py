"""Taking out of recorded answers what is nobody's business: keys, people, signatures.

What a thing is can only be told by its name and its look, so this errs on the side of taking out,
and the author still has to read the files.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Any, Final

from ..transport.credentials import mask_every
from .standins import picture_in, standin

SCRUBBED: Final = "scrubbed"
LONGEST: Final = 20_000
"""Characters of a text that is no picture."""

_SECRETS: Final = frozenset(
    {"apikey", "auth", "authorization", "bearer", "cookie", "credential", "credentials", "csrf",
     "jwt", "passwd", "password", "secret", "session", "signature", "token", "xsrf"}
)  # fmt: skip
_SECRET_PAIRS: Final = ("api_key", "access_key", "private_key", "account_key", "access_key_id")
_HOLDERS: Final = frozenset({"authorization", "credential", "credentials", "secret", "secrets"})
_PEOPLE: Final = frozenset(
    {"account", "client", "customer", "email", "firstname", "ip", "lastname", "member", "nickname",
     "org", "organisation", "organization", "owner", "phone", "team", "tenant", "user",
     "username", "workspace"}
)  # fmt: skip
_PEOPLE_PAIRS: Final = ("first_name", "last_name", "full_name", "display_name", "ip_address")
_WHO: Final = frozenset(
    {"address", "avatar", "guid", "handle", "id", "login", "name", "sub", "uid", "uuid"}
)

_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_URL: Final = re.compile(r"([a-z][a-z0-9+.-]*://)([^\s\"'<>\\]+)", re.IGNORECASE)
_RELATIVE: Final = re.compile(r"([?&][\w.~%\[\]-]+=)[^&#\s\"'<>]*")
_TOKENS: Final = (
    (re.compile(r"\beyJ[\w-]{10,}\.[\w-]+(?:\.[\w-]*)?"), SCRUBBED),
    (re.compile(r"\b(bearer|basic)\s+[\w.~+/=-]{8,}", re.IGNORECASE), rf"\1 {SCRUBBED}"),
    (re.compile(r"\b(?:sk|pk|rk|ghp|xox[abp]|key|tok)[-_][\w-]{16,}"), SCRUBBED),
    (re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)+"), "someone@example.com"),
)
_IPV4: Final = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.]*\d)")
_IPV6: Final = re.compile(
    r"(?<![\w:.])(?=:*[0-9A-Fa-f])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![\w:.])"
)


class Spelt(str):
    """A number with a fraction, as its answer spells it: it stays as it is."""

    __slots__ = ()


class Scrubber:
    """Scrubs the answers of one edit; the same value gets the same stand-in in all of them.

    `learn` is to be called with every answer before the first one is scrubbed: what is found to be
    secret in one place is then taken out of every other, also of the path of a URL.
    """

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._sizes: dict[int, int] = {}
        self._pattern: re.Pattern[str] | None = None

    def learn(self, value: Any) -> None:
        """Look through a value of JSON for what has to be taken out of all texts."""
        self._walk(value, learning=True)

    def learn_picture(self, sha256: str | None, size: int | None, media_type: str) -> None:
        """A picture that gets a stand-in: what answers say of its bytes follows."""
        small = standin(media_type)
        if sha256:
            self._remember(sha256, hashlib.sha256(small).hexdigest())
        if size:
            self._sizes[size] = len(small)

    def value(self, value: Any) -> Any:
        """A value of JSON without them."""
        return self._walk(value, learning=False)

    def text(self, text: str) -> str:
        """A text without them."""
        found = picture_in(text)
        if found is not None:
            return found[1]
        if len(text) > LONGEST:
            text = f"{text[:200]}... ({len(text)} characters)"
        text = _URL.sub(lambda url: url[1] + _without_query(url[2]), text)
        text = _RELATIVE.sub(rf"\1{SCRUBBED}", text)
        for pattern, instead in _TOKENS:
            text = pattern.sub(instead, text)
        text = _IPV4.sub(_address(IPv4Address, "192.0.2.1"), text)
        text = _IPV6.sub(_address(IPv6Address, "2001:db8::1"), text)
        return mask_every(self._without_known(text))

    def _walk(self, value: Any, *, learning: bool, name: str = "", person: bool = False) -> Any:
        """`name` is the key under which the value stands, `person` whether around it is one."""
        if isinstance(value, Spelt):
            return value
        kind = _kind(name, person=person)
        if isinstance(value, dict):
            within = {"learning": learning, "person": kind == "person" or (person and not kind)}
            holder = name if kind == "secret" and _is_holder(name) else ""
            return {
                key if learning else self.text(key): self._walk(one, name=holder or key, **within)
                for key, one in value.items()
            }
        if isinstance(value, list):
            return [self._walk(one, learning=learning, name=name, person=person) for one in value]
        if kind and isinstance(value, str) and value:
            return self._standin(value)
        if kind == "person" and type(value) is int:
            self._remember(str(value), "0")
            return 0
        if isinstance(value, str):
            if learning and (found := picture_in(value)) is not None:
                self._learn_base64(found[0])
            return value if learning else self.text(value)
        if type(value) is int and value > 1000:
            return self._sizes.get(value, value)
        return value

    def _learn_base64(self, picture: bytes) -> None:
        from ..images.sniff import sniff

        kind = sniff(picture[:64]) or ""
        self.learn_picture(hashlib.sha256(picture).hexdigest(), len(picture), kind)

    def _standin(self, value: str) -> str:
        if "@" in value:
            self._remember(value, "someone@example.com")
            return "someone@example.com"
        if value not in self._known:
            numbers = {instead for instead in self._known.values() if instead.startswith(SCRUBBED)}
            self._known[value] = f"{SCRUBBED}-{len(numbers) + 1}"
            self._pattern = None
        return self._known[value]

    def _remember(self, value: str, instead: str) -> None:
        self._known.setdefault(value, instead)
        self._pattern = None

    def _without_known(self, text: str) -> str:
        if self._pattern is None:
            # A short word may well be another one elsewhere; an id is told by its digits.
            told = [one for one in self._known if len(one) >= 6 and re.search(r"[\d@]", one)]
            told.sort(key=len, reverse=True)
            choices = "|".join(map(re.escape, told)) or "(?!)"
            self._pattern = re.compile(rf"(?<![A-Za-z0-9])(?:{choices})(?![A-Za-z0-9])")
        return self._pattern.sub(lambda found: self._known[found[0]], text)


def smells(header: str) -> bool:
    """Whether what stands in a header of this name is better not shown."""
    return _kind(header.removeprefix("x-"), person=False) != ""


def _words(name: str) -> list[str]:
    """ "userId", "user-id" and "USER_ID" are all user and id."""
    return [word.lower() for word in _WORD.findall(name)]


def _is_holder(name: str) -> bool:
    """Whether everything below this name is secret."""
    return not _HOLDERS.isdisjoint(_words(name))


def _kind(name: str, *, person: bool) -> str:
    """What a name says of its value: "secret", "person" or nothing."""
    words = _words(name)
    joined = f"_{'_'.join(words)}_"
    if not _SECRETS.isdisjoint(words) or any(f"_{pair}_" in joined for pair in _SECRET_PAIRS):
        return "secret"
    if any(f"_{pair}_" in joined for pair in _PEOPLE_PAIRS):
        return "person"
    if person and not _WHO.isdisjoint(words):
        return "person"
    if words and words[0] in _PEOPLE and (len(words) == 1 or words[-1] in _WHO):
        return "person"
    return "person" if words and words[-1] in ("email", "ip", "username", "phone") else ""


def _without_query(url: str) -> str:
    """What follows "https://", without a user, the values of a query, and a fragment."""
    url = url.partition("#")[0]
    place, question, query = url.partition("?")
    host, slash, path = place.partition("/")
    host = host.rpartition("@")[2]
    parts = [f"{name}={SCRUBBED}" if equals else SCRUBBED
             for name, equals, _ in (part.partition("=") for part in query.split("&"))]  # fmt: skip
    return f"{host}{slash}{path}" + (f"?{'&'.join(parts)}" if question and query else "")


def _address(kind: Callable[[str], Any], instead: str) -> Callable[[re.Match[str]], str]:
    def replace(found: re.Match[str]) -> str:
        try:
            kind(found[0])
        except AddressValueError:
            return found[0]
        return instead

    return replace
