"""Who drives a job: one at a time, and nobody for ever."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from imgedit import JournalError
from imgedit.engine.journal import Journal, MemoryJournal
from imgedit.engine.rules import LEASE
from imgedit.journal import SqliteJournal
from imgedit.journal.owner import Owner, this_process

MakeRecord = Any

_HOLDER = """
import sys, time
from imgedit.journal import SqliteJournal
journal = SqliteJournal(sys.argv[1])
journal.hold(sys.argv[2])
print("held", flush=True)
time.sleep(60)
"""

posix = pytest.mark.skipif(os.name != "posix", reason="asks POSIX whether a process lives")


@pytest.fixture
def other(path: Path) -> Iterator[SqliteJournal]:
    with closing(SqliteJournal(path)) as journal:
        yield journal


@pytest.fixture
def pass_time(monkeypatch: pytest.MonkeyPatch) -> Any:
    late = 0.0
    clock = time.time

    def later(seconds: float) -> None:
        nonlocal late
        late += seconds

    monkeypatch.setattr(time, "time", lambda: clock() + late)
    return later


def test_who_begins_a_job_holds_it_until_it_is_over(
    journal: SqliteJournal, other: SqliteJournal, make_record: MakeRecord
) -> None:
    record = make_record()
    journal.save(record)
    assert dict(other.driven()) == {record.id: "this process"}
    assert dict(journal.driven()) == {}
    with pytest.raises(JournalError, match=f"this process drives job {record.id}") as caught:
        other.hold(record.id)
    assert f'client.job("{record.id}")' in (caught.value.hint or "")
    assert caught.value.charged == "no"
    with pytest.raises(JournalError, match="drives job"):
        other.save(record.with_job(status="sent"))
    with pytest.raises(JournalError, match="drives job"):
        journal.hold(record.id)
    journal.save(evolve(record.with_job(status="accepted"), charged="yes"))
    with pytest.raises(JournalError, match="The edit was charged") as caught:
        other.hold(record.id)
    assert caught.value.charged == "yes", "it is not to be bought again"
    journal.save(record.with_job(status="failed"))
    assert other.hold(record.id) is not None


def test_what_is_given_back_can_be_taken(
    journal: SqliteJournal, other: SqliteJournal, make_record: MakeRecord
) -> None:
    record = make_record()
    journal.save(record)
    journal.release(record.id)
    assert other.hold(record.id) == record
    journal.release(record.id)
    with pytest.raises(JournalError, match="drives job"):
        journal.hold(record.id)
    other.close()
    assert journal.hold(record.id) == record


def test_a_job_that_is_not_stored(journal: SqliteJournal) -> None:
    assert journal.hold("01NONE") is None


def test_a_sleeper_loses_its_job_and_cannot_send_it_any_more(
    journal: SqliteJournal, other: SqliteJournal, make_record: MakeRecord, pass_time: Any
) -> None:
    record = make_record()
    journal.save(record)
    pass_time(LEASE + 1)
    assert other.hold(record.id) == record
    sent = evolve(record.with_job(status="sent"), charged="unknown")
    with pytest.raises(JournalError, match="drives job"):
        journal.save(sent)
    other.save(sent)
    other.release(record.id)
    with pytest.raises(JournalError, match="was taken over by another process"):
        journal.save(sent)
    assert journal.load(record.id) == sent


@pytest.mark.parametrize("held", (True, False), ids=("drives", "drove"))
def test_a_sleeper_is_told_what_was_charged_meanwhile(
    journal: SqliteJournal,
    other: SqliteJournal,
    path: Path,
    make_record: MakeRecord,
    pass_time: Any,
    held: bool,
) -> None:
    record = make_record()
    for now, charged in (("planned", "no"), ("sent", "unknown"), ("accepted", "yes")):
        mine = evolve(record, job=evolve(record.job, id=f"01{now}"))
        journal.save(mine)
        pass_time(LEASE + 1)
        other.hold(mine.id)
        theirs = evolve(mine.with_job(status=now), charged=charged)
        other.save(theirs)
        if not held:
            other.release(mine.id)
        for status in ("planned", "sent"):  # neither is what it knows itself
            known = evolve(mine.with_job(status=status), charged="unknown")
            with pytest.raises(JournalError) as caught:
                journal.save(known)
            assert (caught.value.charged, caught.value.job_id) == (charged, mine.id)
        heard = evolve(mine.with_job(status="failed"), charged="yes")
        with pytest.raises(JournalError) as caught:
            journal.save(heard)
        assert caught.value.charged == "yes", "it heard so itself"
        assert journal.load(mine.id) == theirs
    with closing(sqlite3.connect(path)) as odd:
        odd.execute("UPDATE jobs SET record = '{}'")
        odd.commit()
    with pytest.raises(JournalError) as caught:
        journal.save(known)
    assert caught.value.charged == "unknown", "what is stored cannot be read"


def test_the_vendors_answer_counts_also_from_a_sleeper(
    journal: SqliteJournal, other: SqliteJournal, make_record: MakeRecord, pass_time: Any
) -> None:
    record = make_record(status="sent", charged="unknown")
    journal.save(record)
    pass_time(LEASE + 1)
    other.hold(record.id)
    other.save(record.with_job(status="unknown"))
    other.release(record.id)
    journal.save(evolve(record.with_job(status="accepted"), charged="yes"))
    assert other.load(record.id).job.status == "accepted"


def test_the_vendors_answer_counts_while_another_process_looks_for_it(
    journal: SqliteJournal, other: SqliteJournal, make_record: MakeRecord, pass_time: Any
) -> None:
    record = make_record(status="sent", charged="unknown")
    journal.save(record)
    pass_time(LEASE + 1)
    other.hold(record.id)
    journal.save(evolve(record.with_job(status="accepted"), charged="yes"))
    with pytest.raises(JournalError) as caught:
        other.save(record.with_job(status="unknown"))
    assert caught.value.charged == "yes"
    assert journal.load(record.id).job.status == "accepted"


def test_signs_of_life_keep_a_job(
    journal: SqliteJournal, other: SqliteJournal, make_record: MakeRecord, pass_time: Any
) -> None:
    record = make_record()
    journal.save(record)
    for _ in range(3):
        pass_time(LEASE * 0.6)
        journal.renew()
    with pytest.raises(JournalError, match="drives job"):
        other.hold(record.id)


@posix
def test_a_killed_process_drives_nothing(
    journal: SqliteJournal, path: Path, make_record: MakeRecord
) -> None:
    record = make_record()
    journal.save(record)
    journal.release(record.id)
    command = [sys.executable, "-c", _HOLDER, str(path), record.id]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        try:
            assert holder.stdout.readline() == "held\n"
            assert dict(journal.driven()) == {record.id: f"process {holder.pid}"}
            with pytest.raises(JournalError, match=rf"another process \(pid {holder.pid}\) drives"):
                journal.hold(record.id)
            holder.send_signal(signal.SIGSTOP)
            with pytest.raises(JournalError, match="another process"):
                journal.hold(record.id)
        finally:
            holder.kill()
        holder.wait()
    assert dict(journal.driven()) == {}
    assert journal.hold(record.id) == record


@posix
def test_who_is_gone() -> None:
    me = this_process()
    me.open()
    assert Owner.read(str(me)) == me
    assert not me.is_gone()
    me.close()
    assert me.is_gone(), "its journal was dropped"
    assert evolve(me, pid=2**22 + 1).is_gone(), "there is no such process"
    assert not evolve(me, pid=2**22 + 1, host="elsewhere").is_gone(), "who can tell?"
    if me.boot:
        assert evolve(me, boot="the last one").is_gone()
        assert not evolve(me, space="a container's", pid=2**22 + 1).is_gone()
        assert evolve(me, pid=os.getppid(), started="1").is_gone(), "another took its number"


@pytest.mark.parametrize(
    "text", ("junk", "x|||||", "0|1|h|b|s|t", "-1|1|h|b|s|t", f"{1 << 80}|||||")
)
def test_an_owner_that_cannot_be_read_drives_nothing(
    journal: SqliteJournal, path: Path, make_record: MakeRecord, text: str
) -> None:
    """Who drove it, if there is one, cannot send it any more once it is taken over."""
    record = make_record()
    journal.save(record)
    journal.enter("acme", record.id, 1)
    with closing(sqlite3.connect(path)) as odd:
        for table in ("jobs", "slots"):
            odd.execute(f"UPDATE {table} SET owner = ?, expires = 9e12", (text,))
        odd.commit()
    with closing(SqliteJournal(path)) as other:
        assert dict(other.driven()) == {}
        assert other.enter("acme", "2", 1)
        assert other.hold(record.id) == record
        with pytest.raises(JournalError, match="drives job"):
            journal.save(record.with_job(status="sent"))


@pytest.mark.parametrize("kind", (MemoryJournal, SqliteJournal))
def test_so_many_at_once(kind: Any, path: Path) -> None:
    journal: Journal = kind() if kind is MemoryJournal else kind(path)
    with closing(journal):
        assert journal.enter("acme", "1", 2)
        assert journal.enter("acme", "2", 2)
        assert journal.enter("acme", "2", 2), "it runs already"
        assert not journal.enter("acme", "3", 2)
        assert journal.enter("other", "4", 1)
        journal.leave("1")
        journal.leave("1")
        assert journal.enter("acme", "3", 2)


def test_places_are_shared_and_end_with_their_journal(
    journal: SqliteJournal, other: SqliteJournal
) -> None:
    assert journal.enter("acme", "1", 1)
    assert not other.enter("acme", "2", 1)
    journal.close()
    assert other.enter("acme", "2", 1)


def test_what_could_not_be_given_back_ends_by_itself(
    path: Path, make_record: MakeRecord, pass_time: Any
) -> None:
    """The file was locked in that moment; the process lives on and drives another job."""
    record, kept = make_record(), make_record()
    with closing(SqliteJournal(path, patience=0)) as mine, closing(SqliteJournal(path)) as other:
        for one in (record, kept):
            mine.save(one)
            assert mine.enter("acme", one.id, 2)
        with closing(sqlite3.connect(path, isolation_level=None)) as lock:
            lock.execute("BEGIN IMMEDIATE")
            for give_back in (mine.leave, mine.release):
                with pytest.raises(JournalError, match="locked"):
                    give_back(record.id)
        assert not other.enter("acme", "01", 2)
        assert record.id not in mine.driven()
        assert mine.enter("acme", "02", 2), "it knows that it has only one"
        assert mine.hold(record.id) == record
        with closing(sqlite3.connect(path, isolation_level=None)) as lock:
            lock.execute("BEGIN IMMEDIATE")
            for give_back, job in ((mine.leave, "02"), (mine.release, record.id)):
                with pytest.raises(JournalError, match="locked"):
                    give_back(job)
        for _ in range(4):
            pass_time(LEASE / 3)
            mine.renew()
        assert other.enter("acme", "01", 2)
        assert not other.enter("acme", "03", 2), "the other job goes on"
        assert other.hold(record.id) == record
        with pytest.raises(JournalError, match="drives job"):
            other.hold(kept.id)


@pytest.mark.parametrize("kind", (MemoryJournal, SqliteJournal))
def test_so_many_in_a_time(kind: Any, path: Path) -> None:
    journal: Journal = kind() if kind is MemoryJournal else kind(path)
    with closing(journal):
        begin, taken = 1000.0, []
        for tick in range(2000):
            moment = begin + tick / 100
            clock = partial(float, moment)
            while not journal.turn("acme", 0.1, 5, clock):
                taken.append(moment)
        in_a_second = [sum(one <= m < one + 1 for m in taken) for one in taken]
        assert taken.count(begin) == 5, "a burst"
        assert max(in_a_second) <= 10 + 5
        assert len(taken) == pytest.approx(200 + 5, abs=2)
        assert 0 < journal.turn("acme", 0.1, 5, clock) <= 0.1
        assert journal.turn("acme", 0.1, 5, lambda: 10.0) <= 0.1, "a clock that was set back"
