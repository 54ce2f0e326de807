"""A stored job leaves out what is at its default, so these defaults can never change."""

from __future__ import annotations

from typing import Any

import attr
import pytest
from attrs import NOTHING, fields

from imgedit import Done, EditRequest, Facts, HttpResponse, Job, Model, Output, Quote, Reference
from imgedit.engine.record import JobRecord, SavedFile, Wish

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
        "status": "planned",
        "exchanges": 0,
        "waits": 0,
        "sent_at": None,
        "taken": frozenset(),
        "rivals": (),
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
        "label": None,
    },
    Reference: {"description": None},
    Model: {"rules": (), "price": None, "unit": "USD"},
    Quote: {
        "amount": None,
        "at_most": None,
        "reason": None,
        "parts": (),
        "source": None,
        "as_of": None,
        "unchecked": (),
    },
    Facts: {"cost": None, "balance": None, "model": None, "ai_generated": None, "warnings": ()},
    Done: {"refresh": None},
    Output: {
        "url": None,
        "base64": None,
        "image": None,
        "media_type": None,
        "sha256": None,
        "size": None,
        "expires_at": None,
    },
    HttpResponse: {"body": b"", "pictures": (), "purpose": "submit"},
}


@pytest.mark.parametrize("kind", _LEFT_OUT, ids=lambda kind: kind.__name__)
def test_what_is_left_out_means_what_it_meant(kind: type) -> None:
    found = {
        one.name: one.default
        for one in fields(kind)
        if one.init and one.default is not NOTHING and not isinstance(one.default, attr.Factory)
    }
    assert found == _LEFT_OUT[kind]
