"""A job without what its user wrote."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import evolve

from ..engine.record import JobRecord
from ..engine.words import free_texts, without_words, words_of


def without_prompts(record: JobRecord) -> JobRecord:
    """A finished job without what the user wrote, and without answers, which may repeat it.

    Of the options stay numbers, and what the model names itself to choose from.
    """
    request, said = record.job.request, words_of(record.job)
    kept = {
        name: value
        for name, value in request.options.items()
        if not free_texts(record.job, name, value)
    }
    references = [evolve(one, description=None) for one in request.references]
    request = evolve(request, prompt="", references=references, options=kept)
    return evolve(
        record.with_job(request=request),
        answer=None,
        partial=None,
        raw=None,
        error=_masked(record.error, said),
    )


def _masked(error: Mapping[str, Any] | None, said: list[str]) -> Mapping[str, Any] | None:
    """The row of an error; a vendor may say why a prompt is refused by repeating it."""
    if error is None:
        return None
    problems = [
        {**problem, "message": without_words(problem["message"], said)}
        for problem in error.get("problems") or ()
    ]
    return {
        **error,
        "message": without_words(error.get("message") or "", said),
        "problems": problems,
    }
