from __future__ import annotations

import pytest

from imgedit import ImageSource, Problem
from imgedit.manifest import ManifestError, check, document


@pytest.fixture
def problems(tiny, doc):
    """The problems of a request with these limits, as {path: code}."""

    def make(limits, **fields):
        found = check(doc(**fields), tiny(limits=limits).models[0])
        return {problem.path: problem.code for problem in found.problems}

    return make


@pytest.fixture
def message(tiny, doc):
    def make(limits, **fields):
        found = check(doc(**fields), tiny(limits=limits).models[0])
        (problem,) = found.problems
        return problem.message

    return make


def test_always_taken_needs_no_limit(problems):
    assert problems({}, n=1, model="a", label="mine") == {}


@pytest.mark.parametrize(
    ("name", "value"),
    (
        ("n", 2),
        ("aspect_ratio", "1:1"),
        ("resolution", "1k"),
        ("quality", "low"),
        ("output_format", "png"),
        ("seed", 0),
    ),
)
def test_a_field_is_taken_only_when_a_limit_is_present(problems, name, value):
    assert problems({}, **{name: value}) == {f"/{name}": "unsupported"}
    assert problems({name: None}, **{name: value}) == {f"/{name}": "unsupported"}
    assert problems({name: {}}, **{name: value}) == {}


def test_pictures_are_taken_only_when_a_limit_is_present(problems, picture):
    assert problems({}, mask=picture()) == {"/mask": "unsupported"}
    assert problems({}, references=[picture()]) == {"/references": "unsupported"}
    assert problems({"mask": {}, "references": {}}, mask=picture(), references=[picture()]) == {}


def test_options_are_taken_only_when_a_limit_is_present(problems):
    limits = {"options.strength": {}}
    assert problems(limits, options={"strength": 1}) == {}
    assert problems(limits, options={"a/b~": 1}) == {"/options/a~1b~0": "unsupported"}


def test_an_unknown_option_names_the_nearest(message):
    limits = {"options.strength": {}, "options.safe_mode": {}}
    assert message(limits, options={"strenght": 1}).endswith("did you mean strength?")
    assert message(limits, options={"q": 1}).endswith("its options are strength, safe_mode")
    assert message({}, options={"q": 1}) == "a has no such option, it has none at all"


def test_a_description_of_a_reference_needs_its_own_limit(problems, picture):
    pair = (picture(), "the hat")
    path = "/references/1/description"
    asked = [picture(), pair]
    assert problems({"references": {}}, references=asked) == {path: "unsupported"}
    limits = {"references": {}, "references.description": {"maxLength": 3}}
    assert problems(limits, references=asked) == {path: "maxLength"}
    limits["references.description"] = {}
    assert problems(limits, references=asked) == {}


def test_other_models_that_would_take_it_are_named(acme, doc):
    model = acme.pick("acme-auto").model
    (problem,) = check(doc(n=2), model, acme).problems
    assert problem.message == "acme-auto makes one picture at a time; acme-1, acme-2 would"


def test_picture_limits_hold_for_every_picture(problems, picture):
    limits = {"picture.bytes": {"maximum": 10}, "mask": {}, "references": {}}
    found = problems(
        limits, image=picture(size=11), mask=picture(size=12), references=[picture(size=13)]
    )
    assert set(found) == {"/image/bytes", "/mask/bytes", "/references/0/image/bytes"}


def test_limits_of_one_kind_of_picture(problems, picture):
    limits = {
        "mask": {},
        "references": {},
        "image.width": {"maximum": 500},
        "mask.media_type": {"enum": ["image/webp"]},
        "references.height": {"maximum": 500},
    }
    found = problems(limits, mask=picture(), references=[picture()])
    assert found == {
        "/image/width": "maximum",
        "/mask/media_type": "enum",
        "/references/0/image/height": "maximum",
    }


def test_picture_and_image_limits_both_apply(problems, picture):
    limits = {"picture.pixels": {"maximum": 10}, "image.pixels": {"multipleOf": 7}}
    assert problems(limits, image=picture(width=4, height=4))["/image/pixels"] in (
        "maximum",
        "multipleOf",
    )


def test_unknown_facts_are_reported_not_refused(tiny, doc, picture):
    limits = {"picture.bytes": {"maximum": 1}, "image.width": {}, "references": {}}
    limits["image.url"] = {"pattern": "png$"}
    url = ImageSource(url="https://x.example/a.png")
    found = check(doc(image=url, references=[url]), tiny(limits=limits).models[0])
    assert found.problems == ()
    assert found.unchecked == ("/image/bytes", "/references/0/image/bytes", "/image/width")
    local = check(doc(image=picture(size=1)), tiny(limits=limits).models[0])
    assert local.unchecked == ()


def test_nothing_asked_nothing_unchecked(tiny, doc):
    found = check(doc(image=ImageSource(url="https://x.example/a")), tiny().models[0])
    assert (found.problems, found.unchecked) == ((), ())


@pytest.mark.parametrize(
    ("fragment", "value", "expected"),
    (
        ({"enum": ["1k", "2k"]}, "3k", "must be one of 1k, 2k, not 3k; the nearest is 2k"),
        ({"const": "1k"}, "2k", "must be 1k"),
        ({"maxLength": 1}, "abc", "must have at most 1 characters, it has 3"),
        ({"pattern": "^x"}, "abc", "does not have the form that is expected"),
        (
            {"pattern": "^x", "description": "An x."},
            "b",
            "does not have the form that is expected: An x.",
        ),
    ),
)
def test_sentences_for_texts(message, fragment, value, expected):
    assert message({"resolution": fragment}, resolution=value) == expected


@pytest.mark.parametrize(
    ("fragment", "value", "expected"),
    (
        ({"type": "boolean"}, 1, "must be true or false"),
        ({"type": ["integer", "string"]}, 1.5, "must be a whole number or text"),
        ({"minimum": 2}, 1, "must be at least 2"),
        ({"maximum": 2}, 3, "must be at most 2"),
        ({"exclusiveMinimum": 2}, 2, "must be more than 2"),
        ({"exclusiveMaximum": 2}, 2, "must be less than 2"),
        ({"multipleOf": 8}, 9, "must be a multiple of 8"),
        ({"minItems": 2}, [1], "must have at least 2, there is 1"),
        ({"uniqueItems": True}, [1, 1], "must not hold the same thing twice"),
        ({"items": {"type": "string"}}, ["a", 1], "1 must be text"),
        ({"enum": [True]}, 1, "must be one of true, not 1"),
    ),
)
def test_sentences_for_options(message, fragment, value, expected):
    assert message({"options.x": fragment}, options={"x": value}) == expected


def test_sentences_for_pictures(message, picture):
    limit = {"picture.bytes": {"maximum": 10_000_000}}
    assert message(limit, image=picture(size=12_500_000)) == (
        "must be at most 10 MB (10,000,000 bytes), it is 12.5 MB (12,500,000 bytes)"
    )
    limit = {"picture.pixels": {"minimum": 65536}}
    assert message(limit, image=picture(width=200, height=200)) == (
        "must be at least 65,536 pixels, it is 40,000 pixels"
    )
    limit = {"references": {"maxItems": 1}}
    assert message(limit, references=[picture(), picture()]) == "must have at most 1, there are 2"
    assert message({"n": {"enum": [1, 4, 9]}}, n=3) == (
        "must be one of 1, 4, 9, not 3; the nearest is 4"
    )


def test_no_message_quotes_a_long_value(message):
    secret = "a very private wish " * 3
    limits = {"options.x": {"enum": ["a", "b"]}}
    assert "private" not in message(limits, options={"x": secret})
    assert "private" not in message({"prompt": {"maxLength": 5}}, prompt=secret)
    assert "private" not in message({"prompt": {"pattern": "^$"}}, prompt=secret)


@pytest.mark.parametrize("limits", ({}, {"prompt": {"minLength": 1}}))
@pytest.mark.parametrize("prompt", ("", "  \n"))
def test_an_empty_prompt_is_refused_by_everyone(problems, limits, prompt):
    assert problems(limits, prompt=prompt) == {"/prompt": "minLength"}


@pytest.mark.parametrize("prompt", ("a\0b", "a\ud800b"))
def test_what_cannot_be_sent_is_refused_by_everyone(problems, prompt):
    assert problems({}, prompt=prompt) == {"/prompt": "format"}


def test_json_types_of_fields(problems):
    assert problems({"n": {}}, n=True) == {"/n": "type"}
    assert problems({"n": {}}, n=0) == {"/n": "minimum"}
    assert problems({"n": {}}, n=1.5) == {"/n": "type"}
    assert problems({"seed": {}}, seed=True) == {"/seed": "type"}
    assert problems({"resolution": {}}, resolution=2) == {"/resolution": "type"}
    assert problems({}, prompt=5) == {"/prompt": "type"}
    assert problems({}, label="\ud800") == {"/label": "format"}


@pytest.mark.parametrize(
    ("value", "code"),
    (
        (float("nan"), "format"),
        (float("inf"), "format"),
        ({"a": [float("nan")]}, "format"),
        ("\ud800", "format"),
        (b"bytes", "type"),
        ({1: 2}, "type"),
        ({1, 2}, "type"),
    ),
)
def test_options_must_be_json(problems, value, code):
    assert problems({"options.x": {}}, options={"x": value}) == {"/options/x": code}


def test_options_nested_without_end_are_refused(problems):
    value: list[object] = []
    for _ in range(100):
        value = [value]
    assert problems({"options.x": {}}, options={"x": value}) == {"/options/x": "format"}


def test_true_is_not_one(problems):
    assert problems({"options.x": {"enum": [1]}}, options={"x": True}) == {"/options/x": "enum"}
    assert problems({"options.x": {"enum": [1]}}, options={"x": 1}) == {}
    assert problems({"options.x": {"type": "integer"}}, options={"x": True}) == {
        "/options/x": "type"
    }


def test_a_field_that_is_none_of_ours_is_refused(tiny, doc):
    (problem,) = check({**doc(), "promt": "x"}, tiny().models[0]).problems
    assert problem == Problem(
        path="/promt",
        message="is not a field of a request; did you mean prompt?",
        code="additionalProperties",
    )


def test_all_problems_at_once(problems, picture):
    limits = {"prompt": {"maxLength": 2}, "picture.bytes": {"maximum": 1}}
    found = problems(limits, resolution="1k", seed=1)
    assert set(found) == {"/prompt", "/image/bytes", "/resolution", "/seed"}


def test_a_broken_fragment_is_the_manifests_fault(tiny, doc):
    model = tiny(limits={"prompt": {"maxLength": "long"}}).models[0]
    with pytest.raises(ManifestError, match="cannot be applied"):
        check(doc(), model)


def test_a_mask_of_another_size_is_refused(acme, doc, picture):
    asked = doc(mask=picture(width=999), output_format="png")
    (problem,) = check(asked, acme.models[0], acme).problems
    assert (problem.path, problem.code) == ("/mask", "same_size")
    assert problem.message == "must have the size of the image, 1000 × 800, it has 999 × 800"
    url = doc(image=ImageSource(url="https://x.example/a"), mask=picture(), output_format="png")
    assert "/image/width" in check(url, acme.models[0], acme).unchecked


def test_rules(acme, doc, picture):
    model = acme.models[0]
    asked = doc(mask=picture())
    (problem,) = check(asked, model).problems
    assert problem == Problem(path="/output_format", message="must be png with a mask", code="rule")
    assert check(doc(mask=picture(), output_format="png"), model).problems == ()
    assert check(doc(output_format="jpeg"), model).problems == ()
    assert check(doc(mask=picture(), output_format="jpeg"), model).problems[0].code == "rule"


def test_defaults_do_not_count_for_rules(tiny, doc):
    limits = {"resolution": {"default": "2k"}, "quality": {"default": "high"}}
    when_default = [
        {"when": {"resolution": {"const": "2k"}}, "need": {"quality": {}}, "says": "no"}
    ]
    model = tiny(limits=limits, rules=when_default).models[0]
    assert check(doc(), model).problems == ()
    assert check(doc(resolution="2k"), model).problems[0].path == "/quality"


def test_a_rule_without_when_always_applies(tiny, doc):
    rules = [{"need": {"resolution": {}}, "says": "must be set"}]
    model = tiny(limits={"resolution": {}}, rules=rules).models[0]
    assert [problem.message for problem in check(doc(), model).problems] == ["must be set"]


def test_a_rule_over_unknown_facts_is_unchecked(tiny, doc):
    url = doc(image=ImageSource(url="https://x.example/a"), resolution="1k")
    needs = [{"when": {"resolution": {}}, "need": {"image.width": {"minimum": 9}}, "says": "x"}]
    found = check(url, tiny(limits={"resolution": {}}, rules=needs).models[0])
    assert (found.problems, found.unchecked) == ((), ("/image/width",))
    when = [{"when": {"image.width": {"minimum": 9}}, "need": {"quality": {}}, "says": "x"}]
    found = check(url, tiny(limits={"resolution": {}, "quality": {}}, rules=when).models[0])
    assert (found.problems, found.unchecked) == ((), ("/image/width",))


def test_n_is_one_for_rules(tiny, doc):
    rules = [{"when": {"n": {"const": 1}}, "need": {"quality": {}}, "says": "x"}]
    model = tiny(limits={"quality": {}}, rules=rules).models[0]
    asked = {key: value for key, value in doc().items() if key != "n"}
    assert [problem.code for problem in check(asked, model).problems] == ["rule"]


def test_equal_fragments_share_one_validator(tiny):
    from imgedit.manifest.fragments import compiled

    one, other = ({"enum": ["1k", "2k"], "default": "1k"}, {"default": "1k", "enum": ["1k", "2k"]})
    assert compiled(one) is compiled(other)


def test_the_document_holds_facts_and_never_the_picture(ask, picture):
    request = ask(
        image=ImageSource(url="https://x.example/a"),
        references=[(picture(), "hat"), picture()],
        mask=picture(width=None, height=None),
        options={"a": (1, {"b": 2})},
        seed=0,
        label="mine",
    )
    facts = {"media_type": "image/png", "bytes": 5000, "width": 1000, "height": 800}
    facts["pixels"] = 800_000
    assert document(request) == {
        "image": {"url": "https://x.example/a"},
        "prompt": "warmer",
        "n": 1,
        "seed": 0,
        "label": "mine",
        "mask": {"media_type": "image/png", "bytes": 5000},
        "references": [{"image": facts, "description": "hat"}, {"image": facts}],
        "options": {"a": [1, {"b": 2}]},
    }
