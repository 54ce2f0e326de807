"""Where a picture goes when nobody said, and how its place is shown."""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ..errors import ValidationError


def default_out(image: str) -> Path:
    """`<stem>-edited` in the current folder; the extension follows from the result's bytes."""
    if image.lower().startswith("data:"):
        name = "image"
    elif image.lower().startswith(("http://", "https://")):
        name = _last_part(image)
    else:
        name = Path(image).stem
    return Path(f"{name or 'image'}-edited")


def _last_part(url: str) -> str:
    try:
        name = unquote(urlsplit(url).path).rpartition("/")[2]
    except ValueError:
        return ""
    kept = "".join(one if one.isalnum() or one in "-_. " else "-" for one in name)
    return Path(kept).stem.strip(" .")[:80]


def check_image_name(image: str) -> None:
    """Say that a picture is missing before anything is made of its name.

    Raises:
        ValidationError: the name is empty.
    """
    if not image:
        from ..contract.model import Problem

        problem = Problem(path="/image", message="no file is named", code="not_found")
        raise ValidationError(problems=[problem])


def shown(path: Path, out: str | None) -> str:
    """A path as the user would write it: relative unless the output was named absolutely."""
    if out is not None and os.path.isabs(out):
        return str(path)
    try:
        relative = os.path.relpath(path)
    except ValueError:  # another drive
        return str(path)
    return relative if out is not None or not relative.startswith("..") else str(path)
