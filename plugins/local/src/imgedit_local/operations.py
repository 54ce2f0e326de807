"""The one table of what this provider can do.

The parser reads its words, the error for an instruction that was not understood lists it, and the
table in the README and the prompt's description in `provider.json` are copies of it that a test
compares.
"""

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
    asked. `beside` are words that may accompany this operation and mean nothing more.
    `moves` says that pixels change place, so that a mask cannot confine it. `tints` says that a
    grey picture gets colour. `needs` says what is missing when the operation's word stands alone.
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
    beside: tuple[str, ...] = ()
    moves: bool = False
    tints: bool = False
    needs: str = ""


def _words(form: Form, sign: int, *texts: str) -> tuple[Word, ...]:
    return tuple(Word(text, form, sign) for text in texts)


_COLOURS = ("colours", "colors", "colour", "color", "tones")

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        name="brightness",
        title="brighter or darker",
        reads=Reads.CHANGE,
        words=(
            *_words(Form.QUANTITY, 0, "brightness"),
            *_words(Form.BASE, 1, "bright"),
            *_words(Form.COMPARATIVE, 1, "brighter", "lighter"),
            *_words(Form.VERB, 1, "brighten", "brighten up", "lighten", "lighten up"),
            *_words(Form.BASE, -1, "dark", "dim"),
            *_words(Form.COMPARATIVE, -1, "darker", "dimmer"),
            *_words(Form.VERB, -1, "darken"),
        ),
        default=0.25,
        least=-1.0,
        most=3.0,
        does="Lifts or lowers the light; highlights keep their detail.",
        examples=("brighter", "much darker", "increase the brightness by 20%"),
    ),
    Operation(
        name="contrast",
        title="contrast",
        reads=Reads.CHANGE,
        words=(
            *_words(Form.QUANTITY, 0, "contrast"),
            *_words(Form.BASE, 1, "contrasty", "punchy"),
            *_words(Form.COMPARATIVE, 1, "punchier"),
            *_words(Form.BASE, -1, "flat"),
            *_words(Form.COMPARATIVE, -1, "flatter"),
        ),
        default=0.25,
        least=-1.0,
        most=3.0,
        does="Spreads light and dark apart, or draws them together.",
        examples=("more contrast", "reduce the contrast slightly", "contrast +30%"),
    ),
    Operation(
        name="warmth",
        title="warmer or cooler",
        reads=Reads.CHANGE,
        words=(
            *_words(Form.QUANTITY, 0, "warmth"),
            *_words(Form.BASE, 1, "warm"),
            *_words(Form.COMPARATIVE, 1, "warmer"),
            *_words(Form.VERB, 1, "warm up"),
            *_words(Form.BASE, -1, "cool", "cold"),
            *_words(Form.COMPARATIVE, -1, "cooler", "colder"),
            *_words(Form.VERB, -1, "cool down"),
        ),
        default=0.3,
        least=-1.0,
        most=1.0,
        beside=_COLOURS,
        tints=True,
        does="Moves the colours towards orange or towards blue.",
        examples=("warmer", "a bit cooler", "make the colours 40% warmer"),
    ),
    Operation(
        name="saturation",
        title="saturation",
        reads=Reads.CHANGE,
        words=(
            *_words(Form.QUANTITY, 0, "saturation"),
            *_words(Form.BASE, 1, "saturated", "vivid", "vibrant", "colourful", "colorful"),
            *_words(Form.VERB, 1, "saturate"),
            *_words(Form.BASE, -1, "muted"),
            *_words(Form.VERB, -1, "desaturate"),
        ),
        default=0.3,
        least=-1.0,
        most=3.0,
        beside=_COLOURS,
        does="Makes colours stronger or paler; 100% less leaves none.",
        examples=("more saturated", "less vivid", "30% more saturation"),
    ),
    Operation(
        name="grayscale",
        title="black and white",
        reads=Reads.SWITCH,
        words=_words(
            Form.THING,
            1,
            "black and white",
            "black white",
            "bw",
            "grayscale",
            "greyscale",
            "gray scale",
            "grey scale",
            "monochrome",
        ),
        does="Replaces every colour by a grey as light as the colour looks.",
        examples=("black and white", "turn it into grayscale"),
    ),
    Operation(
        name="sepia",
        title="sepia",
        reads=Reads.AMOUNT,
        words=_words(Form.THING, 1, "sepia", "sepia tone", "sepia toned"),
        default=0.8,
        tints=True,
        does="Tones the picture brown like an old print; 100% leaves no other colour.",
        examples=("sepia", "a subtle sepia tone", "sepia 50%"),
    ),
    Operation(
        name="blur",
        title="blur",
        reads=Reads.AMOUNT,
        words=(
            *_words(Form.THING, 1, "blur", "gaussian blur"),
            *_words(Form.BASE, 1, "blurry", "blurred"),
            *_words(Form.COMPARATIVE, 1, "blurrier"),
        ),
        default=0.2,
        beside=("radius",),
        does="Softens; 100% is a radius of 4% of the shorter side, or say the radius in pixels.",
        examples=("blur", "blur it a little", "blur by 5 pixels"),
    ),
    Operation(
        name="sharpen",
        title="sharpen",
        reads=Reads.AMOUNT,
        words=(
            *_words(Form.QUANTITY, 0, "sharpness"),
            *_words(Form.BASE, 1, "sharp", "crisp"),
            *_words(Form.COMPARATIVE, 1, "sharper", "crisper"),
            *_words(Form.VERB, 1, "sharpen", "sharpen up"),
        ),
        default=0.8,
        most=3.0,
        does="Brings out edges and detail.",
        examples=("sharpen", "slightly sharper", "sharpen by 150%"),
    ),
    Operation(
        name="vignette",
        title="vignette",
        reads=Reads.AMOUNT,
        words=_words(Form.THING, 1, "vignette", "vignetting", "darken edges", "darken corners"),
        default=0.6,
        does="Darkens towards the corners of the finished frame.",
        examples=("add a vignette", "a strong vignette", "vignette 30%"),
    ),
    Operation(
        name="rotate",
        title="rotate",
        reads=Reads.ANGLE,
        words=(
            *_words(Form.VERB, 1, "rotate"),
            *_words(Form.THING, 1, "rotation"),
        ),
        moves=True,
        does="Turns clockwise unless told otherwise; corners that open up are transparent, "
        "or white in JPEG.",
        examples=("rotate left", "rotate 90 degrees clockwise", "rotate 5°"),
        needs="say how far, for example rotate 90 degrees or rotate left",
    ),
    Operation(
        name="flip",
        title="flip",
        reads=Reads.AXIS,
        words=_words(Form.VERB, 1, "flip", "mirror"),
        moves=True,
        does="Mirrors; flip needs its direction, mirror alone is left to right.",
        examples=("flip horizontally", "flip vertically", "mirror"),
        needs="say flip horizontally or flip vertically",
    ),
    Operation(
        name="crop",
        title="crop",
        reads=Reads.RATIO,
        words=_words(Form.VERB, 1, "crop", "trim"),
        moves=True,
        does="Cuts the largest centred part with that ratio of width to height.",
        examples=("crop to 16:9", "crop square"),
        needs="say a ratio, for example crop to 16:9 or crop square",
    ),
    Operation(
        name="resize",
        title="resize",
        reads=Reads.SIZE,
        words=(
            *_words(Form.VERB, 0, "resize", "scale"),
            *_words(Form.VERB, 1, "enlarge", "scale up", "upscale", "increase size"),
            *_words(Form.COMPARATIVE, 1, "larger", "bigger"),
            *_words(Form.VERB, -1, "shrink", "scale down", "downscale", "downsize", "reduce size"),
            *_words(Form.COMPARATIVE, -1, "smaller"),
        ),
        beside=("size", "original"),
        moves=True,
        does="Changes the size in pixels; with one side given, the other follows.",
        examples=("resize to 800x600", "resize to 800 pixels wide", "half the size", "20% smaller"),
        needs="say a size, for example resize to 800x600, resize to 800 pixels wide or resize "
        "to 50%",
    ),
)

BY_NAME = {operation.name: operation for operation in OPERATIONS}


def summary() -> str:
    """What can be asked for, in one line."""
    return ", ".join(operation.title for operation in OPERATIONS)


def markdown_table() -> str:
    """The table of the README."""
    rows = [
        f"| {row.title} | {row.does} | " + ", ".join(f"`{text}`" for text in row.examples) + " |"
        for row in OPERATIONS
    ]
    return "\n".join(["| what | does | for example |", "| --- | --- | --- |", *rows])
