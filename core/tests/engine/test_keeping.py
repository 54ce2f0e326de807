"""A journal that cannot be used, and what is kept of jobs, and for how long."""

from __future__ import annotations

import os
import sqlite3
from base64 import b64encode
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from imgedit import errors
from imgedit.engine.record import new_id
from imgedit.journal import SqliteJournal
from imgedit.testing.server import Answer, ScriptedServer

from .clients import (
    client,
    entries,
    run,
)


@pytest.mark.parametrize("trouble", ("newer", "corrupt", "scrap"))
def test_a_journal_that_cannot_be_used_spends_nothing(
    acme: Any, server: ScriptedServer, source: Path, tmp_path: Path, trouble: str
) -> None:
    path = tmp_path / "jobs.sqlite3"
    SqliteJournal(path).close()
    if trouble == "newer":
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA user_version = 99")
    elif trouble == "corrupt":
        content = path.read_bytes()
        path.write_bytes(content[:4096] + os.urandom(len(content) - 4096))
    else:
        path.write_bytes(b"no database " * 1000)

    async def work() -> None:
        async with client(path) as one:
            await one.edit(source, "x", provider="acme")

    with pytest.raises(errors.JournalError) as caught:
        run(work())
    assert caught.value.charged == "no"
    assert server.count("POST", "/edit") == 0


def test_prompts_can_be_kept_out(
    acme: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    path = tmp_path / "jobs.sqlite3"
    prompt = "a very private canary prompt"
    answer = {"id": "7", "urls": [f"{server.url}/out.png"], "revised_prompt": prompt}
    server.on("GET", "/jobs/7", Answer.json(answer))

    async def work() -> None:
        async with client(SqliteJournal(path, keep_prompts=False)) as one:
            result = await one.edit(source, prompt, provider="acme", out=tmp_path / "out.png")
            assert result.raw["revised_prompt"] == prompt
        async with client(path) as one:
            assert one.job(result.job_id).job.request.prompt == ""
            assert (await one.resume(result.job_id)).job_id == result.job_id

    run(work())
    for file in tmp_path.rglob("*"):
        if file.is_file():
            assert prompt.encode() not in file.read_bytes(), file


@pytest.mark.parametrize(
    ("status", "answer"),
    ((200, {"state": "failed", "code": "moderated"}), (400, {"code": "moderated"}), (500, {})),
    ids=("failed", "refused", "unknown"),
)
def test_prompts_are_kept_out_of_jobs_that_failed(
    acme: Any, server: ScriptedServer, source: Path, tmp_path: Path, status: int, answer: Any
) -> None:
    """The answer may repeat them."""
    path = tmp_path / "jobs.sqlite3"
    prompt = "a very private canary prompt"
    server.on("POST", "/edit", Answer.json({**answer, "said": prompt}, status=status))

    async def work() -> None:
        async with client(SqliteJournal(path, keep_prompts=False)) as one:
            with pytest.raises(errors.ImgEditError) as caught:
                await one.edit(source, prompt, provider="acme")
            if status == 500:
                one.settle(caught.value.job_id, charged=False)
            assert one.job(caught.value.job_id).finished

    run(work())
    for file in tmp_path.glob("jobs.sqlite3*"):
        if file.is_file():
            content = file.read_bytes()
            assert prompt.encode() not in content, file
            for begin in ("", " ", "  "):  # base64 takes three bytes at a time
                assert b64encode((begin + prompt).encode())[4:-4] not in content, file


def test_pruning_forgets_jobs_and_pictures_but_no_money(
    acme: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    path = tmp_path / "jobs.sqlite3"
    server.on("GET", "/jobs/7", Answer.json({"id": "7", "urls": [f"{server.url}/out.png"]}))

    async def work() -> None:
        async with client(path) as one:
            done = await one.edit(source, "x", provider="acme")
            server.on("POST", "/edit", Answer(fault="drop_after_body"))
            with pytest.raises(errors.OutcomeUnknown) as caught:
                await one.edit(source, "x", provider="acme")
            spool = one.runtime.spool
            never_stored = spool / new_id()
            never_stored.mkdir()
            for folder in spool.iterdir():
                os.utime(folder, (0, 0))
            assert done.image.path.exists()
            assert one.prune(timedelta(days=1)) == []
            assert not never_stored.exists()
            assert one.prune(timedelta(0)) == [done.job_id]
            assert not done.image.path.exists()
            assert [record.id for record in one.jobs()] == [caught.value.job_id]
            assert len(one.spend(by="day")) == 1
        assert {entry.job_id for entry in entries(path)} == {done.job_id, caught.value.job_id}

    run(work())
