"""The command `imgedit`: its subcommands, ours and those of plugins, loaded when they are used."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING

import click

from .. import __version__
from ..errors import BrokenPlugin, ImgEditError
from .screen import Screen

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

# Name → one line for --help; the module of the same name (_ for -) holds the command.
COMMANDS: Mapping[str, str] = {
    "edit": "Edit a picture with words.",
    "quote": "What an edit would cost, and who can do it.",
    "providers": "What is installed, and whether it works.",
    "models": "What each model can do and costs.",
    "balance": "What is left on an account.",
    "keys": "Keep the keys of services.",
    "jobs": "Earlier edits; go on with one that was interrupted.",
    "spend": "What was charged, and what budgets leave.",
    "new-provider": "Begin a plugin for a service.",
    "record": "Keep a service's real answers for a plugin's tests.",
    "completion": "Complete commands with Tab in bash, zsh or fish.",
}


class Commands(click.Group):
    """Ours first, then those of plugins; help loads no code of theirs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every name, broken plugins' too."""
        return [*COMMANDS, *plugin_commands()]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command of this name, imported now."""
        if name in COMMANDS:
            module = name.replace("-", "_")
            command: click.Command = getattr(import_module(f".{module}", __package__), module)
            return command
        owner = plugin_commands().get(name)
        if owner is None:
            return None
        try:
            found = load_plugin_command(name)
        except ImgEditError:
            if ctx.resilient_parsing:  # completing a command line
                return None
            raise
        screen = ctx.find_object(Screen)
        if screen is not None:
            screen.hand_over(owner.strip("()"))
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Names with a line each, without importing the commands."""
        for title, rows in (("Commands", COMMANDS), ("From plugins", plugin_commands())):
            if rows:
                with formatter.section(title):
                    formatter.write_dl(list(rows.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The names of commands, without importing one, and our own options."""
        from click.shell_completion import CompletionItem

        rows = {**COMMANDS, **plugin_commands()}
        found = [
            CompletionItem(name, help=says)
            for name, says in rows.items()
            if name.startswith(incomplete)
        ]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, and an unknown name is answered with the nearest one."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from difflib import get_close_matches

            near = get_close_matches(args[0], self.list_commands(ctx), 1)
            hint = (
                f" Did you mean {near[0]!r}?" if near and "Did you mean" not in str(error) else ""
            )
            raise click.UsageError(f"there is no command {args[0]!r}.{hint}", ctx) from None


def plugin_commands() -> dict[str, str]:
    """Names that plugins bring → whose they are; a name of ours is not theirs to take."""
    from ..discovery import scan

    claims = scan.only(scan.installed(), scan.allowed())[scan.COMMANDS]
    return {
        name: "(" + " and ".join(claim.owner.label for claim in claimed) + ")"
        for name, claimed in sorted(claims.items())
        if name not in COMMANDS
    }


def shadowed_commands() -> dict[str, str]:
    """Names of ours that a plugin claims in vain → whose it is."""
    from ..discovery import scan

    claims = scan.only(scan.installed(), scan.allowed())[scan.COMMANDS]
    return {
        name: " and ".join(claim.owner.label for claim in claims[name])
        for name in sorted(claims)
        if name in COMMANDS
    }


def load_plugin_command(name: str) -> click.Command:
    """Import the command of a plugin.

    Raises:
        BrokenPlugin, AmbiguousProvider: it cannot be loaded.
    """
    from ..discovery import registry

    command = registry().command(name)
    if not isinstance(command, click.Command):
        raise BrokenPlugin(
            f"the command {name!r} {plugin_commands().get(name, '')} is not a click command",
            hint="Tell its author.",
        )
    return command


@click.group(
    cls=Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog='Example: imgedit edit photo.jpg "make it warmer" -o warm.jpg',
)
@click.version_option(__version__, message="imgedit %(version)s")
@click.pass_context
def app(ctx: click.Context) -> None:
    """Edit pictures with words, through whichever AI service you choose."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())
