"""`imgedit new-provider` as a command: what it asks, what it refuses, what it writes."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from imgedit.cli import main
from imgedit.errors import UsageError
from imgedit.manifest import validate_manifest
from imgedit.scaffold import ANSWERS, AUTHS, PICTURES, Description, defaults, render, write

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _nobody_is_called_acme(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other tests of this process may have put a package of this name on the path."""
    elsewhere = [entry for entry in sys.path if not Path(entry, "imgedit_acme").exists()]
    monkeypatch.setattr(sys, "path", elsewhere)
    monkeypatch.delitem(sys.modules, "imgedit_acme", raising=False)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def described(name: str = "acme", **changes: str) -> Description:
    return Description(name=name, **{**defaults(name), **changes})


def test_without_a_terminal_the_defaults_are_taken(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["new-provider", "acme"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("imgedit-acme  11 files.")
    assert err == ""
    assert files(folder / "imgedit-acme") == render(described())


def test_json_is_one_document(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = "new-provider acme --title Acme+ --base-url https://acme.example/v3/ --auth basic"
    words += " --picture upload --answer job --unit acme:credits --out a/b --json"
    assert main(words.split()) == 0
    project = json.loads(capsys.readouterr().out)["project"]
    assert project.pop("files") == sorted(files(folder / "a" / "b"))
    assert project == {
        "name": "acme",
        "title": "Acme+",
        "base_url": "https://acme.example/v3",
        "auth": "basic",
        "picture": "upload",
        "answer": "job",
        "unit": "acme:credits",
        "folder": str(Path("a/b")),
    }
    manifest = json.loads((folder / "a/b/src/imgedit_acme/provider.json").read_text("utf-8"))
    assert (manifest["title"], manifest["base_url"]) == ("Acme+", "https://acme.example/v3")
    assert manifest["unit"] == "acme:credits"


@pytest.mark.skipif(sys.platform == "win32", reason="a terminal of our own needs POSIX")
def test_on_a_terminal_it_asks_for_what_was_not_given(folder: Path) -> None:
    import pty

    ours, theirs = pty.openpty()
    asking = subprocess.Popen(
        [sys.executable, "-m", "imgedit", "new-provider", "acme", "--auth", "none"],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
        env={**os.environ, "TERM": "dumb"},
    )
    os.close(theirs)
    # title, a base URL that cannot be, one that can, picture, answer by default, unit
    os.write(ours, b"Acme Pictures\nacme\nhttps://acme.example/v9\nmultipart\n\nEUR\n")
    out, _ = asking.communicate(timeout=60)
    shown = ""
    with contextlib.suppress(OSError):  # Linux says so at the end
        while more := os.read(ours, 4096):
            shown += more.decode()
    os.close(ours)
    assert asking.returncode == 0, shown
    assert out.decode().startswith("imgedit-acme  11 files.")
    assert "'acme' cannot be the base URL" in shown
    assert "How is the key sent?" not in shown
    assert files(folder / "imgedit-acme") == render(
        described(
            title="Acme Pictures",
            base_url="https://acme.example/v9",
            auth="none",
            picture="multipart",
            unit="EUR",
        )
    )


@pytest.mark.parametrize(
    ("words", "says"),
    (
        (["Acme"], "'Acme' cannot be the name"),
        (["1acme"], "cannot be the name"),
        (["ac-me"], "cannot be the name"),
        ([""], "cannot be the name"),
        (["a" * 31], "cannot be the name"),
        (["../acme"], "cannot be the name"),
        (["core"], "taken: imgedit-core is the distribution of imgedit itself"),
        (["local"], "taken"),
        (["cheapest"], "taken"),
        (["venice"], "taken: imgedit-venice 0.1.0 brings a provider of this name"),
        (["acme", "--title", ""], "cannot be the title"),
        (["acme", "--title", 'a"b'], "cannot be the title"),
        (["acme", "--title", "a\nb"], "cannot be the title"),
        (["acme", "--base-url", "http://acme.example"], "cannot be the base URL"),
        (["acme", "--base-url", 'https://a"b'], "cannot be the base URL"),
        (["acme", "--unit", "dollars"], "cannot be the unit"),
        (["acme", "--auth", "oauth"], "'oauth' is not one of"),
        (["acme", "--picture", "fax"], "'fax' is not one of"),
        (["acme", "--answer", "none"], "'none' is not one of"),
        ([], "Missing argument 'NAME'"),
    ),
    ids=" ".join,
)
def test_what_cannot_be_is_refused(
    words: list[str], says: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["new-provider", *words]) == 2
    out, err = capsys.readouterr()
    assert says in err
    assert out == ""
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("there", ("folder", "file", "link"))
def test_nothing_is_overwritten(
    there: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = folder / "imgedit-acme"
    match there:
        case "folder":
            target.mkdir()
        case "file":
            target.write_text("mine")
        case "link":
            target.symlink_to("nowhere")
    assert main(["new-provider", "acme"]) == 2
    assert "imgedit-acme exists, and nothing is overwritten" in capsys.readouterr().err
    with pytest.raises(UsageError):  # it came after the look
        write(render(described()), target)
    assert {"folder": target.is_dir, "file": target.is_file, "link": target.is_symlink}[there]()
    assert list(folder.rglob("*")) == [target]


def test_what_cannot_be_written_leaves_nothing_behind(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "file").write_text("mine")
    assert main(["new-provider", "acme", "--out", "file/acme"]) == 2
    assert "file" in capsys.readouterr().err
    assert files(folder) == {"file": b"mine"}


def test_without_jinja2_it_says_what_to_install(folder: Path) -> None:
    code = "import sys; sys.modules['jinja2'] = None; import imgedit.cli as c; sys.exit(c.main())"
    done = subprocess.run(
        [sys.executable, "-c", code, "new-provider", "acme"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "pip install 'imgedit-core[new]'" in done.stderr
    assert list(folder.iterdir()) == []


def test_a_title_stands_in_every_file_as_it_is(folder: Path) -> None:
    title = "Café {{ 7 * 7 }} & 'Söhne' 🎨 <b>"
    write(render(described(title=title)), folder / "new")
    project = tomllib.loads((folder / "new" / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["description"] == f"{title} as a provider of imgedit."
    manifest = json.loads((folder / "new/src/imgedit_acme/provider.json").read_text("utf-8"))
    assert manifest["title"] == title
    code = (folder / "new/src/imgedit_acme/__init__.py").read_text("utf-8")
    assert code.startswith(f'"""{title} as a provider of imgedit.')


def test_the_licence_is_ours() -> None:
    assert render(described())["LICENSE"] == (ROOT / "LICENSE").read_bytes()


def test_every_combination_has_a_right_manifest() -> None:
    for picture, answer, auth in itertools.product(PICTURES, ANSWERS, AUTHS):
        made = render(described(picture=picture, answer=answer, auth=auth))
        manifest = json.loads(made["src/imgedit_acme/provider.json"])
        assert validate_manifest(manifest) == []
        assert "REPLACE" in manifest["sources"]["prices"]["note"]


def test_every_combination_is_typed_formatted_and_short(folder: Path) -> None:
    for picture, answer in itertools.product(PICTURES, ANSWERS):
        name = f"{picture.replace('-', '')}{answer}"
        write(
            render(described(name, title="x" * 50, picture=picture, answer=answer)), folder / name
        )
    packages = sorted(folder.glob("*/src"))
    assert len(packages) == len(PICTURES) * len(ANSWERS)
    for path in (*folder.glob("*/src/*/__init__.py"), *folder.glob("*/tests/test_kit.py")):
        assert len(path.read_text(encoding="utf-8").splitlines()) < 75
    for tool in (
        ("ruff", "format", "--check", "--no-cache", "."),
        ("ruff", "check", "--no-cache", "."),
        ("mypy", "--strict", "--no-incremental", *packages, folder / "uploadjob" / "tests"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", *map(str, tool)],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=110,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
