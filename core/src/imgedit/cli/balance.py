"""`imgedit balance`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .completing import provider_names
from .options import common
from .screen import Screen

if TYPE_CHECKING:
    from ..engine.live import Balance


@click.command(epilog="Example: imgedit balance acme")
@click.argument("provider", shell_complete=provider_names)
@common
@click.pass_obj
def balance(screen: Screen, as_json: bool, provider: str) -> None:
    """What is left on your account at PROVIDER; asking is free."""
    from ..client import Client
    from ..contract.money import plain
    from .tasks import run_task

    async def work() -> Balance:
        async with Client.from_config(journal=False) as client:
            return await client.balance(provider)

    found = run_task(work(), screen.watch)
    if as_json:
        amounts = [{"amount": plain(one.amount), "unit": one.unit} for one in found.amounts]
        as_of = found.as_of.isoformat()
        screen.document({"balance": {"provider": provider, "amounts": amounts, "as_of": as_of}})
        return
    for one in found.amounts:
        screen.line(str(one))
