"""What an instruction says about colours, borders and text."""

from __future__ import annotations

from .clauses import Clause, Refused
from .colours import TRANSPARENT, rgb
from .limits import Step, ratio_of, size_of
from .operations import Operation
from .tokens import Item, Kind

MAX_LETTERS = 200
_BORDER = 0.05  # of the shorter side
_MAX_BORDER = 5_000
_TEXT = 0.08  # of the shorter side
_MAX_LETTER = 2_000
# What Pillow's built-in font has; a test compares.
LETTERS = frozenset(map(chr, range(0x20, 0x7F))) | frozenset("©«°±´·»‘’“”…‹›⁄™")


def read_colour(clause: Clause, operation: Operation, *, default: str | None = None) -> str:
    """The one colour of an instruction as "#rrggbb", or "transparent"."""
    colour = clause.take(Kind.COLOUR)
    if colour is None:
        if default is None:
            raise Refused(operation.needs)
        return default
    if colour.word == TRANSPARENT and operation.coloured:
        raise Refused(operation.needs)
    return _hex(colour)


def read_swap(clause: Clause, operation: Operation) -> Step:
    """{"from", "to"}: names of colours, or "#rrggbb"."""
    colours = clause.every(Kind.COLOUR)
    if len(colours) != 2 or any(item.word == TRANSPARENT for item in colours):
        raise Refused(operation.needs)
    old, new = colours
    came = [item for item in clause.items if item.word == "from"]
    if clause.introduced(old, Kind.TO) or (came and not _stands_before(clause, came[-1], old)):
        raise Refused("say change red to blue, the old colour first")
    clause.drop(old, new)
    if _name(old) == _name(new):
        raise Refused("the two colours are the same")
    return {"from": _name(old), "to": _name(new)}


def read_background(clause: Clause, operation: Operation) -> Step:
    """A step that replaces the background, or with "transparent" removes it."""
    clause.take(Kind.ADD)
    colours = clause.every(Kind.COLOUR)
    nouns = [item for item in clause.items if item.word in ("background", "backdrop")]
    if len(colours) == 2 and any(_stands_before(clause, colours[0], noun) for noun in nouns):
        clause.drop(colours[0])  # "change the white background to blue"
    colour = read_colour(clause, operation)
    if colour == TRANSPARENT:
        return {"op": "background_remove"}
    return {"op": operation.name, "colour": colour}


def read_pad(clause: Clause, operation: Operation) -> Step:
    """{"ratio"} | {"width", "height"} | {"pixels"} | {"share"}, and {"colour"}."""
    clause.take(Kind.ADD)
    black = clause.word.word == "letterbox"
    colour = read_colour(clause, operation, default="#000000" if black else "#ffffff")
    given = clause.take(Kind.RATIO, Kind.SIZE, Kind.PIXELS, Kind.PERCENT, Kind.THICKNESS)
    if given is not None and clause.introduced(given, Kind.BY):
        clause.take(Kind.BY)
    return {**_room(clause, operation, given), "colour": colour}


def _room(clause: Clause, operation: Operation, given: Item | None) -> Step:
    if given is None or given.kind is Kind.THICKNESS:
        if clause.word.word in ("pad", "letterbox"):
            raise Refused(operation.needs)
        return {"share": _BORDER * (given.number if given is not None else 1)}
    if given.kind is Kind.RATIO:
        return {"ratio": ratio_of(given, operation.needs)}
    if given.kind is Kind.SIZE:
        return size_of(given)
    if given.signed or given.number <= 0:
        raise Refused(operation.needs)
    if given.kind is Kind.PERCENT:
        if given.number > 1:
            raise Refused("a border is at most as wide as the picture's shorter side")
        return {"share": round(given.number, 6)}
    if given.number > _MAX_BORDER or given.number != int(given.number):
        raise Refused(f"a border has at most {_MAX_BORDER} pixels")
    return {"pixels": int(given.number)}


def read_text(clause: Clause, operation: Operation) -> Step:
    """{"text", "place": [-1..1, -1..1], "size" | "pixels", "colour" | None}."""
    clause.take(Kind.ADD)
    quote = clause.take(Kind.QUOTE)
    if quote is None:
        raise Refused(operation.needs)
    text = " ".join(quote.word.split())
    strange = dict.fromkeys(letter for letter in text if letter not in LETTERS)
    if strange:
        raise Refused(f"the built-in font has no {' '.join(map(repr, strange))}")
    if not text or len(text) > MAX_LETTERS:
        raise Refused(f"a text has 1 to {MAX_LETTERS} letters")
    step: Step = {"text": text, "place": _place(clause)}
    size = clause.take(Kind.SCALE, Kind.PIXELS, Kind.NUMBER)
    if size is None or size.kind is Kind.SCALE:
        step["size"] = size.number if size is not None else _TEXT
    elif size.signed or not 4 <= size.number <= _MAX_LETTER:
        raise Refused(f"letters are 4 to {_MAX_LETTER} pixels high")
    else:
        step["pixels"] = size.number
    colour = clause.take(Kind.COLOUR)
    if colour is not None and colour.word == TRANSPARENT:
        raise Refused("letters need a colour that can be seen")
    return {**step, "colour": _hex(colour) if colour is not None else None}


def _place(clause: Clause) -> list[int]:
    side = None
    if any(item.kind is Kind.SIDE and item.word in ("left", "right") for item in clause.left):
        side = clause.take(Kind.SIDE)
    place = clause.take(Kind.PLACE)
    if place is not None and side is not None:
        if place.number:
            raise Refused
        return [int(side.number), int(place.second)]  # "at the bottom, on the left side"
    if side is not None:
        return [int(side.number), 0]
    return [int(place.number), int(place.second)] if place is not None else [0, 1]


def _name(colour: Item) -> str:
    return colour.word or colour.text


def _hex(colour: Item) -> str:
    if colour.word == TRANSPARENT:
        return TRANSPARENT
    return "#{:02x}{:02x}{:02x}".format(*rgb(_name(colour)))


def _stands_before(clause: Clause, item: Item, other: Item) -> bool:
    """Whether `item` stands right before `other`, words without a meaning aside."""
    first, last = clause.place(item), clause.place(other)
    return first < last and all(one.kind is Kind.FILLER for one in clause.items[first + 1 : last])
