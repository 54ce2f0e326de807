"""Recorded answers as files that `imgedit.testing.ProviderTests` reads."""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from attrs import field, frozen

from ..contract.exchange import HttpResponse
from ..errors import OutputError
from ..images.sniff import extension_for
from .scrub import Scrubber, Spelt, smells
from .standins import standin

_OF_ERRORS: Final = frozenset({"date", "retry-after"})
_NOISE: Final = frozenset(
    {"x-cache", "x-content-type-options", "x-download-options", "x-frame-options", "x-powered-by",
     "x-robots-tag", "x-runtime", "x-served-by", "x-timer", "x-xss-protection"}
)  # fmt: skip


@frozen(kw_only=True)
class Recorded:
    """One answer as it is written.

    Attributes:
        purpose, status: of the answer.
        suffix: ".json" (status 200, no header that matters), a picture's, else ".http".
        content: the file.
    """

    purpose: str
    status: int
    suffix: str
    content: bytes = field(repr=False)

    @property
    def failed(self) -> bool:
        """Whether its status is that of an error."""
        return self.status >= 400


def scrubbed(answers: Sequence[HttpResponse], manifest: Mapping[str, Any]) -> list[Recorded]:
    """The answers of one edit as they may be shown; the manifest says which headers matter."""
    scrubber = Scrubber()
    named = frozenset(_named_headers(manifest))
    texts = [_Text.of(answer) for answer in answers]
    for answer, text in zip(answers, texts, strict=True):
        if answer.picture is not None:
            picture = answer.picture
            scrubber.learn_picture(picture.sha256, picture.size, picture.media_type or "")
        scrubber.learn(text.value)
    found: list[Recorded] = []
    for answer, text in zip(answers, texts, strict=True):
        made = _recorded(answer, text, scrubber, named)
        again = [one for one in found if (one.purpose, one.content) == (made.purpose, made.content)]
        if not (made.failed and again):  # of errors that were repeated one says enough
            found.append(made)
    return found


def check_folder(folder: Path) -> None:
    """Make sure, before anything is paid, that answers can be written; nothing is made.

    Raises:
        OutputError: they cannot.
    """
    found = folder.absolute()
    while not found.exists() and found != found.parent:
        found = found.parent
    if not (found.is_dir() and os.access(found, os.W_OK)):
        raise OutputError(f"{folder} cannot be written", hint="Choose another with --data.")


def write(recorded: Sequence[Recorded], folder: Path) -> list[tuple[Recorded, Path]]:
    """Write the answers under names that are free; nothing is ever overwritten.

    "real-submit.json", "real-poll-1.json", "real-submit-503.http"; a second recording begins
    with "real2".

    Raises:
        OutputError: they cannot be written.
    """
    written = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for one, name in zip(recorded, _names(recorded, _take(folder)), strict=True):
            path = folder / name
            with path.open("xb") as file:
                file.write(one.content)
            written.append((one, path))
    except OSError as error:
        raise OutputError(
            f"the answers cannot be written to {folder}: {error.strerror or type(error).__name__}"
        ) from None
    return written


def answers_of(written: Iterable[tuple[Recorded, Path]]) -> dict[str, str | list[str]]:
    """The attribute `answers` of a test class: purpose → a file's name, or several in order."""
    found: dict[str, str | list[str]] = {}
    for one, path in written:
        if one.failed:
            continue
        before = found.get(one.purpose)
        if before is None:
            found[one.purpose] = path.name
        else:
            found[one.purpose] = [*([before] if isinstance(before, str) else before), path.name]
    return found


def _take(folder: Path) -> str:
    """How the names of this recording begin, as no file's name here does."""
    number = 1
    while True:
        begins = "real-" if number == 1 else f"real{number}-"
        if not any(path.name.startswith(begins) for path in folder.iterdir()):
            return begins
        number += 1


def _names(recorded: Sequence[Recorded], begins: str) -> Iterator[str]:
    groups = [(one.purpose, one.status if one.failed else None) for one in recorded]
    for index, (one, group) in enumerate(zip(recorded, groups, strict=True)):
        name = begins + "-".join(str(part) for part in group if part is not None)
        if groups.count(group) > 1:
            name += f"-{groups[: index + 1].count(group)}"
        yield name + one.suffix


@frozen
class _Text:
    """A body that is text: as JSON, with its fractions as they are spelt, or as it is."""

    value: Any
    is_json: bool
    mark: str

    @classmethod
    def of(cls, answer: HttpResponse) -> _Text:
        mark = f"fraction {secrets.token_hex(8)} "
        text = answer.body.decode("utf-8-sig", "replace")
        try:
            value = json.loads(text, parse_float=lambda number: Spelt(mark + number))
        except (ValueError, RecursionError):
            return cls(text, False, mark)
        return cls(value, True, mark)

    def scrubbed(self, scrubber: Scrubber) -> bytes:
        value = scrubber.value(self.value)
        if not self.is_json:
            return str(value).encode("utf-8", "replace")
        text = json.dumps(value, indent=2, ensure_ascii=False)
        text = re.sub(f'"{self.mark}([^"]*)"', r"\1", text)
        return (text.encode("utf-8", "replace") + b"\n") if text else b""


def _recorded(
    answer: HttpResponse, text: _Text, scrubber: Scrubber, named: frozenset[str]
) -> Recorded:
    headers = {
        name: [scrubber.text(value) for value in values]
        for name, values in answer.headers.items()
        if _matters(name, answer.status, named)
    }
    kind = (answer.header("content-type") or "").partition(";")[0].strip().lower()
    if answer.picture is not None:
        media_type = answer.picture.media_type or "image/png"
        body = standin(media_type)
        suffix = f".{extension_for(media_type)}"
    else:
        body = text.scrubbed(scrubber) if answer.body else b""
        plain = text.is_json and isinstance(text.value, dict | list) and kind.endswith("json")
        suffix = ".json" if plain else ".http"
    if answer.status != 200 or set(headers) - {"content-type"} or suffix == ".http":
        return Recorded(
            purpose=answer.purpose,
            status=answer.status,
            suffix=".http",
            content=_head(answer.status, headers) + body,
        )
    return Recorded(purpose=answer.purpose, status=200, suffix=suffix, content=body)


def _head(status: int, headers: Mapping[str, Sequence[str]]) -> bytes:
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = "Status"
    lines = [f"HTTP/1.1 {status} {phrase}"]
    lines += [f"{name}: {value}" for name, values in headers.items() for value in values]
    return "\n".join([*lines, "", ""]).encode("latin-1", "replace")


def _matters(name: str, status: int, named: frozenset[str]) -> bool:
    """Whether a header is recorded: what a plugin may read, and nothing of who asked."""
    if name in named or name == "content-type":
        return True
    if smells(name) or name in _NOISE:
        return False
    if "ratelimit" in name.replace("-", ""):
        return status >= 400
    return (
        name.startswith("x-")
        or name.endswith("request-id")
        or (status >= 400 and name in _OF_ERRORS)
    )


def _named_headers(value: Any) -> Iterator[str]:
    """The headers that a manifest reads."""
    if isinstance(value, Mapping):
        for one in value.values():
            yield from _named_headers(one)
    elif isinstance(value, list):
        for one in value:
            yield from _named_headers(one)
    elif isinstance(value, str) and value.startswith("header:"):
        yield value.removeprefix("header:").partition("|")[0].strip().lower()
