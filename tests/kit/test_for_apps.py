"""What an app's tests use: the fake provider, and the switch against spending."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import imgedit
from imgedit import errors
from imgedit.discovery import registry
from imgedit.testing import Answer, ScriptedServer, fake, instant_waits, no_spending, png
from imgedit.testing.acme import MANIFEST, make


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    path.write_bytes(png(80, 60))
    return path


def test_the_fake_answers_at_once_and_is_chosen_unasked(photo: Path) -> None:
    with fake() as made:
        result = imgedit.edit(photo, "make it warmer", n=2, seed=3)
        assert (result.provider, len(result.images)) == ("fake", 2)
        assert (result.image.width, result.image.height) == (80, 60)
        (edit,) = made.edits
        assert (edit.prompt, edit.model) == ("make it warmer", "fake")
        assert edit.document["seed"] == 3
    assert "fake" not in registry().names()
    assert "IMGEDIT_PROVIDER" not in os.environ


@pytest.fixture
def acme(monkeypatch: pytest.MonkeyPatch) -> None:
    known = registry()
    monkeypatch.setattr(known, "_entries", dict(known._entries))
    monkeypatch.delenv("ACME_API_KEY", raising=False)
    imgedit.register("acme", make(), MANIFEST)


@pytest.mark.usefixtures("acme")
def test_the_fake_takes_the_place_of_an_installed_provider(photo: Path) -> None:
    with fake("acme") as made:
        result = imgedit.edit(photo, "warmer", provider="acme", n=4)
        assert result.quote is not None
        assert str(result.quote.amount) == "0.16"
        with pytest.raises(errors.ValidationError):
            imgedit.edit(photo, "warmer", provider="acme", n=5)
        assert len(made.edits) == 1
    assert registry().manifest("acme").auth is not None


def test_the_fake_fails_as_it_is_told(photo: Path) -> None:
    with fake() as made:
        made.fail(errors.ContentRejected, "too rude", charged="yes")
        with pytest.raises(errors.ContentRejected, match="too rude") as rejected:
            imgedit.edit(photo, "warmer")
        assert rejected.value.charged == "yes"
        made.fail("RateLimited", retry_after=2)
        with instant_waits() as waits:
            assert imgedit.edit(photo, "warmer").images
        assert 2 <= waits[0] <= 3
        made.lose()
        with pytest.raises(errors.OutcomeUnknown):
            imgedit.edit(photo, "warmer")
        with pytest.raises(KeyError):
            made.fail("NoSuchError")


@pytest.mark.usefixtures("acme")
def test_nothing_is_spent_while_spending_is_off(
    photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_API_KEY", "a-real-key")
    # The upload is free and goes out; in these tests no host but this machine can be reached.
    with ScriptedServer() as server:
        server.on("POST", "/upload", Answer.json({"handle": "h"}))
        server.on("POST", "/edit", Answer.picture(png()))
        monkeypatch.setenv("IMGEDIT_ACME_BASE_URL", server.url)
        with no_spending():
            assert imgedit.edit(photo, "warmer", provider="acme").images  # it stays here
    monkeypatch.setenv("IMGEDIT_ACME_BASE_URL", "https://192.0.2.7/v1")
    url = "https://pictures.acme.example/a.png"
    with no_spending(), pytest.raises(errors.BudgetExceeded, match="switched off") as refused:
        imgedit.edit(url, "warmer", provider="acme")
    assert refused.value.charged == "no"
    with pytest.raises(errors.PluginError, match="NetworkRefused") as tried:
        imgedit.edit(url, "warmer", provider="acme", deadline=1)
    assert "192.0.2.7" in str(tried.value.__cause__)  # the network of tests says so


@pytest.mark.usefixtures("acme")
def test_the_fake_lets_nothing_else_spend(photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME_API_KEY", "a-real-key")
    monkeypatch.setenv("IMGEDIT_ACME_BASE_URL", "https://192.0.2.7/v1")
    url = "https://pictures.acme.example/a.png"
    with fake(), pytest.raises(errors.BudgetExceeded):
        imgedit.edit(url, "warmer", provider="acme")


@pytest.mark.usefixtures("acme")
def test_the_variable_turns_spending_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME_API_KEY", "a-real-key")
    monkeypatch.setenv("IMGEDIT_ACME_BASE_URL", "https://192.0.2.7/v1")
    monkeypatch.setenv("IMGEDIT_NO_SPENDING", "1")
    with pytest.raises(errors.BudgetExceeded):
        imgedit.edit("https://pictures.acme.example/a.png", "warmer", provider="acme")


def test_importing_it_is_light() -> None:
    code = "import sys, imgedit.testing; print(*sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    loaded = set(ran.stdout.split())
    assert not loaded & {"pytest", "hypothesis", "aiohttp", "jsonschema", "asyncio", "cattrs"}


def test_every_public_name_is_there() -> None:
    import imgedit.testing

    assert len(set(imgedit.testing.__all__)) == len(imgedit.testing.__all__)
    for name in imgedit.testing.__all__:
        assert getattr(imgedit.testing, name) is not None
    assert set(imgedit.testing.__all__) <= set(dir(imgedit.testing))
    with pytest.raises(AttributeError):
        _ = imgedit.testing.no_such_name
