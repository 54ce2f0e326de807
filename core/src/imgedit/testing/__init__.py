"""What helps to test a plugin, or an app that uses imgedit; the library itself imports none of it.

For plugin authors (needs `imgedit-core[testing]`): `ProviderTests`, the proof that a provider is
right; `ScriptedServer`, a vendor on loopback, and `FaultServer`, one that misbehaves on demand;
`Sandbox`, for whole edits there, by the library and by the command line. `check_provider` is the
proof without pytest. For apps: `fake`, a provider that answers at once, `no_spending` and
`instant_waits`.

Names are imported on first use.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .check import CheckRow, check_provider
    from .fakes import Fake, fake
    from .faults import FAULTS, FaultServer
    from .kit.answers import PICTURE, ErrorAnswer
    from .kit.suite import ProviderTests
    from .pictures import png
    from .sandbox import Ran, Sandbox
    from .server import Answer, Received, ScriptedServer
    from .spending import no_spending
    from .waits import instant_waits

__all__ = [
    "FAULTS",
    "PICTURE",
    "Answer",
    "CheckRow",
    "ErrorAnswer",
    "Fake",
    "FaultServer",
    "ProviderTests",
    "Ran",
    "Received",
    "Sandbox",
    "ScriptedServer",
    "check_provider",
    "fake",
    "instant_waits",
    "no_spending",
    "png",
]

_WHERE = {
    "FAULTS": "faults",
    "PICTURE": "kit.answers",
    "Answer": "server",
    "CheckRow": "check",
    "ErrorAnswer": "kit.answers",
    "Fake": "fakes",
    "FaultServer": "faults",
    "ProviderTests": "kit.suite",
    "Ran": "sandbox",
    "Received": "server",
    "Sandbox": "sandbox",
    "ScriptedServer": "server",
    "check_provider": "check",
    "fake": "fakes",
    "instant_waits": "waits",
    "no_spending": "spending",
    "png": "pictures",
}

if (_pytest := sys.modules.get("pytest")) is not None:
    # Before the modules are imported, or a failed assert says nothing of its values.
    _pytest.register_assert_rewrite(f"{__name__}.kit")


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_WHERE[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
