"""Answers that are lost or never read: one submit, the truth about the money, no lost picture."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from imgedit.testing.pictures import png
from imgedit.testing.server import Answer, ScriptedServer

EDIT = "/v1/images/edit"


def edit(photo: Path) -> tuple[str, ...]:
    return ("edit", str(photo), "x", "-p", "gptimageapi", "-o", "out.png")


@pytest.mark.parametrize(
    "fault", ("drop_before_body", "drop_after_body", "reset_after_body", "drop_inside")
)
def test_a_dropped_connection(
    vendor: Any, call: Callable[..., Any], photo: Path, fault: Any
) -> None:
    vendor.on("POST", EDIT, vendor.good(fault=fault), vendor.good())
    ran = call(*edit(photo))
    assert ran.code == 8
    assert (ran.error["type"], ran.error["charged"]) == ("OutcomeUnknown", "unknown")
    assert ran.error["retryable"] is False
    for _ in range(2):
        again = call("jobs", "resume", ran.error["job_id"])
        assert (again.code, again.error["charged"]) == (8, "unknown")
    (job,) = call("jobs").jobs
    assert job["status"] == "unknown"
    assert vendor.submits == len(vendor.requests) == 1


@pytest.mark.parametrize("fault", ("hang", "hang_inside"))
def test_an_answer_that_never_ends(
    vendor: Any, call: Callable[..., Any], photo: Path, fault: Any
) -> None:
    vendor.on("POST", EDIT, vendor.good(fault=fault))
    ran = call(*edit(photo), "--timeout", "1")
    assert (ran.code, ran.error["charged"]) == (8, "unknown")
    assert vendor.submits == 1


def test_a_refused_connection_costs_nothing(
    call: Callable[..., Any], photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ScriptedServer() as gone:
        monkeypatch.setenv("IMGEDIT_GPTIMAGEAPI_BASE_URL", gone.url)
    monkeypatch.setenv("GPTIMAGEAPI_API_KEY", "k")
    ran = call(*edit(photo))
    assert ran.code == 7
    assert (ran.error["type"], ran.error["charged"]) == ("NetworkError", "no")


needs_sigkill = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL")


@needs_sigkill
def test_killed_while_waiting_for_the_answer(
    vendor: Any, command_line: Any, call: Callable[..., Any], photo: Path
) -> None:
    vendor.on("POST", EDIT, Answer(fault="hang"), vendor.good())
    command_line.kill_when(lambda: vendor.wait_for("POST"), *edit(photo))
    (job,) = call("jobs").jobs
    assert job["status"] == "sent"
    ran = command_line.run("jobs", "resume", job["id"])
    assert (ran.code, ran.error["charged"]) == (8, "unknown")
    assert call("jobs", "resume", job["id"]).code == 8
    (job,) = call("jobs").jobs
    assert job["status"] == "unknown"
    assert vendor.submits == 1
    assert not photo.with_name("out.png").exists()


@needs_sigkill
def test_killed_while_the_second_picture_is_fetched(
    vendor: Any, command_line: Any, call: Callable[..., Any], photo: Path
) -> None:
    vendor.on("POST", EDIT, vendor.good(3))
    vendor.on("GET", "/results/2.png", Answer(fault="hang"), Answer.picture(png(color=(2, 0, 0))))
    vendor.on("GET", "/results/*", vendor.picture)
    command_line.kill_when(
        lambda: vendor.wait_for("GET", "/results/2.png"), *edit(photo), "-n", "3"
    )
    (job,) = call("jobs").jobs
    assert job["cost"] is None
    ran = command_line.run("jobs", "resume", job["id"])
    assert ran.code == 0, ran.err
    for number in (1, 2, 3):
        path = photo.with_name(f"out-{number}.png")
        assert path.read_bytes() == png(color=(number, 0, 0))
    assert vendor.submits == 1


@needs_sigkill
def test_killed_with_the_answer_stored(
    vendor: Any, command_line: Any, call: Callable[..., Any], photo: Path
) -> None:
    command_line.kill_at("accepted", photo, "x")
    assert len(vendor.requests) == 1
    (job,) = call("jobs").jobs
    assert job["status"] == "accepted"
    ran = call("jobs", "resume", job["id"])
    assert ran.code == 0, ran.err
    assert photo.with_name("out.png").read_bytes() == png(color=(1, 0, 0))
    assert vendor.submits == 1


@pytest.mark.parametrize(
    "broken",
    (
        Answer(status=404),
        Answer(status=403, body=b"<Error>expired</Error>"),
        Answer.picture(png()[:40]),
        Answer(body=b"<html>", headers={"Content-Type": "text/html"}),
        Answer.picture(png(), fault="drop_inside"),
    ),
    ids=("404", "403", "truncated", "HTML", "dropped"),
)
def test_a_picture_that_cannot_be_fetched_is_fetched_on_resume(
    vendor: Any, call: Callable[..., Any], photo: Path, broken: Answer
) -> None:
    vendor.on("GET", "/results/*", broken)
    ran = call(*edit(photo))
    assert ran.code == 7
    assert (ran.error["type"], ran.error["charged"]) == ("DownloadFailed", "yes")
    assert not photo.with_name("out.png").exists()
    vendor.on("GET", "/results/*", vendor.picture)
    again = call("jobs", "resume", ran.error["job_id"])
    assert again.code == 0, again.err
    assert photo.with_name("out.png").read_bytes() == png(color=(1, 0, 0))
    assert vendor.submits == 1


@pytest.mark.parametrize(
    "url",
    (
        "file:///etc/hostname",
        "/results/1.png",
        "javascript:alert(1)",
        "https://",
        "http://10.0.0.1/x.png",
        "http://169.254.169.254/latest",
        "https://[::1",
        "not a url",
    ),
)
def test_a_url_that_must_not_be_fetched(
    vendor: Any, call: Callable[..., Any], photo: Path, url: str
) -> None:
    vendor.on("POST", EDIT, Answer.json({"code": 0, "data": {"images": [{"url": url}]}}))
    ran = call(*edit(photo))
    assert ran.code in (7, 8)
    assert ran.error["type"] in ("DownloadFailed", "UnexpectedResponse")
    assert ran.error["charged"] in ("yes", "unknown")
    assert not photo.with_name("out.png").exists()
    assert vendor.submits == len(vendor.requests) == 1
