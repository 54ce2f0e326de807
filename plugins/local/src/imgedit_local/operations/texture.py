"""The rows for sharpness and texture."""

from __future__ import annotations

from .row import Form, Measure, Operation, Reads, words

TEXTURE: tuple[Operation, ...] = (
    Operation(
        name="blur",
        title="blur",
        reads=Reads.AMOUNT,
        words=(
            *words(Form.THING, 1, "blur", "gaussian blur"),
            *words(Form.BASE, 1, "blurry", "blurred"),
            *words(Form.COMPARATIVE, 1, "blurrier"),
        ),
        default=0.2,
        measure=Measure.PIXELS,
        largest=500,
        beside=("radius",),
        does="Softens; 100% is a radius of 4% of the shorter side, or say the radius in pixels.",
        examples=("blur", "blur it a little", "blur by 5 pixels"),
    ),
    Operation(
        name="sharpen",
        title="sharpen",
        reads=Reads.AMOUNT,
        words=(
            *words(Form.QUANTITY, 0, "sharpness"),
            *words(Form.BASE, 1, "sharp", "crisp"),
            *words(Form.COMPARATIVE, 1, "sharper", "crisper"),
            *words(Form.VERB, 1, "sharpen", "sharpen up"),
        ),
        default=0.8,
        most=3.0,
        does="Brings out edges and detail.",
        examples=("sharpen", "slightly sharper", "sharpen by 150%"),
    ),
    Operation(
        name="denoise",
        title="denoise",
        reads=Reads.AMOUNT,
        words=(
            *words(Form.VERB, 1, "denoise", "reduce noise", "remove noise", "clean up noise"),
            *words(Form.VERB, 1, "reduce grain", "remove grain"),
            *words(Form.THING, 1, "noise reduction", "noise removal", "less noise", "less grain"),
            *words(Form.BASE, 1, "less noisy", "less grainy"),
        ),
        default=0.5,
        does="Measures the noise and takes it away; edges stay sharp.",
        examples=("denoise", "reduce the noise a little", "remove the grain"),
    ),
    Operation(
        name="grain",
        title="grain",
        reads=Reads.AMOUNT,
        words=(
            *words(Form.THING, 1, "grain", "film grain", "noise"),
            *words(Form.BASE, 1, "grainy", "noisy"),
            *words(Form.COMPARATIVE, 1, "grainier", "noisier"),
        ),
        default=0.35,
        random=True,
        does="Adds the grain of film, strongest in the middle tones.",
        examples=("add film grain", "a little grain", "grainy"),
    ),
    Operation(
        name="pixelate",
        title="pixelate",
        reads=Reads.AMOUNT,
        words=(
            *words(Form.VERB, 1, "pixelate", "pixellate", "pixelise", "pixelize"),
            *words(Form.BASE, 1, "pixelated", "pixellated"),
            *words(Form.THING, 1, "mosaic", "pixel art"),
        ),
        default=0.4,
        measure=Measure.PIXELS,
        fewest=2,
        largest=1000,
        beside=("blocks", "block", "squares", "size"),
        does="Squares of one colour: 100% is 6% of the shorter side, or say the pixels.",
        examples=("pixelate", "pixelate with blocks of 12 pixels", "a strong mosaic"),
    ),
    Operation(
        name="posterize",
        title="posterize",
        reads=Reads.AMOUNT,
        words=words(Form.VERB, 1, "posterize", "posterise")
        + words(Form.THING, 1, "posterization", "posterisation", "poster"),
        default=0.6,
        measure=Measure.LEVELS,
        fewest=2,
        largest=32,
        beside=("levels", "steps"),
        does="Few, flat tones, as in a screen print; or say how many levels.",
        examples=("posterize", "posterize strongly", "posterize to 4 levels"),
    ),
    Operation(
        name="vignette",
        title="vignette",
        reads=Reads.AMOUNT,
        words=words(Form.THING, 1, "vignette", "vignetting", "darken edges", "darken corners"),
        default=0.6,
        does="Darkens towards the corners of the finished frame.",
        examples=("add a vignette", "a strong vignette", "vignette 30%"),
    ),
)
