from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from imgedit import EditRequest, Facts, ImageSource, Job, Model, Quote
from imgedit.engine.record import JobRecord, new_id
from imgedit.journal import SqliteJournal

MakeRecord = Callable[..., JobRecord]

_MODEL = Model(
    id="acme-one",
    title="Acme One",
    send="one",
    limits={"n": {"minimum": 1, "maximum": 4}, "seed": {"type": "integer"}},
    price={"amounts": {"1k": "0.04", "2k": "0.08"}, "by": ["resolution"]},
    unit="USD",
)


def make_record(
    *,
    id: str | None = None,
    label: str | None = None,
    ids: Any = (),
    **changes: Any,
) -> JobRecord:
    """A job of acme; what is no field of the record is one of its job."""
    picture = ImageSource(
        media_type="image/png", width=4, height=4, size=70, sha256="ab", path="/pictures/in.png"
    )
    job = Job(
        id=id or new_id(),
        provider="acme",
        request=EditRequest(image=picture, prompt="make it warmer", label=label),
        model=_MODEL,
        facts=Facts(vendor_ids=dict(ids)),
    )
    record = JobRecord(
        job=job,
        distribution="imgedit-acme",
        version="1.0",
        base_url="https://api.acme.example",
        quote=Quote(amount="0.04", at_most="0.04", unit="USD", basis="exact"),
    )
    own = {name: changes.pop(name) for name in list(changes) if hasattr(record, name)}
    return evolve(record.with_job(**changes), **own)


@pytest.fixture(name="make_record")
def _make_record() -> MakeRecord:
    return make_record


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "journal.sqlite3"


@pytest.fixture
def journal(path: Path) -> Iterator[SqliteJournal]:
    journal = SqliteJournal(path)
    yield journal
    journal.close()
