"""The web app of docs/embedding.md, on loopback, and the tests that it shows."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from aiohttp import FormData, web
from aiohttp.test_utils import TestClient, TestServer
from pages import blocks

from imgedit.testing.pictures import png

(APP,) = (block for block in blocks("embedding.md") if block.what == "app.py")


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> web.Application:
    monkeypatch.chdir(tmp_path)
    module = ModuleType("app")
    exec(compile("\n" * (APP.line - 1) + APP.code, "docs/embedding.md", "exec"), vars(module))
    return vars(module)["make_app"]()  # type: ignore[no-any-return]  # the page has no types


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
    for block in blocks("embedding.md"):
        if block.verb == "file":
            (tmp_path / block.what).write_text(block.code, encoding="utf-8")
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
