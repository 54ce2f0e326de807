"""`imgedit providers --check --deep`: the tests for plugin authors, from the command line."""

from __future__ import annotations

import sys
from typing import Any

import pytest

import imgedit

SOUND = {"sources": {"page": {"url": "https://acme.example/prices", "read": "2026-11-20"}}}


def test_what_is_wrong_is_told(acme: Any, call: Any) -> None:
    calls = []

    @imgedit.hookimpl
    def build_request(job: imgedit.Job) -> imgedit.HttpRequest:
        calls.append(job)
        body = imgedit.Json({**job.wire(), "count": len(calls)})
        return imgedit.HttpRequest(method="POST", url="/edit", purpose="submit", body=body)

    acme(SOUND, build_request=build_request)
    ran = call("providers", "--check", "--deep", "acme", "--json")
    tests = ran.document["tests"]
    assert ran.code == 9
    assert {"provider", "test", "outcome", "message", "hint"} == tests[0].keys()
    failed = [row for row in tests if row["outcome"] == "failed"]
    assert failed
    assert all(row["message"] and row["hint"] for row in failed)
    ran = call("providers", "--deep", "acme")
    assert ran.code == 9
    assert failed[0]["test"] in ran.out
    assert "Testing acme ..." in ran.err


def test_why_tests_were_skipped_is_told_when_asked(acme: Any, call: Any) -> None:
    acme(SOUND)
    short, long = (call("providers", "--deep", "acme", *more).out for more in ((), ["--verbose"]))
    assert "skipped (--verbose says why)" in short
    assert "is recorded" not in short
    (told,) = [line for line in long.splitlines() if " passed, " in line]
    listed = [line.split() for line in long.splitlines() if line.startswith("  ")]
    assert f"{sum(int(words[0]) for words in listed)} skipped" in told
    assert ["is", "recorded"] in [words[-2:] for words in listed]


def test_a_plugin_that_does_not_load_is_not_tested(acme: Any, call: Any) -> None:
    acme({"models": [{"id": "one", "price": {"amounts": "much"}}]})
    ran = call("providers", "--check", "acme", "--deep", "--json")
    assert ran.code == 9
    assert ran.document["tests"] == []
    assert ran.document["providers"][0]["status"] == "broken"


def test_two_names_are_refused(acme: Any, call: Any) -> None:
    acme(SOUND)
    assert call("providers", "--check", "acme", "--deep", "other").code == 2


def test_what_it_needs_is_said(acme: Any, call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    acme(SOUND)
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    ran = call("providers", "--check", "--deep", "acme")
    assert ran.code == 2
    assert "imgedit-core[testing]" in ran.err
