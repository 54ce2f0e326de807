"""Ctrl-C at every moment: exit 130, the job, the money, and a next command that finishes it."""

from __future__ import annotations

import re
import signal

import pytest
from attrs import frozen

from imgedit.testing.server import Answer

from .conftest import EDIT_COMMAND, RESULT, Acme, Ran, Shell, needs_posix, validate, wait_until

pytestmark = needs_posix

FLOW = Acme.FLOW
HANG = Answer(fault="hang")
SAYS = {
    "no": "Nothing was charged.",
    "yes": "The edit was charged.",
    "unknown": "It is not known whether the edit was charged.",
}


@frozen
class Moment:
    """At which request of the flow Ctrl-C is pressed, its answer, and where the job goes on."""

    at: int
    answer: Answer
    charged: str
    goes_on: int


MOMENTS = {
    "uploading": Moment(0, HANG, "no", 0),
    "uploading the second picture": Moment(1, HANG, "no", 1),
    "after sending": Moment(2, HANG, "unknown", 2),
    "polling": Moment(3, HANG, "yes", 3),
    "waiting": Moment(4, Answer.json({"id": "7", "seconds": 50}), "yes", 5),
    "asking for a fresh URL": Moment(7, HANG, "yes", 6),
    "downloading": Moment(8, Answer.picture(RESULT, fault="hang_inside"), "yes", 8),
}


def interrupted(acme: Acme, shell: Shell, moment: Moment, *command: str) -> Ran:
    """Press Ctrl-C when that request has arrived."""
    acme.catch(moment.at, lambda _: moment.answer)
    process = shell.start("imgedit", *command)
    wait_until(lambda: acme.place > moment.at or process.poll() is not None, "it has arrived")
    process.send_signal(signal.SIGINT)
    ran = shell.end(process)
    acme.place = moment.goes_on
    assert ran.code == 130, ran.out + ran.err
    assert not shell.out.exists()
    return ran


def next_command(text: str) -> str:
    """The command that is to be typed next."""
    (command,) = re.findall(r"imgedit jobs resume \w+", text)
    return str(command)


def finishes(acme: Acme, shell: Shell, command: str, moment: Moment) -> None:
    """The command, typed, ends with the picture; nobody can tell what became of a lost create."""
    ran = shell.type(command)
    if moment.charged == "unknown":
        assert ran.code == 8, ran.out + ran.err
        assert SAYS["unknown"] in ran.out + ran.err
        assert [row["status"] for row in shell.jobs()] == ["unknown"]
    else:
        assert ran.code == 0, ran.out + ran.err
        assert shell.out.read_bytes() == RESULT
        assert acme.asked == (*FLOW[: moment.at + 1], *FLOW[moment.goes_on :])
    assert acme.submits == 1


@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS)
def test_the_next_command_finishes_it(acme: Acme, shell: Shell, moment: Moment) -> None:
    ran = interrupted(acme, shell, moment, *EDIT_COMMAND)
    assert ran.out == ""
    (row,) = shell.jobs()
    assert ran.err == (
        f"Error: interrupted: job {row['id']}. {SAYS[moment.charged]} "
        f"Go on with: imgedit jobs resume {row['id']}\n"
    )
    finishes(acme, shell, next_command(ran.err), moment)


@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS)
def test_the_document(acme: Acme, shell: Shell, moment: Moment) -> None:
    ran = interrupted(acme, shell, moment, *EDIT_COMMAND, "--json")
    assert ran.err == ""
    validate(ran.json, "error")
    error = ran.json["error"]
    assert (error["type"], error["charged"]) == ("Interrupted", moment.charged)
    assert error["retryable"] is False
    assert next_command(error["message"]) == f"imgedit jobs resume {error['job_id']}"
    finishes(acme, shell, f"{next_command(error['message'])} --json", moment)


@pytest.mark.parametrize("named", (True, False), ids=["one job", "every job"])
def test_while_resuming(acme: Acme, shell: Shell, named: bool) -> None:
    ran = interrupted(acme, shell, MOMENTS["uploading"], *EDIT_COMMAND)
    name = next_command(ran.err).rpartition(" ")[2]
    moment = MOMENTS["polling"]
    again = interrupted(acme, shell, moment, "jobs", "resume", *([name] if named else ()))
    assert f"interrupted: job {name}. {SAYS['yes']}" in again.err
    assert next_command(again.err).endswith(name)
    assert shell.type(next_command(again.err)).code == 0
    assert shell.out.read_bytes() == RESULT
    assert acme.asked == (FLOW[0], *FLOW[: moment.at + 1], *FLOW[moment.goes_on :])
