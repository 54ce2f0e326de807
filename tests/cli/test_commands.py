"""What the commands print: one document with `--json`, lines for a person."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from .conftest import validate


def test_edit_prints_one_document_that_the_schema_describes(imgedit, photo):
    document = imgedit.json(
        "edit", photo, "black and white, add a vignette", "-p", "local", "-o", "out.png"
    )
    validate(document, "edit-result")
    (image,) = document["images"]
    written = (imgedit.folder / "out.png").read_bytes()
    assert (image["path"], image["bytes"]) == ("out.png", len(written))
    assert image["sha256"] == hashlib.sha256(written).hexdigest()
    assert (image["width"], image["height"], image["media_type"]) == (96, 64, "image/png")
    assert document["cost"] == {"amount": "0", "unit": "USD"}
    assert document["ai_generated"] is False
    with Image.open(imgedit.folder / "out.png") as picture:
        red, green, blue = picture.convert("RGB").split()
        assert red.tobytes() == green.tobytes() == blue.tobytes()
    assert imgedit.spooled() == []


def test_edit_for_a_person(imgedit, photo):
    done = imgedit("edit", photo, "rotate right", "-p", "local")
    where, cost = done.stdout.splitlines()
    size = (imgedit.folder / "photo-edited.png").stat().st_size
    assert where == f"photo-edited.png  64 × 96 pixels, {size:,} bytes"
    assert cost.startswith("Cost: free. Provider: local, model basic. ")
    assert done.stderr == ""  # nobody watches, and nothing is wrong


def test_a_name_of_ones_own_that_does_not_fit_is_corrected_with_a_warning(imgedit, photo):
    done = imgedit("edit", photo, "sepia", "-p", "local", "--format", "jpeg", "-o", "out.png")
    assert done.stdout.startswith("out.jpg  96 × 64 pixels")
    assert "Warning: " in done.stderr
    assert "out.jpg" in done.stderr
    assert imgedit.names() == {"photo.png", "out.jpg"}


def test_a_dot_in_a_name_is_no_extension(imgedit, photo):
    (imgedit.folder / photo).rename(imgedit.folder / "photo.v2.png")
    done = imgedit("edit", "photo.v2.png", "sepia", "-p", "local")
    assert done.stdout.startswith("photo.v2-edited.png  ")
    assert done.stderr == ""


def test_an_absolute_output_is_shown_so(imgedit, photo, tmp_path):
    out = tmp_path / "elsewhere.png"
    document = imgedit.json("edit", photo, "sepia", "-p", "local", "-o", out)
    assert document["images"][0]["path"] == str(out)


def test_dry_run_sends_and_writes_nothing(imgedit, photo):
    document = imgedit.json("edit", photo, "sepia", "-p", "local", "-o", "out.png", "--dry-run")
    (request,) = document["requests"]
    assert (request["purpose"], request["spends"], request["placeholder"]) == (
        "submit",
        False,
        False,
    )
    assert {"method", "url", "headers", "body"} < request.keys()
    done = imgedit("edit", photo, "sepia", "-p", "local", "--dry-run")
    assert done.stdout.splitlines()[-1] == "Nothing was sent."
    assert imgedit.names() == {"photo.png"}


def test_jobs(imgedit, photo):
    assert imgedit.json("jobs") == {"jobs": []}
    assert imgedit("jobs").stdout == "There are no jobs.\n"
    assert imgedit("jobs", "resume").stdout == "No job is waiting to go on.\n"
    document = imgedit.json("edit", photo, "sepia", "-p", "local", "--label", "tuesday")
    (row,) = imgedit.json("jobs")["jobs"]
    validate(row, "job")
    assert (row["id"], row["status"], row["label"]) == (document["job_id"], "done", "tuesday")
    assert imgedit.json("jobs", "show", row["id"][:12]) == {"jobs": [row]}
    shown = imgedit("jobs", "show", row["id"]).stdout
    assert "status:     done" in shown
    assert str(imgedit.folder / "photo-edited.png") in shown
    assert "tuesday" in imgedit("jobs").stdout
    error = imgedit.error("jobs", "show", "nope", code=10)
    assert error["type"] == "JournalError"


def test_resuming_a_job_that_is_done_shows_it_again(imgedit, photo):
    first = imgedit.json("edit", photo, "sepia", "-p", "local", "-o", "out.png")
    again = imgedit.json("jobs", "resume", first["job_id"])
    validate(again, "edit-result")
    assert again["images"] == first["images"]


def test_quote(imgedit, photo):
    document = imgedit.json("quote", photo, "sepia")
    (row,) = document["quotes"]
    validate(row, "quote")
    assert (row["provider"], row["model"], row["amount"]) == ("local", "basic", "0")
    assert document["unable"] == []
    document = imgedit.json("quote", photo, "sepia", "--quality", "high")
    (row,) = document["unable"]
    validate(row["problems"][0], "problem")
    assert (row["provider"], row["problems"][0]["path"]) == ("local", "/quality")
    assert document["quotes"] == []
    assert "--quality: " in imgedit("quote", photo, "sepia", "--quality", "high").stdout


def test_providers_and_models(imgedit):
    document = imgedit.json("providers", "--check")
    (row,) = document["providers"]
    assert (row["name"], row["status"], row["reason"]) == ("local", "ok", None)
    assert (row["local"], row["key"], row["key_set"]) == (True, None, False)
    assert imgedit.json("providers", "--check", "local")["providers"] == [row]
    (model,) = imgedit.json("models", "local")["models"]
    validate(model, "model")
    assert (model["id"], model["default"]) == ("basic", True)
    assert "basic (default)" in imgedit("models").stdout
    assert imgedit.error("models", "nope", code=2)["type"] == "UnknownProvider"
    assert imgedit.error("providers", "--check", "nope", code=2)["type"] == "UnknownProvider"


def test_with_no_provider_at_all(imgedit, photo):
    nothing = {"IMGEDIT_PLUGINS": ""}
    for command in ("providers", "models"):
        assert "pip install imgedit-local" in imgedit(command, env=nothing).stdout
    error = imgedit.error("edit", photo, "sepia", code=2, env=nothing)
    assert "pip install imgedit-local" in error["message"]


def test_the_console_script_is_the_same(imgedit, photo):
    script = Path(sys.executable).with_name("imgedit")
    done = subprocess.run(
        [script, "edit", photo, "sepia", "-p", "local", "--json"],
        cwd=imgedit.folder, env=imgedit.environ(), capture_output=True, text=True, check=True,
    )  # fmt: skip
    validate(json.loads(done.stdout), "edit-result")


HEAVY = ("aiohttp", "asyncio", "jsonschema", "cattrs", "PIL", "numpy", "imgedit_local")


@pytest.mark.parametrize(
    ("arguments", "also"),
    (
        (["--version"], ("rich", "importlib.metadata", "imgedit.discovery.scan")),
        (["--help"], ("rich",)),
        (["edit", "--help"], ("rich", "importlib.metadata")),
        (["providers"], ()),
        (["providers", "--json"], ("rich",)),
        (["models"], ()),
    ),
    ids=" ".join,
)
def test_what_only_lists_imports_nothing_heavy(imgedit, arguments, also):
    script = (
        "import sys; from imgedit.cli import main; code = main(sys.argv[1:])\n"
        "sys.stderr.write(' '.join(sys.modules)); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env=imgedit.environ(), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout
    assert not set(done.stderr.split()) & {*HEAVY, *also}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="has no full device")
def test_a_result_that_cannot_be_printed(imgedit, photo):
    with open("/dev/full", "w") as full:
        done = imgedit("edit", photo, "sepia", "-p", "local", "-o", "out.png", code=10, stdout=full)
    assert "the result cannot be printed: No space left on device" in done.stderr
    assert "The picture is there: out.png" in done.stderr
    assert imgedit.names() == {"photo.png", "out.png"}


@pytest.mark.skipif(sys.platform == "win32", reason="pipes work differently there")
def test_a_reader_that_goes_away_is_no_error(imgedit):
    read, write = os.pipe()
    os.close(read)
    done = imgedit("models", "--json", stdout=write)
    os.close(write)
    assert done.stderr == ""


def test_verbose_tells_the_steps_but_no_key(imgedit, photo):
    done = imgedit("edit", photo, "sepia", "-p", "local", "--verbose")
    assert "working on this machine" in done.stderr
    script = (
        "import logging, sys\n"
        "from imgedit.cli.logs import logging_to_stderr\n"
        "with logging_to_stderr(verbose=True):\n"
        "    try: raise ValueError('the key is canary-4711')\n"
        "    except ValueError: logging.getLogger('imgedit.x').exception('canary-4711 %s', 'b')\n"
    )
    plugin = sample_plugin(imgedit.folder / "site")
    environ = imgedit.environ(
        PYTHONPATH=str(plugin), ACME_API_KEY="canary-4711", IMGEDIT_PLUGINS="acme"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], env=environ, capture_output=True, text=True, check=True
    )
    assert "ValueError: the key is ***" in done.stderr
    assert "canary" not in done.stderr


# -- commands of plugins


def sample_plugin(site: Path, *, commands: str = "") -> Path:
    """A folder for PYTHONPATH that holds an installed distribution imgedit-acme."""
    package = site / "imgedit_acme"
    package.mkdir(parents=True)
    manifest = {
        "manifest": 1, "hook_api": "1.0", "name": "acme", "title": "Acme", "unit": "USD",
        "base_url": "https://api.acme.example", "default_model": "one",
        "sources": {"prices": {"url": "https://acme.example/prices", "read": "2026-11-20"}},
        "auth": {"env": ["ACME_API_KEY"], "header": "Authorization", "value": "Bearer {key}"},
        "models": [{"id": "one", "title": "One", "price": {"amounts": "0.04"}}],
    }  # fmt: skip
    (package / "provider.json").write_text(json.dumps(manifest))
    (package / "__init__.py").write_text(
        "from imgedit import Done, HttpRequest, Json, Output, hookimpl\n"
        "@hookimpl\ndef build_request(job):\n"
        "    return HttpRequest(method='POST', url='/edit', purpose='submit', body=Json({}))\n"
        "@hookimpl\ndef parse_response(job, response):\n"
        "    return Done([Output(url=response.at('/url'))])\n"
    )
    (package / "extra.py").write_text(
        "import click\n"
        "@click.command()\n@click.argument('word')\n"
        "def hello(word):\n    'Say hello.'\n    click.echo(f'hello {word}')\n"
        "@click.command()\ndef boom():\n    raise ValueError('oh no')\n"
        "number = 3\n"
    )
    (package / "broken.py").write_text("raise RuntimeError('no luck')\n")
    info = site / "imgedit_acme-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: imgedit-acme\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text(
        "[imgedit.providers]\nacme = imgedit_acme\n[imgedit.commands]\n" + commands
    )
    return site


COMMANDS = """
hello = imgedit_acme.extra:hello
boom = imgedit_acme.extra:boom
number = imgedit_acme.extra:number
bad = imgedit_acme.broken:hello
edit = imgedit_acme.broken:hello
"""


@pytest.fixture
def with_commands(imgedit) -> dict[str, str]:
    site = sample_plugin(imgedit.folder / "site", commands=COMMANDS)
    names = "local,acme,hello,boom,number,bad,edit"
    return {"PYTHONPATH": str(site), "IMGEDIT_PLUGINS": names}


def test_a_plugin_brings_commands(imgedit, with_commands):
    text = imgedit("--help", env=with_commands).stdout
    assert "From plugins:" in text
    for name in ("hello", "number", "bad"):
        assert f"  {name} " in text
    assert text.count("  edit ") == 1
    assert imgedit("hello", "you", env=with_commands).stdout == "hello you\n"
    assert "Missing argument 'WORD'" in imgedit("hello", code=2, env=with_commands).stderr
    # It has no --json, and that complaint is a document all the same.
    error = imgedit.error("hello", "you", code=2, env=with_commands)
    assert "there is no option --json" in error["message"]


def test_broken_commands_break_only_themselves(imgedit, photo, with_commands):
    error = imgedit.error("bad", code=9, env=with_commands)
    assert error["type"] == "BrokenPlugin"
    assert "no luck" in error["message"]
    error = imgedit.error("number", code=9, env=with_commands)
    assert "is not a click command" in error["message"]
    done = imgedit("boom", code=9, env=with_commands)
    assert done.stderr == (
        "Error: a bug in imgedit-acme 0.1.0: ValueError. Nothing was charged. "
        "Please report it with what --verbose shows.\n"
    )
    imgedit("edit", photo, "sepia", "-p", "local", env=with_commands)

    document = imgedit.json("providers", "--check", code=9, env=with_commands)
    assert {row["reason"] for row in document["providers"]} == {None}
    status = {row["name"]: (row["status"], row["reason"]) for row in document["commands"]}
    assert status["hello"] == ("ok", None)
    assert status["bad"][0] == status["number"][0] == "broken"
    assert status["edit"] == ("ignored", "imgedit has a command of this name itself")


# -- terminals


def on_a_terminal(imgedit, *arguments: str, **env: str) -> str:
    """Everything that a command writes to a terminal of 100 columns."""
    import pty

    environ = imgedit.environ(TERM="xterm-256color", COLORTERM="truecolor", COLUMNS="100", **env)
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "imgedit", *arguments],
        cwd=imgedit.folder, env=environ, stdout=slave, stderr=slave, stdin=slave,
    )  # fmt: skip
    os.close(slave)
    chunks = []
    while True:
        try:
            chunk = os.read(master, 65536)
        except OSError:  # the other end is closed
            break
        if not chunk:
            break
        chunks.append(chunk)
    os.close(master)
    assert process.wait(timeout=30) == 0
    return b"".join(chunks).decode()


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_terminal_gets_progress_and_a_preview(imgedit, photo):
    command = ("edit", str(photo), "flip vertically", "--overwrite")
    text = on_a_terminal(imgedit, *command)
    assert "Using local basic" in text
    assert "working on this machine" in text
    rows = [line for line in text.splitlines() if "▀" in line]
    assert len(rows) >= 10
    assert all(line.count("▀") <= 76 for line in rows)
    # The gradient: dark above in one picture, below in the other.
    assert rows[0].count("38;2;") >= 2
    assert "before" in text
    assert "after" in text

    for quiet in (
        on_a_terminal(imgedit, *command, NO_COLOR="1"),
        on_a_terminal(imgedit, *command, "--no-preview"),
    ):
        assert "▀" not in quiet
        assert "photo-edited.png" in quiet
    assert "\x1b[1;31m" not in on_a_terminal(imgedit, *command, NO_COLOR="1")


def test_a_preview_can_be_asked_for_anywhere(imgedit, photo):
    text = imgedit("edit", photo, "sepia", "-p", "local", "--preview").stdout
    assert "▀" in text
