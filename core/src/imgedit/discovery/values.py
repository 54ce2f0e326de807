"""Whether what a hook gave back is what the core can go on with."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from types import CoroutineType, NoneType
from typing import Any, get_args

from attrs import evolve

from ..contract.convert import json_number
from ..contract.exchange import (
    Base64,
    DataURI,
    FilePart,
    HttpRequest,
    Json,
    LocalRequest,
    Multipart,
    Raw,
)
from ..contract.image import ImageSource
from ..contract.model import Problem
from ..contract.money import Money, Quote
from ..contract.outcome import Done, Facts, Next, Output, Step, Wait
from ..errors import Charged, ProviderError

MAX_STATE = 256 * 1024  # bytes of JSON: a state is written to the journal at every step


class BadValue(Exception):
    """What came back is wrong; the text completes "returned ..."."""


def kind(value: Any) -> str:
    """What a value is, without saying what is in it."""
    if isinstance(value, CoroutineType):
        value.close()  # or Python warns that nobody awaited it
        return "a coroutine"
    return "None" if value is None else f"a value of type {type(value).__name__}"


def problems(results: Any) -> list[Problem]:
    """The problems of all implementations of `validate`."""
    found: list[Problem] = []
    for result in results:
        if not isinstance(result, list | tuple):
            raise BadValue(kind(result))
        for one in result:
            if not isinstance(one, Problem):
                raise BadValue(f"a list that holds {kind(one)}")
            if not all(isinstance(text, str) for text in (one.path, one.message, one.code)):
                raise BadValue("a Problem whose path, message or code is not a string")
            found.append(one)
    return found


def quote(value: Any) -> Quote:
    """The price of an edit."""
    if not isinstance(value, Quote):
        raise BadValue(kind(value))
    if not isinstance(value.unit, str) or not value.unit:
        raise BadValue("a Quote without a unit")
    return value


def request(value: Any) -> HttpRequest | LocalRequest:
    """The next exchange of a job."""
    if isinstance(value, HttpRequest):
        return _http(value)
    if isinstance(value, LocalRequest):
        _encodable(value.arguments, "arguments", ImageSource)
        return value
    raise BadValue(kind(value))


def models_request(value: Any) -> HttpRequest | None:
    """The exchange that lists models."""
    if value is None:
        return None
    if not isinstance(value, HttpRequest):
        raise BadValue(kind(value))
    if value.purpose != "models":
        raise BadValue(f"an HttpRequest with the purpose {value.purpose}")
    return _http(value)


def _http(value: HttpRequest) -> HttpRequest:
    match value.body:
        case None | Raw(image=ImageSource()):
            pass
        case Json(value=content):
            _encodable(content, "body", Base64, DataURI)
        case Multipart(parts=parts):
            for part in parts:
                if not (isinstance(part, tuple | list) and len(part) == 2):
                    raise BadValue("an HttpRequest with a Multipart part that is no pair")
                if not isinstance(part[0], str) or not isinstance(part[1], str | int | FilePart):
                    raise BadValue(f"an HttpRequest with a Multipart part that is {kind(part[1])}")
        case body:
            raise BadValue(f"an HttpRequest whose body is {kind(body)}")
    if not isinstance(value.query, Mapping):
        raise BadValue(f"an HttpRequest whose query is {kind(value.query)}")
    for name, text in value.query.items():
        if not isinstance(name, str) or not isinstance(text, str | int):
            raise BadValue(f"an HttpRequest with {kind(text)} in its query")
    return value


def _encodable(value: Any, what: str, *leaves: type) -> None:
    def encode(found: Any) -> Any:
        if isinstance(found, (*leaves, Decimal)):
            return None
        if isinstance(found, Mapping):
            return dict(found)
        raise TypeError(kind(found))

    try:
        json.dumps(value, default=encode, allow_nan=False)
    except TypeError as error:
        raise BadValue(f"a request whose {what} holds {error}, which is not JSON") from None
    except (ValueError, RecursionError):
        raise BadValue(f"a request whose {what} holds NaN, or itself") from None


def step(value: Any) -> Step:
    """What an answer led to; states come back as plain JSON, as a journal will give them."""
    match value:
        case Done():
            images = [_output(image) for image in value.images]
            told = [warning for _, warnings in images for warning in warnings]
            refresh = value.refresh
            return evolve(
                value,
                images=[image for image, _ in images],
                facts=facts(value.facts).merged(Facts(warnings=told)),
                refresh=None if refresh is None else state(refresh, "refresh"),
            )
        case Next():
            return evolve(value, facts=facts(value.facts), state=state(value.state))
        case Wait():
            return evolve(
                value,
                facts=facts(value.facts),
                state=state(value.state),
                seconds=_number(value.seconds, "a Wait whose seconds"),
                progress=_share(value.progress),
            )
    raise BadValue(kind(value))


def lookup(value: Any) -> Next | None:
    """How to find out what became of a submit."""
    if value is None:
        return None
    if not isinstance(value, Next):
        raise BadValue(kind(value))
    return evolve(value, facts=facts(value.facts), state=state(value.state))


def error(value: Any) -> ProviderError:
    """A copy of the error that a hook gave: the engine writes on it whose it is and what it cost.

    Names that came as numbers become text, a cost below nothing is none, and which job it is of
    only the engine says.
    """
    if not isinstance(value, ProviderError):
        raise BadValue(kind(value))
    told = vars(value)
    changes: dict[str, Any] = {"job_id": None, "job": None}
    for name, types in _ERROR.items():
        one = told.get(name, ...)  # a class of its own may have left out what ours sets
        if name in _NAMES and type(one) is int:
            changes[name] = str(one)
        elif not isinstance(one, types) or (isinstance(one, bool) and types is not bool):
            raise BadValue(f"an error whose {name} is {kind(one)}")
    if told["charged"] not in get_args(Charged):
        raise BadValue("an error whose charged is not 'yes', 'no' or 'unknown'")
    if (cost := told["cost"]) is not None and cost.amount < 0:
        changes["cost"] = None
    if cost is not None and not isinstance(cost.unit, str):
        raise BadValue(f"an error whose cost is in {kind(cost.unit)}")
    changes["retry_after"] = _number(told.get("retry_after"), "an error whose retry_after")
    changes["problems"] = tuple(problems([told["problems"]]))
    copy: ProviderError = type(value).__new__(type(value), *value.args)
    vars(copy).update(told | changes)
    if "__notes__" in told:
        vars(copy)["__notes__"] = list(told["__notes__"])
    return copy


def rows(value: Any) -> list[dict[str, Any]] | None:
    """Model rows in the manifest's language; the manifest's reader judges what is in them."""
    if value is None:
        return None
    if not isinstance(value, list):
        raise BadValue(kind(value))
    for row in value:
        if not isinstance(row, dict):
            raise BadValue(f"a list that holds {kind(row)}")
        if not isinstance(row.get("id"), str):
            raise BadValue("a row without an id that is a string")
    return value


def facts(value: Any) -> Facts:
    """What an answer says beside the picture; vendor ids that came as numbers become text."""
    if not isinstance(value, Facts):
        raise BadValue(f"facts that are {kind(value)}")
    ids = value.vendor_ids
    if not isinstance(ids, Mapping):
        raise BadValue(f"Facts whose vendor_ids are {kind(ids)}")
    for name, one in ids.items():
        if not isinstance(name, str) or isinstance(one, bool) or not isinstance(one, str | int):
            raise BadValue(f"Facts with {kind(one)} among its vendor_ids")
    for name in ("model", "ai_generated"):
        told = getattr(value, name)
        if told is not None and not isinstance(told, str if name == "model" else bool):
            raise BadValue(f"Facts whose {name} is {kind(told)}")
    if not all(isinstance(text, str) for text in value.warnings):
        raise BadValue("Facts with a warning that is not a string")
    odd = value.cost is not None and value.cost < 0  # no charge: what was quoted goes on counting
    if not odd and all(isinstance(one, str) for one in ids.values()):
        return value
    cost = None if odd else value.cost
    return evolve(value, cost=cost, vendor_ids={name: str(one) for name, one in ids.items()})


def state(value: Any, name: str = "state") -> dict[str, Any]:
    """A copy of a state as a journal gives it back: Decimals are numbers, tuples lists."""
    if not isinstance(value, Mapping):
        raise BadValue(f"a {name} that is {kind(value)}")
    try:
        text = json.dumps(value, default=_plain, allow_nan=False)
    except TypeError as error:
        raise BadValue(f"a {name} that is not JSON: it holds {error}") from None
    except RecursionError:
        raise BadValue(f"a {name} that is not JSON: it is nested too deeply") from None
    except ValueError:
        raise BadValue(f"a {name} that is not JSON: it holds NaN, an infinity, or itself") from None
    if len(text) > MAX_STATE:
        raise BadValue(f"a {name} of {len(text)} bytes, more than {MAX_STATE}")
    plain: dict[str, Any] = json.loads(text)
    if plain != value:
        _check_names(value, name)
    return plain


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal) and value.is_finite():
        return json_number(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(kind(value))


def _check_names(value: Any, name: str) -> None:
    """json.dumps turns other keys into strings without a word."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise BadValue(f"a {name} that is not JSON: one of its keys is {kind(key)}")
            _check_names(inner, name)
    elif isinstance(value, list | tuple):
        for inner in value:
            _check_names(inner, name)


def _output(value: Any) -> tuple[Output, list[str]]:
    """A picture, and warnings; what is said beside it in another form than agreed is left out.

    The picture is paid: it must not be lost for what was only to be compared with it.
    """
    if not isinstance(value, Output):
        raise BadValue(f"a Done that holds {kind(value)}")
    for name, types in _PICTURE.items():
        told = getattr(value, name)
        if told is not None and not isinstance(told, types):
            raise BadValue(f"an Output whose {name} is {kind(told)}")
    if value.image is not None and value.image.url is not None:
        raise BadValue("an Output whose image is an address, which is its url")
    left_out = {name: None for name, usable in _BESIDE.items() if not usable(getattr(value, name))}
    if not left_out and value.variants == {}:
        return value, []
    warnings = [
        f"the {word} that was announced for the picture cannot be read, so it was not checked"
        for name, word in _CHECKED.items()
        if name in left_out and getattr(value, name)
    ]
    variants = {name: _output(inner) for name, inner in (value.variants or {}).items()}
    warnings += [warning for _, more in variants.values() for warning in more]
    only = {name: inner for name, (inner, _) in variants.items()}
    return evolve(value, **left_out, variants=only), warnings


def _is_digest(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch("[0-9A-Fa-f]{64}", value) is not None


_PICTURE: dict[str, type] = {"base64": str, "image": ImageSource, "variants": Mapping}
_BESIDE: dict[str, Callable[[Any], bool]] = {
    "media_type": lambda value: isinstance(value, str),
    "sha256": _is_digest,
    "size": lambda value: type(value) is int and value > 0,
}
_CHECKED = {"sha256": "hash", "size": "size"}


_TEXT = (str, NoneType)
_NAMES = ("code", "request_id")
_ERROR: dict[str, Any] = {
    "message": str,
    "hint": _TEXT,
    "charged": str,
    "charge_is_said": bool,
    "retryable": bool,
    "provider": _TEXT,
    "distribution": _TEXT,
    "status": (int, NoneType),
    "code": _TEXT,
    "request_id": _TEXT,
    "cost": (Money, NoneType),
    "problems": (tuple, list),
}


def _number(value: Any, name: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise BadValue(f"{name} is {kind(value)}")
    try:
        number = float(value)
    except (ValueError, OverflowError):  # a signalling NaN; an int beyond all floats
        number = math.nan
    if not math.isfinite(number) or number < 0:
        raise BadValue(f"{name} is negative or no finite number")
    return number


def _share(value: Any) -> float | None:
    number = _number(value, "a Wait whose progress")
    return None if number is None else min(number, 1.0)
