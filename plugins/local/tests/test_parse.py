"""The grammar: what a prompt becomes, and that nothing is done that was not asked."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgedit_local.operations import OPERATIONS
from imgedit_local.parse import MAX_STEPS, NotUnderstood, parse
from imgedit_local.tokens import vocabulary

UNDERSTOOD: dict[str, list[dict[str, Any]]] = {
    "brighter": [{"op": "brightness", "amount": 0.25}],
    "slightly brighter": [{"op": "brightness", "amount": 0.125}],
    "make it a bit less bright, please": [{"op": "brightness", "amount": -0.125}],
    "much darker": [{"op": "brightness", "amount": -0.5}],
    "Brighten the whole picture by 40%.": [{"op": "brightness", "amount": 0.4}],
    "brightness -10%": [{"op": "brightness", "amount": -0.1}],
    "increase contrast by 20%": [{"op": "contrast", "amount": 0.2}],
    "20 percent less contrast": [{"op": "contrast", "amount": -0.2}],
    "turn the contrast down": [{"op": "contrast", "amount": -0.25}],
    "add some contrast": [{"op": "contrast", "amount": 0.25}],
    "less flat": [{"op": "contrast", "amount": 0.25}],
    "make it warmer": [{"op": "warmth", "amount": 0.3}],
    "warm it up a bit": [{"op": "warmth", "amount": 0.15}],
    "make the colours much cooler": [{"op": "warmth", "amount": -0.6}],
    "30% more saturated": [{"op": "saturation", "amount": 0.3}],
    "less vivid": [{"op": "saturation", "amount": -0.3}],
    "desaturate": [{"op": "saturation", "amount": -0.3}],
    "black and white": [{"op": "grayscale"}],
    "turn it into black-and-white": [{"op": "grayscale"}],
    "B&W": [{"op": "grayscale"}],
    "convert to grayscale": [{"op": "grayscale"}],
    "sepia": [{"op": "sepia", "amount": 0.8}],
    "a strong sepia tone": [{"op": "sepia", "amount": 1.0}],
    "blur it a little": [{"op": "blur", "amount": 0.1}],
    "blur 5px": [{"op": "blur", "pixels": 5.0}],
    "blur by 5 pixels": [{"op": "blur", "pixels": 5.0}],
    "very slightly sharper": [{"op": "sharpen", "amount": 0.2}],
    "sharpen by 150%": [{"op": "sharpen", "amount": 1.5}],
    "add a strong vignette": [{"op": "vignette", "amount": 1.0}],
    "darken the edges by 30%": [{"op": "vignette", "amount": 0.3}],
    "rotate left": [{"op": "rotate", "degrees": -90.0}],
    "rotate 90 degrees clockwise": [{"op": "rotate", "degrees": 90.0}],
    "rotate by 45° to the left": [{"op": "rotate", "degrees": -45.0}],
    "rotate -5 degrees": [{"op": "rotate", "degrees": -5.0}],
    "turn it upside down": [{"op": "rotate", "degrees": 180.0}],
    "flip horizontally": [{"op": "flip", "axis": "horizontal"}],
    "flip upside down": [{"op": "flip", "axis": "vertical"}],
    "mirror": [{"op": "flip", "axis": "horizontal"}],
    "crop to 16:9.": [{"op": "crop", "ratio": "16:9"}],
    "crop to a square": [{"op": "crop", "ratio": "1:1"}],
    "make it 2.39:1": [{"op": "crop", "ratio": "2.39:1"}],
    "resize to 800x600": [{"op": "resize", "width": 800, "height": 600}],
    "resize to 800 × 600 px": [{"op": "resize", "width": 800, "height": 600}],
    "resize to 800 pixels wide": [{"op": "resize", "width": 800, "height": None}],
    "resize to a height of 300 px": [{"op": "resize", "width": None, "height": 300}],
    "half the size": [{"op": "resize", "factor": 0.5}],
    "resize to 50% of the original size": [{"op": "resize", "factor": 0.5}],
    "20% smaller": [{"op": "resize", "factor": 0.8}],
    "enlarge to 150%": [{"op": "resize", "factor": 1.5}],
    "increase the size by 50%": [{"op": "resize", "factor": 1.5}],
    "black and white with a subtle vignette": [
        {"op": "grayscale"},
        {"op": "vignette", "amount": 0.3},
    ],
    "make it warmer, add a vignette and crop to 16:9": [
        {"op": "warmth", "amount": 0.3},
        {"op": "crop", "ratio": "16:9"},
        {"op": "vignette", "amount": 0.6},
    ],
    "vignette, brighter, rotate left, black and white": [
        {"op": "brightness", "amount": 0.25},
        {"op": "rotate", "degrees": -90.0},
        {"op": "vignette", "amount": 0.6},
        {"op": "grayscale"},
    ],
    "brighter then darker": [
        {"op": "brightness", "amount": 0.25},
        {"op": "brightness", "amount": -0.25},
    ],
    "slightly brighter and warmer": [
        {"op": "brightness", "amount": 0.125},
        {"op": "warmth", "amount": 0.15},
    ],
    "slightly brighter, warmer": [
        {"op": "brightness", "amount": 0.125},
        {"op": "warmth", "amount": 0.3},
    ],
    "slightly brighter and make it much warmer": [
        {"op": "brightness", "amount": 0.125},
        {"op": "warmth", "amount": 0.6},
    ],
    "increase brightness and contrast by 20%": [
        {"op": "brightness", "amount": 0.2},
        {"op": "contrast", "amount": 0.2},
    ],
    "less contrast, saturation": [
        {"op": "contrast", "amount": -0.25},
        {"op": "saturation", "amount": -0.3},
    ],
    "increase brightness by 20% and contrast by 10%": [
        {"op": "brightness", "amount": 0.2},
        {"op": "contrast", "amount": 0.1},
    ],
}


@pytest.mark.parametrize("prompt", UNDERSTOOD)
def test_reads(prompt: str) -> None:
    steps = parse(prompt)
    assert list(steps) == UNDERSTOOD[prompt]
    assert json.loads(json.dumps(steps)) == list(steps)


@pytest.mark.parametrize(
    ("prompt", "words"),
    (
        ("don't make it brighter", ("don't",)),
        ("don’t make it brighter", ("don’t",)),
        ("no vignette", ("no",)),
        ("without a vignette", ("without",)),
        ("brighter -vignette", ("-vignette",)),
        ("remove the vignette", ("remove",)),
        ("make the sky warmer", ("sky",)),
        ("make the sky blue and add a dragon", ("sky", "blue", "dragon")),
        ("brighter, never darker", ("never",)),
        ("not so bright", ("not", "so")),
        ("too dark", ("too",)),
        ("unsharpen", ("unsharpen",)),
        ("brighter \U0001f600", ("\U0001f600",)),
        ("bright\x00er", ("\x00er",)),
        ("rotate ninety degrees", ("ninety", "degrees")),
        ("brighten the corners", ("corners",)),
        ("reduce the blur", ("reduce the blur",)),
        ("less vignette", ("less vignette",)),
        ("less sharp", ("less sharp",)),
        ("vignette -20%", ("vignette -20%",)),
        ("less brighter", ("less brighter",)),
        ("brighten it less", ("brighten it less",)),
        ("warm it down", ("warm it down",)),
        ("brighter -20%", ("brighter -20%",)),
        ("reduce contrast to 20%", ("reduce contrast to 20%",)),
        ("contrast", ("contrast",)),
        ("contrast 20%", ("contrast 20%",)),
        ("brighter sharper", ("brighter sharper",)),
        ("slightly", ("slightly",)),
        ("brighter, 20%", ("20%",)),
        ("slightly 20% brighter", ("slightly 20% brighter",)),
        ("strong black and white", ("strong black and white",)),
        ("add colour, crop to 16:9", ("add colour",)),
        ("make it and warmer", ("make it",)),
        ("rotate 90 degrees left and right", ("right",)),
        ("rotate clockwise left", ("rotate clockwise left",)),
        ("warmer, crop, flip", ("crop", "flip")),
        ("resize to 800", ("resize to 800",)),
        ("resize by 50%", ("resize by 50%",)),
        ("shrink to 200%", ("shrink to 200%",)),
        ("make it smaller", ("make it smaller",)),
        ("resize to 0x10", ("resize to 0x10",)),
        ("resize to 30000x30000", ("resize to 30000x30000",)),
        ("crop to 0:9", ("crop to 0:9",)),
        ("crop to 16:9:4", (":9", ":4")),
        ("500% darker", ("500% darker",)),
        ("blur by 0%", ("blur by 0%",)),
        ("blur 5000px", ("blur 5000px",)),
        ("rotate 720 degrees", ("rotate 720 degrees",)),
    ),
)
def test_refuses_and_names(prompt: str, words: tuple[str, ...]) -> None:
    with pytest.raises(NotUnderstood) as caught:
        parse(prompt)
    assert caught.value.words == words
    assert all(f"'{word}'" in str(caught.value) for word in words if word.isprintable())
    assert "black and white" in str(caught.value), "it says what can be done"


def test_ambiguous_less_is_refused() -> None:
    with pytest.raises(NotUnderstood, match="say less before each word"):
        parse("less bright and warm")
    assert parse("less bright and less warm") == (
        {"op": "brightness", "amount": -0.25},
        {"op": "warmth", "amount": -0.3},
    )


@pytest.mark.parametrize("prompt", ("", "  ", "please", ",,,", "thank you."))
def test_asking_for_nothing(prompt: str) -> None:
    with pytest.raises(NotUnderstood, match="asks for nothing"):
        parse(prompt)


def test_says_what_is_missing_and_what_was_meant() -> None:
    with pytest.raises(NotUnderstood, match="rotate 90 degrees or rotate left"):
        parse("rotate")
    with pytest.raises(NotUnderstood, match="perhaps 'vignette' was meant"):
        parse("add a vingette")


def test_a_long_or_dirty_prompt_gives_a_short_clean_message() -> None:
    started = time.perf_counter()
    with pytest.raises(NotUnderstood) as caught:
        parse(" ".join(f"nonsense{'x' * 100}\x1b{number}" for number in range(500)))
    assert time.perf_counter() - started < 5
    assert len(str(caught.value)) < 1_000
    assert str(caught.value).isprintable()


def test_number_of_steps_is_bounded() -> None:
    assert len(parse(", ".join(["sharper"] * MAX_STEPS))) == MAX_STEPS
    with pytest.raises(NotUnderstood, match="at most"):
        parse(", ".join(["sharper"] * (MAX_STEPS + 1)))


def test_every_operation_can_be_asked_for() -> None:
    for operation in OPERATIONS:
        for example in operation.examples:
            assert [step["op"] for step in parse(example)] == [operation.name], example


def test_no_phrase_has_two_meanings() -> None:
    texts = [word.text for operation in OPERATIONS for word in operation.words]
    assert len(texts) == len(set(texts))


@given(
    prompt=st.sampled_from(sorted(UNDERSTOOD)),
    word=st.text("abcdefghijklmnopqrstuvwxyzéßñ'", min_size=1, max_size=12),
    data=st.data(),
)
def test_an_unknown_word_anywhere_is_refused_and_named(
    prompt: str, word: str, data: st.DataObject
) -> None:
    word = "x" + word.replace("'", "") + "q"
    if word in vocabulary():
        return
    words = prompt.split()
    place = data.draw(st.integers(0, len(words)))
    with pytest.raises(NotUnderstood) as caught:
        parse(" ".join([*words[:place], word, *words[place:]]))
    assert word in caught.value.words


@given(st.sampled_from(["not", "no", "don't", "never", "without", "remove", "except"]), st.data())
def test_a_negation_anywhere_is_refused(negation: str, data: st.DataObject) -> None:
    words = data.draw(st.sampled_from(sorted(UNDERSTOOD))).split()
    place = data.draw(st.integers(0, len(words)))
    with pytest.raises(NotUnderstood) as caught:
        parse(" ".join([*words[:place], negation, *words[place:]]))
    assert negation in caught.value.words


def _outcome(prompt: str) -> object:
    """The steps, or the sentence of the refusal."""
    try:
        return parse(prompt)
    except NotUnderstood as error:
        return str(error)


@given(st.lists(st.sampled_from([*sorted(vocabulary()), "20%", "5px", "16:9", ",", "9x9", "-1"])))
def test_known_words_in_any_order_are_read_or_refused(words: list[str]) -> None:
    assert _outcome(" ".join(words))


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    assert _outcome(text)
