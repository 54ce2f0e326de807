"""`--reuse`: what was done before is handed out, as if it had been edited."""

from __future__ import annotations

from .conftest import validate

WORDS = ("make it warmer", "-p", "local")


def test_the_same_edit_again(imgedit, photo):
    first = imgedit.json("edit", photo, *WORDS, "-o", "a.png", "--reuse")
    assert first["reused"] is False
    again = imgedit.json("edit", photo, *WORDS, "-o", "b.png", "--reuse")
    validate(again, "edit-result")
    assert (again["reused"], again["job_id"], again["attempts"]) == (True, first["job_id"], 0)
    assert again["images"][0]["path"] == "b.png"
    assert again["images"][0]["sha256"] == first["images"][0]["sha256"]
    assert (imgedit.folder / "b.png").read_bytes() == (imgedit.folder / "a.png").read_bytes()
    done = imgedit("edit", photo, *WORDS, "-o", "c.png", "--reuse")
    place, cost = done.stdout.splitlines()
    assert place.startswith("c.png")
    assert f"nothing, the result of job {first['job_id']} was reused" in cost
    assert len(imgedit.json("jobs")["jobs"]) == 1


def test_what_costs_nothing_is_not_told_of(imgedit, photo):
    for name in ("a.png", "b.png"):
        document = imgedit.json("edit", photo, *WORDS, "-o", name)
        assert (document["reused"], document["warnings"]) == (False, [])


def test_without_a_journal(imgedit, photo):
    imgedit.home.mkdir()
    (imgedit.home / "config.toml").write_text("journal = false\n")
    error = imgedit.error("edit", photo, *WORDS, "--reuse", code=2)
    assert "no journal" in error["message"]
    assert error["charged"] == "no"
    assert imgedit.names() == {"photo.png"}
