"""What is left on an account, from the vendor's answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..contract.money import Money
from .places import amount_at, body_of, look

if TYPE_CHECKING:
    from ..contract.exchange import HttpResponse
    from .read import Manifest


def read_balance(manifest: Manifest, response: HttpResponse) -> tuple[Money, ...]:
    """The amounts that the manifest's `balance` names; () when the answer holds none of them."""
    body = body_of(response)
    found = []
    for row in (manifest.balance or {}).get("amounts", ()):
        amount = amount_at(look(body, row["at"]), row.get("scale"))
        if amount is not None:
            found.append(Money(amount, row.get("unit", manifest.unit)))
    return tuple(found)
