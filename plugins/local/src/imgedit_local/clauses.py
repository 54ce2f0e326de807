"""Instructions: a prompt's items between commas and "and", each with one operation.

`split` cuts, `open_clause` finds operation, direction and strength, `share` lets coordinated
instructions share the latter two. The values are read in `parse`.
"""

from __future__ import annotations

from itertools import pairwise

from attrs import define, field

from .operations import OPERATIONS, Form, Operation, Reads
from .tokens import Item, Kind

_SILENT = frozenset({Kind.FILLER, Kind.POLITE, Kind.MAKE, Kind.TURN, Kind.TO})
_VERBS = frozenset({Kind.MAKE, Kind.TURN, Kind.ADD, Kind.RAISE})
_AMOUNTS = frozenset({Kind.STRENGTH, Kind.PERCENT})
_BY_NAME = {row.name: row for row in OPERATIONS}


class Refused(Exception):
    """One instruction cannot be read; the message says why, if there is more to say."""


@define
class Clause:
    """One instruction. `joined` is what stood before it; what the rules take is left out of
    `left`, and whatever remains there was not understood."""

    items: list[Item]
    joined: Kind
    left: list[Item] = field(init=False)
    word: Item = field(init=False)
    operation: Operation = field(init=False)
    sign: float = 0.0
    amount: Item | None = None

    def __attrs_post_init__(self) -> None:
        self.left = [item for item in self.items if item.kind not in _SILENT]

    @property
    def text(self) -> str:
        """The instruction as it was written."""
        return " ".join(item.text for item in self.items)

    def take(self, *kinds: Kind) -> Item | None:
        """The only item of these kinds, taken out; None when there is none."""
        found = [item for item in self.left if item.kind in kinds]
        if len(found) > 1:
            raise Refused
        if not found:
            return None
        self.left = [item for item in self.left if item is not found[0]]
        return found[0]

    def after(self, item: Item, other: Item) -> bool:
        """Whether `item` was written behind `other`."""
        return _place(self.items, item) > _place(self.items, other)

    def introduced(self, item: Item, kind: Kind) -> bool:
        """Whether a word of this kind ("by", "to") stands right before the item."""
        place = _place(self.items, item)
        while place and self.items[place - 1].kind is Kind.FILLER:
            place -= 1
        return place > 0 and self.items[place - 1].kind is kind


def _place(among: list[Item], item: Item) -> int:
    return next(place for place, other in enumerate(among) if other is item)


def split(found: list[Item]) -> list[Clause]:
    """Cut between instructions; pure politeness is none."""
    clauses: list[Clause] = []
    joined = Kind.STOP
    current: list[Item] = []

    def close() -> None:
        if any(item.kind is not Kind.POLITE for item in current):
            clauses.append(Clause(current, joined))

    for item in found:
        if item.kind in (Kind.AND, Kind.STOP):
            close()
            # ", and" joins as closely as a comma does.
            joined = item.kind if current else max(joined, item.kind, key=lambda k: k is Kind.STOP)
            current = []
        else:
            current.append(item)
    close()
    return clauses


def open_clause(clause: Clause) -> None:
    """Find the instruction's operation, direction and strength."""
    word = clause.take(Kind.OPERATION)
    operation = word.operation if word is not None else _implied(clause)
    if operation is None:
        raise Refused
    clause.operation = operation
    clause.word = word or Item(Kind.OPERATION, "", operation=operation, form=Form.THING)
    clause.left = [
        item
        for item in clause.left
        if not (item.kind is Kind.BESIDE and item.word in clause.operation.beside)
    ]
    if clause.operation.reads in (Reads.CHANGE, Reads.AMOUNT):
        clause.sign = _direction(clause)
        clause.amount = clause.take(*_AMOUNTS)
        if clause.amount is not None and clause.amount.kind is Kind.PERCENT:
            if clause.introduced(clause.amount, Kind.TO) and clause.word.form is not Form.THING:
                raise Refused(f"say by {clause.amount.text}: a change is a share of what is there")
            if clause.introduced(clause.amount, Kind.BY):
                clause.take(Kind.BY)


def _implied(clause: Clause) -> Operation | None:
    """The operation of an instruction that names none: "make it 16:9", "turn left"."""
    kinds = {item.kind for item in clause.left}
    turned = kinds & {Kind.DEGREES, Kind.SIDE} or upside_down(clause)
    if turned and any(item.kind is Kind.TURN for item in clause.items):
        return _BY_NAME["rotate"]
    if kinds == {Kind.RATIO}:
        return _BY_NAME["crop"]
    if kinds & {Kind.SIZE, Kind.FACTOR, Kind.DIMENSION}:
        return _BY_NAME["resize"]
    return None


def upside_down(clause: Clause) -> bool:
    """Whether these words are among what is left."""
    return any(item.word == "upside down" for item in clause.left)


def _direction(clause: Clause) -> float:
    """+1 or -1; 0 when a quantity waits for the direction of the instruction before it."""
    compare = clause.take(Kind.COMPARE)
    other = clause.take(Kind.RAISE, Kind.UPDOWN)
    add = clause.take(Kind.ADD)
    word, form, sign = clause.word, clause.word.form, clause.word.number
    if compare is not None and other is not None:
        raise Refused
    if compare is not None:
        if _next_word(clause, compare) is not word or form is Form.VERB:
            raise Refused
        if form is Form.COMPARATIVE and compare.number < 0:
            raise Refused
        sign = compare.number * (sign or 1)
    elif other is not None:
        if form not in (Form.QUANTITY, Form.THING) or add is not None:
            raise Refused
        sign = other.number
    elif add is not None and form is Form.QUANTITY:
        sign = 1
    if form is Form.QUANTITY and not sign:
        sign = _written_sign(clause)
    if add is not None and (sign < 0 or form in (Form.VERB, Form.COMPARATIVE)):
        raise Refused
    if clause.operation.reads is Reads.AMOUNT and sign < 0:
        raise Refused(f"{clause.operation.title} can be added, not taken away")
    return sign


def _next_word(clause: Clause, item: Item) -> Item | None:
    place = _place(clause.items, item)
    return clause.items[place + 1] if place + 1 < len(clause.items) else None


def _written_sign(clause: Clause) -> float:
    for item in clause.left:
        if item.kind is Kind.PERCENT and item.signed:
            return 1.0 if item.number > 0 else -1.0
    return 0.0


def share(clauses: list[Clause]) -> None:
    """Let coordinated words share a direction and a strength.

    Only where the second has no verb of its own: "slightly brighter and warmer", "increase
    brightness and contrast by 20%", "more contrast, saturation".
    """
    for first, second in pairwise(clauses):
        if not (_shares(first) and _shares(second)) or _has_verb(second):
            continue
        if second.word.form is Form.BASE and _lessens(first) and not _compares(second):
            raise Refused("say less before each word that it belongs to")
        if second.word.form is Form.QUANTITY and not second.sign and first.sign:
            if first.word.form is not Form.QUANTITY or _written_sign_of(first):
                continue
            second.sign = first.sign
        elif second.joined is not Kind.AND:
            continue
        if (
            second.amount is None
            and first.amount is not None
            and first.after(first.word, first.amount)
        ):
            second.amount = first.amount
    for first, second in reversed(list(pairwise(clauses))):
        if not (_shares(first) and _shares(second)) or _has_verb(second):
            continue
        if first.amount is None and second.amount is not None and second.joined is Kind.AND:
            own = any(item is second.amount for item in second.items)
            if not own or second.after(second.amount, second.word):
                first.amount = second.amount


def _shares(clause: Clause) -> bool:
    return clause.operation.reads in (Reads.CHANGE, Reads.AMOUNT) and clause.word.form in (
        Form.QUANTITY,
        Form.BASE,
        Form.COMPARATIVE,
    )


def _has_verb(clause: Clause) -> bool:
    return any(item.kind in _VERBS for item in clause.items)


def _compares(clause: Clause) -> bool:
    return any(item.kind is Kind.COMPARE for item in clause.items)


def _lessens(clause: Clause) -> bool:
    return any(item.kind is Kind.COMPARE and item.number < 0 for item in clause.items)


def _written_sign_of(clause: Clause) -> bool:
    return clause.amount is not None and clause.amount.signed
