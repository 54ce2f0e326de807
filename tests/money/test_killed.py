"""Killed with SIGKILL at every moment; `imgedit jobs resume` finishes it and pays nothing twice.

The provider was installed from a wheel of its own, the command line is a process of its own, and
the vendor counts. One edit is nine requests: two uploads, the create, three polls, a URL that has
ended, a poll for a fresh one, the download.
"""

from __future__ import annotations

import os
import signal
from concurrent.futures import Future
from subprocess import Popen

import pytest

from imgedit.testing.server import Answer, Received

from .conftest import EDIT_COMMAND, RESULT, Acme, Shell, needs_posix, validate

pytestmark = needs_posix

FLOW = Acme.FLOW
# Where a killed edit goes on: with the request that was under way. Only a refresh begins with the
# URL that has ended.
GOES_ON = {Acme.REFRESH: Acme.REFRESH - 1}


def finishes(acme: Acme, shell: Shell, *, with_id: bool) -> None:
    """Resuming ends with the picture and exit 0; a further time there is nothing to do."""
    if with_id:
        (row,) = shell.jobs()
        done = shell.type(f"imgedit jobs resume {row['id']} --json")
        assert done.code == 0, done.out + done.err
        validate(done.json, "edit-result")
        assert done.json["job_id"] == row["id"]
        assert done.json["cost"] == {"amount": "0.04", "unit": "USD"}
        assert done.json["vendor_ids"] == {"id": "7"}
    else:
        done = shell.type("imgedit jobs resume --json")
        assert done.code == 0, done.out + done.err
        (row,) = done.json["jobs"]
        assert row["status"] == "done"
    assert shell.out.read_bytes() == RESULT
    assert acme.submits == 1
    asked = acme.asked
    again = shell.type("imgedit jobs resume --json")
    assert (again.code, again.json) == (0, {"jobs": []})
    assert acme.asked == asked


def stays_unknown(acme: Acme, shell: Shell, submits: int) -> None:
    """Nobody can say whether it was paid: every try says so, and nothing is sent again."""
    listed = shell.type("imgedit jobs resume --json")
    assert listed.code == 8
    (row,) = listed.json["jobs"]
    assert row["status"] == "unknown"
    one = shell.type(f"imgedit jobs resume {row['id']} --json")
    assert one.code == 8
    validate(one.json, "error")
    error = one.json["error"]
    assert (error["type"], error["charged"]) == ("OutcomeUnknown", "unknown")
    assert (error["job_id"], error["retryable"]) == (row["id"], False)
    assert [row["status"] for row in shell.jobs()] == ["unknown"]
    assert acme.asked == (*FLOW[: Acme.SUBMIT], *FLOW[Acme.SUBMIT :][:submits])
    assert not shell.out.exists()


def test_nobody_kills_it(acme: Acme, shell: Shell) -> None:
    done = shell.end(shell.start("imgedit", *EDIT_COMMAND, "--json"))
    assert done.code == 0, done.out + done.err
    validate(done.json, "edit-result")
    assert acme.asked == FLOW
    assert shell.out.read_bytes() == RESULT
    assert acme.received("POST", "/edit")[0].json()["images"] == ["picture-0", "picture-1"]


@pytest.mark.parametrize("at", range(len(FLOW)), ids=[f"{n}-{name}" for n, name in enumerate(FLOW)])
def test_killed_before_an_answer(acme: Acme, shell: Shell, at: int) -> None:
    """The vendor has all of the request and has said nothing yet."""
    process: Future[Popen[str]] = Future()

    def kill(_: Received) -> Answer:
        process.result(60).kill()
        return Answer(fault="drop_after_body")

    acme.catch(at, kill)
    killed(shell, process)
    assert acme.asked == FLOW[: at + 1]
    if at == Acme.SUBMIT:
        stays_unknown(acme, shell, 1)
        return
    acme.place = GOES_ON.get(at, at)
    finishes(acme, shell, with_id=at % 2 == 0)
    assert acme.asked == (*FLOW[: at + 1], *FLOW[GOES_ON.get(at, at) :])


@pytest.mark.skipif(not hasattr(os, "waitid"), reason="cannot wait for a process to stop")
@pytest.mark.parametrize("at", range(len(FLOW)), ids=[f"{n}-{name}" for n, name in enumerate(FLOW)])
def test_killed_with_an_answer_that_nobody_read(acme: Acme, shell: Shell, at: int) -> None:
    """The vendor has answered; the process is gone before it could look."""
    process: Future[Popen[str]] = Future()

    def stop(_: Received) -> None:
        client = process.result(60)
        client.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, client.pid, os.WSTOPPED | os.WNOWAIT)
        acme.after_answer = client.kill

    acme.catch(at, stop)
    killed(shell, process)
    assert acme.asked == FLOW[: at + 1]
    if at == Acme.SUBMIT:
        stays_unknown(acme, shell, 1)
        return
    acme.place = GOES_ON.get(at, at)
    finishes(acme, shell, with_id=at % 2 == 1)
    assert acme.asked == (*FLOW[: at + 1], *FLOW[GOES_ON.get(at, at) :])


def killed(shell: Shell, process: Future[Popen[str]]) -> None:
    """Begin the edit, which is killed at the moment that was prepared."""
    process.set_result(shell.start("imgedit", *EDIT_COMMAND))
    ran = shell.end(process.result())
    assert ran.code == -signal.SIGKILL, ran.out + ran.err
    assert not shell.out.exists()


# The command line with one thing added: it dies before, or right after, its n-th commit.
AT_A_COMMIT = """
import os, signal, sys
from imgedit.cli import main
from imgedit.journal import SqliteJournal

save, (when, left), arguments = SqliteJournal.save, sys.argv[1].split(), sys.argv[2:]
left = int(left)


def dying(self, *arguments, **keywords):
    global left
    left -= 1
    if left == 0 and when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    save(self, *arguments, **keywords)
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)


SqliteJournal.save = dying
sys.exit(main(arguments))
"""
# What each commit stores, and how many requests had arrived when it did.
COMMITS = {
    "planned": 0,
    "the first upload": 1,
    "the second upload": 2,
    "sent": 2,
    "accepted": 3,
    "the id": 3,
    "the first poll": 4,
    "the second poll": 5,
    "done": 6,
    "the fresh URL": 8,
    "complete": 9,
}


@pytest.mark.parametrize("when", ("before", "after"))
@pytest.mark.parametrize("commit", COMMITS)
def test_killed_at_a_commit(acme: Acme, shell: Shell, commit: str, when: str) -> None:
    number = list(COMMITS).index(commit) + 1
    ran = shell.end(shell.start("python", "-c", AT_A_COMMIT, f"{when} {number}", *EDIT_COMMAND))
    assert ran.code == -signal.SIGKILL, ran.out + ran.err
    arrived = COMMITS[commit]
    assert acme.asked == FLOW[:arrived]
    stored = ["nothing", *COMMITS][number if when == "after" else number - 1]
    if stored == "nothing":
        assert shell.jobs() == []
        assert shell.type("imgedit jobs resume --json").json == {"jobs": []}
        assert acme.asked == ()
    elif stored == "sent":
        # Whether a byte left cannot be told from the journal: it may have.
        stays_unknown(acme, shell, arrived - Acme.SUBMIT)
    else:
        assert shell.out.exists() == (commit == "complete")
        acme.place = COMMITS[stored]
        finishes(acme, shell, with_id=stored == "complete" or number % 2 == 0)
        fetched = commit == "complete"  # it lies in the spool
        assert acme.asked == (*FLOW[:arrived], *(() if fetched else FLOW[COMMITS[stored] :]))


def test_every_commit_was_killed(acme: Acme, shell: Shell) -> None:
    """One more than there are is never reached."""
    number = len(COMMITS) + 1
    ran = shell.end(shell.start("python", "-c", AT_A_COMMIT, f"before {number}", *EDIT_COMMAND))
    assert ran.code == 0, ran.out + ran.err
    assert acme.asked == FLOW
