"""A finished edit on stdout."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import OutputError
from .screen import Screen
from .words import say_image, say_result

if TYPE_CHECKING:
    from ..result import EditResult


def show_result(screen: Screen, result: EditResult, shown: Callable[[Path], str]) -> None:
    """Print the result; `shown` turns a path into what the user would write.

    Raises:
        OutputError: stdout does not take it; the picture is where it belongs all the same.
    """
    try:
        _show(screen, result, shown)
    except OutputError as error:
        free = result.cost is not None and result.cost.amount == 0
        error.charged = "no" if free else "yes"
        error.fill(
            job_id=result.job_id,
            provider=result.provider,
            hint=f"The picture is there: {shown(result.image.path)}",
        )
        raise


def _show(screen: Screen, result: EditResult, shown: Callable[[Path], str]) -> None:
    if screen.as_json:
        document = result.to_dict()
        for row, image in zip(document["images"], result.images, strict=True):
            row["path"] = shown(image.path)
        screen.document(document)
        return
    for text in result.warnings:
        if text not in screen.watch.said:
            screen.warn(text)
    for one in result.tried:
        screen.note(f"Note: {one.provider} was tried before: {one.message}")
    for change in result.adaptations:
        screen.note(f"Note: {change['field']} is {change['to']}: {change['why']}")
    for image in result.images:
        screen.line(f"{shown(image.path)}  {say_image(image)}")
    screen.line(say_result(result))
