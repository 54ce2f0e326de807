from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest

from imgedit import errors
from imgedit.contract.exchange import PURPOSES
from imgedit.manifest import validate_manifest
from imgedit.manifest.schema import load_schema

ABSENT = object()


def test_the_whole_language_is_valid(acme_raw):
    before = copy.deepcopy(acme_raw)
    assert validate_manifest(acme_raw) == []
    assert acme_raw == before


def _change(raw: Any, pointer: str, value: Any) -> None:
    *outer, last = pointer[1:].split("/")
    place = raw
    for step in outer:
        step = step.replace("~1", "/")
        place = place[int(step)] if isinstance(place, list) else place.setdefault(step, {})
    if value is ABSENT:
        del place[last]
    elif isinstance(place, list):
        place.insert(int(last), value)
    else:
        place[last.replace("~1", "/")] = value


MISTAKES = [
    # the schema
    ("/limts", {}, "/limts", "is not known here; did you mean 'limits'?"),
    ("/title", ABSENT, "/title", "is missing"),
    ("/base_url", ABSENT, "/base_url", "is missing"),
    ("/models", [], "/models", "must have at least 1"),
    ("/models/0/pirce", {}, "/models/0/pirce", "did you mean 'price'?"),
    ("/name", "Acme", "/name", "must be a name"),
    ("/name", "ac_me", "/name", "must be a name"),
    ("/hook_api", "1", "/hook_api", 'must be "major.minor"'),
    ("/base_url", "http://api.acme.example", "/base_url", "must be an https://"),
    ("/base_url", "https://api.acme.example/", "/base_url", "must be an https://"),
    ("/hosts/queue", "ftp://queue", "/hosts/queue", "must be an https://"),
    ("/hosts/https", "https://x.example", "/hosts", "not a name"),
    ("/accepts_url", "(", "/accepts_url", "must be a regular expression"),
    ("/errors/rows/1/message", "(", "/errors/rows/1/message", "must be a regular expression"),
    ("/sources/docs/read", "yesterday", "/sources/docs/read", "must be a date"),
    ("/sources/docs/read", "2026-13-01", "/sources/docs/read", "must be a date"),
    ("/sources/docs/url", ABSENT, "/sources/docs/url", "is missing"),
    ("/auth/header", "Authorization", "/auth", ""),
    ("/auth/basic", ABSENT, "/auth/", "is missing"),
    ("/limits/resolutoin", {}, "/limits", "not a name"),
    ("/limits/n", {"minimun": 1}, "/limits/n/minimun", "did you mean 'minimum'?"),
    ("/limits/n", {"minimum": "1"}, "/limits/n/minimum", "must be a number"),
    ("/price/per", "picture", "/price/per", "must be one of"),
    ("/models/0/price/amounts", "~1..2", "/models/0/price/amounts", "must be an amount"),
    ("/models/0/price/amounts", "~1+", "/models/0/price/amounts", "must be an amount"),
    ("/models/0/price/amounts", 50, "/models/0/price/amounts", "must be"),
    ("/price/scale", "1%", "/price/scale", "must be a decimal number"),
    ("/wire/mask", "mask", "/wire", "not a name"),
    ("/wire/n", {"values": {}}, "/wire/n", ""),
    ("/errors/rows/0/is", "ContentRejectd", "/errors/rows/0/is", "did you mean 'ContentRejected'?"),
    ("/errors/rows/0/charged", "maybe", "/errors/rows/0/charged", "must be one of"),
    ("/errors/rows/0/purpose", ["sumbit"], "/errors/rows/0/purpose/0", "did you mean 'submit'?"),
    ("/errors/code", ["code"], "/errors/code/0", "must be a JSON pointer"),
    ("/errors/retry_after", ["/x|minutes"], "/errors/retry_after/0", "must be a JSON pointer"),
    ("/poll/seconds", [0], "/poll/seconds/0", "must be more than 0"),
    ("/timeouts/sumbit", 5, "/timeouts/sumbit", "did you mean 'submit'?"),
    ("/mask/change", "blue", "/mask/change", "must be one of white, black, transparent"),
    ("/idempotency/hours", ABSENT, "/idempotency/hours", "is missing"),
    ("/unit", "dollars", "/unit", "must be a currency"),
    ("/rates/0/source", ABSENT, "/rates/0/source", "is missing"),
    # what a schema cannot say
    ("/default_model", "acme-3", "/default_model", "there is no model 'acme-3'"),
    ("/models/1/like", "bigg", "/models/1/like", "there is no profile 'bigg'"),
    ("/models/1/id", "acme-1", "/models/1/id", "is there twice"),
    ("/aliases/x", "acme-3", "/aliases/x", "did you mean 'acme-2'"),
    ("/aliases/acme-1", "acme-2", "/aliases/acme-1", "is the id of a model"),
    ("/retired/acme-0/use", "acme-9", "/retired/acme-0/use", "there is no model 'acme-9'"),
    ("/retired/acme-2", {"use": "acme-1"}, "/retired/acme-2", "is the id of a model"),
    ("/retired/best", {"use": "acme-1"}, "/retired/best", "is an alias too"),
    ("/models/1/lifecycle/use", "acme-9", "/models/1/lifecycle/use", "there is no model"),
    ("/rates/0/source", "nowhere", "/rates/0/source", "there is no source 'nowhere'"),
    ("/price/source", "price", "/models/0/price/source", "did you mean 'prices'?"),
    ("/price/source", ABSENT, "/models/0/price", "names no source"),
    ("/models/0/price", {}, "/models/0/price", "has neither amounts nor unknown"),
    ("/models/0/price/per", "megapixel", "/models/0/price", 'needs "of"'),
    ("/models/0/price/of", ["n"], "/models/0/price/of", "goes with per"),
    ("/models/0/price/amounts", "5..4", "/models/0/price/amounts", "below its lower bound"),
    ("/models/0/price/amounts", {"1k": "5"}, "/models/0/price/amounts", "nested deeper"),
    (
        "/models/1/price/amounts/4k",
        ABSENT,
        "/models/1/price/amounts",
        "resolution 4k has no amount",
    ),
    (
        "/models/1/price/amounts/8k",
        "5",
        "/models/1/price/amounts/8k",
        "'8k' is not a value of resolution",
    ),
    ("/models/1/price/by", ["quality"], "/models/1/price/by/0", "does not take quality"),
    (
        "/wire/resolution/values/9K",
        "9",
        "/wire/resolution/values/9K",
        "is not a value of resolution",
    ),
    ("/limits/resolution/default", "9k", "/limits/resolution/default", "not a value that is taken"),
    ("/limits/seed/pattern", "(", "/limits/seed/pattern", "must be a regular expression"),
    ("/rules/0/need/n", {"type": "whole"}, "/rules/0/need/n", "not a JSON Schema fragment"),
    (
        "/errors/fails_when/~1x",
        {"minimum": "1"},
        "/errors/fails_when/~1x/minimum",
        "not a JSON Schema fragment",
    ),
    (
        "/rules/0/when/options.shrap",
        {},
        "/rules/0/when/options.shrap",
        "did you mean 'options.sharp'",
    ),
    (
        "/price/add/0/when/options.shrap",
        {},
        "/price/add/0/when/options.shrap",
        "did you mean 'options.sharp'",
    ),
    ("/auth/basic", ["{key}", "{space}"], "/auth/basic/1", "{space} is not a part"),
    ("/auth/basic", ["{key}", "x"], "/auth", "{project} is never sent"),
    (
        "/wire/seed",
        {"by": ["resolution", "output_format"], "values": {"1k": {"gif": 1}}},
        "/wire/seed/values/1k/gif",
        "is not a value of output_format",
    ),
]


@pytest.mark.parametrize(
    ("pointer", "value", "path", "message"), MISTAKES, ids=[str(one[0]) for one in MISTAKES]
)
def test_every_mistake_is_found(acme_raw, pointer, value, path, message):
    _change(acme_raw, pointer, value)
    found = validate_manifest(acme_raw)
    assert any(problem.path.startswith(path) and message in problem.message for problem in found), (
        found
    )


@pytest.mark.parametrize("raw", (None, [], "x", 5, {}, {"manifest": 1}))
def test_what_is_no_manifest_has_problems(raw):
    assert validate_manifest(raw)


def _properties(schema: Any, at: str = "") -> Any:
    if isinstance(schema, dict):
        for name, inner in schema.get("properties", {}).items():
            if isinstance(inner, dict) and not at.endswith("/if"):
                yield f"{at}/{name}", inner
        for name, inner in schema.items():
            yield from _properties(inner, f"{at}/{name}")
    elif isinstance(schema, list):
        for index, inner in enumerate(schema):
            yield from _properties(inner, f"{at}/{index}")


@pytest.mark.parametrize("name", ("provider", "edit-request", "quote", "model", "problem"))
def test_every_key_of_a_schema_is_described(name):
    schema = load_schema(name)
    assert schema["title"]
    assert schema["description"]
    assert schema["$id"] == f"urn:imgedit:schema:{name}"
    bare = [at for at, inner in _properties(schema) if not inner.get("description")]
    assert bare == []


def test_every_object_of_the_manifest_is_closed():
    def objects(schema, at=""):
        if isinstance(schema, dict):
            if "properties" in schema and not at.endswith("/if"):
                yield at, schema
            for name, inner in schema.items():
                yield from objects(inner, f"{at}/{name}")

    found = [
        at for at, one in objects(load_schema("provider")) if "additionalProperties" not in one
    ]
    assert found == []


def test_the_schema_knows_the_cores_classes_and_purposes():
    row = load_schema("provider")["properties"]["errors"]["properties"]["rows"]["items"]
    assert set(row["properties"]["is"]["enum"]) == set(errors.provider_errors())
    assert set(row["properties"]["purpose"]["items"]["enum"]) == set(PURPOSES)


def test_the_test_manifest_uses_every_key(acme_raw):
    text = json.dumps(acme_raw)
    unused = {
        name
        for name in load_schema("provider")["properties"]
        if f'"{name}"' not in text and name != "$schema"
    }
    assert unused == {"local"}


def test_no_vendor_word_in_the_tests_data():
    data = Path(__file__).parent / "data"
    words = re.compile(r"https?://([^/\"]+)")
    for file in data.glob("*.json"):
        hosts = {match[1] for match in words.finditer(file.read_text(encoding="utf-8"))}
        assert all(host.endswith("acme.example") for host in hosts)
