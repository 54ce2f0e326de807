"""Recorded answers of a vendor, and what the core makes of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from attrs import field, frozen

from ...contract.exchange import HttpResponse, Purpose
from ...contract.image import ImageSource
from ...errors import Charged, ProviderError
from ..pictures import png
from ..server import Answer, Received

PICTURE: Final = png(96, 64, (40, 160, 90))
"""A small PNG (96 x 64 pixels) as bytes: it stands for a picture in recorded answers, where the
vendor's own would be too large to keep. `Answer.picture(PICTURE)` is an answer that is one; every
download in the kit's tests gets it."""

Recorded = Any
"""An answer as an author writes it, see `to_answer`."""


@frozen
class ErrorAnswer:
    """An error as the vendor documents it, and what the user is to be told.

    Attributes:
        answer: as in `answers`: an `Answer`, (status, body), a file's name ...
        error: the class, or its name.
        charged: "yes", "no" or "unknown".
        retryable: True or False; None = as the class says.
        retry_after: seconds, when the answer tells; None = not looked at.
        purpose: what it answers: "submit", "poll" ...
        state: the job's state at that moment; None = as the recorded answers lead to it.
    """

    answer: Recorded
    error: type[ProviderError] | str
    charged: Charged = "no"
    retryable: bool | None = field(default=None, kw_only=True)
    retry_after: float | None = field(default=None, kw_only=True)
    purpose: Purpose = field(default="submit", kw_only=True)
    state: Mapping[str, Any] | None = field(default=None, kw_only=True)

    @property
    def name(self) -> str:
        """The name of the class."""
        return self.error if isinstance(self.error, str) else self.error.__name__


def to_answer(value: Recorded, folder: Path | None = None) -> Answer:
    """An answer in any of the forms in which an author may write it.

    An `Answer`; a dict or list (a JSON body, status 200); bytes (a picture, or a body); a text or
    path (a file in `folder`: `.http` with status line and headers as `curl -i` prints them,
    `.json`, a picture); or (status, any of these[, headers]).

    Raises:
        ValueError: it is none of these, or there is no such file.
    """
    match value:
        case Answer():
            return value
        case (int() as status, body, *rest) if not isinstance(body, int | float):
            answer = to_answer(body, folder)
            headers = {**answer.headers, **(rest[0] if rest else {})}
            return Answer(status=status, headers=headers, body=answer.body)
        case dict() | list():
            return Answer.json(value)
        case bytes():
            return _from_bytes(value)
        case str() | Path():
            return _from_file(value, folder)
        case None:
            return Answer()
    raise ValueError(f"{type(value).__name__} is no recorded answer: see to_answer")


def _from_bytes(body: bytes) -> Answer:
    from ...images.sniff import sniff

    kind = sniff(body[:64])
    if kind is not None:
        return Answer.picture(body, kind)
    if body.lstrip()[:1] in (b"{", b"["):
        return Answer(body=body, headers={"Content-Type": "application/json"})
    return Answer(body=body, headers={"Content-Type": "text/plain"} if body else {})


def _from_file(name: str | Path, folder: Path | None) -> Answer:
    path = (folder or Path()) / name
    if not path.is_file():
        raise ValueError(f"there is no file {name} with a recorded answer in {folder}")
    data = path.read_bytes()
    return _from_http(data) if path.suffix == ".http" else _from_bytes(data)


def _from_http(data: bytes) -> Answer:
    """A whole answer as `curl -i` prints it; lengths and encodings are ours to say."""
    separator = b"\r\n\r\n" if b"\r\n\r\n" in data.partition(b"\n\n")[0] else b"\n\n"
    head, _, body = data.partition(separator)
    first, *lines = head.decode("latin-1").splitlines()
    headers: dict[str, str | Sequence[str]] = {}
    for line in lines:
        name, _, value = line.partition(":")
        if name.lower() not in ("content-length", "transfer-encoding", "content-encoding"):
            headers[name.strip()] = value.strip()
    return Answer(status=int(first.split()[1]), headers=headers, body=body)


def to_response(answer: Answer, purpose: Purpose) -> HttpResponse:
    """What the hooks see of an answer; a picture comes as a picture."""
    headers: Mapping[str, Any] = answer.headers
    kind = str(_header(headers, "content-type") or "application/octet-stream")
    if answer.status < 300 and (kind.startswith("image/") or kind.endswith("octet-stream")):
        from ...images.sniff import sniff

        if sniff(answer.body[:64]) is not None:
            pictures = (ImageSource.of(answer.body),)
            return HttpResponse(
                status=answer.status, headers=headers, pictures=pictures, purpose=purpose
            )
    return HttpResponse(status=answer.status, headers=headers, body=answer.body, purpose=purpose)


def _header(headers: Mapping[str, Any], name: str) -> Any:
    return next((value for key, value in headers.items() if key.lower() == name), None)


Answering = Answer | Callable[[Received], Recorded]


class Script:
    """The recorded answers by purpose; each list is gone through, its last answer repeats."""

    def __init__(self, answers: Mapping[str, Any], folder: Path | None) -> None:
        self._folder = folder
        self._answers = {
            purpose: list(value) if isinstance(value, list) else [value]
            for purpose, value in answers.items()
        }
        self._used = dict.fromkeys(answers, 0)

    def __contains__(self, purpose: str) -> bool:
        return bool(self._answers.get(purpose))

    def again(self) -> Script:
        """The same from its beginning."""
        return Script(self._answers, self._folder)

    def ends(self) -> Script:
        """The last answers only: a vendor whose job is done."""
        last = {purpose: rows[-1:] for purpose, rows in self._answers.items()}
        return Script(last, self._folder)

    def next(self, purpose: str) -> Answering | None:
        """The next answer of a purpose, None when there is none."""
        rows = self._answers.get(purpose)
        if not rows:
            return None
        at = self._used[purpose]
        self._used[purpose] = at + 1
        value = rows[min(at, len(rows) - 1)]
        return value if callable(value) else to_answer(value, self._folder)

    def resolve(self, answering: Answering, received: Received) -> Answer:
        """An answer that depends on the request, asked with it."""
        if isinstance(answering, Answer):
            return answering
        return to_answer(answering(received), self._folder)


def is_json(answer: Answer) -> bool:
    """Whether its body is a JSON object or list."""
    try:
        return isinstance(json.loads(answer.body), dict | list)
    except ValueError:
        return False
