"""One edit on its way, as a provider's hooks see it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from attrs import field, frozen

from .image import ImageSource
from .model import Model
from .outcome import Done, Facts, State
from .request import EditRequest

Status = Literal["planned", "sent", "accepted", "done", "failed", "canceled", "unknown"]
STATUSES: tuple[Status, ...] = (
    "planned",
    "sent",
    "accepted",
    "done",
    "failed",
    "canceled",
    "unknown",
)


@frozen(kw_only=True)
class Job:
    """What is needed to go on with an edit; a value, hooks return a new state.

    Attributes:
        id: ours, sorts by time; provider: the entry point's name.
        request, model: what is asked, of which model.
        state: a small JSON object that the provider's own hooks write.
        status: "planned", "sent" (a submit left, its answer is not stored), "accepted",
            "done", "failed", "canceled", "unknown".
        exchanges: how many requests were sent; waits: how many times it waited.
        sent_at: when the submit left (aware), or None.
        taken: vendor ids that belong to our other jobs of this provider.
        rivals: when our other edits left, within an hour of this one, of which the provider's name
            is not known yet: what looks like this edit may be one of them.
        facts: gathered so far; done: the result, once there.
    """

    id: str
    provider: str
    request: EditRequest
    model: Model
    state: State = field(factory=dict)
    status: Status = "planned"
    exchanges: int = 0
    waits: int = 0
    sent_at: datetime | None = None
    taken: frozenset[str] = frozenset()
    rivals: tuple[datetime, ...] = ()
    facts: Facts = field(factory=Facts)
    done: Done | None = None

    def handle(self, image: ImageSource) -> str:
        """The vendor's name for a picture: its URL, or what `uploaded` stored.

        Raises:
            KeyError: it is neither a URL nor uploaded yet (see `to_upload`).
        """
        if image.url is not None:
            return image.url
        handles: Mapping[str, str] = self.state.get("handles", {})
        return handles[image.sha256 or ""]

    @property
    def to_upload(self) -> tuple[ImageSource, ...]:
        """The pictures that are neither a URL nor uploaded yet, each once."""
        handles = self.state.get("handles", {})
        missing: dict[str | None, ImageSource] = {}
        for image in self.request.pictures:
            if image.url is None and image.sha256 not in handles:
                missing.setdefault(image.sha256, image)
        return tuple(missing.values())

    def uploaded(self, image: ImageSource, handle: str) -> dict[str, Any]:
        """The state in which `image` has this handle."""
        handles = {**self.state.get("handles", {}), image.sha256 or "": handle}
        return {**self.state, "handles": handles}

    def wire(self) -> dict[str, Any]:
        """The scalar fields that are set, under the vendor's names and values.

        Pictures are not among them: that is where vendors really differ.
        """
        from ..manifest.wire import to_wire

        return to_wire(self.request, self.model)
