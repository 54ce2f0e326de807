"""Add-ons around a provider: what they may do, and who is blamed when one fails."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from imgedit import ConfigError, Event, Job, PluginError, UnexpectedResponse
from imgedit.config import AddonsConfig, Config
from imgedit.contract.exchange import HttpResponse
from imgedit.discovery import Provider, Registry
from imgedit.discovery.scan import ADDONS, COMMANDS, PROVIDERS, Claim, Installed
from imgedit.engine.lists import Lists

OK = HttpResponse(status=200, body=b'{"url": "https://x.example/1"}')


@pytest.fixture
def with_addon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, acme: Any, job: Job
) -> Iterator[Any]:
    """``with_addon(source, ...) -> (Registry, Provider)``: acme with these add-ons around it."""
    monkeypatch.syspath_prepend(str(tmp_path))
    made: list[str] = []
    good = acme()

    def make(*sources: str, module: Any = None) -> tuple[Registry, Provider]:
        claims = {}
        for number, source in enumerate(sources):
            name = f"acme_addon_{len(made)}"
            made.append(name)
            path = tmp_path / f"{name}.py"
            path.write_text("from imgedit import *\n" + textwrap.dedent(source))
            owner = Installed(f"imgedit-addon{number}", "2.0")
            claims[f"addon{number}"] = (
                Claim(group=ADDONS, name=f"addon{number}", value=name, owner=owner),
            )
        registry = Registry({PROVIDERS: {}, ADDONS: claims, COMMANDS: {}}, environ={})
        hooks = module or good._hooks.get_plugin("acme")
        return registry, registry.register("acme", hooks, good.manifest.raw)

    yield make
    for name in made:
        sys.modules.pop(name, None)


def test_a_wrapper_sees_and_changes_what_passes(with_addon: Any, job: Job) -> None:
    _, provider = with_addon(
        """
        @hookimpl(wrapper=True)
        def parse_response(job, response):
            done = yield
            return Next({"images": len(done.images)})
        """
    )
    assert provider.parse_response(job, OK).state == {"images": 1}


def test_the_last_plugin_frame_is_blamed(with_addon: Any, job: Job) -> None:
    _, provider = with_addon(
        """
        @hookimpl(wrapper=True)
        def build_request(job):
            yield
            raise RuntimeError("oh")
        """
    )
    with pytest.raises(PluginError) as caught:
        provider.build_request(job)
    assert caught.value.distribution == "imgedit-addon0 2.0"
    assert "build_request of imgedit-addon0 2.0 raised RuntimeError (" in caught.value.message


def test_an_addon_is_not_blamed_for_what_passes_through_it(with_addon: Any, job: Job) -> None:
    _, provider = with_addon(
        """
        @hookimpl(wrapper=True)
        def parse_response(job, response):
            return (yield)
        """
    )
    with pytest.raises(UnexpectedResponse) as caught:
        provider.parse_response(job, HttpResponse(status=200, body=b"<html>"))
    assert caught.value.distribution == "imgedit_acme (registered) 0.1.0"


def test_a_wrapper_that_yields_wrongly_is_named(with_addon: Any, job: Job) -> None:
    _, provider = with_addon(
        """
        @hookimpl(wrapper=True)
        def build_request(job):
            yield
            yield
        """
    )
    with pytest.raises(PluginError, match=r"\(or of imgedit-addon0 2\.0 around it\)"):
        provider.build_request(job)


def test_a_wrong_answer_names_all_who_took_part(with_addon: Any, job: Job) -> None:
    _, provider = with_addon(
        """
        @hookimpl(wrapper=True)
        def build_request(job):
            yield
        """
    )
    with pytest.raises(PluginError, match=r"around it\) returned None; expected is an HttpRequest"):
        provider.build_request(job)


def test_a_wrapper_cannot_erase_the_manifests_problems(with_addon: Any, job: Job) -> None:
    from attrs import evolve

    _, provider = with_addon(
        """
        @hookimpl(wrapper=True)
        def validate(request, model):
            yield
            return []
        """
    )
    long = evolve(job.request, prompt="x" * 101)
    assert [one.code for one in provider.validate(long, job.model).problems] == ["maxLength"]


def test_broken_addons_break_nothing(
    with_addon: Any, job: Job, caplog: pytest.LogCaptureFixture
) -> None:
    registry, provider = with_addon(
        "raise SystemExit('no')",
        "@hookimpl\ndef price(request): ...\n",
        "@hookimpl\ndef on_event(event): raise ValueError(event)\n",
    )
    assert provider.build_request(job).purpose == "submit"
    rows = registry.addon_rows(check=True)
    assert [(row.name, row.status, row.reason) for row in rows] == [
        ("addon0", "broken", "importing it ended the program (SystemExit: no)"),
        (
            "addon1",
            "broken",
            "price is not marked wrapper=True: an add-on may only wrap it (see docs/hooks.md)",
        ),
        ("addon2", "ok", None),
    ]
    registry.emit(Event(kind="done", job_id="01", provider="acme"))
    assert "on_event of the add-on addon2 raised ValueError" in caplog.text
    assert caplog.text.count("is installed but broken") == 2


def test_every_addon_hears_of_an_event_whatever_the_others_do(with_addon: Any) -> None:
    registry, _ = with_addon(
        "@hookimpl\ndef on_event(): raise SystemExit\n",
        "heard = []\n@hookimpl\ndef on_event(event): heard.append(event.kind)\n",
        "heard = []\n@hookimpl\ndef on_event(event): heard.append(event.kind)\n",
    )
    registry.emit(Event(kind="accepted", job_id="01", provider="acme"))
    heard = [
        module.heard for name, module in sys.modules.items()
        if name.startswith("acme_addon_") and hasattr(module, "heard")
    ]  # fmt: skip
    assert heard == [["accepted"], ["accepted"]]


GOOD = "@hookimpl\ndef on_event(event): ...\n"


def requiring(registry: Registry, *distributions: str) -> Lists:
    addons = AddonsConfig(required=distributions)
    return Lists(registry, Config(addons=addons, file=Path("config.toml")))


def test_without_a_required_addon_no_provider_is_given_out(with_addon: Any) -> None:
    registry, provider = with_addon(GOOD, "raise SystemExit('no')")
    assert requiring(registry).provider("acme") is provider
    assert requiring(registry, "Imgedit_Addon0").provider("acme") is provider
    for name, said in (
        ("imgedit-addon1", "broken: importing it ended the program (SystemExit: no)"),
        ("imgedit-none", "missing: no such add-on is installed: pip install imgedit-none"),
    ):
        status, _, reason = said.partition(": ")
        with pytest.raises(ConfigError) as caught:
            requiring(registry, "imgedit-addon0", name).provider("acme")
        required = f"is {status}, and config.toml requires it: {reason}"
        assert caught.value.message.endswith(required)
        assert name in caught.value.message
        assert (caught.value.distribution or "").startswith(name)
        assert caught.value.charged == "no"


def test_a_required_addon_is_neither_left_out_nor_shared(with_addon: Any) -> None:
    registry, _ = with_addon(GOOD, GOOD)
    one, other = registry._addon_claims["addon0"][0], registry._addon_claims["addon1"][0]
    claims = {PROVIDERS: {}, COMMANDS: {}, ADDONS: {"addon0": (one,), "addon1": (one, other)}}
    (row,) = Registry(claims, environ={}).lacking(["imgedit-addon1"])
    assert (row.name, row.status) == ("addon1", "ambiguous")
    rows = Registry(claims, environ={"IMGEDIT_PLUGINS": "addon1"}).lacking(["imgedit-addon0"])
    assert [(row.name, row.status, row.version) for row in rows] == [
        ("addon0", "missing", "2.0"),
        ("addon1", "ambiguous", "2.0 and 2.0"),
    ]
    assert rows[0].reason == "IMGEDIT_PLUGINS leaves it out"
