"""A finished edit on stdout."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from .screen import Screen
from .words import say_image, say_result

if TYPE_CHECKING:
    from ..result import EditResult


def show_result(screen: Screen, result: EditResult, shown: Callable[[Path], str]) -> None:
    """Print the result; `shown` turns a path into what the user would write."""
    if screen.as_json:
        document = result.to_dict()
        for row, image in zip(document["images"], result.images, strict=True):
            row["path"] = shown(image.path)
        screen.document(document)
        return
    for text in result.warnings:
        screen.warn(text)
    for change in result.adaptations:
        screen.note(f"Note: {change['field']} is {change['to']}: {change['why']}")
    for image in result.images:
        screen.line(f"{shown(image.path)}  {say_image(image)}")
    screen.line(say_result(result))
