"""The log on stderr: warnings always, everything with `--verbose`, keys never."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from ..transport.credentials import Credentials, mask_every


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
        self._learned = False

    def format(self, record: logging.LogRecord) -> str:
        if not self._verbose:
            record = logging.makeLogRecord({**record.__dict__, "exc_info": None, "exc_text": None})
        text = super().format(record)
        if not self._learned:
            self._learned = True  # first: what is done there may log
            _learn_keys()
        return mask_every(text)


def _learn_keys() -> None:
    """Know every key that lies ready here, before it is used for the first time.

    Programs and keyrings are not asked: what they give is known from the moment it is used.
    """
    from ..config import Paths, find_key
    from ..discovery import registry
    from ..errors import ImgEditError
    from ..manifest import auth_headers, key_names

    try:
        file = Paths.from_environment().keys_file
    except ImgEditError:
        file = None
    for row in registry().rows():
        if row.key is None:
            continue
        try:
            manifest = registry().manifest(row.name)
            keys = find_key(key_names(manifest), row.name, file=file)
        except ImgEditError:
            continue  # there is no key, or none that would be sent
        Credentials(auth_headers(manifest, keys), list(keys.values()))
