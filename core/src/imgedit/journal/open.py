"""The journal that the configuration asks for."""

from __future__ import annotations

from pathlib import Path

from ..config.load import Config
from ..config.paths import Paths
from .sqlite import SqliteJournal


def open_journal(config: Config, paths: Paths) -> SqliteJournal | None:
    """Open the journal of the configuration, the usual one when it names none; None = off.

    Raises:
        JournalError: it cannot be opened.
    """
    if config.journal is False:
        return None
    path: Path = paths.journal
    spool: Path | None = paths.spool
    if isinstance(config.journal, Path):
        path, spool = config.journal, None
    journal = SqliteJournal(path, spool=spool, keep_prompts=config.keep_prompts)
    journal.way = "command"
    return journal
