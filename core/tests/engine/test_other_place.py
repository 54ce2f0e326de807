"""A job whose pictures go to another place than the one that was named when it began."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import imgedit
from imgedit import errors
from imgedit.journal import SqliteJournal
from imgedit.testing.pictures import png
from imgedit.testing.server import Answer, ScriptedServer

from .clients import unplugged

not_root = pytest.mark.skipif(
    os.name != "posix" or os.geteuid() == 0, reason="rights do not bind root"
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the journal lies."""
    return tmp_path / "jobs.sqlite3"


@pytest.fixture
def resume(path: Path) -> Callable[..., imgedit.EditResult]:
    """Go on with a job of the journal, or of none."""

    def one(job: Any, *, journal: Any = path, **keywords: Any) -> imgedit.EditResult:
        with imgedit.SyncClient(journal=journal) as client:
            return client.resume(job, **keywords)

    return one


@pytest.fixture
def gone(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, tmp_path: Path, path: Path
) -> str:
    """A job that is paid, and whose place went away meanwhile."""
    folder = unplugged(server, tmp_path / "stick")
    with pytest.raises(errors.OutputError) as caught:
        edit(source, out=folder / "out.png", journal=path)
    assert caught.value.charged == "yes"
    server.on("GET", "/out.png", Answer(status=404))
    return caught.value.job_id or ""


def test_a_picture_goes_elsewhere(
    gone: str, resume: Any, server: ScriptedServer, tmp_path: Path
) -> None:
    out = tmp_path / "here.png"
    assert resume(gone, out=out).image.path == out
    assert out.read_bytes() == png()
    assert resume(gone).image.path == out, "the job keeps its new place"
    out.unlink()
    server.on("GET", "/out.png", Answer.picture(png()))
    assert resume(gone).image.path == out
    assert not (tmp_path / "jobs.sqlite3.spool" / gone).exists()
    assert server.count("POST", "/edit") == 1


def test_a_place_that_cannot_be_written_is_refused_before_anything(
    gone: str, resume: Any, server: ScriptedServer, tmp_path: Path
) -> None:
    (tmp_path / "mine.png").write_bytes(b"mine")
    asked = len(server.requests)
    for out in ("no/such.png", "mine.png", "x" * 300, f"folder{os.sep}"):
        with pytest.raises(errors.OutputError) as caught:
            resume(gone, out=f"{tmp_path}{os.sep}{out}")
        assert (caught.value.charged, caught.value.job_id) == ("yes", gone)
        again = f'Then give the place again: client.resume("{gone}", out=...)'
        assert str(caught.value.hint).endswith(again), "without one it goes to the old place"
    with pytest.raises(errors.UsageError, match="overwrite needs a place"):
        resume(gone, overwrite=True)
    assert len(server.requests) == asked
    assert (tmp_path / "mine.png").read_bytes() == b"mine"
    out = tmp_path / "mine.png"
    assert resume(gone, out=out, overwrite=True).image.path == out
    assert out.read_bytes() == png()


def test_what_is_said_now_counts_for_what_is_there_now(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, tmp_path: Path,
    path: Path,
) -> None:  # fmt: skip
    out = tmp_path / "out.png"
    server.on("GET", "/out.png", Answer(status=404))
    with pytest.raises(errors.DownloadFailed) as failed:
        edit(source, out=out, overwrite=True, journal=path)
    out.write_bytes(b"came later")
    server.on("GET", "/out.png", Answer.picture(png()))
    job = failed.value.job_id
    with pytest.raises(errors.OutputError, match="exists already"):
        resume(job)
    assert resume(job, out=out, overwrite=True).image.path == out
    assert out.read_bytes() == png()


@pytest.mark.parametrize("named", (True, False), ids=("placed", "in the spool"))
def test_a_finished_job_is_copied(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, tmp_path: Path,
    path: Path, named: bool,
) -> None:  # fmt: skip
    out = tmp_path / "new"
    place = {"out": tmp_path / "out.png", "sidecar": True} if named else {}
    first = edit(source, journal=path, **place)
    job = first.job_id
    requests = len(server.requests)
    result = resume(job, out=out)
    assert result.image.path == tmp_path / "new.png"
    assert result.image.path.read_bytes() == png()
    assert resume(job).image.path == result.image.path
    assert first.image.path.read_bytes() == png(), "whoever was given it has it still"
    if named:
        told = json.loads((tmp_path / "new.png.json").read_text())
        assert told["output"]["path"] == str(result.image.path)
    assert len(server.requests) == requests


@pytest.mark.parametrize("comes", ("picture", "address"))
def test_the_copy_in_the_spool_is_found_when_the_other_one_is_gone(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, tmp_path: Path,
    path: Path, comes: str,
) -> None:  # fmt: skip
    """Unless somebody changed it: then it is not the job's picture any more."""
    urls = {"urls": [f"{server.url}/out.png"]}
    server.on("POST", "/edit", Answer.picture(png()) if comes == "picture" else Answer.json(urls))
    first = edit(source, journal=path)
    server.on("GET", "/out.png", Answer(status=404))
    out, other = tmp_path / "new.png", tmp_path / "other.png"
    assert resume(first.job_id, out=out).image.path == out
    out.unlink()
    assert resume(first.job_id).image.path == out
    out.write_bytes(png(9, 9))
    assert resume(first.job_id, out=other).image.path == other
    assert (out.read_bytes(), other.read_bytes()) == (png(9, 9), png())
    assert first.image.path.read_bytes() == png()
    other.unlink()
    first.image.path.write_bytes(png(8, 8))
    with pytest.raises(errors.DownloadFailed, match="the job stays finished"):
        resume(first.job_id)


def test_each_of_several_pictures_goes_elsewhere(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, tmp_path: Path,
    path: Path,
) -> None:  # fmt: skip
    urls = [f"{server.url}/out.png", f"{server.url}/two.png"]
    server.on("GET", "/jobs/7", Answer.json({"id": "7", "urls": urls, "cost": "0.04"}))
    server.on("GET", "/two.png", Answer(status=404))
    with pytest.raises(errors.DownloadFailed) as caught:
        edit(source, n=2, out=tmp_path / "out.png", journal=path)
    server.on("GET", "/two.png", Answer.picture(png()))
    result = resume(caught.value.job_id, out=tmp_path / "new.png")
    names = [image.path.name for image in result.images]
    assert names == ["new-1.png", "new-2.png"]
    assert all(image.path.read_bytes() == png() for image in result.images)


def test_the_picture_of_a_later_edit_is_not_given_for_the_own_one(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, tmp_path: Path,
    path: Path,
) -> None:  # fmt: skip
    out = tmp_path / "out.png"
    first = edit(source, out=out, journal=path).job_id
    out.write_bytes(png(9, 9))
    with pytest.raises(errors.OutputError, match="exists already") as caught:
        resume(first)
    assert caught.value.charged == "yes"
    result = resume(first, out=tmp_path / "new.png")
    assert result.image.path.read_bytes() == png()
    assert out.read_bytes() == png(9, 9)
    assert resume(first).image.path == tmp_path / "new.png"
    assert server.count("POST", "/edit") == 1


def test_a_picture_that_was_replaced_comes_from_the_spool(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, tmp_path: Path,
    path: Path,
) -> None:  # fmt: skip
    """The other one of its edit could not be written, so that it lies there still."""
    urls = [f"{server.url}/out.png", f"{server.url}/two.png"]
    server.on("GET", "/jobs/7", Answer.json({"id": "7", "urls": urls}))
    server.on("GET", "/two.png", Answer(status=404))
    with pytest.raises(errors.DownloadFailed) as caught:
        edit(source, n=2, out=tmp_path / "out.png", journal=path)
    (tmp_path / "out-1.png").write_bytes(png(9, 9))
    server.on("GET", "/out.png", Answer(status=404))
    server.on("GET", "/two.png", Answer.picture(png(8, 8)))
    result = resume(caught.value.job_id, out=tmp_path / "new.png")
    assert [image.path.name for image in result.images] == ["new-1.png", "new-2.png"]
    assert (tmp_path / "new-1.png").read_bytes() == png()
    assert (tmp_path / "out-1.png").read_bytes() == png(9, 9)


def test_without_a_journal(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    server.on("GET", "/out.png", Answer(status=404))
    with pytest.raises(errors.DownloadFailed) as caught:
        edit(source, out=tmp_path / "out.png")
    server.on("GET", "/out.png", Answer.picture(png()))
    result = resume(caught.value.job, journal=None, out=tmp_path / "new.png")
    assert result.image.path.read_bytes() == png()
    assert server.count("POST", "/edit") == 1


@not_root
def test_a_folder_that_may_not_be_looked_into(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, tmp_path: Path,
    path: Path,
) -> None:  # fmt: skip
    folder = tmp_path / "closed"
    folder.mkdir()
    job = edit(source, out=folder / "out.png", journal=path).job_id
    folder.chmod(0)
    try:
        with pytest.raises(errors.OutputError, match="cannot be written") as caught:
            resume(job)
        assert caught.value.charged == "yes"
        assert resume(job, out=tmp_path / "out.png").image.path == tmp_path / "out.png"
    finally:
        folder.chmod(0o700)


def test_a_job_stays_finished_when_its_picture_is_not_found_for_another_place(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, tmp_path: Path,
    path: Path,
) -> None:  # fmt: skip
    job = edit(source, out=tmp_path / "out.png", journal=path).job_id
    (tmp_path / "out.png").unlink()
    server.on("GET", "/out.png", Answer(status=404))
    server.on("GET", "/jobs/7", Answer(status=404))
    with pytest.raises(errors.NotFound, match="the job stays finished"):
        resume(job, out=tmp_path / "new.png")
    with imgedit.SyncClient(journal=path) as client:
        assert client.unfinished() == []
    urls = {"id": "7", "urls": [f"{server.url}/out.png"]}
    server.on("GET", "/jobs/7", Answer.json(urls))
    server.on("GET", "/out.png", Answer.picture(png()))
    assert resume(job, out=tmp_path / "new.png").image.path == tmp_path / "new.png"
    assert resume(job).image.path == tmp_path / "new.png"


def test_the_warning_of_another_name_is_that_of_where_the_picture_lies_now(
    acme: Any, edit: Any, resume: Any, source: Path, tmp_path: Path, path: Path
) -> None:
    def named(name: str) -> tuple[str, ...]:
        return (f"the picture is image/png: it was written to {name}",)

    first = edit(source, out=tmp_path / "a.jpg", journal=path)
    assert first.warnings == named("a.png")
    job = first.job_id
    assert resume(job, out=tmp_path / "b.png").warnings == ()
    assert resume(job, out=tmp_path / "c.jpg").warnings == named("c.png")
    assert resume(job).warnings == named("c.png")
    (tmp_path / "c.png").write_bytes(png(9, 9))
    again = resume(job)
    assert (again.image.path.name, again.warnings) == ("c-1.png", named("c-1.png"))
    again.image.path.unlink()
    assert resume(job, out=tmp_path / "d.png").warnings == ()


@pytest.mark.parametrize("name", ("new.png", "new"))
def test_a_copy_that_could_not_be_stored_is_not_in_the_way(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, tmp_path: Path,
    path: Path, name: str,
) -> None:  # fmt: skip
    class Full(SqliteJournal):
        def save(self, record: Any, **_: Any) -> None:
            raise errors.JournalError("the disk is full")

    urls = [f"{server.url}/out.png", f"{server.url}/two.png"]
    server.on("GET", "/jobs/7", Answer.json({"id": "7", "urls": urls}))
    server.on("GET", "/two.png", Answer.picture(png(8, 8)))
    job = edit(source, n=2, out=tmp_path / "out.png", journal=path).job_id
    with pytest.raises(errors.JournalError):
        resume(job, out=tmp_path / name, journal=Full(path))
    paths = [image.path for image in resume(job, out=tmp_path / name).images]
    assert paths == [tmp_path / "new-1.png", tmp_path / "new-2.png"]


def test_nothing_is_copied_when_a_file_is_in_the_way(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, tmp_path: Path,
    path: Path,
) -> None:  # fmt: skip
    urls = [f"{server.url}/out.png", f"{server.url}/two.png"]
    server.on("GET", "/jobs/7", Answer.json({"id": "7", "urls": urls}))
    server.on("GET", "/two.png", Answer.picture(png(8, 8)))
    job = edit(source, n=2, out=tmp_path / "out.png", journal=path).job_id
    (tmp_path / "new-2.png").write_bytes(png(9, 9))
    with pytest.raises(errors.OutputError, match=r"new-2\.png' exists already"):
        resume(job, out=tmp_path / "new.png")
    assert not (tmp_path / "new-1.png").exists()
