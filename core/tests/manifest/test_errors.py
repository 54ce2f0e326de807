from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imgedit import Facts, HttpResponse, Problem, errors
from imgedit.manifest import classify, is_error, poll_seconds, read_balance, read_manifest

NOW = 1_800_000_000.0  # 2027-01-15 08:00:00 UTC


@pytest.fixture
def bare(tiny):
    return tiny()


def test_a_status_of_400_or_more_is_an_error(bare, answer):
    assert is_error(bare, answer({}, 400), own_api=False)
    assert not is_error(bare, answer({}, 399), own_api=True)


@pytest.mark.parametrize(
    ("body", "expected"),
    (
        ({"status": "failed"}, True),
        ({"status": "ok"}, False),
        ({"code": 1}, True),
        ({"code": 0}, False),
        ({"code": 0, "status": "failed"}, True),
        ({"code": None}, True),
        ({}, False),
        ([], False),
        (None, False),
        (b"<html>", False),
        (b"", False),
        (b'{"code": 0.0}', False),
        (b'{"code": 0.5}', True),
    ),
)
def test_fails_when(acme, answer, body, expected):
    assert is_error(acme, answer(body, 200), own_api=True) is expected
    assert not is_error(acme, answer(body, 200), own_api=False)


def test_decimals_are_numbers_for_fragments(tiny, answer):
    manifest = tiny(errors={"fails_when": {"/x": {"multipleOf": 0.5}}})
    assert is_error(manifest, answer(b'{"x": 1.5}', 200), own_api=True)
    assert not is_error(manifest, answer(b'{"x": 1.4}', 200), own_api=True)


@pytest.mark.parametrize(
    ("status", "cls", "charged", "retryable"),
    (
        (400, "InvalidRequest", "no", False),
        (401, "AuthenticationError", "no", False),
        (402, "InsufficientCredits", "no", False),
        (403, "PermissionDenied", "no", False),
        (404, "NotFound", "no", False),
        (405, "InvalidRequest", "no", False),
        (409, "Conflict", "no", False),
        (410, "NotFound", "no", False),
        (413, "ImageRejected", "no", False),
        (415, "InvalidRequest", "no", False),
        (422, "InvalidRequest", "no", False),
        (429, "RateLimited", "no", True),
        (451, "LegallyUnavailable", "no", False),
        (418, "UnexpectedResponse", "unknown", False),
        (500, "ProviderUnavailable", "unknown", True),
        (503, "ProviderUnavailable", "unknown", True),
        (599, "ProviderUnavailable", "unknown", True),
        (200, "UnexpectedResponse", "unknown", False),
    ),
)
def test_the_cores_own_rows(bare, job, answer, status, cls, charged, retryable):
    error = classify(bare, job(bare), answer({}, status))
    assert type(error).__name__ == cls
    assert (error.charged, error.retryable, error.status) == (charged, retryable, status)


def test_first_place_that_hits_wins(acme, job, answer):
    found = classify(acme, job(acme), answer({"error": {"code": "c", "message": "m"}}))
    assert (found.code, found.message) == ("c", "Acme answered 400 (c): m")
    found = classify(acme, job(acme), answer({"error": "plain", "message": "n"}))
    assert (found.code, found.message) == ("plain", "Acme answered 400 (plain): n")
    found = classify(acme, job(acme), answer({"error": {}, "message": ""}))
    assert (found.code, found.message) == (None, "Acme answered 400")


def test_places_may_be_headers(acme, job, answer):
    found = classify(acme, job(acme), answer({}, headers={"X-Request-Id": "r1"}))
    assert found.request_id == "r1"


def test_rows_match_with_every_key_and_in_order(acme, job, answer):
    def kind(body, status=400, **keys):
        return type(classify(acme, job(acme), answer(body, status, **keys))).__name__

    assert kind({"error": "moderated"}) == "ContentRejected"
    assert kind({"error": {"code": 1001, "message": "It is TOO BIG"}}) == "ImageRejected"
    assert kind({"error": {"code": "1001", "message": "too small"}}) == "ImageRejected"
    assert kind({"error": {"code": 1001, "message": "no"}}) == "InvalidRequest"
    assert kind({"error": {"code": 1001}}) == "InvalidRequest"
    assert kind({"status": "failed"}, 200) == "JobFailed"
    assert kind({}, 502) == "ProviderUnavailable"


def test_purpose_is_matched(acme, job, answer):
    assert classify(acme, job(acme), answer({}, 502)).charged == "no"
    polled = classify(acme, job(acme, "accepted"), answer({}, 502, purpose="poll"))
    assert polled.charged == "yes"


def test_charged_and_retryable_omitted(acme, job, answer):
    found = classify(acme, job(acme), answer({}, 418))
    assert (type(found), found.charged, found.retryable) == (errors.RateLimited, "unknown", False)
    assert classify(acme, job(acme), answer({}, 419)).retryable


@pytest.mark.parametrize(
    ("status", "purpose", "expected"),
    (
        ("planned", "upload", "no"),
        ("accepted", "poll", "yes"),
        ("done", "settle", "yes"),
        ("sent", "settle", "unknown"),
        ("unknown", "settle", "unknown"),
    ),
)
def test_off_the_submit_charged_is_the_jobs(bare, job, answer, status, purpose, expected):
    for code in (401, 429, 500):
        error = classify(bare, job(bare, status), answer({}, code, purpose=purpose))
        assert error.charged == expected


def test_where_fails_when_matched_the_row_counts(acme, job, answer):
    failed = answer({"status": "failed"}, 200, purpose="poll")
    assert classify(acme, job(acme, "accepted"), failed).charged == "no"
    moderated = answer({"status": "failed", "error": "moderated"}, 200, purpose="poll")
    assert classify(acme, job(acme, "accepted"), moderated).charged == "yes"


def test_lists_and_balances_cost_nothing(bare, answer):
    error = classify(bare, None, answer({}, 500, purpose="models"))
    assert (error.charged, error.job_id) == ("no", None)


def test_who_and_what_is_on_the_error(acme, job, answer):
    error = classify(acme, job(acme), answer({}, 401), "imgedit-acme 0.1.0")
    assert (error.provider, error.distribution, error.job_id) == (
        "acme",
        "imgedit-acme 0.1.0",
        "01",
    )
    assert error.hint == "Check the key (ACME_API_KEY, ACME_PROJECT)."
    assert str(error).startswith("Acme answered 401. Nothing was charged. Check the key")


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    (
        ({"retry-after": "30"}, {}, 30),
        ({"retry-after": "1.5"}, {}, 1.5),
        ({"retry-after": "-5"}, {}, 0),
        ({"retry-after": "Fri, 15 Jan 2027 08:01:00 GMT"}, {}, 60),
        ({"retry-after": "Fri, 15 Jan 2027 07:00:00 GMT"}, {}, 0),
        (
            {
                "retry-after": "Fri, 15 Jan 2027 08:01:00 GMT",
                "date": "Fri, 15 Jan 2027 08:00:50 GMT",
            },
            {},
            10,
        ),
        ({"x-reset": "1800000012500"}, {}, 12.5),
        ({"x-reset": "1799999000000"}, {}, 0),
        ({"x-reset": "soon", "retry-after": "7"}, {}, 7),
        ({"retry-after": "7"}, {"retry_in": 3}, 3),
        ({}, {"retry_in": "4"}, 4),
        ({}, {"retry_in": 2.5}, 2.5),
        ({}, {"retry_in": True}, None),
        ({}, {"retry_in": "1e999"}, None),
        ({"retry-after": "nan"}, {}, None),
        ({"retry-after": "whenever"}, {}, None),
        ({}, {}, None),
    ),
)
def test_retry_after(acme, job, answer, headers, body, expected):
    error = classify(acme, job(acme), answer(body, 429, headers=headers), now=NOW)
    assert error.retry_after == expected


@pytest.mark.parametrize(
    ("after", "hint"),
    (
        ("6.2", "Try again in 7 s."),
        ("7200", "Try again in 7,200 s."),
        ("0", "Try again later."),
        ("1e300", "Try again later."),
        ("whenever", "Try again later."),
    ),
)
def test_the_hint_says_when(acme, job, answer, after, hint):
    limited = answer({}, 429, headers={"retry-after": after})
    assert classify(acme, job(acme), limited, now=NOW).hint == hint


def test_reset_headers_mean_nothing_on_other_errors(acme, job, answer):
    headers = {"x-reset": "1800000012500"}
    assert classify(acme, job(acme), answer({}, 400, headers=headers), now=NOW).retry_after is None
    headers["retry-after"] = "9"
    assert classify(acme, job(acme), answer({}, 400, headers=headers), now=NOW).retry_after == 9


def test_milliseconds_and_unix_seconds(tiny, job, answer):
    manifest = tiny(errors={"retry_after": ["header:retry-after-ms|ms", "/at|unix"]})
    after = answer({}, 429, headers={"retry-after-ms": "1500"})
    assert classify(manifest, job(manifest), after, now=NOW).retry_after == 1.5
    after = answer({"at": int(NOW) + 5}, 429)
    assert classify(manifest, job(manifest), after, now=NOW).retry_after == 5


def test_poll_after(acme, answer):
    assert [poll_seconds(acme, waits) for waits in range(5)] == [1, 2, 5, 5, 5]
    told = answer({}, 200, headers={"retry-after": "Fri, 15 Jan 2027 08:00:20 GMT"})
    assert poll_seconds(acme, 0, told, now=NOW) == 20
    assert poll_seconds(acme, 1, answer({}, 200)) == 2


def test_a_failed_job_may_cost(acme, job, answer):
    billed = classify(acme, job(acme), answer({"status": "failed", "cost_cents": 450}, 200))
    assert str(billed.cost) == "4.50 USD"
    assert billed.charged == "yes"
    assert "It cost 4.50 USD." in str(billed)
    free = classify(acme, job(acme), answer({"status": "failed", "cost_cents": 0}, 200))
    assert (str(free.cost), free.charged) == ("0 USD", "no")
    unsure = classify(acme, job(acme), answer({"cost_cents": 0}, 500))
    assert (unsure.cost, unsure.charged) == (None, "unknown")
    for odd in ("x", -3, None, True, {}, "1e999999", "1e40", "1e-40", "1e-29", 10**40):
        assert classify(acme, job(acme), answer({"cost_cents": odd}, 500)).cost is None


def test_fields_point_at_ours(acme, job, answer):
    details = {
        "size": {"why": "unknown"},
        "style.strength": {"why": "too much"},
        "prompt": {"why": ["long", "rude"]},
        "pic": {"why": "blurred"},
        "sharp": {"why": "not here"},
        "x": {"why": "odd"},
        "silent": {},
        "_all": [],
    }
    error = classify(acme, job(acme), answer({"details": details}, 422))
    assert list(error.problems) == [
        Problem(path="/resolution", message="unknown", code="vendor"),
        Problem(path="/options/strength", message="too much", code="vendor"),
        Problem(path="/prompt", message="long; rude", code="vendor"),
        Problem(path="/image", message="blurred", code="vendor"),
        Problem(path="/options/sharp", message="not here", code="vendor"),
        Problem(path="", message="x: odd", code="vendor"),
    ]


def test_fields_without_a_reason_pointer(tiny, job, answer):
    manifest = tiny(errors={"fields": {"at": "/details"}}, wire={"n": "count"})
    error = classify(manifest, job(manifest), answer({"details": {"count": "too many"}}, 422))
    assert error.problems == (Problem(path="/n", message="too many", code="vendor"),)


def test_fields_as_a_list(tiny, job, answer):
    manifest = tiny(
        wire={"resolution": "image/size"},
        errors={"fields": {"at": "/errors", "name": "/pointer", "reason": "/detail"}},
    )
    body = {"errors": [{"pointer": "#/image/size", "detail": "bad"}, {"detail": "odd"}, 5]}
    error = classify(manifest, job(manifest), answer(body, 422))
    assert error.problems == (
        Problem(path="/resolution", message="bad", code="vendor"),
        Problem(path="", message="odd", code="vendor"),
    )


def test_one_object_that_names_a_field(tiny, job, answer):
    manifest = tiny(
        wire={"resolution": "size"},
        errors={"fields": {"at": "/error", "name": "/field", "reason": "/text"}},
    )

    def problems(error):
        return classify(manifest, job(manifest), answer({"error": error}, 422)).problems

    bad = Problem(path="/resolution", message="too large", code="vendor")
    assert problems({"kind": "invalid", "field": "size", "text": "too large"}) == (bad,)
    assert problems([{"field": "size", "text": "too large"}]) == (bad,)
    assert problems({"size": {"text": "too large"}}) == (bad,)  # an object of fields, as before
    assert problems({"kind": "invalid", "field": 7, "text": "too large"}) == ()
    assert problems({"field": "size"}) == ()


def test_fields_as_a_list_with_paths_in_parts(tiny, job, answer):
    fields = {"at": "/detail", "name": "/loc", "reason": "/msg"}
    manifest = tiny(wire={"prompt": "prompt"}, errors={"fields": fields})
    body = {"detail": [{"loc": ["body", "prompt"], "msg": "too long"}]}
    error = classify(manifest, job(manifest), answer(body, 422))
    assert error.problems == (Problem(path="/prompt", message="too long", code="vendor"),)


def test_the_prompt_never_stands_in_an_error(acme, job, answer):
    prompt = "make my secret garden bloom"
    asked = job(acme, prompt=prompt)
    body = {
        "error": {"code": prompt, "message": f"refused: {prompt}!"},
        "details": {"pic": {"why": f"not for {prompt}"}},
    }
    error = classify(acme, asked, answer(body))
    assert prompt not in str(error)
    assert prompt not in repr(error.problems)
    assert prompt not in (error.code or "")
    assert "refused: <the prompt>!" in str(error)


def test_a_vendors_text_is_kept_short_and_printable(acme, job, answer):
    long = classify(acme, job(acme), answer({"message": "no " * 10_000}))
    assert len(str(long)) < 700
    data = classify(acme, job(acme), answer({"message": "bad image iVBOR" + "A" * 5000}))
    assert len(str(data)) < 200
    odd = classify(acme, job(acme), answer({"message": "a\n\tb\x1b[31m\ud800c"}))
    assert str(odd).startswith("Acme answered 400: a b [31m?c.")


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["error", "code", "message", "details", "retry_in", "cost_cents", "why"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
_bodies = st.one_of(
    _json.map(lambda value: json.dumps(value).encode()),
    st.binary(max_size=40),
    st.just(b"[" * 100_000),
    st.just(b"9" * 5000),
    st.just(b'{"retry_in": 1e400, "error": {"code": 1e-400}, "cost_cents": 1E999999}'),
    st.just(b'{"error": ' + b"9" * 4000 + b"}"),
    st.integers(-60, 60).map(lambda digits: b'{"cost_cents": 1e%d}' % digits),
)


@given(_bodies, st.integers(200, 599), st.sampled_from(["submit", "poll", "models"]))
def test_whatever_arrives_gives_one_error(raw, body, status, purpose):
    manifest = read_manifest(raw)
    response = HttpResponse(status=status, body=body, purpose=purpose)
    is_error(manifest, response, own_api=True)
    found = classify(manifest, None, response, now=NOW)
    assert isinstance(found, errors.ProviderError)
    assert found.retry_after is None or found.retry_after >= 0
    str(found)


@pytest.fixture(scope="module")
def raw():
    from pathlib import Path

    return json.loads((Path(__file__).parent / "data" / "acme.json").read_text(encoding="utf-8"))


def test_balance(acme, answer):
    body = {"credits": 120, "cents": "995"}
    assert [str(money) for money in read_balance(acme, answer(body, 200))] == [
        "120 credits",
        "9.95 USD",
    ]
    assert [str(money) for money in read_balance(acme, answer({"cents": 1}, 200))] == ["0.01 USD"]
    assert read_balance(acme, answer(b"<html>", 200)) == ()
    assert read_balance(acme, answer({"credits": "1e40", "cents": "1e-29"}, 200)) == ()
    assert Facts(balance=read_balance(acme, answer(body, 200))[0].amount).balance == 120


@pytest.mark.parametrize(
    "status", (400, 401, 402, 403, 404, 405, 409, 410, 413, 415, 418, 422, 429, 451, 500, 503)
)
def test_what_was_not_charged_says_what_to_do_next(acme, job, status):
    refused = HttpResponse(status=status, purpose="upload")
    error = classify(acme, job(acme, status="planned"), refused)
    assert error.charged == "no"
    assert error.hint


@pytest.mark.parametrize("status", (400, 404, 409, 418))
def test_what_may_be_charged_is_not_to_be_tried_again(acme, job, status):
    refused = HttpResponse(status=status, purpose="poll")
    error = classify(acme, job(acme, status="accepted"), refused)
    assert (error.charged, error.hint) == ("yes", None)
