"""What a provider asks the core to send, and what came back."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from attrs import field, frozen

from .convert import as_tuple
from .image import ImageSource

Purpose = Literal["prepare", "upload", "submit", "poll", "settle", "models", "balance"]
PURPOSES: tuple[Purpose, ...] = (
    "prepare",
    "upload",
    "submit",
    "poll",
    "settle",
    "models",
    "balance",
)
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")

_HOST_PATH = re.compile(r"(?P<host>[a-z][a-z0-9_]*):(?P<path>/.*)", re.DOTALL)
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


@frozen
class Base64:
    """Stands for a picture's bytes as base64 text inside a `Json` value."""

    image: ImageSource


@frozen
class DataURI:
    """Stands for a picture as a `data:` URI inside a `Json` value."""

    image: ImageSource


@frozen
class FilePart:
    """A picture as a file part of a `Multipart` body."""

    image: ImageSource
    filename: str | None = None


@frozen
class Json:
    """A JSON body; `Base64` and `DataURI` may stand anywhere as a value in it."""

    value: Any


@frozen
class Multipart:
    """A multipart/form-data body: (name, value) pairs in order; bools become true and false."""

    parts: Sequence[tuple[str, str | int | bool | FilePart]] = field(converter=as_tuple)


@frozen
class Raw:
    """The picture's bytes as the whole body (a presigned PUT)."""

    image: ImageSource


Body = Json | Multipart | Raw


def _one_of(values: Sequence[str]) -> Any:
    def check(_self: Any, attribute: Any, value: Any) -> None:
        if value not in values:
            raise ValueError(f"{attribute.name} is one of {', '.join(values)}, not {value!r}")

    return check


def _check_url(_self: Any, _attribute: Any, url: Any) -> None:
    if not isinstance(url, str):
        raise ValueError(f"url is a string, not {type(url).__name__}")
    if url.startswith(("https://", "http://")):
        return
    path = url
    if match := _HOST_PATH.fullmatch(url):
        path = match["path"]
    if not path.startswith("/"):
        raise ValueError("url is '/path' below the base URL, 'host:/path', or 'https://...'")
    lowered = path.lower()
    for bad in ("..", "//", "?", "#", " ", "%2e%2e", "\\"):
        if bad in lowered:
            raise ValueError(f"{bad!r} in the path of a url: use query= and plain segments")
    if any(ord(character) <= 0x20 or ord(character) >= 0x7F for character in path):
        raise ValueError("the path of a url holds a control or a non-ASCII character: quote it")


def _check_headers(_self: Any, _attribute: Any, headers: Mapping[str, str]) -> None:
    for name, value in headers.items():
        if not isinstance(name, str) or not _TOKEN.fullmatch(name):
            raise ValueError("a header's name is not a token")
        if not isinstance(value, str) or any(c in value for c in "\r\n\0"):
            raise ValueError(f"the value of header {name} is not a single line of text")


@frozen(kw_only=True)
class HttpRequest:
    """One exchange with the vendor, as a value; the core alone sends it.

    Attributes:
        method: "GET", "POST", ...
        url: "/path" (base URL + path, with credentials), "host:/path" (one of the manifest's
            `hosts`, with credentials), or "https://..." (byte for byte, never with credentials).
        purpose: why it is sent; "submit" spends money.
        query, headers, body: as they go out; credentials are added by the core.

    Raises:
        ValueError: a field is outside these.
    """

    method: str = field(validator=_one_of(METHODS))
    url: str = field(validator=_check_url)
    purpose: Purpose = field(validator=_one_of(PURPOSES))
    query: Mapping[str, str | int | bool] = field(factory=dict)
    headers: Mapping[str, str] = field(factory=dict, validator=_check_headers)
    body: Body | None = None

    @property
    def spends(self) -> bool:
        """Whether money may be spent by sending it."""
        return self.purpose == "submit"

    @property
    def host(self) -> str | None:
        """The name of a further host of the manifest, or None."""
        if self.url.startswith(("https://", "http://")):
            return None
        match = _HOST_PATH.fullmatch(self.url)
        return match["host"] if match else None


def _check_function(_self: Any, _attribute: Any, value: Any) -> None:
    if not isinstance(value, str) or not re.fullmatch(r"[\w.]+:\w+", value):
        raise ValueError("function is 'module:name'")


@frozen(kw_only=True)
class LocalRequest:
    """Work for this machine: a function that the core calls in a child process.

    `function(**arguments, to=folder)` writes 1.png, 2.png ... into the new empty folder and
    returns JSON. An `ImageSource` may stand anywhere in `arguments`; the function gets a path.
    """

    function: str = field(validator=_check_function)
    arguments: Mapping[str, Any] = field(factory=dict)

    @property
    def purpose(self) -> Purpose:
        """Always "submit"."""
        return "submit"

    @property
    def spends(self) -> bool:
        """Always False: it may be repeated after a crash."""
        return False


def _lower(headers: Mapping[str, str | Sequence[str]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name, value in headers.items():
        values = (value,) if isinstance(value, str) else tuple(value)
        found[name.lower()] = found.get(name.lower(), ()) + values
    return found


def _pictures(pictures: Iterable[ImageSource]) -> tuple[ImageSource, ...]:
    return tuple(pictures)


_UNREAD = object()


@frozen(kw_only=True)
class HttpResponse:
    """What came back.

    Attributes:
        status: the HTTP status (200 for a `LocalRequest`).
        headers: lower-case name → all values.
        body: the bytes, empty when the answer was a picture.
        pictures: pictures that came in the answer, as files.
        purpose: of the request it answers.
    """

    status: int
    headers: Mapping[str, tuple[str, ...]] = field(factory=dict, converter=_lower)
    body: bytes = field(default=b"", repr=lambda body: f"<{len(body)} bytes>")
    pictures: tuple[ImageSource, ...] = field(default=(), converter=_pictures)
    purpose: Purpose = field(default="submit", validator=_one_of(PURPOSES))
    _parsed: Any = field(default=_UNREAD, init=False, eq=False, repr=False)

    @property
    def picture(self) -> ImageSource | None:
        """The first of `pictures`, or None."""
        return self.pictures[0] if self.pictures else None

    def header(self, name: str) -> str | None:
        """The first value of a header, or None."""
        values = self.headers.get(name.lower(), ())
        return values[0] if values else None

    def json(self) -> Any:
        """The body as JSON; numbers with a fraction are Decimals; parsed once.

        Raises:
            ValueError: it is not JSON.
        """
        if self._parsed is _UNREAD:
            object.__setattr__(self, "_parsed", _parse(self.body))
        if isinstance(self._parsed, _NotJson):
            raise ValueError(self._parsed.why)
        return self._parsed

    def at(self, pointer: str) -> Any:
        """The value at a JSON pointer, None when it is absent or the body is not JSON."""
        try:
            value = self.json()
        except ValueError:
            return None
        return resolve(value, pointer)


@frozen
class _NotJson:
    """Why a body cannot be read; an error table looks into it many times."""

    why: str


def _parse(body: bytes) -> Any:
    try:
        # JSON is UTF-8; in another encoding a key that the vendor repeats went unnoticed.
        text = body.decode("utf-8-sig")
        return json.loads(
            text, parse_float=Decimal, parse_int=_integer, parse_constant=_no_constant
        )
    except RecursionError:
        return _NotJson("the JSON is nested too deeply")
    except (ValueError, InvalidOperation) as error:
        return _NotJson(f"this is not JSON: {error}")


def _integer(text: str) -> int | Decimal:
    try:
        return int(text)
    except ValueError:  # Python takes no more than a few thousand digits
        return Decimal(text)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def resolve(value: Any, pointer: str) -> Any:
    """The value at a JSON pointer (RFC 6901) inside `value`, None when absent."""
    if not pointer:
        return value
    for token in pointer.removeprefix("/").split("/"):
        name = token.replace("~1", "/").replace("~0", "~")
        if isinstance(value, Mapping) and name in value:
            value = value[name]
        elif isinstance(value, list | tuple) and name.isdecimal() and int(name) < len(value):
            value = value[int(name)]
        else:
            return None
    return value
