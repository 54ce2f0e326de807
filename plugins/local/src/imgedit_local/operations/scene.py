"""The rows for what is in the picture: background, objects, text, and the whole as art."""

from __future__ import annotations

from .row import Form, Operation, Reads, words

SCENE: tuple[Operation, ...] = (
    Operation(
        name="background_blur",
        title="background blur",
        reads=Reads.AMOUNT,
        words=(
            *words(Form.VERB, 1, "blur background", "blur out background", "defocus background"),
            *words(Form.THING, 1, "background blur", "blurred background", "blurry background"),
            *words(Form.THING, 1, "background out of focus"),
        ),
        default=0.4,
        does="Finds the subject and throws what is behind it out of focus.",
        examples=("blur the background", "blur the background slightly", "add background blur"),
    ),
    Operation(
        name="background_remove",
        title="background removal",
        reads=Reads.SWITCH,
        words=(
            *words(Form.VERB, 1, "remove background", "erase background", "delete background"),
            *words(Form.VERB, 1, "cut out background", "cut out subject", "isolate subject"),
            *words(Form.THING, 1, "background removal"),
        ),
        does="Finds the subject and makes the rest transparent; a JPEG becomes a PNG unless jpeg "
        "is asked for.",
        examples=("remove the background", "make the background transparent"),
    ),
    Operation(
        name="background_replace",
        title="background replacement",
        reads=Reads.COLOUR,
        words=(
            *words(Form.THING, 1, "background", "backdrop"),
            *words(Form.VERB, 1, "replace background"),
        ),
        beside=("on", "colour", "color", "plain", "solid"),
        tints=True,
        does="Finds the subject and puts it on a plain colour.",
        examples=("replace the background with white", "make the background blue"),
        needs="say what to do, for example blur the background, remove the background or replace "
        "the background with white",
    ),
    Operation(
        name="erase",
        title="erase inside a mask",
        reads=Reads.SWITCH,
        words=(
            *words(Form.VERB, 1, "erase", "inpaint", "heal"),
            *words(Form.VERB, 1, "remove object", "remove objects", "remove masked area"),
            *words(Form.VERB, 1, "fill masked area", "remove masked object", "remove masked part"),
        ),
        beside=("masked", "area", "object", "objects", "part", "inside", "mask", "what", "is"),
        masked=True,
        random=True,
        does="Fills the masked part from what surrounds it; needs a mask.",
        examples=("erase", "remove the object", "erase the masked area"),
    ),
    Operation(
        name="text",
        title="text",
        reads=Reads.TEXT,
        words=(
            *words(Form.THING, 1, "text", "caption", "watermark", "words", "word", "title"),
            *words(Form.VERB, 1, "write"),
        ),
        beside=(
            *("at", "on", "letters", "font", "size", "corner", "side", "colour", "color"),
            *("saying", "reading"),
        ),
        tints=True,
        does="Writes words given in quotes at a place (top left, bottom, centre …), in a size "
        "(small, large, 40 px) and a colour.",
        examples=(
            "add the text 'SALE' bottom right",
            "write 'Hello' at the top in large yellow letters",
            "a small watermark '© Acme'",
        ),
        needs="put the words in quotes, for example add the text 'SALE' bottom right",
    ),
    Operation(
        name="sketch",
        title="pencil sketch",
        reads=Reads.AMOUNT,
        words=words(Form.THING, 1, "pencil sketch", "pencil drawing", "sketch", "pencil"),
        default=0.6,
        random=True,
        does="Draws the picture in pencil on white paper.",
        examples=("turn it into a pencil sketch", "a soft pencil drawing"),
    ),
    Operation(
        name="oil",
        title="oil painting",
        reads=Reads.AMOUNT,
        words=words(Form.THING, 1, "oil painting", "oil paint", "oil"),
        default=0.5,
        does="Paints it with brush strokes that follow the edges.",
        examples=("make it look like an oil painting", "a subtle oil painting effect"),
    ),
    Operation(
        name="watercolour",
        title="watercolour",
        reads=Reads.AMOUNT,
        words=words(
            *(Form.THING, 1, "watercolour", "watercolor", "water colour", "water color"),
            *("watercolour painting", "watercolor painting"),
        ),
        default=0.5,
        tints=True,
        random=True,
        does="Washes of colour with darker rims, on paper.",
        examples=("turn it into a watercolour", "watercolor painting"),
    ),
    Operation(
        name="cartoon",
        title="cartoon",
        reads=Reads.AMOUNT,
        words=words(Form.THING, 1, "cartoon", "comic", "comic book")
        + words(Form.VERB, 1, "cartoonize", "cartoonise", "cartoonify"),
        default=0.5,
        does="Flat, lively colours with dark outlines.",
        examples=("turn it into a cartoon", "a comic book style"),
    ),
)
