"""Keys go into headers and nowhere else."""

from __future__ import annotations

import json
import pickle
from base64 import b64encode
from typing import Any
from urllib.parse import quote

import pytest

from imgedit.errors import ConfigError
from imgedit.transport import Credentials

BEARER: dict[str, Any] = {
    "env": ["ACME_API_KEY", "ACME_KEY"],
    "header": "Authorization",
    "value": "Bearer {key}",
}
BASIC: dict[str, Any] = {
    "env": {"key": "ACME_API_KEY", "project": "ACME_PROJECT"},
    "basic": ["{key}", "{project}"],
}
CANARY = "canary/51+f8=e2"


def test_the_first_variable_that_is_set_wins_and_the_argument_wins_over_all() -> None:
    environ = {"ACME_KEY": "second", "OTHER": "x"}
    assert Credentials.from_manifest(BEARER, environ=environ).headers() == {
        "Authorization": "Bearer second"
    }
    environ["ACME_API_KEY"] = "first"
    assert Credentials.from_manifest(BEARER, environ=environ).headers() == {
        "Authorization": "Bearer first"
    }
    assert Credentials.from_manifest(BEARER, "given", environ).headers() == {
        "Authorization": "Bearer given"
    }


def test_several_parts_and_basic() -> None:
    made = Credentials.from_manifest(BASIC, {"key": CANARY}, {"ACME_PROJECT": "p-123"})
    token = b64encode(f"{CANARY}:p-123".encode()).decode()
    assert made.headers() == {"Authorization": f"Basic {token}"}
    assert made.mask(f"{token} {CANARY} p-123") == "*** *** ***"


def test_a_header_of_its_own() -> None:
    auth = {"env": "ACME_API_KEY", "header": "X-Api-Key", "value": "{key}"}
    assert Credentials.from_manifest(auth, "k1234").headers() == {"X-Api-Key": "k1234"}


def test_no_auth_is_no_key() -> None:
    made = Credentials.from_manifest(None, None, {"ACME_API_KEY": "x"})
    assert made.headers() == {}
    assert not made
    assert made.mask("any text") == "any text"


@pytest.mark.parametrize(
    "bad", ("", "   ", "canary\n", "can\r\nary", " canary", "can\x00ary", "can\x7fary", "canary…")
)
def test_an_unusable_key_is_named_by_its_variable_never_shown(bad: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Credentials.from_manifest(BEARER, environ={"ACME_API_KEY": bad})
    assert "ACME_API_KEY" in str(caught.value)
    assert "canary" not in repr(caught.value)
    assert caught.value.charged == "no"


def test_a_missing_key_says_which_to_set() -> None:
    with pytest.raises(ConfigError, match="ACME_API_KEY or ACME_KEY"):
        Credentials.from_manifest(BEARER, provider="acme")
    with pytest.raises(ConfigError, match="ACME_PROJECT"):
        Credentials.from_manifest(BASIC, "k", {}, provider="acme")


def test_every_form_of_a_key_is_masked() -> None:
    made = Credentials.from_manifest(BEARER, CANARY)
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
    made = Credentials.from_manifest(BEARER, CANARY)
    assert CANARY not in repr(made)
    assert CANARY not in str(made)
    assert made.masked() == {"Authorization": "Bearer ***"}
    with pytest.raises(TypeError):
        pickle.dumps(made)
