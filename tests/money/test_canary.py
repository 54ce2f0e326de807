"""A key, and a prompt, are looked for wherever something may be kept or shown.

The vendor of these tests gives back all that it got, the Authorization header in every spelling
included: in bodies and headers, of answers good and bad. The prompt may stand in the journal and
in a job as JSON, nowhere else; the key nowhere at all.
"""

from __future__ import annotations

import asyncio
import html
import json
import logging
import os
import pickle
import signal
import sys
import traceback
from base64 import b64encode
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from attrs import define, evolve, field

import imgedit
from imgedit.cli import main
from imgedit.engine.store import dumps
from imgedit.errors import ImgEditError
from imgedit.testing.server import Answer, Received, ScriptedServer

from .conftest import EDIT, RESULT, Acme, Shell, good, needs_posix, wait_until

# What stands in many a real key needs escaping somewhere.
KEY = "sk-Canary7f3a/b+c\"d&e='f"
PROMPT = 'PromptCanary91 "in quotes" & – ünusual'
TRACES = ("Canary7f3a", b64encode(KEY.encode()).decode()[:20])
# In an answer of the vendor the prompt may be cut short; all of it is never shown.
PROMPT_TRACES = (PROMPT, "PromptCanary91")


def spellings(text: str) -> dict[str, str]:
    """A text as a server may write it into an answer."""
    return {
        "plain": text,
        "json": json.dumps(text),
        "php": json.dumps(text).replace("/", "\\/"),
        "utf8": json.dumps(text, ensure_ascii=False),
        "html": html.escape(text),
        "url": quote(text, safe=""),
        "path": quote(text),
        "small": quote(text, safe="").replace("%2F", "%2f").replace("%2B", "%2b"),
        "form": quote_plus(text),
        "repr": repr(text),
        "base64": b64encode(text.encode()).decode(),
    }


def echo(request: Received, value: Any = None, **facts: Any) -> Answer:
    """An answer that gives everything back: in its headers, and in its body when that is JSON."""
    sent = request.headers.get("authorization", "")
    key = sent.removeprefix("Bearer ")
    said = {**spellings(key), "header": sent}
    headers = {f"X-Echo-{name}": text.replace("\n", " ") for name, text in said.items()}
    headers |= {"X-Request-Id": key, "WWW-Authenticate": f'Bearer realm="{sent}"'}
    headers |= {"Set-Cookie": f"session={key}", **facts.pop("headers", {})}
    echoed = {
        "message": f"You sent {' | '.join(said.values())} with {request.body.decode('latin-1')}",
        "code": key,
        "fields": {"prompt": f"no: {PROMPT} {sent}"},
        "echo": said,
    }
    body = json.dumps({**echoed, **(value or {})}).replace("/", "\\/").encode()
    headers = {"Content-Type": "application/json", **headers}
    return Answer(**{"headers": headers, "body": body, **facts})


def page(request: Received, times: int = 1, **facts: Any) -> Answer:
    """The same as a page of HTML."""
    sent = request.headers.get("authorization", "")
    text = " ".join(spellings(sent.removeprefix("Bearer ")).values())
    body = f"<html><body>{text} {PROMPT} {html.escape(sent)}</body></html>".encode()
    return evolve(echo(request, **facts), body=body * times)


def changed(change: Callable[[bytes], bytes]) -> Callable[[Received], Answer]:
    """The usual echo with another body."""

    def answer(request: Received) -> Answer:
        usual = echo(request, {"id": "7"})
        return evolve(usual, body=change(usual.body))

    return answer


def picture(body: bytes) -> Callable[[Received], Answer]:
    """What is called a picture, with the echo in the headers."""
    return lambda request: evolve(
        echo(request), body=body, headers={**echo(request).headers, "Content-Type": "image/png"}
    )


# Name → where, and what is answered there.
Case = tuple[str, str, Callable[[Received], Answer]]
CASES: dict[str, Case] = {
    "done": ("GET", "/out.png", picture(RESULT)),
    "an error in a 200": ("POST", EDIT, lambda r: echo(r, {"state": "failed"})),
    "moderated": ("POST", EDIT, lambda r: echo(r, {"state": "failed", "code": "moderated"})),
    "HTML": ("POST", EDIT, page),
    "HTML 502": ("POST", EDIT, lambda r: page(r, status=502)),
    "half a JSON": ("POST", EDIT, changed(lambda body: body[:-1])),
    "a list": ("POST", EDIT, changed(lambda body: b"[%s]" % body)),
    "UTF-16": ("POST", EDIT, changed(lambda body: body.decode().encode("utf-16"))),
    "dropped inside": ("POST", EDIT, lambda r: echo(r, fault="drop_inside")),
    "dropped": ("POST", EDIT, lambda r: echo(r, fault="drop_after_body")),
    "too large": ("POST", EDIT, lambda r: page(r, times=3000)),
    "redirected": ("POST", EDIT, lambda r: echo(r, status=307, headers={"Location": f"/{KEY}"})),
    "a bad picture": ("POST", EDIT, picture(RESULT[:-9])),
    "upload 413": ("POST", "/upload", lambda r: echo(r, status=413)),
    "upload HTML": ("POST", "/upload", page),
    "poll 404": ("GET", "/jobs/7", lambda r: echo(r, status=404)),
    "poll 500": ("GET", "/jobs/7", lambda r: echo(r, status=500)),
    "poll failed": ("GET", "/jobs/7", lambda r: echo(r, {"state": "failed"})),
    "poll HTML": ("GET", "/jobs/7", page),
    "poll dropped inside": ("GET", "/jobs/7", lambda r: echo(r, fault="drop_inside")),
    "a URL with the key": (
        "GET", "/jobs/7", lambda r: echo(r, {"urls": [f"http://127.0.0.1:9/x?k={KEY}"]}),
    ),
    "download 404": ("GET", "/out.png", lambda r: page(r, status=404)),
    "download redirected": (
        "GET", "/out.png", lambda r: Answer.redirect(f"http://10.0.0.1/?k={KEY}"),
    ),
    "download HTML": ("GET", "/out.png", page),
}  # fmt: skip


def refused(status: int) -> Case:
    """An error answer to what is paid."""
    return ("POST", EDIT, lambda request: echo(request, status=status))


STATUSES = (400, 401, 402, 403, 404, 409, 413, 418, 422, 429, 451, 500, 502, 503)
CASES |= {str(status): refused(status) for status in STATUSES}
ERRORS = {
    "code": ["/code"],
    "message": ["/message"],
    "request_id": ["header:x-request-id"],
    "fields": {"at": "/fields"},
    "fails_when": {"/state": {"const": "failed"}},
    "rows": [
        {"code": ["moderated"], "is": "ContentRejected", "charged": "yes"},
        {"status": [200], "is": "JobFailed", "charged": "no"},
    ],
}


@define
class Watched:
    """Everything that came to light, to be searched."""

    texts: dict[str, str] = field(factory=dict)
    """Where neither key nor prompt may stand."""
    kept: dict[str, str] = field(factory=dict)
    """Where the prompt may."""
    folders: list[Path] = field(factory=list)

    def see(self, name: str, value: object) -> None:
        """Note a text, or what something says of itself."""
        text = value if isinstance(value, str) else f"{value!r} {value!s}"
        self.texts[f"{name} {len(self.texts)}"] = text

    def see_error(self, name: str, error: BaseException) -> None:
        """Note all that an exception, and every one behind it, gives away."""
        self.see(f"{name}: traceback", "".join(traceback.format_exception(error)))
        seen: BaseException | None = error
        while seen is not None:
            self.see(f"{name}: {type(seen).__name__}", seen)
            self.see(f"{name}: arguments", repr(seen.args))
            facts = dict(vars(seen))
            self.kept[f"{name}: job"] = str(facts.pop("job", None))
            if isinstance(seen, ImgEditError):
                self.see(f"{name}: attributes", repr(facts))
            else:  # a parser's exception holds the answer that it could not read
                self.kept[f"{name}: attributes of {type(seen).__name__}"] = repr(facts)
            seen = seen.__cause__ or seen.__context__
        if isinstance(error, ImgEditError):
            self.kept[f"{name}: pickle"] = pickle.dumps(error).decode("latin-1")

    def see_files(self, when: str) -> None:
        """Note every file as it is now."""
        for folder in self.folders:
            for path in folder.rglob("*"):
                try:
                    self.kept[f"{when}: {path.name}"] = path.read_bytes().decode("latin-1")
                except OSError:  # a folder, or gone already
                    continue

    def check(self) -> None:
        """The canaries stand nowhere."""
        for name, text in {**self.texts, **self.kept}.items():
            found = [trace for trace in TRACES if trace in text]
            assert not found, f"the key stands in {name}: {around(text, found[0])}"
        for name, text in self.texts.items():
            found = [trace for trace in PROMPT_TRACES if trace in text]
            assert not found, f"the prompt stands in {name}: {around(text, found[0])}"


def around(text: str, trace: str) -> str:
    """The place where it stands."""
    at = text.index(trace)
    return text[max(0, at - 200) : at + 200]


class Listener(logging.Handler):
    """Takes every record of every logger, as a program might that logs all it can."""

    def __init__(self, watched: Watched) -> None:
        super().__init__(logging.DEBUG)
        self.watched = watched

    def emit(self, record: logging.LogRecord) -> None:
        text = logging.Formatter("%(name)s %(message)s %(args)s").format(record)
        self.watched.see(f"log of {record.name}", f"{text} {record.args!r}")


@pytest.fixture
def watched(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, server: ScriptedServer
) -> Iterator[Watched]:
    """Every logger at DEBUG; the key and the prompt of these tests."""
    monkeypatch.setenv("ACME_API_KEY", KEY)
    monkeypatch.chdir(tmp_path)
    watched = Watched(folders=[tmp_path, Path(os.environ["IMGEDIT_HOME"])])
    listener = Listener(watched)
    import_module("aiohttp")  # so that its loggers are there
    names = [name for name in logging.root.manager.loggerDict if not name.startswith("_pytest")]
    assert {"asyncio", "aiohttp.client"} <= set(names)
    levels = {}
    for logger in [logging.root, *map(logging.getLogger, [*names, "imgedit"])]:
        levels[logger] = logger.level
        logger.setLevel(logging.DEBUG)
        if logger is logging.root or not logger.propagate or logger.name == "imgedit":
            logger.addHandler(listener)
    yield watched
    for logger, level in levels.items():
        logger.setLevel(level)
        logger.removeHandler(listener)


@pytest.fixture
def case(
    request: pytest.FixtureRequest,
    server: ScriptedServer,
    registered: Callable[..., None],
    quick: list[float],
    watched: Watched,
) -> Iterator[str]:
    """A vendor that gives everything back, and answers one request in a special way."""
    registered({"errors": ERRORS})
    Path("photo.png").write_bytes(PHOTO)
    script(server, request.param)
    yield request.param
    watched.check()


def script(server: ScriptedServer, name: str) -> None:
    """Echoes everywhere, and at one place the answer of the case."""
    done = {"id": "7", "urls": [f"{server.url}/out.png"], "cost": "0.04"}
    server.on("POST", "/upload", lambda r: echo(r, {"handle": "h1"}))
    server.on("POST", EDIT, lambda r: echo(r, {"id": "7"}))
    server.on("GET", "/jobs/7", lambda r: echo(r, {"id": "7"}), lambda r: echo(r, done))
    method, path, answer = CASES[name]
    server.on(method, path, answer)


PHOTO = RESULT
every_case = pytest.mark.parametrize("case", CASES, indirect=True)


@every_case
def test_in_a_program(case: str, watched: Watched, server: ScriptedServer) -> None:
    """The library, with all that it hands out."""

    async def run() -> None:
        async with imgedit.Client.from_config() as client:
            look(client)
            job_id = await attempt("edit", client.edit("photo.png", PROMPT, **arguments))
            look(client)
            if job_id is not None:
                await attempt("resume", client.resume(job_id))
                good(server)
                await attempt("resumed when all is well", client.resume(job_id))
            look(client)
        async with imgedit.Client(keys={"acme": KEY}) as client:
            script(server, case)
            await attempt("edit without a journal", client.edit(PHOTO, PROMPT, **arguments))
            look(client)

    arguments: dict[str, Any] = {"provider": "acme", "on_event": lambda event: event_came(event)}

    def event_came(event: imgedit.Event) -> None:
        watched.see("event", event)
        watched.see_files(f"at {event.kind}")

    async def attempt(name: str, work: Any) -> str | None:
        try:
            result = await work
        except ImgEditError as error:
            watched.see_error(name, error)
            return error.job_id
        watched.see(f"{name}: result", evolve(result, raw=None))
        watched.see(f"{name}: repr of the result", repr(result))
        watched.kept[f"{name}: pickled result"] = pickle.dumps(result).decode("latin-1")
        return str(result.job_id)

    def look(client: imgedit.Client) -> None:
        runtime = client.runtime
        sites = list(runtime._sites.values())
        for one in (client, runtime, runtime.config, runtime.journal, runtime.registry, *sites):
            watched.see(type(one).__name__, one)
        for name, value in vars(runtime).items():
            if name != "_keys":
                watched.see(f"runtime.{name}", value)
        for site in sites:
            watched.see("credentials", site.credentials)
            with pytest.raises(TypeError):
                pickle.dumps(site.credentials)
        for record in client.jobs():
            watched.see("record", record)
            for one in (record.job, record.job.request, record.answer, record.partial):
                watched.see(type(one).__name__, one)
            for answer in (record.answer, record.partial):
                watched.kept[f"body {len(watched.kept)}"] = str(answer and answer.body)
            watched.kept[f"record as JSON {len(watched.kept)}"] = dumps(record)

    asyncio.run(run(), debug=True)
    watched.see_files("at the end")
    assert len(watched.texts) > 20


@every_case
@pytest.mark.parametrize(
    "flags", ((), ("--verbose",), ("--json",)), ids=["plain", "verbose", "json"]
)
def test_at_the_command_line(
    case: str, watched: Watched, capsys: pytest.CaptureFixture[str], flags: tuple[str, ...]
) -> None:
    """What is printed by the commands that have to do with an edit."""

    def run(*command: str) -> str:
        main([*command, *flags])
        out, err = capsys.readouterr()
        place = f"{command} {flags}"
        if flags == ("--json",) and "images" in json.loads(out):
            watched.kept[f"stdout of {place}"] = out  # its `raw` is what the vendor said
        else:
            watched.see(f"stdout of {place}", out)
        watched.see(f"stderr of {place}", err)
        return out

    run("edit", "photo.png", PROMPT, "-p", "acme", "-o", "out.png")
    run("jobs")
    main(["jobs", "--json"])
    rows = json.loads(capsys.readouterr().out)["jobs"]
    for row in rows:
        run("jobs", "show", row["id"])
        run("jobs", "resume", row["id"])
    run("jobs", "resume")
    watched.see_files("at the end")


HANGS = {
    "uploading": ("POST", "/upload"),
    "sending": ("POST", EDIT),
    "polling": ("GET", "/jobs/7"),
    "downloading": ("GET", "/out.png"),
}


@pytest.mark.parametrize("moment", HANGS)
@pytest.mark.parametrize("case", ("done",), indirect=True)
def test_when_it_is_canceled(
    case: str, watched: Watched, server: ScriptedServer, moment: str
) -> None:
    method, path = HANGS[moment]
    server.on(method, path, lambda r: echo(r, fault="hang_inside"))

    async def run() -> None:
        async with imgedit.Client() as client:
            job = await client.submit(PHOTO, PROMPT, provider="acme")
            while not server.count(method, path):
                await asyncio.sleep(0.01)
            watched.see("job", job)
            watched.kept["canceled job"] = str(await job.cancel())
            with pytest.raises(asyncio.CancelledError) as stopped:
                await job.result()
            watched.see_error("canceled", stopped.value)
            assert stopped.value.job == watched.kept["canceled job"]  # type: ignore[attr-defined]

    asyncio.run(run(), debug=True)


@needs_posix
def test_in_a_process_that_tells_everything_and_is_killed(
    acme: Acme, shell: Shell, server: ScriptedServer, watched: Watched
) -> None:
    """A journal that nobody closed keeps its newest rows in a file of their own."""
    said = {"ACME_API_KEY": KEY, "PYTHONASYNCIODEBUG": "1", "PYTHONDEVMODE": "1"}
    shell = evolve(shell, variables={**shell.variables, **said})
    watched.folders = [shell.folder]
    for place, fault in ((3, None), (4, "hang_inside")):
        acme.catch(place, lambda r, fault=fault: echo(r, {"id": "7"}, fault=fault))  # type: ignore[misc]
    edit = (
        "edit", "photo.png", PROMPT, "--reference", "other.png", "-p", "acme", "-o", "out.png",
        "--verbose",
    )  # fmt: skip
    process = shell.start("imgedit", *edit)
    wait_until(lambda: acme.place > 4 or process.poll() is not None, "it polls a second time")
    process.kill()
    ran = shell.end(process)
    assert ran.code == -signal.SIGKILL, ran.err
    assert "the provider took the request" in ran.err
    watched.see("output of the edit", ran)
    assert (shell.home / "journal.sqlite3-wal").stat().st_size > 0
    watched.see_files("after the kill")

    acme.place = 4
    resumed = shell.type("imgedit jobs resume --verbose")
    assert resumed.code == 0, resumed.err
    watched.see("output of the resume", resumed)
    watched.see_files("at the end")
    watched.check()


# -- settings

PASSWORD = "Canary7f3a-password"
HOME = "IMGEDIT_HOME"


def config(text: str) -> None:
    """Write `config.toml`."""
    (Path(os.environ[HOME]) / "config.toml").write_text(text, encoding="utf-8")


def keys(text: str, mode: int = 0o600) -> None:
    """Write `keys.json`."""
    path = Path(os.environ[HOME]) / "keys.json"
    path.touch(mode=mode)
    path.chmod(mode)
    path.write_text(text, encoding="utf-8")


def base_url(url: str) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda patch: patch.setenv("IMGEDIT_ACME_BASE_URL", url)


SETTINGS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "a base URL with a password": base_url(f"https://user:{PASSWORD}@api.acme.example"),
    "a base URL with a user": base_url(f"https://{PASSWORD}@api.acme.example"),
    "a base URL with a query": base_url(f"https://api.acme.example/?key={PASSWORD}"),
    "a base URL with a fragment": base_url(f"https://api.acme.example/#{PASSWORD}"),
    "a base URL that is none": base_url(f"//user:{PASSWORD}@[api.acme.example"),
    "an insecure base URL with a password": base_url(f"http://user:{PASSWORD}@api.acme.example"),
    "a configured base URL": lambda _: config(
        f'[providers.acme]\nbase_url = "https://user:{PASSWORD}@api.acme.example"'
    ),
    "a broken configuration": lambda _: config(f'proxy = "http://user:{PASSWORD}@proxy:1\n'),
    "an unusable proxy": lambda _: config(f'proxy = "ftp://user:{PASSWORD}@proxy"'),
    "a proxy of a wrong type": lambda _: config(f'proxy = ["http://user:{PASSWORD}@proxy"]'),
    "a key in the configuration": lambda _: config(f'[providers.acme]\nkey = "{PASSWORD}"'),
    "broken keys": lambda _: keys(f'{{"acme": "{PASSWORD}"'),
    "keys of a wrong type": lambda _: keys(f'["{PASSWORD}"]'),
    "a key of a wrong type": lambda _: keys(f'{{"acme": ["{PASSWORD}"]}}'),
    "keys for everybody": lambda _: keys(f'{{"acme": "{PASSWORD}"}}', 0o644),
    "a key with a newline": lambda _: keys(json.dumps({"acme": f"{PASSWORD}\n"})),
    "a key with a NUL": lambda _: keys(json.dumps({"acme": f"{PASSWORD}\0x"})),
    "a part that is not known": lambda _: keys(json.dumps({"acme": {"secret": PASSWORD}})),
    "a program that prints it and fails": lambda _: config(
        f'[providers.acme]\napi_key_command = ["{sys.executable}", "-c", '
        f"\"print('{PASSWORD[:6]}' + '{PASSWORD[6:]}'); 1/0\"]"
    ),
}
COMMANDS = (
    ("edit", "photo.png", "warmer", "-p", "acme", "-o", "out.png"),
    ("edit", "photo.png", "warmer", "-p", "acme", "-o", "out.png", "--dry-run"),
    ("quote", "photo.png", "warmer", "-p", "acme"),
    ("providers",),
    ("providers", "--check", "acme"),
    ("models", "acme"),
    ("keys", "list"),
    ("jobs",),
)


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=SETTINGS)
def test_a_setting_that_is_refused_is_not_shown(
    watched: Watched,
    server: ScriptedServer,
    registered: Callable[..., None],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    setting: Callable[[pytest.MonkeyPatch], None],
) -> None:
    Path("photo.png").write_bytes(PHOTO)
    monkeypatch.delenv("ACME_API_KEY")
    setting(monkeypatch)
    codes = []
    for number, command in enumerate(COMMANDS):
        for flag in ("--json", "--verbose") if number == 0 else ("--verbose",):
            codes.append(main([*command, flag]))
            watched.see(f"output of {command} {flag}", "".join(capsys.readouterr()))
    assert codes[:2] == [2, 2]
    assert 70 not in codes
    with pytest.raises(imgedit.errors.ConfigError) as caught:
        imgedit.SyncClient.from_config().edit(PHOTO, "warmer", provider="acme")
    watched.see_error("from a program", caught.value)
    watched.check()
    assert server.requests == []


def test_a_proxy_that_cannot_be_reached_is_not_shown(
    watched: Watched, registered: Callable[..., None], capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch, quick: list[float],
) -> None:  # fmt: skip
    with ScriptedServer() as gone:
        port = gone.port
    config(f'proxy = "http://user:{PASSWORD}@127.0.0.1:{port}"')
    monkeypatch.setenv("IMGEDIT_ACME_BASE_URL", "https://1.1.1.1")  # reached by the proxy alone
    Path("photo.png").write_bytes(PHOTO)
    assert main(["edit", "photo.png", "warmer", "-p", "acme", "-o", "out.png", "--verbose"]) == 7
    watched.see("output", "".join(capsys.readouterr()))
    watched.see_files("at the end")
    for name in [name for name in watched.kept if "config.toml" in name]:
        del watched.kept[name]  # there it belongs
    assert "proxy" in "".join(watched.texts.values())
    watched.check()
