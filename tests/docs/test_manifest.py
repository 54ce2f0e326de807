"""docs/manifest.md: its reference is the schema's, and its examples do what their tables say."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from pages import ROOT, Block, Table, pieces

from imgedit import EditRequest, HttpResponse, ImageSource, Job
from imgedit.manifest import (
    Manifest,
    check,
    classify,
    is_error,
    quote,
    read_manifest,
    to_wire,
    validate_manifest,
)
from imgedit.testing.pictures import png

PICTURE = {"media_type": "image/png", "bytes": 4000, "width": 640, "height": 480, "pixels": 307200}
PIECES = [
    piece
    for piece in pieces("manifest.md")
    if not (isinstance(piece, Table) and piece.header[0] == "key")
]
BLOCKS = [piece for piece in PIECES if isinstance(piece, Block)]
WHOLE: dict[str, Any] = json.loads(BLOCKS[0].code)


def laid_over(block: Block) -> dict[str, Any]:
    return {**WHOLE, **json.loads(block.code)}


def cases() -> Iterator[Any]:
    """Each row of each table, with the manifest of the block above it."""
    manifest = WHOLE
    for piece in PIECES:
        if isinstance(piece, Block):
            manifest = laid_over(piece)
        else:
            for index, row in enumerate(piece.rows):
                given = dict(zip(piece.header, row, strict=True))
                yield pytest.param(manifest, given, id=f"{piece.line}-{index}")


def document(text: str) -> dict[str, Any]:
    asked = json.loads(text.strip("`"))
    found = {"image": {}, "prompt": "warmer", "n": 1, **asked}
    found["image"] = {**PICTURE, **found["image"]}
    if "mask" in found:
        found["mask"] = {**PICTURE, **found["mask"]}
    return found


def test_the_reference_is_made_from_the_schema() -> None:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    page = generate.PAGE.read_text(encoding="utf-8")
    assert generate.generated(page) == page, "run: python docs/generate.py"


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: str(block.line))
def test_an_example_is_a_manifest(block: Block) -> None:
    assert validate_manifest(laid_over(block)) == []


@pytest.mark.parametrize(("raw", "row"), tuple(cases()))
def test_a_row_is_true(raw: dict[str, Any], row: dict[str, str]) -> None:
    manifest = read_manifest(raw)
    if "answer" in row:
        _answer(manifest, row)
        return
    asked = document(row["request"])
    model = manifest.pick(asked.pop("model", None)).model
    if "problem at" in row:
        found = [
            (f"`{one.path}`", f"`{one.code}`") for one in check(asked, model, manifest).problems
        ]
        assert found == ([] if row["problem at"] == "none" else [(row["problem at"], row["code"])])
    elif "amount" in row:
        assert check(asked, model, manifest).problems == ()
        told = quote(asked, model, manifest)
        assert (told.amount, told.at_most) == (_amount(row["amount"]), _amount(row["at most"]))
        assert told.basis == row["basis"]
    else:
        assert check(asked, model, manifest).problems == ()
        wired = to_wire(_request(asked), model)
        assert wired == json.loads(row["`job.wire()`"].strip("`"))


def _amount(text: str) -> Decimal | None:
    return None if text == "–" else Decimal(text)


def _request(asked: dict[str, Any]) -> EditRequest:
    return EditRequest(**{**asked, "image": ImageSource.of(png())})


def _answer(manifest: Manifest, row: dict[str, str]) -> None:
    status, _, body = row["answer"].strip("`").partition(" ")
    response = HttpResponse(
        status=int(status), headers={"content-type": "application/json"}, body=body.encode()
    )
    assert is_error(manifest, response, own_api=True) == (row["error"] != "none")
    if row["error"] == "none":
        return
    job = Job(
        id="J",
        provider="acme",
        request=_request(document("{}")),
        model=manifest.pick(None).model,
        status="sent",
    )
    error = classify(manifest, job, response)
    assert type(error).__name__ == row["error"]
    assert (error.charged, error.retryable) == (row["charged"], row["retryable"] == "yes")
