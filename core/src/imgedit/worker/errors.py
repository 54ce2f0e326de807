"""How a job in the worker can fail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

Kind = Literal["refused", "raised", "memory", "killed", "exited", "start", "answer", "request"]


class WorkerFailed(Exception):
    """The worker has no result. Nothing was charged: a local function never spends.

    Attributes:
        message: what happened, short plain English; also `str()` of this. Advice is the caller's.
        kind:
            "refused"  the function raised a class of `imgedit.errors`: `type` is its name,
                       `message` its message, `facts` its hint, code, retryable and problems
                       (each with path, message and code);
            "raised"   it raised anything else, or could not be found: `type` names the class;
            "memory"   it ran out of memory;
            "killed"   a signal ended the child, or the worker was stopped;
            "exited"   the child ended by itself;
            "start"    the child could not be started;
            "answer"   what the function returned, or the child sent, is not JSON or too large;
            "request"  the arguments are not JSON or too large; nothing was run.
        type: the name of the exception's class, or None.
        facts: see "refused"; else empty.
        trace: the end of the traceback or of the child's standard error, for a log; may be "".
    """

    def __init__(
        self,
        kind: Kind,
        message: str,
        type: str | None = None,  # noqa: A002 - the attribute's name
        facts: Mapping[str, Any] | None = None,
        trace: str = "",
    ) -> None:
        # All of it in `args`, so that the exception can be pickled.
        super().__init__(kind, message, type, facts, trace)
        self.kind: Kind = kind
        self.message = message
        self.type = type
        self.facts: Mapping[str, Any] = facts or {}
        self.trace = trace

    def __str__(self) -> str:
        return self.message
