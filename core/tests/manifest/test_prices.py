from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgedit import ImageSource
from imgedit.manifest import ManifestError, quote, read_manifest
from imgedit.manifest.bounds import Bounds, parse_bounds, widest


@pytest.fixture
def price(tiny, doc):
    """(amount, at_most, basis) of a request with a price table, amounts as text."""

    def make(table, limits=None, wire=None, **fields):
        manifest = tiny(model={"price": table, "limits": limits or {}, "wire": wire or {}})
        found = quote(doc(**fields), manifest.models[0], manifest)
        return (
            None if found.amount is None else str(found.amount),
            None if found.at_most is None else str(found.at_most),
            found.basis,
        )

    return make


RESOLUTION = {"resolution": {"enum": ["1k", "2k"]}}


@pytest.mark.parametrize(
    ("text", "expected"),
    (
        ("50", ("50", "50", "exact")),
        ("50+", ("50", None, "at_least")),
        ("4..16", ("4", "16", "at_least")),
        ("4..4", ("4", "4", "exact")),
        ("~0.048", ("0.048", None, "estimate")),
        ("0", ("0", "0", "exact")),
    ),
)
def test_grammar_of_amounts(price, text, expected):
    assert price({"amounts": text}) == expected


@pytest.mark.parametrize("text", ("", "1e3", "-1", "~1..2", "~1+", "5..4", "1.", ".5", "١", "1 "))
def test_what_is_no_amount_is_refused(text):
    with pytest.raises(ManifestError):
        parse_bounds(text)


def test_an_unknown_price_says_why(tiny, doc):
    manifest = tiny(model={"price": {"unknown": "Acme does not publish it"}})
    found = quote(doc(), manifest.models[0], manifest)
    assert (found.amount, found.basis) == (None, "unknown")
    assert found.reason == "Acme does not publish it"
    assert found.as_of == "2026-11-20"


def test_no_price_at_all_is_unknown(tiny, doc):
    raw = {key: value for key, value in tiny().raw.items() if key != "models"}
    manifest = read_manifest({**raw, "models": [{"id": "a"}]})
    found = quote(doc(), manifest.models[0], manifest)
    assert found.basis == "unknown"
    assert found.reason == "no price of a is published"


def test_null_in_the_table_is_unknown_with_its_reason(tiny, doc):
    table = {"by": ["resolution"], "amounts": {"1k": "5", "2k": None}, "unknown": "not told"}
    manifest = tiny(model={"price": table, "limits": RESOLUTION})
    found = quote(doc(resolution="2k"), manifest.models[0], manifest)
    assert (found.amount, found.reason) == (None, "not told")
    assert quote(doc(resolution="1k"), manifest.models[0], manifest).amount == 5


def test_axes_are_looked_up_as_json_text(price):
    table = {
        "by": ["options.hd", "options.steps", "n"],
        "amounts": {"true": {"20": {"2": "7"}}},
    }
    limits = {"options.hd": {}, "options.steps": {}, "n": {}}
    assert price(table, limits, n=2, options={"hd": True, "steps": 20})[0] == "14"
    assert price(table, limits, n=2, options={"hd": True, "steps": 20.0})[0] == "14"
    assert price(table, limits, n=2, options={"hd": "true", "steps": 20})[0] == "14"


def test_a_star_is_any_other_value_or_unset(price):
    table = {"by": ["resolution"], "amounts": {"1k": "10", "*": "10+"}}
    assert price(table, RESOLUTION, resolution="1k") == ("10", "10", "exact")
    assert price(table, RESOLUTION, resolution="2k") == ("10", None, "at_least")
    assert price(table, RESOLUTION) == ("10", None, "at_least")


def test_a_value_without_entry_and_without_star_is_unknown(price):
    assert price({"by": ["resolution"], "amounts": {"1k": "1"}}, RESOLUTION, resolution="2k") == (
        None,
        None,
        "unknown",
    )


def test_an_unset_axis_takes_the_default(price):
    limits = {"resolution": {"enum": ["1k", "2k"], "default": "2k"}}
    table = {"by": ["resolution"], "amounts": {"1k": "1", "2k": "3"}}
    assert price(table, limits) == ("3", "3", "exact")
    assert price(table, limits, resolution="1k") == ("1", "1", "exact")


def test_an_unset_axis_without_default_widens_to_the_range(tiny, doc):
    table = {"by": ["quality"], "amounts": {"low": "4", "medium": "8", "high": "16"}}
    manifest = tiny(model={"price": table, "limits": {"quality": {}}})
    found = quote(doc(), manifest.models[0], manifest)
    assert (found.amount, found.at_most, found.basis) == (4, 16, "at_least")
    assert found.reason == "quality is not set"


def test_one_unknown_entry_makes_the_range_unknown(price):
    assert price({"by": ["resolution"], "amounts": {"1k": "4", "2k": None}}, RESOLUTION)[0] is None


def test_one_unbounded_entry_leaves_no_upper_bound(price):
    table = {"by": ["resolution"], "amounts": {"1k": "4", "2k": "2+"}}
    assert price(table, RESOLUTION) == ("2", None, "at_least")


def test_two_axes_one_set(price):
    table = {
        "by": ["quality", "resolution"],
        "amounts": {"low": {"1k": "1", "2k": "2"}, "high": {"1k": "5", "2k": "9"}},
    }
    limits = {"quality": {}, **RESOLUTION}
    assert price(table, limits, quality="high", resolution="2k") == ("9", "9", "exact")
    assert price(table, limits, quality="high") == ("5", "9", "at_least")
    assert price(table, limits, resolution="1k") == ("1", "5", "at_least")
    assert price(table, limits) == ("1", "9", "at_least")


def test_an_axis_may_be_a_fact_of_a_picture(price, picture):
    table = {"by": ["image.media_type"], "amounts": {"image/png": "1", "*": "2"}}
    assert price(table)[0] == "1"
    assert price(table, image=picture(media_type="image/webp"))[0] == "2"
    table = {"by": ["picture.media_type"], "amounts": {"image/png": "1", "image/jpeg": "2"}}
    mixed = {"references": [picture(media_type="image/jpeg")]}
    assert price(table, **mixed) == ("1", "2", "at_least")


def test_an_unknown_fact_widens(price):
    table = {"by": ["image.media_type"], "amounts": {"image/png": "1", "image/jpeg": "2"}}
    url = ImageSource(url="https://x.example/a")
    assert price(table, image=url) == ("1", "2", "at_least")


def test_amounts_multiply_by_n_unless_per_edit(price):
    add = [{"amount": "2"}]
    assert price({"amounts": "10", "add": add}, {"n": {}}, n=3)[0] == "36"
    assert price({"amounts": "10", "add": add, "per": "image"}, {"n": {}}, n=3)[0] == "36"
    assert price({"amounts": "10", "add": add, "per": "edit"}, {"n": {}}, n=3)[0] == "12"


def test_surcharges_apply_when_every_condition_fits(price):
    add = [{"amount": "2", "when": {"options.a": {"const": True}, "quality": {"const": "high"}}}]
    table = {"amounts": "10", "add": add}
    limits = {"options.a": {}, "quality": {}}
    assert price(table, limits, options={"a": True}, quality="high")[0] == "12"
    assert price(table, limits, options={"a": True})[0] == "10"
    assert price(table, limits, options={"a": True}, quality="low")[0] == "10"


def test_defaults_count_for_surcharges(price):
    table = {"amounts": "10", "add": [{"amount": "2", "when": {"options.a": {"const": True}}}]}
    limits = {"options.a": {"default": True}}
    assert price(table, limits)[0] == "12"
    assert price(table, limits, options={"a": False})[0] == "10"


def test_a_surcharge_on_an_unknown_fact_is_a_range(price):
    table = {"amounts": "10", "add": [{"amount": "2", "when": {"image.bytes": {"minimum": 9}}}]}
    url = ImageSource(url="https://x.example/a")
    assert price(table, image=url) == ("10", "12", "at_least")
    assert price(table) == ("12", "12", "exact")


@pytest.mark.parametrize(
    ("beyond", "references", "expected"),
    ((0, 0, "5.5"), (0, 2, "6.5"), (1, 0, "5"), (1, 1, "5.5"), (2, 0, "5"), (1, 2, "6.0")),
)
def test_surcharge_per_picture(price, picture, beyond, references, expected):
    table = {"amounts": "5", "add": [{"amount": "0.5", "per_picture_beyond": beyond}]}
    found = price(table, {"references": {}}, references=[picture()] * references, mask=picture())
    assert found[0] == expected  # the mask does not count


@pytest.mark.parametrize(
    ("amounts", "add", "expected"),
    (
        ("10", "0..4", ("10", "14", "at_least")),
        ("10+", "1", ("11", None, "at_least")),
        ("~10", "1", ("11", None, "estimate")),
        ("10", "~1", ("11", None, "estimate")),
        ("~10", "0..4", ("10", None, "estimate")),
        (None, "~1", (None, None, "unknown")),
    ),
)
def test_basis_of_a_sum(price, amounts, add, expected):
    assert price({"amounts": amounts, "add": [{"amount": add}]}) == expected


def test_scale_multiplies_every_amount(price):
    table = {"amounts": "450", "scale": "0.01", "add": [{"amount": "50"}]}
    assert price(table, {"n": {}}, n=2)[0] == "10.00"


def test_an_unknown_fact_is_not_taken_for_any_other_value(price, picture):
    table = {"by": ["image.media_type"], "amounts": {"image/png": "0.50", "*": "0.02"}}
    url = ImageSource(url="https://x.example/a")
    assert price(table, image=picture()) == ("0.50", "0.50", "exact")
    assert price(table, image=url) == ("0.02", "0.50", "at_least")
    one_of_two = {"by": ["picture.width"], "amounts": {"4000": "0.50", "*": "0.02"}}
    assert price(one_of_two, references=[url]) == ("0.02", "0.50", "at_least")


def test_per_megapixel_rounds_up(price, picture):
    table = {"amounts": "0.05", "per": "megapixel", "of": ["image.width", "image.height"]}
    assert price(table, image=picture(width=1000, height=1000))[0] == "0.05"
    assert price(table, image=picture(width=1001, height=1000))[0] == "0.10"
    assert price(table, image=picture(width=10, height=10))[0] == "0.05"
    assert (
        price({**table, "of": ["image.pixels"]}, image=picture(width=2001, height=1000))[0]
        == "0.15"
    )
    assert price(table, {"n": {}}, n=2, image=picture(width=1001, height=1000))[0] == "0.20"


def test_per_megapixel_of_options_and_sizes(price):
    sides = {"options.width": {"default": 2000}, "options.height": {}}
    table = {"amounts": "1", "per": "megapixel", "of": ["options.width", "options.height"]}
    assert price(table, sides, options={"height": 1500})[0] == "3"
    size = {"amounts": "1", "per": "megapixel", "of": ["resolution"]}
    assert price(size, {"resolution": {}}, resolution="2048x1024")[0] == "3"


def test_per_megapixel_of_a_url_is_a_range(price):
    table = {"amounts": "1", "per": "megapixel", "of": ["image.pixels"]}
    url = ImageSource(url="https://x.example/a")
    assert price(table, image=url) == ("1", None, "at_least")
    limits = {"picture.pixels": {"minimum": 1_500_000, "maximum": 4_000_000}}
    assert price(table, limits, image=url) == ("2", "4", "at_least")


def test_limits_of_the_pictures_that_go_in_do_not_bound_the_size_of_the_result(price):
    table = {"amounts": "1", "per": "megapixel", "of": ["options.width", "options.height"]}
    sides = {"options.width": {"type": "integer"}, "options.height": {"type": "integer"}}
    pictures = {"picture.width": {"maximum": 1000}, "picture.height": {"maximum": 1000}}
    assert price(table, {**sides, **pictures}) == ("1", None, "at_least")
    bounded = {name: {**limit, "maximum": 2000} for name, limit in sides.items()}
    assert price(table, {**bounded, **pictures}) == ("1", "4", "at_least")


def test_per_megapixel_of_a_wire_table(price):
    wire = {
        "aspect_ratio": {
            "by": ["aspect_ratio", "resolution"],
            "values": {"1:1": {"1k": {"width": 1024, "height": 1024}}},
        }
    }
    table = {"amounts": "1", "per": "megapixel", "of": ["aspect_ratio", "resolution"]}
    limits = {"aspect_ratio": {}, "resolution": {}}
    assert price(table, limits, wire, aspect_ratio="1:1", resolution="1k")[0] == "2"


def test_parts_add_up_and_say_what_for(acme, doc, picture):
    model = acme.pick("best").model
    found = quote(doc(n=2, resolution="2k"), model, acme)
    assert (found.amount, found.at_most, found.basis) == (152, 162, "at_least")
    assert [(part.what, part.amount) for part in found.parts] == [
        ("resolution 2k × 2", 150),
        ("sharpening × 2", 2),
    ]
    assert sum(part.amount for part in found.parts) == found.amount
    assert (found.source, found.as_of) == ("https://acme.example/prices", "2026-11-21")
    assert found.unit == "acme:credits"


def test_a_table_that_names_no_source_among_several_has_none(acme_raw, doc):
    del acme_raw["price"]["source"]
    manifest = read_manifest(acme_raw)
    found = quote(doc(), manifest.models[0], manifest)
    assert (found.source, found.as_of) == (None, None)


def test_a_quote_says_what_could_not_be_checked(acme, doc):
    found = quote(doc(image=ImageSource(url="https://x.example/a")), acme.models[0], acme)
    assert found.unchecked == ("/image/media_type", "/image/bytes", "/image/pixels")


def test_rates_are_cited(acme):
    small, large = acme.rates
    assert (small.unit, small.to, small.amount) == ("acme:credits", "USD", Decimal("0.0012"))
    assert (large.unit, large.name, large.as_of) == ("acme:credits", "large", "2026-11-21")


_decimals = st.decimals(0, 1000, places=3, allow_nan=False)
_bounds = st.one_of(
    st.none(),
    st.builds(lambda low, more: f"{low}..{low + more}", _decimals, _decimals),
    _decimals.map(str),
    _decimals.map("{}+".format),
    _decimals.map("~{}".format),
).map(parse_bounds)


def _is_sound(bounds: Bounds) -> bool:
    if bounds.low is None:
        return bounds.basis == "unknown" and bounds.high is None
    return bounds.low >= 0 and (bounds.high is None or bounds.low <= bounds.high)


@given(_bounds, _bounds, st.integers(0, 9), st.integers(0, 9))
def test_the_algebra_keeps_its_promises(one, other, low, more):
    total = one.plus(other)
    assert total == other.plus(one)
    assert _is_sound(total)
    assert _is_sound(one.times(low, low + more))
    either = widest([one, other])
    assert _is_sound(either)
    if either.low is not None:
        assert either.low == min(one.low, other.low)
        assert either.high is None or either.high >= max(one.high, other.high)
    assert (total.basis == "unknown") == ("unknown" in (one.basis, other.basis))
