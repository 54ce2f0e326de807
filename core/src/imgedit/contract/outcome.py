"""What a provider makes of an answer: done, next, or wait."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from attrs import evolve, field, frozen

from .convert import as_tuple
from .image import ImageSource
from .money import to_amount


def _moment(value: Any) -> datetime | None:
    """What cannot be read is left out: a date beside a paid picture must not lose it."""
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@frozen(kw_only=True)
class Output:
    """One picture of a result: exactly one of `url`, `base64` and `image`.

    Attributes:
        url: where it can be fetched, as the vendor wrote it.
        base64: its bytes as base64 text, with or without a `data:` prefix.
        image: a picture that came in the answer (`response.picture`).
        media_type, sha256, size: what the vendor announces; checked after the download. In another
            form than a text, 64 hex digits and a number it is left out, with a warning.
        expires_at: when the URL ends (datetime or ISO text; without a zone it is UTC); None when
            it cannot be read.
        variants: the same picture in other formats, {"jpeg": Output(...)}.
    """

    url: str | None = None
    base64: str | None = field(default=None, repr=False)
    image: ImageSource | None = None
    media_type: str | None = None
    sha256: str | None = None
    size: int | None = None
    expires_at: datetime | None = field(default=None, converter=_moment)
    variants: Mapping[str, Output] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        if sum(value is not None for value in (self.url, self.base64, self.image)) != 1:
            raise ValueError("an Output has exactly one of url, base64 and image")
        if self.url is not None and not isinstance(self.url, str):
            raise ValueError("the url of an Output is a string")


@frozen(kw_only=True)
class Facts:
    """What an answer says beside the picture.

    Attributes:
        vendor_ids: the vendor's names for this job, {"id": "..."}.
        cost, balance: in the manifest's unit; int, str or Decimal, a float is refused.
        model: the model the vendor says it used.
        ai_generated: what the vendor says of the result.
        warnings: sentences for the user.
    """

    vendor_ids: Mapping[str, str] = field(factory=dict)
    cost: Decimal | None = field(default=None, converter=to_amount)
    balance: Decimal | None = field(default=None, converter=to_amount)
    model: str | None = None
    ai_generated: bool | None = None
    warnings: tuple[str, ...] = field(default=(), converter=as_tuple)

    def merged(self, later: Facts) -> Facts:
        """These facts with later ones laid over them; warnings add up, each once."""
        if later == _NOTHING_TOLD:
            return self
        return evolve(
            self,
            vendor_ids={**self.vendor_ids, **later.vendor_ids},
            cost=self.cost if later.cost is None else later.cost,
            balance=self.balance if later.balance is None else later.balance,
            model=later.model or self.model,
            ai_generated=self.ai_generated if later.ai_generated is None else later.ai_generated,
            warnings=tuple(dict.fromkeys((*self.warnings, *later.warnings))),
        )


_NOTHING_TOLD: Final = Facts()

State = Mapping[str, Any]


@frozen
class Done:
    """The edit is finished; `refresh` is a state whose free exchange gives fresh URLs."""

    images: Sequence[Output] = field(converter=as_tuple)
    facts: Facts = field(factory=Facts, kw_only=True)
    refresh: State | None = field(default=None, kw_only=True)


@frozen
class Next:
    """Go on at once with `build_request` in this state."""

    state: State
    facts: Facts = field(factory=Facts, kw_only=True)


@frozen
class Wait:
    """Go on with this state after `seconds`; None = the manifest's poll schedule.

    `progress` is a share of the work, 0 to 1, when the vendor tells.
    """

    state: State
    seconds: float | None = field(default=None, kw_only=True)
    facts: Facts = field(factory=Facts, kw_only=True)
    progress: float | None = field(default=None, kw_only=True)


Step = Done | Next | Wait
