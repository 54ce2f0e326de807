"""A prompt as a list of items: every word, number and sign, each with the part it can play.

Nothing is thrown away here. A word that is in no list becomes an item of kind UNKNOWN, so that the
parser can refuse the prompt and name it.
"""

from __future__ import annotations

import re
import unicodedata
from enum import Enum, auto
from functools import cache

from attrs import evolve, frozen

from .operations import OPERATIONS, Form, Operation


class Kind(Enum):
    """The part an item plays."""

    OPERATION = auto()
    BESIDE = auto()  # a word that only some operations take beside them
    STRENGTH = auto()  # slightly, much
    COMPARE = auto()  # more, less
    RAISE = auto()  # increase, reduce
    UPDOWN = auto()  # turn ... up, ... down
    ADD = auto()  # add, apply: a quantity after it goes up
    MAKE = auto()  # verbs without a meaning of their own
    TURN = auto()  # rotates when an angle follows, else like MAKE
    FILLER = auto()
    POLITE = auto()
    BY = auto()
    TO = auto()
    AND = auto()
    STOP = auto()  # ends an instruction: comma, then, with
    SIDE = auto()  # left, right, clockwise, ...
    AXIS = auto()
    DIMENSION = auto()  # wide, high
    FACTOR = auto()  # half, double
    PERCENT = auto()
    PIXELS = auto()
    DEGREES = auto()
    NUMBER = auto()
    RATIO = auto()
    SIZE = auto()
    UNKNOWN = auto()


@frozen
class Item:
    """`text` is what the user wrote. `number` is the value, for a direction +1 or -1; `second` the
    other number of a size or ratio; `signed` says that the number was written with + or -."""

    kind: Kind
    text: str
    number: float = 0.0
    second: float = 0.0
    signed: bool = False
    word: str = ""
    operation: Operation | None = None
    form: Form | None = None


_WORDS: dict[Kind, str | dict[str, float]] = {
    Kind.STRENGTH: {
        "very slightly": 0.25, "slightly": 0.5, "slight": 0.5, "little": 0.5, "little bit": 0.5,
        "bit": 0.5, "tad": 0.5, "touch": 0.5, "somewhat": 0.5, "subtle": 0.5, "subtly": 0.5,
        "gentle": 0.5, "gently": 0.5, "soft": 0.5, "softly": 0.5, "light": 0.5, "lightly": 0.5,
        "moderate": 1.0, "moderately": 1.0,
        "much": 2.0, "lot": 2.0, "very": 2.0, "very much": 2.0, "way": 2.0, "far": 2.0,
        "strong": 2.0, "strongly": 2.0, "heavy": 2.0, "heavily": 2.0, "intense": 2.0,
        "significantly": 2.0, "considerably": 2.0, "greatly": 2.0, "really": 2.0,
        "extremely": 3.0, "dramatically": 3.0, "dramatic": 3.0,
    },
    Kind.COMPARE: {"more": 1, "higher": 1, "less": -1, "lower": -1},
    Kind.RAISE: {
        "increase": 1, "raise": 1, "boost": 1, "enhance": 1, "strengthen": 1, "turn up": 1,
        "decrease": -1, "reduce": -1, "turn down": -1, "tone down": -1,
    },
    Kind.UPDOWN: {"up": 1, "down": -1},
    Kind.ADD: "add, apply",
    Kind.MAKE: "make, do, give, get, convert, change",
    Kind.TURN: "turn",
    Kind.FILLER: "it, its, the, this, a, an, of, my, some, image, picture, photo, photograph, pic, "
    "whole, entire, overall, look, effect, filter, tone, in, into",
    Kind.POLITE: "please, kindly, thanks, thank you, just, also",
    Kind.BY: "by",
    Kind.TO: "to",
    Kind.AND: "and",
    Kind.STOP: "then, but, plus, with, next, finally, afterwards",
    Kind.SIDE: {
        "left": -1, "right": 1, "clockwise": 1, "clock wise": 1, "counterclockwise": -1,
        "counter clockwise": -1, "anticlockwise": -1, "anti clockwise": -1, "cw": 1, "ccw": -1,
    },
    Kind.AXIS: "horizontally, horizontal, left to right, vertically, vertical, upside down, "
    "top to bottom",
    Kind.DIMENSION: "wide, width, high, height, tall",
    Kind.FACTOR: {"half": 0.5, "twice": 2.0, "double": 2.0},
    Kind.RATIO: "square",
}  # fmt: skip

_UNITS = {"%": Kind.PERCENT, "p": Kind.PERCENT, "x": Kind.PIXELS, "°": Kind.DEGREES,
          "d": Kind.DEGREES}  # fmt: skip

_LETTER = r"[^\W\d_]"
_TOKEN = re.compile(
    rf"""
      (?P<size>(?<![\w.])\d{{1,6}}\s*[x×]\s*\d{{1,6}}(?:\s*(?:pixels?|px)\b|(?!\w|[.:]\d)))
    | (?P<ratio>(?<![\w.])\d{{1,4}}(?:\.\d{{1,4}})?\s?[:/]\s?\d{{1,4}}(?:\.\d{{1,4}})?
      (?!\w|[.:/]\d))
    | (?P<number>(?<!\w)[-+−]?\d{{1,9}}(?:\.\d{{1,6}})?(?![\d.]*\d))
      (?:[\s-]?(?P<unit>%|°|percent\b|per\s?cent\b|pct\b|px\b|pixels?\b|degrees?\b|deg\b))?
    | (?P<word>{_LETTER}+(?:['’]{_LETTER}+)*)
    | (?P<hyphen>(?<={_LETTER})[-‐‑](?={_LETTER}))
    | (?P<stop>[,;.!?\n]+|(?<=\s)[-–—](?=\s))
    | (?P<and>[&+](?=\s|$))
    | (?P<space>\s+)
    | (?P<other>[^\s\w]*\w*)
    """,
    re.VERBOSE,
)


@cache
def _phrases() -> dict[tuple[str, ...], Item]:
    table: dict[tuple[str, ...], Item] = {}
    for operation in OPERATIONS:
        for text in operation.beside:
            table[(text,)] = Item(Kind.BESIDE, text, word=text)
    for kind, words in _WORDS.items():
        entries = (
            words.items() if isinstance(words, dict) else ((w, 0.0) for w in words.split(", "))
        )
        for text, number in entries:
            table[tuple(text.split())] = Item(kind, text, number, word=text)
    table[("square",)] = Item(Kind.RATIO, "square", 1, 1, word="square")
    for operation in OPERATIONS:
        for entry in operation.words:
            table[tuple(entry.text.split())] = Item(
                Kind.OPERATION,
                entry.text,
                entry.sign,
                word=entry.text,
                operation=operation,
                form=entry.form,
            )
    return table


@cache
def vocabulary() -> frozenset[str]:
    """Every single word that has a meaning in some phrase."""
    return frozenset(word for phrase in _phrases() for word in phrase)


def normal(prompt: str) -> str:
    """The prompt in one form: composed characters, lower case, black-and-white's short forms."""
    text = unicodedata.normalize("NFC", prompt).lower()
    return re.sub(r"(?<!\w)b\s?[&/]\s?w(?!\w)", "bw", text)


def items(prompt: str) -> list[Item]:
    """The prompt's items in order. Nothing of it is left out but spaces and hyphens in words."""
    found: list[Item] = []
    for match in _TOKEN.finditer(normal(prompt)):
        text = match[0]
        group = match.lastgroup
        if group in ("space", "hyphen") or not text:
            continue
        if group == "word":
            found.append(Item(Kind.UNKNOWN, text, word=text.replace("’", "'")))
        elif group == "stop":
            found.append(Item(Kind.STOP, text))
        elif group == "and":
            found.append(Item(Kind.AND, text))
        elif group == "size":
            width, height = re.findall(r"\d+", text)
            found.append(Item(Kind.SIZE, text, int(width), int(height)))
        elif group == "ratio":
            width, height = re.split(r"[:/]", text)
            found.append(Item(Kind.RATIO, text, float(width), float(height)))
        elif group in ("number", "unit"):
            found.append(_number(text, match["number"], match["unit"]))
        else:
            found.append(Item(Kind.UNKNOWN, text))
    return _join(found)


def _number(text: str, number: str, unit: str | None) -> Item:
    kind = Kind.NUMBER
    if unit:
        kind = _UNITS["x" if unit.startswith(("px", "pix")) else unit[0]]
    value = float(number.replace("−", "-"))
    if kind is Kind.PERCENT:
        value /= 100
    return Item(kind, text, value, signed=number[0] in "+-−")


def _join(found: list[Item]) -> list[Item]:
    """Words become phrases, the longest first; "warm it up" is "warm up"."""
    table = _phrases()
    longest = max(map(len, table))
    joined: list[Item] = []
    at = 0
    while at < len(found):
        if not found[at].word:
            joined.append(found[at])
            at += 1
            continue
        words: list[str] = []
        best: tuple[int, Item] | None = None
        for end in range(at, len(found)):
            word = found[end].word
            if not word or len(words) == longest:
                break
            if words and (word,) in table and table[(word,)].kind is Kind.FILLER:
                continue
            words.append(word)
            entry = table.get(tuple(words))
            if entry is not None:
                best = (end + 1, entry)
        if best is None:
            joined.append(found[at])
            at += 1
        else:
            end, entry = best
            text = " ".join(item.text for item in found[at:end])
            joined.append(evolve(entry, text=text))
            at = end
    return joined
