"""What happens on the way of an edit, for progress displays and logs."""

from __future__ import annotations

from typing import Literal

from attrs import frozen

Kind = Literal[
    "chosen",
    "quoted",
    "uploading",
    "sending",
    "accepted",
    "waiting",
    "retrying",
    "downloading",
    "done",
    "warning",
]


@frozen(kw_only=True)
class Event:
    """One step of an edit.

    Attributes:
        kind: what happened.
        job_id, provider, model: whose step it is.
        text: a short sentence for a person.
        progress: a share of the work, 0 to 1, or None.
        seconds: how long the next step waits, or None.
        attempt: which try this is, from 1.
    """

    kind: Kind
    job_id: str | None
    provider: str
    model: str | None = None
    text: str = ""
    progress: float | None = None
    seconds: float | None = None
    attempt: int = 1
