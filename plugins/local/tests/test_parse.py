"""The grammar: what a prompt becomes, and that nothing is done that was not asked."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ImageFont

from imgedit_local.colours import COLOURS, rgb
from imgedit_local.operations import OPERATIONS
from imgedit_local.parse import MAX_STEPS, NotUnderstood, parse
from imgedit_local.placing import LETTERS
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
    "exposure +1 stop": [{"op": "exposure", "amount": 1.0}],
    "underexpose by 1 EV": [{"op": "exposure", "amount": -0.5}],
    "increase the exposure by 0.5 stops": [{"op": "exposure", "amount": 0.414214}],
    "brighten the shadows": [{"op": "shadows", "amount": 0.5}],
    "make the shadows a bit darker": [{"op": "shadows", "amount": -0.25}],
    "more detail in the shadows": [{"op": "shadows", "amount": 0.5}],
    "lower the highlights": [{"op": "highlights", "amount": -0.5}],
    "recover the highlights by 30%": [{"op": "highlights", "amount": -0.3}],
    "enhance the photo": [{"op": "auto", "amount": 0.8}],
    "improve it a little": [{"op": "auto", "amount": 0.4}],
    "enhance the contrast": [{"op": "contrast", "amount": 0.25}],
    "a light blue tint": [{"op": "tint", "amount": 0.35, "colour": "#90abec"}],
    "tint with #f80": [{"op": "tint", "amount": 0.35, "colour": "#ff8800"}],
    "change red to blue": [{"op": "recolour", "from": "red", "to": "blue"}],
    "make the dark green parts yellow": [{"op": "recolour", "from": "dark green", "to": "yellow"}],
    "change the colour from red to blue": [{"op": "recolour", "from": "red", "to": "blue"}],
    "replace orange with #123456": [{"op": "recolour", "from": "orange", "to": "#123456"}],
    "make it look like an old photo": [{"op": "vintage", "amount": 0.8}],
    "less noise": [{"op": "denoise", "amount": 0.5}],
    "add noise": [{"op": "grain", "amount": 0.35}],
    "less noise and more contrast": [
        {"op": "denoise", "amount": 0.5},
        {"op": "contrast", "amount": 0.25},
    ],
    "blur with a radius of 5 px": [{"op": "blur", "pixels": 5.0}],
    "pixelate with 12 pixel blocks": [{"op": "pixelate", "pixels": 12.0}],
    "posterize to 4 levels": [{"op": "posterize", "levels": 4}],
    "pad to 16:9 with white": [{"op": "pad", "ratio": "16:9", "colour": "#ffffff"}],
    "add a 20 px white border": [{"op": "pad", "pixels": 20, "colour": "#ffffff"}],
    "make it square with black padding": [{"op": "pad", "ratio": "1:1", "colour": "#000000"}],
    "letterbox to 2.39:1": [{"op": "pad", "ratio": "2.39:1", "colour": "#000000"}],
    "pad to 1080x1080 with transparent borders": [
        {"op": "pad", "width": 1080, "height": 1080, "colour": "transparent"},
    ],
    "a thick frame": [{"op": "pad", "share": 0.1, "colour": "#ffffff"}],
    "vignette, then a 10% border": [
        {"op": "vignette", "amount": 0.6},
        {"op": "pad", "share": 0.1, "colour": "#ffffff"},
    ],
    "blur the background": [{"op": "background_blur", "amount": 0.4}],
    "make the background much blurrier": [{"op": "background_blur", "amount": 0.8}],
    "remove the background": [{"op": "background_remove"}],
    "set the background to transparent": [{"op": "background_remove"}],
    "put it on a white background": [{"op": "background_replace", "colour": "#ffffff"}],
    "change the white background to blue": [{"op": "background_replace", "colour": "#2458d6"}],
    "replace the background with navy blue": [{"op": "background_replace", "colour": "#14265c"}],
    "black and white with a white background": [
        {"op": "grayscale"},
        {"op": "background_replace", "colour": "#ffffff"},
    ],
    "remove the object": [{"op": "erase"}],
    "add the text 'SALE' bottom right": [
        {"op": "text", "text": "SALE", "place": [1, 1], "size": 0.08, "colour": None}
    ],
    "write \u201cDon\u2019t, B&W 20%!\u201d in large red letters at the top": [
        {
            "op": "text",
            "text": "Don\u2019t, B&W 20%!",
            "place": [0, -1],
            "size": 0.14,
            "colour": "#e02020",
        }
    ],
    "put 'it's \\ me' on the left in white 40 px": [
        {
            "op": "text",
            "text": "it's \\ me",
            "place": [-1, 0],
            "pixels": 40.0,
            "colour": "#ffffff",
        }
    ],
    "turn it into a pencil sketch": [{"op": "sketch", "amount": 0.6}],
    "make it look like an oil painting": [{"op": "oil", "amount": 0.5}],
    "strong watercolor painting": [{"op": "watercolour", "amount": 1.0}],
    "a comic book style": [{"op": "cartoon", "amount": 0.5}],
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
        ("make the sky blue and add a dragon", ("dragon",)),
        ("make the sky blue", ("make the sky blue",)),
        ("make the sky darker", ("sky",)),
        ("remove the dog", ("remove", "dog")),
        ("make it blue", ("make it blue",)),
        ("tint it", ("tint it",)),
        ("change red to blue to green", ("change red to blue to green",)),
        ("change to red from blue", ("change to red from blue",)),
        ("change red to red", ("change red to red",)),
        ("text", ("text",)),
        ("add the text SALE", ("sale",)),
        ("write 'Grüße'", ("write 'Grüße'",)),
        ("write 'a' and brighter 'b'", ("brighter 'b'",)),
        ("write ''", ("write ''",)),
        ("write 'unclosed", ("'unclosed",)),
        ("text 'SALE' top left right", ("text 'SALE' top left right",)),
        ("text 'SALE' transparent", ("text 'SALE' transparent",)),
        ("pad", ("pad",)),
        ("pad to 200:1", ("pad to 200:1",)),
        ("border 0px", ("border 0px",)),
        ("a 300% border", ("a 300% border",)),
        ("background", ("background",)),
        ("make the background darker", ("make the background darker",)),
        ("no background", ("no",)),
        ("less grain 'x'", ("less grain 'x'",)),
        ("exposure +9 stops", ("exposure +9 stops",)),
        ("exposure to 1 stop", ("exposure to 1 stop",)),
        ("posterize to 1 levels", ("posterize to 1 levels",)),
        ("pixelate with blocks of 2.5 pixels", ("pixelate with blocks of 2.5 pixels",)),
        ("erase the dog", ("dog",)),
        ("shadows", ("shadows",)),
        ("oil painting by rembrandt", ("rembrandt",)),
        ("enhance the face", ("face",)),
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


def _named(step: dict[str, Any]) -> set[str]:
    # A transparent background is one that was removed.
    return {step["op"]} | ({"background_replace"} if step["op"] == "background_remove" else set())


def test_every_operation_can_be_asked_for() -> None:
    for operation in OPERATIONS:
        assert operation.examples
        for example in operation.examples:
            (step,) = parse(example)
            assert operation.name in _named(step), example


def test_the_letters_that_may_be_written_are_those_of_the_font() -> None:
    font = ImageFont.load_default(40)
    none = bytes(font.getmask("\ue123"))
    for letter in LETTERS - {" "}:
        assert bytes(font.getmask(letter)) != none, letter
    assert bytes(font.getmask("é")) == none, "the font has grown: let more letters through"


def test_colours_that_are_named_can_be_told_apart() -> None:
    for name, colour in COLOURS.items():
        assert re.fullmatch("#[0-9a-f]{6}", colour), name
    # A shade that is a name of its own too would never be found by it.
    assert rgb("light blue") > rgb("blue") > rgb("dark blue")


def test_no_phrase_has_two_meanings() -> None:
    texts = [word.text for operation in OPERATIONS for word in operation.words]
    assert len(texts) == len(set(texts))


def _with(prompt: str, word: str) -> st.SearchStrategy[str]:
    """The prompt with one more word, outside of what it quotes."""
    words = re.findall(r"['\u201c].*['\u201d]|\S+", prompt)
    places = st.integers(0, len(words))
    return places.map(lambda place: " ".join([*words[:place], word, *words[place:]]))


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
    with pytest.raises(NotUnderstood) as caught:
        parse(data.draw(_with(prompt, word)))
    assert word in caught.value.words


@given(st.sampled_from(["not", "no", "don't", "never", "without", "except"]), st.data())
def test_a_negation_anywhere_is_refused(negation: str, data: st.DataObject) -> None:
    prompt = data.draw(st.sampled_from(sorted(UNDERSTOOD)))
    with pytest.raises(NotUnderstood) as caught:
        parse(data.draw(_with(prompt, negation)))
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
