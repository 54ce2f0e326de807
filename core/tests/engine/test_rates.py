"""Credits in money, by a rate that the user chose."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import imgedit
from imgedit import Budget, errors
from imgedit.config import Paths
from imgedit.testing.server import ScriptedServer

CREDITS = {
    "unit": "acme:credits",
    "sources": {"rates": {"url": "https://acme.example/rates", "read": "2026-11-20"}},
    "rates": [
        {"to": "USD", "amount": "0.0012", "name": "pro", "source": "rates"},
        {"to": "USD", "amount": "0.001", "name": "pro above 1,000", "source": "rates"},
    ],
    "models": [
        {"id": "one", "price": {"amounts": "50"}},
        {"id": "more", "price": {"amounts": "50+"}},
        {"id": "some", "price": {"unknown": "not published"}},
    ],
}


def choose(rate: str) -> None:
    file = Paths.from_environment().config_file
    file.write_text(f"[providers.acme]\nrate = '{rate}'\n")


def offers(source: Path) -> dict[str, Any]:
    async def run() -> Any:
        async with imgedit.Client.from_config(journal=False) as client:
            return await client.quote(source, "make it so", provider="acme")

    return {offer.model: offer.also for offer in asyncio.run(run()).quotes}


def edit(source: Path, limit: str) -> imgedit.EditResult:
    async def run() -> imgedit.EditResult:
        async with imgedit.Client.from_config(journal=False) as client:
            return await client.edit(source, "make it so", provider="acme", max_cost=limit)

    return asyncio.run(run())


def test_a_quote_is_also_in_money(acme: Any, source: Path) -> None:
    acme(CREDITS)
    assert offers(source) == {"one": None, "more": None, "some": None}, "no rate was chosen"
    choose("pro")
    found = offers(source)
    assert found["one"].row() == {
        "amount": "0.06",
        "at_most": "0.06",
        "unit": "USD",
        "rate": "pro",
        "source": "https://acme.example/rates",
        "as_of": "2026-11-20",
    }
    assert (found["more"].amount, found["more"].at_most) == (Decimal("0.06"), None)
    assert found["some"] is None


def test_a_rate_of_ones_own(acme: Any, source: Path) -> None:
    acme(CREDITS)
    choose("0.02 EUR")
    row = offers(source)["one"].row()
    assert (row["amount"], row["unit"], row["rate"]) == ("1", "EUR", "your own")
    assert (row["source"], row["as_of"]) == (None, None)
    with pytest.raises(
        errors.BudgetExceeded, match=r"50 acme:credits \(1.00 EUR at your own rate\)"
    ):
        edit(source, "0.99 EUR")


def test_a_rate_to_its_own_unit_is_none(acme: Any, source: Path) -> None:
    """What is priced in USD costs that, whatever somebody wrote that a credit costs."""
    acme({"models": [{"id": "one", "price": {"amounts": "0.04"}}]})
    choose("0.01 USD")
    assert offers(source) == {"one": None}
    with pytest.raises(errors.BudgetExceeded, match=r"may cost 0\.04 USD, the limit is 0\.03 USD"):
        edit(source, "0.03 USD")


@pytest.mark.parametrize(
    "rate", ("Pro", "pro above", "-1 USD", "0.1", "nan USD", "0.0012 USD per credit")
)
def test_a_rate_that_does_not_exist_is_refused(acme: Any, source: Path, rate: str) -> None:
    acme(CREDITS)
    choose(rate)
    with pytest.raises(errors.ConfigError) as caught:
        offers(source)
    assert 'There are: "pro", "pro above 1,000". Or write what' in str(caught.value)


def test_the_hint_where_no_rate_has_a_name(acme: Any, source: Path) -> None:
    acme({**CREDITS, "rates": []})
    choose("pro")
    with pytest.raises(errors.ConfigError) as caught:
        offers(source)
    assert caught.value.hint == 'Write what a credit costs you: rate = "0.01 USD".'


def test_a_limit_in_money_needs_a_chosen_rate(
    acme: Any, server: ScriptedServer, source: Path
) -> None:
    acme(CREDITS)
    with pytest.raises(errors.BudgetExceeded) as caught:
        edit(source, "1 USD")
    assert 'rate = "pro" under [providers.acme]' in str(caught.value)
    choose("pro")
    with pytest.raises(errors.BudgetExceeded, match=r"50 acme:credits \(0.0600 USD at the rate"):
        edit(source, "0.059 USD")
    with pytest.raises(errors.BudgetExceeded, match="no rate"):
        edit(source, "5 EUR")
    assert server.requests == []
    assert edit(source, "0.06 USD").images
    assert edit(source, "50 acme:credits").images


def test_a_budget_of_a_provider_that_is_not_there_is_warned_of_once(
    acme: Any, source: Path, caplog: pytest.LogCaptureFixture
) -> None:
    budgets = [Budget(amount="0.01 USD", provider=name) for name in ("Acme", "elsewhere")]
    with imgedit.SyncClient(budgets=[*budgets, Budget(amount="5 USD")]) as client:
        for _ in range(2):
            client.edit(source, "x", provider="acme")
        assert [str(left.counted) for left in client.budgets()] == ["0", "0", "0.08"]
    warned = [one.message for one in caplog.records if one.levelname == "WARNING"]
    begin = "the budget of 0.01 USD in all for"
    assert warned == [
        f"{begin} Acme: no provider 'Acme' is installed; the nearest is acme",
        f"{begin} elsewhere: no provider 'elsewhere' is installed",
    ]
