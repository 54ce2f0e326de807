"""For the tests of an app: nothing is ever paid."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..engine.spending import spending_refused


@contextmanager
def no_spending() -> Iterator[None]:
    """While this holds, a request that spends is refused unless it stays on this machine.

    It is refused with BudgetExceeded, before a byte of it leaves, in every client of this process.
    For other processes, or a whole test run, set IMGEDIT_NO_SPENDING=1. As a fixture::

        @pytest.fixture(autouse=True)
        def _never_pay():
            with imgedit.testing.no_spending():
                yield
    """
    with spending_refused():
        yield
