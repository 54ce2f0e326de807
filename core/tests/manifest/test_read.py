from __future__ import annotations

import json

import pytest

from imgedit import ValidationError
from imgedit.manifest import ManifestError, read_manifest, with_live_rows
from imgedit.manifest.merge import merge_price


def test_read_from_a_file(tmp_path, acme_raw):
    path = tmp_path / "provider.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(acme_raw).encode())
    for source in (path, str(path)):
        manifest = read_manifest(source, name="acme")
        assert (manifest.name, manifest.homepage) == ("acme", "https://acme.example")
        assert [model.id for model in manifest.models] == ["acme-1", "acme-2", "acme-auto"]
        assert manifest.raw == acme_raw


def test_what_the_transport_acts_on_is_read(acme):
    assert acme.hosts == {"queue": "https://queue.acme.example"}
    assert acme.timeouts == {"submit": 120, "download": 60.5}
    assert acme.idempotency == {"header": "Idempotency-Key", "hours": 24}
    assert acme.poll == {"seconds": [1, 2, 5], "deadline": 300, "after": "header:retry-after"}
    assert acme.mask == {"change": "transparent", "same_size": True}
    assert acme.auth["basic"] == ["{key}", "{project}"]
    assert (acme.accepts_url, acme.local) == ("^https://", False)


def test_what_the_file_leaves_out_has_a_default():
    raw = {"manifest": 1, "name": "a", "title": "A", "unit": "USD", "local": True}
    manifest = read_manifest({**raw, "models": [{"id": "m"}]})
    assert (manifest.hook_api, manifest.base_url, manifest.auth) == ("1.0", None, None)
    assert (manifest.local, manifest.rates, manifest.idempotency) == (True, (), None)
    (model,) = manifest.models
    assert (model.title, model.send, model.price, model.unit) == ("m", "m", None, "USD")


@pytest.mark.parametrize(
    ("content", "message"),
    (
        (b"{", "is not JSON"),
        (b"\xff\xfe", "is not UTF-8 text"),
        (b"[]", "must be an object"),
        (b"null", "is missing"),
        (b"[" * 100_000, "is nested too deeply"),
        (b'{"name": "a", "name": "b"}', "the key 'name' is there twice"),
        (b"{}", "/manifest: must be 1"),
        (b'{"manifest": 2}', "/manifest: version 2 needs a newer imgedit-core: upgrade it"),
        (b'{"manifest": true}', "/manifest: must be 1"),
    ),
)
def test_a_file_that_is_no_manifest(tmp_path, content, message):
    path = tmp_path / "provider.json"
    path.write_bytes(content)
    with pytest.raises(ManifestError) as caught:
        read_manifest(path)
    assert message in str(caught.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ManifestError, match="cannot be read: No such file"):
        read_manifest(tmp_path / "none.json")


def test_the_name_must_be_the_entry_points(acme_raw):
    with pytest.raises(ManifestError, match="the entry point is called 'other'"):
        read_manifest(acme_raw, name="other")


@pytest.mark.parametrize(
    ("pointer", "value"),
    (
        ("/name", "Acme"),
        ("/name", "ac_me"),
        ("/title", None),
        ("/unit", 5),
        ("/hook_api", "1"),
        ("/local", "yes"),
        ("/limits", []),
        ("/limits/n", 4),
        ("/rules", {}),
        ("/rules/0/says", None),
        ("/rules/0/need", {}),
        ("/price", "5"),
        ("/price/add/0/amount", 1),
        ("/price/scale", 0.01),
        ("/models", []),
        ("/models/0", "m"),
        ("/models/0/id", ""),
        ("/models/1/id", "acme-1"),
        ("/models/1/like", "none"),
        ("/models/1/send", 5),
        ("/models/1/price/by", "n"),
        ("/default_model", "none"),
        ("/wire/n", 4),
        ("/wire/resolution/as", None),
        ("/errors/code", "/code"),
        ("/errors/rows/0/is", "Mistake"),
        ("/errors/rows/0/charged", "maybe"),
        ("/errors/rows/0/status", 200),
        ("/errors/fails_when", []),
        ("/errors/cost/scale", 1),
        ("/retired/acme-0/use", None),
        ("/rates/0/amount", "cheap"),
        ("/timeouts/submit", 0),
        ("/auth", "key"),
        ("/auth/basic", ["{key}"]),
        ("/poll", None),
        ("/poll/seconds/0", 0),
        ("/poll/deadline", "long"),
        ("/profiles", None),
        ("/errors", []),
        ("/mask/change", "grey"),
        ("/idempotency/hours", None),
        ("/balance/amounts", {}),
        ("/balance/amounts/1/scale", 0.01),
        ("/models/1/lifecycle", "2026"),
        ("/base_url", 1),
    ),
)
def test_what_would_crash_later_is_refused(acme_raw, pointer, value):
    *outer, last = pointer[1:].split("/")
    place = acme_raw
    for step in outer:
        place = place[int(step) if isinstance(place, list) else step]
    place[int(last) if isinstance(place, list) else last] = value
    with pytest.raises(ManifestError) as caught:
        read_manifest(acme_raw)
    assert caught.value.pointer == pointer


def test_base_url_is_needed_unless_local(acme_raw):
    del acme_raw["base_url"]
    with pytest.raises(ManifestError, match="base_url"):
        read_manifest(acme_raw)


def test_limits_are_merged_by_key_and_replaced_whole(tiny):
    manifest = tiny(
        limits={"n": {"minimum": 1, "default": 2}, "seed": {}, "quality": {}},
        profiles={"p": {"limits": {"n": {"maximum": 4}, "mask": {}}}},
        model={"like": "p", "limits": {"seed": None, "mask": {"description": "x"}}},
    )
    assert manifest.models[0].limits == {
        "n": {"maximum": 4},
        "seed": None,
        "quality": {},
        "mask": {"description": "x"},
    }


def test_rules_and_surcharges_are_concatenated(tiny):
    rules = [{"need": {"n": {}}, "says": str(number)} for number in range(3)]
    add = [{"amount": str(number)} for number in range(3)]
    manifest = tiny(
        rules=rules[:1],
        price={"add": add[:1]},
        profiles={"p": {"rules": rules[1:2], "price": {"add": add[1:2], "per": "edit"}}},
        model={"like": "p", "rules": rules[2:], "price": {"amounts": "5", "add": add[2:]}},
    )
    (model,) = manifest.models
    assert list(model.rules) == rules
    assert model.price == {"amounts": "5", "per": "edit", "add": add}


def test_amounts_and_unknown_remove_each_other():
    assert merge_price({"amounts": "5"}, {"unknown": "x"}) == {"unknown": "x"}
    assert merge_price({"unknown": "x"}, {"amounts": "5"}) == {"amounts": "5"}
    assert merge_price({"unknown": "x", "by": ["n"]}, {"per": "edit"}) == {
        "unknown": "x",
        "by": ["n"],
        "per": "edit",
    }
    both = {"amounts": {"1": None}, "unknown": "x"}
    assert merge_price({"amounts": "5"}, both) == both


def test_live_rows_lie_over_their_rows(acme):
    live = with_live_rows(
        acme,
        [
            {"id": "acme-2", "price": {"amounts": "9"}, "limits": {"seed": None, "quality": {}}},
            {"id": "acme-9", "title": "New", "price": {"amounts": "1"}},
        ],
    )
    two, nine = live.model("acme-2"), live.model("acme-9")
    # The row's price is replaced whole; what the provider adds to every price stays.
    assert two.price["amounts"] == "9"
    assert len(two.price["add"]) == 1
    assert two.limits["references.description"] == {"maxLength": 20}
    assert (two.limits["seed"], two.limits["quality"], two.send) == (None, {}, "acme/two")
    assert nine.limits["n"] == {"enum": [1, 2, 4]}
    assert acme.model("acme-9") is None
    assert [model.id for model in live.models] == ["acme-1", "acme-2", "acme-auto", "acme-9"]


@pytest.mark.parametrize("row", ("x", {}, {"id": "a", "limits": 5}, {"id": "a", "like": "none"}))
def test_live_rows_that_are_none_are_refused(acme, row):
    with pytest.raises(ManifestError):
        with_live_rows(acme, [row])


def test_pick_by_id_alias_and_default(acme):
    assert acme.pick("acme-1").model.id == "acme-1"
    assert (acme.pick(None).model.id, acme.pick(None).asked) == ("acme-1", None)
    best = acme.pick("best")
    assert (best.model.id, best.asked) == ("acme-2", "best")


def test_a_retired_name_is_replaced_with_a_warning(acme):
    for name in ("acme-0", "old-best"):
        picked = acme.pick(name)
        assert (picked.model.id, picked.asked) == ("acme-1", name)
        assert picked.warnings == (
            "Acme has retired acme-0 since 2026-01-31: acme-1 is used instead",
        )


def test_a_model_that_will_end_is_picked_with_a_warning(acme):
    assert acme.pick("acme-1").warnings == ()
    assert acme.pick("acme-2").warnings == (
        "Acme says of acme-2: deprecated since 2026-10-01, there until 2027-01-01: use acme-1",
    )


def test_no_default_lists_ids_with_prices(acme_raw):
    del acme_raw["default_model"]
    with pytest.raises(ValidationError) as caught:
        read_manifest(acme_raw).pick(None)
    (problem,) = caught.value.problems
    assert (problem.path, problem.code) == ("/model", "enum")
    assert problem.message == (
        "Acme has no default model: name one of acme-1 (51 credits), "
        "acme-2 (from 51 credits), acme-auto (price unknown)"
    )


def test_an_unknown_model_names_the_nearest(acme):
    with pytest.raises(ValidationError) as caught:
        acme.pick("acme-auot")
    (problem,) = caught.value.problems
    assert "did you mean acme-auto?" in problem.message


def test_aliases_that_go_round_end(tiny):
    manifest = tiny(aliases={"x": "y", "y": "x"})
    with pytest.raises(ValidationError):
        manifest.pick("x")
