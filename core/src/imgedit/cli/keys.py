"""`imgedit keys`: where keys are kept. No key is ever an argument, and none is ever shown."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import attrs
import click

from ..errors import PluginError, UnknownProvider, UsageError
from .completing import provider_names
from .options import common
from .screen import Screen, is_terminal

if TYPE_CHECKING:
    from ..config import Config, KeyOrigin, Paths

_LONGEST = 100_000


@click.group(epilog="Example: imgedit keys set acme")
def keys() -> None:
    """Keep the keys of services; an environment variable always wins.

    A key is looked for in the environment, then asked of the program api_key_command in
    config.toml, then looked for in the system keyring and in a file that only you can read.
    """


@keys.command(
    name="set",
    epilog="Example: imgedit keys set acme < key.txt",
    # Or click itself would refuse what is too much, and print it.
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
@click.argument("provider", shell_complete=provider_names)
@click.option("--part", metavar="NAME", help="Which part, where a key has several.")
@common
@click.pass_context
def set_(context: click.Context, as_json: bool, provider: str, part: str | None) -> None:
    """Keep the key of PROVIDER: typed in, or the first line of the standard input.

    It goes to the system keyring, or where there is none to a file that only you can read.
    """
    from ..config import Paths, check_key, load_config, vault
    from ..config.keyfile import store_key

    screen: Screen = context.obj
    if context.args:
        raise UsageError(
            "a key is never an argument: other programs, and the shell's history, would see it",
            hint="Type it in after: imgedit keys set PROVIDER",
        )
    paths = Paths.from_environment()
    config = load_config(paths.config_file)
    wanted = _parts(provider, part)
    values = [(name, check_key(_read(provider, name), f"the {name}")) for name in wanted]
    stored = []
    for name, value in values:
        why = vault.store(provider, name, value)
        if why is not None:
            store_key(paths.keys_file, provider, name, value)
        where = None if why is None else str(paths.keys_file)
        source = "keyring" if why is None else "file"
        stored.append({"provider": provider, "part": name, "source": source, "where": where})
        if not as_json:
            place = "the system keyring" if why is None else f"{where}, for you alone: {why}"
            screen.line(f"The {name} of {provider} is kept in {place}.")
    notes = list(_winners(provider, wanted, stored, config, paths))
    if as_json:
        screen.document({"stored": stored, "notes": notes})
    for note in notes:
        screen.warn(note)


@keys.command(name="list", epilog="Example: imgedit keys list")
@click.argument("provider", required=False, shell_complete=provider_names)
@common
@click.pass_obj
def list_(screen: Screen, as_json: bool, provider: str | None) -> None:
    """Where the key of each service comes from; never the key itself."""
    from ..config import Paths, load_config
    from .tables import table

    paths = Paths.from_environment()
    config = load_config(paths.config_file)
    rows = [row for name in _names(screen, provider) for row in _origins(name, config, paths)]
    if as_json:
        screen.document({"keys": [attrs.asdict(row) for row in rows]})
        return
    if not rows:
        screen.line("No key is needed.")
        return
    several = any(row.part != "key" for row in rows)
    cells = [
        (row.provider, row.part if several else "", _say_origin(row), row.problem or "")
        for row in rows
    ]
    screen.show(table(screen, ("provider", "part", "comes from", "problem"), cells))


@keys.command(epilog="Example: imgedit keys remove acme")
@click.argument("provider", shell_complete=provider_names)
@click.option("--part", metavar="NAME", help="Only this part, where a key has several.")
@common
@click.pass_obj
def remove(screen: Screen, as_json: bool, provider: str, part: str | None) -> None:
    """Forget the key of PROVIDER that is kept in the system keyring or in the file."""
    from ..config import Paths, load_config, vault
    from ..config.keyfile import read_keys, remove_key

    paths = Paths.from_environment()
    config = load_config(paths.config_file)
    try:
        wanted = _parts(provider, part)
    except UnknownProvider:
        # A plugin that is gone leaves its key behind.
        if provider not in read_keys(paths.keys_file) and vault.read(provider, "key") is None:
            raise
        wanted = ["key" if part is None else part]
    gone: list[tuple[str, str, str | None]] = [
        (name, "keyring", None) for name in wanted if vault.remove(provider, name)
    ]
    file = str(paths.keys_file)
    gone += [(name, "file", file) for name in remove_key(paths.keys_file, provider, part)]
    removed = [
        {"provider": provider, "part": name, "source": source, "where": where}
        for name, source, where in gone
    ]
    notes = [
        f"{_say_origin(row)} still gives the {row.part} of {provider}"
        for row in _origins(provider, config, paths, quiet=True)
        if row.source is not None and row.part in wanted
    ]
    if as_json:
        screen.document({"removed": removed, "notes": notes})
        return
    for name, _, where in gone:
        place = where or "the system keyring"
        screen.line(f"The {name} of {provider} was removed from {place}.")
    if not gone:
        screen.line(f"No key of {provider} was kept.")
    for note in notes:
        screen.warn(note)


def _variables(provider: str) -> dict[str, tuple[str, ...]]:
    from ..discovery import registry
    from ..manifest import key_names

    return key_names(registry().manifest(provider))


def _parts(provider: str, part: str | None) -> list[str]:
    """The parts that are meant.

    Raises:
        UsageError: there is no such part, or the provider needs no key.
    """
    names = list(_variables(provider))
    if not names:
        raise UsageError(f"{provider} needs no key", provider=provider)
    if part is None:
        return names
    if part not in names:
        raise UsageError(
            f"the key of {provider} has no part {part!r}",
            hint=f"Its parts are: {', '.join(names)}.",
            provider=provider,
        )
    return [part]


def _read(provider: str, part: str) -> str:
    """A key from the keyboard, unseen, or a line of the standard input."""
    if sys.stdin is not None and is_terminal(sys.stdin):
        what = "Key" if part == "key" else f"Key, part {part},"
        typed: str = click.prompt(f"{what} of {provider}", hide_input=True, err=True)
        return typed
    try:
        line = "" if sys.stdin is None else sys.stdin.readline(_LONGEST)
    except (OSError, ValueError):
        line = None
    # Raised out here: a decoding error holds what was read.
    if line is None:
        raise UsageError("the standard input cannot be read as text", hint="Give one line of text.")
    line = line.removesuffix("\n").removesuffix("\r")
    if not line:
        raise UsageError(
            f"no {part} was given",
            hint=f"Type it in at a terminal, or: imgedit keys set {provider} < FILE",
        )
    return line


def _names(screen: Screen, provider: str | None) -> Iterator[str]:
    from ..discovery import registry

    if provider is not None:
        yield provider
        return
    for row in registry().rows():
        if row.status == "ok":
            yield row.name
        else:
            screen.warn(f"{row.name} is left out: it is {row.status}")


def _origins(
    provider: str, config: Config, paths: Paths, *, quiet: bool = False
) -> list[KeyOrigin]:
    from ..config import find_origins

    try:
        variables = _variables(provider)
    except PluginError:
        if quiet:
            return []
        raise
    return find_origins(
        variables,
        provider,
        command=config.of(provider).api_key_command,
        keyring=True,
        file=paths.keys_file,
    )


def _winners(
    provider: str,
    parts: Sequence[str],
    stored: Sequence[dict[str, Any]],
    config: Config,
    paths: Paths,
) -> Iterator[str]:
    """What goes before the key that was just kept."""
    places = {row["part"]: row["source"] for row in stored}
    for row in _origins(provider, config, paths):
        if row.part in parts and row.source != places[row.part]:
            yield f"{_say_origin(row)} goes before the {row.part} that is kept now"


def _say_origin(row: KeyOrigin) -> str:
    match row.source:
        case "environment":
            return f"environment variable {row.where}"
        case "command":
            return f"api_key_command ({row.where})"
        case "keyring":
            return "system keyring"
        case "file":
            return str(row.where)
        case _:
            return f"nowhere: set {' or '.join(row.variables)}, or run imgedit keys set"
