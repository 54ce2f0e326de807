"""A prompt as steps: what to do, in order, or the words that were not understood.

Every word has to be accounted for. A prompt of which any part was not understood is refused as a
whole, so that "no vignette" never adds one and "make the sky warmer" never warms the rest.

The grammar, in short: instructions are separated by commas, "and", "then" or "with"; each has one
operation, at most one strength ("slightly", "much", "20%"), and for a quantity a direction ("more",
"reduce"). "Slightly brighter and warmer" and "increase brightness and contrast by 20%" share them.
"""

from __future__ import annotations

from difflib import get_close_matches

from .clauses import Clause, Refused, open_clause, split
from .limits import MAX_PIXELS, MAX_SIDE, Step
from .operations import OPERATIONS, Reads, summary
from .readings import read
from .sharing import share
from .tokens import Item, Kind, items, vocabulary

__all__ = ["MAX_PIXELS", "MAX_SIDE", "MAX_STEPS", "NotUnderstood", "Step", "parse"]

MAX_STEPS = 50
_SHOWN_WORDS = 8
_LONG_ENOUGH = 4  # letters: shorter words are like too many others
_SHOWN_CHARACTERS = 40

# What changes the frame; a border is no part of it.
_REFRAMES = frozenset(row.name for row in OPERATIONS if row.moves and row.reads is not Reads.PAD)


class NotUnderstood(Exception):
    """The prompt is refused. `words` are the words that were not understood, as written; `why` says
    more where there is more to say. `str()` is the whole message."""

    def __init__(self, words: tuple[str, ...], why: str = "") -> None:
        self.words = words
        self.why = why
        super().__init__(words, why)

    def __str__(self) -> str:
        parts = []
        if self.words:
            shown = [f"'{_printable(word)}'" for word in self.words[:_SHOWN_WORDS]]
            more = len(self.words) - len(shown)
            parts.append("not understood: " + ", ".join(shown) + (f" and {more} more" * bool(more)))
        if self.why:
            parts.append(self.why)
        return f"{'; '.join(parts)}. local can do: {summary()}"


def parse(prompt: str) -> tuple[Step, ...]:
    """Read a prompt as JSON-able steps in the order in which they are done.

    Every step has "op", the name of a row of the table. What else it has depends on what that row
    reads: "amount" (0.2; minus = the other way) or "pixels" or "levels"; "degrees" (clockwise);
    "axis"; "ratio" ("16:9"); "factor", or "width" and "height" of which one may be None; "colour"
    ("#rrggbb"); "from" and "to"; "text" with "place" and "size".

    They are done as written, but a vignette belongs to the finished frame: it is moved behind the
    last step that crops, turns or resizes.

    Raises:
        NotUnderstood: with every word or instruction that was not understood.
    """
    found = items(prompt)
    unknown = [item for item in found if item.kind is Kind.UNKNOWN]
    if unknown:
        raise NotUnderstood(tuple(dict.fromkeys(item.text for item in unknown)), _nearest(unknown))
    clauses = split(found)
    bad: list[str] = []
    whys: list[str] = []

    def refuse(clause: Clause, error: Refused) -> None:
        bad.append(clause.text)
        whys.extend(str(error).splitlines())

    for clause in clauses:
        try:
            open_clause(clause)
        except Refused as error:
            refuse(clause, error)
    steps: list[Step] = []
    if not bad:
        try:
            share(clauses)
        except Refused as error:
            raise NotUnderstood((), str(error)) from None
        for clause in clauses:
            try:
                steps.append(read(clause))
            except Refused as error:
                refuse(clause, error)
    if bad:
        raise NotUnderstood(tuple(dict.fromkeys(bad)), "; ".join(dict.fromkeys(whys)))
    if not steps:
        raise NotUnderstood((), "the prompt asks for nothing")
    if len(steps) > MAX_STEPS:
        raise NotUnderstood((), f"these are {len(steps)} steps, at most {MAX_STEPS} are taken")
    return _vignette_last(steps)


def _vignette_last(steps: list[Step]) -> tuple[Step, ...]:
    last = max((at for at, step in enumerate(steps) if step["op"] in _REFRAMES), default=-1)
    early = [step for step in steps[: last + 1] if step["op"] == "vignette"]
    others = [step for step in steps[: last + 1] if step["op"] != "vignette"]
    return (*others, *early, *steps[last + 1 :])


def _nearest(unknown: list[Item]) -> str:
    for item in unknown[:_SHOWN_WORDS]:
        if len(item.text) < _LONG_ENOUGH:
            continue
        close = get_close_matches(item.text[:_SHOWN_CHARACTERS], vocabulary(), n=1, cutoff=0.8)
        if close and close[0] != item.text:
            return f"perhaps '{close[0]}' was meant"
    return ""


def _printable(word: str) -> str:
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in word)
    return shown if len(shown) <= _SHOWN_CHARACTERS else shown[: _SHOWN_CHARACTERS - 1] + "…"
