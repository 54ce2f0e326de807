"""A job without what its user wrote."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import evolve

from ..engine.record import JobRecord
from ..masking import Masker


def without_prompts(record: JobRecord) -> JobRecord:
    """A finished job without what the user wrote, and without answers, which may repeat it.

    Of the options stay numbers, and what the model names itself to choose from.
    """
    request = record.job.request
    limits = record.job.model.limits
    said = [request.prompt, *(one.description or "" for one in request.references)]
    kept = {}
    for name, value in request.options.items():
        texts = [] if "enum" in (limits.get(f"options.{name}") or ()) else list(_texts(value))
        said += texts
        if not texts:
            kept[name] = value
    references = [evolve(one, description=None) for one in request.references]
    request = evolve(request, prompt="", references=references, options=kept)
    return evolve(
        record.with_job(request=request),
        answer=None,
        partial=None,
        raw=None,
        error=_masked(record.error, said),
    )


def _texts(value: Any) -> Iterator[str]:
    """All texts in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for name, item in value.items():
            yield str(name)
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)


def _masked(error: Mapping[str, Any] | None, said: list[str]) -> Mapping[str, Any] | None:
    """The row of an error; a vendor may say why a prompt is refused by repeating it."""
    if error is None:
        return None
    on_one_line = [" ".join(text.split()) for text in said]  # as the vendor's words are shown
    mask = Masker([*(text.strip() for text in said), *on_one_line], "<the prompt>").text
    problems = [
        {**problem, "message": mask(problem["message"])} for problem in error.get("problems") or ()
    ]
    return {**error, "message": mask(error.get("message") or ""), "problems": problems}
