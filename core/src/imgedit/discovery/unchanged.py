"""Whether a hook changed in place what it was given.

The values are frozen, but the mappings in them are not: a state that changed in place would make
a job differ from what the journal holds, and a changed model row would alter later prices.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..contract.exchange import HttpResponse
from ..contract.job import Job
from ..contract.model import Model
from ..contract.request import EditRequest

_KEPT = 64  # models whose copy is kept; a manifest may hold thousands


class Watcher:
    """Looks at the arguments of a hook before and after it ran."""

    def __init__(self) -> None:
        self._copies: dict[int, tuple[Model, Any]] = {}

    def look(self, arguments: Mapping[str, Any]) -> Callable[[], str | None]:
        """Look now; what is returned looks again and names the first argument that changed."""
        seen = [
            (name, value, read, self._copy(value) if isinstance(value, Model) else read(value))
            for name, value, read in _watched(arguments)
        ]

        def changed() -> str | None:
            return next((name for name, value, read, old in seen if read(value) != old), None)

        return changed

    def _copy(self, model: Model) -> Any:
        known = self._copies.get(id(model))
        if known is None or known[0] is not model:
            if len(self._copies) >= _KEPT:
                self._copies.clear()
            known = self._copies[id(model)] = model, _deep(_rows(model))
        return known[1]


def _watched(arguments: Mapping[str, Any]) -> Iterator[tuple[str, Any, Callable[[Any], Any]]]:
    for name, value in arguments.items():
        if isinstance(value, Job):
            yield "job.state", value.state, _text
            yield "job.model", value.model, _rows
            if value.request.options:
                yield "job.request.options", value.request.options, _text
            if value.facts.vendor_ids:
                yield "job.facts.vendor_ids", value.facts.vendor_ids, _text
        elif isinstance(value, Model):
            yield name, value, _rows
        elif isinstance(value, EditRequest) and value.options:
            yield f"{name}.options", value.options, _text
        elif isinstance(value, HttpResponse):
            yield f"{name}.headers", value.headers, dict


def _rows(model: Model) -> tuple[Any, ...]:
    return model.limits, model.rules, model.price, model.wire


def _text(value: Mapping[str, Any]) -> str:
    return json.dumps(dict(value), default=repr) if value else ""


def _deep(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _deep(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_deep(inner) for inner in value)
    return value
