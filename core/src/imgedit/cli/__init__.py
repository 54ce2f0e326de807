"""The command line: `imgedit` or `python -m imgedit`; needs the extra `imgedit-core[cli]`."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; None = the arguments of this process.

    May be called several times in one process. Nothing escapes but SystemExit of the interpreter.
    """
    from .run import run

    return run(arguments)
