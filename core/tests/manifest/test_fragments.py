"""What is seen without jsonschema is what jsonschema would say."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from imgedit.manifest.fragments import compiled, plainly_fits

SMALL = st.integers(-3, 3)
WORDS = st.sampled_from(("", "a", "ab", "abc", "1"))
VALUES = st.one_of(SMALL, WORDS, st.booleans(), st.floats(-3, 3), st.none(), st.lists(SMALL))
FRAGMENTS = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(("string", "integer", "number", "boolean")),
        "const": VALUES,
        "enum": st.lists(VALUES, min_size=1, max_size=3),
        "minimum": SMALL,
        "maximum": SMALL,
        "minLength": st.integers(0, 3),
        "maxLength": st.integers(0, 3),
        "multipleOf": st.integers(1, 3),
        "not": st.just({"const": "a"}),
        "default": VALUES,
        "title": WORDS,
    },
)


@given(FRAGMENTS, VALUES)
def test_what_plainly_fits_is_valid(fragment: dict[str, Any], value: Any) -> None:
    valid = Draft202012Validator(fragment).is_valid(value)
    assert valid or not plainly_fits(fragment, value)
    assert valid is not bool(compiled(fragment).failures(value))


@pytest.mark.parametrize(
    ("fragment", "value"),
    (
        ({"enum": ["1:1", "16:9"], "default": "1:1"}, "16:9"),
        ({"minimum": 1, "maximum": 4}, 4),
        ({"type": "integer"}, 7),
        ({"minLength": 1, "maxLength": 8000}, "make it warmer" * 500),
    ),
)
def test_usual_limits_are_seen_plainly(fragment: dict[str, Any], value: Any) -> None:
    assert plainly_fits(fragment, value)


def test_a_wrong_keyword_is_left_to_jsonschema() -> None:
    assert not plainly_fits({"minimum": "1"}, 1)
    assert not plainly_fits({"enum": 5}, 1)


def test_a_value_that_fits_does_not_import_jsonschema() -> None:
    code = (
        "import sys; from imgedit.manifest.fragments import fits\n"
        "assert fits({'enum': ['a', 'b']}, 'a')\n"
        "assert 'jsonschema' not in sys.modules\n"
        "assert not fits({'enum': ['a', 'b']}, 'c')"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
