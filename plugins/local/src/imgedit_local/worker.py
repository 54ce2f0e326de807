"""The function that the core calls in a child process; the only way to Pillow and NumPy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .colours import TRANSPARENT, is_grey
from .operations import BY_NAME


def edit(
    *,
    image: str,
    mask: str | None = None,
    steps: Sequence[dict[str, Any]],
    variations: Sequence[Sequence[dict[str, Any]]] = (),
    output_format: str | None = None,
    to: str,
) -> dict[str, Any]:
    """Edit a picture file and write the result as 1.png, 1.jpg or 1.webp into the folder `to`.

    `steps` are those of `parse`; each of `variations` is done to the same picture and becomes 2.png
    and so on. With a mask (white = change, black = keep, greys blend; of the picture's size once it
    stands upright) the other pixels keep their value exactly. Without `output_format` ("png",
    "jpeg", "webp") the result has the format of the file, or PNG.

    Returns:
        {"width", "height", "media_type", "warnings": [sentence, ...]}; the first three are those of
        the first picture.

    Raises:
        imgedit.errors.ImageRejected: the picture or the mask cannot be edited; it says why.
        OSError: a file cannot be read or written.
    """
    from . import files

    picture = files.load(image)
    area = files.load_mask(mask, picture.image.size) if mask is not None else None
    every = (steps, *variations)
    written = output_format or picture.format
    if written == "webp" or any(_has_colour(step) for each in every for step in each):
        files.with_colour(picture)
    if written == "jpeg" and output_format is None and any(map(_clears, steps)):
        written = "png"
        picture.warnings.append("the result is png, because jpeg has no transparency")
    original = picture.image
    answer: dict[str, Any] = {}
    for number, each in enumerate(every, 1):
        last = number == len(every)
        picture.image = _edited(original if last else original.copy(), each, area, picture.warnings)
        if area is not None and (written == "jpeg" or (written == "webp" and not picture.lossless)):
            picture.warnings.append(
                f"{written} compresses with loss, outside the mask too: ask for png to avoid that"
            )
        facts = files.save(picture, to, written, number)
        answer = answer or facts
    return {**answer, "warnings": list(dict.fromkeys(picture.warnings))}


def _edited(image: Any, steps: Sequence[dict[str, Any]], area: Any, warnings: list[str]) -> Any:
    from PIL import Image

    from . import pixels

    before = image.copy() if area is not None else None
    context = pixels.Context(mask=area, warnings=warnings)
    for step in steps:
        size = image.size
        image = pixels.apply(image, step, context)
        if step["op"] == "resize":
            warnings.extend(_stretched(size, image.size))
    if before is not None:
        image = Image.composite(image, before.convert(image.mode), area)
    return image


def _has_colour(step: dict[str, Any]) -> bool:
    """Whether a grey picture may have colours after this step."""
    if "colour" not in step:
        return BY_NAME[step["op"]].tints
    colour = step["colour"]  # None is black or white, whichever can be read
    return colour not in (None, TRANSPARENT) and not is_grey(colour)


def _clears(step: dict[str, Any]) -> bool:
    return step["op"] == "background_remove" or step.get("colour") == TRANSPARENT


def _stretched(before: tuple[int, int], after: tuple[int, int]) -> list[str]:
    """A warning when a new size does not have the proportions of the old one, rounding aside."""
    exact = before[0] * after[1] / before[1]
    if abs(exact - after[0]) <= max(1.0, 0.005 * after[0]):
        return []
    return ["the new size has other proportions: the picture was stretched"]
