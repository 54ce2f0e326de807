"""Tables: with borders on a terminal, plain columns elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from .screen import Screen, clean

if TYPE_CHECKING:
    from rich.table import Table


def table(
    screen: Screen, names: Sequence[str], rows: Iterable[Sequence[str]], *, whole: int = 2
) -> Table:
    """A table of texts; columns that are empty throughout are left out.

    The first `whole` columns are never broken into lines.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    cells = [list(map(clean, row)) for row in rows]
    used = [place for place in range(len(names)) if any(row[place] for row in cells)]
    made = Table(
        box=box.SIMPLE_HEAD if screen.out.is_terminal else None,
        header_style="bold",
        pad_edge=False,
        show_edge=False,
    )
    for place in used:
        made.add_column(names[place], overflow="fold", no_wrap=place < whole)
    for row in cells:
        made.add_row(*(Text(row[place]) for place in used))
    return made
