"""On which line of a JSON file each value stands, for the author who has to mend it."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from typing import Final

from .keys import escape

_SPACE: Final = re.compile(r"[ \t\r\n]*")


class Lines:
    """The lines of a JSON text, counted from 1.

    Attributes:
        repeated: the line of the first key that stands twice in one object, or None.

    Raises:
        ValueError: the text is not JSON (a `json.JSONDecodeError`).
        RecursionError: it is nested too deeply.
    """

    def __init__(self, text: str) -> None:
        json.loads(text)  # so that the walk below meets no syntax error
        self.repeated: int | None = None
        self._text = text
        self._ends = [found.start() for found in re.finditer("\n", text)]
        self._scalar = json.JSONDecoder().raw_decode
        self._lines: dict[str, int] = {}
        self._value(self._skip(0), "")

    def at(self, pointer: str) -> int:
        """The line on which the value at a JSON pointer, or its name, begins.

        What is missing stands where the object that lacks it does.
        """
        while pointer and pointer not in self._lines:
            pointer = pointer.rpartition("/")[0]
        return self._lines[pointer]

    def _value(self, at: int, pointer: str) -> int:
        """Take the value that begins here; returns where it ends."""
        self._lines.setdefault(pointer, self._line(at))
        if self._text[at] not in "{[":
            return self._scalar(self._text, at)[1]
        named = self._text[at] == "{"
        index = 0
        at = self._skip(at + 1)
        while self._text[at] not in "}]":
            inside = f"{pointer}/{index}"
            if named:
                name, end = self._scalar(self._text, at)
                inside = f"{pointer}/{escape(name)}"
                if inside in self._lines and self.repeated is None:
                    self.repeated = self._line(at)
                self._lines[inside] = self._line(at)
                at = self._skip(self._skip(end) + 1)  # over the colon
            at = self._skip(self._value(at, inside))
            if self._text[at] == ",":
                at = self._skip(at + 1)
            index += 1
        return at + 1

    def _skip(self, at: int) -> int:
        found = _SPACE.match(self._text, at)
        return at if found is None else found.end()

    def _line(self, at: int) -> int:
        return bisect_right(self._ends, at) + 1
