"""What happens, shown on stderr while it happens; only where somebody watches."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .screen import Screen, clean

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from ..contract.event import Event


class Follower:
    """Takes the events of a job: says warnings at once, notes the job, moves the display."""

    def __init__(self, screen: Screen, display: Progress | None, task: TaskID | None) -> None:
        self._screen = screen
        self._display = display
        self._task = task

    def __call__(self, event: Event) -> None:
        """Take one event."""
        watch = self._screen.watch
        watch.job_id = event.job_id or watch.job_id
        if event.kind == "warning":
            # Some are to be read before anything is paid, and an error's document has none.
            self._screen.note(f"Warning: {event.text}", style="yellow")
            watch.said.add(event.text)
        elif event.kind == "sending" and not _is_local(event.provider):
            watch.spending = True
        if self._display is None or self._task is None:
            return
        if event.kind == "chosen":
            self._display.console.print(
                f"Using {clean(event.text)}", style="dim", markup=False, highlight=False
            )
        elif event.kind != "warning":
            again = f" (try {event.attempt})" if event.attempt > 1 else ""
            self._display.update(
                self._task,
                description=clean(event.text or event.kind) + again,
                total=None if event.progress is None else 1.0,
                completed=event.progress or 0.0,
            )


@contextmanager
def following(screen: Screen) -> Iterator[Follower]:
    """A follower of one job, with a moving line on stderr when that is a terminal."""
    screen.watch.said = set()
    if not screen.lively:
        yield Follower(screen, None, None)
        return
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TimeElapsedColumn(),
        console=screen.err,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    ) as display:
        yield Follower(screen, display, display.add_task("looking at the picture", total=None))


def _is_local(provider: str) -> bool:
    from ..discovery import registry
    from ..errors import ImgEditError

    try:
        return registry().manifest(provider).local
    except ImgEditError:
        return False
