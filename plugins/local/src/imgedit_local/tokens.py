"""A prompt as a list of items: every word, number and sign, each with the part it can play.

Nothing is thrown away here. A word that is in no list becomes an item of kind UNKNOWN, so that the
parser can refuse the prompt and name it.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from attrs import evolve, frozen

from .colours import COLOURS
from .operations import OPERATIONS, Form, Operation
from .words import PLACES, WORDS, Kind

__all__ = ["Item", "Kind", "items", "vocabulary"]


@frozen
class Item:
    """`text` is what the user wrote. `number` is the value, for a direction +1 or -1; `second` the
    other number of a size, ratio or place; `signed` says that the number was written with + or -.
    `word` is the word or phrase, of a quotation what it says."""

    kind: Kind
    text: str
    number: float = 0.0
    second: float = 0.0
    signed: bool = False
    word: str = ""
    operation: Operation | None = None
    form: Form | None = None


_UNITS = {"%": Kind.PERCENT, "p": Kind.PERCENT, "x": Kind.PIXELS, "°": Kind.DEGREES,
          "d": Kind.DEGREES, "s": Kind.STOPS, "e": Kind.STOPS}  # fmt: skip

_LETTER = r"[^\W\d_]"
_TOKEN = re.compile(
    rf"""
      (?P<size>(?<![\w.])\d{{1,6}}\s*[x×]\s*\d{{1,6}}(?:\s*(?:pixels?|px)\b|(?!\w|[.:]\d)))
    | (?P<ratio>(?<![\w.])\d{{1,4}}(?:\.\d{{1,4}})?\s?[:/]\s?\d{{1,4}}(?:\.\d{{1,4}})?
      (?!\w|[.:/]\d))
    | (?P<number>(?<!\w)[-+−]?\d{{1,9}}(?:\.\d{{1,6}})?(?![\d.]*\d))
      (?:[\s-]?(?P<unit>%|°|percent\b|per\s?cent\b|pct\b|px\b|pixels?\b|degrees?\b|deg\b
          |stops?\b|ev\b))?
    | (?P<hex>\#(?:[0-9a-f]{{6}}|[0-9a-f]{{3}})(?!\w))
    | (?P<word>{_LETTER}+(?:['’]{_LETTER}+)*)
    | (?P<hyphen>(?<={_LETTER})[-‐‑](?={_LETTER}))
    | (?P<stop>[,;.!?\n]+|(?<=\s)[-–—](?=\s))
    | (?P<and>[&+](?=\s|$))
    | (?P<space>\s+)
    | (?P<other>[^\s\w]*\w*)
    """,
    re.VERBOSE,
)


# An apostrophe opens a quotation where no word can, and closes it where no word goes on.
_QUOTE = re.compile(
    r"""
      "[^"\n]*" | “[^“”"\n]*[”"] | „[^„“”\n]*[“”] | «[^«»\n]*»
    | (?<!\w)'(?:[^'\n]|(?<=\w)'(?=\w))*'(?!\w)
    | (?<!\w)‘(?:[^‘’\n]|(?<=\w)’(?=\w))*’(?!\w)
    """,
    re.VERBOSE,
)


@cache
def _phrases() -> dict[tuple[str, ...], Item]:
    table: dict[tuple[str, ...], Item] = {}
    for operation in OPERATIONS:
        for text in operation.beside:
            table[(text,)] = Item(Kind.BESIDE, text, word=text)
    for kind, words in WORDS.items():
        entries = (
            words.items() if isinstance(words, dict) else ((w, 0.0) for w in words.split(", "))
        )
        for text, number in entries:
            table[tuple(text.split())] = Item(kind, text, number, word=text)
    for text in COLOURS:
        table[tuple(text.split())] = Item(Kind.COLOUR, text, word=text)
    for text, (across, down) in PLACES.items():
        table[tuple(text.split())] = Item(Kind.PLACE, text, across, down, word=text)
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
def _beginnings() -> frozenset[tuple[str, ...]]:
    return frozenset(phrase[:end] for phrase in _phrases() for end in range(1, len(phrase) + 1))


@cache
def vocabulary() -> frozenset[str]:
    """Every single word that has a meaning in some phrase."""
    return frozenset(word for phrase in _phrases() for word in phrase)


def normal(prompt: str) -> str:
    """A prompt outside quotations in one form: lower case, black-and-white's short forms."""
    text = prompt.lower()
    return re.sub(r"(?<!\w)b\s?[&/]\s?w(?!\w)", "bw", text)


def items(prompt: str) -> list[Item]:
    """The prompt's items in order. Nothing of it is left out but spaces and hyphens in words."""
    found: list[Item] = []
    prompt = unicodedata.normalize("NFC", prompt)
    at = 0
    for match in _QUOTE.finditer(prompt):
        found += _plain_items(prompt[at : match.start()])
        found.append(Item(Kind.QUOTE, match[0], word=match[0][1:-1]))
        at = match.end()
    return _join(found + _plain_items(prompt[at:]))


def _plain_items(text: str) -> list[Item]:
    found: list[Item] = []
    for match in _TOKEN.finditer(normal(text)):
        text = match[0]
        group = match.lastgroup
        if group in ("space", "hyphen") or not text:
            continue
        if group == "word":
            found.append(Item(Kind.UNKNOWN, text, word=text.replace("’", "'")))
        elif group == "hex":
            found.append(Item(Kind.COLOUR, text))
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
    return found


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
    table, beginnings = _phrases(), _beginnings()
    joined: list[Item] = []
    at = 0
    while at < len(found):
        if found[at].kind is not Kind.UNKNOWN or not found[at].word:
            joined.append(found[at])
            at += 1
            continue
        words: tuple[str, ...] = ()
        best: tuple[int, Item] | None = None
        for end in range(at, len(found)):
            if found[end].kind is not Kind.UNKNOWN or not found[end].word:
                break
            phrase = (*words, found[end].word)
            if phrase not in beginnings:
                if words and _is_filler(found[end].word):
                    continue
                break
            words = phrase
            if words in table:
                best = (end + 1, table[words])
        if best is None:
            joined.append(found[at])
            at += 1
        else:
            end, entry = best
            text = " ".join(item.text for item in found[at:end])
            joined.append(evolve(entry, text=text))
            at = end
    return joined


def _is_filler(word: str) -> bool:
    entry = _phrases().get((word,))
    return entry is not None and entry.kind is Kind.FILLER
