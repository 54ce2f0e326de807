"""JSON Schema fragments: compiled once each, their verdicts shared.

Thousands of models have a few dozen distinct fragments between them. Equal fragments share one
validator, and what it said of a short value is remembered. What plainly fits is seen without it:
the first edit of a process then need not import jsonschema.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from .fault import ManifestError

_MOST_FRAGMENTS = 20_000
_MOST_VERDICTS = 1_000
_LONGEST_REMEMBERED = 256


class Failure(NamedTuple):
    """A keyword that a value does not satisfy; `path` leads into the value."""

    keyword: str
    expected: Any
    path: tuple[str | int, ...]


class Compiled:
    """A fragment and its validator."""

    __slots__ = ("_validator", "_verdicts", "fragment")

    def __init__(self, fragment: Mapping[str, Any]) -> None:
        self.fragment = fragment
        self._validator: Any = None
        self._verdicts: dict[tuple[type, Any], tuple[Failure, ...]] = {}

    def failures(self, value: Any) -> tuple[Failure, ...]:
        """What is wrong with a value, () = nothing."""
        short = isinstance(value, int | float) or (
            isinstance(value, str) and len(value) <= _LONGEST_REMEMBERED
        )
        if not short:
            return self._judge(value)
        key = (type(value), value)
        found = self._verdicts.get(key)
        if found is None:
            found = self._judge(value)
            if len(self._verdicts) >= _MOST_VERDICTS:
                self._verdicts.clear()
            self._verdicts[key] = found
        return found

    def _judge(self, value: Any) -> tuple[Failure, ...]:
        if plainly_fits(self.fragment, value):
            return ()
        if self._validator is None:
            from jsonschema import Draft202012Validator

            self._validator = Draft202012Validator(self.fragment)
        try:
            return tuple(
                Failure(str(error.validator), error.validator_value, tuple(error.absolute_path))
                for error in self._validator.iter_errors(value)
            )
        except Exception as error:
            # jsonschema raises whatever Python raises when a keyword's own value is wrong.
            raise ManifestError(
                f"the fragment {dict(self.fragment)!r} cannot be applied: {type(error).__name__}"
            ) from None


_PLAIN: Mapping[str, Callable[[Any, Any], bool]] = {
    "type": lambda said, value: said == ("string" if isinstance(value, str) else "integer"),
    "const": lambda said, value: type(said) is type(value) and said == value,
    "enum": lambda said, value: any(type(one) is type(value) and one == value for one in said),
    "minimum": lambda said, value: isinstance(value, int) and value >= said,
    "maximum": lambda said, value: isinstance(value, int) and value <= said,
    "minLength": lambda said, value: isinstance(value, str) and len(value) >= said,
    "maxLength": lambda said, value: isinstance(value, str) and len(value) <= said,
    **dict.fromkeys(("default", "title", "description", "examples"), lambda _said, _value: True),
}


def plainly_fits(fragment: Mapping[str, Any], value: Any) -> bool:
    """Whether a text or an int surely satisfies a fragment; False = ask the validator."""
    if type(value) is not str and type(value) is not int:
        return False
    try:
        return all(name in _PLAIN and _PLAIN[name](said, value) for name, said in fragment.items())
    except TypeError:  # the keyword's own value is wrong
        return False


_by_identity: dict[int, tuple[Any, Compiled]] = {}


@lru_cache(maxsize=_MOST_FRAGMENTS)
def _by_text(text: str) -> Compiled:
    from json import loads

    return Compiled(loads(text))


def compiled(fragment: Mapping[str, Any]) -> Compiled:
    """The shared validator of a fragment, which must not be changed afterwards."""
    known = _by_identity.get(id(fragment))
    if known is not None and known[0] is fragment:
        return known[1]
    from json import dumps

    found = _by_text(dumps(fragment, sort_keys=True))
    if len(_by_identity) >= _MOST_FRAGMENTS:
        _by_identity.clear()
    _by_identity[id(fragment)] = (fragment, found)  # keeping it keeps its id from being reused
    return found


def fits(fragment: Mapping[str, Any], value: Any) -> bool:
    """Whether a value satisfies a fragment."""
    return not compiled(fragment).failures(value)


def numbers(value: Any) -> Any:
    """The same JSON with Decimals as int or float, which `multipleOf` and `enum` can handle."""
    if isinstance(value, Decimal):
        # A huge exponent would make an int of that many digits.
        if value.adjusted() < 300 and value == value.to_integral_value():
            return int(value)
        return float(value)
    if isinstance(value, Mapping):
        return {name: numbers(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [numbers(item) for item in value]
    return value


def nearest(name: Any, known: Iterable[Any]) -> Any:
    """The right value nearest to a wrong one, None when none is near."""
    choices = list(known)
    if isinstance(name, int | float) and not isinstance(name, bool):
        figures = [
            one for one in choices if isinstance(one, int | float) and not isinstance(one, bool)
        ]
        return min(figures, key=lambda one: (abs(one - name), one)) if figures else None
    if not isinstance(name, str) or len(name) > 100:
        return None
    from difflib import get_close_matches

    texts = {one.lower(): one for one in reversed(choices) if isinstance(one, str)}
    found = get_close_matches(name.lower(), list(texts), n=1, cutoff=0.5)
    return texts[found[0]] if found else None
