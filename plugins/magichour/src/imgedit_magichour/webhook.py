"""Whether a webhook comes from Magic Hour; for apps that take them, no hook of imgedit uses it.

Source: integration/webhook of Magic Hour's documentation, github.com/magichourhq/docs at f5df0c5
(2026-08-22).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Final

OLDEST: Final = 86_400 + 600
"""The default for `oldest`: Magic Hour repeats a webhook for 24 hours, and whether a repeat gets a
time of its own is not published."""

_CLOCKS_DIFFER: Final = 300.0


def is_genuine(
    body: bytes, headers: Mapping[str, str], *, secret: str, now: float, oldest: float = OLDEST
) -> bool:
    """Whether Magic Hour signed this request, and not too long ago.

    Args:
        body: as it arrived, before anything parsed it.
        headers: of the request; upper and lower case are the same.
        secret: of the webhook, from Magic Hour's page.
        now: the time, as `time.time()` gives it.
        oldest: seconds since it was signed. The same webhook can come again within this time: do
            what it says once for each `id` and `type`.

    Raises:
        ValueError: the secret is empty.
    """
    if not secret:
        raise ValueError("the secret of the webhook is empty")
    given = {name.lower(): value for name, value in headers.items()}
    time = given.get("magic-hour-event-timestamp", "")
    if not (time.isascii() and time.isdigit() and len(time) < 20):
        return False
    text = time.encode() + b"." + bytes(body)
    wanted = hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()
    signature = given.get("magic-hour-event-signature", "").lower()
    # As bytes: text with other than ASCII would raise.
    same = hmac.compare_digest(wanted.encode(), signature.encode("utf-8", "replace"))
    return same and -_CLOCKS_DIFFER <= now - int(time) <= oldest
