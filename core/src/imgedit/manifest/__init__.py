"""The manifest, `provider.json`: what a vendor takes, what it costs, what its errors mean.

Everything here works on data alone: no file but the manifest and the schemas is read, no plugin
is imported. Names are imported on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .audit import validate_manifest
    from .auth import auth_headers, key_names
    from .balance import read_balance
    from .changes import Change, changes
    from .documents import document
    from .errors import classify, is_error
    from .fault import ManifestError
    from .limits import Checked, check
    from .poll import poll_seconds
    from .prices import quote
    from .read import Manifest, Picked, Rate, read_manifest, with_live_rows
    from .render import model_row, problem_row, quote_row, retired_rows
    from .wire import to_wire

_WHERE = {
    "Change": "changes",
    "Checked": "limits",
    "Manifest": "read",
    "ManifestError": "fault",
    "Picked": "read",
    "Rate": "read",
    "auth_headers": "auth",
    "changes": "changes",
    "check": "limits",
    "classify": "errors",
    "document": "documents",
    "is_error": "errors",
    "key_names": "auth",
    "model_row": "render",
    "poll_seconds": "poll",
    "problem_row": "render",
    "quote": "prices",
    "quote_row": "render",
    "read_balance": "balance",
    "read_manifest": "read",
    "retired_rows": "render",
    "to_wire": "wire",
    "validate_manifest": "audit",
    "with_live_rows": "read",
}

__all__ = [
    "Change",
    "Checked",
    "Manifest",
    "ManifestError",
    "Picked",
    "Rate",
    "auth_headers",
    "changes",
    "check",
    "classify",
    "document",
    "is_error",
    "key_names",
    "model_row",
    "poll_seconds",
    "problem_row",
    "quote",
    "quote_row",
    "read_balance",
    "read_manifest",
    "retired_rows",
    "to_wire",
    "validate_manifest",
    "with_live_rows",
]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_WHERE[name]}", __name__), name)
    globals()[name] = value
    return value
