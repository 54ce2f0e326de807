"""The rows for the frame."""

from __future__ import annotations

from .row import Form, Operation, Reads, words

FRAME: tuple[Operation, ...] = (
    Operation(
        name="rotate",
        title="rotate",
        reads=Reads.ANGLE,
        words=(
            *words(Form.VERB, 1, "rotate"),
            *words(Form.THING, 1, "rotation"),
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
        words=words(Form.VERB, 1, "flip", "mirror"),
        moves=True,
        does="Mirrors; flip needs its direction, mirror alone is left to right.",
        examples=("flip horizontally", "flip vertically", "mirror"),
        needs="say flip horizontally or flip vertically",
    ),
    Operation(
        name="crop",
        title="crop",
        reads=Reads.RATIO,
        words=words(Form.VERB, 1, "crop", "trim"),
        moves=True,
        does="Cuts the largest centred part with that ratio of width to height.",
        examples=("crop to 16:9", "crop square"),
        needs="say a ratio, for example crop to 16:9 or crop square",
    ),
    Operation(
        name="pad",
        title="pad",
        reads=Reads.PAD,
        words=(
            *words(Form.VERB, 1, "pad", "letterbox"),
            *words(Form.THING, 1, "padding", "border", "frame", "margin", "margins", "borders"),
        ),
        beside=("around", "all", "sides", "side", "on", "each", "canvas"),
        moves=True,
        tints=True,
        does="Adds room around the picture: up to a ratio or a size, or a border; white unless "
        "another colour is named.",
        examples=("pad to 16:9 with white", "add a 20 px white border", "a thin black frame"),
        needs="say how much, for example pad to 16:9, pad to 1080x1080 or add a 20 px border",
    ),
    Operation(
        name="resize",
        title="resize",
        reads=Reads.SIZE,
        words=(
            *words(Form.VERB, 0, "resize", "scale"),
            *words(Form.VERB, 1, "enlarge", "scale up", "upscale", "increase size"),
            *words(Form.COMPARATIVE, 1, "larger", "bigger"),
            *words(Form.VERB, -1, "shrink", "scale down", "downscale", "downsize", "reduce size"),
            *words(Form.COMPARATIVE, -1, "smaller"),
        ),
        beside=("size", "original"),
        moves=True,
        does="Changes the size in pixels; with one side given, the other follows.",
        examples=("resize to 800x600", "resize to 800 pixels wide", "half the size", "20% smaller"),
        needs="say a size, for example resize to 800x600, resize to 800 pixels wide or resize "
        "to 50%",
    ),
)
