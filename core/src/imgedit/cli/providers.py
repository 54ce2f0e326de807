"""`imgedit providers`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import attrs
import click

from .exits import PLUGIN
from .options import common
from .screen import Screen

if TYPE_CHECKING:
    from ..discovery import AddonRow, ProviderRow

_ALL = "*"


@click.command(epilog="Example: imgedit providers --check local")
@click.option(
    "--check",
    is_flag=False,
    flag_value=_ALL,
    metavar="[NAME]",
    help="Load each plugin, or one, and say what is wrong with it; exits 9 if anything is.",
)
@common
@click.pass_obj
def providers(screen: Screen, as_json: bool, check: str | None) -> int:
    """What is installed, from metadata alone: no plugin is run unless it is checked."""
    from ..discovery import registry

    known = registry()
    if check is None:
        rows = known.rows()
    else:
        rows = [known.check(name) for name in (known.names() if check == _ALL else [check])]
    everything = check in (None, _ALL)
    addons = known.addon_rows(check=check is not None) if everything else []
    commands = _command_rows(check=check is not None) if everything else []
    if as_json:
        screen.document(
            {
                "providers": [attrs.asdict(row) for row in rows],
                "addons": [attrs.asdict(row) for row in addons],
                "commands": commands,
            }
        )
    else:
        _show(screen, rows, addons, commands, checked=check is not None)
    statuses = [row.status for row in rows] + [row.status for row in addons]
    statuses += [row["status"] for row in commands]
    failed = any(status not in ("ok", "ignored") for status in statuses)
    return PLUGIN if check is not None and failed else 0


def _command_rows(*, check: bool) -> list[dict[str, Any]]:
    """The commands that plugins bring; with `check` each is loaded first."""
    from ..errors import ImgEditError
    from .app import load_plugin_command, plugin_commands, shadowed_commands

    found = []
    for name, owner in plugin_commands().items():
        reason = None
        if check:
            try:
                load_plugin_command(name)
            except ImgEditError as error:
                reason = error.message
        status = "ok" if reason is None else "broken"
        found.append(
            {"name": name, "distribution": owner.strip("()"), "status": status, "reason": reason}
        )
    for name, owner in shadowed_commands().items():
        reason = "imgedit has a command of this name itself"
        found.append({"name": name, "distribution": owner, "status": "ignored", "reason": reason})
    return found


def _show(
    screen: Screen,
    rows: Iterable[ProviderRow],
    addons: Iterable[AddonRow],
    commands: Iterable[dict[str, Any]],
    *,
    checked: bool,
) -> None:
    from .tables import table

    reasons = []
    cells = []
    for row in rows:
        label = f"{row.distribution} {row.version}".strip()
        known = row.status == "ok"
        cells.append(
            (
                row.name,
                label,
                row.status,
                str(row.models) if row.models else "",
                _key(row) if known else "",
            )
        )
        if row.reason:
            reasons.append(f"{row.name} ({label}) is {row.status}: {row.reason}")
    if cells:
        screen.show(table(screen, ("provider", "from", "status", "models", "key"), cells))
    else:
        from ..discovery.catalog import NOTHING_INSTALLED

        screen.line(f"No provider is installed. {NOTHING_INSTALLED}")
    for addon in addons:
        label = f"{addon.distribution} {addon.version}".strip()
        screen.line(f"add-on {addon.name} ({label}): {addon.status}")
        if addon.reason:
            reasons.append(f"add-on {addon.name} ({label}) is {addon.status}: {addon.reason}")
    for command in commands:
        screen.line(f"command {command['name']} ({command['distribution']}): {command['status']}")
        if command["reason"]:
            reasons.append(
                f"command {command['name']} ({command['distribution']}) is "
                f"{command['status']}: {command['reason']}"
            )
    for reason in reasons:
        screen.line()
        screen.line(reason)
    if reasons and not checked:
        screen.note("Look closer with: imgedit providers --check")


def _key(row: ProviderRow) -> str:
    if row.key is None:
        return "none needed"
    return f"{row.key} is {'set' if row.key_set else 'not set'}"
