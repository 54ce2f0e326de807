"""What an author says of the vendor, checked before anything is made of it."""

from __future__ import annotations

import re
from typing import Any, Final

from attrs import Attribute, field, frozen

from ..errors import UsageError

AUTHS: Final = ("bearer", "header", "basic", "none")
PICTURES: Final = ("url", "data-uri", "base64", "multipart", "upload")
ANSWERS: Final = ("picture", "urls", "base64", "job")

_CHOICES: Final = {"auth": AUTHS, "picture": PICTURES, "answer": ANSWERS}
_NAME = re.compile(r"[a-z][a-z0-9]*")
_BASE_URL = re.compile(r"https://[^/?#\s@]+(/[^?#\s]*[^/?#\s])?")
_UNIT = re.compile(r"[A-Z]{3}|[a-z][a-z0-9]*:[a-z]+")
_LONGEST_NAME = 30
_LONGEST_TITLE = 50
_UNQUOTABLE = '"\\'


def check(what: str, value: str) -> str:
    """A field of `Description` as it is kept.

    Raises:
        UsageError: it cannot have this value.
    """
    fits: object
    match what:
        case "name":
            fits = _NAME.fullmatch(value) and len(value) <= _LONGEST_NAME
            hint = f"Small letters and digits, a letter first, at most {_LONGEST_NAME}: acme."
        case "title":
            fits = value and len(value) <= _LONGEST_TITLE and _plain(value)
            hint = f"1 to {_LONGEST_TITLE} characters, without double quotes and backslashes."
        case "base_url":
            value = value.rstrip("/")
            fits = _BASE_URL.fullmatch(value) and _plain(value)
            hint = "An https:// address with the version in its path: https://api.acme.example/v1"
        case "unit":
            fits = _UNIT.fullmatch(value)
            hint = 'A currency such as "USD", or credits such as "acme:credits".'
        case _:
            fits = value in _CHOICES[what]
            hint = f"One of {', '.join(_CHOICES[what])}."
    if not fits:
        called = {"base_url": "base URL"}.get(what, what)
        raise UsageError(f"{value!r} cannot be the {called}", hint=hint)
    return value


def _plain(text: str) -> bool:
    """Whether it stands in every file of the project as it is, unescaped."""
    return text.isprintable() and text == text.strip() and not set(text) & set(_UNQUOTABLE)


def _check(_: Any, attribute: Attribute[str], value: str) -> None:
    if check(attribute.name, value) != value:
        raise UsageError(f"{value!r} ends with a slash")


@frozen(kw_only=True)
class Description:
    """What an author says of the vendor.

    Attributes:
        name: of the provider: a-z, then a-z and 0-9.
        title: the vendor's name as people write it.
        base_url: what paths are appended to, https, without a slash at the end.
        auth: how the key is sent, one of `AUTHS`.
        picture: how a picture is supplied, one of `PICTURES`.
        answer: what the answer to an edit is, one of `ANSWERS`.
        unit: of its prices: "USD", or "acme:credits".

    Raises:
        UsageError: one of them cannot be.
    """

    name: str = field(validator=_check)
    title: str = field(validator=_check)
    base_url: str = field(validator=_check)
    auth: str = field(validator=_check)
    picture: str = field(validator=_check)
    answer: str = field(validator=_check)
    unit: str = field(validator=_check)

    @property
    def distribution(self) -> str:
        """The name of the distribution, and of the folder."""
        return f"imgedit-{self.name}"

    @property
    def package(self) -> str:
        """The name of the package."""
        return f"imgedit_{self.name}"


def defaults(name: str) -> dict[str, str]:
    """What is taken for each field when the author does not say; the address leads nowhere."""
    return {
        "title": name.capitalize(),
        "base_url": f"https://api.{name}.example/v1",
        "auth": "bearer",
        "picture": "data-uri",
        "answer": "urls",
        "unit": "USD",
    }
