"""`imgedit completion`."""

from __future__ import annotations

import click

from .screen import Screen

_HOW = """\b
bash: eval "$(imgedit completion bash)"    in ~/.bashrc
zsh:  eval "$(imgedit completion zsh)"     in ~/.zshrc, after compinit
fish: imgedit completion fish | source     in ~/.config/fish/config.fish"""


@click.command(
    help=f"Print what makes Tab complete commands, options, providers and models.\n\n{_HOW}",
    epilog="Example: imgedit completion bash",
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]), metavar="bash|zsh|fish")
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the script of a shell."""
    from click.shell_completion import ShellComplete, get_completion_class

    root = ctx.find_root()
    name = root.info_name or "imgedit"
    made = get_completion_class(shell)
    assert made is not None  # the choices above are click's
    # Not the class's own `source`: for bash that runs a bash to look at its version.
    script = ShellComplete.source(made(root.command, {}, name, f"_{name.upper()}_COMPLETE"))
    ctx.ensure_object(Screen).line(script.rstrip("\n"))
