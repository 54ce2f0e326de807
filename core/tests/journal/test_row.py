"""The row of a job and its published schema agree."""

from __future__ import annotations

import json
from typing import Any

import pytest

from imgedit import Facts, Part, Quote, RateLimited
from imgedit.engine.record import SavedFile
from imgedit.engine.summary import error_row
from imgedit.journal import job_row
from imgedit.manifest.schema import load_schema, schema_problems

MakeRecord = Any


def full(make_record: MakeRecord) -> dict[str, Any]:
    record = make_record(
        label="shoes",
        status="failed",
        charged="yes",
        facts=Facts(vendor_ids={"id": "v-1"}, cost="1E+1"),
        quote=Quote(
            amount="0.08",
            at_most="0.10",
            unit="USD",
            basis="at_least",
            reason="depends on the size",
            parts=(Part(what="2k", amount=None, at_most=None),),
            source="https://acme.example/prices",
            as_of="2026-11-20",
            unchecked=("/image/width",),
        ),
        files=(
            SavedFile(
                index=0,
                path="/out/1.png",
                media_type="image/png",
                width=1,
                height=1,
                size=9,
                sha256="cd",
            ),
        ),
        error=error_row(RateLimited("too many", retry_after=30)),
    )
    return job_row(record)


def test_a_full_row(make_record: MakeRecord) -> None:
    row = full(make_record)
    assert schema_problems(row, "job") == []
    assert row["cost"] == {"amount": "10", "unit": "USD"}
    assert row["quote"]["amount"] == "0.08"
    assert row["error"]["type"] == "RateLimited"
    assert row["paths"] == ["/out/1.png"]
    assert json.loads(json.dumps(row)) == row


def test_what_is_not_known_is_null(make_record: MakeRecord) -> None:
    row = job_row(make_record(quote=None))
    assert schema_problems(row, "job") == []
    assert row["quote"] is row["cost"] is row["label"] is row["error"] is None
    assert row["vendor_ids"] == {}
    assert row["created_at"].endswith("+00:00")


def test_the_schema_names_every_key_and_no_other(make_record: MakeRecord) -> None:
    schema = load_schema("job")
    row = full(make_record)
    assert list(row) == list(schema["properties"]) == schema["required"]
    quote = schema["$defs"]["quote"]
    assert list(row["quote"]) == list(quote["properties"]) == quote["required"]


def test_the_quote_is_that_of_the_quote_schema() -> None:
    assert load_schema("job")["$defs"]["quote"]["required"] == load_schema("quote")["required"]


@pytest.mark.parametrize(
    ("key", "value"),
    (("status", "running"), ("cost", {"amount": 1, "unit": "USD"}), ("created_at", None)),
)
def test_the_schema_refuses_what_is_no_row(
    make_record: MakeRecord, key: str, value: object
) -> None:
    assert schema_problems({**full(make_record), key: value}, "job")
    without = full(make_record)
    del without[key]
    assert schema_problems(without, "job")


def test_neither_prompt_nor_picture_is_in_it(make_record: MakeRecord) -> None:
    text = json.dumps(job_row(make_record()))
    assert "make it warmer" not in text
    assert "/pictures/in.png" not in text
