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
