"""The record beside a picture, and content credentials."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import struct
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest

import imgedit
from imgedit import errors
from imgedit.journal import SqliteJournal
from imgedit.testing.acme import KEY
from imgedit.testing.pictures import png
from imgedit.testing.server import Answer, ScriptedServer


def with_c2pa() -> bytes:
    """A PNG that carries a (made up) C2PA manifest."""
    data = b"\0\0\0\x10jumb-made-up"
    chunk = struct.pack(">I", len(data)) + b"caBX" + data
    chunk += struct.pack(">I", zlib.crc32(b"caBX" + data))
    whole = png()
    return whole[:33] + chunk + whole[33:]


def test_the_record_tells_the_whole_story(
    acme: Any, edit: Any, source: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.png"
    mask = png(64, 48, (255, 255, 255))
    result = edit(source, out=out, mask=mask, label="shop", sidecar=True)
    text = (tmp_path / "out.png.json").read_text()
    record = json.loads(text)
    assert record["request"]["prompt"] == "make it so"
    assert record["request"]["label"] == "shop"
    assert record["plugin"].startswith("acme")
    assert [one["role"] for one in record["inputs"]] == ["image", "mask"]
    assert record["inputs"][0]["sha256"] == hashlib.sha256(source.read_bytes()).hexdigest()
    assert record["output"]["sha256"] == hashlib.sha256(out.read_bytes()).hexdigest()
    assert record["cost"] == {"amount": "0.04", "unit": "USD"}
    assert record["quote"]["amount"] == "0.04"
    assert record["vendor_ids"] == dict(result.vendor_ids)
    assert KEY not in text


def test_each_picture_has_its_own(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    urls = [f"{server.url}/out.png"] * 2
    server.on("POST", "/edit", Answer.json({"urls": urls}))
    edit(source, n=2, out=tmp_path / "x.png", sidecar=True)
    assert (tmp_path / "x-1.png.json").exists()
    assert (tmp_path / "x-2.png.json").exists()


def test_a_file_in_its_place_is_found_before_paying(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    (tmp_path / "out.png.json").write_text("mine")
    with pytest.raises(errors.OutputError, match="exists already"):
        edit(source, out=tmp_path / "out.png", sidecar=True)
    assert server.requests == []
    with pytest.raises(errors.UsageError, match="needs a place"):
        edit(source, sidecar=True)


def test_it_is_written_after_a_resume(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    path = tmp_path / "jobs.sqlite3"
    server.on("GET", "/out.png", Answer(status=404))
    with pytest.raises(errors.DownloadFailed) as caught:
        edit(source, out=tmp_path / "out.png", sidecar=True, journal=path)
    server.on("GET", "/out.png", Answer.picture(png()))
    resume(caught.value.job_id, journal=path)
    assert json.loads((tmp_path / "out.png.json").read_text())["output"]["bytes"] == len(png())


def gif() -> bytes:
    """A picture in a format that nobody asked for."""
    head = b"GIF89a\1\0\1\0\x80\0\0" + bytes(3) + b"\xff\xff\xff"
    return head + b",\0\0\0\0\1\0\1\0\0\2\2D\1\0;"


@pytest.mark.parametrize("journal", (True, False), ids=("journal", "none"))
def test_one_that_cannot_be_written_hides_no_payment(
    acme: Any,
    edit: Any,
    resume: Any,
    server: ScriptedServer,
    source: Path,
    tmp_path: Path,
    journal: bool,
) -> None:
    facts = {"journal": tmp_path / "jobs.sqlite3"} if journal else {}
    out, place = tmp_path / "out.png", tmp_path / "out.png.json"
    place.mkdir()
    with pytest.raises(errors.OutputError, match="the picture is there, its record is not") as one:
        edit(source, out=out, sidecar=True, overwrite=True, **facts)
    assert one.value.charged == "yes"
    assert out.read_bytes() == png()
    job = one.value.job_id if journal else one.value.job
    assert job is not None
    way = f'client.resume("{job}")' if journal else "client.resume(error.job)"
    assert one.value.hint is not None
    assert one.value.hint.endswith(f"go on with: {way}")
    with pytest.raises(errors.OutputError, match="the picture is there") as again:
        resume(job, **facts)
    assert (again.value.charged, again.value.job_id) == ("yes", one.value.job_id)
    assert again.value.hint is not None
    assert again.value.hint.endswith(f"go on with: {way}")
    place.rmdir()
    server.on("GET", "/out.png", Answer(status=404))  # it is not fetched again
    assert resume(job, **facts).image.path == out
    assert json.loads(place.read_text())["output"]["path"] == str(out)
    assert server.count("POST", "/edit") == 1


class Cut(BaseException):
    """The power fails."""


def test_a_job_is_not_finished_without_its_record(
    acme: Any,
    edit: Any,
    resume: Any,
    source: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def cut(*_: object, **__: object) -> None:
        raise Cut

    path = tmp_path / "jobs.sqlite3"
    with monkeypatch.context() as patch:
        patch.setattr("imgedit.engine.collect.write_sidecars", cut)
        with pytest.raises(Cut):
            edit(source, out=tmp_path / "out.png", sidecar=True, journal=path)
    journal = SqliteJournal(path)
    (record,) = journal.unfinished()
    journal.close()
    resume(record.id, journal=path)
    assert json.loads((tmp_path / "out.png.json").read_text())["job_id"] == record.id


def test_a_record_that_is_gone_is_written_once_more(
    acme: Any, edit: Any, resume: Any, source: Path, tmp_path: Path
) -> None:
    path, out, place = (tmp_path / name for name in ("jobs.sqlite3", "out.png", "out.png.json"))
    job = edit(source, out=out, sidecar=True, journal=path).job_id
    said = place.read_text()
    place.unlink()
    resume(job, journal=path)
    assert place.read_text() == said
    place.write_text("the user's")
    with pytest.raises(errors.OutputError, match="exists already"):
        resume(job, journal=path)
    assert place.read_text() == "the user's"
    place.unlink()
    out.write_bytes(png(9, 9))  # a later edit's: what is known is not about this one
    with pytest.raises(errors.OutputError, match=r"out\.png' exists already"):
        resume(job, journal=path)
    assert not place.exists()


def test_what_a_later_edit_wrote_is_not_replaced_by_an_earlier_one(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    path, out, place = (tmp_path / name for name in ("jobs.sqlite3", "out.png", "out.png.json"))
    wish = {"out": out, "sidecar": True, "overwrite": True, "journal": path}
    place.write_text("from before")
    server.on("GET", "/out.png", Answer(status=404))
    with pytest.raises(errors.DownloadFailed) as caught:
        edit(source, **wish)
    server.on("GET", "/out.png", Answer.picture(png()))
    later = edit(source, "again", **wish).job_id
    out.unlink()
    for _ in range(2):
        with pytest.raises(errors.OutputError, match=r"out\.png\.json' exists already") as refused:
            resume(caught.value.job_id, journal=path)
        assert refused.value.hint is not None
        assert refused.value.hint.startswith("Move what is there away")
        assert json.loads(place.read_text())["job_id"] == later
    place.unlink()
    resume(caught.value.job_id, journal=path)
    assert json.loads(place.read_text())["job_id"] == caught.value.job_id


def test_what_is_written_while_it_is_edited_is_not_replaced(
    acme: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    place = tmp_path / "out.png.json"

    def tell(event: imgedit.Event) -> None:
        if event.kind == "downloading":
            place.write_text("mine")

    async def run() -> None:
        async with imgedit.Client() as client:
            with pytest.raises(errors.OutputError, match="exists already") as caught:
                await client.edit(
                    source, "make it so", provider="acme", sidecar=True,
                    out=tmp_path / "out.png", on_event=tell,
                )  # fmt: skip
            assert caught.value.charged == "yes"

    asyncio.run(run())
    assert place.read_text() == "mine"


def test_a_name_that_follows_the_format_takes_nobodys_place(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    server.on("GET", "/out.png", Answer.picture(gif(), "image/gif"))
    (tmp_path / "out.gif.json").write_text("mine")
    result = edit(source, out=tmp_path / "out.png", sidecar=True)
    assert result.image.path == tmp_path / "out-1.gif"
    assert json.loads((tmp_path / "out-1.gif.json").read_text())["output"]["bytes"] == len(gif())
    assert (tmp_path / "out.gif.json").read_text() == "mine"
    result = edit(source, out=tmp_path / "out.png", sidecar=True, overwrite=True)
    assert result.image.path == tmp_path / "out-2.gif"
    assert (tmp_path / "out.gif.json").read_text() == "mine"


@pytest.mark.parametrize("extension", ("png", "jpg", "jpeg", "webp"))
def test_a_name_without_an_extension_may_become_any(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, tmp_path: Path, extension: str
) -> None:
    (tmp_path / f"photo-edited-2.{extension}.json").write_text("mine")
    with pytest.raises(errors.OutputError, match="exists already"):
        edit(source, out=tmp_path / "photo-edited", n=2, sidecar=True)
    assert server.requests == []


def test_a_name_that_is_too_long_for_a_record(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    with pytest.raises(errors.OutputError, match="cannot be written"):
        edit(source, out=tmp_path / f"{'x' * 248}.png", sidecar=True)
    assert server.requests == []


@pytest.mark.skipif(os.name == "nt" or sys.platform == "darwin", reason="names are text there")
def test_a_name_that_is_no_text(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    """A disk from another time holds names in another encoding."""
    out = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.png"))
    result = edit(source, out=out, sidecar=True, journal=tmp_path / "jobs.sqlite3")
    assert result.image.path == out
    told = json.loads((tmp_path / os.fsdecode(b"caf\xe9.png.json")).read_bytes())
    assert told["output"]["path"] == str(out)


def test_content_credentials_are_told_and_kept(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    server.on("GET", "/out.png", Answer.picture(with_c2pa()))
    result = edit(with_c2pa(), out=tmp_path / "out.png")
    assert result.image.c2pa
    assert (tmp_path / "out.png").read_bytes() == with_c2pa()
    assert any("C2PA" in warning for warning in result.warnings)
    assert not edit(source, out=tmp_path / "plain.png", keep_metadata=True).warnings
    (told,) = edit(with_c2pa(), out=tmp_path / "kept.png", keep_metadata=True).warnings
    assert "C2PA" in told
    assert "sent along" in told
