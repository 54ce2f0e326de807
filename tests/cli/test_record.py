"""`imgedit record`: one real edit over loopback, its answers scrubbed and read by the kit."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from imgedit.testing import Answer, ScriptedServer, png
from imgedit.testing.acme import MANIFEST
from imgedit.testing.kit.answers import to_answer

from .conftest import Shell

KEY = "canary-0f5e/55ed+key"
PICTURE = png(120, 90, (9, 9, 200))
SHA = hashlib.sha256(PICTURE).hexdigest()
PROVIDER = """
from imgedit.testing.acme import build_request, parse_response
"""


@pytest.fixture
def vendor() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        private = {"email": "jane.doe@corp.example", "user": {"id": "usr_2291abc", "name": "Jane"}}
        server.on(
            "POST",
            "/upload",
            Answer.json(
                {"handle": "h-1", "upload_token": "tok-111", "as": f"Bearer {KEY}", **private}
            ),
        )
        server.on(
            "POST",
            "/edit",
            Answer(
                body=b'{"id": "job-7", "account_id": 4471190, "credits": 12.50}',
                status=202,
                headers={
                    "Content-Type": "application/json",
                    "Set-Cookie": "sid=s3cr3t",
                    "X-Request-Id": "r-1",
                    "X-User-Id": "usr_2291abc",
                    "Server": "acme-internal-4",
                },
            ),
        )
        busy = [Answer.json({"id": "job-7", "state": "busy", "done": n}) for n in range(3)]
        url = f"{server.url}/out/usr_2291abc/1.png"
        server.on(
            "GET",
            "/jobs/job-7",
            *busy,
            Answer.json(
                {
                    "id": "job-7",
                    "state": "done",
                    "urls": [f"{url}?X-Amz-Credential=AKIA123&X-Amz-Signature=deadbeef"],
                    "sha256": SHA,
                    "cost": "0.0375",
                    "note": "sent to jane.doe@corp.example from 203.0.113.77 by 4471190",
                }
            ),
        )
        server.on("GET", "/out/*", Answer.picture(PICTURE))
        yield server


@pytest.fixture
def acme(imgedit: Shell, vendor: ScriptedServer, photo: Path) -> Callable[..., dict[str, str]]:
    """The environment in which acme is installed and leads to the server."""
    package = imgedit.folder / "site" / "imgedit_acme"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(PROVIDER)
    manifest = {
        **MANIFEST,
        "sources": {"prices": {"url": "https://acme.example/prices", "read": "2026-11-20"}},
        "models": [{"id": "one", "price": {"amounts": "0.04", "source": "prices"}}],
    }
    (package / "provider.json").write_text(json.dumps(manifest))
    info = imgedit.folder / "site" / "imgedit_acme-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: imgedit-acme\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text("[imgedit.providers]\nacme = imgedit_acme\n")

    def environment(**changes: str) -> dict[str, str]:
        return {
            "PYTHONPATH": str(imgedit.folder / "site"),
            "IMGEDIT_PLUGINS": "acme,local",
            "IMGEDIT_ACME_BASE_URL": vendor.url,
            "ACME_API_KEY": KEY,
            **changes,
        }

    return environment


RECORD = ("record", "acme", "photo.png", "make it warmer")


def recorded(imgedit: Shell) -> dict[str, str]:
    """The files with answers."""
    folder = imgedit.folder / "tests" / "data"
    if not folder.exists():
        return {}
    return {path.name: path.read_text() for path in sorted(folder.iterdir())}


def test_what_is_recorded_is_scrubbed_and_the_kit_reads_it(imgedit, acme, vendor):
    done = imgedit(*RECORD, "--yes", env=acme())
    assert vendor.count("POST", "/edit") == 1
    found = recorded(imgedit)
    assert list(found) == [
        "real-poll-1.json", "real-poll-2.json", "real-submit.http", "real-upload.json",
    ]  # fmt: skip
    everything = "\n".join([*found.values(), done.stdout, done.stderr])
    for secret in (
        KEY, "0f5e", "s3cr3t", "tok-111", "jane", "Jane", "usr_2291abc", "4471190", "deadbeef",
        "AKIA", "203.0.113.77", "acme-internal",
    ):  # fmt: skip
        assert secret not in everything, secret
    upload, last = json.loads(found["real-upload.json"]), json.loads(found["real-poll-2.json"])
    assert upload["handle"] == "h-1"
    assert upload["user"]["id"] in last["urls"][0]  # the same stand-in everywhere
    assert last["urls"][0].endswith("?X-Amz-Credential=scrubbed&X-Amz-Signature=scrubbed")
    assert (last["id"], last["cost"]) == ("job-7", "0.0375")
    head, _, body = found["real-submit.http"].partition("\n\n")
    assert head.splitlines() == [
        "HTTP/1.1 202 Accepted", "content-type: application/json", "x-request-id: r-1",
    ]  # fmt: skip
    assert '"credits": 12.50' in body
    assert json.loads(body)["account_id"] == 0
    assert (imgedit.folder / "photo-edited.png").read_bytes() == PICTURE
    _, _, snippet = done.stdout.partition("In the test class:\n")
    assert 'cost = "0.0375"' in snippet
    (imgedit.folder / "tests" / "test_kit.py").write_text(
        "from imgedit.testing import ProviderTests\n\n\n"
        f'class TestAcme(ProviderTests):\n    provider = "acme"\n{snippet}'
    )
    chosen = "recorded_answers or cost_is_what or every_state or good_request or submits_once"
    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", chosen, "tests"],
        cwd=imgedit.folder,
        env=imgedit.environ(**acme()),
        text=True,
        capture_output=True,
        timeout=90,
        check=False,
    )
    assert tested.returncode == 0, tested.stdout
    assert "skipped" not in tested.stdout.splitlines()[-1], tested.stdout


def test_nothing_is_overwritten(imgedit, acme):
    imgedit(*RECORD, "--yes", env=acme())
    before = recorded(imgedit)
    document = imgedit.json(*RECORD, "--yes", "-o", "second.png", env=acme())
    after = recorded(imgedit)
    assert {name: after[name] for name in before} == before
    assert document["recorded"]["answers"] == {
        "upload": "real2-upload.json",
        "submit": "real2-submit.http",
        "poll": "real2-poll.json",  # done at once
    }
    assert {Path(row["path"]).name for row in document["recorded"]["files"]} == {*after} - {*before}
    assert document["result"]["cost"] == {"amount": "0.0375", "unit": "USD"}


def test_it_is_an_edit_like_any_other(imgedit, acme):
    imgedit(*RECORD, "--yes", env=acme())
    (job,) = imgedit.json("jobs", env=acme())["jobs"]
    assert (job["provider"], job["status"]) == ("acme", "done")


def test_nobody_pays_unasked(imgedit, acme, vendor):
    error = imgedit.error(*RECORD, code=2, env=acme())
    assert "acme one asks for this edit: 0.04 USD" in error["message"]
    assert "--yes" in error["message"]
    bounded = imgedit.error(*RECORD, "--yes", "--max-cost", "0.01 USD", code=4, env=acme())
    assert bounded["type"] == "BudgetExceeded"
    assert vendor.requests == []
    assert recorded(imgedit) == {}


@pytest.mark.skipif(sys.platform == "win32", reason="there is no pty")
@pytest.mark.parametrize("reply", ("n", "y"))
def test_on_a_terminal_it_asks(imgedit, acme, vendor, reply):
    import pty

    ours, theirs = pty.openpty()
    process = imgedit.start(*RECORD, env=acme(TERM="dumb"), stdin=theirs, stderr=theirs)
    os.close(theirs)
    said = b""
    while b"Send it and pay? [y/N]" not in said:
        said += os.read(ours, 1000)
    assert b"acme one asks for this edit: 0.04 USD" in said
    os.write(ours, f"{reply}\n".encode())
    out, _ = process.communicate(timeout=60)
    os.close(ours)
    assert process.returncode == 0
    assert vendor.count("POST", "/edit") == (reply == "y")
    assert bool(recorded(imgedit)) == (reply == "y")
    assert ("In the test class:" in out) == (reply == "y")


def test_what_a_refusal_looks_like_is_recorded_too(imgedit, acme, vendor):
    refusal = {"code": "moderated", "message": f"not with {KEY}"}
    vendor.on("POST", "/edit", Answer.json(refusal, status=400, headers={"Retry-After": "3"}))
    error = imgedit.error(*RECORD, "--yes", code=5, env=acme())
    assert error["type"] == "ContentRejected"
    found = recorded(imgedit)
    assert list(found) == ["real-submit-400.http", "real-upload.json"]
    answer = to_answer("real-submit-400.http", imgedit.folder / "tests" / "data")
    assert (answer.status, answer.headers["retry-after"]) == (400, "3")
    assert json.loads(answer.body) == {"code": "moderated", "message": "not with ***"}


@pytest.mark.parametrize(
    ("arguments", "says", "code"),
    (
        (("record", "local", "photo.png", "warmer", "--yes"), "works on this machine", 2),
        (("record", "nobody", "photo.png", "warmer", "--yes"), "no provider 'nobody'", 2),
        ((*RECORD, "--resolution", "4k"), "takes no resolution", 2),
        ((*RECORD, "--yes", "--data", "photo.png"), "photo.png", 2),
    ),
)
def test_what_cannot_be_recorded_is_said_before_anything_is_sent(
    imgedit, acme, vendor, arguments, says, code
):
    error = imgedit.error(*arguments, code=code, env=acme())
    assert says in error["message"]
    assert vendor.requests == []
