"""From a finished job to files: downloads that go wrong, names, and what is never overwritten."""

from __future__ import annotations

import asyncio
import base64
import errno
import hashlib
import io
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import imgedit
from imgedit import errors
from imgedit.engine.journal import MemoryJournal
from imgedit.journal import SqliteJournal
from imgedit.testing.pictures import png, png_bomb
from imgedit.testing.server import Answer, ScriptedServer

SHA = hashlib.sha256(png()).hexdigest()


def jpeg() -> bytes:
    """A small JPEG."""
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "green").save(out, "JPEG")
    return out.getvalue()


def done_with(server: ScriptedServer, *urls: str, **facts: Any) -> None:
    """The job ends with these URLs; it has no way to refresh them unless it has an id."""
    server.on("POST", "/edit", Answer.json({"urls": [server.url + url for url in urls], **facts}))


@pytest.mark.parametrize(
    ("answers", "reason"),
    (
        ([Answer(status=404)], "404"),
        ([Answer.picture(png()[:-30])], "cut short"),
        ([Answer.picture(png(), fault="drop_inside")], "fetched"),
        ([Answer(body=b"<html>gone</html>", headers={"Content-Type": "text/html"})], "HTML page"),
        ([Answer(body=b"", headers={"Content-Type": "image/png"})], "empty"),
        ([Answer.redirect("http://10.0.0.1/secret.png")], "fetched"),
        ([Answer.redirect("http://169.254.169.254/latest/meta-data")], "fetched"),
        ([Answer.redirect("/out.png")], "redirect"),
    ),
    ids=[
        "404",
        "truncated",
        "dropped",
        "html",
        "empty",
        "private address",
        "metadata address",
        "redirects for ever",
    ],
)
def test_bad_results(
    acme: Any,
    edit: Any,
    resume: Any,
    server: ScriptedServer,
    source: Path,
    tmp_path: Path,
    answers: list[Answer],
    reason: str,
) -> None:
    path = tmp_path / "jobs.sqlite3"
    out = tmp_path / "results" / "out.png"
    out.parent.mkdir()
    done_with(server, "/out.png")
    server.on("GET", "/out.png", *answers)
    with pytest.raises(errors.DownloadFailed, match=reason) as caught:
        edit(source, out=out, journal=path)
    assert caught.value.charged == "yes"
    assert list(out.parent.iterdir()) == []
    # The vendor mends it: the picture is fetched, nothing is paid again.
    server.on("GET", "/out.png", Answer.picture(png()))
    assert resume(caught.value.job_id, journal=path).image.path == out
    assert out.read_bytes() == png()
    assert server.count("POST", "/edit") == 1


def test_a_bomb_is_refused_by_its_header(
    acme: Any, edit: Any, server: ScriptedServer, source: Path
) -> None:
    done_with(server, "/out.png")
    bomb = png_bomb(20_000, 20_000)
    assert len(bomb) < 100_000
    server.on("GET", "/out.png", Answer.picture(bomb))
    with pytest.raises(errors.DownloadFailed, match="400,000,000 pixels"):
        edit(source)


def test_a_picture_that_is_not_the_announced_one(
    acme: Any, edit: Any, server: ScriptedServer, source: Path
) -> None:
    done_with(server, "/out.png", sha256=hashlib.sha256(b"another").hexdigest())
    with pytest.raises(errors.DownloadFailed, match=r"hash|SHA-256"):
        edit(source)
    done_with(server, "/out.png", sha256=hashlib.sha256(png()).hexdigest())
    assert edit(source).image.sha256 == hashlib.sha256(png()).hexdigest()


def test_trouble_on_the_way_is_tried_again(
    acme: Any, edit: Any, server: ScriptedServer, source: Path
) -> None:
    done_with(server, "/out.png")
    server.on(
        "GET",
        "/out.png",
        Answer(status=503),
        Answer.picture(png(), fault="drop_inside"),
        Answer.picture(png()[:-5]),
        Answer.picture(png()),
    )
    assert edit(source).image.sha256 == SHA


def test_an_ended_url_is_refreshed_once(
    acme: Any, edit: Any, server: ScriptedServer, source: Path
) -> None:
    done_with(server, "/old.png", id="7")
    server.on("GET", "/old.png", Answer(status=403))
    fresh = {"urls": [f"{server.url}/out.png"], "id": "7"}
    server.on("GET", "/jobs/7", Answer.json(fresh))
    assert edit(source).image.sha256 == SHA
    assert server.count("GET", "/jobs/7") == 1
    server.on("GET", "/out.png", Answer(status=403))
    with pytest.raises(errors.DownloadFailed):
        edit(source)
    assert server.count("GET", "/jobs/7") == 2


def test_credentials_never_go_to_the_download(
    acme: Any, edit: Any, server: ScriptedServer, source: Path
) -> None:
    edit(source)
    (download,) = [one for one in server.requests if one.path == "/out.png"]
    assert "authorization" not in download.headers


def test_several_pictures_are_numbered(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    done_with(server, "/out.png", "/out.png", "/out.png")
    result = edit(source, n=3, out=tmp_path / "x.png")
    assert [image.path.name for image in result.images] == ["x-1.png", "x-2.png", "x-3.png"]
    assert result.warnings == ()


def test_fewer_pictures_than_asked_is_a_warning_and_none_an_error(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    done_with(server, "/out.png")
    result = edit(source, n=3, out=tmp_path / "x.png")
    assert result.warnings == ("3 pictures were asked for and 1 came",)
    assert len(result.images) == 1
    done_with(server)
    with pytest.raises(errors.UnexpectedResponse, match="no picture") as caught:
        edit(source)
    assert caught.value.charged == "unknown"


def test_an_extension_that_contradicts_the_bytes_is_corrected(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    server.on("GET", "/out.png", Answer.picture(jpeg(), "image/jpeg"))
    result = edit(source, out=tmp_path / "x.png")
    assert result.image.path == tmp_path / "x.jpg"
    assert (result.image.media_type, result.image.width) == ("image/jpeg", 8)
    assert result.warnings == ("the picture is image/jpeg: it was written to x.jpg",)
    assert (tmp_path / "x.jpg").read_bytes() == jpeg()


def test_overwriting_is_for_the_name_that_was_given(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    server.on("GET", "/out.png", Answer.picture(jpeg(), "image/jpeg"))
    (tmp_path / "x.jpg").write_bytes(b"nobody named it")
    result = edit(source, out=tmp_path / "x.png", overwrite=True)
    assert result.image.path == tmp_path / "x-1.jpg"
    assert result.warnings == ("the picture is image/jpeg: it was written to x-1.jpg",)
    assert (tmp_path / "x.jpg").read_bytes() == b"nobody named it"
    assert edit(source, out=tmp_path / "x", overwrite=True).image.path == tmp_path / "x.jpg"
    assert (tmp_path / "x.jpg").read_bytes() == jpeg(), "any format may be meant"


@pytest.mark.parametrize(("name", "sent"), (("x.png", "png"), ("x.jpg", "jpeg"), ("x.gif", None)))
def test_the_output_name_asks_for_its_format(
    acme: Any,
    edit: Any,
    server: ScriptedServer,
    source: Path,
    tmp_path: Path,
    name: str,
    sent: str | None,
) -> None:
    result = edit(source, out=tmp_path / name)
    (submit,) = [one for one in server.requests if one.path == "/edit"]
    assert submit.json().get("format") == sent
    assert result.adaptations == ()


@pytest.mark.parametrize("form", ("plain", "data uri"))
def test_base64_in_the_answer(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, form: str
) -> None:
    text = base64.b64encode(png()).decode()
    prefix = "" if form == "plain" else "data:image/png;base64,"
    server.on("POST", "/edit", Answer.json({"base64": prefix + text}))
    result = edit(source)
    assert result.image.sha256 == SHA


def test_a_picture_as_the_answer(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    server.on("POST", "/edit", Answer.picture(png()))
    result = edit(source, out=tmp_path / "out.png", journal=tmp_path / "jobs.sqlite3")
    assert (tmp_path / "out.png").read_bytes() == png()
    assert result.raw is None


@pytest.mark.parametrize(
    ("prepare", "out", "reason"),
    (
        (lambda folder: None, "missing/out.png", "does not exist"),
        (lambda folder: (folder / "file").write_bytes(b""), "file/out.png", "not a folder"),
        (lambda folder: (folder / "out.png").write_bytes(b"mine"), "out.png", "exists already"),
        (lambda folder: (folder / "out.png").mkdir(), "out.png", "is a folder"),
        (lambda folder: (folder / "out-2.png").write_bytes(b""), "out.png", "exists already"),
        (lambda folder: (folder / "out.webp").write_bytes(b""), "out", "out.webp' exists already"),
        (lambda folder: (folder / "out.png").symlink_to("nowhere"), "out.png", "exists already"),
        (lambda folder: None, "x" * 252, "cannot be written"),
        (lambda folder: None, "x" * 251 + ".png", "cannot be written"),
        (lambda folder: None, f"new{os.sep}", "is the name of a folder"),
    ),
    ids=[
        "no folder",
        "file as folder",
        "exists",
        "folder",
        "second exists",
        "any format",
        "link",
        "long name",
        "long name in another format",
        "slash",
    ],
)
def test_an_output_that_cannot_work_costs_nothing(
    acme: Any,
    edit: Any,
    server: ScriptedServer,
    source: Path,
    tmp_path: Path,
    prepare: Any,
    out: str,
    reason: str,
) -> None:
    prepare(tmp_path)
    with pytest.raises(errors.OutputError, match=reason) as caught:
        edit(source, n=1 + (tmp_path / "out-2.png").exists(), out=f"{tmp_path}{os.sep}{out}")
    assert caught.value.charged == "no"
    assert server.requests == []


@pytest.mark.skipif(os.name == "nt", reason="whole paths have a limit there")
@pytest.mark.parametrize("overwrite", (False, True))
def test_a_name_that_is_too_long_for_a_number(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, tmp_path: Path, overwrite: bool
) -> None:
    out = tmp_path / f"{'x' * 247}.png"
    with pytest.raises(errors.OutputError, match="cannot be written") as caught:
        edit(source, out=tmp_path / f"x{out.name}", overwrite=overwrite)
    assert caught.value.hint == "Choose a shorter name (-o, or out= in Python)."
    with pytest.raises(errors.OutputError, match="cannot be written"):
        edit(source, out=out, overwrite=overwrite, sidecar=True)
    assert server.requests == []
    assert edit(source, out=out, overwrite=overwrite).image.path == out


def test_a_folder_is_never_overwritten(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    (tmp_path / "out-2.png").mkdir()
    with pytest.raises(errors.OutputError, match=r"out-2\.png' is a folder"):
        edit(source, n=2, out=tmp_path / "out.png", overwrite=True)
    (tmp_path / "other.jpg").mkdir()
    with pytest.raises(errors.OutputError, match=r"other\.jpg' is a folder"):
        edit(source, out=tmp_path / "other", overwrite=True)
    assert server.requests == []


def test_overwriting_is_only_done_when_asked(
    acme: Any, edit: Any, source: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.png"
    out.write_bytes(b"mine")
    with pytest.raises(errors.OutputError):
        edit(source, out=out)
    assert out.read_bytes() == b"mine"
    edit(source, out=out, overwrite=True)
    assert out.read_bytes() == png()


def test_a_file_that_comes_in_the_way_is_kept_and_the_picture_too(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    out, path = tmp_path / "out.png", tmp_path / "jobs.sqlite3"

    def block(event: Any) -> None:
        if event.kind == "downloading":
            out.write_bytes(b"mine")

    with pytest.raises(errors.OutputError) as caught:
        edit(source, out=out, journal=path, on_event=block)
    assert caught.value.charged == "yes"
    assert out.read_bytes() == b"mine"
    out.unlink()
    assert resume(caught.value.job_id, journal=path).image.path == out
    assert server.count("POST", "/edit") == 1


def test_what_came_since_is_not_replaced_by_a_job_that_is_resumed(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    """It may be the picture of a later edit, which was paid for, too."""
    out, path = tmp_path / "out.png", tmp_path / "jobs.sqlite3"
    out.write_bytes(b"from before")
    os.utime(out, (0, 0))
    server.on("GET", "/out.png", Answer(status=404))
    with pytest.raises(errors.DownloadFailed) as first:
        edit(source, out=out, overwrite=True, journal=path)
    server.on("GET", "/out.png", Answer.picture(png()))
    assert edit(source, "again", out=out, overwrite=True).image.path == out
    out.write_bytes(b"paid later")
    with pytest.raises(errors.OutputError, match="exists already") as caught:
        resume(first.value.job_id, journal=path)
    assert caught.value.charged == "yes"
    assert out.read_bytes() == b"paid later"
    os.utime(out, (0, 0))
    assert resume(first.value.job_id, journal=path).image.path == out
    assert out.read_bytes() == png()


def test_what_came_since_is_seen_before_a_planned_job_is_paid(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    out, path = tmp_path / "out.png", tmp_path / "jobs.sqlite3"
    server.on("POST", "/upload", Answer(fault="hang"), Answer.json({"handle": "h1"}))
    with pytest.raises(errors.DeadlineExceeded) as begun:
        edit(source, out=out, overwrite=True, journal=path, deadline=1)
    out.write_bytes(b"paid later")
    with pytest.raises(errors.OutputError, match="exists already") as caught:
        resume(begun.value.job_id, journal=path)
    assert caught.value.charged == "no"
    assert server.count("POST", "/edit") == 0


def test_without_out_the_file_ends_with_the_client(acme: Any, edit: Any, source: Path) -> None:
    assert not edit(source).image.path.exists()


def test_a_small_result_becomes_a_file_when_its_path_is_asked_for(
    acme: Any, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def files() -> list[str]:
        return [path.name for path in tmp_path.glob("imgedit-*/*")]

    async def run() -> tuple[imgedit.EditResult, Path]:
        async with imgedit.Client() as client:
            result = await client.edit(source, "make it so", provider="acme")
            assert result.image.read() == png()
            assert files() == []
            path = result.image.path
            assert path.read_bytes() == png()
            assert files() == [path.name]
        return result, path

    result, path = asyncio.run(run())
    assert not path.exists()
    assert result.image.path == path  # its client is closed, so nothing is written any more
    assert result.image.save(tmp_path / "kept.png").read_bytes() == png()
    assert result.image.read() == png()


def test_a_disk_that_does_not_take_the_file(
    acme: Any, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run() -> None:
        async with imgedit.Client() as client:
            image = (await client.edit(source, "make it so", provider="acme")).image

            def full(*_: object) -> None:
                raise OSError(errno.ENOSPC, "No space left on device")

            with monkeypatch.context() as patch:
                patch.setattr(os, "open", full)
                with pytest.raises(errors.OutputError, match="no room"):
                    assert image.path
            assert image.path.read_bytes() == png()

    asyncio.run(run())


def test_nothing_is_left_in_the_spool_of_a_finished_job(
    acme: Any, edit: Any, source: Path, tmp_path: Path
) -> None:
    edit(source.read_bytes(), out=tmp_path / "out.png", journal=tmp_path / "jobs.sqlite3")
    left = list((tmp_path / "jobs.sqlite3.spool").rglob("*"))
    assert left == []


def test_nothing_is_left_in_the_spool_when_the_end_was_stored_late(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    class FailsOnce(SqliteJournal):
        failed = False

        def save(self, record: Any, **purse: Any) -> None:
            if record.complete and not self.failed:
                self.failed = True
                raise errors.JournalError("the disk is full")
            super().save(record, **purse)

    path = tmp_path / "jobs.sqlite3"
    server.on("POST", "/edit", Answer.json({"base64": base64.b64encode(png()).decode()}))
    with pytest.raises(errors.JournalError) as caught:
        edit(source, out=tmp_path / "out.png", journal=FailsOnce(path))
    assert resume(caught.value.job_id, journal=path).image.read() == png()
    assert list((tmp_path / "jobs.sqlite3.spool").rglob("*")) == []


def test_the_spool_of_a_journal_of_ones_own_may_be_relative(
    acme: Any, edit: Any, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Own(MemoryJournal):
        spool = Path("pictures")

    monkeypatch.chdir(tmp_path)
    path = edit(source, journal=Own()).image.path
    assert path.is_relative_to(tmp_path / "pictures")
    assert path.read_bytes() == png()


@pytest.mark.parametrize(
    "refused",
    ({"max_cost": "0.01 USD"}, {"n": 99}, {"budgets": [imgedit.Budget(amount="0.01 USD")]}, {}),
    ids=("limit", "validation", "budget", "vendor"),
)
def test_nothing_is_left_in_the_spool_of_an_edit_that_was_refused(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, tmp_path: Path, refused: Any
) -> None:
    server.on("POST", "/edit", Answer(status=400))
    with pytest.raises(errors.ImgEditError) as caught:
        edit(source.read_bytes(), journal=tmp_path / "jobs.sqlite3", **refused)
    assert caught.value.charged == "no"
    assert list((tmp_path / "jobs.sqlite3.spool").rglob("*")) == []
