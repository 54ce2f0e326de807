"""The log on stderr: warnings always, everything with `--verbose`, keys never."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property


@contextmanager
def logging_to_stderr(*, verbose: bool) -> Iterator[None]:
    """While this holds, imgedit's log goes to stderr."""
    logger = logging.getLogger("imgedit")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Masked(verbose=verbose))
    level, propagate = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG if verbose else logging.WARNING)
    logger.propagate = False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
        logger.propagate = propagate


class _Masked(logging.Formatter):
    """Lines without a key in any form; tracebacks only when everything is wanted."""

    def __init__(self, *, verbose: bool) -> None:
        if verbose:
            super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")
        else:
            super().__init__("Warning: %(message)s")
        self._verbose = verbose

    def format(self, record: logging.LogRecord) -> str:
        if not self._verbose:
            record = logging.makeLogRecord({**record.__dict__, "exc_info": None, "exc_text": None})
        text = super().format(record)
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text

    @cached_property
    def _secrets(self) -> tuple[str, ...]:
        return known_secrets()


def known_secrets() -> tuple[str, ...]:
    """Every key that could be used here, and every form derived from it, longest first."""
    from ..config import Paths, find_key
    from ..discovery import registry
    from ..errors import ImgEditError
    from ..manifest import secrets

    found: set[str] = set()
    try:
        file = Paths.from_environment().keys_file
    except ImgEditError:
        file = None
    for row in registry().rows():
        if row.key is None:
            continue
        try:
            manifest = registry().manifest(row.name)
            keys = find_key((manifest.auth or {}).get("env"), row.name, file=file)
        except ImgEditError:
            continue  # there is no key, or none that would be sent
        found.update(secrets(manifest, keys))
    return tuple(sorted(found, key=len, reverse=True))
