"""What becomes of the errors that hooks raise and return."""

from __future__ import annotations

import logging
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from imgedit import (
    HttpResponse,
    Job,
    PluginError,
    ProviderUnavailable,
    RateLimited,
    UnexpectedResponse,
)

from .answering import LABEL, OK, Acme, answering


@pytest.mark.parametrize(
    ("source", "said"),
    (
        ("raise KeyError(job.request.prompt)", "raised KeyError (imgedit_acme/__init__.py, line "),
        ("raise RuntimeError(job.request.prompt)", "raised RuntimeError"),
        ("raise SystemExit(job.request.prompt)", "raised SystemExit"),
        ("return Quote(amount=0.5, unit='USD', basis='exact')", "an amount is an int, a str or a"),
        (
            "return HttpRequest(method='POST', url='edit', purpose='submit')",
            "url is '/path' below the base URL",
        ),
        (
            "return HttpRequest(method='POST', url='/e', purpose='submit', jsn={})",
            "got an unexpected keyword argument 'jsn'",
        ),
        ("return job.request.image.read()", "a hook read a picture"),
    ),
)
def test_an_exception_is_told_without_the_prompt(
    acme: Acme, job: Job, source: str, said: str
) -> None:
    provider = acme(
        f"""
        from imgedit import *

        @hookimpl
        def build_request(job):
            {source}
        """
    )
    with pytest.raises(PluginError) as caught:
        provider.build_request(job)
    assert said in caught.value.message
    assert f"build_request of {LABEL} raised" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert caught.value.distribution == LABEL


def test_an_answer_that_cannot_be_read_is_unexpected(acme: Acme, job: Job) -> None:
    html = HttpResponse(
        status=200, headers={"content-type": "text/html; charset=utf-8"}, body=b"<html>sorry</html>"
    )
    with pytest.raises(UnexpectedResponse) as caught:
        acme().parse_response(job, html)
    error = caught.value
    assert "status 200, text/html, 18 bytes" in error.message
    assert f"parse_response of {LABEL} raised ValueError: this is not JSON: Exp" in error.message
    assert "imgedit_acme/__init__.py, line" in error.message
    assert (error.charged, error.status, error.distribution) == ("unknown", 200, LABEL)


def test_a_float_cost_is_unexpected_and_named(acme: Acme, job: Job) -> None:
    provider = acme(answering("Done([], facts=Facts(cost=0.04))"))
    with pytest.raises(UnexpectedResponse, match="an amount is an int, a str or a Decimal"):
        provider.parse_response(job, OK)


@pytest.mark.parametrize("hook", ("build_request", "parse_response"))
def test_a_refusal_by_the_plugin_passes(acme: Acme, job: Job, hook: str) -> None:
    provider = acme(
        f"""
        from imgedit import RateLimited

        @hookimpl
        def {hook}(job):
            raise RateLimited("come back later", charged="no", retry_after=3)
        """
    )
    with pytest.raises(RateLimited) as caught:
        provider.build_request(job) if hook == "build_request" else provider.parse_response(job, OK)
    assert (caught.value.provider, caught.value.distribution) == ("acme", LABEL)


@pytest.mark.parametrize(
    ("status", "purpose", "known", "charged"),
    (
        (400, "submit", "sent", "no"),
        (503, "submit", "sent", "unknown"),
        (503, "poll", "accepted", "yes"),
        (503, "upload", "planned", "no"),
    ),
)
def test_when_map_error_leaves_charged_out_the_table_says_it(
    acme: Acme, job: Job, status: int, purpose: Any, known: Any, charged: str
) -> None:
    provider = acme(
        """
        from imgedit import ProviderUnavailable

        @hookimpl
        def map_error(response):
            return ProviderUnavailable("they are down")
        """
    )
    answer = HttpResponse(status=status, purpose=purpose)
    assert provider.map_error(evolve(job, status=known), answer).charged == charged


@pytest.mark.parametrize(
    ("status", "said", "charged"),
    ((400, "", "yes"), (503, "", "yes"), (400, ", charged='no'", "no")),
)
def test_when_map_error_names_a_cost_it_was_charged(
    acme: Acme, job: Job, status: int, said: str, charged: str
) -> None:
    """As where the table names it."""
    provider = acme(
        f"""
        from imgedit import ContentRejected, Money

        @hookimpl
        def map_error(response):
            return ContentRejected("moderated", cost=Money("0.04", "USD"){said})
        """
    )
    answer = HttpResponse(status=status, purpose="submit")
    assert provider.map_error(evolve(job, status="sent"), answer).charged == charged


def test_a_cost_below_nothing_is_none(acme: Acme, job: Job) -> None:
    provider = acme(
        """
        from imgedit import Done, Facts, Output

        @hookimpl
        def parse_response(job, response):
            facts = Facts(vendor_ids={"id": 7}, cost="-1", balance="-2")
            return Done([Output(url="https://x.example/1")], facts=facts)
        """
    )
    facts = provider.parse_response(job, OK).facts
    assert (facts.cost, facts.balance, facts.vendor_ids) == (None, Decimal(-2), {"id": "7"})


@pytest.mark.parametrize("source", ("raise RateLimited('no')", "return 'no'", "1 / 0"))
def test_when_map_error_fails_the_table_answers(
    acme: Acme, job: Job, source: str, caplog: pytest.LogCaptureFixture
) -> None:
    provider = acme(
        f"""
        from imgedit import RateLimited

        @hookimpl
        def map_error(response):
            {source}
        """
    )
    with caplog.at_level(logging.WARNING):
        error = provider.map_error(job, HttpResponse(status=402))
    assert type(error).__name__ == "InsufficientCredits"
    assert f"map_error of {LABEL}" in caplog.text


ODD = (
    ("retry_after='7'", "retry_after is a value of type str"),
    ("retry_after=-1", "retry_after is negative"),
    ("retry_after=float('nan')", "retry_after is negative or no finite number"),
    ("retry_after=10**400", "retry_after is negative or no finite number"),
    ("retry_after=True", "retry_after is a value of type bool"),
    ("cost=Decimal('0.04')", "cost is a value of type Decimal"),
    ("cost=Money(1, 5)", "cost is in a value of type int"),
    ("hint=5", "hint is a value of type int"),
    ("status='402'", "status is a value of type str"),
    ("status=True", "status is a value of type bool"),
    ("code=b'x'", "code is a value of type bytes"),
    ("retryable='no'", "retryable is a value of type str"),
    ("problems=['x']", "a list that holds a value of type str"),
    ("message=None", "message is None"),
    ("charged='maybe'", "charged is not 'yes', 'no' or 'unknown'"),
    ("charged=None", "charged is None"),
)


def odd_error(hook: str, field: str, how: str) -> str:
    """The source of a hook that gives an error with a field that no error has."""
    name, _, value = field.partition("=")
    return f"""
    from decimal import Decimal
    from imgedit import Money, RateLimited

    @hookimpl
    def {hook}(job):
        error = RateLimited("come back later")
        error.{name} = {value}
        {how} error
    """


@pytest.mark.parametrize(("field", "said"), ODD)
def test_an_odd_field_of_an_error_leaves_it_to_the_table(
    acme: Acme, job: Job, field: str, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    provider = acme(odd_error("map_error", field, "return"))
    with caplog.at_level(logging.WARNING):
        error = provider.map_error(job, HttpResponse(status=402))
    assert type(error).__name__ == "InsufficientCredits"
    assert f"map_error of {LABEL} returned" in caplog.text
    assert said in caplog.text


@pytest.mark.parametrize(("field", "said"), ODD)
def test_an_odd_field_of_a_refusal_is_the_hooks_mistake(
    acme: Acme, job: Job, field: str, said: str
) -> None:
    with pytest.raises(UnexpectedResponse, match=r"parse_response of .* raised") as read:
        acme(odd_error("parse_response", field, "raise")).parse_response(job, OK)
    with pytest.raises(PluginError, match=r"build_request of .* raised") as built:
        acme(odd_error("build_request", field, "raise")).build_request(job)
    for error in (read.value, built.value):
        assert said in error.message
        assert (error.provider, error.distribution) == ("acme", LABEL)


def test_what_an_error_may_hold_is_taken_as_text_and_numbers(acme: Acme, job: Job) -> None:
    provider = acme(
        """
        from decimal import Decimal
        from imgedit import Money, RateLimited

        @hookimpl
        def map_error(response):
            return RateLimited(
                "later", retry_after=Decimal("1.5"), code=42, cost=Money("-1", "USD"), job="{}"
            )
        """
    )
    error = provider.map_error(job, HttpResponse(status=429))
    assert type(error.retry_after) is float
    assert (error.retry_after, error.code, error.cost, error.job) == (1.5, "42", None, None)


@pytest.mark.parametrize("hook", ("map_error", "parse_response"))
def test_one_error_object_for_all_edits_is_never_written_on(
    acme: Acme, job: Job, hook: str
) -> None:
    provider = acme(
        f"""
        from imgedit import ProviderUnavailable

        BUSY = ProviderUnavailable("busy")
        BUSY.add_note("so they say")

        @hookimpl
        def {hook}():
            {"return" if hook == "map_error" else "raise"} BUSY
        """
    )

    def ask() -> Any:
        if hook == "map_error":
            return provider.map_error(job, HttpResponse(status=503))
        with pytest.raises(ProviderUnavailable) as caught:
            provider.parse_response(job, OK)
        return caught.value

    first = ask()
    first.charged, first.job_id = "yes", "another job"
    first.add_note("of the first")
    second = ask()
    assert second is not first
    assert (second.message, second.job_id) == ("busy", None)
    assert second.charged != "yes"
    assert second.__notes__ == ["so they say"]
