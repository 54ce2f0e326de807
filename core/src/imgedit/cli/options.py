"""The options that several commands share."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

import click

from . import completing

Command = TypeVar("Command", bound=Callable[..., Any])


def common(command: Command) -> Command:
    """`--json` (as `as_json`) and `--verbose`, which `run` has acted on already."""
    command = click.option(
        "--verbose",
        is_flag=True,
        expose_value=False,
        help="Tell on stderr what happens, in detail.",
    )(command)
    return click.option(
        "--json", "as_json", is_flag=True, help="Print one JSON document and nothing else."
    )(command)


_WHAT: tuple[Any, ...] = (
    click.argument("image", metavar="IMAGE", shell_complete=completing.files),
    click.argument("prompt", metavar="PROMPT"),
)
_WHO = click.option(
    "-p",
    "--provider",
    metavar="NAME",
    shell_complete=completing.provider_names,
    help="Who edits it; a,b = in this order; cheapest. See: imgedit providers.",
)
_THE_ONE = click.argument("provider", metavar="NAME", shell_complete=completing.provider_names)
_HOW: tuple[Any, ...] = (
    click.option(
        "-m",
        "--model",
        metavar="ID",
        shell_complete=completing.model_ids,
        help="With which model; see: imgedit models.",
    ),
    click.option("-n", type=int, default=1, metavar="N", help="How many pictures.  [default: 1]"),
    click.option("--aspect-ratio", metavar="RATIO", help="For example 16:9."),
    click.option("--resolution", metavar="SIZE", help="For example 1k; each model lists its own."),
    click.option(
        "--quality", metavar="QUALITY", help="For example high; each model lists its own."
    ),
    click.option("--format", "output_format", metavar="FORMAT", help="png, jpeg or webp."),
    click.option(
        "--mask",
        metavar="FILE",
        shell_complete=completing.files,
        help="A picture: white = change, black = keep.",
    ),
    click.option(
        "--reference",
        "references",
        multiple=True,
        metavar="FILE[=TEXT]",
        shell_complete=completing.files,
        help="A further picture, and what it is for; may be repeated.",
    ),
    click.option(
        "--option",
        "options",
        multiple=True,
        metavar="KEY=VALUE",
        help="Something only this service has; may be repeated.",
    ),
    click.option("--seed", type=int, metavar="N", help="For repeatable results."),
    click.option("--label", metavar="TEXT", help="Your own word for the edit; never sent."),
)


def request_options(command: Command) -> Command:
    """IMAGE, PROMPT and everything that describes an edit."""
    return _decorated(command, (*_WHAT, _WHO, *_HOW))


def request_of_one(command: Command) -> Command:
    """The same for one provider: NAME stands before IMAGE and PROMPT, as `provider`."""
    return _decorated(command, (_THE_ONE, *_WHAT, *_HOW))


def _decorated(command: Command, decorators: tuple[Any, ...]) -> Command:
    for decorate in reversed(decorators):
        command = decorate(command)
    return command


def timeout_option(command: Command) -> Command:
    """`--timeout`, as `deadline`."""
    return click.option(
        "--timeout",
        "deadline",
        type=float,
        callback=_seconds,
        metavar="SECONDS",
        help="Give up waiting after so long; the edit can be resumed.",
    )(command)


def _seconds(ctx: click.Context, parameter: click.Parameter, value: float | None) -> float | None:
    if value is not None and not (value > 0 and math.isfinite(value)):
        raise click.BadParameter("give a number of seconds above 0", ctx, parameter)
    return value
