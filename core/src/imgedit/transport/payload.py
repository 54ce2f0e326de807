"""An `Encoded` body as aiohttp takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from aiohttp.payload import Payload

from .body import Encoded

if TYPE_CHECKING:
    from aiohttp.abc import AbstractStreamWriter


class EncodedPayload(Payload):
    """Writes the pieces of a body; may be written more than once.

    `failure` keeps why it could not be written to its end: aiohttp would report a network error.
    """

    _autoclose = True

    def __init__(self, encoded: Encoded, files: list[BinaryIO]) -> None:
        super().__init__(encoded)
        self._encoded = encoded
        self._files = files
        self.failure: Exception | None = None

    @property
    def size(self) -> int:
        """Bytes of the whole, for Content-Length."""
        return self._encoded.size

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Refused: a body is bytes, and may not fit in memory."""
        raise TypeError("a body is not text")

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Write all of it."""
        try:
            async for piece in self._encoded.pieces(self._files):
                await writer.write(piece)
        except OSError:
            raise
        except Exception as error:
            self.failure = error
            raise OSError(str(error)) from None
