"""A provider in a wheel of its own, the vendor it talks to, and the real command line."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from attrs import field, frozen
from jsonschema import Draft202012Validator

import imgedit
from imgedit.discovery import registry
from imgedit.testing import Ran, Sandbox, instant_waits
from imgedit.testing.acme import MANIFEST, make
from imgedit.testing.pictures import png
from imgedit.testing.server import Answer, Received, ScriptedServer

from ..conftest import Environment, build

KEY = "canary-key-4711"
SCHEMAS = Path(__file__).parents[2] / "schemas"
EDIT = "/edit"
RESULT = png(color=(10, 200, 10))

# The sample provider of the kit, published by somebody: its source, and its manifest as a file.
_PROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "imgedit-acme"
version = "0.1.0"
dependencies = ["imgedit-core"]

[project.entry-points."imgedit.providers"]
acme = "imgedit_acme"

[tool.hatch.build.targets.wheel]
packages = ["src/imgedit_acme"]
"""
_PROVIDER = '''
"""Two uploads, create, polls, a picture whose URL ends and is asked for anew."""

from imgedit import (
    Done, Facts, FilePart, HttpRequest, Json, Multipart, Next, Output, Wait, hookimpl
)


@hookimpl
def build_request(job):
    if "id" in job.state:
        return HttpRequest(method="GET", url=f"/jobs/{job.state['id']}", purpose="poll")
    if job.to_upload:
        body = Multipart([("file", FilePart(job.to_upload[0]))])
        return HttpRequest(method="POST", url="/upload", purpose="upload", body=body)
    handles = [job.handle(image) for image in job.request.pictures]
    body = Json({**job.wire(), "images": handles})
    return HttpRequest(method="POST", url="/edit", purpose="submit", body=body)


@hookimpl
def parse_response(job, response):
    answer = response.json()
    if response.purpose == "upload":
        return Next(job.uploaded(job.to_upload[0], answer["handle"]))
    if response.purpose == "submit":
        return Wait({"id": answer["id"]}, facts=Facts(vendor_ids={"id": answer["id"]}))
    if "url" not in answer:
        return Wait(job.state, seconds=answer.get("seconds"))
    facts = Facts(cost=answer["cost"])
    return Done([Output(url=answer["url"])], facts=facts, refresh=job.state)
'''


@pytest.fixture(scope="session")
def environment(
    built_wheels: Mapping[str, Path],
    make_clean_venv: Callable[..., Environment],
    tmp_path_factory: pytest.TempPathFactory,
) -> Environment:
    """A clean environment with the core, its command line and `imgedit-acme`, from wheels."""
    project = tmp_path_factory.mktemp("imgedit-acme")
    package = project / "src" / "imgedit_acme"
    package.mkdir(parents=True)
    (project / "pyproject.toml").write_text(_PROJECT, encoding="utf-8")
    (package / "__init__.py").write_text(_PROVIDER, encoding="utf-8")
    manifest = {
        **MANIFEST,
        "sources": {"docs": {"url": "https://acme.example/docs", "read": "2026-11-20"}},
        "poll": {"seconds": [0.05], "deadline": 60},
        "timeouts": dict.fromkeys(("upload", "submit", "poll", "download"), 60),
    }
    (package / "provider.json").write_text(json.dumps(manifest), encoding="utf-8")
    return make_clean_venv(
        tmp_path_factory.mktemp("acme"),
        f"{built_wheels['imgedit-core']}[cli]",
        build(project, "wheel", project / "dist"),
    )


class Acme(ScriptedServer):
    """The vendor of one edit of two pictures: `FLOW` is all that may be asked of it, in order.

    `place` is the number of the request that comes next; set it back for a client that has lost
    an answer.
    """

    FLOW = (
        "POST /upload",
        "POST /upload",
        "POST /edit",
        "GET /jobs/7",
        "GET /jobs/7",
        "GET /jobs/7",
        "GET /old.png",
        "GET /jobs/7",
        "GET /new.png",
    )
    SUBMIT = 2
    REFRESH = 7

    def __enter__(self) -> Acme:
        super().__enter__()
        self.place = 0
        self.caught: dict[int, Callable[[Received], Answer | None]] = {}
        self.after_answer: Callable[[], object] | None = None
        self.on("POST", "/upload", self._take)
        self.on("POST", EDIT, self._take)
        self.on("GET", "/*", self._take)
        return self

    def catch(self, place: int, caught: Callable[[Received], Answer | None]) -> None:
        """Call this, once, when that request arrives; what it returns is the answer, if any."""
        self.caught[place] = caught

    def _take(self, request: Received) -> Answer:
        place = self.place
        asked = f"{request.method} {request.path}"
        if place >= len(self.FLOW) or asked != self.FLOW[place]:
            return Answer.json({"message": f"{asked} was not expected"}, status=418)
        self.place += 1
        caught = self.caught.pop(place, None)
        return (caught and caught(request)) or self._answer(place)

    def _answer(self, place: int) -> Answer:
        match place:
            case 0 | 1:
                return Answer.json({"handle": f"picture-{place}"})
            case self.SUBMIT:
                return Answer.json({"id": "7"})
            case 3 | 4:
                return Answer.json({"id": "7"})
            case 6:
                return Answer(status=403)
            case 8:
                return Answer.picture(RESULT)
            case _:
                name = "old" if place < self.REFRESH else "new"
                return Answer.json({"id": "7", "url": f"{self.url}/{name}.png", "cost": "0.04"})

    @property
    def asked(self) -> tuple[str, ...]:
        """Everything that arrived, in order."""
        return tuple(f"{request.method} {request.path}" for request in self.received())

    @property
    def submits(self) -> int:
        """How many edits were asked for, that is paid."""
        return self.count("POST", EDIT)

    async def _send(self, writer: Any, request: Received, answer: Answer) -> bool:
        kept = await super()._send(writer, request, answer)
        if self.after_answer is not None:
            self.after_answer()
        return kept


@pytest.fixture
def acme() -> Iterator[Acme]:
    """The vendor."""
    with Acme() as server:
        yield server


@frozen
class Shell:
    """A folder of the user's, with a home of its own and the command `imgedit`."""

    environment: Environment
    folder: Path
    variables: Mapping[str, str]
    started: list[subprocess.Popen[str]] = field(factory=list)

    @property
    def home(self) -> Path:
        """Where journal and spool lie."""
        return self.folder / "home"

    @property
    def out(self) -> Path:
        """The picture that is made."""
        return self.folder / "out.png"

    def start(self, program: str, *arguments: str | Path) -> subprocess.Popen[str]:
        """Start a program of the environment and return at once."""
        process = subprocess.Popen(
            [str(self.environment.bin / program), *map(str, arguments)],
            cwd=self.folder,
            env=self.environment.environ(IMGEDIT_HOME=str(self.home), **self.variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process

    def end(self, process: subprocess.Popen[str]) -> Ran:
        """Wait for a command; the key stands nowhere in what it printed."""
        out, err = process.communicate(timeout=90)
        assert KEY not in out + err
        return Ran(process.returncode, out, err)

    def type(self, line: str) -> Ran:
        """What comes of a command line as it is typed."""
        program, *arguments = shlex.split(line)
        return self.end(self.start(program, *arguments))

    def jobs(self) -> list[dict[str, Any]]:
        """What `imgedit jobs` lists."""
        return self.type("imgedit jobs --json").jobs


EDIT_COMMAND = (
    "edit", "photo.png", "make it so", "-p", "acme", "--reference", "other.png", "-o", "out.png",
)  # fmt: skip


@pytest.fixture
def shell(environment: Environment, acme: Acme, tmp_path: Path) -> Iterator[Shell]:
    """The command line in a folder with two pictures, with a key for the vendor `acme`."""
    (tmp_path / "photo.png").write_bytes(png(color=(0, 0, 200)))
    (tmp_path / "other.png").write_bytes(png(color=(200, 0, 0)))
    variables = {"ACME_API_KEY": KEY, "IMGEDIT_ACME_BASE_URL": acme.url}
    shell = Shell(environment, tmp_path, variables)
    yield shell
    for process in shell.started:
        if process.poll() is None:  # a test that failed
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.communicate()


def wait_until(condition: Callable[[], object], what: str) -> None:
    """Until that holds, for as long as a slow machine may take."""
    ends = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < ends, f"waited in vain until {what}"
        time.sleep(0.01)


def validate(document: Any, name: str) -> None:
    """Check a document against a published schema."""
    schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator(schema).validate(document)


@frozen
class Call:
    """`imgedit ... --json` inside this process, for what is tested many times."""

    sandbox: Sandbox

    def __call__(self, *arguments: str | Path) -> Ran:
        """Run one command; it prints one document, which is as published, and never the key.

        Why each of several jobs did not go on stands on stderr.
        """
        ran = self.sandbox.call(*arguments)
        assert KEY not in ran.out + ran.err
        several = arguments == ("jobs", "resume")
        assert (ran.err == "") == (not several or ran.code == 0)
        if "error" in ran.json:
            validate(ran.json, "error")
        return ran

    def failed(self, *arguments: str | Path) -> tuple[int, str, str, dict[str, Any]]:
        """Exit code, error type, `charged`, and all of the error."""
        ran = self(*arguments)
        return ran.code, ran.error["type"], ran.error["charged"], ran.error


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Call:
    """The command line in this process, in a folder with a picture."""
    (tmp_path / "photo.png").write_bytes(png(320, 240, color=(0, 0, 200)))
    return Call(Sandbox(tmp_path, monkeypatch))


@pytest.fixture
def quick() -> Iterator[list[float]]:
    """Waits inside this process take no time; their lengths are noted."""
    with instant_waits() as waits:
        yield waits


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    """A server on which every provider of these tests finds its good way, with a key for each.

    That way is scripted for the sample provider `acme` of the kit, and for two real ones.
    """
    with ScriptedServer() as server:
        for name, variable, path in (
            ("ACME", "ACME_API_KEY", ""),
            ("VENICE", "VENICE_API_KEY", ""),
            ("MAGICHOUR", "MAGIC_HOUR_API_KEY", "/magic"),
        ):
            monkeypatch.setenv(f"IMGEDIT_{name}_BASE_URL", server.url + path)
            monkeypatch.setenv(variable, KEY)
        good(server)
        yield server


def good(server: ScriptedServer) -> None:
    """Script the good way: acme's, venice's and magichour's."""
    server.on("POST", "/upload", Answer.json({"handle": "h1"}))
    server.on("POST", EDIT, Answer.json({"id": "7"}))
    done = {"id": "7", "urls": [f"{server.url}/out.png"], "cost": "0.04"}
    server.on("GET", "/jobs/7", Answer.json({"id": "7"}), Answer.json(done))
    server.on("GET", "/out.png", Answer.picture(RESULT))
    server.on("POST", "/image/edit", Answer.picture(RESULT))
    slot = {"upload_url": f"{server.url}/put?sig=a%2Fb", "file_path": "f", "expires_at": None}
    server.on("POST", "/magic/v1/files/upload-urls", Answer.json({"items": [slot]}))
    server.on("PUT", "/put", Answer())
    server.on("POST", "/magic/v1/ai-image-editor", Answer.json({"id": "m", "credits_charged": 50}))
    project = {"id": "m", "status": "complete", "enabled": True, "credits_charged": 50}
    downloads = [{"url": f"{server.url}/out.png", "expires_at": "2030-01-01T00:00:00Z"}]
    server.on("GET", "/magic/v1/image-projects/m", Answer.json({**project, "downloads": downloads}))


@pytest.fixture
def registered() -> Iterator[Callable[..., None]]:
    """Register the sample provider `acme` in this process, also with changes to its manifest."""
    known = registry()
    before = dict(known._entries)

    def use(changes: Mapping[str, Any] | None = None, **hooks: Any) -> None:
        imgedit.register("acme", make(**hooks), {**MANIFEST, **(changes or {})})

    use()
    yield use
    known._entries.clear()
    known._entries.update(before)


needs_posix = pytest.mark.skipif(os.name != "posix", reason="sends POSIX signals")
