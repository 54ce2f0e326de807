"""A journal that cannot be used says so in one sentence, and nothing of it is lost."""

from __future__ import annotations

import os
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from itertools import count
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from imgedit import Budget, JournalError
from imgedit.engine.record import now
from imgedit.journal import SqliteJournal, database
from imgedit.ledger import Purse

MakeRecord = Any


def rights_are_kept() -> bool:
    """Whether a file's rights bind us: they do not bind root, and Windows has others."""
    with tempfile.NamedTemporaryFile() as file:
        os.chmod(file.name, 0o400)
        return os.name == "posix" and not os.access(file.name, os.W_OK)


not_root = pytest.mark.skipif(not rights_are_kept(), reason="root may write everywhere")


def refusal(path: Path, **options: Any) -> JournalError:
    with pytest.raises(JournalError) as caught:
        SqliteJournal(path, **options)
    error = caught.value
    assert error.charged == "no"
    assert error.hint
    assert str(path) in error.message
    return error


@pytest.fixture
def used(path: Path, make_record: MakeRecord) -> Iterator[Path]:
    """The path of a journal that holds 50 jobs."""
    journal = SqliteJournal(path)
    for _ in range(50):
        journal.save(make_record())
    journal.close()
    yield path
    files = {file.name for file in path.parent.iterdir()}
    assert path.name in files, "a journal that cannot be used is left where it is"


def alter(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def test_a_newer_one(used: Path) -> None:
    alter(used, "PRAGMA user_version = 99")
    error = refusal(used)
    assert "newer imgedit (version 99 of its tables; this one knows 5)" in error.message
    assert "Update imgedit" in str(error)


@pytest.mark.parametrize("version", (0, 1, 99))
def test_the_database_of_another_program(tmp_path: Path, version: int) -> None:
    path = tmp_path / "app.db"
    alter(path, "CREATE TABLE things (a)", f"PRAGMA user_version = {version}")
    path.chmod(0o644)
    before = path.read_bytes(), path.stat().st_mode
    assert "another program" in refusal(path).message
    assert (path.read_bytes(), path.stat().st_mode) == before


@pytest.mark.parametrize("content", (b"x", b"no database " * 1000, b"\x00" * 8192))
def test_not_a_database(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "journal.sqlite3"
    path.write_bytes(content)
    assert "not a journal" in refusal(path).message
    assert path.read_bytes() == content


def test_an_empty_file_becomes_a_journal(tmp_path: Path, make_record: MakeRecord) -> None:
    path = tmp_path / "journal.sqlite3"
    path.touch()
    with closing(SqliteJournal(path)) as journal:
        record = make_record()
        journal.save(record)
        assert journal.load(record.id) == record


def test_one_that_is_cut_off(used: Path) -> None:
    content = used.read_bytes()
    used.write_bytes(content[: len(content) // 2])
    error = refusal(used)
    assert "damaged" in error.message
    assert "Keep the file" in str(error)


def test_one_with_damaged_pages(used: Path) -> None:
    content = bytearray(used.read_bytes())
    content[4096 * 2 :] = os.urandom(len(content) - 4096 * 2)
    used.write_bytes(content)
    with closing(SqliteJournal(used)) as journal:
        with pytest.raises(JournalError, match="damaged"):
            journal.recent()
        with pytest.raises(JournalError, match="damaged"):
            journal.unfinished()


def test_one_without_its_table(used: Path) -> None:
    alter(used, "ALTER TABLE jobs RENAME TO other")
    with (
        closing(SqliteJournal(used)) as journal,
        pytest.raises(JournalError, match="not as imgedit made it: no such table"),
    ):
        journal.recent()


def test_a_job_that_cannot_be_read_is_named_and_the_others_can_be(
    path: Path, make_record: MakeRecord
) -> None:
    good, odd, newer = (make_record() for _ in range(3))
    with closing(SqliteJournal(path)) as journal:
        for record in (good, odd, newer):
            journal.save(record)
        alter(
            path,
            f"UPDATE jobs SET record = 'x' WHERE id = '{odd.id}'",
            f"""UPDATE jobs SET record = '{{"schema":99}}' WHERE id = '{newer.id}'""",
        )
        with pytest.raises(JournalError, match=odd.id) as caught:
            journal.load(odd.id)
        assert caught.value.job_id == odd.id
        with pytest.raises(JournalError, match="another version of imgedit"):
            journal.load(newer.id)
        with pytest.raises(JournalError, match="cannot be read"):
            journal.unfinished()
        assert journal.load(good.id) == good


@pytest.mark.parametrize("text", ("{}", '{"schema":99}'))
def test_one_that_cannot_be_read_keeps_no_other_from_being_settled(
    path: Path, make_record: MakeRecord, text: str
) -> None:
    """It may still be the rival of one that is looked for: it left soon after it was begun."""
    left = now()
    good, odd = (make_record(status="unknown", charged="unknown", sent_at=left) for _ in range(2))
    with closing(SqliteJournal(path)) as journal:
        for record in (good, odd):
            journal.save(record)
        alter(path, f"UPDATE jobs SET record = '{text}' WHERE id = '{odd.id}'")
        assert journal.lost("acme") == {good.id: left, odd.id: odd.created_at}
        alter(path, f"UPDATE jobs SET created_at = 'x' WHERE id = '{odd.id}'")
        assert journal.lost("acme") == {good.id: left}


@pytest.mark.parametrize("amount", ("x", "nan", ""))
def test_amounts_that_are_none(path: Path, make_record: MakeRecord, amount: str) -> None:
    purse = Purse(budgets=[Budget(amount="5 USD")])
    with closing(SqliteJournal(path)) as journal:
        record = make_record()
        journal.save(record)
        alter(path, f"UPDATE totals SET counted = '{amount}'")
        for again in (make_record(), record.with_job(status="failed")):
            with pytest.raises(JournalError, match=r"is not as imgedit made it.* is no amount"):
                journal.save(again, purse=purse)
        alter(path, f"UPDATE jobs SET counted = '{amount}', quoted = '{amount}'")
        with pytest.raises(
            JournalError, match=r"is not as imgedit made it.* is no amount"
        ) as caught:
            journal.entries()
        assert str(path) in caught.value.message
        assert "Keep the file" in (caught.value.hint or "")
        journal.release(record.id)
        assert journal.load(record.id) == record


def test_a_folder_in_its_place(tmp_path: Path) -> None:
    assert "is a folder" in refusal(tmp_path).message


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(JournalError, match=r"folder .* for the journal cannot be made") as caught:
        SqliteJournal(tmp_path / "file" / "state" / "journal.sqlite3")
    assert caught.value.hint


def test_a_spool_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        closing(SqliteJournal(tmp_path / "jobs.db", spool=tmp_path / "file" / "spool")) as journal,
        pytest.raises(JournalError, match="for pictures cannot be made"),
    ):
        _ = journal.spool


@not_root
def test_a_read_only_file(used: Path) -> None:
    used.chmod(0o400)
    assert "read-only" in refusal(used).message


@not_root
def test_a_read_only_folder(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir(mode=0o500)
    assert "cannot be made: Permission denied" in refusal(folder / "journal.sqlite3").message


@not_root
def test_a_folder_that_cannot_be_searched(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir(mode=0o600)
    assert "Permission denied" in refusal(folder / "journal.sqlite3").message
    with pytest.raises(JournalError, match="Permission denied"):
        SqliteJournal(folder / "state" / "journal.sqlite3")


def test_a_file_that_turns_read_only(used: Path, make_record: MakeRecord) -> None:
    with closing(SqliteJournal(used)) as journal:
        journal._connection.execute("PRAGMA query_only = ON")
        with pytest.raises(JournalError, match="read-only"):
            journal.save(make_record())


def test_a_full_disk_loses_nothing_that_was_stored(used: Path, make_record: MakeRecord) -> None:
    with closing(SqliteJournal(used)) as journal:
        # The same answer of SQLite as when the disk has no room for one more page.
        journal._connection.execute("PRAGMA max_page_count = 1")
        before = list(journal.recent(1000))
        record = make_record(raw={"answer": "x" * 8000})
        with pytest.raises(JournalError, match="disk is full") as caught:
            journal.save(record)
        assert caught.value.job_id == record.id
        assert list(journal.recent(1000)) == before
        journal._connection.execute("PRAGMA max_page_count = 100000")
        journal.save(record)
        assert journal.load(record.id) == record


@pytest.mark.parametrize("status", ("planned", "sent"))
@pytest.mark.parametrize("part", ("jobs_taken", "ledger"))
def test_damage_that_only_an_answer_would_meet_is_met_before_paying(
    used: Path, make_record: MakeRecord, part: str, status: Any
) -> None:
    with closing(sqlite3.connect(used)) as connection:
        query = "SELECT rootpage FROM sqlite_master WHERE name = ?"
        ((page,),) = connection.execute(query, (part,))
        ((size,),) = connection.execute("PRAGMA page_size")
    with used.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\x5a" * size)
    with closing(SqliteJournal(used)) as journal:
        assert len(list(journal.recent())) == 50, "what can be read is read"
        for _ in range(2):
            with pytest.raises(JournalError, match="is damaged") as caught:
                journal.save(make_record(status=status))
            assert caught.value.charged == "no"
            assert "-wal and -shm files and the spool" in str(caught.value.hint)


def test_what_was_charged_when_a_job_cannot_be_stored(
    journal: SqliteJournal, make_record: MakeRecord
) -> None:
    journal._connection.execute("PRAGMA query_only = ON")
    for status, charged, told in (
        ("planned", "no", "no"),
        ("sent", "unknown", "no"),  # the engine sends nothing when this fails
        ("accepted", "yes", "yes"),
        ("unknown", "unknown", "unknown"),
    ):
        with pytest.raises(JournalError) as caught:
            journal.save(make_record(status=status, charged=charged))
        assert caught.value.charged == told


def test_a_lock_that_is_held_too_long(path: Path, make_record: MakeRecord) -> None:
    with (
        closing(SqliteJournal(path, patience=0.1)) as journal,
        closing(sqlite3.connect(path, isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalError, match=r"locked by another process for 0\.1 s") as caught:
            journal.save(make_record())
        assert caught.value.retryable
        assert "locked" in refusal(path, patience=0.1).message
        other.execute("ROLLBACK")
        journal.save(make_record())
        assert len(list(journal.recent())) == 1


def test_what_is_no_json_is_not_stored(journal: SqliteJournal, make_record: MakeRecord) -> None:
    record = make_record(state={"when": object()})
    with pytest.raises(JournalError, match=f"job {record.id} cannot be stored: TypeError"):
        journal.save(record)
    assert list(journal.recent()) == []


@pytest.mark.parametrize("use", ("save", "unfinished", "turn"))
def test_whenever_ctrl_c_comes_the_journal_goes_on(
    path: Path, make_record: MakeRecord, use: str
) -> None:
    with closing(SqliteJournal(path)) as journal, closing(SqliteJournal(path, patience=0)) as other:
        ways = {
            "save": lambda: journal.save(make_record()),
            "unfinished": journal.unfinished,
            "turn": lambda: journal.turn("acme", 0.0, 1, float),
        }
        for moment in count(1):
            left = moment

            def press(frame: Any, event: str, argument: Any) -> Any:
                nonlocal left
                if frame.f_code.co_filename != database.__file__:
                    return None
                left -= 1
                if not left:
                    raise KeyboardInterrupt
                return press

            before = sys.gettrace()
            sys.settrace(press)
            with suppress(KeyboardInterrupt):
                ways[use]()
            sys.settrace(before)
            if left > 0:
                break
            if journal._lock.locked():
                journal._lock.release()
                pytest.fail("the journal would wait for ever")
            ways[use]()
            other.turn("acme", 0.0, 1, float)
        assert moment > 5


@pytest.mark.parametrize(
    "call",
    (
        lambda journal, record: journal.save(record),
        lambda journal, record: journal.load(record.id),
        lambda journal, record: journal.load("01NONE"),
        lambda journal, record: journal.unfinished(),
        lambda journal, record: journal.recent(),
        lambda journal, record: journal.taken("acme"),
        lambda journal, record: journal.lost("acme"),
        lambda journal, record: journal.find("x"),
        lambda journal, record: journal.hold(record.id),
        lambda journal, record: journal.release(record.id),
        lambda journal, record: journal.renew(),
        lambda journal, record: journal.driven(),
        lambda journal, record: journal.enter("acme", record.id, 1),
        lambda journal, record: journal.leave(record.id),
        lambda journal, record: journal.turn("acme", 1, 1, time.time),
        lambda journal, record: journal.totals(Budget(amount="1 USD"), ""),
        lambda journal, record: journal.entries(),
        lambda journal, record: journal.prune(now()),
    ),
    ids=lambda call: call.__code__.co_names[0],
)
def test_nobody_comes_between(journal: SqliteJournal, make_record: MakeRecord, call: Any) -> None:
    """A transaction of another thread is not looked into, and not undone."""
    record = make_record()
    journal.save(record)

    def ask() -> None:
        with suppress(JournalError):
            call(journal, record)

    if call.__code__.co_names[0] == "leave":
        journal.enter("acme", record.id, 1)
    asking = Thread(target=ask)
    with journal._lock:
        asking.start()
        asking.join(0.05)
        waits = asking.is_alive()
    asking.join(10)
    assert waits
