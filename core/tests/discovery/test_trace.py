"""IMGEDIT_TRACE_PLUGINS=1 shows every hook call, and neither a key nor a picture."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve

from imgedit import HttpResponse, ImageSource, Job, PluginError
from imgedit.contract.exchange import Base64, DataURI, Json
from imgedit.contract.outcome import Done, Output
from imgedit.discovery import Provider
from imgedit.discovery.trace import shown
from imgedit.testing.pictures import png
from imgedit.transport.credentials import Credentials

Acme = Callable[..., Provider]
PICTURE = b64encode(png(64, 64) * 3).decode()


@pytest.fixture
def tracing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMGEDIT_TRACE_PLUGINS", "1")


@pytest.mark.usefixtures("tracing")
def test_a_call_is_shown_with_its_arguments_result_and_time(
    acme: Acme, job: Job, capsys: pytest.CaptureFixture[str]
) -> None:
    acme().build_request(job)
    told = capsys.readouterr()
    assert told.out == ""
    first, argument, result = told.err.splitlines()
    assert first.startswith("acme: build_request took ")
    assert first.endswith(" ms (imgedit_acme (registered) 0.1.0)")
    assert argument.startswith("  job = Job(id='01', provider='acme', request=EditRequest(")
    assert "model=Model('one')" in argument
    assert result == (
        "  -> HttpRequest(method='POST', url='/edit', purpose='submit', "
        "body=Json(value={'tags': {'a': 1}, 'prompt': 'a secret wish'}))"
    )


@pytest.mark.usefixtures("tracing")
def test_what_is_raised_is_shown(acme: Acme, job: Job, capsys: pytest.CaptureFixture[str]) -> None:
    provider = acme("@hookimpl\ndef price(request, model):\n    raise KeyError('no such size')\n")
    with pytest.raises(PluginError):
        provider.price(job.request, job.model)
    assert "  raised KeyError: 'no such size'" in capsys.readouterr().err.splitlines()


@pytest.mark.usefixtures("tracing")
def test_a_key_is_masked(acme: Acme, job: Job, capsys: pytest.CaptureFixture[str]) -> None:
    _known = Credentials({"X-Key": "sk-very-secret"}, ["sk-very-secret"])
    answer = HttpResponse(
        status=200,
        headers={"Content-Type": "application/json"},
        body=b'{"url": "https://x.example/?k=sk-very-secret"}',
    )
    acme().parse_response(evolve(job, state={"token": "sk-very-secret"}), answer)
    told = capsys.readouterr().err
    assert "sk-very-secret" not in told
    assert "https://x.example/?k=***" in told


@pytest.mark.parametrize("value", ("", "0"))
def test_it_is_quiet_otherwise(
    acme: Acme,
    job: Job,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    value: str,
) -> None:
    monkeypatch.setenv("IMGEDIT_TRACE_PLUGINS", value)
    acme().build_request(job)
    assert capsys.readouterr().err == ""


IMAGE = ImageSource.of(png(64, 64))


@pytest.mark.parametrize(
    "value",
    (
        PICTURE,
        f"data:image/png;base64,{PICTURE}",
        f"it says {PICTURE} here",
        "\n".join(PICTURE[at : at + 76] for at in range(0, len(PICTURE), 76)),
        png(64, 64),
        Done([Output(base64=PICTURE)]),
        Done([Output(base64="aGVsbG8gd29ybGQ=")]),
        Json({"image": Base64(IMAGE), "again": [DataURI(IMAGE)]}),
        HttpResponse(
            status=200,
            headers={"Content-Type": "application/json"},
            body=b'{"b64_json": "%s"}' % PICTURE.encode(),
        ),
        HttpResponse(status=200, headers={"Content-Type": "text/html"}, body=PICTURE.encode()),
    ),
    ids=lambda value: type(value).__name__,
)
def test_no_picture_is_shown(value: Any) -> None:
    said = shown(value)
    assert PICTURE[:40] not in said
    assert "aGVsbG8" not in said
    assert len(said) < 400


def test_a_long_prompt_keeps_its_words() -> None:
    prompt = "make the sky a little warmer and the water calmer " * 5
    assert shown(prompt) == repr(prompt)
