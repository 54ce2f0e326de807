"""What to do next about a request that was refused, where the message does not say it."""

from __future__ import annotations

from collections.abc import Iterable

from ..contract.model import Problem

# The field and the code of a problem, "" = any.
_ADVICE = {
    ("image", "not_found"): "Check the path.",
    ("mask", "not_found"): "Check the path.",
    ("references", "not_found"): "Check the path.",
    ("", "not_a_picture"): "Give a picture, best a PNG, JPEG or WebP file.",
    ("", "truncated"): "Copy or download it again.",
    ("image", "maximum"): "Make the picture smaller first.",
    ("image", "minimum"): "Give a larger picture.",
    ("image", "enum"): "Save it as PNG or JPEG first.",
    ("prompt", "minLength"): 'Say what to do, for example "make it warmer".',
    ("prompt", "maxLength"): "Say it in fewer words.",
    ("prompt", "format"): "Type the prompt again without it.",
    ("", "unsupported"): "`imgedit models` shows what each one takes.",
}


def advice(problems: Iterable[Problem]) -> str | None:
    """One sentence for the first problem that has one."""
    for problem in problems:
        field = problem.path.lstrip("/").partition("/")[0]
        found = _ADVICE.get((field, problem.code)) or _ADVICE.get(("", problem.code))
        if found:
            return found
    return None
