"""The same edit is not bought twice."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import imgedit
from imgedit import Budget, Client, EditResult, Event, Reference, errors
from imgedit.engine.journal import MemoryJournal
from imgedit.engine.record import JobRecord
from imgedit.journal import SqliteJournal
from imgedit.testing.acme import MANIFEST, make
from imgedit.testing.pictures import png
from imgedit.testing.server import Answer, ScriptedServer

Buy = Callable[..., EditResult]


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "jobs.sqlite3"


@pytest.fixture
def buy(acme: Any, server: ScriptedServer, source: Path, journal: Path) -> Buy:
    """One edit with a client of its own, all with one journal; pictures come at once."""
    use_two(acme, server)

    def one(image: Any = source, prompt: str = "make it so", **keywords: Any) -> EditResult:
        async def run() -> EditResult:
            options = {"journal": keywords.pop("journal", journal)}
            options |= {name: keywords.pop(name) for name in ("budgets",) if name in keywords}
            async with Client(**options) as client:
                return await client.edit(image, prompt, **{"provider": "acme", **keywords})

        return asyncio.run(run())

    return one


def use_two(acme: Any, server: ScriptedServer) -> None:
    """Two models, whose pictures come in the answer, as many as were asked for."""

    def answer(received: Any) -> Answer:
        urls = [f"{server.url}/out.png"] * received.json().get("n", 1)
        return Answer.json({"urls": urls, "cost": "0.04"})

    models = [{"id": name, "price": {"amounts": "0.04"}} for name in ("one", "two")]
    limits = {**MANIFEST["limits"], "seed": {}, "references.description": {}}
    limits["options.strength"] = {"type": "integer"}
    acme({"models": models, "limits": limits})
    server.on("POST", "/edit", answer)


def test_the_result_is_returned_and_nothing_is_sent(
    buy: Buy, server: ScriptedServer, source: Path, journal: Path, tmp_path: Path
) -> None:
    first = buy(out=tmp_path / "a.png", reuse=True)
    assert (first.reused, first.warnings) == (False, ())
    sent = len(server.requests)
    events: list[Event] = []
    again = buy(source.read_bytes(), out=tmp_path / "b.png", reuse=True, on_event=events.append)
    assert len(server.requests) == sent
    assert (again.reused, again.job_id, again.attempts) == (True, first.job_id, 0)
    assert str(again.cost) == "0 USD"
    assert again.quote == first.quote
    assert again.image.path == tmp_path / "b.png"
    assert (tmp_path / "b.png").read_bytes() == (tmp_path / "a.png").read_bytes()
    assert again.image.sha256 == first.image.sha256
    assert again.vendor_ids == first.vendor_ids
    assert [event.kind for event in events] == ["done"]
    with imgedit.SyncClient(journal=journal) as client:
        assert [job.id for job in client.jobs()] == [first.job_id]
        (sums,) = client.spend()
        assert (sums.jobs, sums.charged) == (1, first.cost.amount if first.cost else None)
    assert not list(journal.with_name("jobs.sqlite3.spool").iterdir())


def test_without_it_the_edit_is_made_and_told_of(
    buy: Buy, server: ScriptedServer, tmp_path: Path
) -> None:
    first = buy(out=tmp_path / "a.png")
    events: list[Event] = []
    again = buy(out=tmp_path / "b.png", on_event=events.append)
    assert server.count("POST", "/edit") == 2
    assert not again.reused
    assert again.job_id != first.job_id
    (warning,) = again.warnings
    assert first.job_id in warning
    assert "--reuse" in warning
    assert [event.text for event in events if event.kind == "warning"] == [warning]
    assert events[-1].kind == "done"
    third = buy(out=tmp_path / "c.png", reuse=True)
    assert third.job_id == again.job_id, "the newest"


@pytest.mark.parametrize(
    "change",
    (
        {"image": png(64, 48, (0, 0, 201))},
        {"prompt": "make it so!"},
        {"model": "two"},
        {"n": 2},
        {"output_format": "jpeg"},
        {"seed": 1},
        {"options": {"strength": 2}},
        {"mask": png(64, 48, (255, 255, 254))},
        {"references": [png(5, 5)]},
        {"references": [Reference(imgedit.ImageSource.of(png(6, 6)), "a hat")]},
        {"references": []},
        {"keep_metadata": True},
    ),
    ids=lambda change: next(iter(change)),
)
def test_what_differs_is_another_edit(
    buy: Buy, server: ScriptedServer, change: dict[str, Any]
) -> None:
    same = {
        "mask": png(64, 48, (255, 255, 255)),
        "references": [(png(6, 6), "a coat")],
        "options": {"strength": 1},
    }
    buy(**same)
    result = buy(**{**same, **change}, reuse=True)
    assert not result.reused
    assert result.warnings == ()
    assert server.count("POST", "/edit") == 2
    assert buy(**same, reuse=True, label="mine", max_cost="0.01 USD").reused


def test_another_address_is_another_vendor(
    buy: Buy, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a test's server drew is no result of the vendor's."""
    buy()
    monkeypatch.setenv("IMGEDIT_ACME_BASE_URL", f"{server.url}/v2")
    server.on("POST", "/v2/upload", Answer.json({"handle": "h"}))
    server.on("POST", "/v2/edit", Answer.picture(png()))
    assert not buy(reuse=True).reused


@pytest.mark.parametrize("trouble", ("gone", "changed"))
def test_a_picture_that_is_not_there_any_more(
    buy: Buy, server: ScriptedServer, tmp_path: Path, trouble: str
) -> None:
    out = tmp_path / "a.png"
    first = buy(out=out)
    if trouble == "gone":
        out.unlink()
    else:
        out.write_bytes(bytes([out.read_bytes()[0] ^ 1]) + out.read_bytes()[1:])
    again = buy(out=tmp_path / "b.png", reuse=True)
    assert not again.reused
    assert server.count("POST", "/edit") == 2
    assert first.job_id in again.warnings[0]
    assert "edited anew" in again.warnings[0]
    (tmp_path / "b.png").unlink()
    last = buy(out=tmp_path / "c.png")
    assert bool(last.warnings) == (trouble == "changed"), "it is only told of what seems there"


def test_only_what_is_finished_is_reused(buy: Buy, server: ScriptedServer, tmp_path: Path) -> None:
    server.on("POST", "/edit", Answer(status=400, body=b"{}"))
    with pytest.raises(errors.ProviderError):
        buy(reuse=True)
    server.on("POST", "/edit", Answer.picture(png()))
    result = buy(reuse=True)
    assert (result.reused, result.warnings) == (False, ())


@pytest.mark.parametrize("reuse", (True, False))
@pytest.mark.parametrize("paid", (True, False), ids=("paid", "unknown"))
def test_one_that_may_be_paid_and_goes_on_is_told_of(
    buy: Buy, server: ScriptedServer, resume: Any, journal: Path, reuse: bool, paid: bool
) -> None:
    """Who types the command once more after a failure buys twice, and would rather not."""
    if paid:
        server.on("GET", "/out.png", Answer(status=404))
    else:
        server.on("POST", "/edit", Answer(fault="drop_after_body"))
    with pytest.raises(errors.ImgEditError) as caught:
        buy()
    server.on("GET", "/out.png", Answer.picture(png()))
    server.on("POST", "/edit", Answer.picture(png()))
    events: list[Event] = []
    again = buy(reuse=reuse, on_event=events.append)
    (warning,) = again.warnings
    what = "is paid" if paid else "may be charged"
    step = f'client.resume("{caught.value.job_id}")'
    assert (
        warning
        == f"job {caught.value.job_id} is the same edit, it {what} and was not finished yet: {step}"
    )
    kinds = [event.kind for event in events]
    assert kinds.index("warning") < kinds.index("sending"), "it can be stopped"
    assert "still there" in buy().warnings[0], "that costs nothing, so it comes first"
    with imgedit.SyncClient(journal=journal) as client:
        client.settle(caught.value.job_id, charged=paid)
        client.prune(timedelta(0))
    assert buy(reuse=reuse).warnings == ()


def test_one_that_somebody_drives_hides_none_that_can_go_on(
    buy: Buy, server: ScriptedServer, journal: Path
) -> None:
    server.on("GET", "/out.png", Answer(status=404))
    jobs = []
    for _ in range(2):
        with pytest.raises(errors.DownloadFailed) as caught:
            buy()
        jobs.append(caught.value.job_id or "")
    older, newer = sorted(jobs)
    with closing(SqliteJournal(journal)) as other:
        other.hold(newer)
        with pytest.raises(errors.DownloadFailed):
            buy(on_event=(events := list[Event]()).append)
        assert [older in event.text for event in events if event.kind == "warning"] == [True]
        other.hold(older)
        jobs.append(max(one.id for one in other.unfinished()))
        other.hold(jobs[-1])
        server.on("GET", "/out.png", Answer.picture(png()))
        (warning,) = buy(reuse=True).warnings
    newest = max(jobs)
    assert warning == (
        f"job {newest} is the same edit, and this process drove it as this one began: "
        f'client.job("{newest}")'
    )


def test_what_this_client_drives_itself_is_not_told_of(
    acme: Any, server: ScriptedServer, source: Path, journal: Path
) -> None:
    use_two(acme, server)
    server.on("POST", "/edit", Answer.picture(png(), delay=30), Answer.picture(png()))

    async def work() -> None:
        async with Client(journal=journal) as client:
            first = asyncio.create_task(client.edit(source, "x", provider="acme"))
            while not server.requests:
                await asyncio.sleep(0.01)
            assert (await client.edit(source, "x", provider="acme", reuse=True)).warnings == ()
            assert [job.job.status for job in client.unfinished()] == ["sent"]
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)

    asyncio.run(work())


def test_a_job_that_was_resumed_counts(
    buy: Buy, server: ScriptedServer, resume: Any, journal: Path, tmp_path: Path
) -> None:
    server.on("GET", "/out.png", Answer(status=404))
    with pytest.raises(errors.DownloadFailed) as caught:
        buy(out=tmp_path / "a.png")
    server.on("GET", "/out.png", Answer.picture(png()))
    resume(caught.value.job_id, journal=journal)
    assert buy(out=tmp_path / "b.png", reuse=True).job_id == caught.value.job_id


@pytest.mark.parametrize("given", ("path", "bytes"))
def test_a_job_that_was_kept_as_json_counts(
    buy: Buy, server: ScriptedServer, resume: Any, source: Path, journal: Path, given: str
) -> None:
    """It was begun without a journal, and came into one when it went on."""
    server.on("GET", "/out.png", Answer(status=404))
    with pytest.raises(errors.DownloadFailed) as caught:
        buy(source if given == "path" else source.read_bytes(), journal=None)
    server.on("GET", "/out.png", Answer.picture(png()))
    kept = json.loads(caught.value.job or "")
    job_id = resume(caught.value.job, journal=journal).job_id
    assert buy(reuse=True).job_id == job_id
    again = buy()
    assert job_id in again.warnings[0]
    with imgedit.SyncClient(journal=journal) as client:
        assert client.job(again.job_id).fingerprint == kept["fingerprint"]
        client.prune(timedelta(0))
    del kept["fingerprint"]  # as those of before
    resume(json.dumps(kept), journal=journal)
    assert not buy(reuse=True).reused
    assert server.count("POST", "/edit") == 3


def test_several_pictures(buy: Buy, server: ScriptedServer, tmp_path: Path) -> None:
    first = buy(n=2, out=tmp_path / "a.png")
    again = buy(n=2, out=tmp_path / "b.png", reuse=True)
    assert [image.path.name for image in again.images] == ["b-1.png", "b-2.png"]
    assert [image.sha256 for image in again.images] == [image.sha256 for image in first.images]
    assert server.count("POST", "/edit") == 1
    (tmp_path / "a-2.png").unlink()
    assert not buy(n=2, reuse=True).reused, "half of it is not enough"


def test_fewer_than_were_asked_for_stays_told(
    buy: Buy, server: ScriptedServer, tmp_path: Path
) -> None:
    server.on("POST", "/edit", Answer.picture(png()))
    first = buy(n=2)
    assert (
        buy(n=2, reuse=True).warnings == first.warnings == ("2 pictures were asked for and 1 came",)
    )


def test_places_are_as_after_an_edit(buy: Buy, server: ScriptedServer, tmp_path: Path) -> None:
    first = buy(sidecar=True, out=tmp_path / "a.png")
    with pytest.raises(errors.OutputError, match="exists already"):
        buy(reuse=True, out=tmp_path / "a.png")
    again = buy(reuse=True, out=tmp_path / "a.png", overwrite=True, sidecar=True, label="mine")
    assert again.image.path.read_bytes() == png()
    record = json.loads((tmp_path / "a.png.json").read_text())
    assert (record["reused"], record["job_id"]) == (True, first.job_id)
    assert record["request"]["prompt"] == "make it so"
    assert record["request"]["label"] == "mine"
    assert record["cost"] == {"amount": "0", "unit": "USD"}
    assert record["output"]["sha256"] == hashlib.sha256(png()).hexdigest()
    assert server.count("POST", "/edit") == 1


def test_a_name_that_asks_for_no_format(buy: Buy, server: ScriptedServer, tmp_path: Path) -> None:
    buy(out=tmp_path / "a")
    plain = buy(reuse=True, out=tmp_path / "b")
    assert plain.image.path.name == "b.png"
    assert plain.warnings == ()
    odd = buy(reuse=True, out=tmp_path / "c.webp")  # acme makes none, so it was not asked for
    assert odd.image.path.name == "c.png"
    assert "written to c.png" in odd.warnings[0]
    assert server.count("POST", "/edit") == 1
    buy(reuse=True, out=tmp_path / "d.jpg")
    assert server.count("POST", "/edit") == 2, "a JPEG is another edit"


def test_without_a_place_it_lies_where_it_is(buy: Buy, tmp_path: Path) -> None:
    kept = buy()
    assert buy(reuse=True).image.path == kept.image.path


def test_it_passes_every_budget(buy: Buy, tmp_path: Path) -> None:
    buy()
    tight = [Budget(amount="0.01 USD", per="day")]
    assert buy(reuse=True, budgets=tight, max_cost="0.001 USD").reused
    with pytest.raises(errors.BudgetExceeded):
        buy(prompt="something else", reuse=True, budgets=tight)


def test_it_needs_a_journal(buy: Buy, server: ScriptedServer) -> None:
    with pytest.raises(errors.UsageError, match="no journal"):
        buy(reuse=True, journal=None)
    assert server.requests == []


def test_without_a_place_for_pictures_it_is_not_offered(buy: Buy, journal: Path) -> None:
    """A journal of somebody's own may know the job all the same."""
    job_id = buy().job_id
    with closing(SqliteJournal(journal)) as kept:
        found = [kept.load(job_id)]

    class Own(MemoryJournal):
        def find(self, fingerprint: str) -> list[JobRecord]:
            return found

    assert buy(journal=Own()).warnings == ()


def test_prompts_that_are_not_kept(buy: Buy, server: ScriptedServer, journal: Path) -> None:
    words = {"prompt": "canary words", "references": [(png(6, 6), "canary hat")]}
    first = buy(
        **words, out=journal.with_name("a.png"), journal=SqliteJournal(journal, keep_prompts=False)
    )
    again = buy(
        **words, reuse=True, sidecar=True, out=journal.with_name("x.png"),
        journal=SqliteJournal(journal, keep_prompts=False),
    )  # fmt: skip
    assert (again.reused, again.job_id) == (True, first.job_id)
    record = json.loads(journal.with_name("x.png.json").read_text())
    assert record["request"]["prompt"] == "canary words"
    assert record["request"]["references"][0]["description"] == "canary hat"
    assert b"canary" not in journal.read_bytes()


def test_an_address_is_never_the_same(buy: Buy, server: ScriptedServer) -> None:
    """The vendor fetches it: what is there may be another picture than before."""
    url = "https://pictures.acme.example/1.png"
    assert buy(url).warnings == ()
    again = buy(url, reuse=True)
    assert not again.reused
    assert "may have changed" in again.warnings[0]


def test_with_several_providers_whoever_did_it_counts(
    buy: Buy, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMGEDIT_ZETA_BASE_URL", server.url)
    monkeypatch.setenv("ZETA_API_KEY", "canary-zeta")
    auth = {**MANIFEST["auth"], "env": ["ZETA_API_KEY"]}
    imgedit.register("zeta", make("zeta"), {**MANIFEST, "name": "zeta", "auth": auth})
    bought = buy(provider="zeta")
    for names in ("acme,zeta", "zeta,acme", "nobody,zeta", "cheapest"):
        again = buy(provider=names, reuse=True)
        assert (again.reused, again.provider) == (True, "zeta"), names
        assert again.job_id == bought.job_id
    assert server.count("POST", "/edit") == 1


def test_a_job_in_the_background(
    acme: Any, server: ScriptedServer, source: Path, journal: Path
) -> None:
    use_two(acme, server)

    async def run() -> None:
        async with Client(journal=journal) as client:
            for reused in (False, True):
                job = await client.submit(source, "x", provider="acme", reuse=True)
                result = await job.result()
                assert (result.reused, result.job_id) == (reused, job.id)
                assert [event.kind async for event in job.events()][-1] == "done"
                assert job.quote == result.quote

    asyncio.run(run())
    assert server.count("POST", "/edit") == 1


def test_it_takes_no_commit(
    acme: Any, server: ScriptedServer, source: Path, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from imgedit.journal import SqliteJournal

    use_two(acme, server)
    kept = SqliteJournal(journal)
    written: list[str] = []

    async def run() -> None:
        async with Client(journal=kept) as client:
            await client.edit(source, "x", provider="acme")
            kept._connection.set_trace_callback(written.append)
            await client.edit(source, "x", provider="acme", reuse=True)

    asyncio.run(run())
    assert written
    assert all(statement.lstrip().startswith("SELECT") for statement in written)


def test_a_dry_run_shows_the_request_all_the_same(
    buy: Buy, source: Path, journal: Path, server: ScriptedServer
) -> None:
    buy()
    with imgedit.SyncClient(journal=journal) as client:
        rows = client.preview(source, "make it so", provider="acme", reuse=True)
    assert rows[0]["purpose"] == "upload"
    assert server.count("POST", "/edit") == 1
