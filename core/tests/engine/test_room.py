"""Room on the disk is taken for an answer before it is paid."""

from __future__ import annotations

import asyncio
import errno
import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

import imgedit
from imgedit import errors
from imgedit.engine import room
from imgedit.engine.room import EACH, Room
from imgedit.testing.pictures import png
from imgedit.testing.server import Answer, ScriptedServer

from .clients import (
    client,
    direct,
    run,
)


def test_a_full_disk_fails_before_paying(
    acme: Any, server: ScriptedServer, source: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    acme(**direct(server))

    def full(*_: Any) -> None:
        raise OSError(28, os.strerror(28))

    async def work() -> None:
        async with client(tmp_path / "jobs.sqlite3") as one:
            with monkeypatch.context() as patch:
                patch.setattr(os, "posix_fallocate", full)
                with pytest.raises(errors.JournalError, match="no room for the answer") as caught:
                    await one.edit(source, "x", provider="acme")
                error = caught.value
                assert (error.charged, error.job, error.retryable) == ("no", None, True)
            assert server.count("POST", "/edit") == 0
            await one.edit(source, "x", provider="acme")

    run(work())
    assert rooms() == 0, "it is given back"


def small_disk(monkeypatch: Any) -> None:
    """A disk with room for one answer."""
    take = room._take

    def small(file: Any, size: int) -> None:
        if rooms():
            raise OSError(28, os.strerror(28))
        take(file, size)

    monkeypatch.setattr(room, "_take", small)


def test_edits_at_once_wait_for_the_room_that_others_hold(
    acme: Any, server: ScriptedServer, source: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    acme(**direct(server))
    small_disk(monkeypatch)
    seen: list[imgedit.Event] = []

    async def work() -> None:
        async with client(tmp_path / "jobs.sqlite3") as one:
            edits = (
                one.edit(source, f"{number}", provider="acme", on_event=seen.append)
                for number in range(4)
            )
            await asyncio.gather(*edits)

    run(work())
    assert server.count("POST", "/edit") == 4
    assert rooms() == 0
    waiting = [event.job_id for event in seen if event.kind == "waiting"]
    assert len(waiting) == len(set(waiting)) == 3, "each is told once"
    sent = [event.job_id for event in seen if event.kind in ("sending", "accepted")]
    assert sent[::2] == sent[1::2], "one is sent when the answer before is stored"


@pytest.mark.parametrize("kind", ("picture", "json"))
def test_the_room_is_held_while_the_answer_arrives(
    acme: Any, server: ScriptedServer, source: Path, tmp_path: Path, monkeypatch: Any, kind: str
) -> None:
    """Its head is there at once, and its body takes longer than the other edit may."""
    acme(**direct(server))
    small_disk(monkeypatch)
    answer = Answer.picture(png()) if kind == "picture" else Answer.json({"id": "7"})
    server.on("POST", "/edit", evolve(answer, fault="hang_inside"))

    async def work() -> None:
        async with client(tmp_path / "jobs.sqlite3") as one:
            first = asyncio.create_task(one.edit(source, "x", provider="acme"))
            while not rooms():
                await asyncio.sleep(0.01)
            with pytest.raises(errors.DeadlineExceeded):
                await one.edit(source, "y", provider="acme", deadline=0.4)
            first.cancel()
            with suppress(asyncio.CancelledError):
                await first

    run(work())
    assert server.count("POST", "/edit") == 1
    assert rooms() == 0


@pytest.mark.parametrize(("free", "submits"), ((40 << 20, 4), (8 << 20, 0)))
def test_without_a_journal_the_temporary_folder_has_room_first(
    acme: Any, server: ScriptedServer, source: Path, monkeypatch: Any, free: int, submits: int
) -> None:
    acme(**direct(server))
    disk = room.shutil.disk_usage("/")
    monkeypatch.setattr(room.shutil, "disk_usage", lambda _: disk._replace(free=free))
    seen: list[imgedit.Event] = []

    async def work() -> list[Any]:
        async with client(None) as one:
            edits = (
                one.edit(source, f"{number}", n=2, provider="acme", on_event=seen.append)
                for number in range(4)
            )
            return await asyncio.gather(*edits, return_exceptions=True)

    ended = run(work())
    assert server.count("POST", "/edit") == submits
    sent = [event.job_id for event in seen if event.kind in ("sending", "accepted")]
    assert sent[::2] == sent[1::2], "one is sent when the answer before has its place"
    if not submits:
        for error in ended:
            assert isinstance(error, errors.JournalError)
            assert (error.charged, error.job, error.retryable) == ("no", None, True)


def test_a_picture_that_arrives_is_written_into_its_room(tmp_path: Path) -> None:
    """So nobody else, in this process or another, can take what it needs."""
    held = Room(tmp_path, 1)
    written = 0
    for size in (1000, 5 << 20, 20 << 20):
        held.make_way(size)
        written += size
        (left,) = (size for size in map(size_of, range(256)) if 1 << 20 < size < EACH)
        assert EACH - written - (2 << 20) <= left < EACH - written, "and a little for names"
    held.make_way(EACH)
    held.give_back()
    held.make_way(1)


def test_who_waits_for_room_keeps_the_deadline(
    acme: Any, server: ScriptedServer, source: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    acme(**direct(server))
    small_disk(monkeypatch)
    late = threading.Event()

    def answer(_: Any) -> Answer:
        late.wait(10)
        return Answer.picture(png())

    server.on("POST", "/edit", answer)

    async def work() -> None:
        async with client(tmp_path / "jobs.sqlite3") as one:
            first = asyncio.create_task(one.edit(source, "x", provider="acme"))
            while not rooms():
                await asyncio.sleep(0.01)
            with pytest.raises(errors.DeadlineExceeded) as caught:
                await one.edit(source, "y", provider="acme", deadline=0.2)
            assert caught.value.charged == "no"
            late.set()
            await first

    run(work())
    assert server.count("POST", "/edit") == 1


@pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="it is written there")
@pytest.mark.parametrize("trouble", (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS))
def test_where_the_system_cannot_take_room_it_is_written(
    tmp_path: Path, monkeypatch: Any, trouble: int
) -> None:
    def cannot(*_: Any) -> None:
        raise OSError(trouble, os.strerror(trouble))

    monkeypatch.setattr(os, "posix_fallocate", cannot)
    held = Room(tmp_path, 1)
    assert rooms() == 1
    held.give_back()


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit")
def test_a_limit_on_the_size_of_files_is_no_full_disk(tmp_path: Path) -> None:
    code = f"""
import resource
from pathlib import Path
from imgedit.engine.room import Room
from imgedit.errors import JournalError
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    Room(Path({str(tmp_path)!r}), 1)
except JournalError as error:
    print(error)
"""
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert "File too large" in ran.stdout
    assert "Raise the limit on the size of files (ulimit -f)." in ran.stdout


def rooms() -> int:
    """The rooms that this process holds: they are files without a name."""
    return sum(size_of(number) == EACH for number in range(256))


def size_of(number: int) -> int:
    """Bytes of an open file."""
    with suppress(OSError):
        return os.fstat(number).st_size
    return 0


def test_the_room_is_given_back_before_the_answer_needs_it(
    acme: Any, server: ScriptedServer, source: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    acme(**direct(server))
    seen: list[int] = []

    def answer(_: Any) -> Answer:
        seen.append(rooms())
        return Answer.picture(png())

    server.on("POST", "/edit", answer)

    async def work() -> None:
        async with client(tmp_path / "jobs.sqlite3") as one:
            await one.edit(source, "x", provider="acme")

    run(work())
    assert seen == [1], "held while the vendor works"
    assert rooms() == 0


def test_whoever_is_killed_leaves_no_room(tmp_path: Path) -> None:
    code = f"""
import os
from pathlib import Path
from imgedit.engine.room import Room
room = Room(Path({str(tmp_path)!r}), 1)
os._exit(9)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 9
    assert list(tmp_path.iterdir()) == []
