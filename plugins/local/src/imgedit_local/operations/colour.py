"""The rows for colour."""

from __future__ import annotations

from .row import Form, Operation, Reads, words

_COLOURS = ("colours", "colors", "colour", "color", "tones")

COLOUR: tuple[Operation, ...] = (
    Operation(
        name="warmth",
        title="warmer or cooler",
        reads=Reads.CHANGE,
        words=(
            *words(Form.QUANTITY, 0, "warmth"),
            *words(Form.BASE, 1, "warm"),
            *words(Form.COMPARATIVE, 1, "warmer"),
            *words(Form.VERB, 1, "warm up"),
            *words(Form.BASE, -1, "cool", "cold"),
            *words(Form.COMPARATIVE, -1, "cooler", "colder"),
            *words(Form.VERB, -1, "cool down"),
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
            *words(Form.QUANTITY, 0, "saturation"),
            *words(Form.BASE, 1, "saturated", "vivid", "vibrant", "colourful", "colorful"),
            *words(Form.VERB, 1, "saturate"),
            *words(Form.BASE, -1, "muted"),
            *words(Form.VERB, -1, "desaturate"),
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
        words=(
            *words(Form.THING, 1, "black and white", "black white", "bw", "monochrome"),
            *words(Form.THING, 1, "grayscale", "greyscale", "gray scale", "grey scale"),
        ),
        does="Replaces every colour by a grey as light as the colour looks.",
        examples=("black and white", "turn it into grayscale"),
    ),
    Operation(
        name="sepia",
        title="sepia",
        reads=Reads.AMOUNT,
        words=words(Form.THING, 1, "sepia", "sepia tone", "sepia toned"),
        default=0.8,
        tints=True,
        does="Tones the picture brown like an old print; 100% leaves no other colour.",
        examples=("sepia", "a subtle sepia tone", "sepia 50%"),
    ),
    Operation(
        name="tint",
        title="tint",
        reads=Reads.AMOUNT,
        words=words(Form.THING, 1, "tint", "tinted", "colour tint", "color tint"),
        default=0.35,
        coloured=True,
        tints=True,
        does="Tones the picture with a colour; 100% leaves no other.",
        examples=("add a blue tint", "tint it slightly green", "a 60% #cc8844 tint"),
        needs="say a colour, for example add a blue tint",
    ),
    Operation(
        name="recolour",
        title="one colour to another",
        reads=Reads.SWAP,
        words=words(Form.VERB, 1, "recolour", "recolor", "replace", "swap"),
        beside=(
            *_COLOURS,
            *("part", "parts", "area", "areas", "thing", "things", "object", "objects"),
            *("pixels", "from", "for", "everything", "all"),
        ),
        tints=True,
        does="Changes what has one colour to another and keeps its light and shade.",
        examples=("change red to blue", "make the blue parts green", "replace orange with purple"),
        needs="say two colours, for example change red to blue",
    ),
    Operation(
        name="vintage",
        title="vintage",
        reads=Reads.AMOUNT,
        words=words(
            *(Form.THING, 1),
            *("vintage", "vintage film", "retro", "old photo", "old film", "aged", "faded"),
        ),
        default=0.8,
        tints=True,
        random=True,
        does="Faded blacks, mellow colours, darker corners and fine grain, as on an old print.",
        examples=("vintage", "give it a slightly retro look", "make it look like an old photo"),
    ),
)
