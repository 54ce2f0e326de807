"""Standard tests of the vendor's lists: its models, and what is left on the account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import evolve

from ...discovery import values
from ...manifest import read_balance, with_live_rows
from .encode import encode
from .load_tests import LOADS
from .standard import skip, standard
from .subject import said

if TYPE_CHECKING:
    from .subject import Subject


class ListTests:
    """The vendor's own lists are understood."""

    level: int

    @standard(needs=[LOADS])
    def test_live_models_are_read(self, subject: Subject) -> None:
        """The vendor's recorded list of models becomes rows that can lie over the manifest.

        If this fails: `list_models` asks with the purpose "models", and `parse_models` returns
        rows in the manifest's own language, each with an id.
        """
        if "list_models" not in subject.hooks.own:
            skip("it has no list of models")
        try:
            request = values.models_request(subject.hooks.call("list_models"))
        except (Exception, values.BadValue) as error:
            raise AssertionError(f"list_models: {said(error)}") from None
        answer = subject.recorded("models")
        if request is None or answer is None:
            skip("no answer with the purpose models is recorded")
        encode(request)
        try:
            rows = values.rows(subject.hooks.call("parse_models", response=evolve(answer)))
            assert rows, "the recorded list gives no row"
            with_live_rows(subject.manifest, rows)
        except Exception as error:
            raise AssertionError(f"parse_models: {said(error)}") from None

    @standard(needs=[LOADS])
    def test_the_balance_is_read(self, subject: Subject) -> None:
        """The manifest's `balance` finds the amounts in the recorded answer.

        If this fails: the pointers of `balance.amounts` lead nowhere in what the vendor answers.
        """
        answer = subject.recorded("balance")
        if subject.manifest.balance is None or answer is None:
            skip("no answer with the purpose balance is recorded")
        wanted = len(subject.manifest.balance["amounts"])
        found = read_balance(subject.manifest, answer)
        assert len(found) == wanted, f"{wanted} amounts are named and {len(found)} found"
