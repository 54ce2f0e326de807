"""A picture as input: where it comes from, and what it says of itself."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from attrs import field, frozen

from ..errors import PluginError, ValidationError
from .model import Problem

_in_hook: ContextVar[bool] = ContextVar("imgedit_in_hook", default=False)


@contextmanager
def hooks_running() -> Iterator[None]:
    """While this holds, reading a picture is refused: plugins do no I/O."""
    token = _in_hook.set(True)
    try:
        yield
    finally:
        _in_hook.reset(token)


@frozen(kw_only=True)
class ImageSource:
    """A picture: a file, bytes, or an http(s) URL; make one with `ImageSource.of`.

    Attributes:
        media_type: told by the content, never by the name; None for a URL.
        width, height: in pixels as stored, None when unknown.
        size: bytes; sha256: hex digest. Both describe the bytes as they are sent.
        url: the URL of a picture that was given as one, else None.
        notes: what the user should know of it ("EXIF was removed").
    """

    media_type: str | None = None
    width: int | None = None
    height: int | None = None
    size: int | None = None
    sha256: str | None = None
    url: str | None = None
    animated: bool = False
    notes: tuple[str, ...] = field(default=(), eq=False)
    _path: str | None = field(default=None, eq=False, repr=False)
    _data: bytes | None = field(default=None, eq=False, repr=False)
    _stamp: tuple[int, int] | None = field(default=None, eq=False, repr=False)

    @classmethod
    def of(
        cls,
        value: str | os.PathLike[str] | bytes | BinaryIO | ImageSource,
        *,
        at: str = "/image",
    ) -> ImageSource:
        """Take a path, bytes, an open file, an http(s) URL, a data URI or an ImageSource.

        Reads the file once (type, width, height, size, SHA-256), without decoding the picture.

        Raises:
            ValidationError: there is no such file, it is not a picture, or it is cut off;
                `at` is the pointer that its problem names.
        """
        if isinstance(value, ImageSource):
            return value
        if isinstance(value, str) and value.lower().startswith(("http://", "https://")):
            return cls(url=value)
        if isinstance(value, str) and value.lower().startswith("data:"):
            return cls._from_bytes(_data_uri(value, at), at)
        if isinstance(value, bytes | bytearray | memoryview):
            return cls._from_bytes(bytes(value), at)
        if isinstance(value, str | os.PathLike):
            return cls._from_path(os.fspath(value), at)
        if hasattr(value, "read"):
            content = value.read()
            if not isinstance(content, bytes):
                _refuse(at, "the file is open as text: open it with mode 'rb'", "type")
            return cls._from_bytes(content, at)
        raise TypeError(
            "a picture is a path, bytes, an open file, an http(s) URL or a data URI, "
            f"not {type(value).__name__}"
        )

    @classmethod
    def stored(cls, path: str | os.PathLike[str]) -> ImageSource:
        """A file that the core itself wrote and is known to hold a picture.

        Raises:
            ValidationError: it does not.
        """
        return cls._from_path(os.fspath(path), "")

    @classmethod
    def _from_path(cls, path: str, at: str) -> ImageSource:
        try:
            with open(path, "rb") as file:
                found = _facts(file, at, os.path.basename(path))
                found["stamp"] = _stamp(os.fstat(file.fileno()))
        except FileNotFoundError:
            _refuse(at, f"there is no file {path!r}", "not_found")
        except IsADirectoryError:
            _refuse(at, f"{path!r} is a folder, not a picture", "not_a_picture")
        except (OSError, ValueError) as error:
            if os.path.isdir(path):  # Windows says PermissionError
                _refuse(at, f"{path!r} is a folder, not a picture", "not_a_picture")
            reason = getattr(error, "strerror", None) or "its name cannot be used"
            _refuse(at, f"{path!r} cannot be read: {reason}", "not_found")
        return cls(**found, path=str(Path(path).absolute()))

    @classmethod
    def _from_bytes(cls, data: bytes, at: str) -> ImageSource:
        return cls(**_facts(io.BytesIO(data), at, "the picture"), data=data)

    @property
    def extension(self) -> str:
        """The usual file extension for its type, without a dot; "bin" when unknown."""
        from ..images.sniff import extension_for

        return extension_for(self.media_type or "")

    @property
    def path(self) -> str | None:
        """The file it is read from, or None (bytes in memory, or a URL)."""
        _guard()
        return self._path

    def open(self) -> BinaryIO:
        """The picture's bytes as a new open file.

        Raises:
            OSError: the file is gone.
            ValueError: it is a URL that has not been fetched, or its bytes were not stored.
            PluginError: called inside a hook.
        """
        _guard()
        if self._data is not None:
            return io.BytesIO(self._data)
        if self._path is not None:
            return open(self._path, "rb")
        raise ValueError("a picture given as a URL, or read from a stored job, has no bytes here")

    def at_hand(self) -> bool:
        """Whether there is a place to read it from; a job as JSON holds no bytes."""
        _guard()
        return self._data is not None or self._path is not None

    def untouched(self) -> bool:
        """Whether nothing was written to its file since the facts were read; a quick look."""
        _guard()
        if self._path is None:
            return True
        try:
            return _stamp(os.stat(self._path)) == self._stamp
        except OSError:
            return False

    def unchanged(self) -> bool:
        """Whether its file still holds the bytes that the facts tell of; it may be read whole."""
        if self.untouched() or self._path is None:
            return True
        try:
            with open(self._path, "rb") as file:
                import hashlib

                return hashlib.file_digest(file, "sha256").hexdigest() == self.sha256
        except OSError:
            return False

    def read(self) -> bytes:
        """All bytes of the picture; raises as `open` does."""
        with self.open() as file:
            return file.read()


def _stamp(status: os.stat_result) -> tuple[int, int]:
    return status.st_mtime_ns, status.st_size


def _guard() -> None:
    if _in_hook.get():
        raise PluginError("a hook read a picture: hooks do no I/O, put the ImageSource in a body")


def _refuse(at: str, message: str, code: str) -> NoReturn:
    raise ValidationError(problems=[Problem(path=at, message=message, code=code)]) from None


def _facts(file: BinaryIO, at: str, name: str) -> dict[str, Any]:
    from ..images.facts import NotAPicture, read_facts

    try:
        facts = read_facts(file)
    except NotAPicture as error:
        _refuse(at, f"{name} is not a picture: it is {error.what}", "not_a_picture")
    if facts.truncated:
        _refuse(at, f"{name} is cut off: the end of the picture is missing", "truncated")
    return {
        "media_type": facts.media_type,
        "width": facts.width,
        "height": facts.height,
        "size": facts.size,
        "sha256": facts.sha256,
        "animated": facts.animated,
    }


def _data_uri(text: str, at: str) -> bytes:
    head, comma, payload = text.partition(",")
    if not comma:
        _refuse(at, "the data URI has no comma", "format")
    if head.lower().endswith(";base64"):
        from base64 import b64decode

        try:
            return b64decode("".join(payload.split()), validate=True)
        except ValueError:
            _refuse(at, "the data URI is not valid base64", "format")
    from urllib.parse import unquote_to_bytes

    return unquote_to_bytes(payload)
