"""Before and after, drawn with half blocks: each character cell is two pixels, one on another."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from .screen import Screen

if TYPE_CHECKING:
    from rich.segment import Segment

    from ..result import ResultImage

logger = logging.getLogger("imgedit.cli")

_GAP = 2
_WIDTH = 38
_HEIGHT = 32
_MOST_PIXELS = 60_000_000
_FORMATS = ("PNG", "JPEG", "WEBP")


def show_preview(screen: Screen, before: str, after: ResultImage, *, forced: bool) -> None:
    """Draw both pictures side by side, at most 78 columns; where it cannot be done, nothing.

    Without `forced`, only on a terminal with 256 colours or more that is wide enough.
    """
    console = screen.out
    if not forced and (
        not console.is_terminal
        or console.color_system not in ("256", "truecolor")
        or console.no_color
        or console.width < 2 * _WIDTH + _GAP
    ):
        return
    if forced and console.color_system is None:
        from rich.console import Console

        console = screen.out = Console(
            file=console.file,
            force_terminal=True,
            color_system="truecolor",
            width=80,
            no_color=False,
        )
    try:
        pictures = [_small(before), _small(str(after.path))]
    except Exception as error:  # a preview is never worth an error
        logger.debug("no preview: %r", error)
        if forced:
            screen.note("No preview can be drawn of these pictures.")
        return
    from rich.segment import Segments

    screen.show(Segments(_drawn(pictures)))


def _small(path: str) -> Any:
    """A picture as RGB, upright, as wide as a column may be; transparency on white."""
    import warnings

    from PIL import Image, ImageOps

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with Image.open(path, formats=_FORMATS) as image:
            if image.width * image.height > _MOST_PIXELS:
                raise ValueError("too large")
            image.draft("RGB", (4 * _WIDTH, 4 * _HEIGHT))
            found = ImageOps.exif_transpose(image).convert("RGBA")
    found.thumbnail((_WIDTH, _HEIGHT))
    ground = Image.new("RGBA", found.size, "white")
    ground.alpha_composite(found)
    return ground.convert("RGB")


def _drawn(pictures: list[Any]) -> list[Segment]:
    from rich.color import Color
    from rich.segment import Segment
    from rich.style import Style

    segments: list[Segment] = []
    height = max(picture.height for picture in pictures)
    for y in range(0, height, 2):
        for place, picture in enumerate(pictures):
            if place:
                segments.append(Segment(" " * _GAP))
            for x in range(picture.width):
                upper, lower = _pixel(picture, x, y), _pixel(picture, x, y + 1)
                if upper is None:
                    segments.append(Segment(" "))
                    continue
                style = Style(
                    color=Color.from_rgb(*upper),
                    bgcolor=None if lower is None else Color.from_rgb(*lower),
                )
                segments.append(Segment("▀", style))
        segments.append(Segment.line())
    left = "before".ljust(pictures[0].width + _GAP)
    return [*segments, Segment(f"{left}after"), Segment.line()]


def _pixel(picture: Any, x: int, y: int) -> tuple[int, int, int] | None:
    return picture.getpixel((x, y)) if y < picture.height else None
