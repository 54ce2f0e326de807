"""When a download is tried again, what is already there, and where it waits."""

from __future__ import annotations

import email.utils
import time
from pathlib import Path
from typing import Any

import pytest

from imgedit import errors
from imgedit.testing.pictures import png
from imgedit.testing.server import Answer, ScriptedServer


def done_with(server: ScriptedServer, *paths: str) -> None:
    """The job ends with these pictures, whose URLs cannot be refreshed."""
    server.on("POST", "/edit", Answer.json({"urls": [server.url + path for path in paths]}))


@pytest.mark.parametrize("form", ("seconds", "date", "date of another clock", "unreadable"))
def test_a_download_comes_back_when_it_is_asked_to(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, quick: list[float], form: str
) -> None:
    def date(moment: float) -> str:
        return email.utils.formatdate(moment, usegmt=True)

    headers, least, most = {
        "seconds": ({"Retry-After": "7"}, 7, 7.2),
        "date": ({"Retry-After": date(time.time() + 20)}, 5, 20.2),
        "date of another clock": ({"Date": date(86400), "Retry-After": date(86407)}, 7, 7.2),
        "unreadable": ({"Retry-After": "soon"}, 0.1, 1),
    }[form]
    done_with(server, "/out.png")
    answer = Answer(status=429, headers=headers)
    server.on("GET", "/out.png", answer, Answer.picture(png()))
    assert edit(source).image.size == len(png())
    assert len(quick) == 1
    assert least <= quick[0] <= most


def test_a_download_that_is_to_come_back_much_later_is_left_to_a_resume(
    acme: Any, edit: Any, server: ScriptedServer, source: Path, quick: list[float]
) -> None:
    done_with(server, "/out.png")
    server.on("GET", "/out.png", Answer(status=503, headers={"Retry-After": "300"}))
    with pytest.raises(errors.DownloadFailed) as caught:
        edit(source)
    assert (caught.value.retry_after, caught.value.charged) == (300, "yes")
    assert (server.count("GET", "/out.png"), quick) == (1, [])
