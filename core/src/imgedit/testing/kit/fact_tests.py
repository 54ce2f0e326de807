"""Standard tests of what an answer says beside the pictures: the cost, a hash, a size, a date."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from attrs import evolve

from ...contract.exchange import HttpResponse, resolve
from ...contract.money import to_amount
from ...contract.outcome import Done, Output, Step
from ...discovery import values
from .flow_tests import WHOLE, whole
from .hostile import put
from .load_tests import LOADS
from .standard import skip, standard
from .subject import said

if TYPE_CHECKING:
    from .play import Exchange
    from .subject import Subject

COST = "test_the_cost_is_what_the_vendor_says"
FACTS = "test_announced_facts_come_from_the_answer"
_MISSING: Final = object()
_STRANGE: Final[tuple[Any, ...]] = ("", "soon", 7, -1, True, None, [], {}, _MISSING)


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
        """A hash, a size, a date, a cost, an id or a model in another form costs no paid picture.

        If this fails: hand on what the answer says, `expires_at=one.get("until")`, and convert
        nothing: the core leaves out what cannot be read. Of `Facts` leave out yourself what has
        another form: a cost that is no number, an id or a model that is no text.
        """
        tried = 0
        for exchange in whole(subject).exchanges:
            usual = _json(exchange.response)
            for pointer in _beside(subject, exchange, usual):
                tried += 1
                for strange in _STRANGE:
                    form = "missing" if strange is _MISSING else json.dumps(strange)
                    told = f"the {exchange.request.purpose} with {pointer} {form}"
                    try:
                        step = _step_with(subject, exchange, usual, pointer, strange)
                    except Exception as error:
                        raise AssertionError(f"{told} ends in {said(error)}") from None
                    assert _way(step) == _way(exchange.step), f"{told} leads elsewhere"
        if not tried:
            skip("the recorded answers say nothing of a picture but where it is")


def _json(response: HttpResponse) -> Any:
    try:
        return json.loads(response.body)
    except ValueError:  # a picture
        return None


def _beside(subject: Subject, exchange: Exchange, usual: Any) -> Iterator[str]:
    """Where an answer holds what becomes a fact, and changes nothing of how the edit goes on."""
    for pointer, told in _leaves(usual):
        for other in _others(told):
            try:
                step = _step_with(subject, exchange, usual, pointer, other)
            except Exception:  # noqa: S112  # it is no fact, or the other value has another form
                continue
            if _facts(step) != _facts(exchange.step) and _way(step) == _way(exchange.step):
                yield pointer
                break


def _others(value: Any) -> tuple[Any, ...]:
    """Other values in the same form, as far as it can be told."""
    if isinstance(value, bool):
        return (not value,)
    if isinstance(value, int | float):
        return (value + 1,)
    last = re.sub(r"[0-9](?=[^0-9]*$)", lambda digit: "1" if digit[0] == "0" else "0", value)
    return last, f"1{value}"  # a date, an amount or a hash; a name


def _step_with(subject: Subject, exchange: Exchange, usual: Any, pointer: str, value: Any) -> Step:
    answer = copy.deepcopy(usual)
    put(answer, pointer, None if value is _MISSING else value)
    outer, _, name = pointer.rpartition("/")
    if value is _MISSING and isinstance(inside := resolve(answer, outer), dict):
        inside.pop(name.replace("~1", "/").replace("~0", "~"))
    response = evolve(exchange.response, body=json.dumps(answer).encode())
    return values.step(subject.hooks.call("parse_response", job=exchange.job, response=response))


def _facts(step: Step) -> Any:
    return step.facts, step.images if isinstance(step, Done) else ()


def _way(step: Step) -> Any:
    """How the edit goes on: with which pictures, or in which state."""
    if isinstance(step, Done):
        return [(output.url, output.base64) for output in step.images]
    return type(step), step.state


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
