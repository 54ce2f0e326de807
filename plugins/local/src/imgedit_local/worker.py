"""The function that the core calls in a child process; the only way to Pillow and NumPy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .operations import BY_NAME


def edit(
    *,
    image: str,
    mask: str | None = None,
    steps: Sequence[dict[str, Any]],
    output_format: str | None = None,
    to: str,
) -> dict[str, Any]:
    """Edit a picture file and write the result as 1.png, 1.jpg or 1.webp into the folder `to`.

    `steps` are those of `parse`. With a mask (white = change, black = keep, greys blend; of the
    picture's size once it stands upright) the other pixels keep their value exactly. Without
    `output_format` ("png", "jpeg", "webp") the result has the format of the file, or PNG.

    Returns:
        {"width", "height", "media_type", "warnings": [sentence, ...]}

    Raises:
        imgedit.errors.ImageRejected: the picture or the mask cannot be edited; it says why.
        OSError: a file cannot be read or written.
    """
    from PIL import Image

    from . import files, pixels

    picture = files.load(image)
    written = output_format or picture.format
    if written == "webp" or any(BY_NAME[step["op"]].tints for step in steps):
        files.with_colour(picture)
    before = picture.image.copy() if mask is not None else None
    area = files.load_mask(mask, picture.image.size) if mask is not None else None
    for step in steps:
        size = picture.image.size
        picture.image = pixels.apply(picture.image, step)
        if step["op"] == "resize":
            picture.warnings.extend(_stretched(size, picture.image.size))
    if before is not None and area is not None:
        picture.image = Image.composite(picture.image, before, area)
        if written == "jpeg" or (written == "webp" and not picture.lossless):
            picture.warnings.append(
                f"{written} compresses with loss, outside the mask too: ask for png to avoid that"
            )
    facts = files.save(picture, to, written)
    return {**facts, "warnings": list(dict.fromkeys(picture.warnings))}


def _stretched(before: tuple[int, int], after: tuple[int, int]) -> list[str]:
    """A warning when a new size does not have the proportions of the old one, rounding aside."""
    exact = before[0] * after[1] / before[1]
    if abs(exact - after[0]) <= max(1.0, 0.005 * after[0]):
        return []
    return ["the new size has other proportions: the picture was stretched"]
