"""What stands behind `--option` and `--reference`."""

from __future__ import annotations

from decimal import Decimal

import pytest

from imgedit import Model, UsageError
from imgedit.cli.values import read_options, read_reference, read_value


@pytest.mark.parametrize(
    ("fragment", "text", "value"),
    (
        ({"type": "boolean"}, "true", True),
        ({"type": "boolean"}, "false", False),
        ({"type": "boolean"}, "yes", "yes"),
        ({"type": "boolean"}, "1", "1"),
        ({"type": "integer"}, "7", 7),
        ({"type": "integer"}, "7.5", "7.5"),
        ({"type": "integer"}, "true", "true"),
        ({"type": "number"}, "7.5", 7.5),
        ({"type": "number"}, "7", 7),
        ({"type": "number"}, "NaN", "NaN"),
        ({"type": "string"}, "7", "7"),
        ({"type": ["integer", "null"]}, "7", 7),
        ({"enum": [1, 2]}, "2", 2),
        ({"enum": [Decimal("0.5")]}, "0.5", 0.5),
        ({"enum": ["1", "2"]}, "2", "2"),
        ({"const": True}, "true", True),
        ({"type": "array"}, '["a", 1]', ["a", 1]),
        ({"type": "object"}, '{"a": 1}', {"a": 1}),
        ({"maxLength": 3}, "true", "true"),
    ),
)
def test_a_value_is_read_as_its_fragment_expects(fragment, text, value):
    found = read_value(text, [fragment])
    assert found == value
    assert type(found) is type(value)


def model(**limits: dict[str, object]) -> Model:
    return Model(id="one", title="One", send="one", limits=limits)


def test_options_are_read_by_the_limits_of_the_models():
    one = model(**{"options.steps": {"type": "integer"}, "options.style": {"type": "string"}})
    texts = ["steps=20", "style=20", "unknown=20", "empty=", "formula=a=b"]
    assert read_options(texts, [one]) == {
        "steps": 20,
        "style": "20",
        "unknown": "20",
        "empty": "",
        "formula": "a=b",
    }


@pytest.mark.parametrize("texts", (["steps"], ["=3"], ["a=1", "a=1"]))
def test_what_is_no_option_is_refused(texts):
    with pytest.raises(UsageError) as caught:
        read_options(texts, [])
    assert caught.value.hint


def test_a_reference_may_have_a_description(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("hat.png", "a=b.png"):
        (tmp_path / name).touch()
    assert read_reference("hat.png") == ("hat.png", None)
    assert read_reference("hat.png=the hat = red") == ("hat.png", "the hat = red")
    assert read_reference("a=b.png") == ("a=b.png", None)
    assert read_reference("a=b.png=the hat") == ("a=b.png", "the hat")
    assert read_reference("gone.png=the hat") == ("gone.png", "the hat")
    assert read_reference("hat.png=") == ("hat.png", None)
    url = "https://pictures.acme.example/hat?size=1"
    assert read_reference(url) == (url, None)
