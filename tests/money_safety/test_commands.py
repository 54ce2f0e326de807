"""Money on the real command line: budgets, what was spent, and one job in two processes."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen
from money.vendor import CLI, Vendor, environ, install, picture

pytestmark = pytest.mark.skipif(os.name != "posix", reason="sends POSIX signals")

SENT_BACK = 2  # an edit with this number is uploaded, created, polled and downloaded
ITSELF = 3  # with this one, the picture comes at once
WITH_COST = 1  # and with this one its URL, and the cost


@frozen
class Shell:
    vendor: Vendor
    folder: Path
    environ: dict[str, str]

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*CLI, *arguments], cwd=self.folder, env=self.environ,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def run(self, *arguments: str, code: int = 0) -> tuple[str, str]:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=60)
        assert process.returncode == code, out + err
        return out, err

    def __call__(self, *arguments: str, code: int = 0) -> str:
        return "".join(self.run(*arguments, code=code))

    def json(self, *arguments: str, code: int = 0) -> Any:
        return json.loads(self.run(*arguments, "--json", code=code)[0])

    def edit(self, number: int, *more: str, code: int = 0) -> Any:
        words = ("photo.png", f"edit {number}", "-o", f"{number}.png")
        return self.json("edit", *words, *more, code=code)

    def configure(self, text: str) -> None:
        self.home.mkdir(exist_ok=True)
        (self.home / "config.toml").write_text(text, encoding="utf-8")


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    (tmp_path / "photo.png").write_bytes(picture(0))
    with Vendor() as vendor:
        variables = dict(environ(vendor, tmp_path / "home", install(tmp_path / "plugins")))
        yield Shell(vendor, tmp_path, variables)


def test_a_budget_of_the_configuration_holds(shell: Shell) -> None:
    shell.configure('[[budgets]]\namount = "0.08 USD"\nper = "month"\nprovider = "acme"\n')
    shell.edit(WITH_COST)
    shell.edit(WITH_COST + 3)
    error = shell.edit(WITH_COST + 6, code=4)["error"]
    assert (error["type"], error["charged"]) == ("BudgetExceeded", "no")
    assert "0.00 are left of the budget of 0.08 USD per month for acme" in error["message"]
    assert sum(shell.vendor.paid.values()) == 2
    (budget,) = shell.json("spend")["budgets"]
    assert budget == {
        "amount": "0.08",
        "unit": "USD",
        "per": "month",
        "provider": "acme",
        "label": None,
        "counted": "0.08",
        "left": "0.00",
        "not_counted": [],
    }
    assert "0.08 USD per month for acme" in shell("spend")


@pytest.mark.parametrize(
    ("text", "said"),
    (
        ('[[budgets]]\nper = "day"', "budgets[1].amount"),
        ('[[budgets]]\namount = "5"', "'5' is not an amount of money"),
        ('[[budgets]]\namount = "5 USD"\nper = "week"', "per day, month or total"),
        ("budgets = 5", "write [[budgets]]"),
        ('[providers.acme]\nlimit = "fast"', '"20/min"'),
        ("[providers.acme]\nconcurrency = 0", "1 or more"),
        ('timezone = "Mars"', '"Europe/Berlin"'),
        ('retention = "soon"', '"30d"'),
    ),
)
def test_a_setting_that_cannot_be_read(shell: Shell, text: str, said: str) -> None:
    shell.configure(text)
    error = shell.edit(1, code=2)["error"]
    assert error["type"] == "ConfigError"
    assert said in error["message"]


def test_what_was_spent(shell: Shell) -> None:
    assert "Nothing was spent." in shell("spend")
    shell.edit(WITH_COST, "-m", "bounded", "--label", "shoes")
    shell.edit(ITSELF, "--label", "hats")
    (row,) = shell.json("spend", "--by", "model", "--since", "1h")["spend"][:1]
    charged = shell.vendor.charged[WITH_COST]
    assert (row["key"], row["quoted"], row["charged"]) == ("acme bounded", "0.02", str(charged))
    assert row["drift"] == str(charged - Decimal("0.02"))
    hats, shoes = shell.json("spend", "--by", "label")["spend"]
    assert (hats["key"], hats["charged"], hats["assumed"]) == ("hats", "0.04", "0.04")
    assert (shoes["key"], shoes["assumed"], shoes["unknown"]) == ("shoes", "0", 0)
    table = shell("spend", "--by", "label")
    assert "hats" in table
    assert "of it assumed" in table
    assert "takes a time like 30d" in shell("spend", "--since", "yesterday", code=2)


def test_what_only_the_user_knows(shell: Shell) -> None:
    killed: list[subprocess.Popen[str]] = []
    shell.vendor.catch(1, lambda: killed[0].kill())
    killed.append(shell.start("edit", "photo.png", f"edit {ITSELF}"))
    killed[0].communicate(timeout=60)
    listed = shell.json("jobs", "resume", code=8)
    (job,) = listed["jobs"]
    assert job["status"] == "unknown"
    text = shell("jobs", "resume", job["id"], code=8)
    assert f"imgedit jobs settle {job['id']} --charged, or --not-charged" in text
    assert f"imgedit jobs settle {job['id']}" in shell("jobs", "show", job["id"])
    assert shell.json("spend")["spend"][0]["reserved"] == "0.04"
    said = shell("jobs", "settle", job["id"], code=8)
    assert "say --charged or --not-charged. It is not known whether" in said
    assert "is settled: charged (cost: 0.04 USD)" in shell(
        "jobs", "settle", job["id"], "--charged", "--cost", "0.04 USD"
    )
    assert shell.json("jobs", "resume") == {"jobs": []}
    (row,) = shell.json("spend")["spend"]
    assert (row["charged"], row["reserved"], row["unknown"]) == ("0.04", "0", 0)
    assert shell.json("jobs", "settle", job["id"], "--charged", code=2)["error"]["charged"] == "yes"
    assert sum(shell.vendor.paid.values()) == 1


def test_two_processes_resume_one_job(shell: Shell) -> None:
    reached = threading.Event()
    killed: list[subprocess.Popen[str]] = []
    shell.vendor.catch(2, lambda: killed[0].kill())
    killed.append(shell.start("edit", "photo.png", f"edit {SENT_BACK}", "-o", "out.png"))
    killed[0].communicate(timeout=60)
    (job,) = shell.json("jobs")["jobs"]
    assert job["status"] == "accepted"
    first: list[subprocess.Popen[str]] = []

    def stop() -> None:
        first[0].send_signal(signal.SIGSTOP)
        reached.set()

    shell.vendor.catch(0, stop)
    first.append(shell.start("jobs", "resume", job["id"], "--json"))
    assert reached.wait(30)
    other = shell("jobs", "resume", job["id"], code=10)
    assert f"another process (pid {first[0].pid}) drives job {job['id']}" in other
    every = shell("jobs", "resume")
    assert f"Job {job['id']} is left alone: process {first[0].pid} drives it." in every
    assert "No job is waiting to go on." in every
    first[0].send_signal(signal.SIGCONT)
    out, err = first[0].communicate(timeout=60)
    assert first[0].returncode == 0, out + err
    assert (shell.folder / "out.png").read_bytes() == picture(SENT_BACK)
    assert shell.vendor.paid[SENT_BACK] == 1
    assert shell.vendor.count("GET", f"/pictures/{SENT_BACK}") == 1


def test_a_job_that_cannot_be_read_keeps_no_other_from_going_on(shell: Shell) -> None:
    killed: list[subprocess.Popen[str]] = []
    for number in (SENT_BACK, SENT_BACK + 3):
        shell.vendor.catch(2, lambda: killed[-1].kill())
        killed.append(shell.start("edit", "photo.png", f"edit {number}", "-o", f"{number}.png"))
        killed[-1].communicate(timeout=60)
    good, odd = (job["id"] for job in shell.json("jobs")["jobs"])
    database = sqlite3.connect(shell.home / "journal.sqlite3")
    with database:
        database.execute("UPDATE jobs SET record = '{}' WHERE id = ?", (odd,))
    database.close()
    said = f"job {odd} in the journal"
    listed = shell("jobs", code=8)
    assert good in listed
    assert said in listed
    assert "It is not known whether the edit was charged." in listed
    out, err = shell.start("jobs", "--json").communicate(timeout=60)
    assert [job["id"] for job in json.loads(out)["jobs"]] == [good]
    assert said in err
    assert said in shell("jobs", "show", odd, code=8)
    resumed = shell("jobs", "resume", code=8)
    assert said in resumed
    assert (shell.folder / f"{SENT_BACK + 3}.png").read_bytes() == picture(SENT_BACK + 3)
    assert said in shell("jobs", "resume", code=8)
    newest = shell("jobs", "--limit", "1")
    assert good in newest
    with closing(sqlite3.connect(shell.home / "journal.sqlite3")) as database, database:
        database.execute("UPDATE jobs SET record = '{}'")
    assert "There are no jobs." not in shell("jobs", code=8)
    assert set(shell.vendor.paid.values()) == {1}


def test_old_jobs_are_forgotten(shell: Shell) -> None:
    shell.configure('retention = "30d"\n')
    for number in (1, 4):
        shell.edit(number)
    assert shell.json("jobs", "prune") == {"pruned": []}
    assert "takes a time like 30d" in shell("jobs", "prune", "--older-than", "x", code=2)
    database = sqlite3.connect(shell.home / "journal.sqlite3")
    with database:
        database.execute("UPDATE jobs SET updated_at = '2020-01-01T00:00:00+00:00'")
        database.execute("DELETE FROM turns")  # as if a day had passed
    database.close()
    shell.edit(7)
    assert len(shell.json("jobs")["jobs"]) == 1
    assert shell.json("spend")["spend"][0]["jobs"] == 3
    assert "1 job is forgotten." in shell("jobs", "prune", "--older-than", "0h")


def test_prompts_are_kept_out(shell: Shell) -> None:
    shell.configure("keep_prompts = false\n")
    shell("edit", "photo.png", "a canary sings, edit 1", "-o", "1.png")
    for file in shell.home.rglob("*"):
        assert not file.is_file() or b"canary sings" not in file.read_bytes()
