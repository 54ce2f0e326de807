"""One SQLite file: opened, recognized, brought up to date, and used in whole transactions."""

from __future__ import annotations

import os
import sqlite3
import time
import weakref
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any

from ..engine.ways import Way
from ..errors import JournalError
from .owner import Owner, this_process
from .place import keep_to_ourselves, private_file, private_folder
from .schema import APPLICATION, VERSION, bring_up
from .trouble import in_plain_words


class Database:
    """The file of a journal, 0600; every method raises JournalError.

    Args:
        path: the file; it is made when it is not there.
        patience: seconds to wait for another process that holds the file.
        wipe: whether what is deleted is overwritten.

    Attributes:
        way: who knows its jobs, when it is said how they go on.
    """

    way: Way = "client"

    def __init__(self, path: str | os.PathLike[str], *, patience: float, wipe: bool) -> None:
        self.path = absolute(path)
        self._patience = patience
        self._wipe = wipe
        self._lock = Lock()
        self._owner = this_process()
        private_folder(self.path.parent, "the journal")
        private_file(self.path)
        try:
            self._connection = sqlite3.connect(
                self.path, timeout=patience, isolation_level=None, check_same_thread=False
            )
            # A client that is dropped without being closed leaves no open file behind.
            self._close = weakref.finalize(self, _end, self._connection, self._owner)
            try:
                self._prepare()
            except BaseException:
                self._close()
                raise
        except sqlite3.Error as error:
            raise in_plain_words(error, self.path, patience) from error
        self._owner.open()
        keep_to_ourselves(self.path)

    # Both are for use inside `with self._lock`. Ctrl-C comes between two steps of Python, so that a
    # lock that is taken in an `__enter__` of ours, or given back in an `__exit__`, may stay taken.

    def _alone(self) -> _Alone:
        """Use of the file; errors of SQLite become JournalErrors."""
        return _Alone(self)

    def _transaction(self) -> _Transaction:
        """`execute`, in a transaction that nobody else writes beside; it is undone by any error."""
        return _Transaction(self)

    def _rows(self, query: str, values: Sequence[Any] = ()) -> list[Any]:
        with self._lock, self._alone():
            return self._connection.execute(query, values).fetchall()

    def _prepare(self) -> None:
        """Make the tables, or see that they are ours, and that the file can be written."""
        run = self._connection.execute
        self._recognize()
        self._write_ahead()
        run("PRAGMA synchronous = FULL")
        if self._wipe:
            run("PRAGMA secure_delete = ON")
        run("BEGIN IMMEDIATE")
        version = self._recognize()
        bring_up(self._connection, version)
        run("ROLLBACK" if version == VERSION else "COMMIT")

    def _recognize(self) -> int:
        """The version of the tables, 0 = there are none yet."""
        query = (
            "SELECT user_version, application_id, (SELECT count(*) FROM sqlite_master) "
            "FROM pragma_user_version, pragma_application_id"
        )
        ((version, application, tables),) = self._connection.execute(query)
        if application != APPLICATION and (tables or application):
            raise JournalError(
                f"the file {self.path} is a database of another program",
                hint="Choose another place for the journal.",
            )
        if version > VERSION:
            raise JournalError(
                f"the journal {self.path} was written by a newer imgedit "
                f"(version {version} of its tables; this one knows {VERSION})",
                hint="Update imgedit, or choose another place for the journal.",
            )
        return int(version)

    def _write_ahead(self) -> None:
        """Turn write-ahead logging on: it is a property of the file, kept from then on."""
        deadline = time.monotonic() + self._patience
        while True:
            try:
                self._connection.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                # SQLite does not wait for this lock by itself when several start at once.
                busy = (error.sqlite_errorcode & 0xFF) == sqlite3.SQLITE_BUSY
                if not busy or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)


class _Alone:
    """What `Database._alone` returns: a class, as an edit enters it several times."""

    __slots__ = ("_database",)

    def __init__(self, database: Database) -> None:
        self._database = database

    def __enter__(self) -> None:
        database = self._database
        assert database._lock.locked(), "another thread's transaction would be undone"
        if database._close.alive and database._connection.in_transaction:
            with suppress(sqlite3.Error):  # Ctrl-C came before its end
                database._connection.execute("ROLLBACK")

    def __exit__(
        self, _: type | None, error: BaseException | None, __: TracebackType | None
    ) -> None:
        if isinstance(error, sqlite3.Error):
            database = self._database
            raise in_plain_words(error, database.path, database._patience) from error


class _Transaction:
    """What `Database._transaction` returns."""

    __slots__ = ("_alone", "_connection")

    def __init__(self, database: Database) -> None:
        self._alone = _Alone(database)
        self._connection = database._connection

    def __enter__(self) -> Any:
        self._alone.__enter__()
        try:
            run = self._connection.execute
            run("BEGIN IMMEDIATE")
        except BaseException as error:
            self.__exit__(type(error), error, None)
            raise
        return run

    def __exit__(
        self, kind: type | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._connection.execute("COMMIT")
        except BaseException as failed:
            error = failed
            raise
        finally:
            if error is not None:
                with suppress(sqlite3.Error):  # nothing was begun, or it is closed
                    self._connection.execute("ROLLBACK")
            self._alone.__exit__(kind, error, trace)


def absolute(path: str | os.PathLike[str]) -> Path:
    """The path as it is now, also when the working directory changes."""
    return Path(os.path.expanduser(path)).absolute()


def _end(connection: sqlite3.Connection, owner: Owner) -> None:
    owner.close()
    connection.close()
