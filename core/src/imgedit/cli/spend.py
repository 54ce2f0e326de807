"""`imgedit spend`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .books import journal_alone
from .options import common
from .screen import Screen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from ..ledger.spend import Left, Spend


@click.command(epilog="Example: imgedit spend --by provider --since 30d")
@click.option(
    "--by",
    type=click.Choice(["provider", "model", "label", "day", "month"]),
    help="Into which groups.  [default: one]",
)
@click.option("--since", metavar="TIME", help="Only the last so many days or hours: 30d, 12h.")
@common
@click.pass_obj
def spend(screen: Screen, as_json: bool, by: str | None, since: str | None) -> None:
    """What was quoted, charged and refunded, what is reserved, and what budgets leave.

    Different units are never added up. Drift = charged less quoted, where the vendor said what it
    charged; a charge that is assumed from the quote is marked.
    """
    from ..engine.record import now
    from .settling import days

    begin = None if since is None else now() - days(since, "--since")
    with journal_alone() as client:
        rows, budgets = client.spend(by=by, since=begin), client.budgets()
    if as_json:
        screen.document(
            {
                "by": by,
                "since": None if begin is None else begin.isoformat(timespec="seconds"),
                "spend": [row.row() for row in rows],
                "budgets": [left.row() for left in budgets],
            }
        )
        return
    if not rows:
        screen.line("Nothing was spent.")
    else:
        screen.show(_table(screen, by, rows))
    if budgets:
        screen.line()
        screen.show(_budgets(screen, budgets))


def _table(screen: Screen, by: str | None, rows: Sequence[Spend]) -> Table:
    from ..contract.money import plain
    from .tables import table

    cells = [
        (
            "all" if row.key is None else row.key or "(no label)",
            row.unit,
            str(row.jobs),
            plain(row.quoted),
            plain(row.charged),
            plain(row.assumed) if row.assumed else "",
            plain(row.refunded) if row.refunded else "",
            plain(row.reserved) if row.reserved else "",
            f"{row.drift:+f}" if row.drift else "",
            str(row.unknown) if row.unknown else "",
        )
        for row in rows
    ]
    names = (
        by or "", "unit", "jobs", "quoted", "charged", "of it assumed", "refunded", "reserved",
        "drift", "not known",
    )  # fmt: skip
    return table(screen, names, cells)


def _budgets(screen: Screen, budgets: Sequence[Left]) -> Table:
    from ..contract.money import Money, plain
    from .tables import table

    cells = [
        (
            str(left.budget),
            str(Money(left.counted, left.budget.amount.unit)),
            str(Money(left.left, left.budget.amount.unit)),
            ", ".join(f"{plain(one.amount)} {one.unit}" for one in left.not_counted),
        )
        for left in budgets
    ]
    return table(screen, ("budget", "counted", "left", "not counted (no rate)"), cells)
