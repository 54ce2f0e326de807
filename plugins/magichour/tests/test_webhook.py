"""The check of a webhook's signature: nothing but what Magic Hour itself signed gets through."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import pytest

from imgedit_magichour.webhook import OLDEST, is_genuine

SECRET = "whsec-canary4711"
NOW = 1_795_176_000
BODY = '{"type":"image.completed","payload":{"id":"c-1","name":"Über uns"}}'.encode()


def signed(body: bytes = BODY, at: str = str(NOW), secret: str = SECRET) -> dict[str, str]:
    text = at.encode() + b"." + body
    return {
        "magic-hour-event-signature": hmac.new(secret.encode(), text, hashlib.sha256).hexdigest(),
        "magic-hour-event-timestamp": at,
    }


def genuine(headers: dict[str, str], body: bytes = BODY, **changes: Any) -> bool:
    return is_genuine(body, headers, **{"secret": SECRET, "now": NOW, **changes})


def test_a_known_signature() -> None:
    """Worked out once with another program: openssl dgst -sha256 -hmac."""
    headers = {
        "Magic-Hour-Event-Signature": (
            "d0e2ac2c835a3ecf0a8f75d90d24e87d195771487bab6267e165216e8c7148d0"
        ),
        "Magic-Hour-Event-Timestamp": "1795176000",
    }
    assert is_genuine(b'{"type":"image.started"}', headers, secret="s3cret", now=1_795_176_000.5)


def test_what_was_signed_is_genuine() -> None:
    assert genuine(signed())
    assert genuine({name.upper(): value.upper() for name, value in signed().items()})
    assert genuine(signed(), bytearray(BODY))  # type: ignore[arg-type]  # what servers hand out


@pytest.mark.parametrize("late", (0, 60, OLDEST, -60))
def test_a_repeat_within_a_day_is_genuine(late: float) -> None:
    assert genuine(signed(), now=NOW + late)


@pytest.mark.parametrize("late", (OLDEST + 1, 10 * OLDEST, -3600))
def test_what_is_old_or_from_the_future_is_not(late: float) -> None:
    assert not genuine(signed(), now=NOW + late)


def test_an_app_may_be_stricter() -> None:
    assert not genuine(signed(), now=NOW + 61, oldest=60)


@pytest.mark.parametrize(
    ("headers", "body"),
    (
        ({}, BODY),
        (signed(), BODY + b" "),
        (signed(), b""),
        (signed(secret="another"), BODY),
        (signed(secret=""), BODY),
        ({**signed(), "magic-hour-event-timestamp": str(NOW + 1)}, BODY),
        ({**signed(), "magic-hour-event-timestamp": ""}, BODY),
        ({**signed(), "magic-hour-event-signature": ""}, BODY),
        ({**signed(), "magic-hour-event-signature": "ü" * 64}, BODY),
        ({**signed(), "magic-hour-event-signature": signed()["magic-hour-event-signature"][:-1]},
         BODY),
        *((signed(at=at), BODY) for at in ("", "soon", "nan", "inf", "1e99", "-1", "٣", " 1")),
        (signed(at="9" * 5000), BODY),
        ({"magic-hour-event-signature": signed()["magic-hour-event-signature"]}, BODY),
        ({"magic-hour-event-timestamp": str(NOW)}, BODY),
    ),
)  # fmt: skip
def test_anything_else_is_not(headers: dict[str, str], body: bytes) -> None:
    assert not genuine(headers, body)


def test_without_a_secret_nothing_is_genuine() -> None:
    """A setting that is missing must not let in who signs with nothing."""
    with pytest.raises(ValueError, match="secret"):
        is_genuine(BODY, signed(secret=""), secret="", now=NOW)
