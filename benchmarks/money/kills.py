"""The real command line, killed with SIGKILL at random moments of real HTTP, resumed until done.

Every edit has a number. The vendor counts who paid; a killed edit is resumed (and the resume is
killed now and then, too) until nothing is left that can go on by itself. Then: nobody paid twice,
every picture that was paid for is on the disk or its job is listed as unknown, and after
`jobs settle` the ledger says what the vendor says.
"""

from __future__ import annotations

import json
import random
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from decimal import Decimal
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from attrs import define

from .vendor import CLI, Vendor, environ, install, picture

_EACH = 8
"""Edits between two rounds of resuming."""

_SUMS = ("kills", "edits", "duplicates", "lost", "unknown", "unlisted", "paid")


@define
class Kills:
    """What came of it."""

    kills: int = 0
    edits: int = 0
    duplicates: int = 0
    lost: int = 0
    unknown: int = 0
    unlisted: int = 0
    paid: Decimal = Decimal(0)
    seconds: float = 0

    def __str__(self) -> str:
        return (
            f"{self.kills} kills of {self.edits} edits: {self.duplicates} paid twice, "
            f"{self.lost} paid results lost, {self.unknown} unknown, {self.unlisted} of them not "
            f"listed; the vendor's bill of {self.paid} USD is the ledger's ({self.seconds:.0f} s)"
        )


def many_kills(total: int, workers: int, folder: Path) -> Kills:
    """The same in several processes at once, each with a vendor and a journal of its own."""
    shares = [total // workers + (place < total % workers) for place in range(workers)]
    folders = [folder / str(place) for place in range(workers)]
    for place in folders:
        place.mkdir()
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        found = list(pool.map(kills, shares, folders, range(1, workers + 1)))
    sums = {name: sum(getattr(one, name) for one in found) for name in _SUMS}
    return Kills(**sums, seconds=max(one.seconds for one in found))


class Killer:
    """Starts commands and kills them at moments that the dice choose."""

    def __init__(self, vendor: Vendor, folder: Path, seed: int) -> None:
        self.vendor = vendor
        self.folder = folder
        self.dice = random.Random(seed)
        self.kills = 0
        self._environ: Mapping[str, str] = environ(
            vendor, folder / "home", install(folder / "plugins")
        )
        (folder / "photo.png").write_bytes(picture(0))

    def run(self, *arguments: str) -> dict[str, Any]:
        """A command that is left alone; its document."""
        process = self._start(*arguments)
        out, err = process.communicate(timeout=120)
        assert process.returncode not in (70, 2), out + err
        document: dict[str, Any] = json.loads(out)
        return document

    def kill(self, *arguments: str, requests: int) -> None:
        """Start a command and kill it around one of its requests, before, after or in between."""
        process = self._start(*arguments)
        timer: list[threading.Timer] = []
        place, delay = self.dice.randrange(requests), self.dice.choice((0.0, 0.002, 0.01, 0.03))

        def shoot() -> None:
            if delay:
                timer.append(threading.Timer(self.dice.random() * delay, process.kill))
                timer[0].start()
            else:
                process.kill()

        self.vendor.catch(place, shoot)
        process.communicate(timeout=120)
        self.vendor.forget_catches()
        for one in timer:
            one.cancel()
        self.kills += process.returncode == -signal.SIGKILL

    def _start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*CLI, *arguments, "--json"],
            cwd=self.folder,
            env=self._environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


def kills(total: int, folder: Path, seed: int = 1) -> Kills:
    """Kill so many commands; see the module."""
    begun = time.monotonic()
    found = Kills()
    with Vendor(seed) as vendor:
        killer = Killer(vendor, folder, seed)
        number = 0
        while killer.kills < total:
            for _ in range(min(_EACH, total - killer.kills)):
                number += 1
                model = killer.dice.choice(("exact", "bounded"))
                killer.kill(
                    "edit", "photo.png", f"edit {number}", "-p", "acme", "-m", model,
                    "-o", f"{number}.png", "--label", str(number),
                    requests=(3, 3, 6)[number % 3],
                )  # fmt: skip
            while killer.kills < total and killer.dice.random() < 0.6:
                killer.kill("jobs", "resume", requests=8)
            killer.run("jobs", "resume")
        _judge(found, killer, number)
    found.kills, found.edits, found.seconds = killer.kills, number, time.monotonic() - begun
    return found


def _judge(found: Kills, killer: Killer, edits: int) -> None:
    vendor = killer.vendor
    listed = killer.run("jobs", "--limit", "1000000")["jobs"]
    jobs = {int(row["label"]): row for row in listed}
    assert len(jobs) == len(listed), "an edit has two jobs"
    for number in range(1, edits + 1):
        paid, job = vendor.paid[number], jobs.get(number)
        found.duplicates += paid > 1
        status = None if job is None else job["status"]
        target = killer.folder / f"{number}.png"
        there = target.exists() and target.read_bytes() == picture(number)
        found.unknown += status == "unknown"
        if status == "done":
            found.lost += not there
        elif paid:
            found.unlisted += status != "unknown"
        if status not in (None, "done", "unknown"):
            raise AssertionError(f"edit {number} could go on and did not: {job}")
    for number, job in jobs.items():
        if job["status"] == "unknown":
            cost = vendor.charged.get(number)
            what = ["--not-charged"] if cost is None else ["--charged", "--cost", f"{cost} USD"]
            killer.run("jobs", "settle", job["id"], *what)
    found.paid = sum(vendor.charged.values(), Decimal(0))
    # A picture that comes at once comes without its price: the ledger assumes the quote.
    silent = sum(
        (vendor.charged[number] for number in vendor.charged if number % 3 == 0), Decimal(0)
    )
    rows = killer.run("spend")["spend"]
    known = sum((Decimal(row["charged"]) - Decimal(row["assumed"]) for row in rows), Decimal(0))
    settled = sum(
        (
            vendor.charged[number]
            for number in vendor.charged
            if number % 3 == 0 and jobs[number]["status"] == "unknown"
        ),
        Decimal(0),
    )
    assert known == found.paid - silent + settled, "the ledger differs from the vendor's bill"
    assert all(Decimal(row["reserved"]) == 0 for row in rows), "something is still reserved"
