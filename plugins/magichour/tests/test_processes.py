"""The command line as a process of its own: end to end, and killed at every moment.

Nothing is replaced here, the pauses between polls neither, so each script has one or two polls.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from imgedit.testing.pictures import png
from imgedit.testing.server import Answer

CREATE = "/v1/ai-image-editor"
SLOTS = "/v1/files/upload-urls"
PROJECT = "/v1/image-projects/cuid-example"
EDIT = ("-p", "magichour", "-m", "qwen-edit", "-o", "out.png")


def test_a_file_from_end_to_end(vendor: Any, command_line: Any, photo: Path, other: Path) -> None:
    done = command_line.run("edit", photo, "make it so", "--reference", other, *EDIT)
    assert done.code == 0, done.err
    document = done.json
    assert document["provider"] == "magichour"
    assert document["vendor_ids"] == {"id": "cuid-example"}
    assert document["cost"] == {"amount": "50", "unit": "magichour:credits"}
    assert document["quote"]["basis"] == "at_least"
    (image,) = document["images"]
    assert (image["media_type"], image["bytes"]) == ("image/png", len(png()))
    assert (command_line.folder / "out.png").read_bytes() == png()
    assert (vendor.count("POST", SLOTS), vendor.count("PUT"), vendor.creates) == (1, 2, 1)
    assert vendor.count("GET", PROJECT) == 2
    assert vendor.unexpected == []
    for put in vendor.received("PUT"):
        assert {"authorization", "content-type"}.isdisjoint(put.headers)
    (row,) = command_line.run("jobs").jobs
    assert row["status"] == "done"


def test_a_url_from_end_to_end(vendor: Any, command_line: Any) -> None:
    vendor.on("GET", PROJECT, vendor.project("complete"))
    done = command_line.run("edit", "https://pictures.example/a.webp", "make it so", *EDIT)
    assert done.code == 0, done.err
    assert (vendor.count("POST", SLOTS), vendor.creates) == (0, 1)
    assert (command_line.folder / "out.png").read_bytes() == png()


def test_a_failure_is_refunded(vendor: Any, command_line: Any, photo: Path) -> None:
    vendor.on("GET", PROJECT, vendor.failed("content_policy_violation"))
    done = command_line.run("edit", photo, "make it so", *EDIT)
    assert done.code == 5
    error = done.json["error"]
    assert (error["type"], error["charged"]) == ("ContentRejected", "no")
    assert vendor.creates == 1


# Which exchange hangs when the process is killed.
MOMENTS = {
    "asking for upload places": ("POST", SLOTS, "hang"),
    "uploading": ("PUT", "/api-assets/*", "hang"),
    "polling": ("GET", PROJECT, "hang"),
    "in the middle of a poll": ("GET", PROJECT, "hang_inside"),
    "downloading": ("GET", "/out/*", "hang_inside"),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_and_resumed(
    vendor: Any, command_line: Any, photo: Path, other: Path, moment: str
) -> None:
    method, path, fault = MOMENTS[moment]
    usual = {
        SLOTS: vendor.slots,
        "/api-assets/*": Answer(),
        PROJECT: vendor.project("complete"),
        "/out/*": Answer.picture(png()),
    }
    vendor.on("GET", PROJECT, vendor.project("complete"))
    hanging = vendor.project("rendering", fault=fault) if path == PROJECT else None
    if path == "/out/*":
        hanging = Answer.picture(png(), fault=fault)
    vendor.on(method, path, hanging or Answer(fault=fault), usual[path])
    reference = ("--reference", other) if moment == "uploading" else ()
    edit = ("edit", photo, "make it so", *reference, *EDIT)
    command_line.kill_when(lambda: vendor.wait_for(method, path), *edit)

    (row,) = command_line.run("jobs").jobs
    charged = path in (PROJECT, "/out/*")
    assert vendor.creates == (1 if charged else 0)
    assert not (command_line.folder / "out.png").exists()
    done = command_line.run("jobs", "resume", row["id"])
    assert done.code == 0, done.out + done.err
    assert done.json["job_id"] == row["id"]
    assert done.json["cost"] == {"amount": "50", "unit": "magichour:credits"}
    assert (command_line.folder / "out.png").read_bytes() == png()
    assert vendor.creates == 1
    # What was there already was not asked for a second time.
    assert vendor.count("POST", SLOTS) == (2 if path == SLOTS else 1)
    assert vendor.count("PUT") == (3 if moment == "uploading" else 1)
    assert vendor.count("GET", PROJECT) == (2 if path == PROJECT else 1)
    again = command_line.run("jobs", "resume")
    assert (again.code, again.json) == (0, {"jobs": []})


def test_killed_while_waiting(vendor: Any, command_line: Any, photo: Path) -> None:
    edit = ("edit", photo, "make it so", *EDIT)
    # The first poll says: rendering.
    command_line.kill_when(lambda: vendor.wait_for("GET", PROJECT), *edit)
    done = command_line.run("jobs", "resume")
    assert done.code == 0, done.out + done.err
    (row,) = done.jobs
    assert row["status"] == "done"
    assert (command_line.folder / "out.png").read_bytes() == png()
    assert vendor.creates == 1


def test_killed_after_sending(vendor: Any, command_line: Any, photo: Path) -> None:
    vendor.on("POST", CREATE, Answer(fault="hang"), vendor.created())
    edit = ("edit", photo, "make it so", *EDIT)
    command_line.kill_when(lambda: vendor.wait_for("POST", CREATE), *edit)
    for _ in range(2):
        done = command_line.run("jobs", "resume")
        assert done.code == 8
        (row,) = done.jobs
        assert row["status"] == "unknown"
    one = command_line.run("jobs", "resume", row["id"])
    assert one.code == 8
    error = one.json["error"]
    assert (error["type"], error["charged"]) == ("OutcomeUnknown", "unknown")
    assert (error["retryable"], error["job_id"]) == (False, row["id"])
    (listed,) = command_line.run("jobs").jobs
    assert (listed["id"], listed["status"]) == (row["id"], "unknown")
    assert vendor.creates == 1
