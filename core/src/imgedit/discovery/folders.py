"""The metadata of installed distributions, read where it lies.

`importlib.metadata` would do, but to import it costs more than all the rest of the scan; it is
asked only where metadata does not lie in plain folders.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from importlib.machinery import PathFinder
from typing import Protocol

_ENDINGS = (".dist-info", ".egg-info")


class Metadata(Protocol):
    """The metadata of one distribution."""

    def read_text(self, filename: str) -> str | None:
        """The text of one of its files, None when it is not there."""


class _Folder:
    def __init__(self, path: str) -> None:
        self._path = path

    def read_text(self, filename: str) -> str | None:
        with (
            contextlib.suppress(
                FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError
            ),
            open(os.path.join(self._path, filename), encoding="utf-8") as file,
        ):
            return file.read()
        return None


def distributions(paths: list[str] | None = None) -> Iterator[Metadata]:
    """Every distribution on `paths` (default: `sys.path`), in the order in which Python looks."""
    if paths is None and any(
        hasattr(finder, "find_distributions") and finder is not PathFinder
        for finder in sys.meta_path
    ):
        from importlib import metadata

        yield from metadata.distributions()
        return
    for path in sys.path if paths is None else paths:
        try:
            names = os.listdir(path or ".")
        except (OSError, ValueError):
            names = None
        if names is not None and not path.lower().endswith(".egg"):
            for name in names:
                if name.lower().endswith(_ENDINGS):
                    yield _Folder(os.path.join(path, name))
        elif os.path.exists(path):  # an archive
            from importlib import metadata

            yield from metadata.distributions(path=[path])


def entry_points(text: str) -> Iterator[tuple[str, str, str]]:
    """Group, name and value of every entry point in an `entry_points.txt`.

    Raises:
        ValueError: a line is none.
    """
    group = None
    for line in map(str.strip, text.splitlines()):
        if line.startswith("[") and line.endswith("]"):
            group = line.strip("[]")
        elif line and not line.startswith("#") and group is not None:
            name, equals, value = line.partition("=")
            if not equals:
                raise ValueError(f"{line!r} is no entry point")
            yield group, name.strip(), value.strip()
