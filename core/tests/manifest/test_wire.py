from __future__ import annotations

import pytest

from imgedit import ValidationError
from imgedit.manifest import check, document, to_wire

SIZES = {
    "aspect_ratio": {
        "by": ["aspect_ratio", "resolution"],
        "values": {
            "1:1": {"1k": {"width": 1024, "height": 1024}, "2k": {"width": 2048, "height": 2048}},
            "16:9": {"1k": {"width": 1344, "height": 768}},
        },
    }
}


@pytest.fixture
def wire(tiny, ask):
    def make(wire, model=None, **fields):
        manifest = tiny(model=model, wire=wire)
        return to_wire(ask(**fields), manifest.models[0])

    return make


def test_names_nest_at_slashes(wire):
    names = {"prompt": "style/prompt", "options.tone": "style/look/tone", "model": "model"}
    assert wire(names, options={"tone": "x"}) == {
        "model": "a",
        "style": {"prompt": "warmer", "look": {"tone": "x"}},
    }


def test_values_are_translated_and_others_go_as_they_are(wire):
    names = {"resolution": {"as": "size", "values": {"1k": "1K"}}}
    assert wire(names, resolution="1k") == {"size": "1K"}
    assert wire(names, resolution="9k") == {"size": "9k"}


def test_values_are_looked_up_as_json_text(wire):
    names = {"options.hd": {"as": "mode", "values": {"true": "fine", "false": None}}}
    assert wire(names, options={"hd": True}) == {"mode": "fine"}
    assert wire(names, options={"hd": False}) == {}
    names = {"n": {"as": "n", "values": {"2": "two"}}}
    assert wire(names, n=2) == {"n": "two"}


def test_n_is_sent_wherever_it_has_a_name(wire):
    assert wire({"n": "count"}) == {"count": 1}
    assert wire({}) == {}


def test_what_wire_does_not_name_is_not_sent(wire):
    assert wire({"prompt": "prompt"}, resolution="1k", seed=7, label="mine") == {"prompt": "warmer"}


def test_options_go_under_their_own_name(wire):
    value = {"deep": [1, {"a": None}]}
    assert wire({}, options={"tone": value}) == {"tone": value}
    assert wire({"options.tone": None}, options={"tone": 1}) == {}


def test_the_vendors_name_of_the_model(wire):
    assert wire({"model": "model"}, model={"send": "acme/a"}) == {"model": "acme/a"}
    assert wire({"model": "model"}, model={"send": None}) == {}


def test_defaults_are_never_sent(wire):
    limits = {"resolution": {"default": "2k"}, "options.x": {"default": True}}
    assert wire({"resolution": "size", "options.x": "x"}, model={"limits": limits}) == {}


def test_wire_merges_by_key(acme, ask):
    two = acme.pick("acme-2").model
    request = ask(resolution="4k", seed=3, options={"strength": 0.5, "sharp": False})
    assert to_wire(request, two) == {
        "model": "acme/two",
        "style": {"prompt": "warmer", "strength": 0.5},
        "count": 1,
        "size": "4K",
        "seed": 3,
        "sharp": False,
    }


def test_a_table_by_two_fields(wire):
    assert wire(SIZES, aspect_ratio="16:9", resolution="1k") == {"width": 1344, "height": 768}
    below = {"aspect_ratio": {**SIZES["aspect_ratio"], "as": "image/size"}}
    assert wire(below, aspect_ratio="1:1", resolution="2k") == {
        "image": {"size": {"width": 2048, "height": 2048}}
    }
    assert wire(SIZES) == {}


def test_a_table_with_a_star_for_unset_and_other(wire):
    names = {"quality": {"by": ["quality", "n"], "as": "q", "values": {"low": {"*": 1}, "*": 5}}}
    assert wire(names, quality="low", n=7) == {"q": 1}
    assert wire(names, quality="high") == {"q": 5}


def test_an_absent_pair_is_refused(tiny, ask):
    limits = {"aspect_ratio": {}, "resolution": {}}
    model = tiny(wire=SIZES, limits=limits).models[0]
    request = ask(aspect_ratio="16:9", resolution="2k")
    (problem,) = check(document(request), model).problems
    assert (problem.path, problem.code) == ("/aspect_ratio", "combination")
    assert problem.message == (
        "the vendor has no entry for aspect ratio 16:9 with resolution 2k; "
        "resolution may be 1k there"
    )
    with pytest.raises(ValidationError):
        to_wire(request, model)


def test_half_a_pair_says_what_is_missing(tiny, ask):
    limits = {"aspect_ratio": {}, "resolution": {"default": "1k"}}
    model = tiny(wire=SIZES, limits=limits).models[0]
    (problem,) = check(document(ask(aspect_ratio="1:1")), model).problems
    assert problem.message == "aspect ratio 1:1 needs resolution too"
    (problem,) = check(document(ask(resolution="1k")), model).problems
    assert (problem.path, problem.message) == (
        "/resolution",
        "resolution 1k needs aspect ratio too",
    )
