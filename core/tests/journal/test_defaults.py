"""A stored job leaves out what is at its default, so these defaults can never change."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from attrs import NOTHING, fields

from imgedit import Done, EditRequest, Facts, HttpResponse, Job, Model, Output, Quote, Reference
from imgedit.engine.record import JobRecord, SavedFile, Wish
from imgedit.engine.store import _parts, dumps, loads

# A field that is new is added here; one that stands here stays as it is.
_LEFT_OUT: dict[type, dict[str, Any]] = {
    JobRecord: {
        "base_url": None,
        "quote": None,
        "max_cost": None,
        "charged": "no",
        "answer": None,
        "partial": None,
        "aside": False,
        "reconciled": False,
        "unread": None,
        "idempotency_key": None,
        "wish": Wish(),
        "files": (),
        "adaptations": (),
        "warnings": (),
        "unchecked": (),
        "error": None,
        "raw": None,
        "attempts": 0,
        "seconds": 0.0,
        "fingerprint": None,
        "first_sent_at": None,
        "folders": (),
    },
    Wish: {"out": None, "overwrite": False, "sidecar": False, "said_at": None},
    SavedFile: {"c2pa": False, "format": None},
    Job: {
        "state": {},
        "status": "planned",
        "exchanges": 0,
        "waits": 0,
        "sent_at": None,
        "taken": frozenset(),
        "rivals": (),
        "facts": Facts(),
        "done": None,
    },
    EditRequest: {
        "model": None,
        "n": 1,
        "aspect_ratio": None,
        "resolution": None,
        "quality": None,
        "output_format": None,
        "mask": None,
        "references": (),
        "seed": None,
        "options": {},
        "label": None,
    },
    Reference: {"description": None},
    Model: {"limits": {}, "rules": (), "price": None, "wire": {}, "unit": "USD"},
    Quote: {
        "amount": None,
        "at_most": None,
        "reason": None,
        "parts": (),
        "source": None,
        "as_of": None,
        "unchecked": (),
    },
    Facts: {
        "vendor_ids": {},
        "cost": None,
        "balance": None,
        "model": None,
        "ai_generated": None,
        "warnings": (),
    },
    Done: {"facts": Facts(), "refresh": None},
    Output: {
        "url": None,
        "base64": None,
        "image": None,
        "media_type": None,
        "sha256": None,
        "size": None,
        "expires_at": None,
        "variants": {},
    },
    HttpResponse: {"headers": {}, "body": b"", "pictures": (), "purpose": "submit"},
}


def test_moments_are_stored_whatever_the_clock_says(
    make_record: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some clocks go on in steps of 16 ms, and in tests of applications they may stand still."""
    moment = datetime(2026, 11, 21, tzinfo=UTC)

    class Still(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return moment

    _parts.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr("imgedit.engine.record.datetime", Still)
        record = make_record()
        text = dumps(record)
    assert (record.created_at, record.updated_at) == (moment, moment)
    assert loads(text) == record


@pytest.mark.parametrize("kind", _LEFT_OUT, ids=lambda kind: kind.__name__)
def test_what_is_left_out_means_what_it_meant(kind: type) -> None:
    found = {
        one.name: one.default.factory() if hasattr(one.default, "factory") else one.default
        for one in fields(kind)
        if one.init and one.default is not NOTHING
    }
    moments = {name for name, default in found.items() if isinstance(default, datetime)}
    assert moments == ({"created_at", "updated_at"} if kind is JobRecord else set())
    assert {name: found[name] for name in found.keys() - moments} == _LEFT_OUT[kind]
