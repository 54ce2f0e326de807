"""The words of the grammar that belong to no operation, by the part they play."""

from __future__ import annotations

from enum import Enum, auto


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
    STOP = auto()  # ends an instruction: comma, then
    WITH = auto()  # ends an instruction, unless what follows belongs to it: "pad with white"
    SIDE = auto()  # left, right, clockwise, ...
    AXIS = auto()
    DIMENSION = auto()  # wide, high
    FACTOR = auto()  # half, double
    COLOUR = auto()
    PLACE = auto()  # top left, bottom
    SCALE = auto()  # small, large
    THICKNESS = auto()  # thin, thick
    QUOTE = auto()
    PERCENT = auto()
    PIXELS = auto()
    DEGREES = auto()
    STOPS = auto()  # of light
    NUMBER = auto()
    RATIO = auto()
    SIZE = auto()
    UNKNOWN = auto()


WORDS: dict[Kind, str | dict[str, float]] = {
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
        "lift": 1, "improve": 1, "bring up": 1, "push": 1,
        "decrease": -1, "reduce": -1, "turn down": -1, "tone down": -1, "bring down": -1,
        "pull down": -1,
    },
    Kind.UPDOWN: {"up": 1, "down": -1},
    Kind.ADD: "add, apply",
    Kind.MAKE: "make, do, give, get, convert, change, put, place, set",
    Kind.TURN: "turn",
    Kind.FILLER: "it, its, the, this, a, an, of, my, some, image, picture, photo, photograph, pic, "
    "whole, entire, overall, look, effect, filter, tone, in, into, like, as, style",
    Kind.POLITE: "please, kindly, thanks, thank you, just, also",
    Kind.BY: "by",
    Kind.TO: "to",
    Kind.AND: "and",
    Kind.STOP: "then, but, plus, next, finally, afterwards",
    Kind.WITH: "with",
    Kind.SIDE: {
        "left": -1, "right": 1, "clockwise": 1, "clock wise": 1, "counterclockwise": -1,
        "counter clockwise": -1, "anticlockwise": -1, "anti clockwise": -1, "cw": 1, "ccw": -1,
    },
    Kind.AXIS: "horizontally, horizontal, left to right, vertically, vertical, upside down, "
    "top to bottom",
    Kind.DIMENSION: "wide, width, high, height, tall",
    Kind.FACTOR: {"half": 0.5, "twice": 2.0, "double": 2.0},
    Kind.RATIO: "square",
    Kind.SCALE: {
        "tiny": 0.025, "small": 0.045, "big": 0.14, "large": 0.14, "huge": 0.22, "medium": 0.08,
    },
    Kind.THICKNESS: {"thin": 0.5, "narrow": 0.5, "thick": 2.0, "broad": 2.0},
    Kind.COLOUR: "transparent",
}  # fmt: skip


def places() -> dict[str, tuple[int, int]]:
    """Names of places in a picture, as a step from the middle: (-1, -1) is top left."""
    rows = {"top": -1, "upper": -1, "bottom": 1, "lower": 1}
    columns = {"left": -1, "right": 1, "center": 0, "centre": 0, "middle": 0}
    found = dict.fromkeys(("center", "centre", "middle", "centered", "centred"), (0, 0))
    found |= {"top": (0, -1), "bottom": (0, 1)}
    for row, down in rows.items():
        for column, across in columns.items():
            found[f"{row} {column}"] = (across, down)
    return found


PLACES = places()
