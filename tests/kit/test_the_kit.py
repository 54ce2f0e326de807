"""The kit's own rules: levels, overriding, hints, and running without pytest."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from acme_tests import AcmeTests

from imgedit import errors
from imgedit.testing import CheckRow, ProviderTests, check_provider
from imgedit.testing.check import run
from imgedit.testing.kit.standard import KitWarning, standard, standard_tests
from imgedit.testing.kit.subject import Subject

TESTS = standard_tests(ProviderTests)
WRONG_COST = ("return Decimal(usd) if good", "return Decimal(usd) * 2 if good")
COST = "test_the_cost_is_what_the_vendor_says"


def of(rows: list[CheckRow], outcome: str) -> dict[str, str]:
    return {row.test: row.message for row in rows if row.outcome == outcome}


@pytest.mark.parametrize("name", TESTS)
def test_every_standard_test_says_what_to_do(name: str) -> None:
    text = TESTS[name].__doc__ or ""
    head, marker, hint = text.partition("If this fails:")
    assert marker, f"{name} has no hint"
    assert len(head.split()) > 5
    assert len(hint.split()) > 5
    assert hint.strip().endswith(".")
    assert TESTS[name].level >= 1  # type: ignore[attr-defined]


def test_what_a_test_needs_is_there() -> None:
    for test in TESTS.values():
        assert set(test.needs) <= set(TESTS)  # type: ignore[attr-defined]


def test_no_standard_test_looks_at_a_providers_name() -> None:
    folder = Path(sys.modules["imgedit.testing.kit.standard"].__file__ or "").parent
    for path in folder.glob("*_tests.py"):
        text = path.read_text(encoding="utf-8")
        assert "subject.name ==" not in text
        assert "acme" not in text.replace("https://acme.example", "")


class Later(AcmeTests):
    examples = 5

    @standard(level=9)
    def test_of_a_newer_kit(self, subject: Subject) -> None:
        """Something that nobody asked for until now.

        If this fails: there is time to mend it, until `level` is raised.
        """
        raise AssertionError("it does not")


def test_a_test_above_the_level_warns(install: Callable[..., Path]) -> None:
    install()
    tests = Later()
    with Subject(tests).in_place() as subject:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with pytest.warns(KitWarning, match="level 9.*it does not"):
                tests.test_of_a_newer_kit(subject)
        tests.level = 9
        with pytest.raises(AssertionError, match="it does not") as failed:
            tests.test_of_a_newer_kit(subject)
    assert failed.value.__notes__[-1].startswith("If this fails: there is time")


class Dropped(AcmeTests):
    test_the_cost_is_what_the_vendor_says = None  # type: ignore[assignment]


class Silent(AcmeTests):
    def test_the_cost_is_what_the_vendor_says(self, subject: Subject) -> None:
        pass


class Unreasoned(AcmeTests):
    @pytest.mark.xfail(strict=True)
    def test_the_cost_is_what_the_vendor_says(self, subject: Subject) -> None:
        super().test_the_cost_is_what_the_vendor_says(subject)


class Lax(AcmeTests):
    @pytest.mark.xfail(reason="Acme doubles it", strict=False)
    def test_the_cost_is_what_the_vendor_says(self, subject: Subject) -> None:
        super().test_the_cost_is_what_the_vendor_says(subject)


class Reasoned(AcmeTests):
    examples = 5

    @pytest.mark.xfail(reason="Acme doubles it", strict=True)
    def test_the_cost_is_what_the_vendor_says(self, subject: Subject) -> None:
        super().test_the_cost_is_what_the_vendor_says(subject)


@pytest.mark.parametrize("cls", (Dropped, Silent, Unreasoned, Lax))
def test_a_standard_test_cannot_be_dropped(cls: type[Any], install: Callable[..., Path]) -> None:
    install()
    tests = cls()
    with Subject(tests).in_place() as subject, pytest.raises(AssertionError, match=COST):
        tests.test_standard_tests_are_all_there(subject)


def some(cls: type[Any], *names: str) -> list[CheckRow]:
    tests = cls()
    with Subject(tests).in_place() as subject:
        return list(run(tests, subject, names))


def test_a_reasoned_exception_is_known(install: Callable[..., Path]) -> None:
    install("__init__.py", *WRONG_COST)
    rows = some(Reasoned, COST, "test_standard_tests_are_all_there")
    assert of(rows, "failed") == {}
    assert of(rows, "skipped")[COST] == "known to fail: Acme doubles it"


def test_an_exception_that_is_over_fails(install: Callable[..., Path]) -> None:
    install()
    assert list(of(some(Reasoned, COST), "failed")) == [COST]


def test_without_pytest_and_by_name(install: Callable[..., Path]) -> None:
    install()
    rows = check_provider("acme", examples=5)
    assert [row.test for row in rows] == list(TESTS)
    assert of(rows, "failed") == {}
    skipped = of(rows, "skipped")
    assert "no answers are recorded" in skipped["test_recorded_answers_lead_to_the_pictures"]
    assert "test_a_good_request_is_built" not in skipped
    assert "test_http_a_good_edit" in skipped


def test_a_failure_says_what_and_what_to_do(install: Callable[..., Path]) -> None:
    install("__init__.py", *WRONG_COST)
    rows = check_provider(AcmeTests, examples=4)
    (row,) = [row for row in rows if row.outcome == "failed"]
    assert row.test == COST
    assert "the cost is 0.32, recorded is 0.16" in row.message
    assert row.hint.startswith("look at the unit")


def test_a_module_that_is_not_installed(install: Callable[..., Path]) -> None:
    install()
    module = importlib.import_module("imgedit_acme")
    data = Path(sys.modules["acme_tests"].__file__ or "").parent / "data"
    answers = AcmeTests.answers
    rows = check_provider(module, examples=5, cost=1, request={"n": 2}, answers=answers, data=data)
    assert of(rows, "failed").keys() >= {COST}


def test_what_check_provider_refuses(install: Callable[..., Path]) -> None:
    install()
    with pytest.raises(errors.UnknownProvider):
        check_provider("nobody")
    with pytest.raises(errors.UsageError, match="anwsers"):
        check_provider("acme", anwsers={})
    with pytest.raises(TypeError):
        check_provider(17)  # type: ignore[arg-type]


def test_a_plugin_that_does_not_load_is_one_failure(install: Callable[..., Path]) -> None:
    install(
        "__init__.py",
        "from typing import Any\n",
        "from typing import Any\n\nimport no_such_module\n",
    )
    rows = check_provider("acme")
    assert list(of(rows, "failed")) == ["test_the_plugin_loads"]
    assert "no_such_module" in of(rows, "failed")["test_the_plugin_loads"]
    assert len(of(rows, "skipped")) > 30


def test_neither_pytest_nor_hypothesis_is_needed(install: Callable[..., Path]) -> None:
    path = install()
    code = (
        "import sys\n"
        "sys.modules['pytest'] = sys.modules['hypothesis'] = None\n"
        "from imgedit.testing import check_provider\n"
        "rows = check_provider('acme')\n"
        "print(*(row.outcome for row in rows))\n"
        "print([row for row in rows if 'Hypothesis' in row.message][0].outcome)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(path.parent.parent)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    outcomes, drawn = ran.stdout.splitlines()
    assert "failed" not in outcomes
    assert drawn == "skipped"
