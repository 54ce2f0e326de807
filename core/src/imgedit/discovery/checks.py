"""What is wrong with the hooks of a plugin, told before one of them is called.

pluggy itself ignores an unmarked or misspelt hook, knows no required ones, and takes coroutines.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, NamedTuple

from .. import hookspecs
from ..hookspecs import ADDON_HOOKS, PROJECT, PROVIDER_HOOKS, REQUIRED_HOOKS

_MARK = f"{PROJECT}_impl"


class Finding(NamedTuple):
    """Something that is wrong: a clause, and the function that it is about, if there is one."""

    says: str
    function: Any = None


def provider_findings(module: Any) -> list[Finding]:
    """What is wrong with a provider's hooks; [] = nothing."""
    found: list[Finding] = []
    meant: set[str] = set()
    for name, value in _members(module):
        options = _options(value)
        if options is None:
            if name in PROVIDER_HOOKS and callable(value) and not inspect.isclass(value):
                said = f"{name} has no @hookimpl, so it would never be called"
                found.append(Finding(said, value))
                meant.add(name)
            continue
        hook = options.get("specname") or name
        if hook not in PROVIDER_HOOKS:
            if not options.get("optionalhook"):
                near = _near(hook, PROVIDER_HOOKS)
                meant.add(near or "")
                found.append(Finding(_no_hook(hook, near, PROVIDER_HOOKS), value))
            continue
        meant.add(hook)
        if options.get("wrapper") or options.get("hookwrapper"):
            said = f"{hook} is a wrapper: a provider may not wrap hooks, only an add-on may"
            found.append(Finding(said, value))
        else:
            wrong = _shape(hook, value) or _parameters(hook, value)
            found += [Finding(said, value) for said in wrong]
    found += [
        Finding(f"it has no {name}, which every provider must have")
        for name in REQUIRED_HOOKS
        if name not in meant
    ]
    return found


def addon_complaints(module: Any) -> list[str]:
    """What is wrong with an add-on's hooks, each a clause; [] = nothing."""
    said: list[str] = []
    hooks = (*PROVIDER_HOOKS, *ADDON_HOOKS)
    found = False
    for name, value in _members(module):
        options = _options(value)
        if options is None:
            if name in hooks and callable(value) and not inspect.isclass(value):
                said.append(f"{name} has no @hookimpl, so it would never be called")
            continue
        found = True
        hook = options.get("specname") or name
        wraps = bool(options.get("wrapper"))
        if hook not in hooks:
            if not options.get("optionalhook"):
                said.append(_no_hook(hook, _near(hook, hooks), hooks))
        elif hook in ADDON_HOOKS:
            if wraps or options.get("hookwrapper"):
                said.append(f"{hook} is a wrapper and must be a plain function")
            else:
                said += _shape(hook, value) or _parameters(hook, value)
        elif not wraps:
            said.append(f"{hook} is not marked wrapper=True: an add-on may only wrap it")
        elif not inspect.isgeneratorfunction(value):
            said.append(f"{hook} is a wrapper and must yield once")
        else:
            said += _parameters(hook, value)
    if not found and not said:
        said.append("it has no @hookimpl")
    return said


class Implementation(NamedTuple):
    """A hook function: the hook, the name it stands under in the module, and itself."""

    hook: str
    name: str
    function: Callable[..., Any]


def hookimpls(module: Any, hooks: tuple[str, ...]) -> list[Implementation]:
    """The implementations of some hooks in a plugin that was checked."""
    found = []
    for name, value in _members(module):
        options = _options(value)
        hook = name if options is None else options.get("specname") or name
        if options is not None and hook in hooks:
            found.append(Implementation(hook, name, value))
    return found


def _members(module: Any) -> Iterator[tuple[str, Any]]:
    """Its attributes, without running a property or a module's `__getattr__`."""
    if isinstance(module, ModuleType):
        yield from list(vars(module).items())
        return
    for name in dir(module):
        value = inspect.getattr_static(module, name, None)
        if isinstance(value, staticmethod):
            yield name, value.__func__
        elif inspect.isfunction(value) or isinstance(value, classmethod):
            yield name, getattr(module, name)
        else:
            yield name, value


def _options(value: Any) -> dict[str, Any] | None:
    try:
        options = inspect.getattr_static(value, "__dict__", None) and vars(value).get(_MARK)
        if options is None and inspect.ismethod(value):
            options = vars(value.__func__).get(_MARK)
    except TypeError:
        return None
    return options if isinstance(options, dict) else None


def _near(name: str, hooks: tuple[str, ...]) -> str | None:
    from difflib import get_close_matches

    return next(iter(get_close_matches(name, hooks, n=1, cutoff=0.5)), None)


def _no_hook(name: str, near: str | None, hooks: tuple[str, ...]) -> str:
    return f"there is no hook {name}: " + (
        f"did you mean {near}?" if near else f"there are {', '.join(hooks)}"
    )


def _shape(hook: str, value: Any) -> list[str]:
    if inspect.iscoroutinefunction(value):
        return [
            f"{hook} is an async function: hooks are plain functions, the core does the waiting"
        ]
    if inspect.isasyncgenfunction(value) or inspect.isgeneratorfunction(value):
        kind = "an async generator" if inspect.isasyncgenfunction(value) else "a generator"
        return [f"{hook} is {kind}: it must return its answer, not yield it"]
    if not (inspect.isfunction(value) or inspect.ismethod(value)):
        return [f"{hook} is a {type(value).__name__}, not a plain function"]
    return []


def _parameters(hook: str, function: Any) -> list[str]:
    given = list(inspect.signature(_spec(hook)).parameters)
    if given[:1] == ["self"]:
        given = given[1:]
    said = []
    for parameter in inspect.signature(function).parameters.values():
        name = parameter.name
        if parameter.kind is parameter.KEYWORD_ONLY:
            said.append(f"the parameter {name} of {hook} is keyword-only and would get no value")
        elif parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            stars = "*" if parameter.kind is parameter.VAR_POSITIONAL else "**"
            said.append(f"{hook} takes {stars}{name}: name the parameters that it uses")
        elif parameter.default is not parameter.empty:
            said.append(f"the parameter {name} of {hook} has a default: hooks have none")
        elif name not in given:
            gives = ", ".join(given) or "nothing"
            said.append(f"{hook} asks for {name}, which is not given (it is given {gives})")
    return said


def _spec(hook: str) -> Any:
    return getattr(hookspecs.Addon if hook in ADDON_HOOKS else hookspecs, hook)
