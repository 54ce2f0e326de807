"""A vendor that counts: who asked for which edit how often, and what it charged."""

from __future__ import annotations

import json
import os
import random
import struct
import sys
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from imgedit.testing.acme import MANIFEST as SAMPLE
from imgedit.testing.server import Answer, Received, ScriptedServer

MANIFEST: dict[str, Any] = {
    **SAMPLE,
    "sources": {"docs": {"url": "https://acme.example/docs", "read": "2026-11-20"}},
    "poll": {"seconds": [0.01], "deadline": 60},
    "timeouts": dict.fromkeys(("upload", "submit", "poll", "download"), 30),
    "models": [
        {"id": "exact", "price": {"amounts": "0.04"}},
        {"id": "bounded", "price": {"amounts": "0.02..0.09"}},
    ],
    "default_model": "exact",
}

_PLUGIN = """
from imgedit.testing.acme import build_request, parse_response
"""
_METADATA = "Metadata-Version: 2.1\nName: imgedit-acme\nVersion: 0.1.0\n"


def picture(number: int) -> bytes:
    """A PNG of its own for every edit."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        head = struct.pack(">I", len(data)) + kind + data
        return head + struct.pack(">I", zlib.crc32(kind + data))

    colour = number.to_bytes(3, "big")
    lines = b"".join(b"\0" + colour * 4 for _ in range(4))
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 4, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(lines))
        + chunk(b"IEND", b"")
    )


def install(folder: Path) -> Path:
    """A folder for PYTHONPATH in which the provider `acme` is installed."""
    package, facts = folder / "imgedit_acme", folder / "imgedit_acme-0.1.0.dist-info"
    package.mkdir(parents=True)
    facts.mkdir()
    (package / "__init__.py").write_text(_PLUGIN, encoding="utf-8")
    (package / "provider.json").write_text(json.dumps(MANIFEST), encoding="utf-8")
    (facts / "METADATA").write_text(_METADATA, encoding="utf-8")
    (facts / "entry_points.txt").write_text(
        "[imgedit.providers]\nacme = imgedit_acme\n", encoding="utf-8"
    )
    return folder


def environ(vendor: Vendor, home: Path, plugins: Path) -> Mapping[str, str]:
    """The environment of a process that edits there."""
    path = os.pathsep.join(filter(None, (str(plugins), os.environ.get("PYTHONPATH"))))
    return {
        **os.environ,
        "PYTHONPATH": path,
        "IMGEDIT_HOME": str(home),
        "IMGEDIT_PLUGINS": "acme",
        "IMGEDIT_ACME_BASE_URL": vendor.url,
        "ACME_API_KEY": "canary-key-4711",
    }


class Vendor(ScriptedServer):
    """Edits by upload, create, poll and download, or with the picture's URL at once.

    An edit is known by its prompt, which ends with a number; it is paid for when its create has
    arrived whole. `moments` are called, once each, when the request of that number arrives.
    """

    def __init__(self, seed: int = 0) -> None:
        super().__init__(keep_bodies=True)
        self.dice = random.Random(seed)
        self.paid: Counter[int] = Counter()
        self.charged: dict[int, Decimal] = {}
        self.times: list[float] = []
        self.refuses = 0.0
        self.seen = 0
        self.caught: dict[int, Callable[[], object]] = {}
        self._counting = threading.Lock()
        self._polls: Counter[int] = Counter()

    def __enter__(self) -> Vendor:
        super().__enter__()
        self.on("POST", "/upload", self._counted(lambda _: Answer.json({"handle": "h"})))
        self.on("POST", "/edit", self._counted(self._edit))
        self.on("GET", "/jobs/*", self._counted(self._job))
        self.on("GET", "/pictures/*", self._counted(self._picture))
        return self

    def catch(self, number: int, then: Callable[[], object]) -> None:
        """Call this when, counted from now, that request arrives."""
        with self._counting:
            self.caught[self.seen + number] = then

    def forget_catches(self) -> None:
        """Nothing more is to be caught."""
        with self._counting:
            self.caught.clear()

    def _counted(self, answer: Callable[[Received], Answer]) -> Callable[[Received], Answer]:
        def counting(request: Received) -> Answer:
            with self._counting:
                then = self.caught.pop(self.seen, None)
                self.seen += 1
            if then is not None:
                then()
            return answer(request)

        return counting

    def _edit(self, request: Received) -> Answer:
        asked = request.json()
        number = int(asked["prompt"].rpartition(" ")[2])
        with self._counting:
            self.times.append(time.monotonic())
            if self.dice.random() < self.refuses:
                return Answer.json({"message": "refused"}, status=400)
            self.paid[number] += 1
            cost = Decimal("0.04")
            if asked["model"] == "bounded":
                cost = Decimal(self.dice.randint(2, 9)) / 100
            self.charged[number] = cost
        if number % 3 == 0:
            return Answer.picture(picture(number))  # it does not say what it charged
        if number % 3 == 1:
            return Answer.json({"urls": [self._url(number)], "cost": str(cost)})
        return Answer.json({"id": number})

    def _job(self, request: Received) -> Answer:
        number = int(request.path.rpartition("/")[2])
        self._polls[number] += 1
        if self._polls[number] < 2:
            return Answer.json({"id": number})
        cost = str(self.charged[number])
        return Answer.json({"id": number, "urls": [self._url(number)], "cost": cost})

    def _picture(self, request: Received) -> Answer:
        return Answer.picture(picture(int(request.path.rpartition("/")[2])))

    def _url(self, number: int) -> str:
        return f"{self.url}/pictures/{number}"


CLI = (sys.executable, "-m", "imgedit")
