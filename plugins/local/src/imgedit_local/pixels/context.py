"""What an operation may know beside the picture and its step."""

# ruff: noqa: TID253 - only the worker loads this package
from __future__ import annotations

from attrs import define, field
from PIL import Image


@define
class Context:
    """`mask` has the picture's size, white = change; what is worth knowing goes to `warnings`."""

    mask: Image.Image | None = None
    warnings: list[str] = field(factory=list)

    def warn(self, sentence: str) -> None:
        """Note something once."""
        if sentence not in self.warnings:
            self.warnings.append(sentence)
