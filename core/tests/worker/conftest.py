from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from imgedit.worker import LocalWorker

HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def acme_jobs_on_the_path(monkeypatch):
    """The parent can import the functions' module; the child only learns of it from the parent."""
    monkeypatch.setattr(sys, "path", [str(HERE), *sys.path])


@pytest.fixture
def worker():
    worker = LocalWorker()
    yield worker
    worker._jobs.abort()


@pytest.fixture
def run_script(tmp_path):
    """Run Python source in a process of its own; return what it printed."""

    def run(source, *, piped=False, cwd=tmp_path, arguments=(), check=True, env=()):
        source = textwrap.dedent(source)
        script = Path(cwd, "script.py")
        if not piped:
            script.write_text(source)
        done = subprocess.run(
            [sys.executable, "-W", "error", *arguments, "-" if piped else str(script)],
            input=source if piped else None,
            cwd=cwd,
            env={**os.environ, "JOBS": str(HERE), **dict(env)},
            text=True,
            capture_output=True,
            timeout=30,
            check=False,
        )
        if check:
            assert done.returncode == 0, done.stderr
            assert done.stderr == ""
        return done.stdout.strip()

    return run


@pytest.fixture
def wait_until_gone():
    """Wait until a process has ended; one of ours must be reaped too."""

    def gone(pid):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        try:
            state, parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:2]
        except FileNotFoundError:
            return False
        return state == "Z" and int(parent) != os.getpid()  # its new parent may be slow to reap

    def wait(pid, seconds=5.0):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if gone(pid):
                return
            time.sleep(0.01)
        pytest.fail(f"process {pid} is still there")

    return wait


@pytest.fixture
def wait_for_text():
    """Wait until a file has something in it and return that."""

    def wait(path, seconds=10.0):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if path.exists() and (text := path.read_text()):
                return text
            time.sleep(0.005)
        return pytest.fail(f"{path} was never written")

    return wait
