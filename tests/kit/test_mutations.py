"""Wrong providers: the good sample with one real mistake each fails the test that names it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from acme_tests import AcmeTests

from imgedit.testing.check import run
from imgedit.testing.kit import error_tests
from imgedit.testing.kit.http_tests import GOOD
from imgedit.testing.kit.standard import standard_tests
from imgedit.testing.kit.subject import Subject


class Quick(AcmeTests):
    examples = 5


EVERY = tuple(standard_tests(Quick))
OVER_HTTP = tuple(name for name in EVERY if name.startswith("test_http"))
LIGHT = "test_importing_it_is_light"
# What fails without a server needs no server; one good edit shows that the rest would hold.
OFFLINE = tuple(name for name in EVERY if name not in OVER_HTTP or name == GOOD)


class Mistake(NamedTuple):
    """One edit of the sample, and the one test that is to fail."""

    name: str
    test: str
    old: str
    new: str
    file: str = "__init__.py"


P = "provider.json"
POLL = (
    "        url = f\"status:/edits/{job.state['id']}\"\n"
    '        return HttpRequest(method="GET", url=url, purpose="poll")'
)
MISTAKES = (
    # -- manifest and loading
    Mistake("a misspelt key", "test_the_manifest_is_valid", '"homepage"', '"home_page"', P),
    Mistake(
        "a price as a float",
        "test_the_manifest_is_valid",
        '{"1k": "0.04"',
        '{"1k": 0.04',
        P,
    ),
    Mistake(
        "a price without its source",
        "test_the_manifest_is_valid",
        '"price": {"source": "docs", "by"',
        '"price": {"source": "dosc", "by"',
        P,
    ),
    Mistake(
        "a price by a value that no model takes",
        "test_the_manifest_is_valid",
        '"2k": "0.08"',
        '"4k": "0.08"',
        P,
    ),
    Mistake(
        "a hook without its mark",
        "test_the_plugin_loads",
        "@hookimpl\ndef reconcile",
        "def reconcile",
    ),
    Mistake("a misspelt hook", "test_the_plugin_loads", "def list_models()", "def list_model()"),
    Mistake(
        "an asynchronous hook",
        "test_the_plugin_loads",
        "def parse_response(job",
        "async def parse_response(job",
    ),
    Mistake(
        "a parameter with a default",
        "test_the_plugin_loads",
        "response: HttpResponse | None) -> Next",
        "response: HttpResponse | None = None) -> Next",
    ),
    Mistake(
        "a parameter of another name",
        "test_the_plugin_loads",
        "def price(request: EditRequest, model: Model)",
        "def price(req: EditRequest, model: Model)",
    ),
    Mistake(
        "a heavy import",
        "test_importing_it_is_light",
        "from typing import Any\n",
        "from typing import Any\n\nimport aiohttp\n",
    ),
    # -- hooks
    Mistake(
        "the clock in the request",
        "test_hooks_are_pure",
        '"label": job.id,',
        '"label": f"{job.id}-{__import__(\'time\').time():.0f}",',
    ),
    Mistake(
        "a random label",
        "test_hooks_are_pure",
        '"label": job.id,',
        '"label": str(__import__("uuid").uuid4()),',
    ),
    Mistake(
        "today's date",
        "test_hooks_are_pure",
        'state = {"id": answer["job"],',
        "import datetime\n"
        '            state = {"day": str(datetime.date.today()), "id": answer["job"],',
    ),
    Mistake(
        "the environment asked in a hook",
        "test_hooks_are_pure",
        '"label": job.id,',
        '"label": __import__("os").environ.get("ACME_LABEL", job.id),',
    ),
    Mistake(
        "a file read in a hook",
        "test_hooks_are_pure",
        "    if len(found) != 1:",
        "    open(__file__).close()\n    if len(found) != 1:",
    ),
    Mistake(
        "a picture read in a hook",
        "test_hooks_are_pure",
        'body["mask"] = Base64(request.mask)',
        'body["mask"] = request.mask.read().hex()',
    ),
    Mistake(
        "a print that was left behind",
        "test_hooks_are_pure",
        '    answer = response.json()\n    if answer["state"]',
        '    answer = response.json()\n    print(answer)\n    if answer["state"]',
    ),
    Mistake(
        "mutable module state",
        "test_hooks_answer_the_same_twice",
        '    body = {**job.wire(), "label": job.id,',
        '    _CALLS.append(1)\n    body = {**job.wire(), "label": f"{job.id}-{len(_CALLS)}",',
    ),
    Mistake(
        "a state changed in place",
        "test_hooks_leave_their_arguments_alone",
        'return Next({**job.state, "places": _places(job, response.json()["places"])})',
        'job.state["places"] = _places(job, response.json()["places"])\n'
        "            return Next(job.state)",
    ),
    Mistake(
        "an answer changed in place",
        "test_hooks_leave_their_arguments_alone",
        'for row in response.json()["edits"]]',
        'for row in response.json().pop("edits")]',
    ),
    # -- the flow
    Mistake(
        "a limit that refuses the vendor's own example",
        "test_a_good_request_is_taken",
        '"maxLength": 2000}',
        '"maxLength": 12}',
        P,
    ),
    Mistake(
        "a value that is not JSON in the body",
        "test_a_good_request_is_built",
        '"label": job.id,',
        '"label": {job.id},',
    ),
    Mistake(
        "a data prefix where bare base64 is asked",
        "test_bodies_are_as_the_vendor_documents_them",
        'body["mask"] = Base64(request.mask)',
        'from imgedit import DataURI\n        body["mask"] = DataURI(request.mask)',
    ),
    Mistake(
        "a wrong value name",
        "test_bodies_are_as_the_vendor_documents_them",
        '"2k": "2048px"',
        '"2k": "2K"',
        P,
    ),
    Mistake(
        "a wrong field name",
        "test_bodies_are_as_the_vendor_documents_them",
        '"seed": "seed"',
        '"seed": "random_seed"',
        P,
    ),
    Mistake(
        "a poll marked as submit",
        "test_a_job_submits_once",
        'HttpRequest(method="GET", url=url, purpose="poll")',
        'HttpRequest(method="GET", url=url, purpose="submit")',
    ),
    Mistake(
        "a date in the state",
        "test_every_state_survives_json",
        '"since": answer["created"]}',
        '"since": __import__("datetime").datetime.fromisoformat(answer["created"])}',
    ),
    Mistake(
        "numbers for names in the state",
        "test_every_state_survives_json",
        '"since": answer["created"]}',
        '"tries": {1: answer["created"]}}',
    ),
    Mistake(
        "a field that the vendor does not send",
        "test_recorded_answers_lead_to_the_pictures",
        'answer["results"]',
        'answer["images"]',
    ),
    Mistake(
        "the cost as a float",
        "test_recorded_answers_lead_to_the_pictures",
        "return Decimal(usd) if good",
        "return float(usd) if good",
    ),
    Mistake(
        "only the first picture",
        "test_recorded_answers_lead_to_the_pictures",
        "return Done(images,",
        "return Done(images[:1],",
    ),
    Mistake(
        "the same picture twice",
        "test_recorded_answers_lead_to_the_pictures",
        'url=one["url"]',
        'url=answer["results"][0]["url"]',
    ),
    Mistake(
        "a success that the error table calls a failure",
        "test_recorded_answers_lead_to_the_pictures",
        '{"/state": {"const": "failed"}}',
        '{"/state": {"enum": ["failed", "done"]}}',
        P,
    ),
    Mistake(
        "a handle kept beside the state",
        "test_the_flow_resumes_from_every_state",
        'return Next({**job.state, "places": _places(job, response.json()["places"])})\n'
        '        case "upload":\n            image = job.to_upload[0]\n'
        '            return Next(job.uploaded(image, job.state["places"][image.sha256]["name"]))',
        '_PLACES.update(_places(job, response.json()["places"]))\n'
        '            return Next({**job.state, "places": dict(_PLACES)})\n'
        '        case "upload":\n            image = job.to_upload[0]\n'
        '            return Next(job.uploaded(image, _PLACES[image.sha256]["name"]))',
    ),
    Mistake(
        "a failed job begun anew",
        "test_a_failed_job_is_not_sent_again",
        '        raise JobFailed(f"Acme says {answer[\'state\']!r}", charged="no")',
        '        return Next({"handles": {one.sha256: "acme:0" for one in job.request.pictures}})',
    ),
    Mistake(
        "an edit that is sent to be asked after",
        "test_a_job_submits_once",
        POLL,
        "        picture = job.uploaded(job.to_upload[0], 'acme:0')\n"
        '        body = Json(_edit(__import__("attrs").evolve(job, state=picture)))\n'
        '        return HttpRequest(method="POST", url="/edits", purpose="poll", body=body)',
    ),
    Mistake(
        "a lost submit sent again",
        "test_a_lost_submit_is_settled_for_free",
        'return Next({"search": job.id})',
        "return Next(job.state)",
    ),
    Mistake(
        "another job's result taken",
        "test_settling_takes_no_other_job",
        "found = [name for name in names if name not in job.taken]",
        "found = names",
    ),
    Mistake(
        "a refresh that edits again",
        "test_a_refresh_is_free",
        "refresh=job.state)",
        'refresh={"handles": {one.sha256: "acme:0" for one in job.request.pictures}})',
    ),
    Mistake(
        "cents taken for dollars",
        "test_the_cost_is_what_the_vendor_says",
        "return Decimal(usd) if good",
        "return Decimal(usd) * 100 if good",
    ),
    Mistake(
        "a guess for a missing hash",
        "test_announced_facts_come_from_the_answer",
        'sha256=one.get("sha256")',
        'sha256=one.get("sha256", "0" * 64)',
    ),
    Mistake(
        "a date that is converted by hand",
        "test_strange_facts_lose_no_picture",
        'expires_at=answer.get("until")',
        'expires_at=__import__("datetime").datetime.fromisoformat(answer["until"])',
    ),
    Mistake(
        "a cost that must be a number",
        "test_strange_facts_lose_no_picture",
        'Facts(cost=_cost(answer.get("usd")))',
        'Facts(cost=answer["usd"])',
    ),
    Mistake(
        "a hash that is cut by hand",
        "test_strange_facts_lose_no_picture",
        'sha256=one.get("sha256")',
        'sha256=(one.get("sha256") or "").removeprefix("sha256:") or None',
    ),
    Mistake(
        "an upload address without its signature",
        "test_foreign_addresses_are_used_as_they_came",
        'url=place["put"]',
        'url=place["put"].partition("?")[0]',
    ),
    Mistake(
        "the key sent to the upload host",
        "test_the_key_goes_to_no_other_host",
        '"https://status.acme.example/v2"',
        '"https://storage.acme-cdn.example"',
        P,
    ),
    Mistake(
        "the key in the URL",
        "test_the_key_is_only_in_its_header",
        'url="/places", purpose="prepare", body=body)',
        'url="/places", purpose="prepare", body=body, query={"key": _KEY})',
    ),
    Mistake(
        "milliseconds waited as seconds",
        "test_waits_make_sense",
        'seconds=answer["eta_ms"] / 1000, facts',
        'seconds=answer["eta_ms"], facts',
    ),
    Mistake(
        "per cent for a share",
        "test_waits_make_sense",
        'answer["percent"] / 100',
        'answer["percent"]',
    ),
    Mistake(
        "live rows in the vendor's words",
        "test_live_models_are_read",
        '{"id": row["name"],',
        '{"name": row["name"],',
    ),
    # -- drawn requests and prices
    Mistake(
        "a prompt that validate cannot bear",
        "test_validate_and_price_never_raise",
        'if "@" in request.prompt:',
        'if request.prompt[0] == "@":',
    ),
    Mistake(
        "a price made of a float",
        "test_validate_and_price_never_raise",
        "    return None\n\n\n@hookimpl\ndef build",
        '    return Quote(amount=0.04 * request.n, unit="USD", basis="estimate")'
        " if request.references else None\n\n\n@hookimpl\ndef build",
    ),
    Mistake(
        "more pictures promised than built",
        "test_drawn_requests_are_built",
        '{"picture": job.handle(one.image), "about": one.description}',
        '{"picture": job.handle(one.image), "about": one.description.upper()}',
    ),
    Mistake(
        "a dropped mask",
        "test_every_field_is_sent",
        "    if request.mask is not None:",
        "    if request.mask is not None and request.n > 1:",
    ),
    Mistake(
        "dropped descriptions",
        "test_every_field_is_sent",
        ', "about": one.description}',
        "}",
    ),
    Mistake(
        "a dropped field",
        "test_every_field_is_sent",
        '"aspect_ratio": "shape",',
        "",
        P,
    ),
    Mistake(
        "a price in another unit",
        "test_prices_hold_together",
        "    return None\n\n\n@hookimpl\ndef build",
        '    return Quote(amount="0.04", at_most="0.04", unit="EUR", basis="exact")'
        " if request.references else None\n\n\n@hookimpl\ndef build",
    ),
    Mistake(
        "four pictures cheaper than three",
        "test_prices_hold_together",
        "    return None\n\n\n@hookimpl\ndef build",
        '    return Quote(amount="0.10", at_most="0.10", unit="USD", basis="exact")'
        " if request.n == 4 else None\n\n\n@hookimpl\ndef build",
    ),
    Mistake(
        "zero for an unknown price",
        "test_an_unknown_price_is_not_zero",
        "    return None\n\n\n@hookimpl\ndef build",
        '    return Quote(amount=0, unit="USD", basis="estimate")'
        ' if model.id == "preview" else None\n\n\n@hookimpl\ndef build',
    ),
    Mistake(
        "a model that seems free",
        "test_an_unknown_price_is_not_zero",
        '"amounts": "0.01+"',
        '"amounts": "0"',
        P,
    ),
    Mistake(
        "a price in the code",
        "test_prices_come_from_the_manifest",
        "    return None\n\n\n@hookimpl\ndef build",
        '    return Quote(amount="0.01", unit="USD", basis="at_least")'
        ' if model.id == "sketch" else None\n\n\n@hookimpl\ndef build',
    ),
    # -- errors
    Mistake(
        "an error in a 200 missed",
        "test_errors_inside_a_success_are_noticed",
        '    if answer["state"] != "done":\n'
        '        raise JobFailed(f"Acme says {answer[\'state\']!r}", charged="no")\n',
        '    if answer["state"] != "done":\n        return Wait(job.state)\n',
    ),
    Mistake(
        "the wrong class",
        "test_documented_errors_are_mapped",
        '"is": "InsufficientCredits"',
        '"is": "PermissionDenied"',
        P,
    ),
    Mistake(
        "a charge that is denied",
        "test_documented_errors_are_mapped",
        '"is": "ContentRejected", "charged": "yes"',
        '"is": "ContentRejected", "charged": "no"',
        P,
    ),
    Mistake(
        "milliseconds read as seconds",
        "test_documented_errors_are_mapped",
        "x-acme-reset|unix_ms",
        "x-acme-reset|unix",
        P,
    ),
    Mistake(
        "a row behind a wider one",
        "test_every_row_of_the_error_table_counts",
        '{"purpose": ["poll"], "code": ["broken"], "is": "JobFailed", "charged": "no"},\n'
        '      {"status": [503], "is": "ProviderUnavailable", "charged": "no", "retryable": true}',
        '{"status": [503], "is": "ProviderUnavailable", "charged": "no", "retryable": true},\n'
        '      {"purpose": ["poll"], "code": ["broken"], "is": "JobFailed", "charged": "no"},\n'
        '      {"status": [503], "code": ["busy"], "is": "RateLimited", "charged": "no"}',
        P,
    ),
    Mistake(
        "an error body taken for granted",
        "test_hostile_answers_give_one_error",
        'if response.header("x-acme-plan") == "ended":',
        'if response.header("x-acme-plan") == "ended" or response.json()["error"] == "plan":',
    ),
    Mistake(
        "a server error that is said to be free",
        "test_a_server_error_does_not_say_that_it_was_free",
        '{"status": [503], "is": "ProviderUnavailable"',
        '{"status": [502, 503, 504], "is": "ProviderUnavailable"',
        P,
    ),
    Mistake(
        "an answer without an id taken for a refusal",
        "test_garbage_is_no_answer",
        "            answer = response.json()\n            state",
        "            answer = response.json()\n"
        "            if not isinstance(answer, dict):\n"
        '                raise JobFailed("Acme began nothing", charged="no")\n            state',
    ),
    Mistake(
        "a job without an id",
        "test_garbage_is_no_answer",
        '    if answer["state"] == "running":',
        '    if not answer:\n        return Wait(job.state)\n    if answer["state"] == "running":',
    ),
    # -- over HTTP
    Mistake(
        "a state that grows",
        "test_http_a_slow_queue_is_waited_for",
        'return Wait(job.state, seconds=answer["eta_ms"]',
        'state = {**job.state, "seen": [*job.state.get("seen", []), answer]}\n'
        '        return Wait(state, seconds=answer["eta_ms"]',
    ),
    Mistake(
        "a refused question taken for the end",
        "test_http_a_refused_question_ends_no_job",
        'if response.header("x-acme-plan") == "ended":',
        'if response.purpose == "poll" and "quota" in str(response.at("/error/message")):\n'
        '        return JobFailed("Acme has enough for today", charged="no")\n'
        '    if response.header("x-acme-plan") == "ended":',
    ),
    Mistake(
        "a refresh that asks for another job",
        "test_http_a_result_that_is_gone_can_be_fetched_later",
        "refresh=job.state)",
        'refresh={"id": job.id})',
    ),
)

PREAMBLE = """
_CALLS: list[int] = []
_PLACES: dict = {}
_KEY = __import__("os").environ.get("ACME_API_KEY", "")
"""


def _names(mistake: Mistake) -> list[str]:
    names = EVERY if mistake.test in OVER_HTTP else OFFLINE
    # It starts a process: that pays only where an import could have been added.
    return [name for name in names if name != LIGHT or "import" in mistake.new]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name.replace(" ", "-"))
def test_a_mistake_fails_the_test_that_names_it(
    install: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, mistake: Mistake
) -> None:
    path = install(mistake.file, mistake.old, mistake.new)
    source = path.with_name("__init__.py")
    text = source.read_text(encoding="utf-8")
    if any(name in text for name in ("_CALLS", "_PLACES", "_KEY")):
        text = text.replace("\n\n@hookimpl\ndef validate", f"{PREAMBLE}\n\n@hookimpl\ndef validate")
        source.write_text(text, encoding="utf-8")
    # The sample's own run, as every plugin's, goes through each size.
    monkeypatch.setattr(error_tests, "LARGE", (1 << 20,))
    tests = Quick()
    with Subject(tests).in_place() as subject:
        rows = list(run(tests, subject, _names(mistake)))
    failed = {row.test: row.message for row in rows if row.outcome == "failed"}
    assert list(failed) == [mistake.test], failed


def test_a_vendor_with_one_address_for_everything_passes(install: Callable[..., Path]) -> None:
    """As JSON-RPC and GraphQL have it: another body is another thing to the vendor."""
    asks = (
        '        body = Json({"job": job.state["id"]})\n'
        '        return HttpRequest(method="POST", url="/edits", purpose="poll", body=body)'
    )
    install("__init__.py", POLL, asks)
    tests = Quick()
    with Subject(tests).in_place() as subject:
        rows = {
            row.test: row for row in run(tests, subject, [name for name in EVERY if name != LIGHT])
        }
    failed = {row.test: row.message for row in rows.values() if row.outcome == "failed"}
    assert not failed
    assert "cannot count submits" in rows[GOOD].message
