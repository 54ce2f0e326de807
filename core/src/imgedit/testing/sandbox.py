"""imgedit as a user has it, in a folder of a test's own: the library and the real command line."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from ..result import EditResult

if TYPE_CHECKING:
    import pytest

KEY: Final = "canary-key-4711"
_SECONDS: Final = 60.0

_KILLED: Final = """
import json, os, signal, sys
import imgedit

def die(event):
    if event.kind == sys.argv[1]:
        os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))

with imgedit.SyncClient.from_config() as client:
    client.edit(**json.loads(sys.argv[2]), on_event=die)
"""


@frozen
class Ran:
    """A command that has ended.

    Attributes:
        code: its exit code. out, err: what it printed.
    """

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one document on stdout.

        Raises:
            AssertionError: what is there is not JSON.
        """
        try:
            return json.loads(self.out)
        except ValueError:
            raise AssertionError(f"no JSON document on stdout: {self}") from None

    @property
    def error(self) -> dict[str, Any]:
        """The error in that document.

        Raises:
            AssertionError: it is not that of a failure.
        """
        return dict(self._member("error"))

    @property
    def jobs(self) -> list[dict[str, Any]]:
        """The jobs in that document.

        Raises:
            AssertionError: it lists none, for example because the command failed.
        """
        return list(self._member("jobs"))

    def _member(self, name: str) -> Any:
        document = self.json
        assert name in document, f"the document has no {name}: {self}"
        return document[name]


class Sandbox:
    """A folder to work in, with a home of its own: no configuration, no journal, no other keys.

    ::

        @pytest.fixture
        def sandbox(tmp_path, monkeypatch):
            return Sandbox(tmp_path, monkeypatch)

        @pytest.fixture
        def vendor(sandbox):
            with ScriptedServer() as server:
                server.on("POST", "/edits", ...)
                sandbox.use("acme", server.url)
                yield server

    The working directory and the environment of this process are changed, until `monkeypatch`
    undoes it; so they hold for the library, and for every program that is started. Library and
    command line share the journal of that home.

    Args:
        folder: where commands run; usually `tmp_path`.
        monkeypatch: pytest's fixture.

    Attributes:
        folder, home: both exist; settings of a test go to `home / "config.toml"`.
        provider: of whom edits are asked, None before `use`.
    """

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.provider: str | None = None
        self._monkeypatch = monkeypatch
        self._keys: list[str] = []
        self.home.mkdir(mode=0o700, exist_ok=True)
        monkeypatch.setenv("IMGEDIT_HOME", str(self.home))
        monkeypatch.chdir(folder)

    def use(self, provider: str, base_url: str, key: str = KEY) -> None:
        """Let a provider find its vendor there, with this key; edits are its own from now on.

        Args:
            provider: its name; it is installed or registered.
            base_url: usually `server.url`, and the path that belongs to the base URL.
            key: for each part of the credentials. No command may ever print it.
        """
        from ..discovery import registry
        from ..manifest import key_names

        self.provider = provider
        self._keys.append(key)
        self._monkeypatch.setenv(f"IMGEDIT_{provider.upper()}_BASE_URL", base_url)
        for names in key_names(registry().manifest(provider)).values():
            self._monkeypatch.setenv(names[0], key)

    # -- the library

    def edit(self, image: Any, prompt: str = "make it so", **keywords: Any) -> EditResult:
        """One edit by a client of its own, to "out.png" unless `out` says otherwise.

        What it takes, returns and raises is as with `imgedit.SyncClient.edit`.
        """
        from ..sync import SyncClient

        with SyncClient.from_config() as client:
            return client.edit(image, prompt, **self._usual(keywords))

    def resume(self, job: str) -> EditResult:
        """Go on with a job, by a client of its own, as after a crash."""
        from ..sync import SyncClient

        with SyncClient.from_config() as client:
            return client.resume(job)

    def _usual(self, keywords: dict[str, Any]) -> dict[str, Any]:
        return {"provider": self.provider, "out": self.folder / "out.png", **keywords}

    # -- the command line

    def call(self, *arguments: str | Path) -> Ran:
        """`imgedit ... --json` inside this process: quick, and `instant_waits` holds for it.

        Raises:
            AssertionError: it printed a key.
        """
        from ..cli import main

        streams = [io.TextIOWrapper(io.BytesIO(), "utf-8", newline="\n") for _ in range(2)]
        with redirect_stdout(streams[0]), redirect_stderr(streams[1]):
            code = main([*map(str, arguments), "--json"])
        for stream in streams:
            stream.seek(0)
        return self._ended(code, *(stream.read() for stream in streams))

    def start(self, *arguments: str | Path) -> subprocess.Popen[str]:
        """Start `python -m imgedit ... --json`, in which nothing is replaced; return at once."""
        return self._program("-m", "imgedit", *map(str, arguments), "--json")

    def run(self, *arguments: str | Path) -> Ran:
        """The same to its end.

        Raises:
            AssertionError: it printed a key. subprocess.TimeoutExpired: it ran for a minute.
        """
        return self._end(self.start(*arguments))

    def kill_when(self, reached: Callable[[], object], *arguments: str | Path) -> None:
        """Start a command, and kill it as soon as `reached()` returns.

        ::

            sandbox.kill_when(lambda: vendor.wait_for("POST", "/edits"), "edit", "photo.png", "x")

        Raises:
            AssertionError: it had ended before.
        """
        with self.start(*arguments) as process:
            try:
                reached()
            except BaseException as error:
                process.kill()
                error.add_note("The command printed: {}{}".format(*process.communicate()))
                raise
            process.kill()
            out, err = process.communicate()
        ran = self._ended(process.returncode, out, err)
        assert ran.code == (-signal.SIGKILL if sys.platform != "win32" else 1), f"not killed: {ran}"

    def kill_at(self, event: str, image: str | Path, prompt: str, **keywords: Any) -> None:
        """One edit by the library in a process that is killed as soon as it tells of `event`.

        Args:
            event: the `kind` of an `imgedit.Event`, such as "accepted".
            image, prompt, keywords: as with `edit`; paths, texts and numbers.

        Raises:
            AssertionError: it ended otherwise.
        """
        asked = {"image": image, "prompt": prompt, **self._usual(keywords)}
        ran = self._end(self._program("-c", _KILLED, event, json.dumps(asked, default=str)))
        killed = -signal.SIGKILL if sys.platform != "win32" else signal.SIGTERM
        assert ran.code == killed, f"not killed: {ran}"

    def _program(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, *arguments],
            cwd=self.folder,
            env=dict(os.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def _end(self, process: subprocess.Popen[str]) -> Ran:
        with process:
            try:
                out, err = process.communicate(timeout=_SECONDS)
            except BaseException:
                process.kill()
                raise
        return self._ended(process.returncode, out, err)

    def _ended(self, code: int, out: str, err: str) -> Ran:
        for key in self._keys:
            assert key not in out + err, "a key was printed"
        return Ran(code, out, err)
