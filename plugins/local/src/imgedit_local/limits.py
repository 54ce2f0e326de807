"""Steps, and the sizes and ratios that one may have."""

from __future__ import annotations

from typing import Any

from .clauses import Refused
from .tokens import Item

Step = dict[str, Any]

MAX_SIDE = 30_000
MAX_PIXELS = 100_000_000


def size_of(item: Item) -> Step:
    """{"width", "height"} of an item such as 800x600.

    Raises:
        Refused: it is too large, or nothing.
    """
    width, height = int(item.number), int(item.second)
    if not (0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE) or width * height > MAX_PIXELS:
        raise Refused("a size is at most 30000 pixels a side and 100 megapixels in all")
    return {"width": width, "height": height}


def ratio_of(item: Item | None, needs: str) -> str:
    """The ratio of an item such as 16:9 as text. `needs` is the refusal when there is none.

    Raises:
        Refused: there is none, or it is beyond 100:1.
    """
    if item is None or not item.number or not item.second:
        raise Refused(needs)
    if not 1 / 100 <= item.number / item.second <= 100:
        raise Refused("a ratio is at most 100:1")
    return f"{item.number:g}:{item.second:g}"
