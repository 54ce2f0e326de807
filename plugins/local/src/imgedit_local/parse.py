"""A prompt as steps: what to do, in order, or the words that were not understood.

Every word has to be accounted for. A prompt of which any part was not understood is refused as a
whole, so that "no vignette" never adds one and "make the sky warmer" never warms the rest.

The grammar, in short: instructions are separated by commas, "and", "then" or "with"; each has one
operation, at most one strength ("slightly", "much", "20%"), and for a quantity a direction ("more",
"reduce"). "Slightly brighter and warmer" and "increase brightness and contrast by 20%" share them.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import Any

from .clauses import Clause, Refused, open_clause, share, split, upside_down
from .operations import OPERATIONS, Operation, Reads, summary
from .tokens import Item, Kind, items, vocabulary

Step = dict[str, Any]

MAX_SIDE = 30_000
MAX_PIXELS = 100_000_000
MAX_STEPS = 50
_MAX_RADIUS = 500
_SHOWN_WORDS = 8
_SHOWN_CHARACTERS = 40

_MOVING = frozenset(row.name for row in OPERATIONS if row.moves)


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

    `{"op": "brightness", "amount": 0.2}` and likewise contrast, warmth and saturation (minus = the
    other way); `{"op": "sepia" | "blur" | "sharpen" | "vignette", "amount": 0.5}`; `{"op": "blur",
    "pixels": 5}`; `{"op": "grayscale"}`; `{"op": "rotate", "degrees": 90}` (clockwise); `{"op":
    "flip", "axis": "horizontal" | "vertical"}`; `{"op": "crop", "ratio": "16:9"}`; `{"op":
    "resize", "width": 800, "height": 600 | None}` or `{"op": "resize", "factor": 0.5}`.

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
                steps.append(_read(clause))
            except Refused as error:
                refuse(clause, error)
    if bad:
        raise NotUnderstood(tuple(dict.fromkeys(bad)), "; ".join(dict.fromkeys(whys)))
    if not steps:
        raise NotUnderstood((), "the prompt asks for nothing")
    if len(steps) > MAX_STEPS:
        raise NotUnderstood((), f"these are {len(steps)} steps, at most {MAX_STEPS} are taken")
    return _vignette_last(steps)


def _read(clause: Clause) -> Step:
    operation = clause.operation
    step: Step = {"op": operation.name}
    match operation.reads:
        case Reads.CHANGE | Reads.AMOUNT:
            step |= _read_amount(clause, operation)
        case Reads.ANGLE:
            step["degrees"] = _read_angle(clause, operation)
        case Reads.AXIS:
            step["axis"] = _read_axis(clause, operation)
        case Reads.RATIO:
            step["ratio"] = _read_ratio(clause, operation)
        case Reads.SIZE:
            step |= _read_size(clause, operation)
        case Reads.SWITCH:
            clause.take(Kind.ADD)
    if clause.left:
        raise Refused
    return step


def _read_amount(clause: Clause, operation: Operation) -> Step:
    if not clause.sign:
        raise Refused(f"say more {clause.word.text} or less {clause.word.text}")
    if operation.name == "blur":
        radius = clause.take(Kind.PIXELS)
        if radius is not None:
            if clause.amount is not None or not 0 < radius.number <= _MAX_RADIUS or radius.signed:
                raise Refused(f"a blur takes a radius of up to {_MAX_RADIUS} pixels")
            clause.take(Kind.BY)
            return {"pixels": radius.number}
    amount = clause.amount
    if amount is None:
        return {"amount": clause.sign * operation.default}
    if amount.kind is Kind.STRENGTH:
        most = operation.most if clause.sign > 0 else -operation.least
        value = clause.sign * min(operation.default * amount.number, most)
        return {"amount": round(value, 6)}
    if amount.signed and (amount.number > 0) != (clause.sign > 0):
        raise Refused
    value = clause.sign * abs(amount.number)
    if not value or not operation.least <= value <= operation.most:
        most = operation.most if clause.sign > 0 else -operation.least
        raise Refused(f"{operation.title} takes more than 0% and at most {most:.0%} here")
    return {"amount": round(value, 6)}


def _read_angle(clause: Clause, operation: Operation) -> float:
    clause.take(Kind.ADD)
    side = clause.take(Kind.SIDE)
    angle = clause.take(Kind.DEGREES, Kind.NUMBER)
    if upside_down(clause) and side is None and angle is None:
        clause.take(Kind.AXIS)
        return 180.0
    if side is None and angle is None:
        raise Refused(operation.needs)
    if angle is None:
        return 90.0 * (side.number if side else 1)
    if clause.introduced(angle, Kind.BY):
        clause.take(Kind.BY)
    if clause.introduced(angle, Kind.TO) or abs(angle.number) > 360 or (angle.signed and side):
        raise Refused(operation.needs)
    return angle.number * (side.number if side else 1)


def _read_axis(clause: Clause, operation: Operation) -> str:
    axis = clause.take(Kind.AXIS)
    if axis is None:
        if clause.word.word == "mirror":
            return "horizontal"
        raise Refused(operation.needs)
    return (
        "horizontal" if axis.word in ("horizontally", "horizontal", "left to right") else "vertical"
    )


def _read_ratio(clause: Clause, operation: Operation) -> str:
    ratio = clause.take(Kind.RATIO)
    if ratio is None or not ratio.number or not ratio.second:
        raise Refused(operation.needs)
    if not 1 / 100 <= ratio.number / ratio.second <= 100:
        raise Refused("a ratio is at most 100:1")
    return f"{ratio.number:g}:{ratio.second:g}"


def _read_size(clause: Clause, operation: Operation) -> Step:
    sign = clause.word.number
    size = clause.take(Kind.SIZE)
    if size is not None:
        width, height = int(size.number), int(size.second)
        if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE) or width * height > MAX_PIXELS:
            raise Refused("a size is at most 30000 pixels a side and 100 megapixels in all")
        return {"width": width, "height": height}
    dimension = clause.take(Kind.DIMENSION)
    if dimension is not None:
        length = clause.take(Kind.PIXELS, Kind.NUMBER)
        if length is None or length.signed or length.number != int(length.number):
            raise Refused(operation.needs)
        if not 0 < length.number <= MAX_SIDE:
            raise Refused("a size is at most 30000 pixels a side and 100 megapixels in all")
        wide = dimension.word in ("wide", "width")
        pixels = int(length.number)
        return {"width": pixels if wide else None, "height": None if wide else pixels}
    return {"factor": _read_factor(clause, operation, sign)}


def _read_factor(clause: Clause, operation: Operation, sign: float) -> float:
    given = clause.take(Kind.FACTOR, Kind.PERCENT)
    if given is None:
        raise Refused(operation.needs)
    value = given.number
    if given.kind is Kind.FACTOR:
        if sign and (value > 1) != (sign > 0):
            raise Refused(operation.needs)
    else:
        by = clause.introduced(given, Kind.BY)
        if by:
            clause.take(Kind.BY)
        if given.signed or (by and not sign):
            raise Refused("say resize to a percentage, or a percentage larger or smaller")
        if sign and clause.introduced(given, Kind.TO):
            if (value > 1) != (sign > 0):
                raise Refused(operation.needs)
        elif sign:
            value = 1 + sign * value
    if not 0.01 <= value <= 10:
        raise Refused("a picture can be resized to between 1% and 1000%")
    return round(value, 6)


def _vignette_last(steps: list[Step]) -> tuple[Step, ...]:
    last = max((at for at, step in enumerate(steps) if step["op"] in _MOVING), default=-1)
    early = [step for step in steps[: last + 1] if step["op"] == "vignette"]
    others = [step for step in steps[: last + 1] if step["op"] != "vignette"]
    return (*others, *early, *steps[last + 1 :])


def _nearest(unknown: list[Item]) -> str:
    for item in unknown[:_SHOWN_WORDS]:
        close = get_close_matches(item.text[:_SHOWN_CHARACTERS], vocabulary(), n=1, cutoff=0.8)
        if close and close[0] != item.text:
            return f"perhaps '{close[0]}' was meant"
    return ""


def _printable(word: str) -> str:
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in word)
    return shown if len(shown) <= _SHOWN_CHARACTERS else shown[: _SHOWN_CHARACTERS - 1] + "…"
