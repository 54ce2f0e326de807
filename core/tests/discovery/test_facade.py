"""What a provider may do wrong, and how the facade says it."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from attrs import evolve

from imgedit import (
    Done,
    EditRequest,
    Facts,
    HttpResponse,
    Job,
    Json,
    Next,
    Output,
    PluginError,
    Quote,
    RateLimited,
    UnexpectedResponse,
    Wait,
)
from imgedit.contract.exchange import HttpRequest

from .answering import LABEL, OK, Acme, answering


def test_a_good_provider_is_asked(acme: Acme, job: Job) -> None:
    provider = acme()
    request = provider.build_request(job)
    assert isinstance(request, HttpRequest)
    assert request.body == Json({"prompt": "a secret wish", "tags": {"a": 1}})
    answer = provider.parse_response(job, OK)
    assert isinstance(answer, Done)
    assert [image.url for image in answer.images] == ["https://x.example/1"]


def test_what_the_provider_leaves_out_the_core_does(
    acme: Acme, job: Job, request_: EditRequest
) -> None:
    provider = acme()
    assert provider.validate(request_, job.model).problems == ()
    assert provider.price(request_, job.model).amount == Decimal("0.04")
    assert provider.reconcile(job, None) is None
    assert provider.list_models() is None
    assert provider.parse_models(OK) is None
    error = provider.map_error(job, HttpResponse(status=429, headers={"Retry-After": "7"}))
    assert isinstance(error, RateLimited)
    assert (error.provider, error.distribution, error.retry_after) == ("acme", LABEL, 7)


def test_what_the_provider_says_goes_first(acme: Acme, job: Job, request_: EditRequest) -> None:
    provider = acme(
        """
        from imgedit import *

        @hookimpl
        def price(request):
            return Quote(amount=2, at_most=2, unit="USD", basis="exact")

        @hookimpl
        def map_error(response):
            return InsufficientCredits("sold out") if response.at("/sold") else None

        @hookimpl
        def reconcile(job):
            return Next({**job.state, "seen": True})

        @hookimpl
        def list_models():
            return HttpRequest(method="GET", url="/models", purpose="models")

        @hookimpl
        def parse_models(response):
            return [{"id": "two"}]
        """,
        errors={"code": ["/code"], "request_id": ["header:x-request-id"]},
    )
    assert provider.price(request_, job.model).amount == 2
    sold = HttpResponse(
        status=400, headers={"X-Request-Id": "r-7"}, body=b'{"sold": true, "code": "gone"}'
    )
    assert type(provider.map_error(None, sold)).__name__ == "InsufficientCredits"
    filled = provider.map_error(None, sold)
    assert (filled.status, filled.code, filled.request_id) == (400, "gone", "r-7")
    assert type(provider.map_error(None, HttpResponse(status=401))).__name__ == (
        "AuthenticationError"
    )
    assert provider.reconcile(job, None) == Next({"id": "x", "seen": True})
    listing = provider.list_models()
    assert listing is not None
    assert listing.purpose == "models"
    assert provider.parse_models(OK) == [{"id": "two"}]


def test_problems_of_manifest_and_plugin_add_up(
    acme: Acme, job: Job, request_: EditRequest
) -> None:
    provider = acme(
        """
        from imgedit import Problem

        @hookimpl
        def validate(request, model):
            return [Problem(path="/prompt", message="must not wish", code="rule")]
        """
    )
    long = evolve(request_, prompt="x" * 101)
    codes = [problem.code for problem in provider.validate(long, job.model).problems]
    assert codes == ["maxLength", "rule"]


def test_what_is_unchecked_is_passed_on(acme: Acme, request_: EditRequest) -> None:
    provider = acme(limits={"picture.bytes": {"maximum": 1000}, "options.tags": {}})
    checked = provider.validate(request_, provider.manifest.models[0])
    assert checked.unchecked == ("/image/bytes",)


@pytest.mark.parametrize(
    ("answer", "said"),
    (
        ("None", "returned None"),
        ("{'url': 'x'}", "returned a value of type dict"),
        ("Done(['x'])", "returned a Done that holds a value of type str"),
        ("Next({'when': datetime(2026, 1, 1)})", "it holds a value of type datetime"),
        ("Next({'ids': {1, 2}})", "it holds a value of type set"),
        ("Next({'x': float('nan')})", "it holds NaN"),
        ("Next({'x': Decimal('Infinity')})", "it holds a value of type Decimal"),
        ("Next({1: 'x'})", "one of its keys is a value of type int"),
        ("Next({'deep': [{None: 1}]})", "one of its keys is None"),
        ("Next([1])", "a state that is a value of type list"),
        ("Next({'x': 'y' * 300_000})", "a state of 300009 bytes, more than 262144"),
        ("Wait({'x': b''})", "it holds a value of type bytes"),
        ("Wait({}, seconds='5')", "a Wait whose seconds is a value of type str"),
        ("Wait({}, seconds=-1)", "a Wait whose seconds is negative"),
        ("Wait({}, seconds=10**400)", "a Wait whose seconds is negative or no finite number"),
        ("Wait({}, progress=Decimal('sNaN'))", "progress is negative or no finite number"),
        ("Wait({}, progress=True)", "a Wait whose progress is a value of type bool"),
        ("Done([], refresh={'x': object()})", "a refresh that is not JSON"),
        ("Next({}, facts={'id': 1})", "facts that are a value of type dict"),
        ("Next({}, facts=Facts(vendor_ids={'id': None}))", "None among its vendor_ids"),
        ("Next({}, facts=Facts(model=5))", "Facts whose model is a value of type int"),
        ("Done([Output(base64=b'xx')])", "an Output whose base64 is a value of type bytes"),
        ("Done([Output(url='x', variants={'png': 'y'})])", "a Done that holds a value of type str"),
        ("Done([Output(image=ImageSource(url='https://x.example/1'))])", "image is an address"),
    ),
)
def test_a_wrong_step_names_distribution_hook_and_what_is_expected(
    acme: Acme, job: Job, answer: str, said: str
) -> None:
    provider = acme(answering(answer))
    with pytest.raises(UnexpectedResponse) as caught:
        provider.parse_response(job, OK)
    error = caught.value
    assert f": parse_response of {LABEL} returned " in error.message
    assert said in error.message
    assert "expected is Done, Next or Wait" in error.message
    assert error.message.endswith("(see docs/hooks.md#parse_response)")
    assert (error.provider, error.distribution) == ("acme", LABEL)
    assert error.charged == "unknown"
    assert pickle.loads(pickle.dumps(error)).message == error.message


def test_a_state_comes_back_as_a_journal_will_give_it(acme: Acme, job: Job) -> None:
    provider = acme(
        answering(
            "Wait({'eta': Decimal('1.5'), 'n': Decimal(3), 'pair': (1, 2), "
            "'far': Decimal('1e1000000')}, seconds=2)"
        )
    )
    assert provider.parse_response(job, OK) == Wait(
        {"eta": 1.5, "n": 3, "pair": [1, 2], "far": "1E+1000000"}, seconds=2.0
    )


@pytest.mark.parametrize(
    ("told", "warning"),
    (
        ("sha256='sha256:' + 64 * 'a'", "the hash that was announced for the picture"),
        ("sha256='d41d8cd98f00b204e9800998ecf8427e'", "the hash that was announced"),
        ("sha256=64 * 'g'", "the hash"),
        ("sha256=7", "the hash"),
        ("sha256=64 * '\u0661'", "the hash"),
        ("size=-1", "the size"),
        ("size='82'", "the size"),
        ("size=True", "the size"),
        ("sha256='', size=0, media_type=7, expires_at='soon'", None),
    ),
)
def test_what_is_announced_in_another_form_costs_no_picture(
    acme: Acme, job: Job, told: str, warning: str | None
) -> None:
    provider = acme(answering(f"Done([Output(url='https://x.example/1', {told})])"))
    answer = provider.parse_response(job, OK)
    assert answer == Done(
        [Output(url="https://x.example/1")], facts=Facts(warnings=answer.facts.warnings)
    )
    if warning is None:
        assert answer.facts.warnings == ()
    else:
        (said,) = answer.facts.warnings
        assert said.startswith(warning)
        assert said.endswith("cannot be read, so it was not checked")
    inner = f"Done([Output(url='x', variants={{'jpeg': Output(url='y', {told})}})])"
    (whole,) = acme(answering(inner)).parse_response(job, OK).images
    assert whole.variants == {"jpeg": Output(url="y")}


def test_what_is_announced_as_agreed_stays(acme: Acme, job: Job) -> None:
    told = "sha256=32 * 'aB', size=82, media_type='image/png'"
    provider = acme(answering(f"Done([Output(url='x', {told})])"))
    (output,) = provider.parse_response(job, OK).images
    assert (output.sha256, output.size, output.media_type) == (32 * "aB", 82, "image/png")


def test_vendor_ids_that_came_as_numbers_become_text(acme: Acme, job: Job) -> None:
    provider = acme(answering("Next({}, facts=Facts(vendor_ids={'id': 17}))"))
    answer = provider.parse_response(job, OK)
    assert answer.facts.vendor_ids == {"id": "17"}


@pytest.mark.parametrize(
    ("answer", "said"),
    (
        ("None", "returned None"),
        ("'POST /edit'", "returned a value of type str"),
        (
            "HttpRequest(method='POST', url='/e', purpose='submit', body={'a': 1})",
            "an HttpRequest whose body is a value of type dict",
        ),
        (
            "HttpRequest(method='POST', url='/e', purpose='submit', body=Json({'a': datetime}))",
            "a request whose body holds a value of type type",
        ),
        (
            (
                "HttpRequest(method='POST', url='/e', purpose='submit', "
                "body=Json({'a': job.request.image}))"
            ),
            "a request whose body holds a value of type ImageSource",
        ),
        (
            "HttpRequest(method='POST', url='/e', purpose='submit', body=Multipart([('a', 1.5)]))",
            "a Multipart part that is a value of type float",
        ),
        (
            "HttpRequest(method='GET', url='/e', purpose='poll', query={'a': None})",
            "an HttpRequest with None in its query",
        ),
        (
            "LocalRequest(function='a:b', arguments={'a': {1, 2}})",
            "a request whose arguments holds a value of type set",
        ),
    ),
)
def test_a_wrong_request_is_refused(acme: Acme, job: Job, answer: str, said: str) -> None:
    provider = acme(answering(answer, "build_request"))
    with pytest.raises(PluginError) as caught:
        provider.build_request(job)
    assert caught.value.message.startswith(f"build_request of {LABEL} returned ")
    assert said in caught.value.message
    assert caught.value.charged == "no"


@pytest.mark.parametrize(
    "body",
    (
        "Json({'a': DataURI(job.request.image), 'b': [Base64(job.request.image), Decimal(1)]})",
        "Multipart([('image', FilePart(job.request.image)), ('n', 1), ('x', True), ('s', 'y')])",
        "Raw(job.request.image)",
        "None",
    ),
)
def test_every_body_is_taken(acme: Acme, job: Job, body: str) -> None:
    source = f"HttpRequest(method='POST', url='/e', purpose='submit', body={body})"
    request = acme(answering(source, "build_request")).build_request(job)
    assert isinstance(request, HttpRequest)


@pytest.mark.parametrize(
    ("change", "name"),
    (
        ("job.state['id'] = 'y'", "job.state"),
        ("job.state.setdefault('deep', []).append(1)", "job.state"),
        ("job.request.options['tags']['b'] = 2", "job.request.options"),
        ("job.model.limits['prompt']['maxLength'] = 5", "job.model"),
        ("job.model.price['amounts'] = '0'", "job.model"),
        ("response.headers.clear()", "response.headers"),
    ),
)
def test_changed_arguments_are_noticed(acme: Acme, job: Job, change: str, name: str) -> None:
    provider = acme(
        f"""
        @hookimpl
        def parse_response(job, response):
            {change}
            return Done([])
        """
    )
    with pytest.raises(UnexpectedResponse) as caught:
        provider.parse_response(job, OK)
    assert f": parse_response of {LABEL} changed {name} in place" in caught.value.message


def test_a_changed_row_is_noticed_by_validate(acme: Acme, job: Job, request_: EditRequest) -> None:
    provider = acme(
        """
        @hookimpl
        def validate(model):
            model.limits.clear()
            return []
        """
    )
    with pytest.raises(PluginError, match=r"validate of .* changed model in place"):
        provider.validate(request_, job.model)


def test_a_picture_without_variants_may_say_so(acme: Acme, job: Job) -> None:
    provider = acme(answering("Done([Output(url='https://x.example/1', variants=None)])"))
    assert provider.parse_response(job, OK) == Done([Output(url="https://x.example/1")])


def test_a_forgotten_return_of_validate_is_noticed(
    acme: Acme, job: Job, request_: EditRequest
) -> None:
    provider = acme(
        """
        @hookimpl
        def validate(request):
            [request]
        """
    )
    with pytest.raises(PluginError, match=r"validate of .* returned None; expected is a list"):
        provider.validate(request_, job.model)


def test_a_plugin_may_rely_on_the_manifests_limits(
    acme: Acme, job: Job, request_: EditRequest, caplog: pytest.LogCaptureFixture
) -> None:
    provider = acme(
        """
        @hookimpl
        def validate(request):
            return [] if len(request.prompt) <= 100 else 1 / 0
        """
    )
    long = evolve(request_, prompt="x" * 101)
    assert [one.code for one in provider.validate(long, job.model).problems] == ["maxLength"]
    assert "ZeroDivisionError" in caplog.text


def test_a_coroutine_is_refused_without_a_warning(acme: Acme, job: Job) -> None:
    provider = acme(
        """
        async def _later():
            return None

        @hookimpl
        def build_request(job):
            return _later()
        """
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(PluginError, match="returned a coroutine"):
            provider.build_request(job)


@pytest.mark.parametrize(
    ("hook", "answer", "said"),
    (
        ("list_models", "HttpRequest(method='GET', url='/m', purpose='poll')", "the purpose poll"),
        ("list_models", "'/models'", "a value of type str"),
        ("parse_models", "{'id': 'x'}", "a value of type dict"),
        ("parse_models", "[{'title': 'x'}]", "a row without an id"),
        ("parse_models", "['x']", "a list that holds a value of type str"),
        ("reconcile", "Wait({})", "a value of type Wait"),
        ("price", "0.04", "a value of type float"),
        ("price", "Quote(amount=1, at_most=1, unit=None, basis='exact')", "without a unit"),
        ("validate", "True", "a value of type bool"),
        ("validate", "['too long']", "a list that holds a value of type str"),
        ("validate", "[Problem(path='/x', message=1, code='x')]", "is not a string"),
    ),
)
def test_every_other_hook_is_checked(
    acme: Acme, job: Job, request_: EditRequest, hook: str, answer: str, said: str
) -> None:
    provider = acme(f"from imgedit import *\n@hookimpl\ndef {hook}():\n    return {answer}\n")
    calls: dict[str, Callable[[], Any]] = {
        "list_models": provider.list_models,
        "parse_models": lambda: provider.parse_models(OK),
        "reconcile": lambda: provider.reconcile(job, None),
        "price": lambda: provider.price(request_, job.model),
        "validate": lambda: provider.validate(request_, job.model),
    }
    with pytest.raises(UnexpectedResponse if hook == "parse_models" else PluginError) as caught:
        calls[hook]()
    assert f"{hook} of {LABEL} returned " in caught.value.message
    assert said in caught.value.message


def test_a_bug_of_the_core_is_not_blamed_on_the_plugin(acme: Acme, job: Job) -> None:
    provider = acme()
    with pytest.raises(AttributeError):
        provider.price("not a request", job.model)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("status", "charged"), (("planned", "no"), ("sent", "unknown"), ("accepted", "unknown"))
)
def test_a_broken_hook_says_what_is_known_of_the_money(
    acme: Acme, job: Job, status: Any, charged: str
) -> None:
    provider = acme(answering("None", "build_request"))
    with pytest.raises(PluginError) as caught:
        provider.build_request(evolve(job, status=status))
    assert caught.value.charged == charged


def test_a_quote_of_the_plugin_is_used_as_it_is(
    acme: Acme, job: Job, request_: EditRequest
) -> None:
    provider = acme(
        """
        from imgedit import Quote

        @hookimpl
        def price(request, model):
            return Quote(unit="USD", basis="unknown", reason="ask them")
        """
    )
    assert provider.price(request_, job.model) == Quote(
        unit="USD", basis="unknown", reason="ask them"
    )
