"""Keys go into headers and nowhere else."""

from __future__ import annotations

import json
import pickle
from base64 import b64encode
from urllib.parse import quote

import pytest

from imgedit.transport import Credentials
from imgedit.transport.credentials import every_secret

CANARY = "canary/51+f8=e2"


def bearer() -> Credentials:
    return Credentials({"Authorization": f"Bearer {CANARY}"}, [CANARY])


def test_the_parts_of_a_basic_token_are_masked_as_the_token_is() -> None:
    token = b64encode(f"{CANARY}:p-123".encode()).decode()
    made = Credentials({"Authorization": f"Basic {token}"}, [CANARY, "p-123"])
    assert made.headers() == {"Authorization": f"Basic {token}"}
    assert made.mask(f"{token} {CANARY} p-123") == "*** *** ***"


def test_no_credentials_are_none() -> None:
    made = Credentials()
    assert made.headers() == {}
    assert not made
    assert made.mask("any text") == "any text"


def test_a_short_part_does_not_blank_out_words() -> None:
    made = Credentials({"X-Api-Key": "abc"}, ["abc"])
    assert made.mask("abcdef") == "abcdef"


def test_every_key_that_was_used_is_known_to_the_log() -> None:
    Credentials({"X-Api-Key": "canary-used"}, ["canary-used"])
    Credentials({"X-Api-Key": "(an example)"})
    assert "canary-used" in every_secret()
    assert "(an example)" not in every_secret()


def test_every_form_of_a_key_is_masked() -> None:
    made = bearer()
    forms = [
        CANARY,
        f"Bearer {CANARY}",
        quote(CANARY),
        quote(CANARY, safe=""),
        b64encode(CANARY.encode()).decode(),
        json.dumps(CANARY),
    ]
    for form in forms:
        masked = made.mask(f"before {form} after")
        assert "***" in masked
        assert "canary" not in masked
        assert masked.startswith("before ")
    assert CANARY in made.secrets()


def test_it_shows_no_key_and_is_not_pickled() -> None:
    made = bearer()
    assert CANARY not in repr(made)
    assert CANARY not in str(made)
    assert made.masked() == {"Authorization": "Bearer ***"}
    with pytest.raises(TypeError):
        pickle.dumps(made)
