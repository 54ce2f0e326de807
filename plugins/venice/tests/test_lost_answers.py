"""Answers that are lost, cut off or never read: one submit, and the truth about the money."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import imgedit
from imgedit.testing import Sandbox
from imgedit.testing.server import Answer, ScriptedServer

EDIT = "/api/v1/image/edit"

Good = Callable[..., Answer]


def _arguments(photo: Path) -> tuple[str | Path, ...]:
    return ("edit", photo, "remove the tree", "-p", "venice", "-o", "out.png")


@pytest.mark.parametrize(
    "fault", ("drop_before_body", "drop_after_body", "reset_after_body", "drop_inside")
)
def test_a_dropped_connection(
    server: ScriptedServer, call: Callable[..., Any], photo: Path, good: Good, fault: Any
) -> None:
    server.on("POST", EDIT, good(fault=fault), good())
    ran = call(*_arguments(photo))
    assert ran.code == 8
    assert ran.error["type"] == "OutcomeUnknown"
    assert ran.error["charged"] == "unknown"
    assert ran.error["retryable"] is False
    assert server.count("POST") == 1
    assert not photo.with_name("out.png").exists()

    again = call("jobs", "resume", ran.error["job_id"])
    assert again.code == 8
    assert again.error["charged"] == "unknown"
    assert server.count("POST") == 1


def test_no_answer_at_all(server: ScriptedServer, call: Callable[..., Any], photo: Path) -> None:
    server.on("POST", EDIT, Answer(fault="hang"))
    ran = call(*_arguments(photo), "--timeout", "1")
    assert ran.code == 8
    assert ran.error["charged"] == "unknown"
    assert server.count("POST") == 1


def test_a_refused_connection_costs_nothing(call: Callable[..., Any], photo: Path) -> None:
    with ScriptedServer() as gone:
        url = gone.url
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IMGEDIT_VENICE_BASE_URL", f"{url}/api/v1")
        patch.setenv("VENICE_API_KEY", "k")
        ran = call(*_arguments(photo))
    assert ran.code == 7
    assert ran.error["type"] == "NetworkError"
    assert ran.error["charged"] == "no"


@pytest.mark.parametrize("kind", ("image/png", "text/html"))
def test_a_picture_that_was_cut_off_before_it_left(
    server: ScriptedServer, call: Callable[..., Any], photo: Path, result: bytes, kind: str
) -> None:
    whole = Answer.picture(result[: len(result) // 2], kind)
    server.on("POST", EDIT, whole)
    ran = call(*_arguments(photo))
    assert ran.code == 8
    assert ran.error["type"] == "UnexpectedResponse"
    assert ran.error["charged"] == "unknown"
    assert server.count("POST") == 1
    assert not photo.with_name("out.png").exists()

    again = call("jobs", "resume", ran.error["job_id"])
    assert again.code == 8
    assert server.count("POST") == 1


needs_sigkill = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no SIGKILL")


@needs_sigkill
def test_killed_before_a_byte_left(
    server: ScriptedServer, command_line: Sandbox, call: Callable[..., Any], photo: Path, good: Good
) -> None:
    server.on("POST", EDIT, good())
    command_line.kill_at("sending", photo, "remove the tree")
    (job,) = call("jobs").jobs
    assert job["status"] == "sent"
    ran = call("jobs", "resume", job["id"])
    assert ran.code == 8
    assert ran.error["type"] == "OutcomeUnknown"
    assert call("jobs").jobs[0]["status"] == "unknown"
    assert server.count("POST") == 0


@needs_sigkill
def test_killed_while_waiting_for_the_answer(
    server: ScriptedServer, command_line: Sandbox, call: Callable[..., Any], photo: Path
) -> None:
    server.on("POST", EDIT, Answer(fault="hang"))
    command_line.kill_when(lambda: server.wait_for("POST"), *_arguments(photo))
    (job,) = call("jobs").jobs
    assert job["status"] == "sent"
    for _ in range(2):
        ran = call("jobs", "resume", job["id"])
        assert ran.code == 8
        assert ran.error["charged"] == "unknown"
    assert server.count("POST") == 1


@needs_sigkill
def test_killed_with_the_answer_stored(
    server: ScriptedServer,
    command_line: Sandbox,
    call: Callable[..., Any],
    photo: Path,
    good: Good,
    result: bytes,
) -> None:
    server.on("POST", EDIT, good())
    command_line.kill_at("accepted", photo, "remove the tree")
    assert not photo.with_name("out.png").exists()
    (job,) = call("jobs").jobs
    assert job["status"] == "accepted"
    ran = call("jobs", "resume", job["id"])
    assert ran.code == 0, ran.err
    assert photo.with_name("out.png").read_bytes() == result
    assert ran.json["vendor_ids"] == {"cf-ray": "8f0c-FRA"}
    assert server.count("POST") == 1


@needs_sigkill
def test_killed_when_it_was_done(
    server: ScriptedServer,
    command_line: Sandbox,
    call: Callable[..., Any],
    photo: Path,
    good: Good,
    result: bytes,
) -> None:
    server.on("POST", EDIT, good())
    command_line.kill_at("done", photo, "remove the tree")
    (job,) = call("jobs").jobs
    ran = call("jobs", "resume", job["id"])
    assert ran.code == 0, ran.err
    assert photo.with_name("out.png").read_bytes() == result
    assert server.count("POST") == 1


def test_an_unknown_job_goes_on_from_the_errors_json_without_a_journal(
    server: ScriptedServer, photo: Path, good: Good
) -> None:
    server.on("POST", EDIT, good(fault="drop_after_body"), good())
    with imgedit.SyncClient() as client:
        with pytest.raises(imgedit.OutcomeUnknown) as caught:
            client.edit(photo, "x", provider="venice")
        assert caught.value.job is not None
        with pytest.raises(imgedit.OutcomeUnknown):
            client.resume(caught.value.job)
    assert server.count("POST") == 1
