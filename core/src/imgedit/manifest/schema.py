"""The published JSON Schemas, and what does not fit them in our own words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ..contract.model import Problem
from .fragments import nearest
from .keys import escape
from .words import listing

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError

NAMES: Final = (
    "provider",
    "edit-request",
    "edit-result",
    "error",
    "quote",
    "job",
    "model",
    "problem",
)
_KINDS: Final = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}


def schemas_folder() -> Path:
    """Where the schemas are: inside the installed package, else in the checkout.

    Raises:
        FileNotFoundError: neither is there.
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "schemas", package.parents[2] / "schemas"):
        if (folder / "provider.schema.json").is_file():
            return folder
    raise FileNotFoundError("the JSON Schemas of imgedit-core are not installed: reinstall it")


@lru_cache(maxsize=len(NAMES))
def load_schema(name: str) -> dict[str, Any]:
    """A published schema by its short name ("provider"), which must not be changed."""
    text = (schemas_folder() / f"{name}.schema.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


@lru_cache(maxsize=len(NAMES))
def _validator(name: str) -> Draft202012Validator:
    from jsonschema import Draft202012Validator, FormatChecker

    return Draft202012Validator(load_schema(name), format_checker=FormatChecker())


def schema_problems(value: Any, name: str) -> list[Problem]:
    """What does not fit a published schema, in the order of the document."""
    found = {}
    for error in _validator(name).iter_errors(value):
        for problem in _problems(error):
            found[problem.path, problem.message] = problem
    return sorted(found.values(), key=lambda problem: problem.path)


def _problems(error: ValidationError) -> Iterator[Problem]:
    if error.context:
        # anyOf/oneOf: the branch that came furthest is the one that was meant.
        deepest = max(error.context, key=_closeness)
        if deepest.validator != "type" or len(deepest.absolute_path) > len(error.absolute_path):
            yield from _problems(deepest)
            return
        kinds = {_text_of_type(one) for one in error.context if one.validator == "type"}
        message = f"must be {' or '.join(sorted(kinds))}"
        yield Problem(path=_pointer(error.absolute_path), message=message, code="type")
        return
    path = _pointer(error.absolute_path)
    code = str(error.validator)
    expected: Any = error.validator_value
    instance: Any = error.instance
    if code == "required":
        for name in expected:
            if name not in instance:
                yield Problem(path=f"{path}/{escape(name)}", message="is missing", code=code)
                return
    if code == "additionalProperties" and isinstance(instance, Mapping):
        schema = error.schema if isinstance(error.schema, Mapping) else {}
        known = list(schema.get("properties", {}))
        for name in instance:
            if name not in known:
                message = f"is not known here{_near(name, known)}"
                yield Problem(path=f"{path}/{escape(name)}", message=message, code=code)
        return
    if "propertyNames" in error.absolute_schema_path:
        message = f"{instance!r} is not a name that is known here"
        choices = expected if code == "enum" else []
        yield Problem(path=path, message=message + _near(instance, choices), code=code)
        return
    yield Problem(path=path, message=_sentence(error), code=code)


def _closeness(error: ValidationError) -> tuple[int, bool, bool]:
    return (
        len(error.absolute_path),
        error.validator != "type",
        error.validator not in ("required", "const"),
    )


def _text_of_type(error: ValidationError) -> str:
    expected: Any = error.validator_value
    kinds = [expected] if isinstance(expected, str) else expected
    return " or ".join(_KINDS.get(kind, kind) for kind in kinds)


def _near(name: Any, known: Sequence[Any]) -> str:
    close = nearest(name, known)
    return f"; did you mean {close!r}?" if close is not None else ""


def _sentence(error: ValidationError) -> str:
    expected: Any = error.validator_value
    schema = error.schema if isinstance(error.schema, Mapping) else {}
    match error.validator:
        case "type":
            return f"must be {_text_of_type(error)}"
        case "enum":
            return f"must be one of {listing(expected)}{_near(error.instance, expected)}"
        case "const":
            return f"must be {json.dumps(expected)}"
        case "pattern":
            return f"must be {schema.get('title', 'of the form ' + expected)}"
        case "format":
            return f"must be {_FORMATS.get(expected, expected)}"
        case "minLength" | "minItems" | "minProperties":
            return f"must have at least {expected}"
        case "maxItems" | "maxProperties":
            return f"must have at most {expected}"
        case "minimum":
            return f"must be at least {expected}"
        case "exclusiveMinimum":
            return f"must be more than {expected}"
        case "uniqueItems":
            return "must not hold the same thing twice"
        case _:
            return f"does not fit ({error.validator})"


_FORMATS: Final = {
    "regex": "a regular expression that compiles",
    "date": 'a date, such as "2026-11-20"',
}


def _pointer(path: Any) -> str:
    return "".join(f"/{escape(str(step))}" for step in path)
