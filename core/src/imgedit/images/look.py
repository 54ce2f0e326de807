"""What the walk over a picture file gathers, whatever its format."""

from __future__ import annotations

import attrs


@attrs.define(kw_only=True)
class Look:
    """Filled step by step, so that a walk that breaks off leaves what it had seen.

    `whole` is set when the format's own end was reached; `needs` is the least file size (bytes)
    that the header announces.
    """

    width: int | None = None
    height: int | None = None
    animated: bool = False
    whole: bool = False
    needs: int = 0
    c2pa: bool = False

    def measure(self, width: int, height: int) -> None:
        """Note the size in pixels; a zero says nothing."""
        self.width = width or None
        self.height = height or None
