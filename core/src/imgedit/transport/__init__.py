"""The only part of imgedit that talks to a network; nothing else imports aiohttp.

Importing this package is cheap; its names are loaded when they are first used. aiohttp comes in
with `Transport`; `Site`, `Credentials`, `body_preview`, `check_address` and the exceptions do
not need it.

What the exceptions promise: `NotSent` is certain that no byte of the request left; `Lost` means
that it may have left, and that a spending request may have been charged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .client import Transport
    from .credentials import Credentials
    from .download import Downloaded
    from .errors import BadDownload, Lost, NotSent, TooLarge
    from .guard import check_address
    from .preview import body_preview
    from .site import Site

_HOMES = {
    "BadDownload": "errors",
    "Credentials": "credentials",
    "Downloaded": "download",
    "Lost": "errors",
    "NotSent": "errors",
    "Site": "site",
    "TooLarge": "errors",
    "Transport": "client",
    "body_preview": "preview",
    "check_address": "guard",
}

__all__ = [
    "BadDownload",
    "Credentials",
    "Downloaded",
    "Lost",
    "NotSent",
    "Site",
    "TooLarge",
    "Transport",
    "body_preview",
    "check_address",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value
