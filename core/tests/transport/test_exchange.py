"""What leaves and what comes back, over real connections to this machine."""

from __future__ import annotations

import asyncio
import gzip
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from imgedit.contract.exchange import Base64, FilePart, HttpRequest, Json, Multipart
from imgedit.contract.exchange import Raw as RawBody
from imgedit.contract.image import ImageSource
from imgedit.testing.server import Answer, ScriptedServer
from imgedit.transport import NotSent, TooLarge, Transport, receive

from .exchanges import CANARY, PICTURE, POLL, Told, clean, exchange, free_port, post, site_of


def test_a_json_edit_arrives_as_it_was_meant(server: ScriptedServer, tmp_path: Path) -> None:
    server.on("POST", "/edit", Answer.json({"id": 1}, headers={"X-Id": "a", "x-id": "b"}))
    told = Told()
    image = ImageSource.of(PICTURE)
    request = post(Json({"prompt": "x", "image": Base64(image)}), query={"v": 2})
    answer = exchange(server.url, request, tmp_path, on_sent=told)
    assert (answer.status, answer.json(), answer.purpose) == (200, {"id": 1}, "submit")
    assert answer.headers["x-id"] == ("a", "b")
    received = server.requests[0]
    assert received.target == "/edit?v=2"
    assert received.headers["authorization"] == f"Bearer {CANARY}"
    assert received.headers["content-type"] == "application/json"
    assert received.headers["connection"] == "close"
    assert "transfer-encoding" not in received.headers
    assert told.times == 1


def test_large_bodies_have_a_length_and_the_same_bytes(
    server: ScriptedServer, tmp_path: Path
) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(PICTURE[:100] + os.urandom(3_000_000))
    image = ImageSource(media_type="image/jpeg", size=3_000_100, sha256="x", path=str(path))
    server.on("POST", "/edit", Answer())
    server.on("PUT", "/put", Answer())
    exchange(server.url, post(Multipart([("image", FilePart(image))])), tmp_path)
    put = post(RawBody(image), method="PUT", url=f"{server.url}/put", purpose="upload")
    exchange(server.url, put, tmp_path)
    first, second = server.requests
    assert first.parts()[0].body == second.body == path.read_bytes()
    assert first.headers["content-type"] == "multipart/form-data; boundary=b0undary"
    assert second.headers["content-length"] == "3000100"
    assert not {"content-type", "authorization", "transfer-encoding"} & second.headers.keys()


def test_absolute_urls_go_out_byte_for_byte_without_credentials(
    server: ScriptedServer, tmp_path: Path
) -> None:
    target = "/a//b/%2e%2E/c%2f?x=%7e&sig=a/b%2B==&e="
    server.on("PUT", "*", Answer())
    request = post(None, method="PUT", url=server.url + target, purpose="upload")
    exchange(server.url, request, tmp_path)
    assert server.requests[0].target == target
    assert "authorization" not in server.requests[0].headers


def test_the_cores_headers_win(server: ScriptedServer, tmp_path: Path) -> None:
    server.on("POST", "/edit", Answer())
    headers = {
        "authorization": "Bearer plugin",
        "Host": "evil.example",
        "Content-Length": "1",
        "content-type": "application/vnd.acme+json",
    }
    exchange(server.url, post(Json([1, 2]), headers=headers), tmp_path)
    received = server.requests[0]
    assert received.headers["authorization"] == f"Bearer {CANARY}"
    assert received.headers["host"] in server.url
    assert received.headers["content-type"] == "application/vnd.acme+json"
    assert received.body == b"[1,2]"


def test_a_submit_has_a_fresh_connection_polls_share_one(
    server: ScriptedServer, tmp_path: Path
) -> None:
    server.on("POST", "/edit", Answer())
    server.on("GET", "/jobs/1", Answer())

    async def run() -> None:
        site = site_of(server.url)
        async with Transport() as transport:
            for request in (POLL, POLL, post(), post(), POLL):
                await transport.exchange(
                    request, site=site, timeout=5, spool=tmp_path, boundary="b"
                )

    asyncio.run(run())
    assert [request.connection for request in server.requests] == [1, 1, 2, 3, 1]


def test_connections_are_not_capped_below_the_concurrency(
    server: ScriptedServer, tmp_path: Path
) -> None:
    server.on("GET", "/jobs/1", Answer(delay=0.5))

    async def run() -> float:
        async with Transport(concurrency=150) as transport:
            site = site_of(server.url)
            began = time.monotonic()
            await asyncio.gather(
                *(
                    transport.exchange(POLL, site=site, timeout=20, spool=tmp_path, boundary="b")
                    for _ in range(150)
                )
            )
            return time.monotonic() - began

    asyncio.run(run())
    assert server.connections == 150


@pytest.mark.parametrize("kind", ("image/jpeg", "application/octet-stream", "image/png"))
def test_a_picture_goes_to_the_spool(server: ScriptedServer, tmp_path: Path, kind: str) -> None:
    server.on("POST", "/edit", Answer.picture(PICTURE, kind, headers={"X-Cost": "0.04"}))
    answer = exchange(server.url, post(), tmp_path / "new" / "spool")
    picture = answer.picture
    assert picture is not None
    assert answer.body == b""
    assert answer.header("x-cost") == "0.04"
    assert picture == ImageSource.of(PICTURE)
    assert picture.read() == PICTURE
    assert [path.name for path in (tmp_path / "new" / "spool").iterdir()] == [
        Path(picture.path or "").name
    ]
    if os.name != "nt":
        assert stat.S_IMODE(os.stat(picture.path or "").st_mode) == 0o600


def test_a_picture_that_is_none_stays_a_body(server: ScriptedServer, tmp_path: Path) -> None:
    server.on("POST", "/edit", Answer.picture(b"<html>sorry</html>"))
    answer = exchange(server.url, post(), tmp_path)
    assert answer.pictures == ()
    assert answer.body == b"<html>sorry</html>"


@pytest.mark.parametrize("status", (400, 401, 429, 500, 503))
def test_error_answers_are_answers(server: ScriptedServer, tmp_path: Path, status: int) -> None:
    server.on("POST", "/edit", Answer.json({"error": "x"}, status=status))
    answer = exchange(server.url, post(), tmp_path)
    assert (answer.status, answer.json()) == (status, {"error": "x"})
    assert server.count() == 1


@pytest.mark.parametrize("status", (301, 302, 303, 307, 308))
def test_redirects_are_not_followed(server: ScriptedServer, tmp_path: Path, status: int) -> None:
    server.on("POST", "/edit", Answer.redirect(f"{server.url}/elsewhere", status))
    answer = exchange(server.url, post(Json({})), tmp_path)
    assert answer.status == status
    assert answer.header("location") == f"{server.url}/elsewhere"
    assert server.count() == 1


def test_cookies_are_not_kept(server: ScriptedServer, tmp_path: Path) -> None:
    server.on("GET", "/jobs/1", Answer(headers={"Set-Cookie": "a=b"}))

    async def run() -> None:
        async with Transport() as transport:
            for _ in range(2):
                await transport.exchange(
                    POLL, site=site_of(server.url), timeout=5, spool=tmp_path, boundary="b"
                )

    asyncio.run(run())
    assert "cookie" not in server.requests[1].headers


def test_27_mb_of_text_is_given_up(server: ScriptedServer, tmp_path: Path) -> None:
    server.on("POST", "/edit", Answer(body=b"sorry " * 4_500_000))
    with pytest.raises(TooLarge) as caught:
        exchange(server.url, post(), tmp_path)
    assert caught.value.status == 200
    clean(caught.value)


def test_of_a_long_error_the_beginning_is_kept(server: ScriptedServer, tmp_path: Path) -> None:
    server.on("POST", "/edit", Answer(status=500, body=b"sorry " * 1_000_000))
    answer = exchange(server.url, post(), tmp_path)
    assert answer.status == 500
    assert answer.body.startswith(b"sorry")
    assert len(answer.body) <= 1 << 20


def test_json_may_be_large(server: ScriptedServer, tmp_path: Path) -> None:
    text = "A" * 5_000_000
    server.on("POST", "/edit", Answer.json({"image": text}))
    assert exchange(server.url, post(), tmp_path).json() == {"image": text}


def test_json_may_be_larger_for_more_pictures(
    server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receive, "MAX_JSON", (3_000, 1_000))
    monkeypatch.setattr(receive, "MAX_PICTURE", 6_000)
    for size, pictures in ((3_001, 1), (4_001, 2), (5_001, 3), (6_001, 50)):
        server.on("POST", "/edit", Answer(body=b"[" + b" " * (size - 2) + b"]"))
        with pytest.raises(TooLarge):
            exchange(server.url, post(), tmp_path, pictures=pictures)
        server.on("POST", "/edit", Answer(body=b"[" + b" " * (size - 3) + b"]"))
        assert exchange(server.url, post(), tmp_path, pictures=pictures).json() == []


def test_compressed_answers_are_read_and_bombs_given_up(
    server: ScriptedServer, tmp_path: Path
) -> None:
    small = gzip.compress(b'{"a": 1}')
    bomb = gzip.compress(b" " * 100_000_000)
    gzipped = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    server.on("POST", "/edit", *(Answer(body=body, headers=gzipped) for body in (small, bomb)))
    assert exchange(server.url, post(), tmp_path).json() == {"a": 1}
    with pytest.raises(TooLarge):
        exchange(server.url, post(), tmp_path)


@pytest.mark.parametrize(
    "url",
    (
        "https://127.0.0.2:1/x",
        "https://localhost:1/x",
        "https://[::1]:1/x",
        "https://10.0.0.1/x",
        "https://169.254.169.254/latest",
        "https://[::ffff:127.0.0.1]:1/x",
    ),
)
def test_a_plugins_url_cannot_reach_this_machine(tmp_path: Path, url: str) -> None:
    told = Told()
    request = post(None, method="PUT", url=url, purpose="upload")
    with pytest.raises(NotSent, match="not a public one") as caught:
        exchange("https://api.acme.example", request, tmp_path, on_sent=told)
    assert caught.value.refused_by_guard
    assert not caught.value.retryable
    assert told.times == 0
    clean(caught.value)


def test_a_private_base_url_allows_its_own_address_only(
    server: ScriptedServer, tmp_path: Path
) -> None:
    server.on("GET", "/jobs/1", Answer())
    assert exchange(server.url, POLL, tmp_path).status == 200
    other = HttpRequest(method="GET", url=f"http://127.0.0.2:{server.port}/", purpose="poll")
    with pytest.raises(NotSent) as caught:
        exchange(server.url, other, tmp_path)
    assert caught.value.refused_by_guard
    assert server.count() == 1


def test_permission_is_not_shared_between_sites(server: ScriptedServer, tmp_path: Path) -> None:
    server.on("GET", "/jobs/1", Answer())
    absolute = HttpRequest(method="GET", url=f"https://127.0.0.1:{server.port}/", purpose="poll")

    async def run() -> None:
        async with Transport() as transport:
            own = site_of(server.url)
            await transport.exchange(POLL, site=own, timeout=5, spool=tmp_path, boundary="b")
            other = site_of("https://api.acme.example")
            with pytest.raises(NotSent) as caught:
                await transport.exchange(
                    absolute, site=other, timeout=5, spool=tmp_path, boundary="b"
                )
            assert caught.value.refused_by_guard

    asyncio.run(run())


def test_behind_a_proxy_the_target_is_checked(server: ScriptedServer, tmp_path: Path) -> None:
    server.on("CONNECT", "*", Answer(status=403))
    proxy = f"http://user:{CANARY}@127.0.0.1:{server.port}"
    with pytest.raises(NotSent) as caught:
        exchange(
            "https://api.acme.example",
            post(None, url="https://10.0.0.1/x"),
            tmp_path,
            proxy=proxy,
        )
    assert caught.value.refused_by_guard
    assert server.count() == 0
    with pytest.raises(NotSent, match="proxy") as caught:
        exchange("https://1.1.1.1", post(), tmp_path, proxy=proxy)
    assert server.count("CONNECT") == 1
    assert "authorization" not in server.requests[0].headers
    clean(caught.value)


def test_a_private_base_url_is_reached_without_the_proxy(
    server: ScriptedServer, tmp_path: Path
) -> None:
    server.on("GET", "/jobs/1", Answer())
    answer = exchange(server.url, POLL, tmp_path, proxy=f"http://127.0.0.1:{free_port()}")
    assert answer.status == 200


def test_the_environment_sets_no_proxy(
    server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    server.on("GET", "/jobs/1", Answer())
    assert exchange(server.url, POLL, tmp_path).status == 200


def test_the_package_alone_imports_no_aiohttp() -> None:
    code = (
        "import sys; from imgedit.transport import Site, Credentials, NotSent, body_preview;"
        "sys.exit(bool({'aiohttp', 'asyncio', 'ssl'} & sys.modules.keys()))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)


SERVER = """
import sys
from imgedit.testing.server import Answer, ScriptedServer
with ScriptedServer(keep_bodies=False) as server:
    body = b"\\x89PNG\\r\\n\\x1a\\n" + bytes(20 << 20)
    server.on("POST", "/edit", Answer.picture(body))
    print(server.url, flush=True)
    sys.stdin.read()
    print(server.requests[-1].size, flush=True)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_20_mib_there_and_back_cost_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(20 << 20))
    code = f"""
import asyncio, sys
from pathlib import Path
from imgedit.contract.exchange import Base64, HttpRequest, Json
from imgedit.contract.image import ImageSource
from imgedit.transport import Site, Transport

def peak():
    for line in open("/proc/self/status"):
        if line.startswith("VmHWM"):
            return int(line.split()[1])

async def main(url):
    async with Transport() as transport:
        site = Site(name="acme", base_url=url)
        size = {path.stat().st_size}
        for count in (1000, size):
            Path("{tmp_path}/b.png").write_bytes(Path("{path}").read_bytes()[:1000])
            where = "{path}" if count == size else "{tmp_path}/b.png"
            image = ImageSource(media_type="image/png", size=count, sha256="0", path=where)
            request = HttpRequest(
                method="POST", url="/edit", purpose="submit", body=Json([Base64(image)])
            )
            if count == size:
                open("/proc/self/clear_refs", "w").write("5")
                before = peak()
            answer = await transport.exchange(
                request, site=site, timeout=30, spool=Path("{tmp_path}/spool"), boundary="b"
            )
            assert answer.picture.size == size, answer
        print(peak() - before)

asyncio.run(main(sys.argv[1]))
"""
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert server.stdin is not None
    assert server.stdout is not None
    try:
        url = server.stdout.readline().strip()
        done = subprocess.run(
            [sys.executable, "-c", code, url], capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        assert int(done.stdout) < 4096, f"{done.stdout.strip()} KiB"
        sent = server.communicate(timeout=20)[0]
        assert int(sent) == (path.stat().st_size + 2) // 3 * 4 + 4
    finally:
        server.kill()
        server.wait()
