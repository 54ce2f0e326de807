"""A job in a file: what `imgedit jobs resume FILE.json` takes for one."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any

import pytest

import imgedit
from imgedit import Done, HttpRequest, Json, Output, Wait, errors, hookimpl
from imgedit.cli import keeping
from imgedit.testing.pictures import png
from imgedit.testing.server import Answer, ScriptedServer
from imgedit.testing.waits import instant_waits


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMGEDIT_HOME", str(tmp_path / "home"))


@pytest.mark.parametrize("text", ("", "Error: late\n{}", '"{}"'), ids=("empty", "line", "str"))
def test_a_file_that_is_no_job_is_no_id(acme: Any, call: Any, tmp_path: Path, text: str) -> None:
    (tmp_path / "job.json").write_text(text)
    ran = call("jobs", "resume", "job.json")
    assert ran.code == 8
    assert ran.err.startswith("Error: job.json is no job. It is not known whether the edit was")


@pytest.mark.parametrize(
    ("encoding", "name"),
    (
        ("utf-8-sig", "job.json"),
        ("utf-16", "job.json.txt"),
        ("utf-8", "JOB.JSON"),
        ("utf-8", "job"),
    ),
)
def test_a_file_of_a_job_as_others_write_it(
    acme: Any, server: ScriptedServer, key: str, photo: Path, call: Any, tmp_path: Path,
    encoding: str, name: str,
) -> None:  # fmt: skip
    server.on("POST", "/upload", Answer.json({"handle": "h"}))
    server.on("POST", "/edit", Answer.json({"urls": [f"{server.url}/out.png"]}))
    server.on("GET", "/out.png", Answer.picture(png()))
    with imgedit.SyncClient() as client, pytest.raises(errors.DeadlineExceeded) as late:
        client.edit(photo, "wärmer", provider="acme", out=tmp_path / "out.png", deadline=1e-6)
    (tmp_path / name).write_text(late.value.job or "", encoding=encoding)
    assert call("jobs", "resume", name).out.startswith("out.png  ")


def test_a_file_that_is_gone_is_no_id(call: Any) -> None:
    ran = call("jobs", "resume", "GONE.JSON")
    assert ran.code == 8
    assert "GONE.JSON cannot be read: No such file" in ran.err


@hookimpl
def ask(job: Any) -> HttpRequest:
    if job.state:
        return HttpRequest(method="GET", url="/jobs/7", purpose="poll")
    return HttpRequest(method="POST", url="/edit", purpose="submit", body=Json(job.wire()))


@hookimpl
def inline(job: Any, response: Any) -> Any:
    answer = response.json()
    return Done([Output(base64=answer["b"])]) if "b" in answer else Wait({"id": answer["id"]})


@hookimpl
def unreadable(job: Any, response: Any) -> Any:
    raise errors.UnexpectedResponse("no picture in it")


@pytest.fixture
def no_journal(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "config.toml").write_text("journal = false\n")


@pytest.fixture
def once(
    acme: Any,
    server: ScriptedServer,
    key: str,
    photo: Path,
    call: Any,
    tmp_path: Path,
    no_journal: None,
) -> Path:
    """The file of a paid job without a journal, whose picture the vendor gives once."""
    acme({"poll": {"seconds": [9.0], "deadline": 20}}, build_request=ask, parse_response=inline)
    server.on("POST", "/edit", Answer.json({"id": "7"}))
    server.on("GET", "/jobs/7", Answer(fault="hang"))
    call("edit", photo, "warmer", "-o", "out.png", "--timeout", "0.5")
    (kept,) = tmp_path.glob("imgedit-*.json")
    given = Answer.json({"b": base64.b64encode(png()).decode()})
    server.on("GET", "/jobs/7", given, Answer.json({"message": "gone"}, status=404))
    (tmp_path / "out.png").write_bytes(b"in the way")
    return kept


@pytest.mark.parametrize("place", ("mine.json", "else/here.json"))
def test_a_job_stays_in_the_file_from_which_it_goes_on(
    once: Path, call: Any, tmp_path: Path, place: str
) -> None:
    """A second one would leave the first behind, and the older one could replace the newer."""
    (tmp_path / place).parent.mkdir(exist_ok=True)
    os.rename(once, tmp_path / place)
    refused = call("jobs", "resume", place)
    assert f"Keep {place}, the only copy of the job, and" in refused.err
    assert refused.err.endswith(f"go on with: imgedit jobs resume {place}\n")
    assert not once.exists()
    assert call("jobs", "resume", place, "-o", "new.png").code == 0
    assert (tmp_path / "new.png").read_bytes() == png()


def test_a_file_of_a_job_takes_the_place_of_no_other(
    once: Path, call: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the one that is given cannot be written."""
    (tmp_path / "fixed").mkdir()
    os.rename(once, tmp_path / "fixed" / once.name)
    old = Path("fixed", once.name)
    write = keeping.write_private

    def fails(to: Path, data: bytes) -> None:
        if to.parent.name == "fixed":
            raise PermissionError
        write(to, data)

    monkeypatch.setattr(keeping, "write_private", fails)
    assert f"imgedit jobs resume {once.name}\n" in call("jobs", "resume", old).err
    newer = once.read_bytes()
    again = call("jobs", "resume", old)
    assert again.err.endswith(f"imgedit jobs resume {once.stem}-2.json\n")
    assert once.read_bytes() == newer
    assert call("jobs", "resume", once.name, "-o", "new.png").code == 0


def test_a_file_that_holds_the_paid_answer_is_not_given_up_for_one_that_holds_less(
    acme: Any,
    server: ScriptedServer,
    key: str,
    photo: Path,
    call: Any,
    tmp_path: Path,
    no_journal: None,
) -> None:
    """Its pictures then lie in a temporary folder, which does not last."""
    acme(build_request=ask, parse_response=unreadable)
    server.on("POST", "/edit", Answer.json({"b": base64.b64encode(png()).decode()}))
    assert call("edit", photo, "warmer", "-o", "out.png").code == 8
    (kept,) = tmp_path.glob("imgedit-*.json")
    before = kept.read_bytes()
    acme(build_request=ask, parse_response=inline)
    (tmp_path / "out.png").write_bytes(b"in the way")
    refused = call("jobs", "resume", kept.name)
    assert f"Keep {kept.name}, the only copy of the job, and" in refused.err
    assert kept.read_bytes() == before
    assert call("jobs", "resume", kept.name, "-o", "new.png").code == 0
    assert (tmp_path / "new.png").read_bytes() == png()
    assert server.count("POST", "/edit") == 1


def test_an_answer_that_comes_as_a_file_goes_on_is_kept_there(
    acme: Any,
    server: ScriptedServer,
    key: str,
    photo: Path,
    call: Any,
    tmp_path: Path,
    no_journal: None,
) -> None:
    """A newer version of the plugin may be able to read it."""
    under_key = {"idempotency": {"header": "Idempotency-Key", "hours": 24}}
    acme(under_key, build_request=ask, parse_response=unreadable)
    server.on("POST", "/edit", Answer(fault="drop_after_body"))
    with instant_waits():
        assert call("edit", photo, "warmer", "-o", "out.png").code == 8
    (kept,) = tmp_path.glob("imgedit-*.json")
    server.on("POST", "/edit", Answer.json({"b": base64.b64encode(png()).decode()}))
    for _ in range(2):
        unread = call("jobs", "resume", kept.name)
        assert unread.code == 8
        assert unread.err.endswith(
            f"keep {kept.name}, the only copy of the job, and go on with: imgedit jobs resume "
            f"{kept.name}. Otherwise look in your account at the provider whether it was charged.\n"
        )
    sent = server.count("POST", "/edit")
    acme(under_key, build_request=ask, parse_response=inline)
    assert call("jobs", "resume", kept.name).code == 0
    assert (tmp_path / "out.png").read_bytes() == png()
    assert server.count("POST", "/edit") == sent
