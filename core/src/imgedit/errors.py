"""Every error that imgedit raises on purpose.

::

    ImgEditError
    ├── UsageError                 the call itself is wrong
    ├── ConfigError                a setting, a key or the installation is wrong
    ├── ValidationError            the request was refused before anything was sent (all problems)
    ├── OutputError                the picture cannot be written
    ├── JournalError               the journal cannot be read or written
    ├── BudgetExceeded             the price is over what was allowed
    ├── PluginError                a plugin broke the contract
    │   ├── UnknownProvider        not installed
    │   ├── BrokenPlugin           installed but it does not load
    │   ├── IncompatiblePlugin     written for another version of the core
    │   └── AmbiguousProvider      two distributions claim one name
    └── ProviderError              the vendor, or the way to it
        ├── AuthenticationError
        ├── InsufficientCredits
        ├── PermissionDenied
        ├── NotFound
        ├── InvalidRequest
        │   ├── ImageRejected
        │   └── ModelUnavailable
        ├── ContentRejected
        ├── LegallyUnavailable
        ├── Conflict
        ├── RateLimited
        │   └── QuotaExhausted     the quota of a day or a plan: waiting does not help
        ├── ProviderUnavailable
        ├── NetworkError           not sent
        ├── DeadlineExceeded       the job goes on at the vendor and can be resumed
        ├── JobFailed
        ├── UnexpectedResponse     the answer cannot be understood
        ├── DownloadFailed         paid, can be fetched later
        └── OutcomeUnknown         may have been charged

Each says what happened, whether money was spent (`charged`), and what to do next (`hint`).
"""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Literal, get_args

if TYPE_CHECKING:
    from .contract.model import Problem
    from .contract.money import Money

Charged = Literal["yes", "no", "unknown"]

_MONEY: Mapping[str, str] = {
    "no": "Nothing was charged.",
    "yes": "The edit was charged.",
    "unknown": "It is not known whether the edit was charged.",
}


class ImgEditError(Exception):
    """Base of all errors of imgedit.

    Attributes:
        message: what happened, one sentence.
        hint: what to do next, or None.
        charged: "yes", "no" or "unknown"; charge_is_said: whether who raised it said so, so that
            the engine, which knows what was sent, does not correct it.
        retryable: whether the same call may succeed later without a change.
        retry_after: seconds to wait before that, when the vendor said so.
        provider, distribution: who is concerned ("acme", "imgedit-acme 0.1.0").
        status, code, request_id: of the vendor's answer.
        job_id: the job, when there is one.
        job: the whole job as JSON text, for `Client.resume`, when it can go on; only_here: whether
            that is the only copy of a paid answer, because it could be stored nowhere.
        cost: what a failed but billed job cost, or None.
        problems: what is wrong with the request, each a `Problem`.
        body: the first bytes of an answer that could not be understood, as text.
    """

    default_charged: ClassVar[Charged] = "no"
    default_retryable: ClassVar[bool] = False
    default_hint: ClassVar[str | None] = None

    message: str
    hint: str | None
    charged: Charged
    charge_is_said: bool
    retryable: bool
    retry_after: float | None
    provider: str | None
    distribution: str | None
    status: int | None
    code: str | None
    request_id: str | None
    job_id: str | None
    job: str | None
    only_here: bool = False
    cost: Money | None
    problems: tuple[Problem, ...]

    def __init__(
        self,
        message: str = "",
        *,
        hint: str | None = None,
        charged: Charged | None = None,
        retryable: bool | None = None,
        retry_after: float | None = None,
        provider: str | None = None,
        distribution: str | None = None,
        status: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
        job_id: str | None = None,
        job: str | None = None,
        cost: Money | None = None,
        problems: Sequence[Problem] = (),
    ) -> None:
        super().__init__(message)
        if charged is not None and charged not in get_args(Charged):
            raise ValueError(f"charged is 'yes', 'no' or 'unknown', not {charged!r}")
        self.message = message
        self.hint = self.default_hint if hint is None else hint
        self.charged = self.default_charged if charged is None else charged
        self.charge_is_said = charged is not None
        self.retryable = self.default_retryable if retryable is None else retryable
        self.retry_after = retry_after
        self.provider = provider
        self.distribution = distribution
        self.status = status
        self.code = code
        self.request_id = request_id
        self.job_id = job_id
        self.job = job
        self.cost = cost
        self.problems = tuple(problems)

    def __str__(self) -> str:
        """What happened, whether money was spent, what to do next."""
        money = _MONEY[self.charged]
        if self.cost is not None and self.charged != "no":
            money = f"It cost {self.cost}."
        return " ".join(part for part in (_sentence(self.message), money, self.hint) if part)

    def fill(self, **facts: Any) -> None:
        """Set the attributes that are still None (an inner layer knows less than an outer)."""
        for name, value in facts.items():
            if getattr(self, name) is None:
                setattr(self, name, value)


def _sentence(text: str) -> str:
    text = text.rstrip()
    return text if not text or text[-1] in ".!?:" else text + "."


class UsageError(ImgEditError):
    """The call itself is wrong: an unknown option, two things that exclude each other."""


class ConfigError(ImgEditError):
    """A setting, a key or the installation is wrong."""


class ValidationError(ImgEditError):
    """The request was refused before anything was sent; `problems` holds every reason."""

    def __init__(self, message: str = "", **facts: Any) -> None:
        problems = facts.get("problems", ())
        if not message and problems:
            message = "; ".join(str(problem) for problem in problems)
        super().__init__(message, **facts)


class OutputError(ImgEditError):
    """The picture cannot be written where it was asked for.

    `mend` is what helps there: a job that is stored, and may be paid, keeps its place.
    """

    def __init__(self, message: str = "", *, mend: str | None = None, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.mend = mend


class JournalError(ImgEditError):
    """The journal cannot be read or written."""


class BudgetExceeded(ImgEditError):
    """The price is over what was allowed, or no upper bound of it is known."""


class PluginError(ImgEditError):
    """A plugin broke the contract; `distribution` names whose it is."""


class UnknownProvider(PluginError):
    """No installed plugin has this name."""


class BrokenPlugin(PluginError):
    """The plugin is installed but cannot be loaded."""


class IncompatiblePlugin(PluginError):
    """The plugin was written for another version of the core; both versions are named."""


class AmbiguousProvider(PluginError):
    """Two distributions claim one provider name; both are named."""


class ProviderError(ImgEditError):
    """The vendor refused or failed, or could not be reached."""


class AuthenticationError(ProviderError):
    """The vendor did not take the key."""


class InsufficientCredits(ProviderError):
    """The account has too little money or too few credits."""


class PermissionDenied(ProviderError):
    """The key is good, but not for this."""


class NotFound(ProviderError):
    """The vendor does not know the path or the job."""


class InvalidRequest(ProviderError):
    """The vendor did not take the request as it is."""


class ImageRejected(InvalidRequest):
    """The vendor did not take the picture."""


class ModelUnavailable(InvalidRequest):
    """The model does not exist, is retired, or is not open to this account."""


class ContentRejected(ProviderError):
    """The vendor's content policy refused the prompt, the picture or the result."""


class LegallyUnavailable(ProviderError):
    """The law forbids the vendor to do it (451)."""


class Conflict(ProviderError):
    """The request collides with another one (409)."""


class RateLimited(ProviderError):
    """Too many requests; `retry_after` says when to come back, if the vendor did."""

    default_retryable = True


class QuotaExhausted(RateLimited):
    """The quota of a day or a plan is used up: waiting a little does not help."""

    default_retryable = False


class ProviderUnavailable(ProviderError):
    """The vendor is down or overloaded."""

    default_retryable = True


class NetworkError(ProviderError):
    """The vendor could not be reached; the request was not sent."""

    default_retryable = True
    default_hint = "Check the network, and the provider's address if you set one."


class DeadlineExceeded(ProviderError, TimeoutError):
    """The time given ran out; the job can be resumed and `job` holds it."""


class JobFailed(ProviderError):
    """The vendor took the job and could not do it."""


class UnexpectedResponse(ProviderError):
    """The answer cannot be understood."""

    default_charged = "unknown"


class DownloadFailed(ProviderError):
    """The edit is done and paid; its picture could not be fetched yet."""

    default_charged = "yes"


class OutcomeUnknown(ProviderError):
    """The request was sent and its answer was lost: it may have been charged."""

    default_charged = "unknown"


@functools.cache
def provider_errors() -> Mapping[str, type[ProviderError]]:
    """The classes that a manifest's error row may name, by name."""
    found: dict[str, type[ProviderError]] = {"ProviderError": ProviderError}
    stack = [ProviderError]
    while stack:
        for cls in stack.pop().__subclasses__():
            if cls.__module__ == __name__:
                found[cls.__name__] = cls
                stack.append(cls)
    return MappingProxyType(found)
