"""Instructions: a prompt's items between commas and "and", each with one operation.

`split` cuts, `open_clause` finds operation, direction and strength. The values are read in
`readings`.
"""

from __future__ import annotations

from attrs import define, evolve, field

from .operations import BY_NAME, Form, Operation, Reads
from .tokens import Item, Kind

_SILENT = frozenset({Kind.FILLER, Kind.POLITE, Kind.MAKE, Kind.TURN, Kind.TO, Kind.WITH})
_AMOUNTS = frozenset({Kind.STRENGTH, Kind.PERCENT})
# "Brighten ... the shadows": the first names a part of the picture, the second what is done to it.
_MERGED = {
    ("shadows", "brightness"): "shadows",
    ("highlights", "brightness"): "highlights",
    ("background_replace", "blur"): "background_blur",
    ("background_replace", "recolour"): "background_replace",
}
# "Pad it with a white border": the same thing said twice.
_TWICE = frozenset({Reads.PAD, Reads.TEXT, Reads.COLOUR})


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

    def every(self, kind: Kind) -> list[Item]:
        """All items of this kind, in order; they stay."""
        return [item for item in self.items if item.kind is kind]

    def take_word(self, *words: str) -> bool:
        """Whether one of these words is left; it is taken out."""
        found = [item for item in self.left if item.word in words]
        self.drop(*found)
        return bool(found)

    def drop(self, *items: Item) -> None:
        """Take these items out."""
        self.left = [item for item in self.left if not any(item is other for other in items)]

    def after(self, item: Item, other: Item) -> bool:
        """Whether `item` was written behind `other`."""
        return self.place(item) > self.place(other)

    def place(self, item: Item) -> int:
        """Where this very item stands."""
        return next(place for place, other in enumerate(self.items) if other is item)

    def introduced(self, item: Item, kind: Kind) -> bool:
        """Whether a word of this kind ("by", "to") stands right before the item."""
        place = self.place(item)
        while place and self.items[place - 1].kind is Kind.FILLER:
            place -= 1
        return place > 0 and self.items[place - 1].kind is kind


def split(found: list[Item]) -> list[Clause]:
    """Cut between instructions; pure politeness is none."""
    clauses: list[Clause] = []
    joined = Kind.STOP
    current: list[Item] = []

    def close() -> None:
        if any(item.kind is not Kind.POLITE for item in current):
            clauses.append(Clause(current, joined))

    for place, item in enumerate(found):
        if item.kind in (Kind.AND, Kind.STOP) or (
            item.kind is Kind.WITH and not _goes_on(current, found[place + 1 :])
        ):
            close()
            # ", and" joins as closely as a comma does.
            kind = Kind.AND if item.kind is Kind.AND else Kind.STOP
            joined = kind if current else max(joined, kind, key=lambda k: k is Kind.STOP)
            current = []
        else:
            current.append(item)
    close()
    return clauses


def _goes_on(current: list[Item], rest: list[Item]) -> bool:
    """Whether what stands behind "with" belongs to the instruction before it.

    It does unless it names an operation of its own: "pad to 16:9 with white", "pad with a white
    border", but not "black and white with a vignette".
    """
    here = [item for item in current if item.kind is Kind.OPERATION]
    for item in rest:
        if item.kind in (Kind.AND, Kind.STOP, Kind.WITH):
            break
        if item.kind is Kind.QUOTE:
            return any(_reads(other) is Reads.TEXT for other in here)
        if item.kind is Kind.OPERATION:
            if item.word in ("padding", "borders", "margins"):
                # "Make it square with white padding" is not a crop.
                return any(other.kind in (Kind.RATIO, Kind.SIZE) for other in current)
            return _reads(item) in _TWICE and any(
                other.operation is item.operation for other in here
            )
    return bool(here)


def _reads(item: Item) -> Reads | None:
    return item.operation.reads if item.operation is not None else None


def open_clause(clause: Clause) -> None:
    """Find the instruction's operation, direction and strength."""
    _merge(clause)
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


def _merge(clause: Clause) -> None:
    """Make one operation of two words that name it together."""
    found = clause.every(Kind.OPERATION)
    if len(found) != 2:
        return
    for part, deed in (found, found[::-1]):
        if part.operation is None or deed.operation is None:
            continue
        name = _MERGED.get((part.operation.name, deed.operation.name))
        if part.operation is deed.operation and part.operation.reads in _TWICE:
            name = part.operation.name
        elif part.form is Form.VERB:
            continue  # "recover the highlights brighter"
        if name is not None:
            one = evolve(deed, operation=BY_NAME[name])
            clause.items = [one if item is deed else item for item in clause.items]
            clause.left = [one if item is deed else item for item in clause.left]
            clause.drop(part)
            return


def _implied(clause: Clause) -> Operation | None:
    """The operation of an instruction that names none: "make it 16:9", "turn left"."""
    kinds = {item.kind for item in clause.left}
    if Kind.QUOTE in kinds:
        return BY_NAME["text"]
    if len(clause.every(Kind.COLOUR)) == 2 and _makes(clause):
        return BY_NAME["recolour"]
    if kinds == {Kind.COLOUR} and _makes(clause):
        raise Refused("say add a blue tint, change red to blue or make the background blue")
    raised = [item.word for item in clause.left if item.kind is Kind.RAISE]
    if raised in (["enhance"], ["improve"]) and kinds <= {Kind.RAISE, *_AMOUNTS, Kind.BESIDE}:
        return BY_NAME["auto"]
    turned = kinds & {Kind.DEGREES, Kind.SIDE} or upside_down(clause)
    if turned and any(item.kind is Kind.TURN for item in clause.items):
        return BY_NAME["rotate"]
    if kinds == {Kind.RATIO}:
        return BY_NAME["crop"]
    if kinds & {Kind.SIZE, Kind.FACTOR, Kind.DIMENSION}:
        return BY_NAME["resize"]
    return None


def _makes(clause: Clause) -> bool:
    return any(item.kind in (Kind.MAKE, Kind.TURN) for item in clause.items)


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
    place = clause.place(item) + 1
    # "Lower" is a verb, too.
    while item.word == "lower" and place < len(clause.items):
        if clause.items[place].kind is not Kind.FILLER:
            break
        place += 1
    return clause.items[place] if place < len(clause.items) else None


def _written_sign(clause: Clause) -> float:
    for item in clause.left:
        if item.kind in (Kind.PERCENT, Kind.STOPS) and item.signed:
            return 1.0 if item.number > 0 else -1.0
    return 0.0
