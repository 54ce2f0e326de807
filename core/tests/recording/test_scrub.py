"""What is taken out of recorded answers, and in which form they are written."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from imgedit import HttpResponse, ImageSource
from imgedit.images.sniff import sniff
from imgedit.recording.files import answers_of, check_folder, scrubbed, write
from imgedit.recording.scrub import LONGEST, Scrubber
from imgedit.recording.standins import standin
from imgedit.testing import png
from imgedit.testing.kit.answers import to_answer

PICTURE = png(400, 300)
JSON = {"Content-Type": "application/json"}


def scrub(value: Any) -> Any:
    scrubber = Scrubber()
    scrubber.learn(value)
    return scrubber.value(value)


@pytest.mark.parametrize(
    ("value", "expected"),
    (
        ({"uploadToken": "abc"}, {"uploadToken": "scrubbed-1"}),
        ({"apiKey": "abc", "API_KEY": "abd"}, {"apiKey": "scrubbed-1", "API_KEY": "scrubbed-2"}),
        ({"signature": "x", "secret": "x"}, {"signature": "scrubbed-1", "secret": "scrubbed-1"}),
        ({"credentials": {"a": ["b"]}}, {"credentials": {"a": ["scrubbed-1"]}}),
        ({"session": {"state": "done"}}, {"session": {"state": "done"}}),
        ({"user": {"id": 7, "plan": "pro"}}, {"user": {"id": 0, "plan": "pro"}}),
        ({"account": "Jane's"}, {"account": "scrubbed-1"}),
        ({"owner_id": "o-1", "teamId": 3}, {"owner_id": "scrubbed-1", "teamId": 0}),
        ({"contact_email": "a@b.example"}, {"contact_email": "someone@example.com"}),
        ({"users": ["a"], "author": "b"}, {"users": ["a"], "author": "b"}),
        ({"id": "u-1", "monkey_id": "m"}, {"id": "u-1", "monkey_id": "m"}),
        ({"tokens": 12, "token": 3, "name": "n"}, {"tokens": 12, "token": 3, "name": "n"}),
        ({"user_id": "usr-9", "at": "/usr-9/"}, {"user_id": "scrubbed-1", "at": "/usr-9/"}),
        ({"user_id": "usr-99", "at": "/usr-99/"}, {"user_id": "scrubbed-1", "at": "/scrubbed-1/"}),
        ({"client_ip": "10.1.2.3"}, {"client_ip": "scrubbed-1"}),
    ),
)  # fmt: skip
def test_names_tell(value: Any, expected: Any) -> None:
    assert scrub(value) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    (
        ("https://a.example/x.png", "https://a.example/x.png"),
        (
            "see https://me:pw@a.example/x.png?X-Amz-Date=1&sig=a%2Fb&raw#top now",
            "see https://a.example/x.png?X-Amz-Date=scrubbed&sig=scrubbed&scrubbed now",
        ),
        ("/v1/files/3?token=abc&page=2", "/v1/files/3?token=scrubbed&page=scrubbed"),
        ("ask jane.doe+x@corp.example!", "ask someone@example.com!"),
        ("Authorization: Bearer abcdefgh12", "Authorization: Bearer scrubbed"),
        ("a eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln b", "a scrubbed b"),
        ("sk-live-0123456789abcdef01", "scrubbed"),
        ("from 203.0.113.9:443 and 2001:db8:0:1::9", "from 192.0.2.1:443 and 2001:db8::1"),
        ("at 2026-11-20T12:30:45Z, v1.2.3, 10:20:30, std::b, 999.1.1.1", None),
        ("make it warmer, please", None),
        ("/wo" + "/folder" * 30, None),
    ),
)
def test_looks_tell(text: str, expected: str | None) -> None:
    assert Scrubber().text(text) == (text if expected is None else expected)


def test_long_texts_are_cut() -> None:
    assert len(Scrubber().text("x y" * LONGEST)) < 300


@pytest.mark.parametrize("kind", ("image/png", "image/jpeg", "image/webp"))
def test_a_stand_in_has_the_type(kind: str) -> None:
    assert sniff(standin(kind)[:64]) == kind
    assert ImageSource.of(standin(kind)).width == 96


@pytest.mark.parametrize("begin", ("", "data:image/png;base64,"))
def test_pictures_in_json_are_small_and_fit_what_is_said_of_them(begin: str) -> None:
    small = standin("image/png")
    found = scrub(
        {
            "image": begin + b64encode(PICTURE).decode(),
            "sha256": hashlib.sha256(PICTURE).hexdigest(),
            "bytes": len(PICTURE),
            "width": 400,
        }
    )
    assert found == {
        "image": begin + b64encode(small).decode(),
        "sha256": hashlib.sha256(small).hexdigest(),
        "bytes": len(small) if len(PICTURE) > 1000 else len(PICTURE),
        "width": 400,
    }


def body(value: Any) -> bytes:
    return json.dumps(value).encode()


def test_the_plainest_form_that_says_all() -> None:
    plain = HttpResponse(
        status=200,
        headers={**JSON, "Server": "x", "X-Frame-Options": "DENY", "X-RateLimit-Left": "3"},
        body=b'{"cost": 0.040, "big": 123456789012345678901}',
    )
    told = HttpResponse(status=200, headers={**JSON, "X-Job": "j"}, body=b"{}", purpose="upload")
    page = HttpResponse(status=200, headers={"Content-Type": "text/html"}, body=b"<p>a@b.example")
    picture = HttpResponse(
        status=200, headers={"Content-Type": "image/png"}, pictures=[ImageSource.of(PICTURE)]
    )
    found = scrubbed([plain, told, page, picture], {})
    assert [one.suffix for one in found] == [".json", ".http", ".http", ".png"]
    assert b'"cost": 0.040' in found[0].content
    assert b"123456789012345678901" in found[0].content
    assert found[1].content == b"HTTP/1.1 200 OK\ncontent-type: application/json\nx-job: j\n\n{}\n"
    assert found[2].content.endswith(b"\n\n<p>someone@example.com")
    assert found[3].content == standin("image/png")


def test_headers() -> None:
    headers = {
        **JSON, "Set-Cookie": "a=b", "X-Auth-Token": "t", "X-User-Id": "u", "X-Real-IP": "10.0.0.1",
        "Request-Id": "r", "Retry-After": "3", "X-RateLimit-Left": "0", "ETag": "e", "Via": "v",
        "Date": "Fri, 20 Nov 2026 12:00:00 GMT", "X-Forwarded-For": "10.0.0.1",
    }  # fmt: skip
    manifest = {"errors": {"retry_after": ["header:etag|ms"], "request_id": ["header:via"]}}
    (error,) = scrubbed([HttpResponse(status=429, headers=headers, body=b"{}")], manifest)
    lines = error.content.decode().partition("\n\n")[0].splitlines()
    assert sorted(lines[1:]) == [
        "content-type: application/json", "date: Fri, 20 Nov 2026 12:00:00 GMT", "etag: e",
        "request-id: r", "retry-after: 3", "via: v", "x-forwarded-for: 192.0.2.1",
        "x-ratelimit-left: 0",
    ]  # fmt: skip
    (good,) = scrubbed([HttpResponse(status=200, headers=headers, body=b"{}")], {})
    lines = good.content.decode().partition("\n\n")[0].splitlines()
    assert sorted(lines[1:]) == [
        "content-type: application/json", "request-id: r", "x-forwarded-for: 192.0.2.1",
    ]  # fmt: skip


def test_errors_that_were_repeated_are_kept_once(tmp_path: Path) -> None:
    busy = HttpResponse(status=503, headers=JSON, body=body({"why": "busy"}))
    other = HttpResponse(status=503, headers=JSON, body=body({"why": "later"}))
    good = HttpResponse(status=200, headers=JSON, body=body({"urls": []}))
    written = write(scrubbed([busy, busy, other, good], {}), tmp_path / "new" / "data")
    assert [path.name for _, path in written] == [
        "real-submit-503-1.http", "real-submit-503-2.http", "real-submit.json",
    ]  # fmt: skip
    assert answers_of(written) == {"submit": "real-submit.json"}
    assert to_answer(written[0][1]).status == 503
    again = write(scrubbed([good], {}), tmp_path / "new" / "data")
    assert [path.name for _, path in again] == ["real2-submit.json"]


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    from imgedit import OutputError

    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "data"):
        with pytest.raises(OutputError):
            check_folder(folder)
    check_folder(tmp_path / "tests" / "data")
    assert not (tmp_path / "tests").exists()
