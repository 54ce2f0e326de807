"""What a row of the table of operations says."""

from __future__ import annotations

from enum import Enum

from attrs import frozen


class Form(Enum):
    """What part an operation's word plays in a sentence; it decides what may stand beside it."""

    QUANTITY = "quantity"  # "contrast": says nothing until a direction is added
    BASE = "base"  # "bright", "less bright"
    COMPARATIVE = "comparative"  # "brighter", but not "less brighter"
    VERB = "verb"  # "brighten", but not "brighten less"
    THING = "thing"  # "vignette": something to add


class Reads(Enum):
    """What an operation reads beside its own word."""

    CHANGE = "change"  # a signed amount: there is a way up and a way down
    AMOUNT = "amount"  # an amount of something that can only be added
    SWITCH = "switch"  # nothing
    ANGLE = "angle"
    AXIS = "axis"
    RATIO = "ratio"
    SIZE = "size"
    PAD = "pad"  # a ratio, a size or a width, and a colour
    COLOUR = "colour"  # one colour
    SWAP = "swap"  # two colours
    TEXT = "text"  # words in quotes, a place, a size and a colour


class Measure(Enum):
    """In what an amount may be given instead of a percentage."""

    PIXELS = "pixels"
    LEVELS = "levels"
    STOPS = "stops"


@frozen
class Word:
    """A word or phrase that names an operation; `sign` is the way it points, 0 for neither."""

    text: str
    form: Form
    sign: int


@frozen(kw_only=True)
class Operation:
    """One row.

    `default`, `least` and `most` are fractions (0.2 = 20 %); `least` and `most` bound what may be
    asked. `measure` is what else may be counted, from `fewest` to `largest`. `beside` are words
    that may accompany this operation and mean nothing more. `moves` says that pixels change place,
    so that a mask cannot confine it; `masked` that it works in a mask only. `tints` says that a
    grey picture gets colour. `random` says that it draws lots, which a seed decides. `coloured`
    says that it needs a colour beside its amount. `needs` says what is missing when the operation's
    word stands alone.
    """

    name: str
    title: str
    reads: Reads
    words: tuple[Word, ...]
    does: str
    examples: tuple[str, ...]
    default: float = 0.0
    least: float = 0.0
    most: float = 1.0
    measure: Measure | None = None
    fewest: float = 0.0
    largest: float = 0.0
    beside: tuple[str, ...] = ()
    moves: bool = False
    masked: bool = False
    tints: bool = False
    random: bool = False
    coloured: bool = False
    needs: str = ""


def words(form: Form, sign: int, *texts: str) -> tuple[Word, ...]:
    """Several words that play the same part."""
    return tuple(Word(text, form, sign) for text in texts)
