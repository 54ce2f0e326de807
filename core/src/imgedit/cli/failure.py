"""An error as a person, or a program, gets to see it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ..contract.model import Problem
from ..engine.advice import advice
from ..errors import Charged, ImgEditError, PluginError
from .books import journal_alone
from .exits import InternalError
from .keeping import keep_job
from .screen import Screen, Watch

_OPTIONS = {
    "model": "--model",
    "n": "-n",
    "aspect_ratio": "--aspect-ratio",
    "resolution": "--resolution",
    "quality": "--quality",
    "output_format": "--format",
    "mask": "--mask",
    "references": "--reference",
    "seed": "--seed",
    "label": "--label",
    "image": "the picture",
    "prompt": "the prompt",
}


def show_failure(screen: Screen, error: ImgEditError) -> None:
    """Print an error: with `--json` the one document on stdout, else lines on stderr.

    Where stdout takes nothing, there are lines as well.
    """
    _complete(screen, error)
    if screen.as_json and screen.prints:
        from ..render import error_document

        screen.document(error_document(error))
        return
    note_failure(screen, error)


def note_failure(screen: Screen, error: ImgEditError) -> None:
    """Print an error as lines on stderr, also beside the document of `--json`."""
    _complete(screen, error)
    first, *others = _lines(error)
    screen.note(f"Error: {first}", style="bold red")
    for line in others:
        screen.note(line, style="")


def _complete(screen: Screen, error: ImgEditError) -> None:
    if error.hint is None:
        error.hint = advice(error.problems)
    keep_job(screen, error)


def _lines(error: ImgEditError) -> Iterator[str]:
    problems = [say_problem(problem) for problem in error.problems]
    if not problems or not error.message.startswith(str(error.problems[0])):
        yield str(error)
        yield from (f"  {problem}" for problem in problems)
    elif len(problems) == 1:
        yield _with_message(error, problems[0])
    else:
        yield f"the edit cannot be done like this, for {len(problems)} reasons:"
        yield from (f"  {problem}" for problem in problems)
        yield _with_message(error, "")


def say_problem(problem: Problem) -> str:
    """A problem with the command line's name for what it is about."""
    _, _, path = problem.path.partition("/")
    field, _, rest = path.partition("/")
    if field == "options" and rest:
        place = f"--option {rest.partition('/')[0]}"
    elif field == "references" and rest.partition("/")[0].isdigit():
        place = f"--reference (number {int(rest.partition('/')[0]) + 1})"
    else:
        place = _OPTIONS.get(field, path)
    return f"{place}: {problem.message}" if place else problem.message


def _with_message(error: ImgEditError, message: str) -> str:
    """`str(error)` with other words for what happened."""
    before, error.message = error.message, message
    try:
        return str(error)
    finally:
        error.message = before


def bug(screen: Screen, error: Exception) -> ImgEditError:
    """What is said of an exception that nobody expected: whose bug it is, and that it is one."""
    where = "" if screen.verbose else " with what --verbose shows"
    job_id, charged = known(screen.watch)
    kind: type[ImgEditError] = InternalError if screen.owner is None else PluginError
    found = kind(
        f"a bug in {screen.owner or 'imgedit'}: {type(error).__name__}",
        hint=f"Please report it{where}.",
        charged=charged,
        distribution=screen.owner,
        job_id=job_id,
    )
    found.__cause__ = error  # for the log
    return found


@contextmanager
def of_earlier_jobs(watch: Watch, job_id: str | None = None) -> Iterator[None]:
    """What is said of the money is that of a job, or of jobs, which an earlier process may have
    sent: an error that names none knows nothing of it.
    """
    watch.job_id, watch.spending = job_id, True
    try:
        yield
    except ImgEditError as error:
        if error.job_id is None and not error.charge_is_said:
            error.job_id, error.charged = known(watch)
            error.retryable = error.retryable and error.charged == "no"
        raise


def known(watch: Watch) -> tuple[str | None, Charged]:
    """The job, and what is known of its money: it is stored, if that can still be read."""
    if watch.job_id is not None:
        with suppress(Exception, KeyboardInterrupt), journal_alone() as client:
            record = client.job(watch.job_id)
            return record.id, record.charged
    return watch.job_id, "unknown" if watch.spending else "no"
