"""The registry and the in-process door."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

import imgedit
from imgedit import (
    BrokenPlugin,
    IncompatiblePlugin,
    UnknownProvider,
    UsageError,
    hookimpl,
)
from imgedit.discovery import Provider, Registry, choose
from imgedit.discovery import registry as process_registry

EMPTY: dict[str, Any] = {"imgedit.providers": {}, "imgedit.addons": {}, "imgedit.commands": {}}


@pytest.fixture
def manifest(acme: Callable[..., Provider], registry: Registry) -> dict[str, Any]:
    """A good manifest as JSON."""
    return dict(acme().manifest.raw)


@pytest.fixture
def module() -> ModuleType:
    """A module with the two required hooks, that do nothing."""
    made = ModuleType("acme")

    @hookimpl
    def build_request(job: Any) -> None: ...

    @hookimpl
    def parse_response(job: Any, response: Any) -> None: ...

    vars(made).update(build_request=build_request, parse_response=parse_response)
    return made


def test_a_registered_provider_is_listed(registry: Registry, acme: Callable[..., Provider]) -> None:
    provider = acme()
    assert registry.provider("acme") is provider
    (row,) = registry.rows(environ={"ACME_API_KEY": "x"})
    assert (row.name, row.status, row.models, row.key, row.key_set) == (
        "acme", "ok", 1, "ACME_API_KEY", True,
    )  # fmt: skip
    assert registry.check("acme").status == "ok"


def test_the_manifest_may_be_a_path_or_lie_beside_the_module(
    registry: Registry, module: ModuleType, manifest: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / "provider.json"
    path.write_text(json.dumps(manifest))
    assert registry.register("acme", module, path).manifest.title == "Acme"
    assert registry.register("acme", module, str(path)).manifest.title == "Acme"
    module.__file__ = str(tmp_path / "__init__.py")
    assert registry.register("acme", module).manifest.title == "Acme"


def test_a_module_without_a_manifest_is_refused(registry: Registry, module: ModuleType) -> None:
    with pytest.raises(BrokenPlugin, match=r"it has no provider\.json"):
        registry.register("acme", module)
    assert registry.names() == []


def test_register_replaces_and_refuses_as_an_installed_one(
    registry: Registry, module: ModuleType, manifest: dict[str, Any]
) -> None:
    first = registry.register("acme", module, manifest)
    del module.build_request
    with pytest.raises(BrokenPlugin, match="it has no build_request, which every provider must"):
        registry.register("acme", module, manifest)
    assert registry.provider("acme") is first
    with pytest.raises(IncompatiblePlugin, match=r"needs hook API 1\.1, and imgedit-core .* has"):
        registry.register("acme", module, {**manifest, "hook_api": "1.1"})
    with pytest.raises(IncompatiblePlugin, match=r"needs hook API 0\.9"):
        registry.register("acme", module, {**manifest, "hook_api": "0.9"})
    with pytest.raises(BrokenPlugin, match="'acme', but the entry point is called 'other'"):
        registry.register("other", module, manifest)


def test_imgedit_register_is_the_same_door(module: ModuleType, manifest: dict[str, Any]) -> None:
    own = {**manifest, "name": "inthisprocess"}
    try:
        provider = imgedit.register("inthisprocess", module, own)
        assert process_registry().provider("inthisprocess") is provider
    finally:
        process_registry()._entries.pop("inthisprocess", None)


def test_an_object_may_hold_the_hooks(registry: Registry, manifest: dict[str, Any]) -> None:
    class Acme:
        @hookimpl
        def build_request(self, job: Any) -> Any:
            return imgedit.HttpRequest(method="GET", url="/", purpose="poll")

        @staticmethod
        @hookimpl
        def parse_response(job: Any, response: Any) -> Any: ...

        @property
        def heavy(self) -> Any:
            raise AssertionError("a property was run")

    job = SimpleNamespace(state={})
    provider = registry.register("acme", Acme(), manifest)
    assert provider.build_request(job).purpose == "poll"  # type: ignore[arg-type]


def test_check_judges_the_whole_manifest(
    registry: Registry, module: ModuleType, manifest: dict[str, Any]
) -> None:
    registry.register("acme", module, {**manifest, "aliases": {"old": "nothere"}})
    assert registry.rows()[0].status == "ok"
    row = registry.check("acme")
    assert row.status == "broken"
    assert row.reason is not None
    assert row.reason.startswith("its provider.json is wrong: /aliases/old")
    assert registry.rows()[0].status == "broken"


@pytest.mark.parametrize(
    ("name", "said"),
    (
        ("acne", "Did you mean 'acme'? Installed: acme."),
        ("xyz", "Installed: acme. A plugin for it would be called imgedit-xyz."),
        ("../x", "no provider '../x' is installed."),
        ("x" * 500, "…'"),
    ),
)
def test_an_unknown_name_names_the_nearest(
    registry: Registry, acme: Callable[..., Provider], name: str, said: str
) -> None:
    acme()
    for ask in (registry.provider, registry.manifest, registry.check):
        with pytest.raises(UnknownProvider) as caught:
            ask(name)
        assert said in str(caught.value)
        assert len(str(caught.value)) < 700


def test_nothing_installed_says_what_to_install(registry: Registry) -> None:
    with pytest.raises(UnknownProvider, match="pip install imgedit-local"):
        registry.provider("acme")
    with pytest.raises(UnknownProvider, match="pip install imgedit-local"):
        choose(registry, environ={})


def test_threads_load_a_provider_once(registry: Registry, acme: Callable[..., Provider]) -> None:
    acme()
    registry._entries["acme"].provider = None
    found: list[Provider] = []
    threads = [
        threading.Thread(target=lambda: found.append(registry.provider("acme"))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len({id(provider) for provider in found}) == 1


@pytest.fixture
def several(registry: Registry, module: ModuleType, manifest: dict[str, Any]) -> Registry:
    """acme, beta (both cost money) and home (works on this machine)."""
    for name in ("acme", "beta"):
        registry.register(name, module, {**manifest, "name": name})
    home = {key: value for key, value in manifest.items() if key not in ("base_url", "auth")}
    registry.register("home", module, {**home, "name": "home", "local": True})
    return registry


@pytest.mark.parametrize(
    ("asked", "variable", "configured", "expected"),
    (
        ("acme", "beta", "home", ("acme", "asked for")),
        (None, "beta", "home", ("beta", "set in IMGEDIT_PROVIDER")),
        (None, "", "acme", ("acme", "the configuration's default")),
        (None, "", None, ("home", "works on this machine, and nothing else was asked for")),
    ),
)
def test_the_order_of_choice(
    several: Registry, asked: Any, variable: str, configured: Any, expected: tuple[str, str]
) -> None:
    chosen = choose(several, asked, environ={"IMGEDIT_PROVIDER": variable}, configured=configured)
    assert (chosen.name, chosen.how) == expected


def test_the_only_one_is_chosen_unasked(registry: Registry, acme: Callable[..., Provider]) -> None:
    acme()
    chosen = choose(registry, environ={})
    assert (chosen.name, chosen.how) == ("acme", "the only one installed")


def test_one_that_costs_money_is_never_chosen_among_several(several: Registry) -> None:
    del several._entries["home"]
    with pytest.raises(UsageError) as caught:
        choose(several, environ={})
    assert "several providers are installed and none was chosen: acme, beta" in str(caught.value)
    assert "-p NAME" in str(caught.value)


def test_two_local_ones_are_not_guessed_between(several: Registry, module: ModuleType) -> None:
    raw = dict(several.manifest("home").raw)
    several.register("house", module, {**raw, "name": "house"})
    with pytest.raises(UsageError, match="acme, beta, home, house"):
        choose(several, environ={})


def test_an_unknown_choice_says_where_it_came_from(several: Registry) -> None:
    with pytest.raises(UnknownProvider, match=r"'acne' is installed \(set in IMGEDIT_PROVIDER\)"):
        choose(several, environ={"IMGEDIT_PROVIDER": "acne"})
    with pytest.raises(UnknownProvider, match=r"'acne' is installed\. Nothing"):
        choose(several, "acne", environ={})


def test_importing_discovery_is_light() -> None:
    import subprocess

    script = (
        "import sys; from imgedit.discovery import Registry, registry, choose; registry().rows();"
        "print({'aiohttp', 'jsonschema', 'cattrs', 'asyncio', 'ssl'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout == "set()\n", done.stderr
