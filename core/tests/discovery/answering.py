"""Hooks of acme that return one expression, and whose they are."""

from __future__ import annotations

from collections.abc import Callable

from imgedit import (
    HttpResponse,
)
from imgedit.discovery import Provider

LABEL = "imgedit_acme (registered) 0.1.0"


OK = HttpResponse(
    status=200, headers={"Content-Type": "application/json"}, body=b'{"url": "https://x.example/1"}'
)


Acme = Callable[..., Provider]


def answering(expression: str, hook: str = "parse_response") -> str:
    """The source of a hook that returns this."""
    return f"""
    from datetime import datetime
    from decimal import Decimal
    from imgedit import *

    @hookimpl
    def {hook}({"job, response" if hook == "parse_response" else "job"}):
        return {expression}
    """
