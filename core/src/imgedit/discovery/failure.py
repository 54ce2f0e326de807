"""Why a plugin cannot be used, remembered per name."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from attrs import frozen

from ..errors import AmbiguousProvider, BrokenPlugin, IncompatiblePlugin, PluginError

if TYPE_CHECKING:
    from .places import Place

Places = Callable[[], "tuple[Place, ...]"]
"""File and line of what is wrong: looked for when somebody wants to see them."""

Status = Literal["ok", "broken", "incompatible", "ambiguous"]

_CLASSES: dict[str, type[PluginError]] = {
    "broken": BrokenPlugin,
    "incompatible": IncompatiblePlugin,
    "ambiguous": AmbiguousProvider,
}


class Refused(Exception):
    """Raised inside discovery: this plugin cannot be used, for this reason."""

    def __init__(
        self,
        reason: str,
        *,
        status: Status = "broken",
        hint: str | None = None,
        places: Places = tuple,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status: Status = status
        self.hint = hint
        self.places = places


@frozen(kw_only=True)
class Failure:
    """What `Refused` said, without its traceback: it is raised again at every use."""

    name: str
    label: str
    status: Status
    reason: str
    hint: str | None
    places: Places = tuple

    @classmethod
    def of(cls, refused: Refused, *, name: str, label: str) -> Failure:
        """Remember a refusal."""
        return cls(
            name=name,
            label=label,
            status=refused.status,
            reason=refused.reason,
            hint=refused.hint,
            places=refused.places,
        )

    def error(self, what: str = "provider") -> PluginError:
        """A new error that says it."""
        message = f"{what} {self.name!r} ({self.label}) is installed but broken: {self.reason}"
        if self.status == "incompatible":
            message = f"{what} {self.name!r} does not fit this core: {self.reason}"
        elif self.status == "ambiguous":
            message = self.reason
        return _CLASSES[self.status](
            message,
            hint=self.hint,
            provider=self.name if what == "provider" else None,
            distribution=None if self.status == "ambiguous" else self.label,
        )
