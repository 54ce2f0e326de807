"""The scripted server itself, with the standard library's client."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request

import pytest

from imgedit.testing.server import Answer, ScriptedServer


def get(url: str, data: bytes | None = None, headers: dict[str, str] | None = None) -> bytes:
    request = urllib.request.Request(url, data=data, headers=headers or {})
    with urllib.request.urlopen(request, timeout=5) as answer:
        return bytes(answer.read())


def test_answers_follow_the_script_and_requests_are_kept() -> None:
    with ScriptedServer() as server:
        server.on("GET", "/jobs/*", Answer.json({"n": 1}), Answer.json({"n": 2}))
        seen = [json.loads(get(f"{server.url}/jobs/a%2Fb?x=1&y=")) for _ in range(3)]
        assert seen == [{"n": 1}, {"n": 2}, {"n": 2}]
        first = server.requests[0]
        assert (first.path, first.target) == ("/jobs/a/b", "/jobs/a%2Fb?x=1&y=")
        assert first.query == {"x": "1", "y": ""}
        assert server.count("GET", "/jobs/*") == 3
        assert server.count("POST") == 0
        with pytest.raises(urllib.error.HTTPError) as caught:
            get(f"{server.url}/nowhere")
        caught.value.close()
        assert [request.path for request in server.unexpected] == ["/nowhere"]


def test_a_function_may_answer() -> None:
    with ScriptedServer() as server:
        server.on("POST", "/double", lambda request: Answer.json(request.json() * 2))
        assert get(f"{server.url}/double", b"21") == b"42"


def test_multipart_is_read_back() -> None:
    body = (
        b'--x\r\nContent-Disposition: form-data; name="prompt"\r\n\r\nmake it warm\r\n'
        b'--x\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n'
        b"Content-Type: image/png\r\n\r\n\x89PNG\r\n\x00\xff\r\n--x--\r\n"
    )
    with ScriptedServer() as server:
        server.on("POST", "/edit", Answer())
        get(f"{server.url}/edit", body, {"Content-Type": "multipart/form-data; boundary=x"})
        assert server.requests[0].form() == {"prompt": "make it warm"}
        picture = server.requests[0].parts()[1]
        assert (picture.filename, picture.content_type) == ("a.png", "image/png")
        assert picture.body == b"\x89PNG\r\n\x00\xff"


@pytest.mark.parametrize("fault", ("drop_before_body", "drop_after_body", "reset_after_body"))
def test_a_dropped_request_is_counted(fault: str) -> None:
    with ScriptedServer() as server:
        server.on("POST", "/edit", Answer(fault=fault))  # type: ignore[arg-type]
        with pytest.raises(
            (http.client.RemoteDisconnected, ConnectionError, urllib.error.URLError)
        ):
            get(f"{server.url}/edit", b"x" * 1000)
        assert server.count("POST", "/edit") == 1


def test_half_an_answer() -> None:
    with ScriptedServer() as server:
        server.on("GET", "/", Answer(body=b"0123456789", fault="drop_inside"))
        with pytest.raises(http.client.IncompleteRead) as caught:
            get(server.url + "/")
        assert caught.value.partial == b"01234"


def test_hanging_and_closing() -> None:
    with ScriptedServer() as server:
        server.on("GET", "/", Answer(fault="hang"))
        connection = http.client.HTTPConnection(server.host, server.port, timeout=0.2)
        connection.request("GET", "/")
        with pytest.raises(TimeoutError):
            connection.getresponse()
        connection.close()
        url = server.url
    with pytest.raises(urllib.error.URLError):
        get(url)
