"""The sandbox and the waiting server: what they report when a test of a plugin goes wrong."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import imgedit
from imgedit.discovery import registry
from imgedit.testing import Answer, Ran, Sandbox, ScriptedServer, instant_waits, png
from imgedit.testing.acme import MANIFEST, make


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    known = registry()
    monkeypatch.setattr(known, "_entries", dict(known._entries))
    imgedit.register("acme", make(), MANIFEST)
    return Sandbox(tmp_path, monkeypatch)


@pytest.fixture
def vendor(sandbox: Sandbox) -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        server.on("POST", "/upload", Answer.json({"handle": "h1"}))
        server.on("POST", "/edit", Answer.json({"id": "7"}))
        done = {"id": "7", "urls": [f"{server.url}/out.png"], "cost": "0.04"}
        server.on("GET", "/jobs/7", Answer.json({"id": "7"}), Answer.json(done))
        server.on("GET", "/out.png", Answer.picture(png()))
        sandbox.use("acme", server.url, "canary-of-this-test")
        yield server


def test_library_and_command_line_share_key_vendor_and_journal(
    sandbox: Sandbox, vendor: ScriptedServer
) -> None:
    with instant_waits():
        result = sandbox.edit(png())
    assert result.provider == "acme"
    assert (sandbox.folder / "out.png").read_bytes() == png()
    assert vendor.requests[0].headers["authorization"] == "Bearer canary-of-this-test"
    listed = sandbox.call("jobs")
    assert (listed.code, listed.err) == (0, "")
    assert [job["id"] for job in listed.jobs] == [result.job_id]
    assert sandbox.run("jobs").jobs == listed.jobs  # a process of its own, the same home


def test_a_lost_answer_is_resumed_by_another_client(
    sandbox: Sandbox, vendor: ScriptedServer
) -> None:
    vendor.on("GET", "/out.png", Answer(status=404))
    with instant_waits(), pytest.raises(imgedit.errors.DownloadFailed) as lost:
        sandbox.edit(png(), "warmer", out=sandbox.folder / "mine.png")
    assert lost.value.job_id is not None
    vendor.on("GET", "/out.png", Answer.picture(png()))
    assert sandbox.resume(lost.value.job_id).image.read() == png()
    assert (sandbox.folder / "mine.png").exists()
    assert vendor.count("POST", "/edit") == 1


def test_a_sandbox_is_undone(tmp_path: Path) -> None:
    before, folder = dict(os.environ), Path.cwd()
    with pytest.MonkeyPatch.context() as patch:
        Sandbox(tmp_path, patch)
        assert os.environ["IMGEDIT_HOME"] == str(tmp_path / "home")
        assert Path.cwd() == tmp_path
    assert (dict(os.environ), Path.cwd()) == (before, folder)


@pytest.mark.usefixtures("vendor")
def test_a_printed_key_is_noticed(sandbox: Sandbox) -> None:
    with pytest.raises(AssertionError, match="a key was printed"):
        sandbox.call("jobs", "show", "canary-of-this-test")


def test_a_process_that_ended_was_not_killed(sandbox: Sandbox, vendor: ScriptedServer) -> None:
    with pytest.raises(AssertionError, match="not killed"):
        sandbox.kill_at("accepted", "photo.png", "warmer")  # acme is not known there
    assert vendor.requests == []


def test_a_command_that_gets_nowhere_says_what_it_printed(sandbox: Sandbox) -> None:
    def never() -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError) as waited:
        sandbox.kill_when(never, "jobs")
    assert "The command printed: " in waited.value.__notes__[0]


def test_what_a_command_did_not_print() -> None:
    failed = Ran(7, json.dumps({"error": {"type": "JobFailed"}}), "")
    assert failed.error == {"type": "JobFailed"}
    with pytest.raises(AssertionError, match=r"no jobs: .*JobFailed"):
        _ = failed.jobs
    with pytest.raises(AssertionError, match="no JSON document"):
        _ = Ran(0, "Done.", "").json


def test_waiting_for_requests(vendor: ScriptedServer, sandbox: Sandbox) -> None:
    vendor.wait_for("POST", count=0)
    with instant_waits():
        sandbox.edit(png())
    vendor.wait_for("GET", "/jobs/*", 2)
    vendor.wait_for(path="/out.png")
