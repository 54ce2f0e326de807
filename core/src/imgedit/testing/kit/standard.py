"""What makes a method a standard test: its level, what must hold before it, and how it fails."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn
from unittest import SkipTest

if TYPE_CHECKING:
    from .subject import Subject

LEVEL = 1
"""The newest level that a test of this kit has."""

Test = Callable[[Any, "Subject"], None]


class KitWarning(UserWarning):
    """A test above the author's level fails: it will count once `level` is raised."""


def skip(reason: str) -> NoReturn:
    """End this test as skipped; pytest and `check_provider` both understand it."""
    raise SkipTest(reason)


def standard(*, level: int = 1, needs: Sequence[str] = ()) -> Callable[[Test], Test]:
    """Mark a method as a standard test.

    Args:
        level: the kit's level with which it came. Where the author's `level` is lower, a failure
            is a warning only, so that a newer kit breaks nobody's tests without notice.
        needs: standard tests that must hold before it; when one fails, this one is skipped,
            so that one mistake makes one failure.
    """

    def mark(test: Test) -> Test:
        hint = _hint(test)

        @functools.wraps(test)
        def run(self: Any, subject: Subject) -> None:
            if test.__name__ in subject.held:
                return
            for name in needs:
                if not _holds(self, name, subject):
                    skip(f"{name} does not hold, see there")
            try:
                test(self, subject)
            except SkipTest:
                raise
            except Exception as error:
                subject.verdicts[test.__name__] = False
                error.add_note(hint)
                if level <= self.level:
                    raise
                _warn(test.__name__, level, error)
            else:
                subject.verdicts[test.__name__] = True
                subject.held.add(test.__name__)

        run.level = level  # type: ignore[attr-defined]  # read by check_provider and by tests
        run.needs = tuple(needs)  # type: ignore[attr-defined]  # likewise
        return run

    return mark


def standard_tests(cls: type) -> dict[str, Test]:
    """The standard tests of a class, as the kit has them, by name."""
    found = {}
    for base in reversed(cls.__mro__):
        for name, value in vars(base).items():
            if name.startswith("test_") and hasattr(value, "needs"):
                found[name] = value
    return found


def _holds(self: Any, name: str, subject: Subject) -> bool:
    """Whether a standard test holds, or was skipped; run once per subject."""
    test = standard_tests(type(self))[name]
    if getattr(type(self), name, None) is not test:
        return True  # overridden with a reason: what stands on it has to cope
    if name not in subject.verdicts:
        subject.verdicts[name] = False  # a circle would not end
        try:
            test(self, subject)
            subject.verdicts[name] = True
        except SkipTest as skipped:
            subject.verdicts[name] = "does not hold" not in str(skipped)
        except Exception:
            subject.verdicts[name] = False
    return subject.verdicts[name]


def _hint(test: Test) -> str:
    text = " ".join((test.__doc__ or "").split())
    return "If this fails:" + text.partition("If this fails:")[2]


def _warn(name: str, level: int, error: Exception) -> None:
    said = str(error).partition("\n")[0] or type(error).__name__
    with warnings.catch_warnings():
        warnings.simplefilter("always", KitWarning)  # not even `-W error` makes it a failure
        warnings.warn(f"{name} (level {level}) fails: {said}", KitWarning, stacklevel=3)
