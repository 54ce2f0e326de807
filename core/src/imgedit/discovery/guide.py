"""Where the documentation tells an author how it is done."""

from __future__ import annotations

from typing import Final

HOOKS: Final = "(see docs/hooks.md)"
MANIFEST: Final = "(see docs/manifest.md)"


def of_hook(hook: str) -> str:
    """The part of the documentation on one hook."""
    return f"(see docs/hooks.md#{hook})"
