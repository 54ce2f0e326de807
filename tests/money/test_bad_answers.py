"""Everything that a network and a vendor can answer, through the command line.

Each case says which error is printed, what it says of the money, with which code the command
ends, and how many edits the server counted; and that a later `imgedit jobs resume` pays nothing.
"""

from __future__ import annotations

import email.utils
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve, frozen

from imgedit.testing.pictures import png_bomb
from imgedit.testing.server import Answer, ScriptedServer

from .conftest import EDIT, KEY, RESULT, Call, good

pytestmark = pytest.mark.usefixtures("registered", "quick")

JSON = {"Content-Type": "application/json"}
HTML = Answer(
    body=b"<!doctype html><html><body>It works</body></html>",
    headers={"Content-Type": "text/html"},
)
LARGE = b"x" * 27_000_000
COMMAND = ("photo.png", "make it so", "-o", "out.png", "-p")
ACME = ("edit", *COMMAND, "acme")
# Provider → the path of what is paid, and an answer that it understands.
PAID = {"acme": (EDIT, Answer.json({"id": "7"})), "venice": ("/image/edit", Answer.picture(RESULT))}


@frozen
class Says:
    """How a command ends."""

    code: int
    type: str
    charged: str

    def __call__(self, call: Call, *arguments: str) -> dict[str, Any]:
        """Run the command and see that it ends so; returns the error."""
        code, kind, charged, error = call.failed(*arguments)
        assert (code, kind, charged) == (self.code, self.type, self.charged), error["message"]
        assert not Path("out.png").exists()
        return error


UNREAD = Says(8, "UnexpectedResponse", "unknown")
LOST = Says(8, "OutcomeUnknown", "unknown")


# -- the key


@pytest.mark.parametrize("provider", PAID)
def test_a_wrong_key(call: Call, server: ScriptedServer, provider: str) -> None:
    path, _ = PAID[provider]
    server.on("POST", path, Answer.json({"error": "Authentication failed"}, status=401))
    error = Says(3, "AuthenticationError", "no")(call, "edit", *COMMAND, provider)
    assert error["status"] == 401
    assert "API_KEY" in error["message"]
    assert server.count("POST", path) == 1
    is_over(call, server, error)


@pytest.mark.parametrize("provider", PAID)
@pytest.mark.parametrize(
    "key", (None, "", "  ", f"{KEY}\n", f"{KEY}\r\nX-Admin: 1", f" {KEY}", f"{KEY}\u0000"),
    ids=["none", "empty", "blank", "a newline", "a header", "a space", "a NUL"],
)  # fmt: skip
def test_a_key_that_cannot_be_sent(
    call: Call,
    server: ScriptedServer,
    monkeypatch: pytest.MonkeyPatch,
    provider: str,
    key: str | None,
) -> None:
    variable = f"{provider.upper()}_API_KEY"
    if key is None:
        monkeypatch.delenv(variable)
    elif "\0" in key:  # an environment cannot hold it, a file can
        monkeypatch.delenv(variable)
        keep_key(provider, key)
    else:
        monkeypatch.setenv(variable, key)
    error = Says(2, "ConfigError", "no")(call, "edit", *COMMAND, provider)
    assert (variable if key is None or "\0" not in key else provider) in error["message"]
    # Nothing was begun that a later resume, with a key, would pay for.
    assert call("jobs").json == {"jobs": []}
    monkeypatch.setenv(variable, KEY)
    assert call("jobs", "resume").json == {"jobs": []}
    assert server.requests == []


def keep_key(provider: str, key: str) -> None:
    import json
    import os

    path = Path(os.environ["IMGEDIT_HOME"]) / "keys.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps({provider: key}), encoding="utf-8")


# -- the answer to what is paid

UNREADABLE = {
    "HTML": HTML,
    "half a JSON": Answer(body=b'{"id": "7', headers=JSON),
    "a list": Answer.json([]),
    "a text": Answer.json("7"),
    "null": Answer.json(None),
    "no JSON": Answer(body=b"\xff\xfe\x00", headers=JSON),
    "nothing": Answer(headers=JSON),
    "204": Answer(status=204),
    "27 MB of text": Answer(body=LARGE, headers={"Content-Type": "text/plain"}),
    "much of a JSON": Answer(body=b'["' + LARGE[:2_000_000], headers=JSON),
    "half a picture": Answer.picture(RESULT[:-20]),
    "no picture": Answer.picture(b"not a picture"),
}


@pytest.mark.parametrize("provider", PAID)
@pytest.mark.parametrize("answer", UNREADABLE.values(), ids=UNREADABLE)
def test_an_answer_that_cannot_be_read(
    call: Call, server: ScriptedServer, provider: str, answer: Answer
) -> None:
    path, usual = PAID[provider]
    server.on("POST", path, answer, usual)
    error = UNREAD(call, "edit", *COMMAND, provider)
    assert len(error["message"]) < 1000
    assert server.count("POST", path) == 1
    stays_unknown(call, server, error)


@pytest.mark.parametrize("status", (301, 302, 303, 307, 308))
@pytest.mark.parametrize("provider", PAID)
def test_a_redirect(call: Call, server: ScriptedServer, provider: str, status: int) -> None:
    path, usual = PAID[provider]
    server.on("POST", path, Answer.redirect(f"{server.url}/elsewhere", status), usual)
    server.on("POST", "/elsewhere", usual)
    error = UNREAD(call, "edit", *COMMAND, provider)
    assert error["status"] == status
    assert (server.count("POST", path), server.count(path="/elsewhere")) == (1, 0)
    stays_unknown(call, server, error)


@pytest.mark.parametrize("provider", PAID)
@pytest.mark.parametrize(
    "fault", ("drop_before_body", "drop_after_body", "reset_after_body", "drop_inside")
)
def test_a_connection_that_is_dropped(
    call: Call, server: ScriptedServer, provider: str, fault: Any
) -> None:
    path, usual = PAID[provider]
    server.on("POST", path, evolve(usual, fault=fault), usual)
    error = LOST(call, "edit", *COMMAND, provider)
    assert server.count("POST", path) == 1
    stays_unknown(call, server, error)


@pytest.mark.parametrize("provider", PAID)
@pytest.mark.parametrize("fault", ("hang", "hang_inside"))
def test_an_answer_that_never_comes(
    call: Call, server: ScriptedServer, provider: str, fault: Any
) -> None:
    path, usual = PAID[provider]
    server.on("POST", path, evolve(usual, fault=fault), usual)
    error = LOST(call, "edit", *COMMAND, provider, "--timeout", "2")
    assert server.count("POST", path) == 1
    stays_unknown(call, server, error)


@pytest.mark.parametrize("provider", PAID)
def test_no_time_at_all(call: Call, server: ScriptedServer, provider: str) -> None:
    """The command that is named goes on with a job of which nothing was sent."""
    arguments = ("edit", *COMMAND, provider, "--timeout", "0.000001")
    error = Says(7, "DeadlineExceeded", "no")(call, *arguments)
    assert f"imgedit jobs resume {error['job_id']}" in error["message"]
    assert server.requests == []
    assert call("jobs", "resume", error["job_id"]).code == 0
    assert Path("out.png").read_bytes() == RESULT
    assert server.count("POST", PAID[provider][0]) == 1


@pytest.mark.parametrize("provider", PAID)
def test_a_connection_that_is_refused(
    call: Call, monkeypatch: pytest.MonkeyPatch, provider: str, quick: list[float]
) -> None:
    with ScriptedServer() as gone:
        monkeypatch.setenv(f"IMGEDIT_{provider.upper()}_BASE_URL", gone.url)
    monkeypatch.setenv(f"{provider.upper()}_API_KEY", KEY)
    error = Says(7, "NetworkError", "no")(call, "edit", *COMMAND, provider)
    assert error["retryable"]
    assert len(quick) >= 2  # tried again: nothing had been sent
    assert all(row["status"] == "failed" for row in call("jobs").json["jobs"])


@pytest.mark.parametrize(
    ("answer", "says"),
    (
        (Answer.json({"state": "failed"}), Says(7, "JobFailed", "no")),
        (Answer.json({"state": "failed", "code": "moderated"}), Says(5, "ContentRejected", "yes")),
        (Answer.json({"code": "moderated"}, status=422), Says(5, "ContentRejected", "yes")),
        (Answer.json({}, status=402), Says(4, "InsufficientCredits", "no")),
        (Answer.json({}, status=451), Says(5, "LegallyUnavailable", "no")),
        (Answer(status=500), Says(8, "ProviderUnavailable", "unknown")),
        (Answer(status=502, body=LARGE), Says(8, "ProviderUnavailable", "unknown")),
        (evolve(HTML, status=504), Says(8, "ProviderUnavailable", "unknown")),
        (Answer(status=418), UNREAD),
    ),
    ids=lambda value: value.type if isinstance(value, Says) else str(value.status),
)
def test_an_error(call: Call, server: ScriptedServer, answer: Answer, says: Says) -> None:
    """Also one that comes with status 200."""
    server.on("POST", EDIT, answer, PAID["acme"][1])
    error = says(call, *ACME)
    assert server.count("POST", EDIT) == 1
    if says.charged == "unknown":
        stays_unknown(call, server, error)
    else:
        is_over(call, server, error)


def is_over(call: Call, server: ScriptedServer, error: dict[str, Any]) -> None:
    """Resuming says the same again and asks nobody."""
    before = len(server.requests)
    ran = call("jobs", "resume")
    assert (ran.code, ran.json) == (0, {"jobs": []})
    again = call.failed("jobs", "resume", error["job_id"])
    assert again[1:3] == (error["type"], error["charged"])
    assert len(server.requests) == before


def stays_unknown(call: Call, server: ScriptedServer, error: dict[str, Any]) -> None:
    """Resuming asks nobody for the edit, although the server would now answer it."""
    assert not error["retryable"]
    before = len(server.requests)
    for arguments in (("jobs", "resume", error["job_id"]), ("jobs", "resume")):
        ran = call(*arguments)
        assert ran.code == 8, ran.out
    assert [row["id"] for row in ran.json["jobs"]] == [error["job_id"]]
    assert call.failed("jobs", "resume", error["job_id"])[2] == "unknown"
    assert len(server.requests) == before
    assert not Path("out.png").exists()


# -- the answers to what is free

FREE = {"uploading": ("POST", "/upload", "no", 0), "polling": ("GET", "/jobs/7", "yes", 1)}
NO_ANSWER = {
    "dropped before the body": Answer(fault="drop_before_body"),
    "dropped after the body": Answer(fault="drop_after_body"),
    "reset": Answer(fault="reset_after_body"),
    "dropped inside": Answer.json({"id": "7"}, fault="drop_inside"),
}


@pytest.mark.parametrize("step", FREE)
@pytest.mark.parametrize(
    "answer",
    (*list(UNREADABLE.values())[:9], Answer.redirect("/elsewhere")),
    ids=(*list(UNREADABLE)[:9], "a redirect"),
)
def test_a_free_answer_that_cannot_be_read(
    call: Call, server: ScriptedServer, step: str, answer: Answer
) -> None:
    method, path, charged, submits = FREE[step]
    server.on(method, path, answer)
    error = Says(7, "UnexpectedResponse", charged)(call, *ACME)
    assert (server.count(method, path), server.count("POST", EDIT)) == (1, submits)
    assert server.count(path="/elsewhere") == 0
    goes_on(call, server, error)


@pytest.mark.parametrize("step", FREE)
@pytest.mark.parametrize("answer", NO_ANSWER.values(), ids=NO_ANSWER)
def test_a_free_answer_that_is_lost(
    call: Call, server: ScriptedServer, step: str, answer: Answer
) -> None:
    """It is asked for again, and only that; nothing is paid for it."""
    method, path, charged, submits = FREE[step]
    server.on(method, path, answer)
    error = Says(7, "NetworkError", charged)(call, *ACME)
    assert 4 <= server.count(method, path) <= 16  # aiohttp itself repeats a GET once
    assert server.count("POST", EDIT) == submits
    goes_on(call, server, error)


@pytest.mark.parametrize("step", FREE)
@pytest.mark.parametrize("fault", ("hang", "hang_inside"))
def test_a_free_answer_that_never_comes(
    call: Call, server: ScriptedServer, step: str, fault: Any
) -> None:
    method, path, charged, submits = FREE[step]
    server.on(method, path, Answer.json({"id": "7"}, fault=fault))
    error = Says(7, "DeadlineExceeded", charged)(call, *ACME, "--timeout", "1")
    assert f"imgedit jobs resume {error['job_id']}" in error["message"]
    assert server.count("POST", EDIT) == submits
    good(server)
    assert call("jobs", "resume", error["job_id"]).code == 0
    assert Path("out.png").read_bytes() == RESULT
    assert server.count("POST", EDIT) == 1


def goes_on(call: Call, server: ScriptedServer, error: dict[str, Any]) -> None:
    """What was paid is finished when the vendor is well again; what was not is begun anew."""
    good(server)
    if error["charged"] == "no":
        is_over(call, server, error)
        ran = call(*ACME)
    else:
        ran = call("jobs", "resume", error["job_id"])
    assert ran.code == 0, ran.out
    assert Path("out.png").read_bytes() == RESULT
    assert server.count("POST", EDIT) == 1


# -- an upload place that has ended

SLOTS = "/magic/v1/files/upload-urls"
CREATE = "/magic/v1/ai-image-editor"


@pytest.mark.parametrize("status", (400, 403, 404, 410))
def test_an_upload_place_that_has_ended(call: Call, server: ScriptedServer, status: int) -> None:
    server.on("PUT", "/put", Answer(status=status), Answer())
    assert call("edit", *COMMAND, "magichour").code == 0
    assert Path("out.png").read_bytes() == RESULT
    assert (server.count("POST", SLOTS), server.count("PUT"), server.count("POST", CREATE)) == (
        2, 2, 1,
    )  # fmt: skip


def test_upload_places_that_never_work(call: Call, server: ScriptedServer) -> None:
    server.on("PUT", "/put", Answer(status=403, body=b"<Error>Request has expired</Error>"))
    error = Says(7, "ProviderUnavailable", "no")(call, "edit", *COMMAND, "magichour")
    assert (server.count("POST", SLOTS), server.count("POST", CREATE)) == (2, 0)
    is_over(call, server, error)


# -- the picture

DOWNLOADS = {
    "404": Answer(status=404),
    "403": Answer(status=403),
    "500": Answer(status=500),
    "truncated on the way": Answer.picture(RESULT, fault="drop_inside"),
    "truncated before": Answer.picture(RESULT[:-20]),
    "dropped": Answer(fault="drop_after_body"),
    "empty": Answer.picture(b""),
    "HTML": HTML,
    "text as a picture": Answer.picture(b"It is not there."),
    "a decompression bomb": Answer.picture(png_bomb(40_000, 40_000)),
    "an endless redirect": Answer.redirect("/out.png"),
    "a redirect to a file": Answer.redirect("file:///etc/passwd"),
}


@pytest.mark.parametrize("answer", DOWNLOADS.values(), ids=DOWNLOADS)
def test_a_bad_picture(call: Call, server: ScriptedServer, answer: Answer) -> None:
    server.on("GET", "/out.png", answer)
    error = Says(7, "DownloadFailed", "yes")(call, *ACME)
    assert f"imgedit jobs resume {error['job_id']}" in error["message"]
    assert server.count("POST", EDIT) == 1
    goes_on(call, server, error)


PRIVATE = {
    "another address of this machine": "http://127.0.0.2:{port}/out.png",
    "IPv6": "http://[::1]:{port}/out.png",
    "a mapped address": "http://[::ffff:127.0.0.2]:{port}/out.png",
    "a number": "http://2130706434:{port}/out.png",
    "a private network": "http://10.0.0.1:{port}/out.png",
    "cloud metadata": "http://169.254.169.254/latest/meta-data/",
}


@pytest.fixture
def secret() -> Iterator[ScriptedServer]:
    """A server on this machine that nobody allowed."""
    with ScriptedServer(host="127.0.0.2") as server:
        server.on("GET", "/*", Answer.picture(RESULT))
        yield server


@pytest.mark.parametrize("to", PRIVATE.values(), ids=PRIVATE)
@pytest.mark.parametrize("redirected", (True, False), ids=["redirected", "at once"])
def test_a_picture_at_a_private_address(
    call: Call, server: ScriptedServer, secret: ScriptedServer, to: str, redirected: bool
) -> None:
    to = to.format(port=secret.port)
    if redirected:
        server.on("GET", "/out.png", Answer.redirect(to))
    else:
        server.on("GET", "/jobs/7", Answer.json({"id": "7", "urls": [to]}))
    error = Says(7, "DownloadFailed", "yes")(call, *ACME)
    assert secret.connections == 0
    assert server.count("POST", EDIT) == 1
    if redirected:
        goes_on(call, server, error)


# -- too many requests


def retry_after(form: str, seconds: int) -> dict[str, str]:
    """A header that asks for a pause of so many seconds."""
    moment = time.time() + seconds
    return {
        "seconds": {"Retry-After": str(seconds)},
        "date": {"Retry-After": email.utils.formatdate(moment, usegmt=True)},
        "milliseconds": {"X-RateLimit-Reset-Requests": str(int(moment * 1000))},
    }[form]


AFTER = ("seconds", "date", "milliseconds")


@pytest.mark.parametrize("form", AFTER)
def test_retry_after_is_kept_to(
    call: Call, server: ScriptedServer, quick: list[float], form: str
) -> None:
    def busy(_: object) -> Answer:
        return Answer.json({"error": "Rate limit"}, status=429, headers=retry_after(form, 20))

    server.on("POST", "/image/edit", busy, Answer.picture(RESULT))
    assert call("edit", *COMMAND, "venice").code == 0
    # The refused one was free, so there was another one: no sooner, and not much later.
    assert server.count("POST", "/image/edit") == 2
    (waited,) = quick
    assert 15 < waited < 21
    assert Path("out.png").read_bytes() == RESULT


@pytest.mark.parametrize("form", AFTER)
def test_a_pause_that_is_too_long_to_wait(
    call: Call, server: ScriptedServer, quick: list[float], form: str
) -> None:
    server.on(
        "POST", "/image/edit",
        lambda _: Answer.json({"error": "Rate limit"}, status=429, headers=retry_after(form, 3600)),
    )  # fmt: skip
    error = Says(6, "RateLimited", "no")(call, "edit", *COMMAND, "venice")
    assert error["retryable"]
    assert 3500 < error["retry_after"] <= 3600
    assert (server.count("POST", "/image/edit"), quick) == (1, [])
    is_over(call, server, error)
