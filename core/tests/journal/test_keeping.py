"""What goes into the journal comes out of it, also in another process's hands."""

from __future__ import annotations

import gc
import os
import re
import sqlite3
import stat
import threading
import warnings
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from imgedit import Done, Facts, HttpResponse, ImageSource, JournalError, Output, Part, Quote
from imgedit.engine.journal import Journal, MemoryJournal
from imgedit.engine.record import JobRecord, SavedFile
from imgedit.journal import SqliteJournal

MakeRecord = Any

posix = pytest.mark.skipif(os.name != "posix", reason="rights are POSIX's")


def test_it_is_a_journal(journal: SqliteJournal) -> None:
    assert isinstance(journal, Journal)


def test_a_job_comes_back_whole(
    journal: SqliteJournal, path: Path, make_record: MakeRecord
) -> None:
    part = Part(what="n", amount="0.01", at_most=None)
    record = make_record(
        label="shoes ☀",
        quote=Quote(amount="0.01", unit="USD", basis="at_least", parts=[part]),
        ids={"id": "v-1"},
        state={"handles": {"ab": "u1"}, "id": 5},
        status="accepted",
        charged="yes",
        answer=HttpResponse(status=200, headers={"X-Id": "1"}, body=b"\x00\xff{}"),
        warnings=("EXIF was removed",),
        raw={"a": [1, None]},
        attempts=1,
        seconds=1.25,
    )
    journal.save(record)
    assert journal.load(record.id) == record
    journal.close()
    again = SqliteJournal(path)
    assert again.load(record.id) == record
    again.close()


def test_a_job_is_whole_after_every_save(
    journal: SqliteJournal, path: Path, make_record: MakeRecord
) -> None:
    """What changed is stored beside what was stored first: in any order, and back again."""
    part = Part(what="n", amount="0.01", at_most=None)
    record = make_record(state={"handles": {"ab": "u1"}}, warnings=("EXIF was removed",))
    answer = HttpResponse(status=200, headers={"X-Id": "1"}, body=b"\x00\xff{}")
    changes: list[dict[str, Any]] = [
        {},
        {"status": "sent", "charged": "unknown", "attempts": 1},
        {"status": "accepted", "charged": "yes", "answer": answer, "warnings": ()},
        {"answer": None, "state": {"id": 5}, "facts": Facts(vendor_ids={"id": "v-1"})},
        {"facts": Facts(vendor_ids={"id": "v-1"}, cost="0.03"), "waits": 1, "seconds": 2.5},
        {"facts": Facts(vendor_ids={"id": "v-2"}), "waits": 2, "state": {}, "quote": None},
        {"partial": answer, "waits": 0, "raw": {"a": [1, None]}},
        {"quote": Quote(unit="USD", basis="unknown")},
        {"quote": Quote(amount="0.01", unit="USD", basis="at_least", parts=[part])},
    ]
    with closing(SqliteJournal(path)) as other:
        for change in changes:
            own = {name: value for name, value in change.items() if hasattr(record, name)}
            rest = {name: value for name, value in change.items() if name not in own}
            record = evolve(record.with_job(**rest), **own)
            journal.save(record)
            assert journal.load(record.id) == record
            assert other.load(record.id) == record


def test_saving_again_replaces_but_keeps_the_place(
    journal: SqliteJournal, make_record: MakeRecord
) -> None:
    record = make_record()
    journal.save(record)
    journal.save(record.with_job(status="sent", exchanges=1))
    (only,) = journal.recent()
    assert only.job.status == "sent"
    assert only.job.exchanges == 1
    assert only.created_at == record.created_at


def test_a_job_is_found_by_the_beginning_of_its_id(
    journal: SqliteJournal, make_record: MakeRecord
) -> None:
    for name in ("01AAA1", "01AAA2", "01AAB", "01AABX", "0%", "0_"):
        journal.save(make_record(id=name))
    assert journal.load("01AAA2").id == "01AAA2"
    assert journal.load("01aaa1").id == "01AAA1"
    assert journal.load("01AABX").id == "01AABX"
    assert journal.load("01AAB").id == "01AAB", "an exact id is never ambiguous"
    assert journal.load("0%").id == "0%"
    with pytest.raises(JournalError, match="several jobs begin with '01AAA': 01AAA1, 01AAA2"):
        journal.load("01AAA")
    with pytest.raises(JournalError, match=r"01AAB, \.\.\.") as caught:
        journal.load("01A")
    assert caught.value.charged == "unknown"


@pytest.mark.parametrize("job_id", ("", "ZZZ", "%", "01AAA1 ", "\udcff", "\x00"))
def test_an_unknown_job_is_said_to_be_unknown(
    journal: SqliteJournal, make_record: MakeRecord, job_id: str
) -> None:
    journal.save(make_record(id="01AAA1"))
    with pytest.raises(JournalError, match="there is no job") as caught:
        journal.load(job_id)
    assert "client.jobs()" in str(caught.value)


WHOLE = "01K9ZZZZZZZZZZZZZZZZZZZZZZ"


@pytest.mark.parametrize("memory", (True, False))
def test_what_may_mean_a_job_is_not_said_to_be_unpaid(journal: SqliteJournal, memory: bool) -> None:
    """It may be in another journal, and what is typed is not always typed well."""
    asked: Journal = MemoryJournal() if memory else journal

    def charged(text: str) -> str:
        with pytest.raises(JournalError) as caught:
            asked.load(text)
        return caught.value.charged

    badly = ("0", "01k9", " 01K9\n", WHOLE, WHOLE.lower(), f"{WHOLE}.", f"{WHOLE}X", f"'{WHOLE}")
    more = (f"imgedit-{WHOLE}", f"{WHOLE[:-1]}O", "01K9.", "'01K9", "O1K9", "mine.json", "K.JSON")
    assert {charged(text) for text in (*badly, *more)} == {"unknown"}
    other = ("", " ", "nope", "%", "\udcff", "\x00", "photo.png", "\u0661")
    assert {charged(text) for text in other} == {"no"}


def test_unfinished_are_those_that_can_go_on(
    journal: SqliteJournal, make_record: MakeRecord
) -> None:
    done = Done([Output(url="https://x.example/1.png"), Output(url="https://x.example/2.png")])

    def file(index: int) -> SavedFile:
        return SavedFile(
            index=index,
            path=f"/out/{index}.png",
            media_type="image/png",
            width=1,
            height=1,
            size=9,
            sha256="cd",
        )

    jobs: dict[str, dict[str, Any]] = {
        "1": {"status": "planned"},
        "2": {"status": "sent"},
        "3": {"status": "accepted"},
        "4": {"status": "unknown"},
        "5": {"status": "failed"},
        "6": {"status": "canceled"},
        "7": {"status": "done", "done": done, "files": (file(0),)},
        "8": {"status": "done", "done": done, "files": (file(0), file(1))},
    }
    for name, changes in jobs.items():
        journal.save(make_record(id=name, **changes))
    assert [record.id for record in journal.unfinished()] == ["1", "2", "3", "4", "7"]
    journal.save(make_record(id="2", status="failed"))
    assert [record.id for record in journal.unfinished()] == ["1", "3", "4", "7"]


def test_recent_is_newest_first(journal: SqliteJournal, make_record: MakeRecord) -> None:
    ids = [make_record().id for _ in range(5)]
    for name in sorted(ids, reverse=True):
        journal.save(make_record(id=name))
    assert [record.id for record in journal.recent()] == sorted(ids, reverse=True)
    assert [record.id for record in journal.recent(2)] == sorted(ids, reverse=True)[:2]
    assert list(journal.recent(0)) == []
    assert len(list(journal.recent(10**20))) == 5


def test_taken_are_the_vendor_ids_of_one_provider(
    journal: SqliteJournal, make_record: MakeRecord
) -> None:
    journal.save(make_record(ids={"id": "a", "task": "b\nc"}, status="failed"))
    later = make_record(status="sent")
    journal.save(later)
    assert journal.taken("acme") == {"a", "b\nc"}
    journal.save(make_record(id=later.id, ids={"id": "d"}, status="accepted"))
    journal.save(make_record(provider="other", ids={"id": "e"}))
    assert journal.taken("acme") == {"a", "b\nc", "d"}
    assert journal.taken("nobody") == frozenset()


@pytest.mark.parametrize(
    "ask",
    (
        lambda journal: journal.unfinished(),
        lambda journal: journal.taken("acme"),
        lambda journal: journal.lost("acme"),
        lambda journal: journal.find("f1"),
        lambda journal: journal.driven(),
    ),
    ids=("unfinished", "taken", "lost", "find", "driven"),
)
def test_no_question_walks_through_every_job(
    journal: SqliteJournal, ask: Callable[[SqliteJournal], object]
) -> None:
    asked: list[str] = []
    journal._connection.set_trace_callback(asked.append)
    ask(journal)
    journal._connection.set_trace_callback(None)
    (query,) = asked
    steps = [row[3] for row in journal._connection.execute(f"EXPLAIN QUERY PLAN {query}")]
    looks = [step for step in steps if step.startswith(("SCAN jobs", "SEARCH jobs"))]
    assert looks
    assert all(re.search("INDEX jobs_(unfinished|taken|same)", look) for look in looks)


def test_jobs_are_found_by_their_fingerprint(
    journal: SqliteJournal, make_record: MakeRecord
) -> None:
    done = Done([Output(url="https://pictures.acme.example/1")])
    saved = SavedFile(
        index=0, path="/out.png", media_type="image/png", width=1, height=1, size=9, sha256="ab"
    )

    def store(mark: str | None, status: str, *files: SavedFile) -> str:
        record = make_record(status=status, done=done if status == "done" else None)
        journal.save(evolve(record, fingerprint=mark, files=files))
        return str(record.id)

    # In the order of their ids: of two in one millisecond either may be the newer.
    whole = sorted(store("f1", "done", saved) for _ in range(7))
    for mark in ("f2", None):
        store(mark, "done", saved)
        store(mark, "sent")
    for status in ("planned", "failed", "canceled"):
        store("f1", status)
    assert [record.id for record in journal.find("f1")] == whole[:1:-1], "the newest five"
    open_ = sorted(store("f1", status) for status in ("sent", "accepted", "unknown", "done") * 2)
    assert [record.id for record in journal.find("f1")] == whole[:1:-1] + open_[:2:-1]
    assert list(journal.find("f3")) == []
    journal._connection.execute("UPDATE jobs SET record = '{}' WHERE id = ?", (whole[-1],))
    assert [record.id for record in journal.find("f1")] == whole[-2:1:-1] + open_[:2:-1]


def test_names_of_files_that_are_no_utf8_are_kept(
    journal: SqliteJournal, make_record: MakeRecord
) -> None:
    record = make_record(label="\udcff")
    odd = ImageSource(media_type="image/png", sha256="ab", path="/pictures/\udcff.png")
    record = record.with_job(request=evolve(record.job.request, image=odd))
    journal.save(record)
    loaded = journal.load(record.id)
    assert loaded.job.request.image.path == "/pictures/\udcff.png"
    assert loaded.job.request.label == "\udcff"


@pytest.mark.parametrize("status", ("sent", "accepted", "done", "unknown"))
def test_what_was_sent_is_planned_again_only_when_it_costs_nothing(
    journal: SqliteJournal, make_record: MakeRecord, status: str
) -> None:
    sent = make_record(status=status, charged="unknown")
    journal.save(sent)
    for charged in ("unknown", "yes"):
        with pytest.raises(JournalError, match="sent already") as caught:
            journal.save(make_record(id=sent.id, status="planned", charged=charged))
        assert caught.value.charged == charged
        assert sent.id in str(caught.value)
        assert journal.load(sent.id).job.status == status
    free = make_record(id=sent.id, status="planned", charged="no")
    keyed = make_record(id=sent.id, status="planned", charged="unknown", idempotency_key="k")
    for record, allowed in ((free, ("sent",)), (keyed, ("sent", "unknown"))):
        if status in allowed:
            journal.save(record)
            assert journal.load(sent.id) == record
            journal.save(sent)
            continue
        with pytest.raises(JournalError, match="sent already"):
            journal.save(record)
        assert journal.load(sent.id) == sent


@posix
def test_nobody_else_may_read_it(path: Path, make_record: MakeRecord) -> None:
    old = os.umask(0)
    try:
        journal = SqliteJournal(path)
        journal.save(make_record())
        spool = journal.spool
    finally:
        os.umask(old)
    assert spool is not None

    def mode(at: Path) -> int:
        return stat.S_IMODE(at.stat().st_mode)

    assert mode(path.parent) == 0o700
    assert mode(spool) == 0o700
    files = [file for file in path.parent.iterdir() if file.is_file()]
    assert {path.name, path.name + "-wal"} <= {file.name for file in files}
    assert {mode(file) for file in files} == {0o600}
    journal.close()


@posix
def test_rights_of_others_on_an_existing_file_are_taken_away(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    path = tmp_path / "jobs.db"
    path.touch(mode=0o644)
    SqliteJournal(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755, "a folder that was there stays as it is"


def test_the_spool_is_made_when_it_is_asked_for(path: Path, tmp_path: Path) -> None:
    journal = SqliteJournal(path)
    beside = path.with_name("journal.sqlite3.spool")
    assert not beside.exists()
    assert journal.spool == beside
    assert beside.is_dir()
    journal.close()
    journal = SqliteJournal(path, spool=tmp_path / "a" / "spool")
    assert journal.spool == tmp_path / "a" / "spool"
    journal.close()


def test_the_path_does_not_move_with_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_record: MakeRecord
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    journal = SqliteJournal("jobs.db")
    monkeypatch.chdir(tmp_path)
    assert journal.path == tmp_path / "here" / "jobs.db"
    assert journal.spool == tmp_path / "here" / "jobs.db.spool"
    journal.close()


def test_it_can_be_called_from_any_thread(journal: SqliteJournal, make_record: MakeRecord) -> None:
    faults: list[Exception] = []

    def work() -> None:
        try:
            for _ in range(20):
                record = make_record()
                journal.save(record)
                assert journal.load(record.id) == record
        except Exception as error:
            faults.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    assert len(list(journal.recent(1000))) == 80


def test_closing_twice_is_fine_and_use_after_it_is_an_error(
    path: Path, make_record: MakeRecord
) -> None:
    journal = SqliteJournal(path)
    journal.save(make_record())
    journal.close()
    journal.close()
    for use in (
        lambda: journal.save(make_record()),
        lambda: journal.load("0"),
        journal.unfinished,
        journal.recent,
        lambda: journal.taken("acme"),
    ):
        with pytest.raises(JournalError, match="is closed"):
            use()
    assert [file.name for file in path.parent.iterdir()] == [path.name], "no -wal is left"


def test_a_journal_that_is_dropped_leaves_nothing_open(path: Path) -> None:
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        journal = SqliteJournal(path)
        connection = journal._connection
        del journal
        gc.collect()
    assert not seen
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("SELECT 1")


def test_the_row_says_what_a_query_needs(
    journal: SqliteJournal, path: Path, make_record: MakeRecord
) -> None:
    record = make_record(label="shoes", ids={"id": "v-1"}, status="accepted")
    journal.save(record)
    with sqlite3.connect(path) as other:
        row = other.execute(
            "SELECT status, provider, model, label, json_extract(record, '$.job.id') FROM jobs"
        ).fetchone()
        assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert other.execute("PRAGMA user_version").fetchone() == (5,)
    other.close()
    assert row == ("accepted", "acme", "acme-one", "shoes", record.id)
    assert journal._connection.execute("PRAGMA synchronous").fetchone() == (2,)


def test_a_job_that_goes_on_writes_few_pages(
    journal: SqliteJournal, path: Path, make_record: MakeRecord
) -> None:
    """What it costs is printed by `make bench-money`; most of that are the pages it writes."""
    journal._connection.execute("PRAGMA wal_autocheckpoint = 0")
    log = path.with_name(path.name + "-wal")
    frame = journal._connection.execute("PRAGMA page_size").fetchone()[0] + 24
    record: JobRecord = make_record()
    journal.save(record)
    for status in ("sent", "accepted"):
        before = log.stat().st_size
        journal.save(record.with_job(status=status))
        # The job's own page and the ledger's: no index, no running total.
        assert log.stat().st_size - before <= 2 * frame, status


def test_no_text_of_the_users_is_kept(path: Path, make_record: MakeRecord) -> None:
    options = {"negative": "no grey skies", "more": ["and no birds"], "style": "anime", "steps": 3}
    record = make_record()
    record = record.with_job(
        status="failed",
        request=evolve(record.job.request, prompt="zebra\nwords", options=options),
        model=evolve(record.job.model, limits={"options.style": {"enum": ["anime", "none"]}}),
    )
    said = "refused: zebra words, no grey skies and no birds, in anime"
    record = evolve(
        record,
        charged="yes",
        error={
            "type": "ContentRejected",
            "message": said,
            "problems": [{"path": "/prompt", "message": said, "code": "vendor"}],
        },
    )
    with closing(SqliteJournal(path, keep_prompts=False)) as journal:
        journal.save(record)
        found = journal.load(record.id)
    assert found.job.request.options == {"style": "anime", "steps": 3}
    told = "refused: <the prompt>, <the prompt> <the prompt>, in anime"
    assert found.error is not None
    assert found.error["message"] == found.error["problems"][0]["message"] == told
    assert found.error["type"] == "ContentRejected"
    for file in path.parent.rglob("*"):
        for word in ("zebra", "grey", "birds"):
            assert not file.is_file() or word.encode() not in file.read_bytes(), (file, word)
