"""Which exit code a failure has, and the two failures that only a program can have."""

from __future__ import annotations

from ..errors import (
    AuthenticationError,
    BudgetExceeded,
    ConfigError,
    ContentRejected,
    ImgEditError,
    InsufficientCredits,
    JournalError,
    LegallyUnavailable,
    OutputError,
    PermissionDenied,
    PluginError,
    ProviderError,
    RateLimited,
    UnknownProvider,
    UsageError,
    ValidationError,
)

INTERRUPTED = 130
BUG = 70
UNKNOWN = 8
SOME_FAILED = 1
PLUGIN = 9

# The first row that fits counts.
_CODES: tuple[tuple[int, tuple[type[ImgEditError], ...]], ...] = (
    (2, (UsageError, ConfigError, ValidationError, UnknownProvider)),
    (3, (AuthenticationError, PermissionDenied)),
    (4, (BudgetExceeded, InsufficientCredits)),
    (5, (ContentRejected, LegallyUnavailable)),
    (6, (RateLimited,)),
    (7, (ProviderError,)),
    (PLUGIN, (PluginError,)),
    (10, (OutputError, JournalError)),
)


class Interrupted(ImgEditError):
    """The user pressed Ctrl-C."""


class InternalError(ImgEditError):
    """A bug of imgedit itself."""


def exit_code(error: ImgEditError) -> int:
    """The exit code for an error; 8 whenever it is not known whether money was spent."""
    if isinstance(error, Interrupted):
        return INTERRUPTED
    if error.charged == "unknown":
        return UNKNOWN
    return next((code for code, classes in _CODES if isinstance(error, classes)), BUG)
