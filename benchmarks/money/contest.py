"""Many processes with one journal: a budget that holds to the cent, and a rate that holds."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import closing
from decimal import Decimal
from pathlib import Path

from attrs import define

from .vendor import Vendor, environ, install, picture

_HERE = Path(__file__).parents[1]


@define
class Contest:
    """What came of it; amounts in USD."""

    processes: int
    attempts: int
    cap: Decimal = Decimal(0)
    charged: Decimal = Decimal(0)
    counted: Decimal = Decimal(0)
    overshoot: Decimal = Decimal(0)
    done: int = 0
    refused: int = 0
    failed: int = 0
    duplicates: int = 0
    fullest: int = 0
    most: int = 0
    seconds: float = 0

    def budget(self) -> str:
        """In words, for a budget."""
        return (
            f"{self.processes} processes, {self.attempts} attempts, cap {self.cap}: {self.done} "
            f"done, {self.failed} failed, {self.refused} refused by the budget; charged "
            f"{self.charged}, counted {self.counted}, overshoot {self.overshoot} "
            f"({self.seconds:.0f} s)"
        )

    def rate(self) -> str:
        """In words, for a rate."""
        return (
            f"{self.processes} processes, {self.attempts} edits: at most {self.fullest} in any "
            f"second, allowed are {self.most} ({self.seconds:.0f} s)"
        )


def budget(processes: int, attempts: int, cap: str, folder: Path, seed: int = 1) -> Contest:
    """Let processes spend at once until a budget ends it; every tenth edit is refused unpaid."""
    found = Contest(processes, attempts, cap=Decimal(cap))
    with Vendor(seed) as vendor:
        vendor.refuses = 0.1
        settings = f'[[budgets]]\namount = "{cap} USD"\nper = "day"\n'
        _race(found, vendor, folder, settings)
        found.charged = sum(vendor.charged.values(), Decimal(0))
        found.duplicates = sum(count > 1 for count in vendor.paid.values())
    found.counted = _counted(folder / "home")
    found.overshoot = max(found.charged - found.cap, found.counted - found.cap, Decimal(0))
    return found


def rate(processes: int, edits: int, per_second: int, burst: int, folder: Path) -> Contest:
    """Let processes edit as fast as a limit that they share allows."""
    found = Contest(processes, edits, most=per_second + burst)
    with Vendor() as vendor:
        settings = f'[providers.acme]\nlimit = "{per_second}/s"\nburst = {burst}\n'
        _race(found, vendor, folder, settings)
        times = sorted(vendor.times)
    assert len(times) == edits, "an edit was lost"
    found.fullest = max(
        sum(begin <= moment < begin + 1 for moment in times[place:])
        for place, begin in enumerate(times)
    )
    return found


def _race(found: Contest, vendor: Vendor, folder: Path, settings: str) -> None:
    home = folder / "home"
    home.mkdir()
    (home / "config.toml").write_text(settings, encoding="utf-8")
    (folder / "photo.png").write_bytes(picture(0))
    variables: Mapping[str, str] = environ(vendor, home, install(folder / "plugins"))
    variables = {**variables, "PYTHONPATH": f"{_HERE}{os.pathsep}{variables['PYTHONPATH']}"}
    begun = time.monotonic()
    share = found.attempts // found.processes
    workers = [
        subprocess.Popen(
            [sys.executable, "-m", "money.contest", str(share * place), str(share)],
            cwd=folder,
            env=variables,
            stdout=subprocess.PIPE,
            text=True,
        )
        for place in range(found.processes)
    ]
    for worker in workers:
        out, _ = worker.communicate(timeout=1200)
        assert worker.returncode == 0, "a worker failed"
        done, refused, failed = map(int, out.split())
        found.done += done
        found.refused += refused
        found.failed += failed
    found.seconds = time.monotonic() - begun


def _counted(home: Path) -> Decimal:
    from imgedit.journal import SqliteJournal

    with closing(SqliteJournal(home / "journal.sqlite3")) as journal:
        entries = list(journal.entries())
        assert not any(entry.reserved for entry in entries)
        return sum((entry.counted for entry in entries), Decimal(0))


async def _work(first: int, count: int) -> tuple[int, int, int]:
    """Edit, several at once; how many were done, refused by the budget, and failed."""
    import imgedit

    ends = [0, 0, 0]

    async def one(client: imgedit.Client, number: int) -> None:
        model = ("exact", "bounded")[number // 3 % 2]
        try:
            await client.edit("photo.png", f"edit {number}", provider="acme", model=model)
        except (imgedit.BudgetExceeded, imgedit.ProviderError) as error:
            if error.charged != "no":
                raise
            ends[1 if isinstance(error, imgedit.BudgetExceeded) else 2] += 1
        else:
            ends[0] += 1

    async with imgedit.Client.from_config() as client:
        await asyncio.gather(*(one(client, number) for number in range(first, first + count)))
    return ends[0], ends[1], ends[2]


if __name__ == "__main__":
    print(*asyncio.run(_work(int(sys.argv[1]), int(sys.argv[2]))))
