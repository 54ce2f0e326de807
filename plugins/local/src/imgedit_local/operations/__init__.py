"""The one table of what this provider can do.

The parser reads its words, the error for an instruction that was not understood lists it, and the
table in the README and the prompt's description in `provider.json` are copies of it that a test
compares.
"""

from __future__ import annotations

from .colour import COLOUR
from .frame import FRAME
from .light import LIGHT
from .row import Form, Measure, Operation, Reads, Word
from .scene import SCENE
from .texture import TEXTURE

__all__ = [
    "BY_NAME",
    "OPERATIONS",
    "Form",
    "Measure",
    "Operation",
    "Reads",
    "Word",
    "markdown_table",
    "summary",
]

OPERATIONS: tuple[Operation, ...] = (*LIGHT, *COLOUR, *TEXTURE, *FRAME, *SCENE)

BY_NAME = {operation.name: operation for operation in OPERATIONS}


def summary() -> str:
    """What can be asked for, in one line."""
    return ", ".join(operation.title for operation in OPERATIONS)


def markdown_table() -> str:
    """The table of the README."""
    rows = [
        f"| {row.title} | {row.does} | " + ", ".join(f"`{text}`" for text in row.examples) + " |"
        for row in OPERATIONS
    ]
    return "\n".join(["| what | does | for example |", "| --- | --- | --- |", *rows])
