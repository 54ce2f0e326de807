"""Ctrl-C, a worker that is killed, too little memory: what is said, and what is left."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from .conftest import validate

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX signals")


def test_ctrl_c_names_the_job_and_resuming_finishes_it(imgedit, working):
    process = working("--json")
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    document = json.loads(out)
    validate(document, "error")
    error = document["error"]
    assert (error["type"], error["charged"]) == ("Interrupted", "no")
    job = error["job_id"]
    assert f"imgedit jobs resume {job}" in error["message"]
    assert "Nothing was charged." in error["message"]
    assert imgedit.names() == set()

    resumed = imgedit.json("jobs", "resume", job)
    validate(resumed, "edit-result")
    assert resumed["job_id"] == job
    assert imgedit.names() == {"out.png"}
    assert imgedit.spooled() == []


def test_ctrl_c_for_a_person(imgedit, working):
    process = working()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert out == ""
    assert "Error: interrupted: job " in err
    assert "Go on with: imgedit jobs resume " in err


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
def test_a_worker_that_is_killed(imgedit, working):
    process = working("--json")
    until = time.monotonic() + 20
    while not all_children(process.pid) and time.monotonic() < until:
        time.sleep(0.02)
    time.sleep(0.5)  # it has begun to work
    (worker,) = all_children(process.pid)
    os.kill(worker, signal.SIGKILL)
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 7
    document = json.loads(out)
    validate(document, "error")
    error = document["error"]
    assert (error["type"], error["charged"]) == ("JobFailed", "no")
    assert "Run the same edit again." in error["message"]
    assert imgedit.names() == set()
    assert imgedit.spooled() == []


def all_children(pid: int) -> set[int]:
    """The children of every thread: the worker is not started from the main one."""
    found: set[int] = set()
    for thread in Path(f"/proc/{pid}/task").iterdir():
        found.update(int(child) for child in (thread / "children").read_text().split())
    return found


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="limits the address space")
def test_too_little_memory(imgedit, large_photo):
    import resource

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (350 << 20, 350 << 20))

    error = imgedit.error(
        "edit", large_photo, "blur, make it warmer", "-p", "local", "-o", "out.png",
        code=7, preexec_fn=limit,
    )  # fmt: skip
    assert (error["type"], error["charged"]) == ("JobFailed", "no")
    assert "ran out of memory" in error["message"]
    assert "Try a smaller picture." in error["message"]
    assert imgedit.names() == set()
    assert imgedit.spooled() == []


def test_a_deadline(imgedit, large_photo):
    error = imgedit.error(
        "edit", large_photo, "blur", "-p", "local", "-o", "out.png", "--timeout", "0.5", code=7
    )
    assert (error["type"], error["charged"]) == ("DeadlineExceeded", "no")
    assert f"imgedit jobs resume {error['job_id']}" in error["message"]
    assert imgedit.names() == set()
