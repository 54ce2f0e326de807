"""What the loader refuses before a hook is ever called."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from imgedit import hookimpl
from imgedit.discovery.checks import addon_complaints, provider_findings
from imgedit.hookspecs import PROVIDER_HOOKS


def _good() -> dict[str, Any]:
    @hookimpl
    def build_request(job: Any) -> None: ...

    @hookimpl
    def parse_response(response: Any) -> None: ...

    return {"build_request": build_request, "parse_response": parse_response}


def module(**members: Any) -> ModuleType:
    made = ModuleType("acme")
    vars(made).update(members)
    return made


def provider_complaints(made: Any) -> list[str]:
    return [found.says for found in provider_findings(made)]


def test_good_ones_pass() -> None:
    assert provider_complaints(module(**_good())) == []


def test_all_that_is_wrong_is_said_at_once() -> None:
    async def price(request: Any, model: Any = None, *, key: Any, **rest: Any) -> None: ...

    @hookimpl
    def validate(request: Any, modl: Any = (), *more: Any) -> None: ...

    @hookimpl
    def mapp_error(job: Any) -> None: ...

    said = provider_complaints(module(price=price, validate=validate, mapp_error=mapp_error))
    assert said == [
        "price has no @hookimpl, so it would never be called",
        "the parameter modl of validate has a default: hooks have none",
        "validate takes *more: name the parameters that it uses",
        "there is no hook mapp_error: did you mean map_error?",
        "it has no build_request, which every provider must have",
        "it has no parse_response, which every provider must have",
    ]


def test_a_name_far_from_every_hook_lists_them() -> None:
    @hookimpl
    def zzz() -> None: ...

    (said,) = provider_complaints(module(**_good(), zzz=zzz))
    assert said == f"there is no hook zzz: there are {', '.join(PROVIDER_HOOKS)}"


def test_a_hook_of_a_later_core_may_be_optional() -> None:
    @hookimpl(optionalhook=True)
    def estimate_time() -> None: ...

    assert provider_complaints(module(**_good(), estimate_time=estimate_time)) == []


def test_a_hook_may_stand_under_another_name() -> None:
    @hookimpl(specname="price")
    def our_price(request: Any) -> None: ...

    assert provider_complaints(module(**_good(), our_price=our_price)) == []


def test_what_has_a_hooks_name_and_is_no_function_is_left_alone() -> None:
    class price: ...

    assert provider_complaints(module(**_good(), price=price, validate=ModuleType("v"))) == []


def test_a_decorator_that_hides_the_function_is_told() -> None:
    good = _good()
    good["build_request"] = functools.cache(good["build_request"])
    (said,) = provider_complaints(module(**good))
    assert said == "build_request is a _lru_cache_wrapper, not a plain function"


def test_a_decorator_that_keeps_the_signature_is_fine() -> None:
    def timed(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def inner(*args: Any) -> Any:
            return function(*args)

        return inner

    good = _good()
    good["build_request"] = timed(good["build_request"])
    assert provider_complaints(module(**good)) == []


def test_addons_may_wrap_and_listen() -> None:
    @hookimpl(wrapper=True)
    def price(request: Any) -> Any:
        return (yield)

    @hookimpl
    def on_event(event: Any) -> None: ...

    assert addon_complaints(module(price=price, on_event=on_event)) == []


def test_addons_may_do_nothing_else() -> None:
    @hookimpl
    def build_request(job: Any) -> None: ...

    @hookimpl(hookwrapper=True)
    def validate(request: Any) -> Any:
        yield

    @hookimpl(wrapper=True)
    def price(request: Any) -> None: ...

    @hookimpl(wrapper=True)
    def on_event(event: Any) -> Any:
        yield

    def map_error(job: Any) -> None: ...

    @hookimpl
    def on_evnt(event: Any) -> None: ...

    assert addon_complaints(
        module(
            build_request=build_request,
            validate=validate,
            price=price,
            on_event=on_event,
            map_error=map_error,
            on_evnt=on_evnt,
        )
    ) == [
        "build_request is not marked wrapper=True: an add-on may only wrap it",
        "validate is not marked wrapper=True: an add-on may only wrap it",
        "price is a wrapper and must yield once",
        "on_event is a wrapper and must be a plain function",
        "map_error has no @hookimpl, so it would never be called",
        "there is no hook on_evnt: did you mean on_event?",
    ]
    assert addon_complaints(module()) == ["it has no @hookimpl"]


@pytest.mark.parametrize("hook", PROVIDER_HOOKS)
def test_every_hook_takes_all_its_arguments(hook: str) -> None:
    import inspect

    from imgedit import hookspecs

    names = list(inspect.signature(getattr(hookspecs, hook)).parameters)
    scope: dict[str, Any] = {}
    exec(f"def {hook}({', '.join(names)}): pass", scope)
    members = {**_good(), hook: hookimpl(scope[hook])}
    assert provider_complaints(module(**members)) == []
