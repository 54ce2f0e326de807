"""Every way into imgedit from Python: scripts, pipes, notebooks, async and sync."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

import imgedit
from imgedit.testing.pictures import png


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A picture to edit."""
    path = tmp_path / "photo.png"
    path.write_bytes(png(64, 48, (120, 90, 60)))
    return path


def run(source: str, cwd: Path, *, piped: bool = False) -> str:
    """Run Python source in a process of its own, as a file or through a pipe."""
    source = textwrap.dedent(source)
    script = cwd / "script.py"
    if not piped:
        script.write_text(source)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-" if piped else str(script)],
        input=source if piped else None,
        cwd=cwd,
        env={**os.environ, "IMGEDIT_HOME": str(cwd / "home")},
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout.strip()


TWO_LINES = """
import imgedit
print(imgedit.edit("photo.png", "much brighter", provider="local", out="out.png").image.path.name)
"""


@pytest.mark.parametrize("piped", (False, True), ids=("script", "pipe"))
def test_two_lines_without_a_guard(photo: Path, piped: bool) -> None:
    assert run(TWO_LINES, photo.parent, piped=piped) == "out.png"
    assert (photo.parent / "out.png").stat().st_size > 0


def test_a_json_module_beside_the_script_does_no_harm(photo: Path) -> None:
    (photo.parent / "json.py").write_text("raise SystemExit('shadowed')")
    source = f"""
    import sys
    sys.path.pop(0)  # the parent is the user's own affair, the worker is ours
    import imgedit, os
    os.chdir({str(photo.parent)!r})
    print(imgedit.edit("photo.png", "sepia", provider="local").image.width)
    """
    assert run(source, photo.parent) == "64"


def test_inside_a_running_loop(photo: Path, tmp_path: Path) -> None:
    async def cell() -> imgedit.EditResult:
        return imgedit.edit(photo, "black and white", provider="local", out=tmp_path / "o.png")

    assert asyncio.run(cell()).image.path == tmp_path / "o.png"


def test_a_result_shows_itself_in_a_notebook(photo: Path) -> None:
    result = imgedit.edit(photo, "sepia", provider="local")
    shown: dict[str, Any] = result._repr_mimebundle_()
    assert set(shown) == {"image/png", "text/plain"}
    assert "photo" not in shown["text/plain"]


def test_a_result_without_out_is_saved_later(photo: Path, tmp_path: Path) -> None:
    with imgedit.SyncClient() as client:
        result = client.edit(photo, "rotate 90 degrees", provider="local")
        assert result.image.path.exists()
        saved = result.image.save(tmp_path / "turned.png")
        assert saved.read_bytes() == result.image.read()
        with pytest.raises(imgedit.OutputError):
            result.image.save(saved)
        assert result.image.save(saved, overwrite=True) == saved
    assert not result.image.path.exists()
    assert (result.image.width, result.image.height) == (48, 64)


def test_submit_events_and_result(photo: Path) -> None:
    with imgedit.SyncClient() as client:
        job = client.submit(photo, "sepia", provider="local")
        kinds = [event.kind for event in job.events()]
        assert kinds[-1] == "done"
        assert job.result().job_id == job.id


async def _many(photo: Path) -> list[imgedit.EditResult]:
    async with imgedit.Client(concurrency=2) as client:
        prompts = ["sepia", "brighter", "darker", "flip horizontally"]
        edits = [client.edit(photo, prompt, provider="local") for prompt in prompts]
        return list(await asyncio.gather(*edits))


def test_many_at_once(photo: Path) -> None:
    results = asyncio.run(_many(photo))
    assert len({result.image.sha256 for result in results}) >= 3
    assert len({result.job_id for result in results}) == 4


def test_one_client_after_another_in_new_loops(photo: Path) -> None:
    for _ in range(2):
        assert len(asyncio.run(_many(photo))) == 4


def test_a_closed_client_says_so(photo: Path) -> None:
    client = imgedit.SyncClient()
    client.close()
    client.close()
    with pytest.raises(imgedit.UsageError, match="closed"):
        client.edit(photo, "sepia", provider="local")


def test_quotes_and_models_need_no_key(photo: Path) -> None:
    with imgedit.SyncClient() as client:
        quotes = client.quote(photo, "sepia", provider="local")
        assert [(offer.model, str(offer.quote.amount)) for offer in quotes.quotes] == [
            ("basic", "0")
        ]
        assert client.models("local")[0]["provider"] == "local"


def test_import_stays_light() -> None:
    source = """
    import sys
    import imgedit
    from imgedit import hookimpl, HttpRequest, Job
    heavy = {"aiohttp", "jsonschema", "cattrs", "asyncio", "ssl", "PIL", "numpy"}
    print(sorted(heavy & set(sys.modules)))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(source)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.strip() == "[]"


def test_all_is_what_is_public() -> None:
    assert len(imgedit.__all__) == len(set(imgedit.__all__))
    assert dir(imgedit) == sorted(imgedit.__all__)
    assert set(imgedit.__all__) == {*imgedit._WHERE, "__version__"}
    for name in imgedit.__all__:
        value = getattr(imgedit, name)
        assert value is not None
    private = [name for name in imgedit.__all__ if name.startswith("_") and name != "__version__"]
    assert private == []
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        imgedit.nothing  # noqa: B018  # the access is the test


def test_every_error_is_public_and_pickles() -> None:
    import pickle

    from imgedit import errors

    classes = [
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, errors.ImgEditError)
    ]
    assert {cls.__name__ for cls in classes} <= set(imgedit.__all__)
    drawn = errors.__doc__ or ""
    for cls in classes:
        assert cls.__name__ in drawn
        error = cls("what happened", charged="unknown", hint="Do this.", status=500)
        again = pickle.loads(pickle.dumps(error))
        assert type(again) is cls
        assert str(again) == str(error)
        assert vars(again) == vars(error)
        assert "what happened." in str(error)
        assert "not known whether" in str(error)
