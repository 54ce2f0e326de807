"""What to do next, for each kind of refusal."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING

from ..errors import (
    AuthenticationError,
    Charged,
    ContentRejected,
    ImageRejected,
    InsufficientCredits,
    InvalidRequest,
    LegallyUnavailable,
    ModelUnavailable,
    NotFound,
    PermissionDenied,
    ProviderError,
    ProviderUnavailable,
    QuotaExhausted,
    RateLimited,
    UnexpectedResponse,
)
from .auth import key_names

if TYPE_CHECKING:
    from .read import Manifest


_DAY = 86_400


def hint_for(
    cls: type[ProviderError], manifest: Manifest, charged: Charged, wait: float | None = None
) -> str | None:
    """One sentence; `wait` is what the vendor asked for.

    To try again, or elsewhere, is advised only where nothing was charged: else it could be paid
    twice, and None leaves it to the engine, which knows the job.
    """
    site = f" at {manifest.homepage}" if manifest.homepage else ""
    free = charged == "no"
    if issubclass(cls, AuthenticationError):
        names = [variables[0] for variables in key_names(manifest).values()]
        return f"Check the key ({', '.join(names)})." if names else None
    if issubclass(cls, InsufficientCredits):
        return f"Add credit to the account{site}{', or choose a cheaper model' if free else ''}."
    if issubclass(cls, PermissionDenied):
        return f"See what the account's plan allows{site}."
    if issubclass(cls, ImageRejected):
        return "Give another picture, or convert this one to PNG or JPEG."
    if issubclass(cls, ModelUnavailable):
        return f"See `imgedit models {manifest.name}`."
    if issubclass(cls, ContentRejected | LegallyUnavailable):
        return "Change the prompt or the picture."
    if issubclass(cls, QuotaExhausted):
        return f"Wait until the quota is renewed{', or use another provider' if free else ''}."
    if not free:
        return None
    if issubclass(cls, InvalidRequest):
        return (
            f"Change what it names; `imgedit models {manifest.name}` shows what can be asked for."
        )
    if issubclass(cls, NotFound | UnexpectedResponse):
        return "Try again later; if it stays so, look for a newer version of the plugin."
    if issubclass(cls, RateLimited | ProviderUnavailable) and wait and wait <= _DAY:
        return f"Try again in {ceil(wait):,} s."
    return "Try again later."
