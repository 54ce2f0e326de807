"""Several providers for one edit: who is asked next, and who never is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import imgedit
from imgedit import errors
from imgedit.config import Paths
from imgedit.engine.ceiling import to_money
from imgedit.engine.plan import Ask
from imgedit.engine.record import JobRecord
from imgedit.engine.route import route
from imgedit.journal import SqliteJournal
from imgedit.testing.acme import MANIFEST, make
from imgedit.testing.pictures import png
from imgedit.testing.server import Answer, ScriptedServer

Edit = Callable[..., imgedit.EditResult]


@pytest.fixture
def zeta(acme: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    """A second provider, cheaper, on a server of its own."""
    with ScriptedServer() as second:
        monkeypatch.setenv("IMGEDIT_ZETA_BASE_URL", second.url)
        monkeypatch.setenv("ZETA_API_KEY", "canary-zeta")
        manifest = {
            **MANIFEST,
            "name": "zeta",
            "title": "Zeta",
            "auth": {**MANIFEST["auth"], "env": ["ZETA_API_KEY"]},
            "models": [{"id": "small", "price": {"amounts": "0.01"}}],
            "default_model": "small",
        }
        imgedit.register("zeta", make("zeta"), manifest)
        second.on("POST", "/upload", Answer.json({"handle": "z1"}))
        second.on("POST", "/edit", Answer.picture(png(9, 9)))
        yield second


@pytest.fixture
def ask() -> Edit:
    """One edit, by whichever provider is named."""

    def one(image: Any, provider: str, **keywords: Any) -> imgedit.EditResult:
        async def run() -> imgedit.EditResult:
            async with imgedit.Client() as client:
                return await client.edit(image, "make it so", provider=provider, **keywords)

        return asyncio.run(run())

    return one


@pytest.mark.parametrize(
    "answer",
    (Answer(status=503), Answer(status=429, headers={"Retry-After": "900"})),
    ids=("503", "429"),
)
def test_the_next_one_serves(
    zeta: ScriptedServer, server: ScriptedServer, ask: Edit, source: Path, answer: Answer
) -> None:
    server.on("POST", "/edit", answer)
    result = ask(source, "acme, zeta")
    assert (result.provider, result.image.width) == ("zeta", 9)
    (tried,) = result.tried
    assert (tried.provider, tried.model) == ("acme", None)
    assert tried.type in ("ProviderUnavailable", "RateLimited")
    assert result.to_dict()["tried"][0]["provider"] == "acme"


def test_the_next_one_serves_while_the_limit_allows_no_repeat(
    zeta: ScriptedServer, server: ScriptedServer, source: Path
) -> None:
    Paths.from_environment().config_file.write_text("[providers.acme]\nlimit = '6/h'\n")
    server.on("POST", "/edit", Answer(status=503))

    async def run() -> imgedit.EditResult:
        async with imgedit.Client.from_config(journal=False) as client:
            return await client.edit(source, "make it so", provider="acme,zeta")

    result = asyncio.run(run())
    assert (result.provider, result.tried[0].type) == ("zeta", "ProviderUnavailable")
    assert server.count("POST", "/edit") == 1


@pytest.mark.parametrize(
    ("answer", "kind"),
    (
        (Answer(fault="drop_after_body"), errors.OutcomeUnknown),
        (Answer(status=500), errors.ProviderUnavailable),
        (Answer(status=400), errors.InvalidRequest),
        (Answer.json({"code": "moderated", "state": "failed"}), errors.ContentRejected),
        (Answer(status=401), errors.AuthenticationError),
        (Answer(body=b"<html>"), errors.UnexpectedResponse),
    ),
    ids=("lost", "500", "400", "content", "401", "html"),
)
def test_the_next_one_is_not_asked(
    zeta: ScriptedServer,
    server: ScriptedServer,
    ask: Edit,
    source: Path,
    answer: Answer,
    kind: type[errors.ImgEditError],
) -> None:
    server.on("POST", "/edit", answer)
    with pytest.raises(kind):
        ask(source, "acme,zeta")
    assert zeta.requests == []


def test_the_next_one_is_not_asked_while_the_job_can_go_on(
    zeta: ScriptedServer, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    """What the journal was not told is not over there: it would be bought at both."""

    class Full(SqliteJournal):
        def save(self, record: JobRecord, **options: Any) -> None:
            if record.job.status == "failed":
                raise errors.JournalError("the disk is full")
            super().save(record, **options)

    async def run() -> imgedit.EditResult:
        journal = Full(tmp_path / "jobs.sqlite3")
        async with imgedit.Client(journal=journal) as client:
            with pytest.raises(errors.ProviderUnavailable) as caught:
                await client.edit(source, "x", provider="acme,zeta")
            assert f'client.resume("{caught.value.job_id}")' in str(caught.value.hint)
            server.on("POST", "/edit", Answer.json({"id": "7"}))
            return await client.resume(str(caught.value.job))

    server.on("POST", "/edit", Answer(status=503))
    assert asyncio.run(run()).provider == "acme"
    assert zeta.count("POST", "/edit") == 0


def test_a_refused_content_goes_to_the_next_when_that_is_asked_for(
    acme: Any, zeta: ScriptedServer, server: ScriptedServer, ask: Edit, source: Path
) -> None:
    free = {"code": ["unfit"], "is": "ContentRejected", "charged": "no"}
    acme({"errors": {**MANIFEST["errors"], "rows": [free, *MANIFEST["errors"]["rows"]]}})
    server.on("POST", "/edit", Answer.json({"code": "unfit"}, status=400))
    with pytest.raises(errors.ContentRejected):
        ask(source, "acme,zeta")
    assert zeta.count("POST", "/edit") == 0
    result = ask(source, "acme,zeta", next_on_refusal=True)
    assert (result.provider, result.tried[0].type) == ("zeta", "ContentRejected")


def test_a_refused_content_that_may_be_charged_goes_nowhere(
    zeta: ScriptedServer, server: ScriptedServer, ask: Edit, source: Path
) -> None:
    billed = {"code": "moderated", "state": "failed", "cost": "0.04"}
    server.on("POST", "/edit", Answer.json(billed))
    with pytest.raises(errors.ContentRejected) as caught:
        ask(source, "acme,zeta", next_on_refusal=True)
    assert caught.value.charged == "yes"
    assert zeta.count("POST", "/edit") == 0


def test_a_name_that_is_not_installed_is_told_before_anything_is_sent(
    zeta: ScriptedServer, server: ScriptedServer, ask: Edit, source: Path
) -> None:
    with pytest.raises(errors.UnknownProvider, match="no provider 'zetta' is installed"):
        ask(source, "acme,zetta")
    assert (server.requests, zeta.requests) == ([], [])


def test_who_cannot_do_it_is_passed_over(
    zeta: ScriptedServer, server: ScriptedServer, ask: Edit, source: Path
) -> None:
    result = ask(source, "acme,zeta", max_cost="0.02 USD")
    assert (result.provider, result.tried[0].type) == ("zeta", "BudgetExceeded")
    assert server.requests == []


def test_when_nobody_can_the_last_error_tells_of_all(
    zeta: ScriptedServer, ask: Edit, source: Path
) -> None:
    with pytest.raises(errors.ValidationError, match="Tried before: acme: /quality"):
        ask(source, "acme,zeta", quality="high")


def test_the_cheapest_goes_first(
    zeta: ScriptedServer, server: ScriptedServer, ask: Edit, source: Path
) -> None:
    local_out = ask(source, "cheapest", model=None)
    assert local_out.provider == "zeta"
    zeta.on("POST", "/edit", Answer(status=503))
    assert ask(source, "cheapest").provider == "acme"
    assert server.count("POST", "/edit") == 1


def test_the_cheapest_needs_a_key(
    zeta: ScriptedServer, ask: Edit, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ZETA_API_KEY")
    assert ask(source, "cheapest").provider == "acme"
    monkeypatch.delenv("ACME_API_KEY")
    with pytest.raises(errors.UsageError, match="price that can be compared"):
        ask(source, "cheapest")


CREDITS = {
    "unit": "acme:credits",
    "models": [{"id": "big", "price": {"amounts": "9"}}, {"id": "one", "price": {"amounts": "4"}}],
}


def choose(rate: str) -> None:
    file = Paths.from_environment().config_file
    file.write_text(f"[providers.acme]\nrate = '{rate}'\n")


def candidates(source: Path, **given: Any) -> list[tuple[str | None, str | None]]:
    """Who is asked by `-p cheapest`, in this order."""
    client = imgedit.Client.from_config(journal=False)
    if "max_cost" in given:
        given["max_cost"] = to_money(given["max_cost"])
    image = imgedit.ImageSource(media_type="image/png", path=str(source))
    request = imgedit.EditRequest(image=image, prompt="make it so")
    asks = route(client.runtime, Ask(request=request, provider="cheapest", **given))
    return [(ask.provider, ask.request.model) for ask in asks]


def test_credits_compare_at_the_rate_that_was_chosen(
    acme: Any, zeta: ScriptedServer, source: Path
) -> None:
    acme(CREDITS)
    choose("0.001 USD")
    assert candidates(source) == [("acme", "one"), ("acme", "big"), ("zeta", "small")]
    choose("0.002 USD")
    assert candidates(source) == [("acme", "one"), ("zeta", "small"), ("acme", "big")]


def test_the_format_that_the_name_asks_for_is_compared(
    acme: Any, zeta: ScriptedServer, server: ScriptedServer, ask: Edit, source: Path, tmp_path: Path
) -> None:
    row = {
        "id": "one",
        "limits": {"output_format": {"enum": ["jpeg", "png"], "default": "jpeg"}},
        "wire": {"output_format": "format"},
        "price": {"by": ["output_format"], "amounts": {"jpeg": "0.005", "png": "0.20"}},
    }
    acme({"models": [row], "default_model": "one"})
    dear, cheap = ("acme", "one"), ("zeta", "small")
    assert candidates(source) == candidates(source, out="a.jpg") == [dear, cheap]
    assert candidates(source, out="a.png") == [cheap, dear]
    assert ask(source, "cheapest", out=tmp_path / "a.png").provider == "zeta"
    assert server.requests == []


def test_who_has_no_price_in_the_unit_comes_last(
    acme: Any, zeta: ScriptedServer, source: Path
) -> None:
    acme(CREDITS)
    dollars, credits = ("zeta", "small"), [("acme", "one"), ("acme", "big")]
    assert candidates(source, max_cost="1 USD") == [dollars], (
        "the others cannot be compared with it"
    )
    assert candidates(source, max_cost="9 acme:credits") == credits
    assert candidates(source, max_cost="0.000001 USD") == [dollars], "it says what the least costs"
    assert candidates(source) == [*credits, dollars], "most are priced in credits"


@pytest.mark.parametrize(
    ("said", "asked"),
    (
        ("zeta, acme", {"acme", "zeta"}),
        ("zeta", {"zeta"}),
        ("cheapest", {"acme", "zeta"}),
    ),
)
def test_the_same_names_are_quoted(
    zeta: ScriptedServer, source: Path, said: str, asked: set[str]
) -> None:
    with imgedit.SyncClient() as client:
        quotes = client.quote(source, "make it so", provider=said).quotes
        assert {one.provider for one in quotes if one.provider in ("acme", "zeta")} == asked
        assert said == "cheapest" or {one.provider for one in quotes} == asked
        with pytest.raises(errors.UnknownProvider):
            client.quote(source, "make it so", provider="zeta,nobody")


def test_a_price_in_another_unit_is_asked_when_nobody_else_serves(
    acme: Any, zeta: ScriptedServer, server: ScriptedServer, ask: Edit, source: Path
) -> None:
    acme({**CREDITS, "models": CREDITS["models"][1:]})
    for one in (server, zeta):
        one.on("POST", "/edit", Answer(status=503))
    with pytest.raises(errors.ProviderUnavailable, match="Tried before: zeta"):
        ask(source, "cheapest")
    assert min(one.count("POST", "/edit") for one in (server, zeta)) > 0


def test_a_limit_in_money_holds_for_credits_with_a_rate(
    acme: Any, zeta: ScriptedServer, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme(CREDITS)
    choose("0.01 USD")
    monkeypatch.delenv("ZETA_API_KEY")
    with imgedit.SyncClient.from_config(journal=False) as client:
        given = {"provider": "cheapest", "max_cost": "0.05 USD"}
        assert client.edit(source, "make it so", **given).model == "one"
        with pytest.raises(errors.BudgetExceeded, match=r"the limit is 0\.03 USD"):
            client.edit(source, "make it so", provider="cheapest", max_cost="0.03 USD")


@pytest.mark.parametrize(
    ("said", "words", "first"),
    (
        ("acme,zeta", {}, "acme"),
        ("zeta,acme", {}, "zeta"),
        ("acme,zeta", {"max_cost": "0.02 USD"}, "zeta"),
        ("cheapest", {}, "zeta"),
    ),
)
def test_what_is_shown_and_what_is_begun_is_what_the_first_that_can_do_it_gets(
    zeta: ScriptedServer,
    server: ScriptedServer,
    source: Path,
    said: str,
    words: dict[str, Any],
    first: str,
) -> None:
    async def run() -> None:
        async with imgedit.Client() as client:
            words["provider"] = said
            rows = await client.preview(source, "make it so", **words)
            assert [row["url"] for row in rows][-1].startswith(servers[first].url)
            assert (server.requests, zeta.requests) == ([], [])
            job = await client.submit(source, "make it so", **words)
            result = await job.result()
            assert (result.provider, result.job_id) == (first, job.id)
            assert [one.provider for one in result.tried] == ["acme"] * ("max_cost" in words)
            with pytest.raises(errors.UnknownProvider, match="'zetta'"):
                await client.preview(source, "make it so", provider="acme,zetta")
            with pytest.raises(errors.ValidationError, match="Tried before: acme: /quality"):
                await client.submit(source, "make it so", provider="acme,zeta", quality="high")

    servers = {"acme": server, "zeta": zeta}
    asyncio.run(run())
    assert [one.count("POST", "/edit") for one in (servers.pop(first), *servers.values())] == [1, 0]


def test_what_was_begun_with_one_goes_to_no_other(
    zeta: ScriptedServer, server: ScriptedServer, source: Path
) -> None:
    server.on("POST", "/edit", Answer(status=503))

    async def run() -> None:
        async with imgedit.Client() as client:
            job = await client.submit(source, "make it so", provider="acme,zeta")
            with pytest.raises(errors.ProviderUnavailable):
                await job.result()
            zeta.on("POST", "/edit", Answer(status=503))
            words = {"provider": "acme,zeta", "max_cost": "0.02 USD"}
            job = await client.submit(source, "make it so", **words)
            with pytest.raises(errors.ProviderUnavailable, match="Tried before: acme: it may cost"):
                await job.result()

    asyncio.run(run())
    assert server.count("POST", "/edit") == zeta.count("POST", "/edit")


def test_the_same_edit_of_any_of_them_is_reused_when_it_is_begun(
    zeta: ScriptedServer, server: ScriptedServer, source: Path, tmp_path: Path
) -> None:
    async def run() -> None:
        async with imgedit.Client(journal=tmp_path / "jobs.sqlite3") as client:
            first = await client.edit(source, "make it so", provider="zeta")
            job = await client.submit(source, "make it so", provider="acme,zeta", reuse=True)
            again = await job.result()
            assert (again.reused, again.job_id) == (True, first.job_id)

    asyncio.run(run())
    assert server.requests == []


@pytest.mark.parametrize("said", ("acme,", ",", "acme,,zeta"))
def test_an_empty_name(zeta: ScriptedServer, ask: Edit, source: Path, said: str) -> None:
    with pytest.raises(errors.UsageError, match="empty"):
        ask(source, said)
