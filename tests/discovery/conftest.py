"""Wheels of plugins, good and bad, and one environment in which pip installed them all."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import textwrap
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import attrs
import pytest

GOOD = """
from imgedit import Done, HttpRequest, Json, Output, hookimpl


@hookimpl
def build_request(job):
    return HttpRequest(method="POST", url="/edit", purpose="submit", body=Json(job.wire()))


@hookimpl
def parse_response(job, response):
    return Done([Output(url=response.json()["url"])])
"""


def source(text: str, of: str = "") -> str:
    """The good source with one function replaced (`of`), or with more after it."""
    text = textwrap.dedent(text)
    if not of:
        return GOOD + text
    head, _, tail = GOOD.partition(f"@hookimpl\ndef {of}(")
    return head + text + tail.partition("\n\n\n")[2]


def manifest_of(name: str, **changes: Any) -> dict[str, Any]:
    return {
        "manifest": 1,
        "name": name,
        "title": name,
        "base_url": f"https://api.{name}.example",
        "unit": "USD",
        "sources": {"docs": {"url": f"https://{name}.example/docs", "read": "2026-11-20"}},
        "auth": {"env": [f"{name.upper()}_API_KEY"], "header": "X-Key", "value": "{key}"},
        "default_model": "one",
        "wire": {"prompt": "prompt"},
        "models": [{"id": "one", "price": {"amounts": "0.04", "source": "docs"}}],
        **changes,
    }


@attrs.frozen(kw_only=True)
class Bad:
    """A plugin and what is said of it: `says` in a plain listing, else only when it is loaded."""

    code: str = GOOD
    manifest: Mapping[str, Any] | str | None = None
    value: str | None = None
    name: str | None = None
    status: str = "broken"
    says: str
    listed: bool = False


BAD: dict[str, Bad] = {
    "boom": Bad(
        code="raise RuntimeError('no luck\\ntoday')",
        says="importing it raised RuntimeError: no luck today",
    ),
    "exits": Bad(code="raise SystemExit(3)", says="importing it ended the program (SystemExit: 3)"),
    "patches": Bad(
        code=f"import json\njson.dumps = json.loads = lambda *_, **__: '{{}}'\n{GOOD}",
        says="importing it replaced json.dumps, which everything here uses",
    ),
    "needs": Bad(
        code="import imgedit_needs_this",
        says="importing it needs imgedit_needs_this, which is not installed",
    ),
    "nowhere": Bad(
        value="imgedit_elsewhere",
        says="its entry point names the package imgedit_elsewhere, which imgedit-nowhere does not "
        "bring: ask its author, or remove it with pip uninstall imgedit-nowhere",
        listed=True,
    ),
    "lost": Bad(
        says="stale install of imgedit-lost, whose files are gone: "
        "remove it with pip uninstall imgedit-lost",
        listed=True,
    ),
    "misspelt": Bad(
        code=source("@hookimpl\ndef build_reqest(job):\n    ...\n", "build_request"),
        says="there is no hook build_reqest: did you mean build_request? (see docs/hooks.md)",
    ),
    "unmarked": Bad(
        code=source("def price(request, model):\n    ...\n"),
        says="price has no @hookimpl, so it would never be called (see docs/hooks.md)",
    ),
    "coroutine": Bad(
        code=source("@hookimpl\nasync def build_request(job):\n    ...\n", "build_request"),
        says="build_request is an async function: hooks are plain functions, "
        "the core does the waiting (see docs/hooks.md)",
    ),
    "generator": Bad(
        code=source("@hookimpl\ndef parse_response(job):\n    yield\n", "parse_response"),
        says="parse_response is a generator: it must return its answer, not yield it "
        "(see docs/hooks.md)",
    ),
    "asyncgen": Bad(
        code=source("@hookimpl\nasync def parse_response(job):\n    yield\n", "parse_response"),
        says="parse_response is an async generator: it must return its answer, not yield it "
        "(see docs/hooks.md)",
    ),
    "incomplete": Bad(
        code=source("", "build_request"),
        says="it has no build_request, which every provider must have (see docs/hooks.md)",
    ),
    "keyword": Bad(
        code=source("@hookimpl\ndef build_request(*, job):\n    ...\n", "build_request"),
        says="the parameter job of build_request is keyword-only and would get no value "
        "(see docs/hooks.md)",
    ),
    "defaulted": Bad(
        code=source("@hookimpl\ndef build_request(job=None):\n    ...\n", "build_request"),
        says="the parameter job of build_request has a default: hooks have none "
        "(see docs/hooks.md)",
    ),
    "starred": Bad(
        code=source("@hookimpl\ndef build_request(*args):\n    ...\n", "build_request"),
        says="build_request takes *args: name the parameters that it uses (see docs/hooks.md)",
    ),
    "asking": Bad(
        code=source("@hookimpl\ndef build_request(job, key):\n    ...\n", "build_request"),
        says="build_request asks for key, which is not given (it is given job) (see docs/hooks.md)",
    ),
    "wrapping": Bad(
        code=source("@hookimpl(wrapper=True)\ndef price():\n    return (yield)\n"),
        says="price is a wrapper: a provider may not wrap hooks, only an add-on may "
        "(see docs/hooks.md)",
    ),
    "newer": Bad(
        code="raise RuntimeError('this must not be imported')",
        manifest=manifest_of("newer", hook_api="1.7", surprise=[1]),
        status="incompatible",
        says="imgedit-newer 0.1.0 needs hook API 1.7, and imgedit-core {core} has 1.0",
        listed=True,
    ),
    "unreadable": Bad(
        manifest=manifest_of("unreadable", manifest=2, models={}),
        status="incompatible",
        says="imgedit-unreadable 0.1.0 has a manifest of version 2, and imgedit-core {core} "
        "reads 1",
        listed=True,
    ),
    "bare": Bad(manifest="", says="its package imgedit_bare holds no provider.json", listed=True),
    "garbled": Bad(
        manifest='{"manifest": 1, "name": ',
        says="its provider.json is wrong: is not JSON: Expecting value (line 1, column 25) "
        "(see docs/manifest.md)",
        listed=True,
    ),
    "other": Bad(
        manifest=manifest_of("another"),
        says="its provider.json is wrong: /name: is 'another', but the entry point is called "
        "'other' (see docs/manifest.md)",
        listed=True,
    ),
    "dotted": Bad(
        value="imgedit_dotted.provider",
        says="its entry point is 'imgedit_dotted.provider', and must be one top-level package",
        listed=True,
    ),
    "badname": Bad(
        name="Bad-Name",
        says="its name 'Bad-Name' is not allowed: a provider's name is small letters and digits, "
        "a letter first",
        listed=True,
    ),
}


def project(folder: Path, name: str, **changes: Any) -> dict[str, str]:
    """The files of a plugin's package."""
    bad = BAD.get(name) or Bad(says="", **changes)
    files = {"__init__.py": bad.code}
    if bad.manifest != "":
        manifest = bad.manifest or manifest_of(name)
        files["provider.json"] = manifest if isinstance(manifest, str) else json.dumps(manifest)
    return files


def write_wheel(
    folder: Path,
    distribution: str,
    files: Mapping[str, str],
    entry_points: str,
    version: str = "0.1.0",
) -> Path:
    """A wheel as pip installs it, without the second that a build backend takes."""
    stem = f"{distribution.replace('-', '_')}-{version}"
    info = f"{stem}.dist-info"
    content = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n"
        "Requires-Dist: imgedit-core\n\nVersion: 9 is only mentioned here.\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\n"
        "Tag: py3-none-any\n",
        f"{info}/entry_points.txt": entry_points,
    }
    record = ""
    for path, text in content.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
        record += f"{path},sha256={digest.decode()},{len(text.encode())}\n"
    wheel = folder / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in {**content, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
            archive.writestr(path, text)
    return wheel


def provider_wheel(folder: Path, name: str, *, distribution: str | None = None) -> Path:
    """The wheel of one provider of `BAD`, or of a good one."""
    bad = BAD.get(name)
    package = (distribution or f"imgedit-{name}").replace("-", "_")
    entry = f"{(bad and bad.name) or name} = {(bad and bad.value) or package}"
    return write_wheel(
        folder,
        distribution or f"imgedit-{name}",
        {f"{package}/{file}": text for file, text in project(folder, name).items()},
        f"[imgedit.providers]\n{entry}\n",
    )


def checkout(folder: Path, name: str) -> Path:
    """A project folder of a good provider, for an editable install."""
    package = folder / "src" / f"imgedit_{name}"
    package.mkdir(parents=True)
    for file, text in project(folder, name).items():
        (package / file).write_text(text, encoding="utf-8")
    (folder / "pyproject.toml").write_text(
        textwrap.dedent(f"""
        [build-system]
        requires = ["hatchling"]
        build-backend = "hatchling.build"

        [project]
        name = "imgedit-{name}"
        version = "0.3.0"
        dependencies = ["imgedit-core"]

        [project.entry-points."imgedit.providers"]
        {name} = "imgedit_{name}"

        [tool.hatch.build.targets.wheel]
        packages = ["src/imgedit_{name}"]
        """),
        encoding="utf-8",
    )
    return folder


ADDON = """
import attrs
from imgedit import HttpRequest, hookimpl

heard = []


@hookimpl(wrapper=True)
def build_request(job):
    request = yield
    if isinstance(request, HttpRequest):
        request = attrs.evolve(request, headers={**request.headers, "X-Trace": job.id})
    return request


@hookimpl
def on_event(event):
    heard.append(event.kind)
"""
OTHERS = {
    "imgedit-tracer": ({"imgedit_tracer.py": ADDON}, "[imgedit.addons]\ntracer = imgedit_tracer\n"),
    "imgedit-grumpy": (
        {"imgedit_grumpy.py": "1 / 0\n"},
        "[imgedit.addons]\ngrumpy = imgedit_grumpy\n",
    ),
    "imgedit-extra": (
        {"imgedit_extra.py": "command = 'a command'\n"},
        "[imgedit.commands]\nextra = imgedit_extra:command\nlost = imgedit_extra:nothing\n",
    ),
    "imgedit-spoilt": ({"imgedit_spoilt.py": ""}, "[imgedit.providers]\nx = imgedit_spoilt\n"),
}


@pytest.fixture(scope="session")
def crowded(
    built_wheels: dict[str, Path],
    make_clean_venv: Callable[..., Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Any:
    """An environment with the core, `local`, good plugins and every bad one.

    ``acme`` came as a wheel, ``editable`` is an editable install, ``stale`` one whose checkout was
    deleted; the files of ``lost`` were deleted; two distributions claim ``twin``; the metadata of
    ``imgedit-spoilt`` are spoilt.
    """
    folder = tmp_path_factory.mktemp("wheels")
    wheels = [provider_wheel(folder, name) for name in ("acme", *BAD)]
    wheels += [provider_wheel(folder, "twin", distribution=f"imgedit-twin{n}") for n in "ab"]
    wheels += [write_wheel(folder, name, *parts) for name, parts in OTHERS.items()]
    environment = make_clean_venv(
        tmp_path_factory.mktemp("crowded"),
        f"{built_wheels['imgedit-core']}[cli]",
        built_wheels["imgedit-local"],
        *wheels,
    )
    environment.install_editable(checkout(folder / "editable", "editable"))
    environment.install_editable(checkout(folder / "stale", "stale"))
    shutil.rmtree(folder / "stale")
    shutil.rmtree(environment.site_packages / "imgedit_lost")
    spoilt = environment.site_packages / "imgedit_spoilt-0.1.0.dist-info" / "entry_points.txt"
    spoilt.write_text("[imgedit.providers]\nthis line is no entry\n", encoding="utf-8")
    return environment


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """``bad``: the name of each bad plugin as it is listed, and what is to be said of it."""
    if "bad" in metafunc.fixturenames:
        metafunc.parametrize("bad", [(bad.name or name, bad) for name, bad in BAD.items()], ids=BAD)
