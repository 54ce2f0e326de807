"""The places from which people call: scripts, pipes, notebooks, folders full of traps, forks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

posix = pytest.mark.skipif(os.name != "posix", reason="signals and forks")

TWO_LINES = """\
import asyncio, os, sys; from imgedit.worker import LocalWorker; sys.path.append(os.environ["JOBS"])
print(asyncio.run(LocalWorker().run("acme_jobs:echo", {"value": "edited"}, ".")))
"""

NOTEBOOK = """\
import ast, asyncio, inspect, os, sys
sys.path.append(os.environ["JOBS"])
cells = [
    "from imgedit.worker import LocalWorker",
    "worker = LocalWorker()",
    "print(await worker.run('acme_jobs:echo', {'value': 'edited'}, '.'))",
    "def local(*, to): return 1",
    "try: await worker.run('__main__:local', {}, '.')\\nexcept Exception as e: print(e.kind)",
]

async def kernel():
    names = {"__name__": "__main__"}
    for cell in cells:
        code = compile(cell, "cell", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        result = eval(code, names)
        if inspect.iscoroutine(result):
            await result

asyncio.run(kernel())
"""

# The folder joins the path only after the parent has imported what it needs: the parent's own
# imports are the user's affair, the child's are not.
TRAPPED = """\
import sys; here = sys.path.pop(0)
import asyncio, os; from imgedit.worker import LocalWorker; import logging, json
sys.path[:0] = [here, ""]; sys.path.append(os.environ["JOBS"])
print(asyncio.run(LocalWorker().run("acme_jobs:echo", {"value": "edited"}, ".")))
print(asyncio.run(LocalWorker().run("acme_jobs:look_around", {}, "."))["json"] == json.__file__)
print(asyncio.run(LocalWorker().run("beside:edit", {}, ".")))
"""

TRAPS = ("json", "queue", "signal", "threading", "traceback", "importlib", "resource", "logging")


def test_two_lines_without_a_guard(run_script):
    assert run_script(TWO_LINES) == "edited"


def test_piped_source(run_script):
    assert run_script(TWO_LINES, piped=True) == "edited"


def test_cells_of_a_running_loop(run_script):
    assert run_script(NOTEBOOK).split() == ["edited", "raised"]


def test_files_named_like_the_standard_library_break_nothing(run_script, tmp_path):
    for name in TRAPS:
        (tmp_path / f"{name}.py").write_text("raise SystemExit('a trap')")
    (tmp_path / "imgedit.py").write_text("raise SystemExit('a trap')")
    (tmp_path / "beside.py").write_text("def edit(*, to): return 'found beside the script'")
    expected = ["edited", "True", "found beside the script"]
    assert run_script(TRAPPED).splitlines() == expected
    assert run_script(TRAPPED, piped=True).splitlines() == expected


def test_isolated_from_the_environment(run_script):
    """-E holds for the child too: a PYTHONPATH that the parent ignores cannot reach it."""
    source = """
    import asyncio, os, sys
    sys.path.append(os.environ["WHERE"])
    from imgedit.worker import LocalWorker
    sys.path.append(os.environ["JOBS"])
    try:
        around = asyncio.run(LocalWorker().run("acme_jobs:look_around", {}, "."))
    except Exception as error:
        print(error.kind)  # imgedit itself came from PYTHONPATH
    else:
        print("/not/there" in around["path"])
    """
    import imgedit

    where = os.path.dirname(os.path.dirname(imgedit.__file__))
    env = {"PYTHONPATH": "/not/there", "WHERE": where}
    assert run_script(source, arguments=["-E"], env=env) in ("False", "start")


def test_python_s_end_takes_the_child_along(run_script, wait_until_gone):
    source = """
    import asyncio, os, sys; from imgedit.worker import LocalWorker
    sys.path.append(os.environ["JOBS"])
    worker = LocalWorker()
    print(asyncio.run(worker.run("acme_jobs:leave_a_thread", {}, ".")))
    """
    began = time.monotonic()
    wait_until_gone(int(run_script(source, arguments=["-X", "dev"])))
    assert time.monotonic() - began < 10


SLEEPER = """\
import asyncio, os, sys; from imgedit.worker import LocalWorker
sys.path.append(os.environ["JOBS"])
asyncio.run(LocalWorker().run("acme_jobs:sleep", {"seconds": 60}, sys.argv[1]))
"""


@posix
@pytest.mark.parametrize("name", ("SIGINT", "SIGTERM", "SIGKILL"))
def test_no_orphan_when_the_parent_is_ended(
    name, tmp_path, wait_for_text, wait_until_gone, acme_jobs_on_the_path
):
    number = signal.Signals[name]
    parent = subprocess.Popen(
        [sys.executable, "-c", SLEEPER, str(tmp_path)],
        env={**os.environ, "JOBS": sys.path[0]},
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    with parent:
        pid = int(wait_for_text(tmp_path / "pid"))
        os.killpg(parent.pid, number)  # as a terminal does: the whole group
        said = parent.stderr.read()
    assert (b"KeyboardInterrupt" in said) == (name == "SIGINT")
    wait_until_gone(pid)


@posix
def test_a_forked_process_gets_a_child_of_its_own(run_script):
    source = """
    import asyncio, os, sys, warnings; from imgedit.worker import LocalWorker
    warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads, since 3.12
    sys.path.append(os.environ["JOBS"])
    worker = LocalWorker()
    def pid(): return asyncio.run(worker.run("acme_jobs:pid", {}, "."))
    first = pid()
    forked = os.fork()
    if not forked:
        worker.kill()  # nothing of its own yet
        second = pid()
        print(second != first, second == pid(), flush=True)
        sys.exit()
    os.waitpid(forked, 0)
    print(pid() == first)
    """
    assert run_script(source).split() == ["True", "True", "True"]


def test_an_import_of_the_package_costs_no_worker(run_script):
    source = """
    import imgedit, sys
    print([n for n in ("subprocess", "imgedit.worker", "imgedit._worker") if n in sys.modules])
    """
    assert run_script(source) == "[]"


def test_the_child_starts_with_little(run_script):
    """Nothing but the standard library, and not the heavy part of that."""
    source = """
    import sys
    import imgedit._worker
    heavy = {"asyncio", "attrs", "pluggy", "subprocess", "logging", "traceback", "resource"}
    print(sorted(heavy & set(sys.modules)))
    """
    assert run_script(source) == "[]"
