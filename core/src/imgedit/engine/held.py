"""A small result in memory, which becomes a file when somebody asks where it lies."""

from __future__ import annotations

from pathlib import Path

from attrs import define

from ..files import write_private
from .output import cannot_write
from .temporary import lives


@define(eq=False)
class Held:
    """The bytes of a picture of a client without a journal.

    Attributes:
        data: the bytes. path: where the file will lie, in the client's temporary spool.
    """

    data: bytes
    path: Path
    _is_file: bool = False

    def write(self) -> None:
        """Make the file, unless it is there or the spool ended with its client.

        Raises:
            OutputError: it cannot be written.
        """
        if self._is_file or not lives(self.path.parent):
            return
        try:
            write_private(self.path, self.data, durable=False)
        except OSError as error:
            raise cannot_write(self.path, error) from None
        self._is_file = True
