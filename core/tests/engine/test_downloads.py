"""When a download is tried again, what is already there, and where it waits."""

from __future__ import annotations

import asyncio
import base64
import email.utils
import errno
import hashlib
import io
import os
import time
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from PIL import Image

import imgedit
from imgedit import errors, hookimpl
from imgedit.engine.record import JobRecord
from imgedit.journal import SqliteJournal
from imgedit.testing.acme import parse_response
from imgedit.testing.pictures import png
from imgedit.testing.server import Answer, ScriptedServer


class Cut(BaseException):
    """The process is killed."""


def jpeg() -> bytes:
    """A small JPEG."""
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "green").save(out, "JPEG")
    return out.getvalue()


def done_with(server: ScriptedServer, *paths: str) -> None:
    """The job ends with these pictures, whose URLs cannot be refreshed."""
    server.on("POST", "/edit", Answer.json({"urls": [server.url + path for path in paths]}))


@pytest.mark.parametrize("form", ("seconds", "date", "date of another clock", "unreadable"))
def test_a_download_comes_back_when_it_is_asked_to(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, quick: list[float], form: str
) -> None:
    def date(moment: float) -> str:
        return email.utils.formatdate(moment, usegmt=True)

    headers, least, most = {
        "seconds": ({"Retry-After": "7"}, 7, 7.2),
        "date": ({"Retry-After": date(time.time() + 20)}, 5, 20.2),
        "date of another clock": ({"Date": date(86400), "Retry-After": date(86407)}, 7, 7.2),
        "unreadable": ({"Retry-After": "soon"}, 0.1, 1),
    }[form]
    done_with(server, "/out.png")
    answer = Answer(status=429, headers=headers)
    server.on("GET", "/out.png", answer, Answer.picture(png()))
    assert edit(source, deadline=100).image.size == len(png())
    assert len(quick) == 1
    assert least <= quick[0] <= most


def test_a_download_that_is_to_come_back_much_later_is_left_to_a_resume(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, quick: list[float]
) -> None:
    done_with(server, "/out.png")
    server.on("GET", "/out.png", Answer(status=503, headers={"Retry-After": "300"}))
    with pytest.raises(errors.DownloadFailed) as caught:
        edit(source)
    assert (caught.value.retry_after, caught.value.charged) == (300, "yes")
    assert (server.count("GET", "/out.png"), quick) == (1, [])


def names(folder: Path) -> list[str]:
    """The files that begin with x."""
    return sorted(path.name for path in folder.glob("x*"))


@pytest.mark.parametrize("form", ("png", "jpeg"))
@pytest.mark.parametrize("end", ("failed", "canceled", "killed", "killed, its spool lost"))
def test_what_was_placed_is_known_when_a_later_picture_does_not_come(
    acme: Any,
    resume: Any,
    server: ScriptedServer,
    source: Path,
    tmp_path: Path,
    form: str,
    end: str,
) -> None:
    path = tmp_path / "jobs.sqlite3"
    picture = png() if form == "png" else jpeg()
    there = [f"x-{number}.{'png' if form == 'png' else 'jpg'}" for number in (1, 2)]
    done_with(server, "/1.png", "/2.png")
    server.on("GET", "/1.png", Answer.picture(picture, f"image/{form}"))
    server.on("GET", "/2.png", Answer(status=404))

    async def cut() -> None:
        def stop(event: imgedit.Event) -> None:
            if event.text == "downloading picture 2":
                if end == "canceled":
                    task.cancel()
                elif end != "failed":
                    raise Cut

        async with imgedit.Client(journal=path) as client:
            out = tmp_path / "x.png"
            edit = client.edit(source, "x", provider="acme", n=2, out=out, on_event=stop)
            task = asyncio.create_task(edit)
            with pytest.raises((errors.DownloadFailed, asyncio.CancelledError, Cut)):
                await task

    asyncio.run(cut())
    assert names(tmp_path) == there[:1]
    (folder,) = (tmp_path / "jobs.sqlite3.spool").iterdir()
    if end == "killed, its spool lost":
        (folder / "picture-1").unlink()
    else:  # the vendor makes it anew for each who asks
        server.on("GET", "/1.png", Answer.picture(png(20, 20)))
    server.on("GET", "/2.png", Answer.picture(picture, f"image/{form}"))
    result = resume(folder.name, journal=path)
    assert [image.path.name for image in result.images] == there == names(tmp_path)
    assert (tmp_path / there[0]).read_bytes() == picture
    named = [warning for warning in result.warnings if "was written to" in warning]
    assert len(named) == (0 if form == "png" else 2)
    assert server.count("POST", "/edit") == 1


@pytest.mark.parametrize("resumed", (True, False), ids=["resumed", "at once"])
def test_another_file_is_not_taken_for_the_picture(
    acme: Any,
    edit: Any,
    resume: Any,
    server: ScriptedServer,
    source: Path,
    tmp_path: Path,
    resumed: bool,
) -> None:
    """An edit that was not cut off shares no file, not even one with the same bytes."""
    out, path = tmp_path / "x.png", tmp_path / "jobs.sqlite3"
    done_with(server, "/out.png")
    server.on("GET", "/out.png", Answer(status=404))
    with pytest.raises(errors.DownloadFailed) as caught:
        edit(source, out=out, journal=path)
    other = b"mine" if resumed else jpeg()
    (tmp_path / "x.jpg").write_bytes(other)
    server.on("GET", "/out.png", Answer.picture(jpeg(), "image/jpeg"))
    if resumed:
        result = resume(caught.value.job_id, journal=path)
    else:
        result = edit(source, out=out, journal=path)
    assert result.image.path == tmp_path / "x-1.jpg"
    assert (tmp_path / "x.jpg").read_bytes() == other


def blocked(edit: Any, source: Path, out: Path, **keywords: Any) -> str:
    """An edit whose picture came, and was not placed, as there was another file by then."""

    def block(event: imgedit.Event) -> None:
        if event.kind == "downloading":
            out.write_bytes(b"mine")

    with pytest.raises(errors.OutputError) as caught:
        edit(source, out=out, on_event=block, **keywords)
    out.unlink()
    assert caught.value.job_id is not None
    return caught.value.job_id


def test_a_picture_that_could_not_be_placed_waits_in_the_spool(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    """Its URL may have ended when there is room for it."""
    out, path = tmp_path / "x.png", tmp_path / "jobs.sqlite3"
    done_with(server, "/out.png")
    job_id = blocked(edit, source, out, journal=path)
    server.on("GET", "/out.png", Answer(status=403))
    assert resume(job_id, journal=path).image.path == out
    assert out.read_bytes() == png()
    assert list((tmp_path / "jobs.sqlite3.spool").rglob("*")) == []


@pytest.mark.parametrize("spoilt", (png()[:-5], png(20, 20)), ids=["cut off", "another"])
def test_what_is_spoilt_in_the_spool_is_fetched_again(
    acme: Any,
    edit: Any,
    resume: Any,
    server: ScriptedServer,
    source: Path,
    tmp_path: Path,
    spoilt: bytes,
) -> None:
    out, path = tmp_path / "x.png", tmp_path / "jobs.sqlite3"
    digest = hashlib.sha256(png()).hexdigest()
    urls = [f"{server.url}/out.png"]
    server.on("POST", "/edit", Answer.json({"urls": urls, "sha256": digest}))
    job_id = blocked(edit, source, out, journal=path)
    (kept,) = (tmp_path / "jobs.sqlite3.spool").rglob("picture-1")
    kept.write_bytes(spoilt)
    assert resume(job_id, journal=path).image.path == out
    assert out.read_bytes() == png()


def test_a_spool_that_is_full_is_not_the_vendors_fault(
    acme: Any,
    edit: Any,
    resume: Any,
    server: ScriptedServer,
    source: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    out, path = tmp_path / "x.png", tmp_path / "jobs.sqlite3"
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(errors.OutputError, match=r"no room to write .*picture-1") as caught:
            edit(source, out=out, journal=path)
    assert caught.value.charged == "yes"
    assert f'client.resume("{caught.value.job_id}")' in str(caught.value.hint)
    assert "somewhere else" not in str(caught.value.hint)
    assert resume(caught.value.job_id, journal=path).image.path == out
    assert server.count("POST", "/edit") == 1


def test_a_refresh_may_answer_with_the_picture_itself(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    held = Answer.json({"base64": base64.b64encode(png()).decode()})
    server.on("GET", "/jobs/7", Answer.json({"id": "7", "urls": [f"{server.url}/gone.png"]}), held)
    server.on("GET", "/gone.png", Answer(status=404))
    assert edit(source, journal=tmp_path / "jobs.sqlite3").image.size == len(png())


@pytest.mark.parametrize("again", (True, False), ids=("comes again", "never again"))
def test_a_picture_that_came_in_the_answer_and_is_gone_is_asked_for_again(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, tmp_path: Path,
    again: bool,
) -> None:  # fmt: skip
    @hookimpl
    def parses(job: imgedit.Job, response: imgedit.HttpResponse) -> Any:
        step = parse_response(job, response)
        return evolve(step, refresh={"id": "7"}) if isinstance(step, imgedit.Done) else step

    def close(event: imgedit.Event) -> None:
        if event.kind == "accepted":
            out.parent.rmdir()

    acme(parse_response=parses)
    out, path = tmp_path / "results" / "out.png", tmp_path / "jobs.sqlite3"
    out.parent.mkdir()
    held = Answer.json({"base64": base64.b64encode(png()).decode()})
    server.on("POST", "/edit", held)
    with pytest.raises(errors.OutputError) as caught:
        edit(source, out=out, journal=path, on_event=close)
    job = str(caught.value.job_id)
    out.parent.mkdir()
    (answer,) = (tmp_path / "jobs.sqlite3.spool" / job).glob("answer*")
    answer.unlink()
    if again:
        server.on("GET", "/jobs/7", held)
        assert resume(job, journal=path).image.path == out
        assert out.read_bytes() == png()
    else:
        server.on("GET", "/jobs/7", Answer(status=404))
        with pytest.raises(errors.NotFound) as gone:
            resume(job, journal=path)
        assert gone.value.charged == "yes"
        assert f'Fetch it later with: client.resume("{job}")' in str(gone.value.hint)
    assert server.count("GET", "/jobs/7") == 1
    assert server.count("POST", "/edit") == 1


def test_a_plugin_that_no_longer_asks_for_new_addresses_denies_no_payment(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    @hookimpl
    def refuses(job: imgedit.Job) -> Any:
        raise errors.ModelUnavailable("this model is gone")

    path = tmp_path / "jobs.sqlite3"
    server.on("GET", "/out.png", Answer(status=403))
    with pytest.raises(errors.DownloadFailed) as caught:
        edit(source, journal=path)
    acme(build_request=refuses)
    with pytest.raises(errors.ModelUnavailable) as again:
        resume(caught.value.job_id, journal=path)
    assert again.value.charged == "yes"
    assert again.value.job is not None


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="nothing tells what is flushed")
def test_what_the_journal_relies_on_is_on_the_disk(
    acme: Any, server: ScriptedServer, source: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    """The vendor's answer is not kept when its picture is, and the picture when it is placed."""
    flushed: list[str] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        flushed.append(os.path.realpath(f"/proc/self/fd/{descriptor}"))
        real(descriptor)

    class Watched(SqliteJournal):
        def save(self, record: JobRecord, **options: Any) -> None:
            super().save(record, **options)
            if record.job.status == "done":
                before.append(list(flushed))

    before: list[list[str]] = []
    monkeypatch.setattr(os, "fsync", fsync)
    held = Answer.json({"base64": base64.b64encode(png()).decode()})
    server.on("GET", "/jobs/7", held)
    (tmp_path / "out").mkdir()

    async def run() -> None:
        async with imgedit.Client(journal=Watched(tmp_path / "jobs.sqlite3")) as client:
            await client.edit(source, "x", provider="acme", out=tmp_path / "out" / "x.png")

    asyncio.run(run())
    spool = str(tmp_path / "jobs.sqlite3.spool")
    assert any("answer-1" in name for name in before[0])
    assert any(name.startswith(spool) and "answer" not in name for name in before[0]), "its name"
    assert str(tmp_path / "out") in before[-1]


def test_a_slow_line_has_the_time_of_the_edit(
    acme: Any,
    edit: Any,
    resume: Any,
    server: ScriptedServer,
    source: Path,
    tmp_path: Path,
    trickle: Any,
) -> None:
    """`timeouts.download` is how long nothing may come."""
    acme({"timeouts": {"download": 1.2}})
    url = trickle(png(), pieces=12, seconds=0.2)
    server.on("POST", "/edit", Answer.json({"urls": [f"{url}/out.png"]}))
    journal = tmp_path / "jobs.sqlite3"
    with pytest.raises(errors.DeadlineExceeded) as caught:
        edit(source, journal=journal, deadline=1.5)
    assert caught.value.charged == "yes"
    assert resume(caught.value.job_id, journal=journal).image.size == len(png())
    assert server.count("POST", "/edit") == 1
