"""Is a model able to do this request? Limits, rules and size tables, all problems at once."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from ..contract.model import Model, Problem
from .fragments import compiled, nearest
from .keys import FACTS, KINDS, TEXTS, UNKNOWN, escape, pictures, places
from .rules import check_rules
from .wire import missing_sizes
from .words import listing, say

if TYPE_CHECKING:
    from .read import Manifest

_ALWAYS: Final = ("image", "prompt", "model", "label", "n")
_KNOWN: Final = frozenset((*_ALWAYS, *TEXTS, "mask", "references", "seed", "options"))
_SUGGESTED_MODELS: Final = 3
_DEEPEST: Final = 32


@frozen(kw_only=True)
class Checked:
    """What a check found.

    Attributes:
        problems: why the model cannot do it, () = it can.
        unchecked: JSON pointers to facts that a limit asks for and nobody knows yet.
    """

    problems: tuple[Problem, ...] = ()
    unchecked: tuple[str, ...] = ()


def check(document: Mapping[str, Any], model: Model, manifest: Manifest | None = None) -> Checked:
    """Check a request document against a merged model.

    With the manifest, the mask's size is compared too, and a field that this model does not take
    names models that do.

    Raises:
        ManifestError: a limit of the manifest cannot be applied.
    """
    problems = list(_malformed(document))
    bad = {problem.path for problem in problems}
    for problem in (*_fields(document, model, manifest), *_facts(document, model)):
        if problem.path not in bad:
            problems.append(problem)
    unchecked = unknown_facts(document, model)
    if not bad:
        broken, unknown = check_rules(document, model.rules)
        problems += broken
        unchecked += unknown
        told = {problem.path for problem in problems}
        problems += [one for one in missing_sizes(document, model) if one.path not in told]
    if manifest is not None and manifest.mask and manifest.mask.get("same_size"):
        broken, unknown = _mask_size(document)
        problems += broken
        unchecked += unknown
    return Checked(problems=tuple(problems), unchecked=tuple(dict.fromkeys(unchecked)))


def unknown_facts(document: Mapping[str, Any], model: Model) -> list[str]:
    """Pointers to the facts of pictures that a limit asks for and nobody knows yet."""
    return [
        pointer
        for key, fragment in _fact_limits(model)
        if fragment is not None
        for pointer, value in places(document, key)
        if value is UNKNOWN
    ]


def _fact_limits(model: Model) -> Iterator[tuple[str, Mapping[str, Any] | None]]:
    for key, fragment in model.limits.items():
        kind, dot, name = key.partition(".")
        if dot and kind in KINDS and name in FACTS:
            yield key, fragment


def _facts(document: Mapping[str, Any], model: Model) -> Iterator[Problem]:
    for key, fragment in _fact_limits(model):
        if fragment is None:
            continue  # no limit: the facts of a picture are always taken
        for pointer, value in places(document, key):
            if value is not UNKNOWN:
                yield from _judge(fragment, value, pointer, key)


def _fields(
    document: Mapping[str, Any], model: Model, manifest: Manifest | None
) -> Iterator[Problem]:
    limits = model.limits
    prompt = limits.get("prompt")
    if prompt is not None:
        yield from _judge(prompt, document.get("prompt", ""), "/prompt", "prompt")
    n = document.get("n", 1)
    several = limits.get("n")
    if several is not None:
        yield from _judge(several, n, "/n", "n")
    elif n != 1:
        yield _unsupported("/n", f"{model.id} makes one picture at a time", "n", manifest)
    for name in (*TEXTS, "seed", "mask", "references"):
        value = document.get(name)
        if value is None or (name == "references" and not value):
            continue
        fragment = limits.get(name)
        if fragment is None:
            told = name.replace("_", " ")
            yield _unsupported(f"/{name}", f"{model.id} takes no {told}", name, manifest)
        else:
            yield from _judge(fragment, value, f"/{name}", name)
    if limits.get("references") is not None:
        yield from _descriptions(document, model, manifest)
    for name, value in document.get("options", {}).items():
        fragment = limits.get(f"options.{name}")
        pointer = f"/options/{escape(str(name))}"
        if fragment is None:
            message = _no_option(name, model)
            yield _unsupported(pointer, message, f"options.{name}", manifest)
        else:
            yield from _judge(fragment, value, pointer, str(name))


def _descriptions(
    document: Mapping[str, Any], model: Model, manifest: Manifest | None
) -> Iterator[Problem]:
    key = "references.description"
    fragment = model.limits.get(key)
    for pointer, value in places(document, key):
        if fragment is None:
            message = f"{model.id} takes references without a description"
            yield _unsupported(pointer, message, key, manifest)
        else:
            yield from _judge(fragment, value, pointer, "description")


def _judge(fragment: Mapping[str, Any], value: Any, pointer: str, key: str) -> Iterator[Problem]:
    for failure in compiled(fragment).failures(value):
        message = say(failure, value, fragment, key.rpartition(".")[2])
        yield Problem(path=pointer, message=message, code=failure.keyword)


def _unsupported(pointer: str, message: str, key: str, manifest: Manifest | None) -> Problem:
    if manifest is not None:
        able = manifest.takers(key)
        if able:
            message += f"; {listing(able, _SUGGESTED_MODELS)} would"
    return Problem(path=pointer, message=message, code="unsupported")


def _no_option(name: Any, model: Model) -> str:
    known = [
        key.partition(".")[2]
        for key, fragment in model.limits.items()
        if key.startswith("options.") and fragment is not None
    ]
    message = f"{model.id} has no such option"
    if not known:
        return f"{message}, it has none at all"
    close = nearest(name, known)
    if close is not None:
        return f"{message}; did you mean {close}?"
    return f"{message}; its options are {listing(known)}"


def _mask_size(document: Mapping[str, Any]) -> tuple[list[Problem], list[str]]:
    if "mask" not in document or "image" not in document:
        return [], []
    mask, image = document["mask"], document["image"]
    unknown = [
        f"{pointer}/{side}"
        for pointer, facts in (("/image", image), ("/mask", mask))
        for side in ("width", "height")
        if facts.get(side) is None
    ]
    if unknown:
        return [], unknown
    size, wanted = (f"{facts['width']} × {facts['height']}" for facts in (mask, image))
    if size == wanted:
        return [], []
    message = f"must have the size of the image, {wanted}, it has {size}"
    return [Problem(path="/mask", message=message, code="same_size")], []


def _malformed(document: Mapping[str, Any]) -> Iterator[Problem]:
    """What no provider can do anything with, whatever its limits say."""
    for name in document:
        if name not in _KNOWN:
            close = nearest(name, _KNOWN)
            tail = f"; did you mean {close}?" if close else ""
            path = f"/{escape(str(name))}"
            yield Problem(
                path=path, message=f"is not a field of a request{tail}", code="additionalProperties"
            )
    if "image" not in document:
        yield Problem(path="/image", message="is missing", code="required")
    yield from _text(document.get("prompt"), "/prompt", blank=False)
    n = document.get("n", 1)
    if isinstance(n, bool) or not isinstance(n, int):
        yield Problem(path="/n", message="must be a whole number", code="type")
    elif n < 1:
        yield Problem(path="/n", message="must be at least 1", code="minimum")
    for name in TEXTS:
        if document.get(name) is not None:
            yield from _text(document[name], f"/{name}")
    if document.get("label") is not None:
        yield from _text(document["label"], "/label")
    seed = document.get("seed")
    if seed is not None and (isinstance(seed, bool) or not isinstance(seed, int)):
        yield Problem(path="/seed", message="must be a whole number", code="type")
    for pointer, value in places(document, "references.description"):
        yield from _text(value, pointer)
    for name, value in document.get("options", {}).items():
        pointer = f"/options/{escape(str(name))}"
        if not isinstance(name, str):
            yield Problem(path=pointer, message="the name of an option is text", code="type")
        elif flaw := _json_flaw(value):
            yield Problem(path=pointer, message=flaw[0], code=flaw[1])
    for pointer, facts in pictures(document, "picture"):
        if facts.get("bytes") == 0:
            yield Problem(path=f"{pointer}/bytes", message="the picture is empty", code="minimum")


def _text(value: Any, pointer: str, *, blank: bool = True) -> Iterator[Problem]:
    if value is None:
        yield Problem(path=pointer, message="is missing", code="required")
    elif not isinstance(value, str):
        yield Problem(path=pointer, message="must be text", code="type")
    elif not blank and not value.strip():
        yield Problem(path=pointer, message="must not be empty", code="minLength")
    elif flaw := _text_flaw(value):
        yield Problem(path=pointer, message=flaw, code="format")


def _text_flaw(value: str) -> str | None:
    if "\0" in value:
        return "must not hold a NUL character"
    if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        return "holds half a character (a lone surrogate), which cannot be sent"
    return None


def _json_flaw(value: Any, depth: int = 0) -> tuple[str, str] | None:
    """Why a value cannot stand in JSON as it is, with a code; None = it can."""
    if value is None or isinstance(value, bool | int):
        return None
    if isinstance(value, str):
        flaw = _text_flaw(value)
        return (flaw, "format") if flaw else None
    if isinstance(value, float):
        return None if math.isfinite(value) else ("must be a finite number", "format")
    if depth >= _DEEPEST:
        return "is nested too deeply", "format"
    if isinstance(value, list | tuple):
        return next(filter(None, (_json_flaw(item, depth + 1) for item in value)), None)
    if isinstance(value, Mapping):
        for name, item in value.items():
            if not isinstance(name, str):
                return "the names inside an object are text", "type"
            if flaw_inside := _json_flaw(name) or _json_flaw(item, depth + 1):
                return flaw_inside
        return None
    return f"must be JSON, not {type(value).__name__}", "type"
