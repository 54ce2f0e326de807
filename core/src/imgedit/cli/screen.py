"""What a command prints: one JSON document, or lines for a person; notes go to stderr."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, redirect_stdout, suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any, TextIO

from ..errors import OutputError

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

# Text from elsewhere must not steer the terminal.
_CONTROLS = dict.fromkeys((*range(32), *range(127, 160)), "�")
del _CONTROLS[9], _CONTROLS[10]


class Watch:
    """What is known of the job under way, for when the command ends in a way nobody planned."""

    def __init__(self) -> None:
        self.job_id: str | None = None
        self.file: str | None = None  # from which it goes on
        self.spending = False
        self.durable = True
        self.said: set[str] = set()  # its warnings that stand on stderr already


class Screen:
    """The two streams of one command; `as_json` means that stdout holds one document only."""

    def __init__(self, *, as_json: bool, verbose: bool) -> None:
        self.as_json = as_json
        self.verbose = verbose
        self.watch = Watch()
        self.owner: str | None = None
        """Whose command this is, when a plugin brought it."""
        for name in ("stdout", "stderr"):
            if getattr(sys, name) is None:  # closed by whoever started us
                setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115  # for the rest of the process
            stream = getattr(sys, name)
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")
        self._stdout: TextIO = sys.stdout
        self.prints = True
        """Whether stdout took all that was printed so far."""

    # -- stdout

    @contextmanager
    def own_stdout(self) -> Iterator[None]:
        """With `--json` nobody else writes to stdout: what a plugin prints goes to stderr."""
        with redirect_stdout(sys.stderr) if self.as_json else nullcontext():
            yield

    def hand_over(self, owner: str) -> None:
        """From here on a plugin's command prints; `owner` is whose it is."""
        self.owner = owner
        sys.stdout = self._stdout

    def document(self, document: Mapping[str, Any]) -> None:
        """Print the JSON document of this command."""
        self._print(json.dumps(document, indent=2) + "\n")

    def line(self, text: str = "") -> None:
        """Print a line of the result."""
        self._print(clean(text) + "\n")

    def show(self, *parts: RenderableType) -> None:
        """Print tables and pictures; a pipe gets them unwrapped, without colour and borders."""
        with self._printing():  # to end a capture is to write nothing, which may fail, too
            with self.out.capture() as captured:
                for part in parts:
                    self.out.print(part)
            lines = captured.get().splitlines()
            _write(self._stdout, "".join(f"{line.rstrip()}\n" for line in lines))

    def _print(self, text: str) -> None:
        with self._printing():
            _write(self._stdout, text)

    @contextmanager
    def _printing(self) -> Iterator[None]:
        """Raises OutputError when stdout does not take it."""
        try:
            with _giving_up(self._stdout):
                yield
        except OSError as error:
            self.prints = False
            raise OutputError(f"the result cannot be printed: {error.strerror}") from None

    @cached_property
    def out(self) -> Console:
        """The console of stdout."""
        return _console(self._stdout)

    # -- stderr

    @property
    def lively(self) -> bool:
        """Whether somebody watches stderr as it goes."""
        return is_terminal(sys.stderr) and os.environ.get("TERM") != "dumb"

    def note(self, text: str, style: str = "dim") -> None:
        """A line on stderr."""
        if self.lively:
            self.err.print(clean(text), style=style, markup=False, highlight=False, soft_wrap=True)
        else:
            with suppress(OSError), _giving_up(sys.stderr):
                _write(sys.stderr, clean(text) + "\n")

    def warn(self, text: str) -> None:
        """A warning on stderr; a document holds its warnings itself."""
        if not self.as_json:
            self.note(f"Warning: {text}", style="yellow")

    @cached_property
    def err(self) -> Console:
        """The console of stderr."""
        return _console(sys.stderr)


def clean(text: str) -> str:
    """The text without characters that steer a terminal."""
    return text.translate(_CONTROLS)


def is_terminal(stream: TextIO) -> bool:
    """Whether a stream leads to a terminal."""
    try:
        return stream.isatty()
    except (AttributeError, ValueError):
        return False


def _console(stream: TextIO) -> Console:
    from rich.console import Console

    if is_terminal(stream):
        return Console(file=stream)
    return Console(file=stream, width=10_000, color_system=None, legacy_windows=False)


def _write(stream: TextIO, text: str) -> None:
    with suppress(ValueError):  # closed by whoever started us
        stream.write(text)
        stream.flush()


@contextmanager
def _giving_up(stream: TextIO) -> Iterator[None]:
    """A stream that fails gets nothing more; a reader that went away is no error of ours."""
    try:
        yield
    except BrokenPipeError:
        _silence(stream)
    except OSError:
        _silence(stream)
        raise


def _silence(stream: TextIO) -> None:
    """Send what is still buffered, and all that follows, nowhere; the exit flushes once more."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
    except (OSError, ValueError):
        pass
