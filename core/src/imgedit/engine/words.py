"""What the user of a job wrote, and a text without it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..contract.job import Job
from ..masking import Masker


def words_of(job: Job) -> list[str]:
    """The prompt, descriptions, and free texts of options; not what a model lets choose from."""
    request = job.request
    said = [request.prompt, *(one.description or "" for one in request.references)]
    for name, value in request.options.items():
        said += free_texts(job, name, value)
    return said


def without_words(text: str, said: Iterable[str]) -> str:
    """A text without what was said, as it is or on one line, as a vendor's words are shown."""
    words = [word.strip() for word in said]
    return Masker([*words, *(" ".join(word.split()) for word in words)], "<the prompt>").text(text)


def free_texts(job: Job, name: str, value: Any) -> list[str]:
    """The texts in the value of an option, unless the model names what to choose from."""
    return [] if "enum" in (job.model.limits.get(f"options.{name}") or ()) else list(_texts(value))


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
