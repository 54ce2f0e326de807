"""The error for a manifest that cannot be used."""

from __future__ import annotations


class ManifestError(ValueError):
    """A manifest cannot be used.

    Attributes:
        pointer: JSON pointer to the bad value, "" = the whole file.
        problem: one sentence.
    """

    def __init__(self, problem: str, pointer: str = "") -> None:
        super().__init__(problem, pointer)
        self.problem = problem
        self.pointer = pointer

    def __str__(self) -> str:
        return f"{self.pointer}: {self.problem}" if self.pointer else self.problem
