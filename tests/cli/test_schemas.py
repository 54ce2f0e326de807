"""Whole documents stand alone: what they repeat of a row's schema is that schema."""

from __future__ import annotations

import json

from jsonschema import Draft202012Validator

from .conftest import SCHEMAS


def schema(name: str):
    found = json.loads((SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(found)
    return found


def test_the_quote_and_the_problem_are_those_of_their_own_schemas():
    quote, inlined = schema("quote"), schema("edit-result")["$defs"]
    for name in ("provider", "model"):  # said once, by the result
        del quote["properties"][name]
    assert inlined["quote"] == {key: quote[key] for key in ("type", "required", "properties")}
    assert inlined["amount"] == quote["$defs"]["amount"]
    problem, inlined = schema("problem"), schema("error")["$defs"]
    assert inlined["problem"] == {key: problem[key] for key in ("type", "required", "properties")}


def test_no_schema_needs_another_file():
    for name in ("edit-result", "error"):
        text = json.dumps(schema(name))
        assert text.count('"$ref"') == text.count('"$ref": "#/$defs/')
