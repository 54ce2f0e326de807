"""A plugin project of an author's own, from what they say of the vendor: `imgedit new-provider`.

Needs `imgedit-core[new]`.
"""

from __future__ import annotations

from .answers import ANSWERS, AUTHS, PICTURES, Description, check, defaults
from .project import check_new, render, write
from .taken import check_free

__all__ = [
    "ANSWERS",
    "AUTHS",
    "PICTURES",
    "Description",
    "check",
    "check_free",
    "check_new",
    "defaults",
    "render",
    "write",
]
