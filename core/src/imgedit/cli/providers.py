"""`imgedit providers`."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import attrs
import click

from ..errors import UsageError
from .completing import provider_names
from .exits import PLUGIN
from .options import common
from .screen import Screen

if TYPE_CHECKING:
    from ..discovery import AddonRow, ProviderRow
    from ..discovery.places import Place
    from ..testing import CheckRow

_ALL = "*"


@click.command(epilog="Example: imgedit providers --check local")
@click.option(
    "--check",
    is_flag=False,
    flag_value=_ALL,
    metavar="[NAME]",
    shell_complete=provider_names,
    help="Load each plugin, or one, and say what is wrong with it; exits 9 if anything is.",
)
@click.option(
    "--deep",
    is_flag=False,
    flag_value=_ALL,
    metavar="[NAME]",
    shell_complete=provider_names,
    help="Run the tests for plugin authors as well, up to a minute each; sends nothing.",
)
@common
@click.pass_obj
def providers(screen: Screen, as_json: bool, check: str | None, deep: str | None) -> int:
    """What is installed, from metadata alone: no plugin is run unless it is checked."""
    from ..discovery import registry

    known = registry()
    if deep is not None:
        if deep == _ALL:
            deep = check or _ALL
        elif check in (None, _ALL):
            check = deep
        elif check != deep:
            raise click.UsageError(f"--check names {check} and --deep names {deep}")
        check = check or deep
    begun = time.perf_counter()
    if check is None:
        rows = known.rows()
    else:
        rows = [known.check(name) for name in (known.names() if check == _ALL else [check])]
    everything = check in (None, _ALL)
    addons = known.addon_rows(check=check is not None) if everything else []
    if check == _ALL:
        addons += [row for row in known.lacking(_required()) if row.status == "missing"]
    commands = _command_rows(check=check is not None) if everything else []
    took = time.perf_counter() - begun
    tested = [row.name for row in rows if row.status == "ok"] if deep is not None else []
    tests = {name: _deep(screen, name) for name in tested}
    if as_json:
        screen.document(
            {
                "providers": [attrs.asdict(row) for row in rows],
                "addons": [attrs.asdict(row) for row in addons],
                "commands": commands,
                "tests": [
                    {"provider": name, **attrs.asdict(row)}
                    for name, found in tests.items()
                    for row in found
                ],
            }
        )
    else:
        _show(screen, rows, addons, commands, checked=check is not None)
        if check is not None:
            screen.note(f"Checked in {took * 1000:.0f} ms")
        _show_tests(screen, tests)
    statuses = [row.status for row in rows] + [row.status for row in addons]
    statuses += [row["status"] for row in commands]
    statuses += ["broken" for found in tests.values() for row in found if row.outcome == "failed"]
    failed = any(status not in ("ok", "ignored") for status in statuses)
    return PLUGIN if check is not None and failed else 0


def _required() -> tuple[str, ...]:
    """The distributions whose add-ons the settings require."""
    from ..config import Paths, load_config

    return load_config(Paths.from_environment().config_file).addons.required


def _deep(screen: Screen, name: str) -> list[CheckRow]:
    """Run the standard tests on a provider.

    Raises:
        UsageError: what they need is not installed.
    """
    from importlib import import_module

    try:
        import_module("hypothesis")  # without it the kit would leave the best tests out
    except ModuleNotFoundError:
        raise UsageError(
            "--deep needs what imgedit-core[testing] brings",
            hint="Run: pip install 'imgedit-core[testing]'",
        ) from None
    from ..testing import check_provider

    if not screen.as_json:
        screen.note(f"Testing {name} ...")
    return check_provider(name)


def _show_tests(screen: Screen, tests: Mapping[str, list[CheckRow]]) -> None:
    for name, rows in tests.items():
        outcomes = [row.outcome for row in rows]
        told = ", ".join(
            f"{outcomes.count(outcome)} {word}"
            for outcome, word in (("ok", "passed"), ("failed", "failed"), ("skipped", "skipped"))
            if outcome in outcomes
        )
        reasons = Counter(row.message for row in rows if row.outcome == "skipped")
        more = " (--verbose says why)" if reasons and not screen.verbose else ""
        screen.line()
        screen.line(f"{name}: {told}{more}")
        for reason, count in reasons.most_common() if screen.verbose else ():
            screen.line(f"  {count} skipped: {reason}")
        for row in rows:
            if row.outcome == "failed":
                screen.line(f"  {row.test}: {row.message}")
                if row.hint:
                    screen.line(f"    {row.hint}")


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
            told = [f"{row.name} ({label}) is {row.status}: {row.reason}"]
            reasons.append("\n".join(told + [f"  {_place(place)}" for place in row.places]))
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


def _place(place: Place) -> str:
    """As editors and terminals take it: file:line: what is wrong."""
    try:
        file = place.file.removeprefix(os.getcwd() + os.sep)
    except OSError:  # this folder was deleted
        file = place.file
    return f"{file if place.line is None else f'{file}:{place.line}'}: {place.says}"


def _key(row: ProviderRow) -> str:
    if row.key is None:
        return "none needed"
    return f"{row.key} is {'set' if row.key_set else 'not set'}"
