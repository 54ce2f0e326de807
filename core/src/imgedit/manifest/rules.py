"""Cross-field conditions: `{when, need, says}`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..contract.model import Problem
from .fragments import fits
from .keys import UNKNOWN, places, pointer_of


def holds(document: Mapping[str, Any], key: str, fragment: Mapping[str, Any]) -> bool | None:
    """Whether a field fits a fragment; an unset field does not; None = a fact is unknown.

    `picture.x` fits when it fits for every picture.
    """
    values = [value for _, value in places(document, key)]
    if not all(value is UNKNOWN or fits(fragment, value) for value in values):
        return False
    if any(value is UNKNOWN for value in values):
        return None
    return bool(values)


def check_rules(
    document: Mapping[str, Any], rules: Iterable[Mapping[str, Any]]
) -> tuple[list[Problem], list[str]]:
    """The problems of a document, and pointers to what could not be checked.

    Defaults do not count: they are the vendor's, not what the user asked.
    """
    problems = []
    unchecked = []
    for rule in rules:
        needs = rule["need"]
        applies: bool | None = True
        unknown: list[str] = []
        for key, fragment in rule.get("when", {}).items():
            verdict = holds(document, key, fragment)
            if verdict is False:
                applies = False
                break
            if verdict is None:
                applies = None
                unknown += _unknown(document, key)
        if applies is False:
            continue
        verdicts = {key: holds(document, key, fragment) for key, fragment in needs.items()}
        if applies and False in verdicts.values():
            first = next(iter(needs))
            problems.append(Problem(path=pointer_of(first), message=rule["says"], code="rule"))
        elif not all(verdicts.values()):
            for key, verdict in verdicts.items():
                if verdict is None:
                    unknown += _unknown(document, key)
            unchecked += unknown
    return problems, unchecked


def _unknown(document: Mapping[str, Any], key: str) -> list[str]:
    return [pointer for pointer, value in places(document, key) if value is UNKNOWN]
