"""A switch for tests: what spends money stays on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from ..errors import BudgetExceeded

VARIABLE: Final = "IMGEDIT_NO_SPENDING"
"""Set to anything, it turns spending off for a process and those that it starts."""

_refusals = 0


@contextmanager
def spending_refused() -> Iterator[None]:
    """While this holds, nothing that spends leaves this machine, whichever thread sends it."""
    global _refusals
    _refusals += 1
    try:
        yield
    finally:
        _refusals -= 1


def check_spending(host: str) -> None:
    """Let a request that spends go to `host`, or not.

    Raises:
        BudgetExceeded: spending is off and the host is another machine; nothing was sent.
    """
    if not _refusals and not os.environ.get(VARIABLE):
        return
    from ..transport.site import is_loopback

    if not is_loopback(host):
        raise BudgetExceeded(
            f"spending is switched off, so the request to {host} was not sent",
            hint=f"A test that means to pay leaves out imgedit.testing.no_spending and {VARIABLE}.",
        )
