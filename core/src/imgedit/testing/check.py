"""The standard tests without pytest: for `imgedit providers --check --deep`, and for scripts."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal
from unittest import SkipTest

from attrs import frozen

from ..errors import PluginError, UsageError

if TYPE_CHECKING:
    from .kit.checks import Checks
    from .kit.subject import Subject

Outcome = Literal["ok", "failed", "skipped"]

_GIVEN: Mapping[str, Any] = {
    "request": {},
    "answers": {},
    "data": None,
    "errors": (),
    "sends": {},
    "cost": None,
    "pictures": None,
    "free": (),
    "prompts": (),
    "examples": 25,
}


@frozen
class CheckRow:
    """What came of one standard test.

    Attributes:
        test: its name.
        outcome: "ok", "failed" or "skipped".
        message: why it failed or was skipped, "" when it is ok.
        hint: what to do about a failure, else "".
    """

    test: str
    outcome: Outcome
    message: str = ""
    hint: str = ""


def check_provider(provider: str | ModuleType | type[Any], **given: Any) -> list[CheckRow]:
    """Run every standard test on a provider.

    Args:
        provider: the name of an installed one; a module with `provider.json` beside it; or a
            subclass of `ProviderTests`, which brings all that its author recorded.
        given: attributes of `ProviderTests`: request, answers, errors ... Without recorded
            answers the tests that need them are skipped.

    Returns one row per test, in order. Nothing is sent to any vendor.

    Raises:
        UnknownProvider: no provider of this name is installed.
        UsageError: Python runs without assertions (-O), or `given` has an unknown name.
        TypeError: `provider` is none of these.
    """
    if not __debug__:
        raise UsageError("the tests are assertions, which python -O leaves out")
    from .kit.subject import Subject

    with _registered(provider) as name:
        tests = _tests(provider, name, given)
        with Subject(tests).in_place() as subject:
            return list(run(tests, subject))


def run(
    tests: Checks, subject: Subject, names: Collection[str] | None = None
) -> Iterator[CheckRow]:
    """Run the standard tests of an author's class on a subject, in order; or those named."""
    from .kit.checks import known_to_fail
    from .kit.standard import standard_tests

    for name in standard_tests(type(tests)):
        if names is not None and name not in names:
            continue
        test = getattr(type(tests), name)
        reason = known_to_fail(test)
        row = _run(name, test, tests, subject)
        if reason is None:
            yield row
        elif row.outcome == "failed":
            yield CheckRow(name, "skipped", f"known to fail: {reason}")
        else:
            yield CheckRow(name, "failed", f"it holds, and is marked as known to fail: {reason}")


def _run(name: str, test: Any, tests: Checks, subject: Subject) -> CheckRow:
    try:
        test(tests, subject)
    except SkipTest as skipped:
        return CheckRow(name, "skipped", str(skipped))
    except Exception as error:
        hint = next((note for note in error.__notes__ if note.startswith("If this fails")), "")
        text = str(error) or type(error).__name__
        if not isinstance(error, AssertionError):
            text = f"{type(error).__name__}: {text}"
        return CheckRow(name, "failed", text, hint.removeprefix("If this fails:").strip())
    return CheckRow(name, "ok")


@contextmanager
def _registered(provider: Any) -> Iterator[str]:
    """The name under which the provider can be found while this holds."""
    from ..discovery import registry

    known = registry()
    if isinstance(provider, ModuleType):
        from ..discovery.entry import manifest_source
        from ..manifest import read_manifest

        source = manifest_source(provider, None)
        if source is None:
            raise TypeError(f"{provider.__name__} was not imported from a file")
        name = read_manifest(source).name
        before = dict(known._entries)
        known.register(name, provider)
        try:
            yield name
        finally:
            known._entries.clear()
            known._entries.update(before)
        return
    called = provider if isinstance(provider, str) else getattr(provider, "provider", None)
    if not isinstance(called, str):
        raise TypeError(f"a provider is a name, a module or a ProviderTests, not {provider!r}")
    name = called
    try:
        known.manifest(name)
    except PluginError:
        if name not in known.names():
            raise
    yield name


def _tests(provider: Any, name: str, given: Mapping[str, Any]) -> Any:
    from .kit.checks import Checks
    from .kit.standard import LEVEL

    for unknown in given.keys() - _GIVEN.keys():
        raise UsageError(f"ProviderTests has no attribute {unknown!r}")
    if isinstance(provider, type):
        return type(provider.__name__, (provider,), dict(given))()
    return type("Given", (Checks,), {**_GIVEN, **given, "provider": name, "level": LEVEL})()
