"""What is to be done after something was sent: the job goes on, no hint makes anybody buy again."""

from __future__ import annotations

import asyncio
import errno
import os
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import imgedit
from imgedit import errors
from imgedit.engine.journal import MemoryJournal
from imgedit.engine.output import cannot_write
from imgedit.engine.record import JobRecord
from imgedit.journal import SqliteJournal
from imgedit.testing.acme import parse_response
from imgedit.testing.pictures import png
from imgedit.testing.server import Answer, ScriptedServer

OR_ELSEWHERE = "or name another place (-o, or out= in Python)"


def stored(path: Path, job_id: str) -> JobRecord:
    with closing(SqliteJournal(path)) as journal:
        return journal.load(job_id)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the journal lies."""
    return tmp_path / "jobs.sqlite3"


def done(server: ScriptedServer) -> Answer:
    return Answer.json({"id": "7", "urls": [f"{server.url}/out.png"], "cost": "0.04"})


@pytest.mark.parametrize("trouble", ("a file", "a folder", "no folder"))
def test_a_place_that_is_gone_after_paying(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, tmp_path: Path,
    path: Path, trouble: str,
) -> None:  # fmt: skip
    out = tmp_path / "results" / "out.png"
    out.parent.mkdir()

    def spoil(_: Any) -> Answer:
        match trouble:
            case "a file":
                out.write_bytes(b"mine")
            case "a folder":
                out.mkdir()
            case _:
                out.parent.rmdir()
        return done(server)

    server.on("GET", "/jobs/7", spoil)
    with pytest.raises(errors.OutputError) as caught:
        edit(source, out=out, journal=path)
    assert caught.value.charged == "yes"
    mends = "Make the folder" if trouble == "no folder" else "Move what is there away"
    job = caught.value.job_id
    assert caught.value.hint == (
        f'{mends}, {OR_ELSEWHERE}. Then go on with: client.resume("{job}")'
    )
    out.parent.mkdir(exist_ok=True)
    if out.is_dir():
        out.rmdir()
    out.unlink(missing_ok=True)
    assert resume(job, journal=path).image.path == out
    assert server.count("POST", "/edit") == 1


def test_a_place_that_is_gone_before_paying(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, tmp_path: Path,
    path: Path,
) -> None:  # fmt: skip
    out = tmp_path / "results" / "out.png"
    out.parent.mkdir()
    server.on("POST", "/upload", Answer(fault="hang"), Answer.json({"handle": "h1"}))
    with pytest.raises(errors.DeadlineExceeded) as begun:
        edit(source, out=out, journal=path, deadline=1)
    job = begun.value.job_id
    out.parent.rmdir()
    with pytest.raises(errors.OutputError, match="does not exist") as caught:
        resume(job, journal=path)
    assert caught.value.charged == "no"
    assert caught.value.hint == (
        f'Make the folder, {OR_ELSEWHERE}. Then go on with: client.resume("{job}")'
    )
    assert server.count("POST", "/edit") == 0
    assert stored(path, job).job.status == "planned"
    out.parent.mkdir()
    assert resume(job, journal=path).image.path == out
    assert server.count("POST", "/edit") == 1


@pytest.mark.parametrize(
    ("number", "mends"),
    (
        (errno.ENOSPC, "Free some space there."),
        (errno.ENOENT, "Make the folder."),
        (errno.EACCES, "Make it possible to write there."),
    ),
    ids=str,
)
def test_what_helps_at_a_place_that_stays(number: int, mends: str) -> None:
    assert cannot_write(Path("out.png"), OSError(number, os.strerror(number))).mend == mends


class Full(SqliteJournal):
    """A journal whose disk is full when the job is done, until that is mended."""

    def save(self, record: JobRecord, **options: Any) -> None:
        if record.job.status == "done":
            raise errors.JournalError("the disk is full", hint="Make room on that disk.")
        super().save(record, **options)


def test_a_journal_that_is_full_after_paying(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, path: Path
) -> None:
    with pytest.raises(errors.JournalError) as caught:
        edit(source, journal=Full(path))
    job = caught.value.job_id
    assert caught.value.charged == "yes"
    assert caught.value.hint == (
        f'Make room on that disk. When it works again, go on with: client.resume("{job}")'
    )
    assert resume(job, journal=path).image.size == len(png())
    assert server.count("POST", "/edit") == 1


@pytest.mark.parametrize("given", ("json", "id"))
@pytest.mark.parametrize("trouble", ("hold", "load"))
def test_a_journal_that_fails_denies_no_payment(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, path: Path,
    trouble: str, given: str,
) -> None:  # fmt: skip
    """Who reads that nothing was charged buys it again."""

    class Fails(SqliteJournal):
        def hold(self, job_id: str) -> JobRecord | None:
            raise errors.JournalError("the disk is full", hint="Make room.", retryable=True)

        def load(self, job_id: str) -> JobRecord:
            if trouble == "load":
                raise errors.JournalError("it is locked", hint="Wait.", retryable=True)
            return super().load(job_id)

    server.on("GET", "/jobs/7", Answer(status=404))
    with pytest.raises(errors.NotFound) as paid:
        edit(source, journal=path)
    job = paid.value.job_id or ""
    assert paid.value.charged == "yes"
    with pytest.raises(errors.JournalError) as caught:
        resume(job if given == "id" else paid.value.job, journal=Fails(path))
    if (trouble, given) == ("load", "id"):
        assert caught.value.charged == "unknown"
    else:
        assert (caught.value.charged, caught.value.job_id) == ("yes", job)
        assert caught.value.hint == f'Make room. Then go on with: client.resume("{job}")'
        server.on("GET", "/jobs/7", done(server))
        assert resume(caught.value.job or "", journal=path)
    with closing(Fails(path)) as journal, pytest.raises(errors.JournalError) as settled:
        imgedit.Client(journal=journal).settle(job, charged=False)
    assert settled.value.charged == ("unknown" if trouble == "load" else "yes")
    assert not caught.value.retryable
    assert not settled.value.retryable
    assert server.count("POST", "/edit") == 1


class Locked(SqliteJournal):
    def load(self, job_id: str) -> JobRecord:
        raise errors.JournalError("it is locked")


@pytest.mark.parametrize("kind", (MemoryJournal, SqliteJournal, Locked))
def test_a_journal_without_the_job_denies_no_payment(path: Path, kind: Any) -> None:
    with imgedit.SyncClient(journal=kind() if kind is MemoryJournal else kind(path)) as client:
        for ask in (client.job, client.resume):
            with pytest.raises(errors.JournalError) as caught:
                ask("01K9ZZZZZZZZZZZZZZZZZZZZZZ")
            assert caught.value.charged == "unknown"


def test_a_client_without_a_journal_that_is_closed_advises_no_new_edit(
    acme: Any, server: ScriptedServer, source: Path
) -> None:
    """The job is not over: only this client has forgotten it, and its JSON goes on."""
    server.on("GET", "/jobs/7", Answer(fault="hang"))

    async def run() -> None:
        async with imgedit.Client() as client:
            with pytest.raises(errors.DeadlineExceeded) as begun:
                await client.edit(source, "x", provider="acme", deadline=1)
        for ask in (client.job, lambda name: client.settle(name, charged=True)):
            with pytest.raises(errors.JournalError, match="no unfinished job") as caught:
                ask(str(begun.value.job_id))
            assert caught.value.charged == "unknown"
            assert "new edit" not in str(caught.value)
            assert "client.resume(error.job)" in str(caught.value)
        server.on("GET", "/jobs/7", done(server))
        async with imgedit.Client() as other:
            assert (await other.resume(str(begun.value.job))).image.read() == png()

    asyncio.run(run())
    assert server.count("POST", "/edit") == 1


def test_a_journal_that_fails_does_not_say_that_nothing_was_sent_since(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, path: Path
) -> None:
    """The JSON is of the time before."""

    class Fails(SqliteJournal):
        def hold(self, job_id: str) -> JobRecord | None:
            raise errors.JournalError("the disk is full", retryable=True)

    server.on("POST", "/upload", Answer(fault="hang"), Answer.json({"handle": "h1"}))
    with pytest.raises(errors.DeadlineExceeded) as begun:
        edit(source, journal=path, deadline=1)
    assert begun.value.charged == "no"
    assert resume(begun.value.job_id, journal=path)
    with pytest.raises(errors.JournalError) as caught:
        resume(begun.value.job, journal=Fails(path))
    assert (caught.value.charged, caught.value.retryable) == ("unknown", False)


def test_a_setting_that_is_missing_after_paying(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    server.on("GET", "/jobs/7", Answer.json({"id": "7"}))
    with pytest.raises(errors.DeadlineExceeded) as caught:
        edit(source, journal=path, deadline=1.5)
    job = caught.value.job_id
    assert caught.value.hint == f'Go on with: client.resume("{job}")'
    monkeypatch.setenv("IMGEDIT_ACME_BASE_URL", "http://127.0.0.1:9")
    with pytest.raises(errors.ConfigError) as moved:
        resume(job, journal=path)
    assert moved.value.hint == (
        f'Set IMGEDIT_ACME_BASE_URL as it was. Then go on with: client.resume("{job}")'
    )


def test_without_a_journal_nothing_is_said_of_the_command_line(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    server.on("GET", "/out.png", Answer(status=404))
    with pytest.raises(errors.DownloadFailed) as caught:
        edit(source)
    assert "imgedit jobs" not in str(caught.value)
    assert "client.resume(error.job)" in str(caught.value)
    out = tmp_path / "out.png"

    def in_the_way(_: Any) -> Answer:
        out.write_bytes(b"mine")
        return done(server)

    server.on("GET", "/jobs/7", in_the_way)
    server.on("GET", "/out.png", Answer.picture(png()))
    with pytest.raises(errors.OutputError) as other:
        edit(source, out=out)
    said = f"Move what is there away, {OR_ELSEWHERE}. Keep error.job"
    assert said in str(other.value)
    out.unlink()
    assert resume(other.value.job).image.path == out
    server.on("POST", "/edit", Answer(fault="drop_after_body"))
    with pytest.raises(errors.OutcomeUnknown) as lost:
        edit(source)
    with pytest.raises(errors.OutcomeUnknown) as again:
        resume(lost.value.job)
    assert "imgedit jobs" not in str(again.value)
    assert "Look in your account at the provider" in str(again.value)
    assert server.count("POST", "/edit") == 3


@pytest.mark.parametrize("way", ("client", "json"))
def test_an_answer_that_is_read_once_more_in_vain(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, path: Path, way: str
) -> None:
    """To go on leads nowhere until there is a newer plugin: then only the account tells."""
    server.on("POST", "/edit", Answer.json({"pictures": [f"{server.url}/out.png"]}))

    @imgedit.hookimpl(specname="parse_response")
    def strict(job: imgedit.Job, response: imgedit.HttpResponse) -> Any:
        if response.purpose == "submit":
            raise errors.UnexpectedResponse("no picture in it")
        return parse_response(job, response)

    @imgedit.hookimpl(specname="parse_response")
    def newer(job: imgedit.Job, response: imgedit.HttpResponse) -> Any:
        return imgedit.Done([imgedit.Output(url=url) for url in response.json()["pictures"]])

    acme(parse_response=strict)
    journal = path if way == "client" else None
    with pytest.raises(errors.UnexpectedResponse) as caught:
        edit(source, journal=journal)
    for _ in range(2):
        job = caught.value.job if journal is None else caught.value.job_id
        with pytest.raises(errors.UnexpectedResponse) as caught:
            resume(job, journal=journal)
        hint = str(caught.value.hint)
        assert hint.startswith("A newer version of the plugin may be able to read it. ")
        assert "Otherwise look in your account at the provider whether it was charged" in hint
        kept = "keep error.job, the job as JSON, and go on with: client.resume(error.job). "
        assert (kept in hint) == (way == "json")
    acme(parse_response=newer)
    job = caught.value.job if journal is None else caught.value.job_id
    assert resume(job, journal=journal).image.size == len(png())
    assert server.count("POST", "/edit") == 1


@pytest.mark.parametrize("status", (404, 410))
def test_a_paid_job_that_its_provider_forgot_can_be_ended(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, path: Path, status: int
) -> None:
    server.on("GET", "/jobs/7", Answer(status=status))
    with pytest.raises(errors.ProviderError) as caught:
        edit(source, journal=path)
    job = caught.value.job_id
    assert caught.value.charged == "yes"
    assert caught.value.hint is not None
    assert f'Go on with: client.resume("{job}")' in caught.value.hint.replace("Then go", "Go")
    assert caught.value.hint.endswith(f'end the job with: client.settle("{job}", charged=True)')


@pytest.mark.parametrize(
    ("status", "mends"),
    (
        (401, "Check the key (ACME_API_KEY). Then go on"),
        (402, "Add credit to the account. Then go on"),
        (403, "See what the account's plan allows. Then go on"),
        (413, "Go on"),
        (422, "Go on"),
        (429, "Wait until the quota is renewed. Then go on"),
        (451, "Go on"),
        (499, "Go on"),
    ),
)
def test_nothing_is_advised_that_only_a_new_edit_can_do(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, path: Path, status: int, mends: str
) -> None:
    """Another provider, picture or prompt is another edit, and paid once more."""
    rows = [
        {"status": [422], "is": "ModelUnavailable", "charged": "no"},
        {"status": [429], "is": "QuotaExhausted", "charged": "no"},
        {"status": [499], "is": "ContentRejected", "charged": "no"},
    ]
    acme({"errors": {"rows": rows}})
    server.on("GET", "/jobs/7", Answer(status=status))
    with pytest.raises(errors.ProviderError) as caught:
        edit(source, journal=path)
    assert caught.value.charged == "yes"
    assert caught.value.hint == f'{mends} with: client.resume("{caught.value.job_id}")'
    assert server.count("POST", "/edit") == 1


# -- a picture that cannot be had any more


def test_a_picture_that_is_gone_for_good(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, path: Path
) -> None:
    server.on("GET", "/out.png", Answer(status=403))
    with pytest.raises(errors.DownloadFailed) as caught:
        edit(source, journal=path)
    job = caught.value.job_id or ""
    assert caught.value.hint == f'Fetch it later with: client.resume("{job}")'
    with pytest.raises(errors.DownloadFailed) as again:
        resume(job, journal=path)
    assert f'end the job with: client.settle("{job}", charged=True)' in str(again.value)

    async def settle() -> None:
        from datetime import timedelta

        async with imgedit.Client(journal=path) as client:
            with pytest.raises(errors.UsageError, match="its money is known") as refused:
                client.settle(job, charged=False)
            assert f'client.settle("{job}", charged=True)' in str(refused.value)
            record = client.settle(job, charged=True)
            assert (record.job.status, record.charged) == ("failed", "yes")
            (row,) = client.spend()
            assert (str(row.charged), row.unknown, row.refunded) == ("0.04", 0, 0)
            assert client.unfinished() == []
            with pytest.raises(errors.UsageError, match="nothing to settle"):
                client.settle(job, charged=True)
            with pytest.raises(errors.DownloadFailed, match="was failed before"):
                await client.resume(job)
            assert client.prune(timedelta(0)) == [job]
            (row,) = client.spend()
            assert str(row.charged) == "0.04"

    asyncio.run(settle())
    assert server.count("POST", "/edit") == 1


@pytest.mark.parametrize("way", ("address", "answer"))
def test_a_finished_job_whose_file_was_deleted_stays_finished(
    acme: Any, edit: Any, resume: Any, server: ScriptedServer, source: Path, tmp_path: Path,
    path: Path, way: str,
) -> None:  # fmt: skip
    if way == "answer":
        server.on("POST", "/edit", Answer.picture(png()))
    out = tmp_path / "out.png"
    job = edit(source, out=out, journal=path).job_id
    before = stored(path, job)
    out.unlink()
    server.on("GET", "/out.png", Answer(status=403))
    with pytest.raises(errors.DownloadFailed) as caught:
        resume(job, journal=path)
    assert caught.value.charged == "yes"
    assert caught.value.job is None
    hint = caught.value.hint or ""
    assert "the job stays finished." in hint
    assert (f'client.resume("{job}")' in hint) == (way == "address")
    assert stored(path, job) == before
    with closing(SqliteJournal(path)) as journal:
        assert list(journal.unfinished()) == []
        assert journal.driven() == {}
    if way != "answer":
        server.on("GET", "/out.png", Answer.picture(png()))
        assert resume(job, journal=path).image.path == out
        assert stored(path, job).finished
    assert server.count("POST", "/edit") == 1


# -- who knows the job


@pytest.mark.parametrize("way", ("command line", "client"))
def test_the_command_line_is_named_only_where_it_knows_the_job(
    acme: Any, server: ScriptedServer, source: Path, path: Path, tmp_path: Path, way: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("IMGEDIT_HOME", str(tmp_path / "home"))
    ours = way == "command line"
    server.on("GET", "/out.png", Answer(status=404))
    server.on("POST", "/edit", Answer.json({"id": "7"}), Answer(fault="drop_after_body"))

    async def run() -> list[str]:
        hints = []
        make = imgedit.Client.from_config if ours else lambda: imgedit.Client(journal=path)
        async with make() as client, make() as other:

            async def fails(work: Any) -> errors.ImgEditError:
                with pytest.raises(errors.ImgEditError) as caught:
                    await work
                hints.append(caught.value.hint or "")
                return caught.value

            paid = await fails(client.edit(source, "make it so", provider="acme"))
            await fails(client.resume(str(paid.job_id)))
            lost = await fails(client.edit(source, "make it so", provider="acme"))
            await fails(client.resume(str(lost.job_id)))
            await fails(client.resume("01JOB"))
            client.runtime.journal.hold(str(lost.job_id))
            await fails(other.resume(str(lost.job_id)))
            client.runtime.journal.release(str(lost.job_id))
            for job in (paid, lost):
                for charged in (False, True, True):
                    try:
                        client.settle(str(job.job_id), charged=charged)
                    except errors.UsageError as error:
                        hints.append(error.hint or "")
        return hints

    hints = asyncio.run(run())
    assert len(hints) == 10
    said = "imgedit jobs" if ours else "client."
    never = "client." if ours else "imgedit jobs"
    assert [hint for hint in hints if said not in hint or never in hint] == []


@pytest.mark.parametrize("way", ("command line", "client"))
def test_what_a_plugin_says_of_the_command_line_is_said_where_it_helps(
    acme: Any, source: Path, path: Path, tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMGEDIT_HOME", str(tmp_path / "home"))

    @imgedit.hookimpl
    def tell(job: imgedit.Job, response: imgedit.HttpResponse) -> imgedit.Step:
        if response.purpose == "upload":
            return parse_response(job, response)
        hint = f"`imgedit jobs resume {job.id}` looks again."
        raise errors.OutcomeUnknown("nobody knows", hint=hint)

    acme(parse_response=tell)

    async def run() -> errors.OutcomeUnknown:
        ours = way == "command line"
        async with imgedit.Client.from_config() if ours else imgedit.Client(journal=path) as client:
            with pytest.raises(errors.OutcomeUnknown) as caught:
                await client.edit(source, "make it so", provider="acme")
        return caught.value

    error = asyncio.run(run())
    if way == "client":
        assert error.hint == f'Go on with: client.resume("{error.job_id}")'
    else:
        assert error.hint == f"`imgedit jobs resume {error.job_id}` looks again."
