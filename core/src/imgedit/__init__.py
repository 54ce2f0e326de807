"""imgedit: one Python API for every AI image-editing service; each service is a plugin.

Names are imported on first use, so that `import imgedit` costs next to nothing.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from .client import Client
    from .contract.event import Event
    from .contract.exchange import (
        Base64,
        DataURI,
        FilePart,
        HttpRequest,
        HttpResponse,
        Json,
        LocalRequest,
        Multipart,
        Raw,
    )
    from .contract.image import ImageSource
    from .contract.job import Job
    from .contract.model import Model, Problem
    from .contract.money import Money, Part, Quote
    from .contract.outcome import Done, Facts, Next, Output, Wait
    from .contract.request import EditRequest, Reference
    from .discovery import register
    from .engine.journal import Journal
    from .errors import (
        AmbiguousProvider,
        AuthenticationError,
        BrokenPlugin,
        BudgetExceeded,
        ConfigError,
        Conflict,
        ContentRejected,
        DeadlineExceeded,
        DownloadFailed,
        ImageRejected,
        ImgEditError,
        IncompatiblePlugin,
        InsufficientCredits,
        InvalidRequest,
        JobFailed,
        JournalError,
        LegallyUnavailable,
        ModelUnavailable,
        NetworkError,
        NotFound,
        OutcomeUnknown,
        OutputError,
        PermissionDenied,
        PluginError,
        ProviderError,
        ProviderUnavailable,
        QuotaExhausted,
        RateLimited,
        UnexpectedResponse,
        UnknownProvider,
        UsageError,
        ValidationError,
    )
    from .hookspecs import HOOK_API, hookimpl
    from .job import EditJob
    from .ledger.budgets import Budget
    from .result import EditResult, ResultImage
    from .sync import SyncClient, edit

_HOME = {
    "client": ("Client",),
    "job": ("EditJob",),
    "discovery": ("register",),
    "engine.journal": ("Journal",),
    "ledger.budgets": ("Budget",),
    "result": ("EditResult", "ResultImage"),
    "sync": ("SyncClient", "edit"),
    "hookspecs": ("HOOK_API", "hookimpl"),
    "contract.event": ("Event",),
    "contract.exchange": (
        "Base64",
        "DataURI",
        "FilePart",
        "HttpRequest",
        "HttpResponse",
        "Json",
        "LocalRequest",
        "Multipart",
        "Raw",
    ),
    "contract.image": ("ImageSource",),
    "contract.job": ("Job",),
    "contract.model": ("Model", "Problem"),
    "contract.money": ("Money", "Part", "Quote"),
    "contract.outcome": ("Done", "Facts", "Next", "Output", "Wait"),
    "contract.request": ("EditRequest", "Reference"),
    "errors": (
        "AmbiguousProvider",
        "AuthenticationError",
        "BrokenPlugin",
        "BudgetExceeded",
        "ConfigError",
        "Conflict",
        "ContentRejected",
        "DeadlineExceeded",
        "DownloadFailed",
        "ImageRejected",
        "ImgEditError",
        "IncompatiblePlugin",
        "InsufficientCredits",
        "InvalidRequest",
        "JobFailed",
        "JournalError",
        "LegallyUnavailable",
        "ModelUnavailable",
        "NetworkError",
        "NotFound",
        "OutcomeUnknown",
        "OutputError",
        "PermissionDenied",
        "PluginError",
        "ProviderError",
        "ProviderUnavailable",
        "QuotaExhausted",
        "RateLimited",
        "UnexpectedResponse",
        "UnknownProvider",
        "UsageError",
        "ValidationError",
    ),
}
_WHERE = {name: module for module, names in _HOME.items() for name in names}

__all__ = [
    "HOOK_API",
    "AmbiguousProvider",
    "AuthenticationError",
    "Base64",
    "BrokenPlugin",
    "Budget",
    "BudgetExceeded",
    "Client",
    "ConfigError",
    "Conflict",
    "ContentRejected",
    "DataURI",
    "DeadlineExceeded",
    "Done",
    "DownloadFailed",
    "EditJob",
    "EditRequest",
    "EditResult",
    "Event",
    "Facts",
    "FilePart",
    "HttpRequest",
    "HttpResponse",
    "ImageRejected",
    "ImageSource",
    "ImgEditError",
    "IncompatiblePlugin",
    "InsufficientCredits",
    "InvalidRequest",
    "Job",
    "JobFailed",
    "Journal",
    "JournalError",
    "Json",
    "LegallyUnavailable",
    "LocalRequest",
    "Model",
    "ModelUnavailable",
    "Money",
    "Multipart",
    "NetworkError",
    "Next",
    "NotFound",
    "OutcomeUnknown",
    "Output",
    "OutputError",
    "Part",
    "PermissionDenied",
    "PluginError",
    "Problem",
    "ProviderError",
    "ProviderUnavailable",
    "QuotaExhausted",
    "Quote",
    "RateLimited",
    "Raw",
    "Reference",
    "ResultImage",
    "SyncClient",
    "UnexpectedResponse",
    "UnknownProvider",
    "UsageError",
    "ValidationError",
    "Wait",
    "__version__",
    "edit",
    "hookimpl",
    "register",
]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'imgedit' has no attribute {name!r}")
    value = getattr(import_module(f".{_WHERE[name]}", __name__), name)
    setattr(sys.modules[__name__], name, value)
    return value


def __dir__() -> list[str]:
    return __all__
