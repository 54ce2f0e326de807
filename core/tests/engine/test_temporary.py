"""The temporary folder of a client without a journal: what was paid for does not end with it."""

from __future__ import annotations

import asyncio
import base64
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest

import imgedit
from imgedit import errors
from imgedit.testing.pictures import png
from imgedit.testing.server import Answer, ScriptedServer

POSIX = os.name == "posix"


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The system's temporary folder."""
    place = tmp_path / "temporary"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    return place


def picture(kind: str) -> Answer:
    if kind == "picture":
        return Answer.picture(png())
    return Answer.json({"base64": base64.b64encode(png()).decode()})


@pytest.fixture(params=("picture", "base64"))
def paid(
    request: Any, acme: Any, edit: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> errors.OutputError:
    """The error of an edit whose picture came in the answer, and whose client is closed."""
    out = tmp_path / "results" / "out.png"
    out.parent.mkdir()

    def spoil(_: Any) -> Answer:
        out.parent.rmdir()
        return picture(request.param)

    server.on("POST", "/edit", spoil)
    with pytest.raises(errors.OutputError) as caught:
        edit(source, out=out)
    assert caught.value.charged == "yes"
    out.parent.mkdir()
    return caught.value


@pytest.mark.parametrize("journal", (False, True), ids=("memory", "journal"))
def test_a_paid_picture_waits_for_the_resume(
    paid: errors.OutputError, resume: Any, server: ScriptedServer, tmp_path: Path, place: Path,
    journal: bool,
) -> None:  # fmt: skip
    (folder,) = place.iterdir()
    assert len(list(folder.iterdir())) == 1
    facts = {"journal": tmp_path / "jobs.sqlite3"} if journal else {}
    path = resume(paid.job, **facts).image.path
    assert path == tmp_path / "results" / "out.png"
    assert path.read_bytes() == png()
    assert list(place.iterdir()) == []
    assert server.count("POST", "/edit") == 1


def test_a_picture_that_is_gone_leads_nowhere_in_circles(
    paid: errors.OutputError, resume: Any, server: ScriptedServer, place: Path
) -> None:
    for folder in place.iterdir():
        shutil.rmtree(folder)
    with pytest.raises(errors.DownloadFailed, match="no longer in the spool") as caught:
        resume(paid.job)
    assert caught.value.charged == "yes"
    assert "resume" not in str(caught.value)
    assert "there is no address to fetch it from" in str(caught.value)


def test_nothing_else_is_left(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, place: Path
) -> None:
    server.on("POST", "/edit", picture("base64"))
    assert not edit(source).image.path.exists()
    server.on("POST", "/edit", Answer(status=400))
    with pytest.raises(errors.ImgEditError):
        edit(source.read_bytes())
    server.on("POST", "/edit", Answer(fault="drop_after_body"))
    with pytest.raises(errors.OutcomeUnknown):
        edit(source.read_bytes())
    assert list(place.iterdir()) == []


@pytest.mark.parametrize("kind", ("picture", "base64"))
@pytest.mark.parametrize("what", ("folder", "place"))
def test_a_folder_that_was_cleaned_away_is_made_again(
    acme: Any, server: ScriptedServer, source: Path, place: Path, kind: str, what: str
) -> None:
    async def run() -> None:
        async with imgedit.Client() as client:
            for _ in range(2):
                server.on("POST", "/edit", picture(kind))
                result = await client.edit(source, "make it so", provider="acme")
                assert result.image.read() == png()
                (folder,) = place.iterdir()
                assert not POSIX or folder.stat().st_mode & 0o777 == 0o700
                shutil.rmtree(folder if what == "folder" else place)

    asyncio.run(run())


def test_a_result_in_memory_has_its_path_also_when_the_folder_is_gone(
    acme: Any, source: Path, place: Path
) -> None:
    """Whoever goes on with the JSON of another edit removes the folder that it leaves empty."""
    with imgedit.SyncClient() as client:
        images = [client.edit(source, name, provider="acme").image for name in ("first", "second")]
        (folder,) = place.iterdir()
        folder.rmdir()
        assert images[0].path.read_bytes() == png()
    assert list(place.iterdir()) == []
    assert not images[1].path.exists(), "it ended with its client"
    assert list(place.iterdir()) == []


@pytest.mark.parametrize("size", ((8, 8), (900, 900)), ids=("in memory", "in the folder"))
@pytest.mark.parametrize("journal", (False, True), ids=("memory", "journal"))
def test_a_fetched_picture_waits_for_the_resume_too(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, tmp_path: Path,
    place: Path, size: tuple[int, int], journal: bool, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Its address may work once only."""
    monkeypatch.setattr("imgedit.engine.collect.LARGE", 1000)
    out = tmp_path / "results" / "out.png"
    out.parent.mkdir()
    picture = png(*size)

    def spoil(_: Any) -> Answer:
        out.parent.rmdir()
        return Answer.picture(picture)

    server.on("GET", "/out.png", spoil, Answer(status=404))
    with pytest.raises(errors.OutputError) as caught:
        edit(source, out=out)
    with pytest.raises(errors.OutputError) as again:
        resume(caught.value.job)
    out.parent.mkdir()
    facts = {"journal": tmp_path / "jobs.sqlite3"} if journal else {}
    result = resume(again.value.job, **facts)
    assert result.image.path.read_bytes() == picture
    assert result.image.url == f"{server.url}/out.png"
    assert list(place.iterdir()) == []
    assert server.count("GET", "/out.png") == 1


def test_pictures_that_came_wait_for_the_one_that_did_not(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path
) -> None:
    urls = [f"{server.url}/out.png", f"{server.url}/two.png"]
    server.on("GET", "/jobs/7", Answer.json({"id": "7", "urls": urls}))
    server.on("GET", "/out.png", Answer.picture(png()), Answer(status=404))
    server.on("GET", "/two.png", Answer(status=404))
    with pytest.raises(errors.DownloadFailed) as caught:
        edit(source, n=2)
    server.on("GET", "/two.png", Answer.picture(png()))
    assert len(resume(caught.value.job).images) == 2
    assert server.count("GET", "/out.png") == 1


def test_a_system_without_a_temporary_folder(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """As in a container that may write to the journal's volume only."""
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "_candidate_tempdir_list", lambda: [str(tmp_path / "none")])
    server.on("POST", "/edit", picture("base64"))
    out = tmp_path / "out.png"
    assert edit(source, out=out, journal=tmp_path / "jobs.sqlite3").image.path == out


def test_a_spool_in_a_folder_with_our_name_stays(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, tmp_path: Path, place: Path
) -> None:
    home = place / "imgedit-home"
    home.mkdir()
    server.on("POST", "/edit", picture("base64"))
    edit(source, out=tmp_path / "out.png", journal=home / "jobs.sqlite3")
    assert (home / "jobs.sqlite3.spool").is_dir()
