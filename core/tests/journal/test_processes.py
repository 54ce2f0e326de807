"""The journal under SIGKILL and under several processes at once."""

from __future__ import annotations

import random
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from imgedit.journal import SqliteJournal

_KEEPER = Path(__file__).with_name("keeper.py")
_ORDER = ("planned", "sent", "accepted")


def keep(path: Path, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, str(_KEEPER), str(path), str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_what_was_acknowledged_survives_sigkill(path: Path) -> None:
    dice = random.Random(7)
    told: dict[str, str] = {}
    for _ in range(6):
        with keep(path, 100_000) as child:
            assert child.stdout is not None
            try:
                for _ in range(dice.randrange(1, 150)):
                    name, status = child.stdout.readline().split()
                    told[name] = status
            finally:
                child.kill()
            for line in child.stdout:
                if line.endswith("\n"):
                    name, status = line.split()
                    told[name] = status
        with closing(SqliteJournal(path)) as journal:
            stored = {record.id: record.job.status for record in journal.recent(10**6)}
        for name, status in told.items():
            assert _ORDER.index(stored[name]) >= _ORDER.index(status)
        assert len(stored) - len(told) <= 6, "at most one job per kill was stored but not told"


def test_several_processes_share_a_new_file(path: Path) -> None:
    children = [keep(path, 25) for _ in range(4)]
    told: set[str] = set()
    for child in children:
        output, _ = child.communicate(timeout=60)
        assert child.returncode == 0
        told |= {line.split()[0] for line in output.splitlines()}
    assert len(told) == 100
    with closing(SqliteJournal(path)) as journal:
        assert {record.id for record in journal.unfinished()} == told
        assert {record.job.status for record in journal.unfinished()} == {"accepted"}
