"""A rate in the configuration that does not exist keeps nothing from being stored or told."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

import imgedit
from imgedit import Budget, errors
from imgedit.config import Config, ProviderConfig
from imgedit.testing.pictures import png
from imgedit.testing.server import Answer, ScriptedServer

CREDITS = {
    "unit": "acme:credits",
    "sources": {"rates": {"url": "https://acme.example/rates", "read": "2026-11-20"}},
    "rates": [{"to": "USD", "amount": "0.01", "name": "pro", "source": "rates"}],
    "models": [{"id": "one", "price": {"amounts": "4"}}],
}
LATER = Answer(status=503, headers={"Retry-After": "86400"})


def client(path: Path, rate: str) -> imgedit.Client:
    made = imgedit.Client(journal=path, budgets=[Budget(amount="5 USD")])
    made.runtime.config = Config(providers={"acme": ProviderConfig(rate=rate)})
    return made


async def begun(path: Path, source: Path, **keywords: Any) -> errors.ImgEditError:
    """The error of an edit that can go on, begun while the rate was right."""
    async with client(path, "pro") as one:
        with pytest.raises(errors.ImgEditError) as caught:
            await one.edit(source, "make it so", provider="acme", **keywords)
    return caught.value


def done(server: ScriptedServer) -> Answer:
    return Answer.json({"id": "7", "urls": [f"{server.url}/out.png"]})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the journal lies."""
    return tmp_path / "jobs.sqlite3"


@pytest.mark.parametrize("place", ("/jobs/7", "/out.png"))
def test_a_paid_job_goes_on(
    acme: Any, server: ScriptedServer, source: Path, path: Path, place: str
) -> None:
    acme(CREDITS)
    server.on("GET", "/jobs/7", done(server))
    server.on("GET", place, LATER)

    async def work() -> None:
        error = await begun(path, source)
        assert error.charged == "yes"
        server.on("GET", "/jobs/7", done(server))
        server.on("GET", "/out.png", Answer.picture(png()))
        async with client(path, "pro2") as one:
            assert (await one.resume(error.job_id)).images
            assert [row.charged for row in one.spend()] == [4]

    asyncio.run(work())
    assert server.count("POST", "/edit") == 1


def test_a_job_that_nobody_knows_of_stays_so_and_can_be_settled(
    acme: Any, server: ScriptedServer, source: Path, path: Path
) -> None:
    acme(CREDITS)
    server.on("POST", "/edit", Answer(fault="drop_after_body"))

    async def work() -> None:
        job = (await begun(path, source)).job_id
        async with client(path, "pro2") as one:
            with pytest.raises(errors.OutcomeUnknown) as caught:
                await one.resume(job)
            assert (caught.value.charged, caught.value.job_id) == ("unknown", job)
            assert f'client.settle("{job}"' in str(caught.value)
            assert one.settle(job, charged=True).charged == "yes"
            assert [row.charged for row in one.spend()] == [4]

    asyncio.run(work())
    assert server.count("POST", "/edit") == 1


def test_nothing_is_sent_and_a_planned_job_waits(
    acme: Any, server: ScriptedServer, source: Path, path: Path
) -> None:
    acme(CREDITS)

    async def work() -> None:
        server.on("POST", "/upload", Answer(fault="hang"), Answer.json({"handle": "h1"}))
        job = (await begun(path, source, deadline=1)).job_id
        async with client(path, "pro2") as one:
            with pytest.raises(errors.ConfigError, match="no rate 'pro2'") as caught:
                await one.edit(source, "make it so", provider="acme")
            assert (caught.value.charged, caught.value.job_id) == ("no", None)
            with pytest.raises(errors.ConfigError, match="no rate 'pro2'") as caught:
                await one.resume(job)
            error = caught.value
            assert (error.charged, error.job_id) == ("no", job)
            assert (error.hint or "").endswith(f'Then go on with: client.resume("{job}")')
            assert not hasattr(error, "__notes__"), "it is said once"
            assert [record.job.status for record in one.jobs()] == ["planned"]
        assert server.count("POST", "/edit") == 0
        server.on("GET", "/jobs/7", done(server))
        async with client(path, "pro") as one:
            assert (await one.resume(job)).images

    asyncio.run(work())
