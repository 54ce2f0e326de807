"""What is said of money when the command itself breaks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from imgedit.testing.server import Answer, ScriptedServer


@pytest.fixture
def broken(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """An edit that was paid fails, and so does what is to be said of it."""

    def fails(*_: object) -> None:
        raise ZeroDivisionError

    server.on("POST", "/upload", Answer.json({"handle": "h"}))
    server.on("POST", "/edit", Answer.json({"id": "7"}))
    server.on("GET", "/jobs/7", Answer(status=404))
    monkeypatch.setattr("imgedit.engine.drive.Drive.close", fails)


def test_what_is_stored_of_the_job_is_said(
    acme: Any, key: str, photo: Path, call: Any, broken: None
) -> None:
    said = "a bug in imgedit: ZeroDivisionError. The edit was charged."
    assert said in call("edit", photo, "warmer").err
    assert said in call("jobs", "resume").err
    (job,) = call("jobs", "--json").document["jobs"]
    error = call("jobs", "resume", job["id"][:-1], "--json").document["error"]
    assert (error["charged"], error["job_id"]) == ("yes", job["id"])


def test_what_is_not_known_is_not_denied(
    acme: Any, key: str, photo: Path, call: Any, broken: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    call("edit", photo, "warmer")
    monkeypatch.setattr("imgedit.client.Client.from_config", lambda: 1 / 0)
    error = call("jobs", "resume", "01", "--json").document["error"]
    assert (error["type"], error["charged"]) == ("InternalError", "unknown")


@pytest.mark.parametrize(
    "command",
    (("jobs", "resume", "01"), ("jobs", "resume"), ("jobs", "settle", "01", "--charged")),
    ids=" ".join,
)
def test_a_journal_that_cannot_be_read_denies_nothing(
    acme: Any, call: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.setenv("IMGEDIT_HOME", str(tmp_path))
    (tmp_path / "journal.sqlite3").write_bytes(b"SQLite format 3\0" + b"spoilt" * 1000)
    ran = call(*command, "--json")
    assert (ran.code, ran.document["error"]["charged"]) == (8, "unknown")
    assert "Nothing was charged" not in ran.out


@pytest.fixture(params=(True, False), ids=("journal", "none"))
def there(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """What is said of a job that is not there, with a journal and without one."""
    monkeypatch.setenv("IMGEDIT_HOME", str(tmp_path))
    if request.param:
        return "there is no job"
    (tmp_path / "config.toml").write_text("journal = false\n")
    return "there is no unfinished job"


@pytest.mark.parametrize("job_id", ("01", "01K9ZZZZZZZZZZZZZZZZZZZZZZ."))
@pytest.mark.parametrize("command", ("resume", "show", "settle"))
def test_an_id_that_is_not_there_denies_nothing(
    acme: Any, call: Any, there: str, command: str, job_id: str
) -> None:
    """It may be in another journal, or in this one before a backup of it was put back."""
    ran = call("jobs", command, job_id)
    assert ran.code == 8
    assert f"{there} {job_id!r}" in ran.err
    assert "It is not known whether the edit was charged." in ran.err


@pytest.mark.parametrize("command", ("show", "settle"))
def test_a_file_that_is_there_denies_nothing(
    acme: Any, call: Any, there: str, tmp_path: Path, command: str
) -> None:
    """`jobs resume` takes it for a job, whatever it is called."""
    (tmp_path / "mine").write_text("{}")
    ran = call("jobs", command, "mine")
    assert ran.code == 8
    assert f"{there} 'mine'" in ran.err
    assert "It is not known whether the edit was charged." in ran.err


@pytest.mark.parametrize("command", ("resume", "show", "settle"))
def test_what_no_id_begins_with_was_never_charged(
    acme: Any, call: Any, there: str, command: str
) -> None:
    ran = call("jobs", command, "nope")
    assert ran.code == 10
    assert f"{there} 'nope'" in ran.err
    assert "Nothing was charged" in ran.err


@pytest.mark.parametrize("place", ("client.Client.resume", "cli.progress.following"))
def test_ctrl_c_before_a_job_goes_on_says_what_is_stored_of_it(
    acme: Any,
    server: ScriptedServer,
    key: str,
    photo: Path,
    call: Any,
    monkeypatch: pytest.MonkeyPatch,
    place: str,
) -> None:
    def press(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    server.on("POST", "/upload", Answer.json({"handle": "h"}))
    server.on("POST", "/edit", Answer.json({"id": "7"}))
    server.on("GET", "/jobs/7", Answer(status=400))
    job = call("edit", photo, "warmer", "--json").document["error"]["job_id"]
    monkeypatch.setattr(f"imgedit.{place}", press)
    for said in ([job], [job[:-1]], *[[]] * (place == "client.Client.resume")):
        ran = call("jobs", "resume", *said)
        assert ran.code == 130
        assert f"interrupted: job {job}. The edit was charged. Go on with:" in ran.err
        assert f"imgedit jobs resume {job}" in ran.err
    monkeypatch.setattr("imgedit.cli.jobs.journal_alone", press)
    ran = call("jobs", "resume")
    assert "It is not known" in ran.err
    assert ran.err.endswith("Go on with: imgedit jobs resume\n")
