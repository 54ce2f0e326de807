"""What an instruction says beside its operation, as a step: amounts, angles, ratios and sizes.

Colours, borders and text are in `placing`.
"""

from __future__ import annotations

from .clauses import Clause, Refused, upside_down
from .limits import MAX_SIDE, Step, ratio_of, size_of
from .operations import Measure, Operation, Reads
from .placing import read_background, read_colour, read_pad, read_swap, read_text
from .tokens import Kind

_COUNTED = {Measure.PIXELS: Kind.PIXELS, Measure.LEVELS: Kind.NUMBER, Measure.STOPS: Kind.STOPS}


def read(clause: Clause) -> Step:
    """The step that an instruction asks for.

    Raises:
        Refused: some of its words are left over, or something is missing.
    """
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
            step["ratio"] = ratio_of(clause.take(Kind.RATIO), operation.needs)
        case Reads.SIZE:
            step |= _read_size(clause, operation)
        case Reads.SWITCH:
            clause.take(Kind.ADD)
        case Reads.PAD:
            step |= read_pad(clause, operation)
        case Reads.COLOUR:
            step = read_background(clause, operation)
        case Reads.SWAP:
            step |= read_swap(clause, operation)
        case Reads.TEXT:
            step |= read_text(clause, operation)
    if operation.coloured:
        step["colour"] = read_colour(clause, operation)
    if clause.left:
        raise Refused
    return step


def _read_amount(clause: Clause, operation: Operation) -> Step:
    if not clause.sign:
        raise Refused(f"say more {clause.word.text} or less {clause.word.text}")
    counted = _read_count(clause, operation)
    if counted is not None:
        return counted
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


def _read_count(clause: Clause, operation: Operation) -> Step | None:
    """An amount in pixels, levels or stops, when there is one."""
    measure = operation.measure
    given = clause.take(_COUNTED[measure]) if measure is not None else None
    if measure is None or given is None:
        return None
    low, high = operation.fewest, operation.largest
    value = abs(given.number)
    fits = low <= value <= high and value
    pointed = given.signed and (measure is not Measure.STOPS or given.number * clause.sign < 0)
    whole = measure is Measure.STOPS or operation.name == "blur" or value == int(value)
    if clause.amount is not None or pointed or not fits or not whole:
        limits = f"{low:g} to {high:g}" if low else f"up to {high:g}"
        raise Refused(f"{operation.title} takes {limits} {measure.value} here")
    if clause.introduced(given, Kind.BY):
        clause.take(Kind.BY)
    if measure is Measure.STOPS:
        if clause.introduced(given, Kind.TO):
            raise Refused(f"say by {given.text}")
        return {"amount": round(2 ** (clause.sign * value) - 1, 6)}
    return {measure.value: int(value) if measure is Measure.LEVELS else value}


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


def _read_size(clause: Clause, operation: Operation) -> Step:
    sign = clause.word.number
    size = clause.take(Kind.SIZE)
    if size is not None:
        return size_of(size)
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
