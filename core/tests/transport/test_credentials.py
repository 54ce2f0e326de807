"""Keys go into headers and nowhere else."""

from __future__ import annotations

import html
import json
import pickle
import re
from base64 import b64encode, urlsafe_b64encode
from urllib.parse import quote, quote_plus

import pytest

from imgedit import HttpResponse
from imgedit.transport import Credentials
from imgedit.transport.credentials import mask_every

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
    assert mask_every("canary-used (an example)") == "*** (an example)"


STRANGE = "canary 51/+&\"'<é=\\x"
SPELLINGS = {
    "plain": STRANGE,
    "JSON": json.dumps(STRANGE),
    "JSON in UTF-8": json.dumps(STRANGE, ensure_ascii=False),
    "JSON inside JSON": json.dumps(json.dumps(STRANGE)),
    "JSON as PHP writes it": json.dumps(json.dumps(STRANGE)).replace("/", "\\/"),
    "HTML": html.escape(STRANGE),
    "HTML twice": html.escape(html.escape(STRANGE)),
    "HTML in numbers": "".join(f"&#{ord(c)};" if not c.isalnum() else c for c in STRANGE),
    "HTML in hexadecimal": "".join(f"&#x{ord(c):X};" if not c.isalnum() else c for c in STRANGE),
    "a URL": quote(STRANGE),
    "a URL's part": quote(STRANGE, safe=""),
    "small letters": re.sub("%..", lambda found: found[0].lower(), quote(STRANGE, safe="")),
    "a URL inside a URL": quote(quote(STRANGE, safe=""), safe=""),
    "a form": quote_plus(STRANGE),
    "a form as JSON": json.dumps(quote_plus(STRANGE)),
    "a program's quotes": repr(STRANGE),
    "base64": b64encode(STRANGE.encode()).decode(),
    "base64 for URLs": urlsafe_b64encode(STRANGE.encode()).decode().rstrip("="),
    "base64 in a URL": quote(b64encode(STRANGE.encode()).decode(), safe=""),
    "the header": f"Bearer {STRANGE}",
}


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
def test_every_spelling_of_a_key_is_masked(spelling: str) -> None:
    made = Credentials({"Authorization": f"Bearer {STRANGE}"}, [STRANGE])
    masked = made.mask(f"before {spelling} after \ud800")
    assert re.fullmatch(r"before \W*\*\*\*\W* after \ud800", masked)


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
def test_an_answer_that_repeats_a_key_comes_without_it(spelling: str) -> None:
    made = Credentials({"Authorization": f"Bearer {STRANGE}"}, [STRANGE])
    body = f'{{"echo": "{spelling}"}}'.encode()
    answer = HttpResponse(status=200, headers={"X-Echo": (spelling, "other")}, body=body)
    masked = made.mask_answer(answer)
    assert masked.headers["x-echo"][0].strip("\"'\\") == "***"
    assert masked.headers["x-echo"][1] == "other"
    assert b"***" in masked.body
    assert b"51" not in masked.body
    assert masked.body.startswith(b'{"echo": ')


def test_another_answer_is_not_touched() -> None:
    answer = HttpResponse(status=200, headers={"X-Echo": "canary"}, body=b'"canary/51"')
    assert bearer().mask_answer(answer) is answer


def test_it_shows_no_key_and_is_not_pickled() -> None:
    made = bearer()
    assert CANARY not in repr(made)
    assert CANARY not in str(made)
    assert made.masked() == {"Authorization": "Bearer ***"}
    with pytest.raises(TypeError):
        pickle.dumps(made)
