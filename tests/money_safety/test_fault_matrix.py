"""Twelve faults at every remote provider, through the real command line: nothing is paid twice."""

from __future__ import annotations

import pytest
from money.matrix import TWELVE, Cell, downloads, meet
from money.vendors import remote_providers, subject_of

from imgedit.testing.kit.subject import Subject

LOST = (
    "dropped before the body",
    "dropped after the body",
    "dropped inside the answer",
    "hanging",
    "redirect",
)
"""The vendor may have taken the edit, and its answer does not say so."""


def test_nothing_is_left_out() -> None:
    assert len(TWELVE) == 12
    assert len(remote_providers()) >= 5


@pytest.mark.timeout(300)
@pytest.mark.parametrize("fault", TWELVE)
@pytest.mark.parametrize("provider", remote_providers())
def test_at_most_one_submit_can_have_been_charged(provider: str, fault: str) -> None:
    subject = subject_of(provider)
    for cell in meet(provider, fault):
        print(cell)
        holds_always(subject, cell)
        ends_as_it_must(subject, cell)


def holds_always(subject: Subject, cell: Cell) -> None:
    """What no fault may change."""
    done = subject.flow.done
    assert done is not None
    assert cell.chargeable <= 1
    assert (cell.exit == 0) == (cell.type is None)
    assert (cell.exit == 8) == (cell.charged == "unknown")
    assert cell.again in (None, "yes", "unknown"), "what may be charged is never called free"
    assert cell.elsewhere == 0, "an answer's redirect was followed"
    arrived = 0 in (cell.exit, cell.resumed)
    assert cell.pictures == (len(done.images) if arrived else 0)
    assert (cell.status == "done") == arrived
    if cell.status != "failed":
        assert cell.chargeable == 1


def ends_as_it_must(subject: Subject, cell: Cell) -> None:
    """What the fault makes of the edit, by what the vendor can do."""
    match cell.fault:
        case "429" if cell.type is not None:
            refused_for_good(cell, 6)
        case "429" | "5xx" if cell.refused:
            repeated(cell)
        case "slow queue":
            unharmed(cell)
        case "another picture" if not announces_hash(subject):
            unharmed(cell)
        case "result 404" if not downloads(subject) and cell.refused:
            refused_for_good(cell, 7)
        case _ if cell.fault in (*LOST, "5xx") or cell.about == "unpacking the answer":
            settled(subject, cell)
        case _ if downloads(subject):
            fetched_later(cell)
        case _:
            settled(subject, cell)


def refused_for_good(cell: Cell, code: int) -> None:
    """The vendor's refusal was free, and is not one to be repeated."""
    assert (cell.submits, cell.refused) == (1, 1)
    assert (cell.exit, cell.charged, cell.status) == (code, "no", "failed")
    assert cell.resumed is None


def repeated(cell: Cell) -> None:
    """Every refusal was free, so the edit was sent again, when the vendor said."""
    assert (cell.submits, cell.exit, cell.resumed) == (cell.refused + 1, 0, None)
    if cell.fault == "429":
        told = cell.waits[: cell.refused]
        assert all(1.9 < seconds < 2.2 for seconds in told), f"2 seconds were asked for: {told}"


def unharmed(cell: Cell) -> None:
    """There was nothing to be mended."""
    assert (cell.submits, cell.exit, cell.resumed) == (1, 0, None)


def fetched_later(cell: Cell) -> None:
    """It was paid for, its picture could not be had, and resuming gets it."""
    assert (cell.type, cell.exit, cell.charged) == ("DownloadFailed", 7, "yes")
    assert (cell.submits, cell.resumed) == (1, 0)


def settled(subject: Subject, cell: Cell) -> None:
    """The vendor says what became of it, when it can be asked; else it stays unknown."""
    assert cell.submits == 1
    if subject.recorded("settle") is None:
        assert (cell.exit, cell.resumed, cell.again) == (8, 8, "unknown")
    elif cell.fault == "hanging":  # its time was up
        assert (cell.exit, cell.resumed) == (8, 0)
    else:
        assert (cell.exit, cell.resumed) == (0, None)


def announces_hash(subject: Subject) -> bool:
    done = subject.flow.done
    return done is not None and all(output.sha256 for output in done.images)
