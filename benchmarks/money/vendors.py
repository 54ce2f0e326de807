"""Every remote provider of this repository, its vendor played on loopback, and the real command.

What a vendor answers, and how a good edit looks, is what the provider's own tests recorded for the
conformance kit: a provider that is added to `plugins/` needs no line here.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from attrs import evolve, frozen

from imgedit.config import Paths
from imgedit.contract.image import ImageSource
from imgedit.engine.record import JobRecord, now
from imgedit.journal import SqliteJournal
from imgedit.testing import Answer, FaultServer, ProviderTests, Received
from imgedit.testing.kit.play import SENT_AT
from imgedit.testing.kit.stand import Stand
from imgedit.testing.kit.standard import skip
from imgedit.testing.kit.subject import CANARY, Subject

PLUGINS = Path(__file__).parents[2] / "plugins"

_STARTUP = """
import atexit, json, os
from imgedit.testing import instant_waits

_waits = instant_waits()
_seconds = _waits.__enter__()


@atexit.register
def _tell():
    with open(os.environ["WAITED"], "w", encoding="utf-8") as file:
        json.dump(_seconds, file)
"""
_TIME = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
_FIELDS = {
    "model": "--model",
    "n": "-n",
    "aspect_ratio": "--aspect-ratio",
    "resolution": "--resolution",
    "quality": "--quality",
    "output_format": "--format",
    "seed": "--seed",
}


def remote_providers() -> list[str]:
    """The names of the providers under `plugins/` that send something."""
    found = []
    for path in sorted(PLUGINS.glob("*/src/*/provider.json")):
        manifest = json.loads(path.read_text(encoding="utf-8"))
        if not manifest.get("local"):
            found.append(str(manifest["name"]))
    return found


@lru_cache
def kit_tests(provider: str) -> type[ProviderTests]:
    """The class with which a provider's own tests describe it to the kit.

    Raises:
        LookupError: it has none.
    """
    for path in sorted(PLUGINS.glob("*/tests/test_*.py")):
        if "ProviderTests" not in path.read_text(encoding="utf-8"):
            continue
        spec = importlib.util.spec_from_file_location(
            f"described_{path.parts[-3]}_{path.stem}", path
        )
        assert spec is not None
        assert spec.loader is not None
        module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for value in vars(module).values():
            if (
                isinstance(value, type)
                and issubclass(value, ProviderTests)
                and value.provider == provider
            ):
                return value
    raise LookupError(f"no test under plugins/ describes {provider} to the kit")


@lru_cache
def subject_of(provider: str) -> Subject:
    """The provider with its recorded answers; its good request is played once."""
    return Subject(kit_tests(provider)())


@frozen
class Ran:
    """A command that has ended: its exit code, its document, and what it waited for."""

    exit: int
    document: Mapping[str, Any]
    waits: tuple[float, ...]

    @property
    def error(self) -> Mapping[str, Any]:
        """The error of the document; empty when there is none."""
        return dict(self.document.get("error") or {})

    @property
    def charged(self) -> str:
        """What it says of the money; who got a picture paid for it."""
        return str(self.error.get("charged", "yes"))


class Vendor(Stand):
    """The vendor on loopback; what it says of times is moved from when it was recorded to now.

    Attributes:
        submit_delay: seconds before it answers a submit.
    """

    submit_delay = 0.0

    def __init__(self, subject: Subject, server: FaultServer, folder: Path) -> None:
        super().__init__(subject, server, folder)
        self.journal = Paths.from_environment({"IMGEDIT_HOME": str(folder)}).journal
        (folder / "startup").mkdir()
        (folder / "startup" / "sitecustomize.py").write_text(_STARTUP, encoding="utf-8")

    def _answer(self, exchange: Any, *others: Any) -> Any:
        recorded = super()._answer(exchange, *others)

        def answer(received: Received) -> Answer:
            good: Answer = recorded if isinstance(recorded, Answer) else recorded(received)
            delay = self.submit_delay if exchange.request.spends else 0
            return evolve(good, body=_moved_to_now(good), delay=delay)

        return answer

    @property
    def submits(self) -> int:
        """How many requests for an edit arrived."""
        return self.server.count(*self.submit)

    # -- the command line

    def command_edit(self, *arguments: str) -> Ran:
        """`imgedit edit` with the provider's good request; the picture goes to out.png."""
        request = self.subject.request
        words = [self._file("photo", request.image), request.prompt, "-p", self.subject.name]
        for name, option in _FIELDS.items():
            if (value := getattr(request, name)) is not None:
                words += [option, str(value)]
        for name, value in request.options.items():
            text = value if isinstance(value, str) else json.dumps(value)
            words += ["--option", f"{name}={text}"]
        for number, reference in enumerate(request.references):
            file = self._file(f"reference-{number}", reference.image)
            said = reference.description
            words += ["--reference", file if said is None else f"{file}={said}"]
        if request.mask is not None:
            words += ["--mask", self._file("mask", request.mask)]
        return self._command("edit", *words, "-o", "out.png", *arguments)

    def command_resume(self, job_id: str) -> Ran:
        """`imgedit jobs resume ID`."""
        return self._command("jobs", "resume", job_id)

    def records(self) -> list[JobRecord]:
        """The jobs of its journal."""
        journal = SqliteJournal(self.journal)
        try:
            return list(journal.recent())
        finally:
            journal.close()

    def pictures(self) -> list[Path]:
        """The files that came of the edit."""
        return sorted(self.folder.glob("out*"))

    def _file(self, name: str, image: ImageSource) -> str:
        if image.url is not None:
            return image.url
        path = self.folder / f"{name}.{image.extension}"
        path.write_bytes(image.read())
        return path.name

    def _command(self, *arguments: str) -> Ran:
        told = self.folder / "waited.json"
        told.unlink(missing_ok=True)
        done = subprocess.run(
            [sys.executable, "-m", "imgedit", *arguments, "--json"],
            cwd=self.folder,
            env={**self._environ(), "WAITED": str(told)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        said = done.stdout + done.stderr
        assert CANARY not in said, "the key is told"
        try:
            document = json.loads(done.stdout)
        except ValueError:
            raise AssertionError(f"no document: {said}") from None
        return Ran(done.returncode, document, tuple(json.loads(told.read_bytes())))

    def _environ(self) -> dict[str, str]:
        """A home of its own, the canary as the key, and waits that take no time."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("IMGEDIT_")}
        path = filter(None, (str(self.folder / "startup"), kept.get("PYTHONPATH")))
        return {
            **kept,
            "PYTHONPATH": os.pathsep.join(path),
            "IMGEDIT_HOME": str(self.folder),
            f"IMGEDIT_{self.subject.name.upper()}_BASE_URL": self.server.url + self._base,
        }


@contextmanager
def vendor_of(provider: str) -> Iterator[Vendor]:
    """A provider's vendor, with a home of its own for the commands that edit there.

    Raises:
        LookupError: the provider's tests record no whole edit.
        SkipTest: no setting leads all that it sends to this machine.
    """
    subject = subject_of(provider)
    if subject.manifest.raw.get("hosts"):
        skip("no setting moves the further hosts of a provider")
    with (
        subject.in_place(),
        tempfile.TemporaryDirectory(prefix="imgedit-vendor-") as folder,
        FaultServer() as server,
    ):
        if subject.flow.done is None:
            raise LookupError(f"the recorded answers of {provider} lead to no picture")
        yield Vendor(subject, server, Path(folder))


def _moved_to_now(answer: Answer) -> bytes:
    ahead = now() - SENT_AT

    def moved(found: re.Match[bytes]) -> bytes:
        return (datetime.fromisoformat(found[0].decode()) + ahead).isoformat().encode()

    return answer.body if b"\0" in answer.body else _TIME.sub(moved, answer.body)
