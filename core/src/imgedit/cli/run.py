"""One command from its arguments to its exit code; whatever goes wrong becomes a sentence."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence

import click

from ..errors import ImgEditError, OutputError, UsageError
from .app import app
from .exits import exit_code
from .failure import bug, show_failure
from .logs import logging_to_stderr
from .screen import Screen

logger = logging.getLogger("imgedit.cli")


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command; see `imgedit.cli.main`."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    flags = given[: given.index("--")] if "--" in given else given
    # Before click reads them, so that its own complaints follow them, too.
    screen = Screen(as_json="--json" in flags, verbose="--verbose" in flags)
    with logging_to_stderr(verbose=screen.verbose), screen.own_stdout():
        try:
            return _run(screen, given)
        except ImgEditError as error:  # stdout cannot be written
            return _end(screen, error)


def _run(screen: Screen, given: list[str]) -> int:
    try:
        code = app.main(given, prog_name="imgedit", standalone_mode=False, obj=screen)
        return code if isinstance(code, int) else 0
    except ImgEditError as error:
        return _end(screen, error)
    except click.ClickException as error:
        return _end(screen, _usage(error))
    except (KeyboardInterrupt, click.Abort) as error:
        from .tasks import interrupted

        return _end(screen, interrupted(error, screen.watch))
    except SystemExit as stop:  # a plugin's command
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except Exception as error:
        return _end(screen, bug(screen, error))


def _end(screen: Screen, error: ImgEditError) -> int:
    logger.debug("the command failed", exc_info=error)
    try:
        show_failure(screen, error)
    except OutputError as unprintable:
        show_failure(screen, error)
        screen.note(f"Error: {unprintable.message}.", style="bold red")
    return exit_code(error)


def _usage(error: click.ClickException) -> UsageError:
    context = getattr(error, "ctx", None)
    path = context.command_path if context is not None else "imgedit"
    message = error.format_message()
    hint = f"See: {path} --help"
    if isinstance(error, click.NoSuchOption):
        message = f"there is no option {error.option_name}"
        parameters = context.command.params if context is not None else []
        meant = _spelled_here(error.option_name, parameters) or sorted(error.possibilities or ())
        if meant:
            message += f", did you mean {' or '.join(meant)}?"
        elif error.option_name.startswith("--") and _spelled_here("--options", parameters):
            name = error.option_name.removeprefix("--").replace("-", "_")
            hint = f"What only one service has is given so: --option {name}=VALUE. {hint}"
    return UsageError(message, hint=hint)


def _spelled_here(name: str, parameters: Sequence[click.Parameter]) -> list[str]:
    """The option that Python, or an underscore, spells like this: --output-format is --format."""
    python = name.lstrip("-").replace("-", "_")
    return [
        parameter.opts[-1]
        for parameter in parameters
        if isinstance(parameter, click.Option) and parameter.name == python
    ]
