"""Answers made up so that one row of a manifest's error table takes them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from attrs import evolve

from ...contract.exchange import HttpResponse
from ...errors import provider_errors
from ...manifest import Manifest, is_error
from ...manifest.errors import matching_row
from .hostile import put

_STATUSES: Final = (400, 401, 402, 403, 404, 409, 422, 429, 451, 500, 503, 200)


class NoExample(Exception):
    """No answer could be made up."""


def example(manifest: Manifest, row: Mapping[str, Any]) -> HttpResponse | None:
    """An answer that this row takes and no row before it; None = there is none.

    Raises:
        NoExample: the row asks for what cannot be made up here (a message's pattern).
    """
    for status in row.get("status", _STATUSES):
        answer = _answer(manifest, row, status)
        if not is_error(manifest, answer, own_api=True):
            continue
        if matching_row(manifest, answer) is row:
            return answer
    return None


def refused(manifest: Manifest, row: Mapping[str, Any]) -> HttpResponse | None:
    """A success by which this row refuses a poll, of whose job it says nothing; None = no such row.

    Raises:
        NoExample: as `example`.
    """
    from ...engine.attempts import NO_ANSWER

    takes = 200 in row.get("status", (200,)) and "poll" in row.get("purpose", ("poll",))
    if not takes or not issubclass(provider_errors()[row["is"]], NO_ANSWER):
        return None
    answer = evolve(_answer(manifest, row, 200), purpose="poll")
    if not is_error(manifest, answer, own_api=True) or matching_row(manifest, answer) is not row:
        return None
    return answer


def taker(manifest: Manifest, row: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The row that takes the simplest answer which was meant for `row`."""
    return matching_row(manifest, _answer(manifest, row, row.get("status", _STATUSES)[0]))


def _answer(manifest: Manifest, row: Mapping[str, Any], status: int) -> HttpResponse:
    errors = manifest.errors
    body: dict[str, Any] = {}
    headers: dict[str, str] = {"Content-Type": "application/json"}
    if status < 400:
        for pointer, fragment in errors.get("fails_when", {}).items():
            put(body, pointer, _value(fragment))
            break
    values = {}
    if "code" in row:
        values["code"] = row["code"][0]
    if "message" in row:
        values["message"] = text_for(row["message"])
    for kind, value in values.items():
        places = errors.get(kind, ())
        if not places:
            raise NoExample(f"the manifest names no place for the {kind}")
        if places[0].startswith("header:"):
            headers[places[0].removeprefix("header:")] = str(value)
        else:
            put(body, places[0], value)
    return HttpResponse(
        status=status,
        headers=headers,
        body=json.dumps(body).encode() if body else b"",
        purpose=row.get("purpose", ["submit"])[0],
    )


def _value(fragment: Mapping[str, Any]) -> Any:
    """A value that fits a fragment of `fails_when`."""
    from ...manifest.fragments import fits

    candidates = [fragment.get("const"), *fragment.get("enum", ()), "failed", 1, 400, True, False]
    candidates += [None, 0, ["x"], {"message": "x"}, "", -1, 1.5]
    if "pattern" in fragment:
        candidates.insert(0, text_for(fragment["pattern"]))
    for value in candidates:
        if fits(fragment, value):
            return value
    raise NoExample("no value for fails_when")


def text_for(pattern: str) -> str:
    """A short text that a regular expression finds.

    Raises:
        NoExample: the pattern is too strange.
    """
    try:
        parsed = re._parser.parse(pattern)  # type: ignore[attr-defined]  # not in the stubs
        text = "".join(_pieces(parsed))
    except (NoExample, re.error, RecursionError):
        raise NoExample(f"no text for the pattern {pattern!r}") from None
    if not re.search(pattern, text, re.IGNORECASE):
        raise NoExample(f"no text for the pattern {pattern!r}")
    return text


def _pieces(parsed: Any) -> Iterator[str]:
    for operation, argument in parsed:
        match str(operation):
            case "LITERAL":
                yield chr(argument)
            case "ANY" | "NOT_LITERAL":
                yield "x" if argument != ord("x") else "y"
            case "IN":
                yield _one_of(argument)
            case "BRANCH":
                yield from _pieces(argument[1][0])
            case "SUBPATTERN":
                yield from _pieces(argument[3])
            case "ATOMIC_GROUP":
                yield from _pieces(argument)
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                least, _, inner = argument
                for _ in range(max(least, 1)):
                    yield from _pieces(inner)
            case "AT":
                if "BOUNDARY" in str(argument):
                    yield " "
            case _:
                raise NoExample(str(operation))


def _one_of(choices: Any) -> str:
    kinds = {str(kind): value for kind, value in choices}
    if "LITERAL" in kinds:
        return chr(kinds["LITERAL"])
    if "RANGE" in kinds:
        return chr(kinds["RANGE"][0])
    category = str(kinds.get("CATEGORY", ""))
    return {"CATEGORY_DIGIT": "1", "CATEGORY_SPACE": " "}.get(category, "x")
