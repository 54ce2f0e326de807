"""Standard tests of what an answer says beside the pictures: the cost, a hash, a size, a date."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from attrs import evolve

from ...contract.exchange import HttpResponse
from ...contract.money import to_amount
from ...contract.outcome import Done, Output
from ...discovery import values
from .flow_tests import WHOLE, whole
from .hostile import put
from .load_tests import LOADS
from .standard import skip, standard
from .subject import said

if TYPE_CHECKING:
    from .subject import Subject

COST = "test_the_cost_is_what_the_vendor_says"
FACTS = "test_announced_facts_come_from_the_answer"
_STRANGE: Final[tuple[Any, ...]] = ("", "soon", 7, -1, True, None, [], {})


class FactTests:
    """What stands beside a picture is the vendor's word, and costs no picture."""

    level: int

    @standard(needs=[LOADS, *WHOLE])
    def test_the_cost_is_what_the_vendor_says(self, subject: Subject) -> None:
        """The recorded answers' charge arrives as the cost, in the manifest's unit.

        If this fails: look at the unit (cents?) and at `Facts(cost=...)`: an int, a str or a
        Decimal, never a float.
        """
        wanted = subject.tests.cost
        if wanted is None:
            skip("no cost is given: see `cost`")
        cost = whole(subject).last.facts.cost
        assert cost == to_amount(wanted), f"the cost is {cost}, recorded is {wanted}"

    @standard(needs=[LOADS, *WHOLE])
    def test_announced_facts_come_from_the_answer(self, subject: Subject) -> None:
        """A hash or a size of a result is what the vendor announces, or it is left out.

        If this fails: do not compute or guess `sha256` or `size`: a right picture would be
        refused after it was paid.
        """
        flow = whole(subject)
        told = b"".join(
            one.response.body + repr(one.response.headers).encode() for one in flow.exchanges
        ).lower()
        assert flow.done is not None
        for output in _all_outputs(flow.done.images):
            for name in ("sha256", "size"):
                value = getattr(output, name)
                if value is not None and output.image is None:
                    assert str(value).lower().encode() in told, (
                        f"{name} {value} of a result stands in no answer"
                    )

    @standard(needs=[LOADS, *WHOLE])
    def test_strange_facts_lose_no_picture(self, subject: Subject) -> None:
        """A hash, a size or a date in another form than usual costs no paid picture.

        If this fails: hand on what the answer says, `expires_at=one.get("until")`, and convert
        nothing: the core leaves out what cannot be read.
        """
        last = whole(subject).exchanges[-1]
        usual = _json(last.response)
        beside = [pointer for pointer, told in _leaves(usual) if _is_announced(told, last.step)]
        if not beside:
            skip("the recorded answers say nothing of a picture but where it is")
        for pointer in beside:
            for strange in _STRANGE:
                answer = copy.deepcopy(usual)
                put(answer, pointer, strange)
                response = evolve(last.response, body=json.dumps(answer).encode())
                told = f"{pointer} {json.dumps(strange)}"
                try:
                    raw = subject.hooks.call("parse_response", job=last.job, response=response)
                    step = values.step(raw)
                except Exception as error:
                    raise AssertionError(f"with {told} it ends in {said(error)}") from None
                assert isinstance(step, Done), f"with {told} it does not end"
                urls = [[output.url for output in done.images] for done in (step, last.step)]
                assert urls[0] == urls[1], f"with {told} other pictures come out"


def _json(response: HttpResponse) -> Any:
    try:
        return json.loads(response.body)
    except ValueError:  # a picture
        return None


def _is_announced(value: Any, done: Done) -> bool:
    """Whether a value of an answer became a fact beside a picture."""
    return any(
        value in (output.sha256, output.size)
        or (
            isinstance(value, str)
            and output.expires_at is not None
            and Output(url="", expires_at=value).expires_at == output.expires_at
        )
        for output in _all_outputs(done.images)
    )


def _leaves(value: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    """Every text, number, true and false of a JSON value, with the pointer to it."""
    if isinstance(value, dict | list):
        pairs = value.items() if isinstance(value, dict) else enumerate(value)
        for name, item in pairs:
            yield from _leaves(item, f"{at}/{str(name).replace('~', '~0').replace('/', '~1')}")
    elif value is not None:
        yield at, value


def _all_outputs(outputs: Any) -> Iterator[Output]:
    for output in outputs:
        yield output
        yield from _all_outputs(output.variants.values())
