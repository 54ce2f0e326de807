"""One job after another in a real child: answers, errors, noise."""

from __future__ import annotations

import asyncio
import logging
import pickle
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from imgedit import _worker
from imgedit.worker import LocalWorker, WorkerFailed

JOBS = "acme_jobs:"


def run(worker, name, to="/", /, **arguments):
    return asyncio.run(worker.run(JOBS + name, arguments, to))


def failure(worker, name, to="/", /, **arguments):
    with pytest.raises(WorkerFailed) as caught:
        run(worker, name, to, **arguments)
    return caught.value


def test_a_function_gets_its_arguments_and_the_folder(worker, tmp_path):
    answer = run(worker, "write", tmp_path, text="a picture")
    assert answer["to"] == str(tmp_path)
    assert (tmp_path / "1.png").read_text() == "a picture"


def test_a_relative_folder_is_made_absolute(worker, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out").mkdir()
    assert run(worker, "write", "out", text="x")["to"] == str(tmp_path / "out")


@pytest.mark.parametrize(
    "value",
    (None, True, 0, 2**70, 1.5, "", "é\n\u2028", [], {"a": [{"b": None}]}, "x" * 3_000_000),
    ids=lambda value: repr(value)[:20],
)
def test_json_goes_there_and_back(worker, value):
    assert run(worker, "echo", value=value) == value


def test_a_file_name_that_is_not_unicode_arrives(worker, tmp_path):
    folder = tmp_path / "caf\udce9"
    try:
        folder.mkdir()
    except OSError:
        pytest.skip("this file system has no such names")
    with pytest.raises(WorkerFailed, match="did not return JSON"):
        run(worker, "write", folder, text="x")
    assert (folder / "1.png").read_text() == "x"


def test_one_child_serves_all_jobs(worker):
    first = run(worker, "pid")
    assert run(worker, "remember", name="a") == ["a"]
    assert run(worker, "remember", name="b") == ["a", "b"]
    assert run(worker, "pid") == first


def test_nothing_starts_before_the_first_job(worker):
    assert worker._jobs._thread is None


def test_printing_does_not_disturb_the_answer(worker, caplog):
    caplog.set_level(logging.DEBUG, "imgedit.worker")
    assert run(worker, "loud") == "still heard"
    asyncio.run(worker.close())
    logged = caplog.text
    for words in (
        "printed on stdout",
        "written to descriptor 1",
        "and by another way",
        "by a process of its own",
        "something not in ASCII",
    ):
        assert words in logged


def test_reading_stdin_finds_nothing(worker):
    assert run(worker, "read_stdin") == ""


def test_much_noise_on_stderr_blocks_nothing(worker):
    assert run(worker, "flood", megabytes=8) == "done"


def test_the_child_ignores_sigint(worker):
    assert run(worker, "interrupt") == "not interrupted"


def test_a_core_error_crosses_with_its_facts(worker):
    error = failure(worker, "refuse")
    assert (error.kind, error.type) == ("refused", "ImageRejected")
    assert str(error) == "The picture is upside down"
    assert error.facts == {
        "retryable": False,
        "hint": "Turn it around.",
        "code": "upside_down",
        "problems": [],
    }


def test_a_subclass_of_a_core_error_crosses_as_the_core_class(worker):
    error = failure(worker, "refuse_as_subclass")
    assert (error.kind, error.type, str(error)) == ("refused", "ImageRejected", "Not this one")


def test_the_problems_of_a_validation_error_cross(worker):
    error = failure(worker, "refuse_with_problems")
    assert error.type == "ValidationError"
    assert error.facts["problems"] == [
        {"path": "/prompt", "message": "not understood", "code": "rule"}
    ]


def test_any_other_exception_names_function_and_type(worker):
    error = failure(worker, "fail")
    assert (error.kind, error.type) == ("raised", "LookupError")
    assert str(error) == "acme_jobs:fail failed (LookupError: no such colour)."
    assert 'raise LookupError("no such colour")' in error.trace
    assert "_worker.py" not in error.trace
    assert run(worker, "echo", value=1) == 1


def test_an_exception_without_words_still_answers(worker):
    error = failure(worker, "fail_badly")
    assert (error.kind, error.type) == ("raised", "Awkward")


def test_a_very_long_message_is_cut(worker):
    assert len(str(failure(worker, "fail_at_length"))) < 5_000


def test_sys_exit_is_an_error_and_not_the_end(worker):
    before = run(worker, "pid")
    error = failure(worker, "leave")
    assert (error.kind, error.type) == ("raised", "SystemExit")
    assert run(worker, "pid") == before


@pytest.mark.parametrize(
    ("function", "words"),
    (
        ("acme_nowhere:edit", "No module named 'acme_nowhere'"),
        ("acme_jobs:nothing", "module 'acme_jobs' has no function 'nothing'"),
        ("acme_jobs:not_a_function", "'not_a_function' in module 'acme_jobs' is not a function"),
        ("acme_jobs", "'acme_jobs' is not of the form 'module:name'"),
        ("__main__:edit", "move it into a module"),
    ),
)
def test_a_function_that_is_not_there(worker, function, words):
    with pytest.raises(WorkerFailed) as caught:
        asyncio.run(worker.run(function, {}, "/"))
    assert caught.value.kind == "raised"
    assert function in str(caught.value)
    assert words in str(caught.value)


def test_wrong_arguments_are_the_function_s_error(worker):
    error = failure(worker, "echo", other=1)
    assert (error.kind, error.type) == ("raised", "TypeError")
    assert "unexpected keyword argument 'other'" in str(error)


@pytest.mark.parametrize(
    ("which", "words"),
    (
        ("nan", "the number nan at /a/1"),
        ("infinity", "the number -inf at the top"),
        ("key", "a key of type int at /a"),
        ("bytes", "a value of type bytes at /0"),
        ("set", "a value of type set at /a"),
        ("surrogate", "surrogates not allowed"),
        ("loop", "nested too deeply"),
        ("deep", "nested too deeply"),
        ("large", "at most 67108864 are allowed"),
    ),
)
def test_a_result_that_is_not_json_is_refused(worker, which, words):
    error = failure(worker, "not_json", which=which)
    assert error.kind == "answer"
    assert str(error).startswith("acme_jobs:not_json did not return JSON: ")
    assert words in str(error)
    assert run(worker, "echo", value=1) == 1


def test_a_coroutine_is_not_a_result(worker):
    assert "type coroutine" in str(failure(worker, "coroutine"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    (
        ({"value": float("nan")}, "are not JSON"),
        ({"value": Decimal(1)}, "are not JSON"),
        ({"value": b"x"}, "are not JSON"),
        ({"value": "x" * _worker.MAX_FRAME}, "at most 67108864 are allowed"),
        ({"to": "/elsewhere"}, "may not be called `to`"),
    ),
    ids=("nan", "decimal", "bytes", "large", "to"),
)
def test_arguments_that_cannot_be_sent_start_nothing(worker, arguments, words):
    with pytest.raises(WorkerFailed, match=words) as caught:
        asyncio.run(worker.run(JOBS + "echo", arguments, "/"))
    assert caught.value.kind == "request"
    assert worker._jobs._thread is None


def test_a_failure_can_be_pickled(worker):
    error = failure(worker, "refuse")
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.kind, str(copy), copy.type) == (error.kind, str(error), error.type)
    assert (copy.facts, copy.trace) == (error.facts, error.trace)


def test_the_parent_s_path_is_appended_never_prepended(worker):
    around = run(worker, "look_around")
    here = str(Path(__file__).parent)
    standard = str(Path(asyncio.__file__).parents[1])
    assert here in around["path"]
    assert around["path"].index(here) > around["path"].index(standard)
    assert around["path"].count(here) == 1
    assert "" not in around["path"]


def test_a_folder_that_joins_the_path_later_is_found(worker, tmp_path, monkeypatch):
    assert run(worker, "echo", value=1) == 1
    (tmp_path / "acme_late.py").write_text("def late(*, to): return 'found'")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert asyncio.run(worker.run("acme_late:late", {}, "/")) == "found"


def test_a_deleted_current_folder_does_no_harm(worker, tmp_path, monkeypatch):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    monkeypatch.setattr(sys, "path", ["", *sys.path])
    gone.rmdir()
    assert run(worker, "echo", value=1) == 1


def test_runs_of_one_loop_are_queued(worker, tmp_path):
    async def two():
        return await asyncio.gather(
            worker.run(JOBS + "sleep", {"seconds": 0.2}, tmp_path),
            worker.run(JOBS + "remember", {"name": "second"}, "/"),
            worker.run(JOBS + "remember", {"name": "third"}, "/"),
        )

    assert asyncio.run(two()) == ["slept", ["second"], ["second", "third"]]


def test_two_loops_at_once_share_a_worker(worker, tmp_path):
    """A notebook's loop runs while another thread runs a loop of its own."""

    async def outer():
        inner = asyncio.to_thread(run, worker, "pid")
        return await asyncio.gather(
            worker.run(JOBS + "sleep", {"seconds": 0.1}, tmp_path),
            inner,
            worker.run(JOBS + "pid", {}, "/"),
        )

    _, first, second = asyncio.run(outer())
    assert first == second


def test_the_loop_runs_on_while_a_function_does(worker, tmp_path):
    async def count():
        job = asyncio.create_task(worker.run(JOBS + "sleep", {"seconds": 0.3}, tmp_path))
        turns = 0
        while not job.done():
            await asyncio.sleep(0.01)
            turns += 1
        return turns

    assert asyncio.run(count()) > 5


def test_a_closed_worker_takes_no_job():
    async def closed():
        worker = LocalWorker()
        await worker.close()
        await worker.close()
        await worker.run(JOBS + "pid", {}, "/")

    with pytest.raises(RuntimeError, match="closed"):
        asyncio.run(closed())
