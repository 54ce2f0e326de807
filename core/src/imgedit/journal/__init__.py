"""Jobs on disk: the journal that the command line keeps and `Client(journal=path)` asks for."""

from __future__ import annotations

from .open import open_journal
from .render import job_row
from .sqlite import SqliteJournal

__all__ = ["SqliteJournal", "job_row", "open_journal"]
