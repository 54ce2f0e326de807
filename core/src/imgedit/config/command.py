"""`api_key_command`: a program of the user's that prints a key."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import ConfigError

SECONDS = 60.0
"""How long it may take; it may have to ask its user for a password."""


def ask_command(command: Sequence[str], what: str) -> str:
    """The first line that a program prints. It runs without a shell, and its output is not shown.

    Args:
        command: the program and its arguments.
        what: whose key it is, for messages.

    Raises:
        ConfigError: it cannot be run, fails, takes too long or prints nothing.
    """
    import subprocess

    wrong = None
    printed = b""
    try:
        done = subprocess.run(  # the user's own configuration names it
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=SECONDS,
            check=False,
        )
        printed = done.stdout
        if done.returncode != 0:
            wrong = f"ended with {done.returncode}"
    except subprocess.TimeoutExpired:
        wrong = f"took longer than {SECONDS:.0f} seconds"
    except FileNotFoundError:
        wrong = "is not there"
    except (OSError, ValueError) as error:
        wrong = f"cannot be run ({type(error).__name__})"
    line = (printed.splitlines() or [b""])[0]
    text = _decoded(line)
    if wrong is None:
        if text is None:
            wrong = "printed what is not UTF-8 text"
        elif not text.strip():
            wrong = "printed nothing"
    # Raised out here: an exception of subprocess's holds what was printed.
    if wrong is not None or text is None:
        raise ConfigError(
            f"the command for {what}, {command[0]}, {wrong}",
            hint="Run it yourself; its first line must be the key (see api_key_command).",
        )
    return text


def _decoded(line: bytes) -> str | None:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return None
