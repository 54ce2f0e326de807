"""Pictures that a URL names, ours and the vendor's: none is fetched from this side.

Every spelling is tried in core/tests/transport; here are the ways by which a URL comes in.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from imgedit import errors
from imgedit.testing.pictures import png
from imgedit.testing.server import Answer, ScriptedServer

FORMS = (
    "http://127.0.0.1:{port}/out.png",
    "http://localhost:{port}/out.png",
    "http://[::ffff:127.0.0.1]:{port}/out.png",
    "http://0.0.0.0:{port}/out.png",
    "https://127.0.0.1:{port}/out.png",
    "http://169.254.169.254/latest/meta-data/",
    "http://user@127.0.0.1:{port}/out.png",
    "ftp://127.0.0.1:{port}/out.png",
    "file:///etc/hostname",
)


@pytest.fixture
def trap() -> Iterator[ScriptedServer]:
    with ScriptedServer() as running:
        running.on("GET", "*", Answer.picture(png()))
        yield running


@pytest.mark.parametrize("way", ("image", "mask", "references"))
@pytest.mark.parametrize("form", FORMS)
def test_an_input_is_not_fetched(
    acme: Any, edit: Any, server: ScriptedServer, trap: ScriptedServer, source: Path,
    form: str, way: str,
) -> None:  # fmt: skip
    url = form.format(port=trap.port)
    given: dict[str, Any] = {"image": source, way: [url] if way == "references" else url}
    with pytest.raises(errors.ImgEditError) as caught:
        edit(**given)
    assert caught.value.charged == "no"
    assert trap.connections == 0
    assert server.connections == 0


@pytest.mark.parametrize("redirected", (False, True))
@pytest.mark.parametrize("form", FORMS)
def test_a_result_is_not_fetched(
    acme: Any, edit: Any, trap: ScriptedServer, source: Path, monkeypatch: Any,
    form: str, redirected: bool,
) -> None:  # fmt: skip
    """The vendor's own server may be reached here: it is at another address of this machine."""
    url = form.format(port=trap.port)
    try:
        vendor = ScriptedServer(host="127.0.0.2").__enter__()
    except OSError:
        pytest.skip("this machine has one address only")
    with vendor:
        monkeypatch.setenv("IMGEDIT_ACME_BASE_URL", vendor.url)
        vendor.on("POST", "/upload", Answer.json({"handle": "h"}))
        where = f"{vendor.url}/moved" if redirected else url
        vendor.on("POST", "/edit", Answer.json({"urls": [where], "cost": "0.04"}))
        vendor.on("GET", "/moved", Answer.redirect(url))
        with pytest.raises(errors.DownloadFailed) as caught:
            edit(source)
        assert caught.value.charged == "yes"
        assert trap.connections == 0
        # The other direction: what the vendor's own server has is fetched.
        vendor.on("GET", "/moved", Answer.redirect("/out.png"))
        vendor.on("GET", "/out.png", Answer.picture(png()))
        vendor.on("POST", "/edit", Answer.json({"urls": [f"{vendor.url}/moved"]}))
        assert edit(source).image.size == len(png())
