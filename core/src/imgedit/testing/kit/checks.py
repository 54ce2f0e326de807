"""All standard tests in one class, without pytest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .error_tests import ErrorTests
from .fact_tests import FactTests
from .flow_tests import FlowTests
from .hook_tests import HookTests
from .http_tests import HttpTests
from .key_tests import KeyTests
from .list_tests import ListTests
from .load_tests import LoadTests
from .price_tests import PriceTests
from .request_tests import RequestTests
from .settle_tests import SettleTests
from .standard import standard, standard_tests

if TYPE_CHECKING:
    from .subject import Subject


class Checks(
    HttpTests,
    ErrorTests,
    PriceTests,
    RequestTests,
    ListTests,
    KeyTests,
    SettleTests,
    FactTests,
    FlowTests,
    HookTests,
    LoadTests,
):
    """Every standard test."""

    level: int = 1

    @standard()
    def test_standard_tests_are_all_there(self, subject: Subject) -> None:
        """A standard test is overridden only with a reason: a strict xfail.

        If this fails: do not drop a test. Mark yours with
        `@pytest.mark.xfail(reason="...", strict=True)` and call the kit's with `super()`.
        """
        cls = type(self)
        for name, test in standard_tests(cls).items():
            mine = getattr(cls, name, None)
            if mine is test:
                continue
            assert known_to_fail(mine) is not None, (
                f"{name} is overridden without xfail(reason=..., strict=True)"
            )


def known_to_fail(test: Any) -> str | None:
    """The reason of a strict xfail, None when there is none."""
    for mark in getattr(test, "pytestmark", ()):
        if mark.name == "xfail" and mark.kwargs.get("strict") and mark.kwargs.get("reason"):
            return str(mark.kwargs["reason"])
    return None
