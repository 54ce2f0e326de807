from __future__ import annotations

import subprocess
import sys
from base64 import b64encode

import attrs
import pytest
from jsonschema import Draft202012Validator

from imgedit import EditRequest, Problem, Quote
from imgedit.manifest import (
    auth_headers,
    check,
    document,
    key_names,
    model_row,
    problem_row,
    quote,
    quote_row,
    retired_rows,
)
from imgedit.manifest.schema import load_schema, schema_problems


def test_parts_of_a_key_and_where_they_lie(acme):
    assert key_names(acme) == {"key": ("ACME_API_KEY",), "project": ("ACME_PROJECT", "ACME_SPACE")}


@pytest.mark.parametrize(
    ("auth", "expected"),
    (
        (None, {}),
        ({"header": "X-Key", "value": "{key}"}, {"key": ("ACME_API_KEY",)}),
        ({"env": ["A", "B"], "header": "X-Key", "value": "{key}"}, {"key": ("A", "B")}),
        ({"env": "A", "header": "X-Key", "value": "{key}"}, {"key": ("A",)}),
    ),
)
def test_forms_of_env(tiny, auth, expected):
    assert key_names(tiny(auth=auth) if auth else tiny()) == expected


def test_headers_that_carry_the_key(tiny, acme):
    bearer = tiny(auth={"env": ["A"], "header": "Authorization", "value": "Bearer {key}"})
    assert auth_headers(bearer, {"key": "k{key}"}) == {"Authorization": "Bearer k{key}"}
    assert auth_headers(tiny(), {}) == {}
    token = b64encode(b"k:p").decode()
    assert auth_headers(acme, {"key": "k", "project": "p"}) == {"Authorization": f"Basic {token}"}
    with pytest.raises(KeyError):
        auth_headers(acme, {"key": "k"})


def test_rows_fit_their_schemas(acme, doc):
    model = acme.pick("best").model
    row = model_row("acme", model, acme)
    assert schema_problems(row, "model") == []
    assert (row["default"], row["retired"]) == (False, None)
    assert "mask" not in model_row("acme", acme.pick("acme-auto").model, acme)["limits"]
    for retired in retired_rows("acme", acme):
        assert schema_problems(retired, "model") == []
        assert retired["retired"] == {"use": "acme-1", "since": "2026-01-31"}
    for one in acme.models:
        found = quote_row(quote(doc(), one, acme))
        assert schema_problems(found, "quote") == []
    problem = Problem(path="/n", message="no", code="type")
    assert schema_problems(problem_row(problem), "problem") == []


def test_no_key_is_left_out_of_a_row(acme, doc):
    unknown = quote_row(quote(doc(), acme.pick("acme-auto").model, acme))
    assert unknown["amount"] is None
    assert unknown["reason"] == "the model is chosen by Acme"
    assert set(unknown) == {field.name for field in attrs.fields(Quote)}
    assert set(unknown) == set(load_schema("quote")["required"])


def test_amounts_are_decimal_strings():
    row = quote_row(Quote(amount="1E+3", at_most=None, unit="USD", basis="at_least"))
    assert row["amount"] == "1000"


def test_the_request_document_and_its_schema_agree(ask, picture):
    full = ask(
        model="a",
        n=2,
        aspect_ratio="1:1",
        resolution="1k",
        quality="low",
        output_format="png",
        mask=picture(),
        references=[(picture(), "hat")],
        seed=1,
        options={"x": 1},
        label="mine",
    )
    assert schema_problems(document(full), "edit-request") == []
    schema = load_schema("edit-request")
    assert set(schema["properties"]) == {field.name for field in attrs.fields(EditRequest)}
    assert set(document(full)) == set(schema["properties"])


def test_schemas_are_schemas():
    for name in ("provider", "edit-request", "quote", "model", "problem"):
        Draft202012Validator.check_schema(load_schema(name))


def test_reading_and_asking_prices_needs_no_heavy_import():
    code = (
        "import sys; from imgedit.manifest import read_manifest\n"
        "raw = {'manifest': 1, 'name': 'a', 'title': 'A', 'unit': 'USD', 'local': True,"
        " 'models': [{'id': 'm', 'price': {'amounts': '1'}}], 'default_model': 'm'}\n"
        "read_manifest(raw).pick(None)\n"
        "heavy = {'jsonschema', 'aiohttp', 'asyncio', 'cattrs', 'ssl', 'email'}\n"
        "heavy &= set(sys.modules)\n"
        "sys.exit(repr(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_two_thousand_models_have_few_fragments(tiny, doc, monkeypatch):
    """Equal fragments are judged once: thousands of models cost a few dozen verdicts."""
    from imgedit.manifest import fragments

    rows = [
        {
            "id": f"m{number}",
            "price": {"by": ["resolution"], "amounts": {"1k": "1", "2k": "2"}},
            "limits": {"resolution": {"enum": ["1k", "2k"], "title": str(number % 7)}},
        }
        for number in range(2000)
    ]
    manifest = tiny(models=rows, default_model="m0", limits={"picture.bytes": {"maximum": 9999}})
    judged = []
    real = fragments.Compiled._judge

    def count(self, value):
        judged.append(value)
        return real(self, value)

    monkeypatch.setattr(fragments.Compiled, "_judge", count)
    asked = doc(resolution="2k")
    for model in manifest.models:
        assert check(asked, model).problems == ()
        assert quote(asked, model, manifest).amount == 2
    assert len(judged) <= 8
