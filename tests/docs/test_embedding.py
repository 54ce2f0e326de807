"""The web app of docs/embedding.md, on loopback, and the tests that it shows."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from aiohttp import FormData, web
from aiohttp.test_utils import TestClient, TestServer
from pages import blocks

import imgedit
from imgedit import DataURI, Done, HttpRequest, Json, Output, errors, hookimpl
from imgedit.discovery import registry
from imgedit.testing.acme import KEY, MANIFEST, make
from imgedit.testing.pictures import png
from imgedit.testing.server import Answer, ScriptedServer

FILES = {block.what: block for block in blocks("embedding.md") if block.verb == "file"}


def shown(name: str) -> dict[str, Any]:
    """What a file that the page shows defines."""
    block, module = FILES[name], ModuleType(name.removesuffix(".py"))
    exec(compile("\n" * (block.line - 1) + block.code, block.page, "exec"), vars(module))
    return vars(module)


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> web.Application:
    monkeypatch.chdir(tmp_path)
    return shown("app.py")["make_app"]()  # type: ignore[no-any-return]  # the page has no types


def post(app: web.Application, prompt: str) -> tuple[int, str, Any]:
    async def main() -> tuple[int, str, Any]:
        async with TestClient(TestServer(app)) as client:
            form = FormData({"prompt": prompt})
            form.add_field("image", png(), filename="p.png", content_type="image/png")
            answer = await client.post("/edit", data=form)
            return answer.status, answer.content_type, await answer.read()

    return asyncio.run(main())


def test_the_web_app_edits(app: web.Application) -> None:
    status, kind, body = post(app, "sepia")
    assert (status, kind) == (200, "image/png")
    assert body.startswith(b"\x89PNG")
    assert body != png()


def test_the_web_app_refuses(app: web.Application) -> None:
    status, kind, body = post(app, "turn it into a dragon")
    assert (status, kind) == (422, "application/json")
    assert b"dragon" in body


def test_the_tests_that_are_shown_pass(tmp_path: Path) -> None:
    for name, block in FILES.items():
        (tmp_path / name).write_text(block.code, encoding="utf-8")
    (tmp_path / "photo.png").write_bytes(png())
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", "."],
        cwd=tmp_path,
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert "3 passed" in done.stdout, done.stdout


# -- a journal of your own


@hookimpl
def one_request(job: imgedit.Job) -> HttpRequest:
    """An upload, then a submit that is answered with the picture."""
    if not job.state:
        return HttpRequest(method="POST", url="/upload", purpose="upload", body=Json({}))
    body = Json({"image": DataURI(job.request.image)})
    return HttpRequest(method="POST", url="/edit", purpose="submit", body=body)


@hookimpl
def read(job: imgedit.Job, response: imgedit.HttpResponse) -> imgedit.Step:
    if response.purpose == "upload":
        return imgedit.Next(state={"uploaded": True})
    return Done(images=[Output(image=response.picture)])


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    """The service of the provider acme."""
    known = registry()
    before = dict(known._entries)
    with ScriptedServer() as server:
        monkeypatch.setenv("IMGEDIT_ACME_BASE_URL", server.url)
        monkeypatch.setenv("ACME_API_KEY", KEY)
        server.on("POST", "/upload", Answer.json({}))
        server.on("POST", "/edit", Answer.picture(png()))
        imgedit.register("acme", make(build_request=one_request, parse_response=read), MANIFEST)
        yield server
    known._entries.clear()
    known._entries.update(before)


@pytest.fixture
def restart(tmp_path: Path) -> Callable[[], imgedit.Client]:
    """A client of the app as it starts: what the journal knows comes from its folder."""
    kind = shown("files_journal.py")["FilesJournal"]
    (tmp_path / "photo.png").write_bytes(png())
    return lambda: imgedit.Client(journal=kind(tmp_path / "jobs"))


def test_a_paid_picture_outlives_the_process(
    server: ScriptedServer, restart: Callable[[], imgedit.Client], tmp_path: Path
) -> None:
    out = tmp_path / "results" / "out.png"

    def spoil(_: Any) -> Answer:
        out.parent.rmdir()
        return Answer.picture(png())

    async def main() -> None:
        out.parent.mkdir()
        server.on("POST", "/edit", spoil)
        async with restart() as client:
            with pytest.raises(errors.OutputError) as caught:
                await client.edit(tmp_path / "photo.png", "sepia", provider="acme", out=out)
        assert caught.value.charged == "yes"
        out.parent.mkdir()
        async with restart() as client:
            assert [record.id for record in client.unfinished()] == [caught.value.job_id]
            assert (await client.resume(str(caught.value.job_id))).image.path == out
        async with restart() as client:
            assert client.unfinished() == []
            assert (await client.resume(str(caught.value.job))).image.path == out

    asyncio.run(main())
    assert out.read_bytes() == png()
    assert server.count("POST", "/edit") == 1


def test_an_old_json_is_not_bought_once_more(
    server: ScriptedServer, restart: Callable[[], imgedit.Client], tmp_path: Path
) -> None:
    async def main() -> None:
        async with restart() as client:
            job = await client.submit(png(), "sepia", provider="acme")
            async for event in job.events():
                if event.kind == "uploading":
                    break
            planned = str(await job.cancel())
        for _ in range(2):
            async with restart() as client:
                result = await client.resume(planned)
                assert result.image.path.read_bytes() == png()
        result.image.path.unlink()
        async with restart() as client:
            with pytest.raises(errors.ImgEditError) as caught:
                await client.resume(planned)
        assert caught.value.charged == "yes"

    asyncio.run(main())
    assert server.count("POST", "/edit") == 1
